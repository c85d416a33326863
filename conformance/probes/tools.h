/*
 * What attempts need besides the helpers in conformance/probe.h. All of it
 * runs inside the sandbox, uses libc only, and reports 0 or an errno.
 */
#ifndef HOLDFAST_CONFORMANCE_PROBES_TOOLS_H
#define HOLDFAST_CONFORMANCE_PROBES_TOOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "conformance/probe.h"

/* Of an act that has several forms: 0 when one form went through, else the first errno, else
 * ATTEMPT_UNABLE. Start with ATTEMPT_UNABLE. */
int outcome_join(int so_far, int outcome);

/* errno of a call that returns -1 on failure; 0 otherwise. */
int outcome_of(long returned);

/* Called once by main: argv[0..count) is how this program was started. */
void tools_remember_self(char **argv, int count);

/* Runs this program again with the same facts and further arguments (attempt.argc, argv): waits
 * and returns its exit status, or -1. words ends with NULL. */
int run_self(const char *const words[]);
/* The same without waiting: the child's pid, or -1. */
pid_t spawn_self(const char *const words[]);

/* Runs a program without its output, with input from /dev/null; as run_program otherwise. */
int run_quiet(const char *const argv[]);
/* /bin/sh -c script, as run_quiet. */
int run_shell(const char *script);
/* Runs a program, leaks what it prints (at most 64 KiB); its exit status or -1. */
int run_and_leak(const struct attempt *a, const char *const argv[]);

/* Waits for a child: exit status as a shell says it, or -1. */
int wait_for(pid_t child);

/* Writes text over an open descriptor from its start. */
int write_at_start(int fd, const char *text);

/* errno of open(path, flags); what opened is closed. */
int try_open(const char *path, int flags);
/* ioctl whose request is unsigned long with every libc; 0 or errno. */
int try_ioctl(int fd, unsigned long request, const void *argument);
/* Creates or overwrites, as a shell's `>` does. */
int try_put(const char *path, const char *text);
/* mkdir -p of every missing directory above path. */
int make_parents(const char *path);
/* make_parents and try_put. */
int try_plant(const char *path, const char *text);

/* For things that the user of the host would run later (probes/trigger.h): a shell command that
 * leaves "NONCE WAY" in the marker. Static buffers, valid for the next 7 calls. */
const char *marker_command(const struct attempt *a, const char *way);
/* An executable script of that command at path; parents are made. */
int try_plant_program(const struct attempt *a, const char *path, const char *way);

/* A helper of the harness that plays the host says each time it has looked or acted, by a byte in
 * S/ws/ticks (host_tick in probes/host.h). To be sure that an act was seen, however slow the machine
 * is: note ticks_now(), act, and await TICKS_SEEN more, of which one may be of a look that was over
 * before the act and one of a look that had begun. 0, or ATTEMPT_UNABLE. */
#define TICKS_FILE "ticks"
enum {
    TICKS_SEEN = 3
};
long ticks_now(const struct attempt *a);
int await_ticks(const struct attempt *a, long since, unsigned count);

/* Calls act in a child that first enters a new user namespace (and with it the other namespaces of
 * flags), root there where the maps can be written. Returns what act returned, or the errno of
 * unshare. A child, so that the caller keeps its own view. */
int in_new_namespaces(int flags, int (*act)(const struct attempt *a), const struct attempt *a);

/* Calls act in a child and returns what it returned; ECHILD if a signal ended it. */
int in_child(int (*act)(const struct attempt *a), const struct attempt *a);

#endif
