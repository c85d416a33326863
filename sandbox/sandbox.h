/*
 * The sandbox for programs that embed it. Link with `pkg-config --libs
 * holdfast-sandbox`; the program holdfast-sandbox must be installed too,
 * because the library starts it: a small static program starts faster than a
 * big one can fork, whatever the caller's size.
 *
 *     struct error err;
 *     struct sandbox_policy *policy = sandbox_policy_new(&err);
 *     const char *argv[] = {"make", "test", NULL};
 *     struct sandbox_command command = {.argv = argv, .descriptors = {0, 1, 2}};
 *     struct sandbox_child child;
 *     int status;
 *
 *     sandbox_policy_set(policy, "workspace", "/home/u/project", &err);
 *     if (sandbox_spawn(policy, &command, &child, &err) < 0 ||
 *         sandbox_wait(&child, &status, &err) < 0)
 *         error_print(stderr, "agent", &err);
 *
 * Errors: -1 or NULL, and *err is full. Threads: a policy may be read by many
 * threads once it is complete; a session belongs to one thread at a time.
 * Signals and stdio are left alone.
 *
 * On Windows descriptors are those of the C run-time (_open_osfhandle makes
 * one of a handle), not opened for overlapped use. Tried under Wine only.
 */
#ifndef HOLDFAST_SANDBOX_SANDBOX_H
#define HOLDFAST_SANDBOX_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* Exit status of `holdfast-sandbox run`, beside the command's own and 128+n for signal n. */
enum sandbox_exit {
    SANDBOX_EXIT_TIMEOUT = 124,        /* the time was up */
    SANDBOX_EXIT_REFUSED = 125,        /* the sandbox could not be set up; nothing ran */
    SANDBOX_EXIT_NOT_EXECUTABLE = 126, /* the command is there but cannot be executed */
    SANDBOX_EXIT_NOT_FOUND = 127       /* the command is not there */
};

/* Where the program is, if not beside the calling program nor in PATH. The string is borrowed for
 * good. Not to be called while another thread spawns. */
void sandbox_set_launcher(const char *path);

/* --- policies ------------------------------------------------------------------------------- */

struct sandbox_policy;

/* The defaults. The caller frees. */
struct sandbox_policy *sandbox_policy_new(struct error *err);

/* The JSON form (holdfast-sandbox(1)). The caller frees. */
struct sandbox_policy *sandbox_policy_read(const char *json, size_t size, struct error *err);

void sandbox_policy_free(struct sandbox_policy *policy);

/* Sets or, for lists, adds: "workspace", "writable", "protect", "deny_read", "network", "tmp", "env"
 * ("NAME" or "NAME=VALUE"), "git" ("read" or "commit"), "timeout_s", "processes", "memory_bytes", "mode". Paths are absolute. */
int sandbox_policy_set(struct sandbox_policy *policy, const char *key, const char *value,
                       struct error *err);

/* --- one command ----------------------------------------------------------------------------- */

struct sandbox_command {
    const char *const *argv; /* NULL-terminated; argv[0] is looked up inside */
    const char *cwd;         /* absolute; NULL: the workspace */
    int descriptors[3];      /* what becomes 0, 1, 2; borrowed; -1: closed (on Windows: nothing to
                              * read, and writing fails) */
    /* Linux only: descriptors[0] is a terminal of no other session (openpty(3)): it becomes the
     * command's controlling one, so that keys make signals and TIOCSWINSZ on its master makes
     * SIGWINCH */
    bool has_terminal;
};

struct sandbox_spare;

struct sandbox_child {
    pid_t
        pid; /* of the launcher: kill(pid, SIGTERM) reaches the command, SIGKILL ends everything. On
              * Windows its handle, as _spawnv gives it: TerminateProcess ends everything */
    int report;                  /* for sandbox_wait */
    struct sandbox_spare *spare; /* for sandbox_wait; NULL: it was not set up ahead */
};

/* Starts the command in a sandbox of its own. *child is valid until sandbox_wait. */
int sandbox_spawn(const struct sandbox_policy *policy, const struct sandbox_command *command,
                  struct sandbox_child *child, struct error *err);

/* Waits. *status as `run` would exit. -1: the sandbox could not be set up or the command not be
 * executed, with the launcher's own words; *status is 125, 126 or 127 then. */
int sandbox_wait(struct sandbox_child *child, int *status, struct error *err);

/* Keeps so many sandboxes of the policy set up ahead, in processes that wait; 0: none, as at first.
 * sandbox_spawn then takes one, starts the next one in the background, and takes little longer than
 * posix_spawn. Each still holds one command and ends with it. One is taken only if the world is as it
 * was when it was set up: the mount table, the caller's user and groups, and which files the policy's
 * roots, protected and hidden names are; otherwise, and for a command that a session would refuse, sandbox_spawn starts from
 * scratch. What a process leaves to its children (umask, limits of resources, control group) is as at
 * the time of the set-up. The policy must outlive its children. linux-namespace only: with another mode
 * every sandbox_spawn starts from scratch. */
int sandbox_keep_ready(struct sandbox_policy *policy, unsigned count, struct error *err);

/* --- many commands in one sandbox -------------------------------------------------------------- */

struct sandbox_session;

/*
 * Sets the sandbox up once. What a command leaves in the private /tmp (Windows: TEMP) is there for the
 * next one; processes are not: each command's are killed when it ends. Modes: linux-namespace, both of
 * Windows. windows-elevated logs on, and tries whether the network is cut off, once per session.
 *
 * Ends with the program that opened it, however that ends.
 */
struct sandbox_session *sandbox_session_open(const struct sandbox_policy *policy,
                                             struct error *err);

/* Starts a command; one at a time. Arguments and environment together: at most 160 KB. Refused, use a
 * pipe: on Linux descriptors that are files open for reading only, on Windows consoles.
 * windows-elevated reads ahead of the command what is there to be read. */
int sandbox_session_spawn(struct sandbox_session *session, const struct sandbox_command *command,
                          struct error *err);

/* Waits for it; as sandbox_wait. When the session itself is gone every further call says so. */
int sandbox_session_wait(struct sandbox_session *session, int *status, struct error *err);

/* A descriptor that becomes readable when sandbox_session_wait would not block. Borrowed. On Windows the
 * handle of an event, as a number: WaitForSingleObject((HANDLE)(intptr_t)number, ...). */
int sandbox_session_descriptor(const struct sandbox_session *session);

/* Ends whatever runs, and frees. NULL is fine. */
void sandbox_session_close(struct sandbox_session *session);

#endif
