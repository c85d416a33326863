/*
 * The supervisor: answers, inside the sandbox, the few system calls that a
 * seccomp filter cannot judge because their meaning is in memory.
 *
 *   names    calls that create a directory entry. It resolves the path itself,
 *            refuses the protected names, and makes the entry on the descriptor
 *            it resolved. So a `.git` that does not exist yet cannot come into
 *            being, and nothing is made on the host to prevent it.
 *   sockets  connect(2) and bind(2). It connects the caller's own socket, and
 *            only to unix sockets that were bound inside; abstract ones get a
 *            name that nobody outside asks for.
 *
 * It never lets a call continue whose meaning the caller could still change;
 * it continues umask(2), whose argument is in a register, and calls about which
 * there is nothing to judge.
 *
 *     launcher                               outside
 *        `- pid 1: supervisor_serve()        inside, not dumpable, keeps only CAP_SYS_PTRACE
 *             |- command                     filter with listener, no capability
 *             `- orphans                     reaped here
 *
 * What it needs from the launcher is listed at supervisor_serve(). What it
 * deliberately does not do: confine anything by itself (mounts, Landlock and
 * the filter do that) and know what a policy is.
 *
 * It runs in a process that may share its memory, its thread pointer and with
 * it errno with the launcher (CLONE_VM). So it never allocates with malloc,
 * makes system calls without touching errno, and starts its threads with
 * clone(2). No thread, allocation or wake-up happens before the first
 * notification.
 */
#ifndef HOLDFAST_SANDBOX_LINUX_SUPERVISOR_H
#define HOLDFAST_SANDBOX_LINUX_SUPERVISOR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "sandbox/run.h"

enum supervisor_guard {
    SUPERVISOR_NAMES = 1,
    SUPERVISOR_SOCKETS = 2,
    SUPERVISOR_GITS = 4,
    SUPERVISOR_FORKS = 8,
};

/*
 * One row for each call that the filter must hand over (SECCOMP_RET_USER_NOTIF)
 * when one of `guards` is wanted, and, if mask is not 0, only when
 * (args[argument] & mask) != 0. Rows exist only for calls this architecture has.
 * openat2(2) gets ENOSYS, from the supervisor or from the filter itself: its flags
 * are in memory, and an O_PATH descriptor, which is what it is mostly used for,
 * cannot be handed over (SECCOMP_IOCTL_NOTIF_ADDFD says EBADF). Its users fall back
 * as on Linux before 5.6.
 * The chmod family is handed over only as a barrier and always continues: a file
 * that was just created is still open here for a moment, and execve would find it
 * busy (ETXTBSY). Modes that the filter refuses it should refuse before.
 */
struct supervisor_call {
    const char *name;
    int number;
    unsigned guards; /* enum supervisor_guard */
    int argument;
    unsigned mask;
};

extern const struct supervisor_call supervisor_calls[];
extern const size_t supervisor_call_count;

/*
 * ioctl(2) commands (args[1]) that create a directory entry without any of the
 * calls above. While SUPERVISOR_NAMES is on the filter must refuse (EPERM) each
 * one with (args[1] & mask) == command; only the low 32 bits of args[1] count.
 */
struct supervisor_ioctl {
    const char *name;
    unsigned mask;
    unsigned command;
};

extern const struct supervisor_ioctl supervisor_denied_ioctls[];
extern const size_t supervisor_denied_ioctl_count;

/*
 * A git directory that the command sees read-only. What commits need (objects, refs, logs, index, HEAD
 * and the files of a merge) is made, renamed and removed in it through `writable`, and only that:
 * supervisor_git.c has the list. Both are borrowed.
 */
struct supervisor_git {
    const char *path; /* as /proc/self/fd shows it */
    int writable;     /* its mount, writable, where the command cannot reach it */
    size_t hash_size; /* 20 or 32 */
    bool is_shared;   /* of other worktrees, too: HEAD, index and their like are not granted */
};

/* The memory that a supervisor maps and does not give back: threads may use it to their end. */
enum {
    SUPERVISOR_MAPS_MAX = 65
};
struct supervisor_maps {
    size_t count;
    struct {
        void *at;
        size_t size;
    } maps[SUPERVISOR_MAPS_MAX];
};

struct supervisor_config {
    int listener; /* from SECCOMP_FILTER_FLAG_NEW_LISTENER; borrowed */

    /* Writable roots: descriptors (O_PATH is enough) opened after the mounts are in place, through
     * the mounts the command sees. Borrowed. */
    const int *root_fds;
    size_t root_count;

    /* ".git"       that name at the top of every root
     * "**" "/.git" (one string) that name in any directory below any root
     * "a/b/.git"   that path from the top of every root
     * Compared without case, and without what file systems ignore in names. Borrowed. */
    const char *const *names;
    size_t name_count;

    const struct supervisor_git *gits; /* the filter hands over the rows of SUPERVISOR_GITS, too */
    size_t git_count;

    unsigned long
        process_limit; /* processes and threads at once; the filter hands over SUPERVISOR_FORKS */

    struct run_refusals *refusals; /* what is refused is noted here; NULL: nowhere */

    bool guards_names;   /* the filter hands over the rows of SUPERVISOR_NAMES */
    bool guards_sockets; /* the filter hands over the rows of SUPERVISOR_SOCKETS */
    bool
        hides_abstract; /* the network namespace is the machine's: with guards_sockets abstract names
                          * are bound under others, or the machine's programs would find ours there */
    mode_t umask;       /* the command's at its start */

    /* Filled for a caller whose memory outlives it (supervisor_unmap); NULL: nobody's does. Borrowed. */
    struct supervisor_maps *maps;
};

/*
 * Serves the listener until `command`, a child of the caller, has ended; reaps
 * every other child on the way; stores the wait status. -1 and a full *err when
 * it cannot go on: the caller must then end at once, which ends the sandbox.
 *
 * After it returns threads may still sit in calls made for processes that are
 * gone: the calling process must do nothing but _exit().
 *
 * The launcher must see to it that
 *   - the filter was installed with SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (5.19;
 *     without it a call that a signal interrupts can happen twice), and refused
 *     where the kernel has no such flag;
 *   - the caller has only the listener, the roots and standard input, output and
 *     error open, its own descriptor table and working directory "/", is not
 *     dumpable, and is in the same Landlock domain, mounts and network namespace
 *     as the command;
 *   - it keeps CAP_SYS_PTRACE, permitted and effective, in the sandbox's own user
 *     namespace (programs such as ssh-agent are not dumpable: nothing could be
 *     read from them without it), and no other capability;
 *   - /proc is mounted and shows the caller's pid namespace;
 *   - AF_UNIX datagram and raw sockets are refused by the filter, in socket(2) and
 *     socketpair(2), when guards_sockets: they name a target in every message;
 *   - userfaultfd(2) is refused: memory that faults on demand would stall a reader;
 *   - core files are off (RLIMIT_CORE 0): the kernel would name them by itself.
 * Signals: blocked ones stay blocked; handlers of the caller run while it waits.
 * SIGCHLD and signal 64 get handlers of its own. Stack: 64 KiB are enough.
 */
int supervisor_serve(const struct supervisor_config *config, pid_t command, int *wait_status,
                     struct error *err);

/* Did a child of ours only stop, because it asked to be traced? Then it goes on, traced by nobody. */
bool supervisor_let_go(pid_t pid, int wait_status);

/* Gives the memory back, once the process that served has ended with all its threads. */
void supervisor_unmap(struct supervisor_maps *maps);

#endif
