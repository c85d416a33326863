/*
 * Threads for calls that may wait for somebody: opening a FIFO, a file under a
 * lease, a connect to a full backlog. One thread for each such call, at most
 * SLOT_COUNT - 1 at a time; then EAGAIN. The loop itself never waits.
 *
 * A slot is one piece of memory: guard page, stack, request. Threads are made
 * with clone(2) because a pthread needs a thread pointer of its own libc, and
 * ours is the launcher's (supervisor.h).
 *
 * Two things end a wait early: the caller has died, or a signal that it handles
 * has arrived. The second is what a plain call would see as EINTR.
 */
#include "sandbox/linux/supervisor_internal.h"

#include <linux/futex.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>

#include "base/auto.h"

#define GUARD_SIZE ((size_t)65536) /* a page, whatever its size */
#define STACK_SIZE ((size_t)65536)
#define SLOT_SIZE  (GUARD_SIZE + STACK_SIZE + sizeof(struct request))
#define WAKE       64 /* the signal that ends a wait */

static void futex(_Atomic int *word, int operation, int value)
{
    (void)sys_call(SYS_futex, SYS_PTR(word), operation | FUTEX_PRIVATE_FLAG, value, 0, 0, 0);
}

void *supervisor_map(struct supervisor *supervisor, size_t size)
{
    struct supervisor_maps *maps = supervisor->config->maps;
    long address;

    if (maps != NULL && maps->count == SUPERVISOR_MAPS_MAX)
        return NULL;
    address = sys_call(SYS_mmap, 0, (long)size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (address < 0 && address > -PATH_MAX)
        return NULL;
    if (maps != NULL) {
        maps->maps[maps->count].at = (void *)(uintptr_t)address;
        maps->maps[maps->count++].size = size;
    }
    return (void *)(uintptr_t)address;
}

void supervisor_unmap(struct supervisor_maps *maps)
{
    while (maps->count > 0) {
        maps->count--;
        (void)munmap(maps->maps[maps->count].at, maps->maps[maps->count].size);
    }
}

static struct request *make_slot(struct supervisor *supervisor)
{
    char *memory = supervisor_map(supervisor, SLOT_SIZE);
    struct request *request;

    if (memory == NULL ||
        sys_call(SYS_mprotect, SYS_PTR(memory), GUARD_SIZE, PROT_NONE, 0, 0, 0) < 0)
        return NULL;
    request = (struct request *)(void *)(memory + GUARD_SIZE + STACK_SIZE);
    request->supervisor = supervisor;
    return request;
}

struct request *worker_free_slot(struct supervisor *supervisor)
{
    for (size_t i = 0; i < ARRAY_SIZE(supervisor->slots); i++) {
        struct request *request = supervisor->slots[i];

        if (request == NULL)
            request = supervisor->slots[i] = make_slot(supervisor);
        if (request == NULL)
            return NULL;
        if (atomic_load(&request->state) != SLOT_FREE)
            continue;
        atomic_store(&request->state, SLOT_LOOP);
        return request;
    }
    return NULL;
}

static void run(struct request *request)
{
    long result;

    do {
        result = request->job(request);
    } while (result == -EINTR && !atomic_load(&request->is_cancelled));
    if (request->reply == REPLY_LATER)
        request_send(request, result);
    request_close_owned(request);
}

/* A thread lives as long as the process and is used again. */
static _Noreturn int thread_main(void *argument)
{
    struct request *request = argument;
    uint64_t blocked = ~(UINT64_C(1) << (WAKE - 1));

    (void)sys_call(SYS_rt_sigprocmask, SIG_SETMASK, SYS_PTR(&blocked), 0, sizeof blocked, 0, 0);
    for (;;) {
        int state = atomic_load(&request->state);

        if (state != SLOT_RUNNING) {
            futex(&request->state, FUTEX_WAIT, state);
            continue;
        }
        run(request);
        atomic_store(&request->state, SLOT_FREE);
    }
}

/* Not CLONE_FS: the loop changes its umask and working directory from call to call. */
static bool start_thread(struct request *request)
{
    int flags =
        CLONE_VM | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_PARENT_SETTID;

    return clone(thread_main, request, flags, request, (pid_t *)&request->thread, NULL, NULL) > 0;
}

long worker_hand_over(struct request *request, long (*job)(struct request *request))
{
    struct supervisor *supervisor = request->supervisor;
    struct request *next = worker_free_slot(supervisor);

    if (next == NULL)
        return -EAGAIN;
    request->job = job;
    request->reply = REPLY_LATER;
    atomic_store(&request->is_cancelled, false);
    if (atomic_load(&request->thread) == 0 && !start_thread(request)) {
        request->reply = REPLY_RESULT;
        atomic_store(&next->state, SLOT_FREE);
        return -EAGAIN;
    }
    supervisor->current = next;
    atomic_store(&request->state, SLOT_RUNNING);
    futex(&request->state, FUTEX_WAKE, 1);
    return 0;
}

static uint64_t mask_of(const char *text, const char *key)
{
    const char *at = strstr(text, key);
    uint64_t mask = 0;

    at = at != NULL ? at + strlen(key) : "";
    for (; (*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'f'); at++)
        mask = mask << 4 | (uint64_t)(*at <= '9' ? *at - '0' : *at - 'a' + 10);
    return mask;
}

/* Has a signal arrived for the caller that it has a handler for? */
static bool has_signal(const struct request *request, struct request *reader)
{
    const char *text = reader->text;
    uint64_t pending;

    if (request_read_proc(reader, request_thread(request), "/status") < 0)
        return false;
    pending = mask_of(text, "\nSigPnd:\t") | mask_of(text, "\nShdPnd:\t");
    return (pending & mask_of(text, "\nSigCgt:\t") & ~mask_of(text, "\nSigBlk:\t")) != 0;
}

bool worker_tend(struct supervisor *supervisor)
{
    bool is_any = false;

    for (size_t i = 0; i < ARRAY_SIZE(supervisor->slots); i++) {
        struct request *request = supervisor->slots[i];

        if (request == NULL)
            break;
        if (atomic_load(&request->state) != SLOT_RUNNING)
            continue;
        is_any = true;
        if (request_is_valid(request) && !has_signal(request, supervisor->current))
            continue;
        atomic_store(&request->is_cancelled, true);
        (void)sys_call(SYS_tgkill, supervisor->self, atomic_load(&request->thread), WAKE, 0, 0, 0);
    }
    return is_any;
}
