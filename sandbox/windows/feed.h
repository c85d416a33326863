/* Bytes on their way into a command that may read slowly, or not at all: kept here meanwhile, so that
 * the thread that takes frames never waits for it. */
#ifndef HOLDFAST_WINDOWS_FEED_H
#define HOLDFAST_WINDOWS_FEED_H

#include "base/buffer.h"
#include "sandbox/windows/win.h"

struct win_feed {
    HANDLE pipe; /* the writing end */
    HANDLE thread;
    CRITICAL_SECTION lock;
    CONDITION_VARIABLE changed;
    struct buffer waiting;
    bool has_ended; /* nothing more will be added */
    bool is_broken; /* the command has closed its end */
};

/* Takes the pipe, also on failure. */
int win_feed_init(struct win_feed *feed, HANDLE pipe, struct error *err);
/* Keeps the bytes. Waits only when far too many are kept already. */
void win_feed_add(struct win_feed *feed, const void *bytes, size_t size);
/* The command sees the end when it has read everything. */
void win_feed_end(struct win_feed *feed);
/* The reading end must be closed by then, or what is kept read. */
void win_feed_done(struct win_feed *feed);

#endif
