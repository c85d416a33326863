#include "conformance/probes/ring.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int ring_create(struct io_uring_params *params)
{
    memset(params, 0, sizeof *params);
    return (int)syscall(SYS_io_uring_setup, RING_ENTRIES, params);
}

static void *map(int fd, size_t size, off_t offset)
{
    return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
}

int ring_map(struct ring *ring, int fd, const struct io_uring_params *params)
{
    const struct io_sqring_offsets *sq = &params->sq_off;
    const struct io_cqring_offsets *cq = &params->cq_off;
    const size_t sq_size = sq->array + params->sq_entries * sizeof(unsigned);
    const size_t cq_size = cq->cqes + params->cq_entries * sizeof(struct io_uring_cqe);
    char *sq_ring = map(fd, sq_size, IORING_OFF_SQ_RING);
    char *cq_ring = map(fd, cq_size, IORING_OFF_CQ_RING);
    void *sqes = map(fd, params->sq_entries * sizeof(struct io_uring_sqe), (off_t)IORING_OFF_SQES);

    if (sq_ring == MAP_FAILED || cq_ring == MAP_FAILED || sqes == MAP_FAILED)
        return errno;
    ring->fd = fd;
    ring->sq_tail = (unsigned *)(void *)(sq_ring + sq->tail);
    ring->sq_mask = (unsigned *)(void *)(sq_ring + sq->ring_mask);
    ring->sq_array = (unsigned *)(void *)(sq_ring + sq->array);
    ring->cq_head = (unsigned *)(void *)(cq_ring + cq->head);
    ring->cq_tail = (unsigned *)(void *)(cq_ring + cq->tail);
    ring->cq_mask = (unsigned *)(void *)(cq_ring + cq->ring_mask);
    ring->cqes = (struct io_uring_cqe *)(void *)(cq_ring + cq->cqes);
    ring->sqes = sqes;
    return 0;
}

int ring_do(struct ring *ring, const struct io_uring_sqe *operation)
{
    const unsigned tail = *ring->sq_tail, slot = tail & *ring->sq_mask;
    unsigned head;
    int result;

    ring->sqes[slot] = *operation;
    ring->sq_array[slot] = slot;
    __atomic_store_n(ring->sq_tail, tail + 1, __ATOMIC_RELEASE);
    if (syscall(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
        return -errno;
    head = *ring->cq_head;
    if (head == __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE))
        return -EAGAIN;
    result = ring->cqes[head & *ring->cq_mask].res;
    __atomic_store_n(ring->cq_head, head + 1, __ATOMIC_RELEASE);
    return result;
}
