/*
 * Pretended services of the host, for rows whose act is to reach one: a socket
 * or FIFO that the row's prepare() opens outside, that observe() reads, and
 * that finish() closes. Runs outside the sandbox only.
 *
 * They answer nothing and need no event loop: the kernel queues what a client
 * sends until observe() looks. A message counts when it holds the nonce of this
 * run, so bytes of anybody else do not.
 */
#ifndef HOLDFAST_CONFORMANCE_PROBES_HOST_H
#define HOLDFAST_CONFORMANCE_PROBES_HOST_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "conformance/probe.h"

enum host_kind {
    HOST_LISTENER, /* accept, then read */
    HOST_STREAM,   /* read; also FIFOs and ptys */
    HOST_DATAGRAM  /* receive until empty */
};

/* Takes fd: host_observe() reads it, host_finish() closes it. label is a literal, used as evidence. */
int host_add(struct scene *scene, int fd, enum host_kind kind, const char *label,
             struct error *err);

/* A socket at path, connectable by everybody, with its missing parent directories. */
int host_listen_unix(struct scene *scene, int type, const char *path, const char *label,
                     struct error *err);
/* A socket at this IPv4 or IPv6 address; the port may be 0. */
int host_listen_inet(struct scene *scene, int type, int protocol, const struct sockaddr *address,
                     const char *label, struct error *err);
/* A FIFO at path with the reading end open. */
int host_open_fifo(struct scene *scene, const char *path, const char *label, struct error *err);

/* A file in the scene that belongs to the identity of the run. */
int host_plant(const struct scene *scene, const char *path, const char *text, mode_t mode,
               struct error *err);
int host_make_directory(const struct scene *scene, const char *path, mode_t mode,
                        struct error *err);

/* Runs a program (by its absolute path) in S/ws as the identity of the run, with S/home as its home
 * and without output, and waits for it: prepare() only, and only what takes milliseconds. */
int host_run(const struct scene *scene, const char *const argv[], struct error *err);

/* scene->inherit: takes fd. */
int host_inherit(struct scene *scene, int fd, struct error *err);
/* scene->env: NAME=VALUE. */
int host_set_env(struct scene *scene, const char *name, const char *value, struct error *err);

/* How long a helper keeps at it, far above the time limit of any row: one that gives up before the
 * command has started (a sandbox may take seconds) would leave an attempt that nobody answers. */
enum {
    HOST_LIFE_MS = 60000
};

/* A child of the harness that plays a person or program of the host while the run goes on. act() gets
 * the writing end of a pipe whose other end host_observe() reads like any stream; what it writes is
 * only searched for the nonce. Ends with host_finish() at the latest. act() runs after fork() in a
 * process that may have had threads: system calls only. */
int host_fork(struct scene *scene, void (*act)(const struct scene *scene, int to_harness),
              const char *label, struct error *err);

/* Called by act() first: from here on the helper is an ordinary process of the run's identity, which
 * others of that identity may signal and trace. Exits if it cannot. */
void host_become_identity(const struct scene *scene);
/* Called by act() when it has made what the attempt will look for; host_await() in prepare() waits
 * for that (at most ten seconds), so that the attempt never comes too early. */
void host_say_ready(int to_harness);
int host_await(struct scene *scene, struct error *err);
/* The pid of the last helper, in decimal, in S/ws/NAME, for attempts that need one. */
int host_tell_helper(struct scene *scene, const char *name, struct error *err);

/* Called by such a helper each time it has looked: an attempt that waits for ticks (await_ticks in
 * probes/tools.h) knows then that it was seen, however busy the machine is. */
void host_tick(const struct scene *scene);
/* The same for the last time: nobody need wait for another look. */
void host_tick_last(const struct scene *scene);

/* For the row: .observe = host_observe, .finish = host_finish. */
int host_observe(const struct scene *scene, struct observation *seen, struct error *err);
void host_finish(struct scene *scene);

#endif
