/* Inside linux-namespace only: what launcher, init and the session server share. */
#ifndef HOLDFAST_SANDBOX_LINUX_NAMESPACE_BOX_H
#define HOLDFAST_SANDBOX_LINUX_NAMESPACE_BOX_H

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "sandbox/linux/confine.h"
#include "sandbox/linux/supervisor.h"
#include "sandbox/plan.h"
#include "sandbox/run.h"

enum ids {
    IDS_PENDING,
    IDS_MAPPED,
    IDS_FAILED
};
enum gate {
    GATE_CLOSED,
    GATE_OPEN
};
enum stage {
    STAGE_SETUP,
    STAGE_FAILED,
    STAGE_EXEC_FAILED,
    STAGE_RUNNING,
    STAGE_ENDED
};

/* One run's world, in memory that launcher, init and command share. */
struct box {
    volatile int alive;    /* the kernel writes 0 here when the launcher is gone */
    volatile uint32_t ids; /* enum ids, from the launcher: a futex */
    const struct plan *plan;
    const struct run_request *request;
    mode_t umask;
    char *stacks; /* the command's below init's */
    struct confinement confinement;
    volatile uint32_t gate; /* enum gate, of a command's process that was prepared: a futex */
    volatile int command_is_inside; /* the kernel writes 0 here when it has executed, or died */
    /* the supervisor's */
    int *roots;
    const char **names;
    struct supervisor_git *gits;
    struct supervisor_maps *maps; /* of a session; else NULL */
    /* what init tells the launcher */
    volatile enum stage stage;
    volatile int wait_status;
    struct error error;
    struct error ids_error; /* the launcher's own */
};

/* CAP_SYS_PTRACE: programs that are not dumpable could not be supervised without it. */
#define BOX_SUPERVISOR_CAPABILITIES ((uint64_t)1 << 19)

/* The command's stack, for another command: launch_stack_again. */
void box_stack_again(const struct box *box);

/* Starts the request's command as a child of the caller. */
pid_t box_start_command(struct box *box, struct error *err);

/* The same in two parts. The first makes the process and all of its confinement that does not depend
 * on a request; it shares init's descriptors. The second sets it off, with the working directory of
 * the request, and waits until it executes: 0, 1, 2 are init's own again then. -1: *err. */
pid_t box_prepare_command(struct box *box, struct error *err);
int box_release_command(struct box *box, const struct run_request *request, struct error *err);

/* Waits for the command, supervising it if the plan says so, with no other capability and no
 * descriptor of the command's left. */
int box_attend(struct box *box, pid_t command, int *wait_status, struct error *err);

int box_change_directory(const struct run_request *request, struct error *err);

/* session_serve.c: runs one command after the other for whoever holds the other end of standard
 * input, until that is closed. */
int session_serve(struct box *box, struct error *err);

#endif
