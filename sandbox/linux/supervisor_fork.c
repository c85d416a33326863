/*
 * clone, fork, vfork: a limit of processes that holds for root, too, whom
 * RLIMIT_NPROC does not bind (copy_process()). Everything that decides is in
 * registers, so the call itself continues; here it is only counted.
 *
 * Counting walks /proc, so it is not done for each call: as long as there were
 * N fewer than allowed, N more may follow unseen; what has ended meanwhile only
 * makes it less. Those in the middle of the call at that moment are missed,
 * once, by as many as there are processors.
 */
#include "sandbox/linux/supervisor_internal.h"

#include <string.h>

struct entry { /* linux_dirent64 */
    uint64_t inode;
    int64_t offset;
    unsigned short size;
    unsigned char type;
    char name[];
};

static pid_t number_of(const char *name)
{
    pid_t number = 0;

    for (; *name >= '0' && *name <= '9'; name++)
        number = number * 10 + (*name - '0');
    return *name == '\0' ? number : 0;
}

/* proc_task_getattr(): two links, and one for each thread. */
static long count_threads(const struct supervisor *supervisor, pid_t pid)
{
    char name[PROC_NAME_ROOM];
    struct stat status;

    if (pid <= 1 || pid == supervisor->self)
        return 0;
    format_path(name, "", pid, "/task");
    if (sys_lstatat(supervisor->proc, name, &status) < 0)
        return 0; /* it has just ended */
    return status.st_nlink > 2 ? (long)status.st_nlink - 2 : 1;
}

static long count_tasks(struct request *request)
{
    const struct supervisor *supervisor = request->supervisor;
    char *bytes = request->text;
    long fd = request_own(request,
                          sys_openat(supervisor->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0));
    long count = 0;
    long size;

    if (fd < 0)
        return fd;
    while ((size = sys_call(SYS_getdents64, fd, SYS_PTR(bytes), sizeof request->text, 0, 0, 0)) >
           0) {
        for (long at = 0; at < size;) {
            struct entry head;

            memcpy(&head, bytes + at, sizeof head);
            count +=
                count_threads(supervisor, number_of(bytes + at + offsetof(struct entry, name)));
            at += head.size;
        }
    }
    return size < 0 ? size : count;
}

static long answer_fork(struct request *request, const struct call_shape *shape)
{
    struct supervisor *supervisor = request->supervisor;
    const unsigned long limit = supervisor->config->process_limit;

    (void)shape;
    if (supervisor->forks_left == 0 && limit > 0) {
        long count = count_tasks(request);

        if (count < 0)
            return -EAGAIN;
        if ((unsigned long)count >= limit) {
            request_note(request, "limit", "processes", strlen("processes"));
            return -EAGAIN;
        }
        supervisor->forks_left = limit - (unsigned long)count;
    }
    supervisor->forks_left -= limit > 0;
    request->reply = REPLY_CONTINUE;
    return 0;
}

#define NOTHING \
    .directory = -1, .path = -1, .from_directory = -1, .from_path = -1, .flags = -1, .mode = -1

const struct call_shape fork_shapes[] = {
    {SYS_clone, answer_fork, NOTHING},
#ifdef SYS_fork
    {SYS_fork, answer_fork, NOTHING},
    {SYS_vfork, answer_fork, NOTHING},
#endif
};

const size_t fork_shape_count = sizeof fork_shapes / sizeof fork_shapes[0];
