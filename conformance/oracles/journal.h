/*
 * A second witness beside the snapshots (snapshot.h): inotify(7) tells what
 * happened to the canaries as it happened, so that a change which was taken
 * back shows even where somebody could set the clock, and with it ctime.
 *
 * One journal serves all runs of a harness, because inotify instances are
 * counted for the user. Where it cannot be opened or watch, it is silent: the
 * snapshots decide without it. Names in it are hostile text.
 */
#ifndef HOLDFAST_CONFORMANCE_ORACLES_JOURNAL_H
#define HOLDFAST_CONFORMANCE_ORACLES_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

struct journal_watch {
    int wd;            /* -1: free */
    const void *owner; /* whose it is: any pointer that tells runs apart */
    char label[64];    /* the directory's name in the results */
    char text[160];    /* what happened, the first few */
    size_t events;
};

struct journal {
    int fd; /* -1: there is none */
    struct journal_watch *watches;
    size_t count;
};

#define JOURNAL_NONE ((struct journal){.fd = -1})

void journal_open(struct journal *journal);
void journal_close(struct journal *journal);

/* From now on what happens to a directory and to the names in it is kept for the owner. */
void journal_watch(struct journal *journal, const void *owner, const char *path, const char *label);

/* Takes what has happened since; the number of events of this owner, and the first few as one line. */
size_t journal_read(struct journal *journal, const void *owner, char *text, size_t text_size);

/* Forgets what happened, so far; the watches stay. */
void journal_reset(struct journal *journal, const void *owner);

/* Ends the owner's watches. */
void journal_forget(struct journal *journal, const void *owner);

#endif
