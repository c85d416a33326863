/* Bytes on their way into a pipe whose other end reads slowly, or not at all: kept here meanwhile, so
 * that the thread that takes frames never waits for it. */
#ifndef HOLDFAST_WINDOWS_FEED_H
#define HOLDFAST_WINDOWS_FEED_H

#include "base/buffer.h"
#include "sandbox/windows/win.h"

struct win_feed {
    HANDLE pipe; /* the writing end */
    HANDLE thread;
    HANDLE room; /* an event: set while little enough is kept */
    CRITICAL_SECTION lock;
    CONDITION_VARIABLE changed;
    struct buffer waiting;
    size_t most;
    bool has_ended; /* nothing more will be added */
    bool is_broken; /* nobody reads any more: what comes is dropped */
};

/* Takes the pipe, also on failure. most: how many bytes are kept before somebody has to wait. */
int win_feed_init(struct win_feed *feed, HANDLE pipe, size_t most, struct error *err);
/* Keeps the bytes. Waits only when far too many are kept already: who must not wait looks at `room`. */
void win_feed_add(struct win_feed *feed, const void *bytes, size_t size);
bool win_feed_is_full(struct win_feed *feed);
/* The reader sees the end when it has read everything; the thread is over then. */
void win_feed_end(struct win_feed *feed);
/* Drops what is kept, and calls off what is being written. */
void win_feed_give_up(struct win_feed *feed);
/* The reading end must be closed by then, or what is kept read, or given up. */
void win_feed_done(struct win_feed *feed);

#endif
