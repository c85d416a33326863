/* Command lines of run: one word a line. No crash, and nothing accepted that the policy's check promises
 * to refuse. --policy, which reads files, is left out: policy_fuzz.c. Built by ci/fuzz. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/options.h"
#include "sandbox/commands.h"

enum {
    WORDS_MAX = 64
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int split(char *text, char **words)
{
    int count = 0;

    words[count++] = (char *)(uintptr_t) "run";
    for (char *word = strtok(text, "\n"); word != NULL && count < WORDS_MAX;
         word = strtok(NULL, "\n")) {
        if (strncmp(word, "-p", 2) != 0 && strncmp(word, "--p", 3) != 0 &&
            strcmp(word, "--help") != 0)
            words[count++] = word;
    }
    words[count] = NULL;
    return count;
}

static void check_accepted(const struct policy *policy, const struct policy_place *place)
{
    for (size_t i = 0; i <= policy->writable.count; i++) {
        const char *root = i == 0 ? policy->workspace : policy->writable.items[i - 1];

        if (!path_is_absolute(place->style, root) || path_is_top(place->style, root) ||
            (place->home != NULL && path_is_within(place->style, place->home, root)))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct option_row rows[SANDBOX_POLICY_ROW_COUNT + 1] = {0};
    const struct option_table table = {
        .program = "run", .synopsis = "", .summary = "", .rows = rows};
    char *text = malloc(size + 1);
    char *words[WORDS_MAX + 1];
    struct sandbox_settings settings;
    struct policy_place place;
    struct error err = {0};
    int first = 0;
    int count;

    if (text == NULL)
        return 0;
    memcpy(rows, sandbox_policy_rows, sizeof sandbox_policy_rows);
    memcpy(text, data, size);
    text[size] = '\0';
    count = split(text, words);
    if (sandbox_settings_init(&settings, &err) == 0 &&
        options_parse(&table, count, words, &settings, &first, &err) == OPTIONS_PARSED &&
        sandbox_settings_check(&settings, PATH_POSIX, &place, &err) == 0)
        check_accepted(&settings.policy, &place);
    sandbox_settings_done(&settings);
    free(text);
    return 0;
}
