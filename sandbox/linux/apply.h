/* Carrying out plans on Linux: the parts, and the two runs made of them. */
#ifndef HOLDFAST_SANDBOX_LINUX_APPLY_H
#define HOLDFAST_SANDBOX_LINUX_APPLY_H

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/error.h"
#include "sandbox/plan.h"
#include "sandbox/run.h"

/* --- mounts_apply.c ------------------------------------------------------------------------ */

/* Carries out the mount steps in the caller's own mount namespace, and, if the plan closes
 * descriptors at all, every descriptor from 3 on in the end. file_limit receives the limit of
 * open files if it had to be raised for the time being (rlim_max 0: it was not). */
int mounts_apply(const struct plan *plan, struct rlimit *file_limit, struct error *err);

/* How many mounts are kept open, as the descriptors from 3 on, for the supervisor: one for each step
 * git-commit, in their order. */
size_t mounts_kept(const struct plan *plan);

/* Do they make directories? Then the caller must have an id in its user namespace first. 1: yes,
 * 0: no, -1: out of memory. */
int mounts_need_ids(const struct plan *plan, struct error *err);

/* Standard input, output and error that are files open for reading only are opened anew through a
 * read-only mount: their owner could change their mode through the one they came by. */
int mounts_reopen_stdio(struct error *err);

/* --- landlock_apply.c ---------------------------------------------------------------------- */

/* A descriptor of the plan's ruleset; -2: the plan has none; -1: failed. */
int landlock_ruleset(const struct plan *plan, struct error *err);

int landlock_enter(int ruleset, struct error *err);

/* --- launch.c: the launcher's side ----------------------------------------------------------- */

/* Checks that descriptors 0..2 cannot carry more than was meant, and fills holes among them. */
int launch_check_stdio(const struct plan *plan, struct error *err);

/* Memory for the stacks of processes that share ours; never given back. NULL: ERR_MEMORY. */
char *launch_stack(size_t size, struct error *err);

/* Before another process runs on a stack: in a build with AddressSanitizer, what the last one, which
 * never returned, has marked there is forgotten. */
void launch_stack_again(char *stack, size_t size);

/* Blocks the signals that will be forwarded; *before receives the mask as it was. */
int launch_block_signals(sigset_t *before, struct error *err);

/* Who gets forwarded signals: the init of a pid namespace, or the command. Also starts the clock. */
struct launch_target {
    pid_t pid;
    bool is_group; /* signals of the terminal go to its process group */
    unsigned timeout_s;
};

/* Waits for the target while forwarding signals to it. Kills it when its time is up. */
int launch_wait(const struct launch_target *target, int *wait_status, struct rusage *usage,
                bool *has_timed_out, struct error *err);

/* In init: passes signals that arrive on to the command, from now on. */
int launch_relay_signals(pid_t command, struct error *err);

/* In the init of a session: the same, to the command named last; 0: to nobody. What arrives when client,
 * the socket, has a request that is not read yet is kept for its command. The signals stay blocked: who
 * waits does so with the mask let_through. A process that is made meanwhile must take the defaults. */
int launch_relay_for(int client, sigset_t *let_through, struct error *err);
void launch_relay_to(pid_t command);
int launch_default_signals(struct error *err);

/* The shell's way of saying how a process ended. */
void launch_describe(int wait_status, const struct rusage *usage, struct run_outcome *outcome);

/* --- the runs -------------------------------------------------------------------------------- */

int namespace_run(const struct plan *plan, const struct run_request *request,
                  struct run_outcome *outcome, struct error *err);
int landlock_run(const struct plan *plan, const struct run_request *request,
                 struct run_outcome *outcome, struct error *err);

/* 0: works on this machine; -1: why not, with a hint. They try it in a child of their own. */
int namespace_probe(struct error *err);
int landlock_probe(struct error *err);

#endif
