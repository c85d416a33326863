/* `holdfast list`: the catalogue for people (a table), programs (JSON) and the repository
 * (CATALOGUE.md, which a test compares with this output). */
#include "conformance/catalogue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/options.h"
#include "base/text.h"
#include "conformance/list_expected.h"
#include "results/document.h"

enum {
    PATTERNS_MAX = 64
};

enum list_format {
    LIST_TABLE,
    LIST_JSON,
    LIST_MARKDOWN
};

struct list_settings {
    enum list_format format;
    const char *patterns[PATTERNS_MAX + 1];
    size_t pattern_count;
    struct catalogue_filter filter;
};

static int set_json(void *settings, const char *value, struct error *err)
{
    (void)value;
    (void)err;
    ((struct list_settings *)settings)->format = LIST_JSON;
    return 0;
}

static int set_markdown(void *settings, const char *value, struct error *err)
{
    (void)value;
    (void)err;
    ((struct list_settings *)settings)->format = LIST_MARKDOWN;
    return 0;
}

static int set_area(void *settings, const char *value, struct error *err)
{
    struct list_settings *list = settings;
    const struct catalogue_filter asked = {.area = value};

    for (size_t i = 0; i < catalogue_count(); i++) {
        if (catalogue_matches(&asked, catalogue_at(i))) {
            list->filter.area = value;
            return 0;
        }
    }
    return error_set(err, ERR_USAGE, "%s: no such area", value);
}

static int set_platform(void *settings, const char *value, struct error *err)
{
    struct list_settings *list = settings;

    if (strcmp(value, "linux") == 0)
        list->filter.platforms |= PLATFORM_LINUX;
    else if (strcmp(value, "wsl") == 0)
        list->filter.platforms |= PLATFORM_WSL;
    else if (strcmp(value, "windows") == 0)
        list->filter.platforms |= PLATFORM_WINDOWS;
    else
        return error_set(err, ERR_USAGE, "%s: not one of linux, wsl, windows", value);
    return 0;
}

static int set_severity(void *settings, const char *value, struct error *err)
{
    return severity_parse(value, &((struct list_settings *)settings)->filter.at_least, err);
}

static int add_pattern(void *settings, const char *value, struct error *err)
{
    struct list_settings *list = settings;

    if (list->pattern_count == PATTERNS_MAX)
        return error_set(err, ERR_USAGE, "more than %d patterns", PATTERNS_MAX);
    if (catalogue_check_pattern(value, err) < 0)
        return -1;
    list->patterns[list->pattern_count++] = value;
    return 0;
}

static const struct option_row rows[] = {
    {.name = "json", .help = "print as JSON", .apply = set_json},
    {.name = "markdown", .help = "print as conformance/CATALOGUE.md", .apply = set_markdown},
    {.name = "area",
     .value = "AREA",
     .help = "only this area (fs, git, net, mw, ...)",
     .apply = set_area},
    {.name = "platform",
     .value = "NAME",
     .help = "only cases for linux, wsl or windows",
     .apply = set_platform},
    {.name = "severity",
     .value = "LEVEL",
     .help = "at least info, low, medium, high or critical",
     .apply = set_severity},
    {.name = "cases",
     .letter = 'c',
     .value = "PATTERN",
     .help = "ids that match, * and ? allowed",
     .apply = add_pattern},
    {0},
};

static const struct option_table table = {
    .program = "holdfast list",
    .synopsis = "[OPTION]... [PATTERN]...",
    .summary = "Prints the catalogue: every case with its claim, severity and platforms.",
    .epilogue =
        "Examples:\n  holdfast list --area net --severity high\n  holdfast list --json 'git.*'",
    .rows = rows,
};

static const char *platform_words(unsigned platforms, char words[32])
{
    (void)snprintf(words, 32, "%s%s%s", (platforms & PLATFORM_LINUX) != 0 ? "linux " : "",
                   (platforms & PLATFORM_WSL) != 0 ? "wsl " : "",
                   (platforms & PLATFORM_WINDOWS) != 0 ? "windows " : "");
    if (words[0] != '\0')
        words[strlen(words) - 1] = '\0';
    return words;
}

/* Must-work rows are judged by how they end and by what they made: "result". */
static const char *oracle_words(const struct probe *probe, char words[96])
{
    (void)snprintf(words, 96, "%s", catalogue_is_must_work(probe) ? "result" : "");
    for (unsigned bit = 1; bit <= ORACLE_CUSTOM; bit <<= 1) {
        size_t used = strlen(words);

        if ((probe->oracles & bit) != 0)
            (void)snprintf(words + used, 96 - used, "%s%s", used > 0 ? " " : "",
                           oracle_name((enum oracle)bit));
    }
    return words;
}

static int print_table(const struct catalogue_filter *filter)
{
    size_t shown = 0;

    for (size_t i = 0; i < catalogue_count(); i++) {
        const struct probe *probe = catalogue_at(i);
        char platforms[32];

        if (!catalogue_matches(filter, probe))
            continue;
        (void)printf("%-28s %-8s %-18s %s%s\n", probe->id, severity_name(probe->severity),
                     platform_words(probe->platforms, platforms),
                     probe->not_implemented != NULL ? "(not run) " : "", probe->claim);
        shown++;
    }
    (void)fprintf(stderr, "%zu of %zu cases\n", shown, catalogue_count());
    return 0;
}

/* What is run for comparison, without a sandbox, before anything is believed of one. */
static const char *control_words(const struct probe *probe)
{
    if (!catalogue_is_runnable(probe))
        return "not run";
    if (catalogue_is_must_work(probe))
        return "the same command without a sandbox ends as wanted";
    if ((probe->flags & CASE_WRAPPED) != 0)
        return "the plain attempt without a sandbox makes the oracles fire";
    return "the same attempt without a sandbox makes the oracles fire";
}

static json_t *case_json(const struct expected_modes *modes, const struct probe *probe)
{
    char platforms[32];
    char oracles[96];
    char area[32];

    catalogue_area(probe, area);
    return json_pack("{s:s, s:s, s:s, s:s?, s:s, s:s, s:s, s:s, s:s, s:o, s:s?, s:s?, s:b, s:b}",
                     "id", probe->id, "area", area, "claim", probe->claim, "technique",
                     probe->technique, "source", probe->source, "severity",
                     severity_name(probe->severity), "platforms",
                     platform_words(probe->platforms, platforms), "oracles",
                     oracle_words(probe, oracles), "control", control_words(probe), "expected",
                     expected_json(modes, probe), "needs", probe->needs, "not_implemented",
                     probe->not_implemented, "runnable", catalogue_is_runnable(probe) ? 1 : 0,
                     "informational", (probe->flags & CASE_INFORMATIONAL) != 0 ? 1 : 0);
}

static int add_cases(json_t *cases, const struct expected_modes *modes,
                     const struct catalogue_filter *filter, struct error *err)
{
    for (size_t i = 0; i < catalogue_count(); i++) {
        if (catalogue_matches(filter, catalogue_at(i)) &&
            json_array_append_new(cases, case_json(modes, catalogue_at(i))) < 0)
            return error_memory(err, "catalogue");
    }
    return 0;
}

static int print_json(const struct catalogue_filter *filter, struct error *err)
{
    struct expected_modes modes = {0};
    AUTO_JSON json_t *root = NULL;
    json_t *cases = json_array();
    char digest[65];
    int result = expected_modes_read(&modes, err);

    catalogue_digest(digest);
    if (result == 0)
        result = add_cases(cases, &modes, filter, err);
    root = json_pack("{s:s, s:s, s:s, s:o, s:o}", "schema", "holdfast.catalogue/1", "version",
                     CATALOGUE_VERSION, "sha256", digest, "modes", expected_modes_json(&modes),
                     "cases", cases);
    expected_modes_done(&modes);
    if (result < 0)
        return -1;
    return root == NULL ? error_memory(err, "catalogue") : document_print(root, err);
}

static void print_cell(const char *text)
{
    AUTO_BUFFER struct buffer safe = BUFFER_EMPTY;

    text_escape_markdown(&safe, text, strlen(text));
    (void)printf(" %s |", buffer_text(&safe));
}

static void print_markdown_row(const struct expected_modes *modes, const struct probe *probe)
{
    char platforms[32];
    char oracles[96];

    (void)printf("| `%s` |", probe->id);
    print_cell(probe->claim);
    print_cell(probe->technique != NULL ? probe->technique : "");
    (void)printf(" %s | %s | %s |", severity_name(probe->severity),
                 platform_words(probe->platforms, platforms), oracle_words(probe, oracles));
    expected_print_cells(modes, probe);
    print_cell(probe->needs != NULL ? probe->needs : "");
    print_cell(probe->source);
    print_cell(probe->not_implemented != NULL ? probe->not_implemented : "");
    (void)printf("\n");
}

static int print_markdown(const struct catalogue_filter *filter, struct error *err)
{
    struct expected_modes modes = {0};
    char last[32] = "";
    int result = expected_modes_read(&modes, err);

    if (result == 0)
        expected_print_legend(&modes);
    for (size_t i = 0; result == 0 && i < catalogue_count(); i++) {
        char area[32];

        if (!catalogue_matches(filter, catalogue_at(i)))
            continue;
        catalogue_area(catalogue_at(i), area);
        if (strcmp(area, last) != 0) {
            (void)printf("\n## %s\n\n| id | claim | technique | severity | platforms | oracles |",
                         area);
            expected_print_heads(" needs | source | not run because |\n", 9);
        }
        (void)snprintf(last, sizeof last, "%s", area);
        print_markdown_row(&modes, catalogue_at(i));
    }
    expected_modes_done(&modes);
    return result;
}

static int print_list(struct list_settings *settings, struct error *err)
{
    if (catalogue_check(err) < 0)
        return -1;
    if (settings->pattern_count > 0)
        settings->filter.patterns = settings->patterns;
    switch (settings->format) {
    case LIST_JSON:
        return print_json(&settings->filter, err);
    case LIST_MARKDOWN:
        return print_markdown(&settings->filter, err);
    case LIST_TABLE:
        break;
    }
    return print_table(&settings->filter);
}

int list_main(int argc, char **argv)
{
    struct list_settings settings = {0};
    struct error err = {0};
    int first = argc;
    int parsed = options_parse_mixed(&table, argc, argv, &settings, &first, &err);

    if (parsed == OPTIONS_ANSWERED)
        return 0;
    for (int i = first; parsed >= 0 && i < argc; i++)
        parsed = add_pattern(&settings, argv[i], &err);
    if (parsed < 0 || print_list(&settings, &err) < 0) {
        error_print(stderr, table.program, &err);
        return 2;
    }
    return fflush(stdout) == 0 ? 0 : 2;
}
