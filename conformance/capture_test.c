#include "conformance/capture.h"

#include <string.h>

#include "base/test.h"

/* Every way of cutting the text in two, and byte by byte. */
Test(capture, finds_a_word_wherever_reads_are_torn)
{
    static const char text[] = "....needneedle-needle....";
    const size_t size = sizeof text - 1;

    for (size_t cut = 0; cut <= size; cut++) {
        struct capture_search search;

        capture_search_init(&search, "needle-needle");
        capture_search_feed(&search, text, cut);
        capture_search_feed(&search, text + cut, size - cut);
        cr_assert(search.is_found, "cut at %zu", cut);
    }
    for (size_t step = 1; step < 6; step++) {
        struct capture_search search;

        capture_search_init(&search, "needle-needle");
        for (size_t at = 0; at < size; at += step)
            capture_search_feed(&search, text + at, at + step <= size ? step : size - at);
        cr_assert(search.is_found, "steps of %zu", step);
    }
}

Test(capture, finds_no_word_that_is_not_there)
{
    struct capture_search search;

    capture_search_init(&search, "abab");
    for (int i = 0; i < 1000; i++)
        capture_search_feed(&search, "aba", 1 + (size_t)i % 2);
    cr_assert(!search.is_found, "it saw what two reads do not make together");
    capture_search_init(&search, NULL);
    capture_search_feed(&search, "anything", 8);
    cr_assert(!search.is_found);
}

Test(capture, keeps_64_kib_and_counts_the_rest)
{
    struct capture capture = {0};
    static char block[100 * 1024];

    memset(block, 'x', sizeof block);
    for (int i = 0; i < 100; i++)
        capture_feed(&capture, block, sizeof block);
    cr_assert_eq(capture.kept.size, CAPTURE_KEPT_MAX);
    cr_assert_eq(capture.total, sizeof block * 100);
    capture_done(&capture);
}

Test(capture, last_words_are_the_end_on_one_line)
{
    struct capture capture = {0};
    char text[40];

    capture_last_words(&capture, text, sizeof text);
    cr_assert_str_eq(text, "");
    capture_feed(&capture, "first\nsecond\nbwrap: no\nreally\n\n", 31);
    capture_last_words(&capture, text, sizeof text);
    cr_assert_str_eq(text, "second bwrap: no really");
    capture_feed(&capture, "0123456789012345678901234567890123456789012345678901234567890", 61);
    capture_last_words(&capture, text, sizeof text);
    cr_assert_eq(strlen(text), sizeof text - 1);
    capture_done(&capture);
}
