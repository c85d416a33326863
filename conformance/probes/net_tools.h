/*
 * What attempts on sockets share. Inside the sandbox only, libc only; each
 * function reports 0 or an errno, and none of them decides anything.
 *
 * A message is the nonce of the run, a blank and the way it was sent, so that
 * the listener's log says which of several ways went through.
 */
#ifndef HOLDFAST_CONFORMANCE_PROBES_NET_TOOLS_H
#define HOLDFAST_CONFORMANCE_PROBES_NET_TOOLS_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "conformance/probe.h"
#include "conformance/probes/tools.h"

/* An address in 127.64.0.0/10 that only this run uses (all of 127/8 is local, so a listener of the
 * fixture and an attempt meet there on any port without asking each other, and two runs never
 * collide). In network byte order. */
struct in_addr address_of_run(const char *nonce);
/* A port in 20000..29999 that follows from the nonce. */
uint16_t port_of_run(const char *nonce);

struct sockaddr_in inet4(struct in_addr address, uint16_t port);
struct sockaddr_in loopback4(uint16_t port);
struct sockaddr_in6 loopback6(uint16_t port);
/* The size to pass to the kernel; 0 if the path does not fit. */
socklen_t unix_path(struct sockaddr_un *address, const char *path);
socklen_t unix_abstract(struct sockaddr_un *address, const char *name);

/* "NONCE way", in a static buffer. */
const char *message_of(const struct attempt *a, const char *way);

/* Makes a socket, connects it and sends the message. */
int say(const struct attempt *a, int family, int type, int protocol, const void *address,
        socklen_t size, const char *way);
/* The same on a descriptor that exists; closes it. */
int say_on(const struct attempt *a, int fd, const void *address, socklen_t size, const char *way);

/* A unix socket by its path, however long: what does not fit sun_path is reached from its directory.
 * Changes the working directory then. */
int say_unix(const struct attempt *a, int type, const char *path, const char *way);

/* A datagram by sendto, sendmsg, sendmmsg and connect+write, each on a socket of its own made by
 * make(): a sandbox that forgot one of the four calls is as open as one that forgot all. */
int say_datagram(const struct attempt *a, int (*make)(int family, int type), int family,
                 const void *address, socklen_t size);
/* socket(family, type) and the first end of socketpair(family, type), for the above. */
int make_socket(int family, int type);
int make_pair(int family, int type);

#endif
