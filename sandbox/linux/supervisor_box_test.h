/*
 * A small sandbox for the supervisor's tests: namespaces as the product has
 * them, a filter made from supervisor_calls, and a C function as the command.
 *
 *     test process -> outer (waits) -> pid 1: supervisor_serve() -> command: body()
 *
 * No mount is made read-only: what these tests show is the supervisor's doing.
 */
#ifndef HOLDFAST_SANDBOX_LINUX_SUPERVISOR_BOX_TEST_H
#define HOLDFAST_SANDBOX_LINUX_SUPERVISOR_BOX_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/linux/supervisor.h"

struct box {
    char root[64];  /* the writable root, made by box_open; the body starts in it */
    char other[64]; /* another directory, not a root */
    const char *const *names;
    size_t name_count;
    bool guards_sockets;
    bool is_bare;                    /* no supervisor at all: what the plain kernel does */
    bool waits_interruptibly;        /* the filter without WAIT_KILLABLE_RECV */
    bool has_no_privilege;           /* pid 1 without CAP_SYS_PTRACE */
    unsigned seconds;                /* the whole run; 0: 30 */
    int (*outside)(struct box *box); /* runs beside it, outside; ends it by returning */
    struct box_shared *shared;
};

/* Memory that the test, the command and whatever it starts have in common. */
struct box_shared {
    char text[16384]; /* first failure, or a transcript to compare */
    size_t used;
    _Atomic int word[8];
};

/* Made fresh: names .git .codex .agents, guards names. Skips the test, with the reason, where the
 * kernel lacks something that the box needs. */
void box_open(struct box *box);
/* Runs body as the command: its wait status, or -1 and shared->text when there was no run. */
int box_run(struct box *box, int (*body)(struct box *box));
void box_close(struct box *box);

/* In a body: false and a line in shared->text unless ok. */
bool box_check(struct box *box, bool ok, const char *what, int line);
void box_log(struct box *box, const char *format, ...) HOLDFAST_PRINTF(2, 3);

bool box_has(const char *path); /* does not follow a link */
void box_sleep_ms(long ms);
/* Waits up to ten seconds, as long as a loaded machine may need, for *word >= value. */
bool box_becomes(_Atomic int *word, int value);
/* A race is run for half a second, and on a loaded machine until enough has come of it. */
bool box_goes_on(uint64_t start_ns, bool is_enough);

#define MUST(condition)                                         \
    do {                                                        \
        if (!box_check(box, (condition), #condition, __LINE__)) \
            return 1;                                           \
    } while (0)

/* The call fails with this errno. */
#define MUST_FAIL(call, wanted)                                                                  \
    do {                                                                                         \
        errno = 0;                                                                               \
        if (!box_check(box, (call) < 0 && errno == (wanted), #call " gives " #wanted, __LINE__)) \
            return 1;                                                                            \
    } while (0)

/* Runs body in a fresh box and demands that it returns 0. */
#define BOX_TEST(box, body)                                                     \
    do {                                                                        \
        int status_ = box_run((box), (body));                                   \
        cr_assert(status_ == 0, "status %d: %s", status_, (box)->shared->text); \
    } while (0)

#endif
