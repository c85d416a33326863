#include "conformance/oracles/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/auto.h"

enum {
    CHANGES = IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO,
    READ_SIZE = 16 * 1024,
    GROWTH = 64
};

void journal_open(struct journal *journal)
{
    *journal = JOURNAL_NONE;
    journal->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
}

void journal_close(struct journal *journal)
{
    if (journal->fd >= 0)
        (void)close(journal->fd);
    free(journal->watches);
    *journal = JOURNAL_NONE;
}

static struct journal_watch *free_slot(struct journal *journal)
{
    struct journal_watch *grown;

    for (size_t i = 0; i < journal->count; i++) {
        if (journal->watches[i].wd < 0)
            return &journal->watches[i];
    }
    grown = realloc(journal->watches, (journal->count + GROWTH) * sizeof *grown);
    if (grown == NULL)
        return NULL;
    journal->watches = grown;
    for (size_t i = 0; i < GROWTH; i++)
        grown[journal->count + i] = (struct journal_watch){.wd = -1};
    journal->count += GROWTH;
    return &grown[journal->count - GROWTH];
}

void journal_watch(struct journal *journal, const void *owner, const char *path, const char *label)
{
    struct journal_watch *slot = journal->fd >= 0 ? free_slot(journal) : NULL;

    if (slot == NULL)
        return;
    slot->wd = inotify_add_watch(journal->fd, path, CHANGES | IN_ONLYDIR | IN_DONT_FOLLOW);
    if (slot->wd < 0)
        return;
    slot->owner = owner;
    slot->events = 0;
    slot->text[0] = '\0';
    (void)snprintf(slot->label, sizeof slot->label, "%s", label);
}

static const char *event_name(uint32_t mask)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } names[] = {{IN_MODIFY, "written"},        {IN_ATTRIB, "attributes"},
                 {IN_CREATE, "made"},           {IN_DELETE, "removed"},
                 {IN_MOVED_FROM, "moved away"}, {IN_MOVED_TO, "moved here"}};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if ((mask & names[i].bit) != 0)
            return names[i].name;
    }
    return "changed";
}

static void note(struct journal *journal, const struct inotify_event *event)
{
    for (size_t i = 0; i < journal->count; i++) {
        struct journal_watch *watch = &journal->watches[i];
        const size_t used = strlen(watch->text);

        if (watch->wd != event->wd)
            continue;
        if ((event->mask & IN_IGNORED) != 0) /* the directory is gone, and the watch with it */
            watch->wd = -1;
        if ((event->mask & CHANGES) == 0)
            return;
        watch->events++;
        if (used + 1 < sizeof watch->text)
            (void)snprintf(watch->text + used, sizeof watch->text - used, "%s%s%s%s %s",
                           used > 0 ? ", " : "", watch->label, event->len > 0 ? "/" : "",
                           event->len > 0 ? event->name : "", event_name(event->mask));
        return;
    }
}

static void drain(struct journal *journal)
{
    _Alignas(struct inotify_event) char bytes[READ_SIZE];
    ssize_t size;

    while (journal->fd >= 0 && (size = read(journal->fd, bytes, sizeof bytes)) > 0) {
        for (char *at = bytes; at < bytes + size;) {
            struct inotify_event event;

            memcpy(&event, at, sizeof event);
            note(journal, (const struct inotify_event *)(const void *)at);
            at += sizeof event + event.len;
        }
    }
}

size_t journal_read(struct journal *journal, const void *owner, char *text, size_t text_size)
{
    size_t events = 0;
    size_t used = 0;

    text[0] = '\0';
    drain(journal);
    for (size_t i = 0; i < journal->count; i++) {
        const struct journal_watch *watch = &journal->watches[i];

        if (watch->owner != owner || watch->events == 0)
            continue;
        events += watch->events;
        if (used + 1 < text_size)
            used += (size_t)snprintf(text + used, text_size - used, "%s%s", used > 0 ? ", " : "",
                                     watch->text);
    }
    return events;
}

void journal_reset(struct journal *journal, const void *owner)
{
    drain(journal);
    for (size_t i = 0; i < journal->count; i++) {
        if (journal->watches[i].owner == owner) {
            journal->watches[i].events = 0;
            journal->watches[i].text[0] = '\0';
        }
    }
}

void journal_forget(struct journal *journal, const void *owner)
{
    for (size_t i = 0; i < journal->count; i++) {
        struct journal_watch *watch = &journal->watches[i];

        if (watch->owner != owner)
            continue;
        if (watch->wd >= 0)
            (void)inotify_rm_watch(journal->fd, watch->wd);
        *watch = (struct journal_watch){.wd = -1};
    }
}
