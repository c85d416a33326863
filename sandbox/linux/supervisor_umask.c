/*
 * The umask of a caller, which only its /proc entry tells, at 14 us a time: more
 * than all the rest of making a file.
 *
 * While nobody has called umask(2), it is the one that the command began with.
 * Afterwards what was read is remembered for the thread, which is known by the
 * inode of its pidfd (unique since Linux 6.9; before that nothing is remembered).
 * Only umask(2) changes it, and every call of it passes here. It takes effect
 * some time after we let it continue, though, so until that is certain nothing
 * is remembered: `setter` is the thread that we are not certain about.
 */
#include "sandbox/linux/supervisor_internal.h"

#include <string.h>

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL /* Linux 6.9 */
#endif

#define PIDFS_MAGIC 0x50494446

/* Number of the thread that nobody else ever has; 0: there is none. */
static uint64_t identity(const struct request *request)
{
    long fd = sys_call(SYS_pidfd_open, request_thread(request), PIDFD_THREAD, 0, 0, 0, 0);
    struct stat status;
    uint64_t number = 0;

    if (fd < 0)
        return 0;
    if (sys_fstat((int)fd, &status) == 0 && sys_fs_type((int)fd) == PIDFS_MAGIC)
        number = status.st_ino;
    (void)sys_close((int)fd);
    return number;
}

static long read_umask(struct request *request, pid_t thread)
{
    long got = request_read_proc(request, thread, "/status");

    return got < 0 ? got : status_value(request->text, "\nUmask:", 8);
}

/* Is every umask(2) that we let continue over? A thread that calls again has finished the last. */
static bool is_settled(struct request *request)
{
    struct umask_memory *memory = &request->supervisor->umasks;

    if (memory->setter == 0)
        return true;
    if (memory->setter != request_thread(request)) {
        long now = read_umask(request, memory->setter);

        if (now >= 0 && (mode_t)now != memory->setting)
            return false;
    }
    memory->setter = 0;
    return true;
}

void umask_note_call(struct request *request)
{
    struct umask_memory *memory = &request->supervisor->umasks;

    if (!is_settled(request))
        memory->is_off = true; /* two at once: one more would be lost sight of */
    memory->has_changed = true;
    memory->setter = request_thread(request);
    memory->setting = (mode_t)request_argument(request, 0) & 0777;
    memset(memory->rows, 0, sizeof memory->rows);
}

static long recall(struct request *request)
{
    struct umask_memory *memory = &request->supervisor->umasks;
    uint64_t who = identity(request);
    struct umask_row *row = &memory->rows[who % UMASK_ROWS];

    if (who != 0 && row->thread == who)
        return (long)row->mask;
    if (who != 0) {
        long mask = read_umask(request, request_thread(request));

        if (mask >= 0)
            *row = (struct umask_row){.thread = who, .mask = (mode_t)mask};
        return mask;
    }
    memory->is_off = true;
    return read_umask(request, request_thread(request));
}

long umask_of_caller(struct request *request)
{
    struct umask_memory *memory = &request->supervisor->umasks;

    if (!memory->has_changed)
        return (long)request->supervisor->config->umask;
    if (memory->is_off || !is_settled(request))
        return read_umask(request, request_thread(request));
    return recall(request);
}
