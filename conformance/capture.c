#include "conformance/capture.h"

#include <stdio.h>
#include <string.h>

void capture_search_init(struct capture_search *search, const char *word)
{
    memset(search, 0, sizeof *search);
    if (word != NULL)
        (void)snprintf(search->word, sizeof search->word, "%s", word);
    search->length = strlen(search->word);
}

static bool holds(const char *bytes, size_t size, const struct capture_search *search)
{
    const char *at = bytes;

    while (size - (size_t)(at - bytes) >= search->length) {
        const char *first = memchr(at, search->word[0], size - (size_t)(at - bytes));

        if (first == NULL || size - (size_t)(first - bytes) < search->length)
            return false;
        if (memcmp(first, search->word, search->length) == 0)
            return true;
        at = first + 1;
    }
    return false;
}

/* The seam: the end of the last read with the beginning of this one. */
static bool holds_at_seam(const struct capture_search *search, const char *bytes, size_t size)
{
    char seam[2 * CAPTURE_WORD_MAX];
    const size_t take = size < search->length - 1 ? size : search->length - 1;

    memcpy(seam, search->tail, search->tail_size);
    memcpy(seam + search->tail_size, bytes, take);
    return holds(seam, search->tail_size + take, search);
}

static void keep_tail(struct capture_search *search, const char *bytes, size_t size)
{
    const size_t want = search->length - 1;
    size_t old;

    if (size >= want) {
        memcpy(search->tail, bytes + size - want, want);
        search->tail_size = want;
        return;
    }
    old = search->tail_size + size > want ? want - size : search->tail_size;
    memmove(search->tail, search->tail + search->tail_size - old, old);
    memcpy(search->tail + old, bytes, size);
    search->tail_size = old + size;
}

void capture_search_feed(struct capture_search *search, const char *bytes, size_t size)
{
    if (search->length == 0 || search->is_found || size == 0)
        return;
    search->is_found = holds(bytes, size, search) || holds_at_seam(search, bytes, size);
    keep_tail(search, bytes, size);
}

void capture_feed(struct capture *capture, const char *bytes, size_t size)
{
    const size_t room = CAPTURE_KEPT_MAX - capture->kept.size;

    capture->total += size;
    buffer_add(&capture->kept, bytes, size < room ? size : room);
}

void capture_done(struct capture *capture)
{
    buffer_done(&capture->kept);
    capture->total = 0;
}

void capture_last_words(const struct capture *capture, char *text, size_t size)
{
    const char *all = buffer_text(&capture->kept);
    size_t end = capture->kept.size;
    size_t start;
    size_t used = 0;

    while (end > 0 && (all[end - 1] == '\n' || all[end - 1] == ' ' || all[end - 1] == '\r'))
        end--;
    start = end > size - 1 ? end - (size - 1) : 0;
    for (size_t lines = 0, at = end; at > start; at--) {
        if (all[at - 1] == '\n' && ++lines == 3) {
            start = at;
            break;
        }
    }
    for (size_t at = start; at < end && used + 1 < size; at++)
        text[used++] = all[at] == '\n' || all[at] == '\0' ? ' ' : all[at];
    text[used] = '\0';
}
