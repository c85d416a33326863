#include "conformance/list_expected.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "conformance/catalogue.h"
#include "conformance/data.h"

int expected_modes_read(struct expected_modes *modes, struct error *err)
{
    modes->lists = calloc(mode_row_count, sizeof *modes->lists);
    if (modes->lists == NULL)
        return error_memory(err, "expectations");
    for (size_t i = 0; i < mode_row_count; i++) {
        char name[96];
        AUTO_FREE char *path = NULL;

        (void)snprintf(name, sizeof name, "expectations/%s.json", mode_rows[i].name);
        path = data_find(name, err);
        if (path == NULL || expectation_list_read(&modes->lists[i], path, err) < 0)
            return -1;
    }
    return 0;
}

void expected_modes_done(struct expected_modes *modes)
{
    for (size_t i = 0; modes->lists != NULL && i < mode_row_count; i++)
        expectation_list_done(&modes->lists[i]);
    free(modes->lists);
    modes->lists = NULL;
}

static const char *platform_word(unsigned platform)
{
    if (platform == PLATFORM_WINDOWS)
        return "windows";
    return platform == PLATFORM_WSL ? "wsl" : "linux";
}

json_t *expected_modes_json(const struct expected_modes *modes)
{
    json_t *array = json_array();

    for (size_t i = 0; modes->lists != NULL && i < mode_row_count; i++)
        (void)json_array_append_new(array,
                                    json_pack("{s:s, s:s, s:s*}", "name", mode_rows[i].name,
                                              "platform", platform_word(mode_rows[i].platforms),
                                              "unverified", modes->lists[i].unverified));
    return array;
}

/* A row of Linux without a function is not judged in any mode; the others wait for a program that
 * runs them where they belong. */
static bool is_judged_nowhere(const struct probe *probe)
{
    return probe->not_implemented != NULL && (probe->platforms & PLATFORM_LINUX) != 0;
}

/* The next entry for the row from *at on; NULL: there is none, or one before fitted always. */
static const struct expectation *next_entry(const struct expectation_list *list,
                                            const struct probe *probe, size_t *at)
{
    while (*at < list->count) {
        const struct expectation *entry = &list->entries[(*at)++];

        if (text_matches(entry->case_pattern, probe->id)) {
            if (!expectation_is_limited(entry))
                *at = list->count;
            return entry;
        }
    }
    return NULL;
}

static const char *verdict_word(const struct expectation *entry, const struct probe *probe)
{
    if (entry == NULL && is_judged_nowhere(probe))
        return "not applicable";
    if (entry != NULL && entry->kind == EXPECT_NOT_APPLICABLE)
        return "not applicable";
    if (entry != NULL && entry->kind == EXPECT_OPEN)
        return "open";
    return verdict_name(expectation_verdict(entry, catalogue_is_must_work(probe)));
}

static json_t *answer_json(const struct expectation_list *list, const struct expectation *entry,
                           const struct probe *probe)
{
    const bool is_said = entry != NULL && entry->kind != EXPECT_GOOD;
    json_t *object = json_pack("{s:s}", "verdict", verdict_word(entry, probe));

    if (is_said)
        (void)json_object_update_new(object,
                                     json_pack("{s:s, s:s, s:s*}", "reason", entry->reason,
                                               "source", entry->source, "expires", entry->expires));
    else if (is_judged_nowhere(probe))
        (void)json_object_set_new(object, "reason", json_string(probe->not_implemented));
    if (entry != NULL && entry->identity != NULL)
        (void)json_object_set_new(object, "identity", json_string(entry->identity));
    if (entry != NULL && entry->abi_below != 0)
        (void)json_object_set_new(object, "landlock_abi_below", json_integer(entry->abi_below));
    if (entry != NULL && entry->abi_from != 0)
        (void)json_object_set_new(object, "landlock_abi_from", json_integer(entry->abi_from));
    if (list->unverified != NULL)
        (void)json_object_set_new(object, "unverified", json_true());
    return object;
}

json_t *expected_json(const struct expected_modes *modes, const struct probe *probe)
{
    json_t *all = json_object();

    for (size_t m = 0; m < mode_row_count; m++) {
        const struct expectation_list *list = &modes->lists[m];
        const struct expectation *entry = NULL;
        json_t *answers;
        size_t at = 0;

        if ((mode_rows[m].platforms & probe->platforms) == 0)
            continue;
        answers = json_array();
        do {
            entry = next_entry(list, probe, &at);
            (void)json_array_append_new(answers, answer_json(list, entry, probe));
        } while (entry != NULL && expectation_is_limited(entry));
        (void)json_object_set_new(all, mode_rows[m].name, answers);
    }
    return all;
}

void expected_print_legend(const struct expected_modes *modes)
{
    (void)printf("# Catalogue\n\nMade by `holdfast list --markdown`; a test keeps it current.\n"
                 "`held` and `works` are what a mode is expected to do, `gap` is documented in "
                 "`expectations/`, where the reasons are.\n`open`: nobody can know before a first "
                 "run, which then fails until an expectation is written down. `n/a`: there is "
                 "nothing to try.\n`-`: the case is not of that mode's platform.\n\n"
                 "What is `unverified` is expected and was never run:\n\n");
    for (size_t m = 0; m < mode_row_count; m++) {
        if (modes->lists[m].unverified != NULL && !mode_rows[m].is_variant)
            (void)printf("- %s: %s\n", mode_rows[m].name, modes->lists[m].unverified);
    }
}

void expected_print_heads(const char *after, size_t others)
{
    for (size_t m = 0; m < mode_row_count; m++) {
        if (!mode_rows[m].is_variant) {
            (void)printf(" %s |", mode_rows[m].name);
            others++;
        }
    }
    (void)printf("%s|", after);
    for (size_t i = 0; i < others; i++)
        (void)printf("---|");
    (void)printf("\n");
}

/* The first answer stands for all: `holdfast list --json` has them all. */
static void print_cell(const struct expectation_list *list, const struct probe *probe)
{
    size_t at = 0;
    const struct expectation *entry = next_entry(list, probe, &at);
    const char *word = verdict_word(entry, probe);

    if (strcmp(word, "not applicable") == 0)
        word = "n/a";
    else if (entry != NULL && entry->kind == EXPECT_GAP)
        word = "gap";
    (void)printf(" %s", word);
    if (entry != NULL && entry->abi_below != 0)
        (void)printf(" below ABI %d", entry->abi_below);
    if (entry != NULL && entry->abi_from != 0)
        (void)printf(" from ABI %d", entry->abi_from);
    if (entry != NULL && entry->identity != NULL)
        (void)printf(" as %s", entry->identity);
    (void)printf("%s |", list->unverified != NULL && word[0] != 'n' ? ", unverified" : "");
}

void expected_print_cells(const struct expected_modes *modes, const struct probe *probe)
{
    for (size_t m = 0; m < mode_row_count; m++) {
        if (mode_rows[m].is_variant)
            continue;
        if ((mode_rows[m].platforms & probe->platforms) == 0)
            (void)printf(" - |");
        else
            print_cell(&modes->lists[m], probe);
    }
}
