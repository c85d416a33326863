/* A minimal io_uring (io_uring(7)) by system calls alone: one submission at a time, waited for. */
#ifndef HOLDFAST_CONFORMANCE_PROBES_RING_H
#define HOLDFAST_CONFORMANCE_PROBES_RING_H

#include <linux/io_uring.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RING_ENTRIES = 4
};

struct ring {
    int fd;
    unsigned *sq_tail, *sq_mask, *sq_array, *cq_head, *cq_tail, *cq_mask;
    struct io_uring_sqe *sqes;
    struct io_uring_cqe *cqes;
};

/* io_uring_setup(2): the descriptor or -1. IORING_SETUP_NO_SQARRAY is not used. */
int ring_create(struct io_uring_params *params);
/* Maps the rings of a descriptor, also of one made by another process. 0 or an errno. */
int ring_map(struct ring *ring, int fd, const struct io_uring_params *params);
/* Submits and waits: what the operation returned, or -errno. */
int ring_do(struct ring *ring, const struct io_uring_sqe *operation);

#endif
