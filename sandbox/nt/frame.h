/*
 * What our programs say to each other over pipes. The broker (the user's
 * holdfast-sandbox.exe) and the runner (in the sandbox's account):
 *
 *   frame   = length of the rest (u32), type (u8), payload
 *
 *   broker                          runner
 *     <- HELLO version, nonce          first, or nothing at all
 *     SPAWN  ->                        once per command
 *     <- READY pid | ERROR
 *     INPUT, INPUT_END, RESIZE, STOP -> while it runs
 *     <- OUTPUT, ERROR_OUTPUT          while it runs
 *     <- EXIT status, what it used      the command is over, its output all sent
 *     SPAWN  -> ... or QUIT ->         the next command of the session, or the end
 *
 * What the broker sends while a command runs may cross its EXIT: the runner ignores it then.
 *
 * And the library (in the program that embeds it) and the launcher that serves its session, which is
 * the broker of the above, or starts the commands itself (windows-unelevated):
 *
 *   library                         launcher
 *     <- OPENED version, mode | REFUSED   the sandbox is set up, or it is not
 *     COMMAND ->                       one at a time, as nt/request.h
 *     <- ENDED status, error           nothing of it is left
 *     COMMAND -> ...                   the end of the pipe is the end of the session
 *
 * The runner runs beside hostile code in one account. The broker therefore refuses every frame that
 * is too long, of a type that the runner may not send, or out of turn, and ends the session. The
 * others are refused by the same rules, because there is no reason not to.
 */
#ifndef HOLDFAST_SANDBOX_NT_FRAME_H
#define HOLDFAST_SANDBOX_NT_FRAME_H

#include <stdint.h>

#include "base/buffer.h"

enum {
    NT_PROTOCOL_VERSION = 2,
    NT_FRAME_PAYLOAD_MAX = 256 << 10, /* output and input travel in pieces */
    NT_SPAWN_PAYLOAD_MAX = 4 << 20,
    NT_SESSION_VERSION = 1,
    NT_REQUEST_PAYLOAD_MAX = 160 << 10,
    NT_REPORT_MAX = 2048, /* an error, with its message and hint */
    NT_NONCE_SIZE = 32,
    NT_EXIT_SIZE = 28, /* status (u32); user and system time in us, memory (u64 each) */
};

enum nt_frame_type {
    /* from the runner */
    NT_FRAME_HELLO = 1,
    NT_FRAME_READY = 2,
    NT_FRAME_OUTPUT = 3,
    NT_FRAME_ERROR_OUTPUT = 4,
    NT_FRAME_EXIT = 5,
    NT_FRAME_ERROR = 6, /* a struct error: code, os_code, message, hint */
    /* from the broker */
    NT_FRAME_SPAWN = 16,
    NT_FRAME_INPUT = 17,
    NT_FRAME_INPUT_END = 18,
    NT_FRAME_RESIZE = 19, /* columns, rows */
    NT_FRAME_STOP = 20,   /* end the command: 0 kindly (Ctrl+Break), 1 at once */
    NT_FRAME_QUIT = 21,
    /* from the launcher */
    NT_FRAME_OPENED = 32,
    NT_FRAME_REFUSED = 33, /* a struct error */
    NT_FRAME_ENDED = 34,
    /* from the library */
    NT_FRAME_COMMAND = 48,
};

struct nt_frame {
    enum nt_frame_type type;
    const uint8_t *payload; /* valid until the next call on the reader */
    size_t size;
};

/* Appends a frame. Payloads that are too long are a bug of the caller: asserted. */
void nt_frame_put(struct buffer *out, enum nt_frame_type type, const void *payload, size_t size);

enum nt_side {
    NT_SIDE_BROKER,   /* reads what a runner sends */
    NT_SIDE_RUNNER,   /* reads what a broker sends */
    NT_SIDE_LIBRARY,  /* reads what a launcher sends */
    NT_SIDE_LAUNCHER, /* reads what the library sends */

    NT_SIDE_COUNT
};

enum nt_conversation {
    NT_TALK_NEW,     /* nothing was said: only HELLO may come */
    NT_TALK_IDLE,    /* no command: SPAWN or QUIT may come from the broker */
    NT_TALK_ASKED,   /* SPAWN was sent, READY or ERROR is due */
    NT_TALK_RUNNING, /* READY was sent */
    NT_TALK_OVER,    /* QUIT was sent, or the other side broke the rules */
};

struct nt_frame_reader {
    enum nt_side side;
    enum nt_conversation state;
    struct buffer pending; /* bytes that are not yet a whole frame */
    size_t consumed;       /* of pending, by the frame that was handed out last */
};

void nt_frame_reader_init(struct nt_frame_reader *reader, enum nt_side side);
void nt_frame_reader_done(struct nt_frame_reader *reader);

/* Bytes as they came from the pipe, in pieces of any size. */
int nt_frame_feed(struct nt_frame_reader *reader, const void *bytes, size_t size,
                  struct error *err);

/* 1: *frame is the next one, and the state has moved on; 0: more bytes are needed; -1: ERR_PROTOCOL,
 * and every later call fails too. */
int nt_frame_next(struct nt_frame_reader *reader, struct nt_frame *frame, struct error *err);

/* The state moves on for a frame that this side itself sends. -1: it may not be sent now, and nothing
 * has changed. */
int nt_frame_sent(struct nt_frame_reader *reader, enum nt_frame_type type, struct error *err);

#endif
