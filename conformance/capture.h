/*
 * What a run prints: the first 64 KiB are kept, the rest is only searched, so
 * that 10 GiB cost time and no memory. Pure; words are found also where they
 * are torn between two reads.
 */
#ifndef HOLDFAST_CONFORMANCE_CAPTURE_H
#define HOLDFAST_CONFORMANCE_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

enum {
    CAPTURE_KEPT_MAX = 64 * 1024,
    CAPTURE_WORD_MAX = 256
};

struct capture_search {
    char word[CAPTURE_WORD_MAX]; /* empty: not searched */
    size_t length;
    bool is_found;
    char tail[CAPTURE_WORD_MAX]; /* the end of what was read so far */
    size_t tail_size;
};

struct capture {
    struct buffer kept;
    uint64_t total; /* bytes seen */
};

/* word: cut to CAPTURE_WORD_MAX - 1 bytes; NULL: nothing is searched. */
void capture_search_init(struct capture_search *search, const char *word);
void capture_search_feed(struct capture_search *search, const char *bytes, size_t size);

void capture_feed(struct capture *capture, const char *bytes, size_t size);
void capture_done(struct capture *capture);

/* The last lines that say something, as one line of at most size - 1 bytes: for reasons. */
void capture_last_words(const struct capture *capture, char *text, size_t size);

#endif
