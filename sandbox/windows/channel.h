/*
 * One end of the pipe between broker and runner, as frames (nt/frame.h). One
 * thread reads; any thread sends.
 */
#ifndef HOLDFAST_WINDOWS_CHANNEL_H
#define HOLDFAST_WINDOWS_CHANNEL_H

#include "sandbox/nt/frame.h"
#include "sandbox/windows/win.h"

struct win_channel {
    HANDLE pipe; /* opened with FILE_FLAG_OVERLAPPED */
    HANDLE read_event, write_event;
    OVERLAPPED reading;
    bool is_reading;          /* an operation on `bytes` is under way */
    CRITICAL_SECTION state;   /* guards reader */
    CRITICAL_SECTION sending; /* held for a whole frame */
    struct nt_frame_reader reader;
    struct buffer payload; /* of the frame that was handed out last */
    uint8_t bytes[16 << 10];
};

/* Takes the pipe, also on failure. */
int win_channel_init(struct win_channel *channel, HANDLE pipe, enum nt_side side,
                     struct error *err);
void win_channel_done(struct win_channel *channel);

enum win_came {
    WIN_CAME_FRAME,
    WIN_CAME_TIME, /* timeout_ms are over */
    WIN_CAME_ELSE, /* `other` is signalled */
};

/* Waits for the next frame. Its payload is valid until the next call. other may be NULL.
 * -1: the pipe is broken (ERR_INTERRUPTED) or the other side broke the rules (ERR_PROTOCOL). */
int win_channel_next(struct win_channel *channel, DWORD timeout_ms, HANDLE other,
                     enum win_came *came, struct nt_frame *frame, struct error *err);

/* Starts reading, if that is not so yet. *event is set when something comes, or the pipe breaks; it is
 * to be waited for only, and valid until the next call of win_channel_next. */
int win_channel_watch(struct win_channel *channel, HANDLE *event, struct error *err);

/* After ERR_TIMEOUT half a frame may be on its way: nothing more can be said. */
int win_channel_send_within(struct win_channel *channel, DWORD wait_ms, enum nt_frame_type type,
                            const void *payload, size_t size, struct error *err);
int win_channel_send(struct win_channel *channel, enum nt_frame_type type, const void *payload,
                     size_t size, struct error *err);
int win_channel_send_number(struct win_channel *channel, enum nt_frame_type type, uint32_t value,
                            struct error *err);

#endif
