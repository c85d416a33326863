#include "sandbox/windows/feed.h"

enum {
    WRITE_MAX = 32 << 10, /* a console takes no more at once */
};

/* Under the lock: to whoever waits for room, or for bytes. */
static void notify(struct win_feed *feed)
{
    if (feed->waiting.size <= feed->most || feed->is_broken)
        (void)SetEvent(feed->room);
    else
        (void)ResetEvent(feed->room);
    WakeAllConditionVariable(&feed->changed);
}

/* All that waits; nothing: the end. */
static struct buffer take_all(struct win_feed *feed)
{
    struct buffer taken;

    EnterCriticalSection(&feed->lock);
    while (feed->waiting.size == 0 && !feed->has_ended)
        (void)SleepConditionVariableCS(&feed->changed, &feed->lock, INFINITE);
    taken = feed->waiting;
    feed->waiting = BUFFER_EMPTY;
    notify(feed);
    LeaveCriticalSection(&feed->lock);
    return taken;
}

static bool write_all(HANDLE pipe, const struct buffer *bytes)
{
    for (size_t at = 0; at < bytes->size;) {
        size_t here = bytes->size - at < WRITE_MAX ? bytes->size - at : WRITE_MAX;
        DWORD put = 0;

        if (!WriteFile(pipe, bytes->data + at, (DWORD)here, &put, NULL) || put == 0)
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
    win_close(&feed->pipe); /* the reader sees the end */
    feed->pipe = NULL;
    notify(feed);
    LeaveCriticalSection(&feed->lock);
    return 0;
}

int win_feed_init(struct win_feed *feed, HANDLE pipe, size_t most, struct error *err)
{
    *feed = (struct win_feed){.pipe = pipe, .most = most};
    InitializeCriticalSection(&feed->lock);
    InitializeConditionVariable(&feed->changed);
    feed->room = CreateEventW(NULL, TRUE, TRUE, NULL);
    if (feed->room == NULL)
        (void)win_fail_last(err, "CreateEvent", "");
    else
        feed->thread = win_thread_start(run, feed, err);
    if (feed->thread != NULL)
        return 0;
    win_close(&feed->pipe);
    win_close(&feed->room);
    DeleteCriticalSection(&feed->lock);
    *feed = (struct win_feed){0};
    return -1;
}

void win_feed_add(struct win_feed *feed, const void *bytes, size_t size)
{
    EnterCriticalSection(&feed->lock);
    while (feed->waiting.size > feed->most && !feed->is_broken)
        (void)SleepConditionVariableCS(&feed->changed, &feed->lock, INFINITE);
    if (!feed->is_broken && !feed->has_ended)
        buffer_add(&feed->waiting, bytes, size);
    if (buffer_failed(&feed->waiting))
        feed->has_ended = true; /* out of memory: the reader sees the end, not a hole */
    notify(feed);
    LeaveCriticalSection(&feed->lock);
}

bool win_feed_is_full(struct win_feed *feed)
{
    bool is_full;

    EnterCriticalSection(&feed->lock);
    is_full = feed->waiting.size > feed->most && !feed->is_broken;
    LeaveCriticalSection(&feed->lock);
    return is_full;
}

/* The writing that is called off may have been about to begin: again and again. */
void win_feed_give_up(struct win_feed *feed)
{
    if (feed->thread == NULL)
        return;
    EnterCriticalSection(&feed->lock);
    feed->is_broken = true;
    feed->has_ended = true;
    buffer_clear(&feed->waiting);
    notify(feed);
    LeaveCriticalSection(&feed->lock);
    do
        (void)CancelSynchronousIo(feed->thread);
    while (WaitForSingleObject(feed->thread, 10) == WAIT_TIMEOUT);
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
    win_close(&feed->room);
    buffer_done(&feed->waiting);
    DeleteCriticalSection(&feed->lock);
    *feed = (struct win_feed){0};
}
