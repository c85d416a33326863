#include "sandbox/windows/feed.h"

enum {
    KEPT_MAX = 64 << 20,
};

/* All that waits; nothing: the end. */
static struct buffer take_all(struct win_feed *feed)
{
    struct buffer taken;

    EnterCriticalSection(&feed->lock);
    while (feed->waiting.size == 0 && !feed->has_ended)
        (void)SleepConditionVariableCS(&feed->changed, &feed->lock, INFINITE);
    taken = feed->waiting;
    feed->waiting = BUFFER_EMPTY;
    WakeAllConditionVariable(&feed->changed);
    LeaveCriticalSection(&feed->lock);
    return taken;
}

static bool write_all(HANDLE pipe, const struct buffer *bytes)
{
    for (size_t at = 0; at < bytes->size;) {
        DWORD put = 0;

        if (!WriteFile(pipe, bytes->data + at, (DWORD)(bytes->size - at), &put, NULL) || put == 0)
            return false;
        at += put;
    }
    return bytes->size > 0;
}

static DWORD WINAPI run(void *argument)
{
    struct win_feed *feed = argument;
    bool goes_on = true;

    while (goes_on) {
        struct buffer bytes = take_all(feed);

        goes_on = write_all(feed->pipe, &bytes);
        buffer_done(&bytes);
    }
    EnterCriticalSection(&feed->lock);
    feed->is_broken = true;
    buffer_clear(&feed->waiting);
    win_close(&feed->pipe); /* the command sees the end */
    feed->pipe = NULL;
    WakeAllConditionVariable(&feed->changed);
    LeaveCriticalSection(&feed->lock);
    return 0;
}

int win_feed_init(struct win_feed *feed, HANDLE pipe, struct error *err)
{
    *feed = (struct win_feed){.pipe = pipe};
    InitializeCriticalSection(&feed->lock);
    InitializeConditionVariable(&feed->changed);
    feed->thread = win_thread_start(run, feed, err);
    if (feed->thread != NULL)
        return 0;
    win_close(&feed->pipe);
    DeleteCriticalSection(&feed->lock);
    *feed = (struct win_feed){0};
    return -1;
}

void win_feed_add(struct win_feed *feed, const void *bytes, size_t size)
{
    EnterCriticalSection(&feed->lock);
    while (feed->waiting.size > KEPT_MAX && !feed->is_broken)
        (void)SleepConditionVariableCS(&feed->changed, &feed->lock, INFINITE);
    if (!feed->is_broken && !feed->has_ended)
        buffer_add(&feed->waiting, bytes, size);
    if (buffer_failed(&feed->waiting))
        feed->has_ended = true; /* out of memory: the command sees the end, not a hole */
    WakeAllConditionVariable(&feed->changed);
    LeaveCriticalSection(&feed->lock);
}

void win_feed_end(struct win_feed *feed)
{
    EnterCriticalSection(&feed->lock);
    feed->has_ended = true;
    WakeAllConditionVariable(&feed->changed);
    LeaveCriticalSection(&feed->lock);
}

void win_feed_done(struct win_feed *feed)
{
    if (feed->thread == NULL)
        return;
    win_feed_end(feed);
    (void)WaitForSingleObject(feed->thread, INFINITE);
    win_close(&feed->thread);
    buffer_done(&feed->waiting);
    DeleteCriticalSection(&feed->lock);
    *feed = (struct win_feed){0};
}
