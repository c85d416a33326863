#include "conformance/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/options.h"
#include "base/text.h"
#include "conformance/catalogue.h"

enum {
    JOBS_MAX = 64,
    SHARDS_MAX = 1000,
    GRACE_DEFAULT_MS = 1500,
    GRACE_MAX_MS = 60000
};

static int add_mode(void *settings, const char *value, struct error *err)
{
    return strings_add(&((struct settings *)settings)->modes, value, err);
}

static int add_adapter(void *settings, const char *value, struct error *err)
{
    return strings_add(&((struct settings *)settings)->adapters, value, err);
}

/* One option may hold several patterns, as lists of ids are copied from reports. */
static int add_pattern(struct strings *patterns, const char *text, size_t length, struct error *err)
{
    if (strings_printf(patterns, err, "%.*s", (int)length, text) < 0)
        return -1;
    return catalogue_check_pattern(patterns->items[patterns->count - 1], err);
}

static int add_patterns(void *settings, const char *value, struct error *err)
{
    while (*value != '\0') {
        const size_t length = strcspn(value, ", ");

        if (length > 0 &&
            add_pattern(&((struct settings *)settings)->patterns, value, length, err) < 0)
            return -1;
        value += length;
        value += strspn(value, ", ");
    }
    return 0;
}

static int set_identity(void *settings, const char *value, struct error *err)
{
    for (int kind = 0; kind < IDENTITY_COUNT; kind++) {
        if (strcmp(value, identity_name((enum identity_kind)kind)) == 0) {
            ((struct settings *)settings)->identities[kind] = true;
            return 0;
        }
    }
    return error_set(err, ERR_USAGE, "%s: must be root or user", value);
}

static int set_number(unsigned *place, const char *value, unsigned min, unsigned max,
                      struct error *err)
{
    uint64_t number;

    if (!text_parse_u64(value, max, &number) || number < min)
        return error_set(err, ERR_USAGE, "%s: must be a number from %u to %u", value, min, max);
    *place = (unsigned)number;
    return 0;
}

static int set_jobs(void *settings, const char *value, struct error *err)
{
    return set_number(&((struct settings *)settings)->jobs, value, 1, JOBS_MAX, err);
}

static int set_grace(void *settings, const char *value, struct error *err)
{
    return set_number(&((struct settings *)settings)->grace_ms, value, 0, GRACE_MAX_MS, err);
}

static int set_shard(void *context, const char *value, struct error *err)
{
    struct settings *settings = context;
    const char *slash = strchr(value, '/');
    uint64_t count;
    uint64_t index;
    char first[16];

    if (slash != NULL && (size_t)(slash - value) < sizeof first) {
        memcpy(first, value, (size_t)(slash - value));
        first[slash - value] = '\0';
        if (text_parse_u64(first, SHARDS_MAX, &index) &&
            text_parse_u64(slash + 1, SHARDS_MAX, &count) && index >= 1 && index <= count) {
            settings->shard_index = (unsigned)index;
            settings->shard_count = (unsigned)count;
            return 0;
        }
    }
    return error_set(err, ERR_USAGE, "%s: must be I/N with 1 <= I <= N <= %d", value, SHARDS_MAX);
}

static int set_seed(void *context, const char *value, struct error *err)
{
    struct settings *settings = context;

    if (!text_parse_u64(value, UINT64_MAX, &settings->seed))
        return error_set(err, ERR_USAGE, "%s: must be a number", value);
    settings->has_seed = true;
    return 0;
}

static int set_path(char **place, const char *value, struct error *err)
{
    char *copy = strdup(value);

    if (copy == NULL)
        return error_memory(err, value);
    free(*place);
    *place = copy;
    return 0;
}

static int set_out(void *settings, const char *value, struct error *err)
{
    return set_path(&((struct settings *)settings)->out, value, err);
}

static int set_skips(void *settings, const char *value, struct error *err)
{
    return set_path(&((struct settings *)settings)->skips, value, err);
}

static int set_strict(void *settings, const char *value, struct error *err)
{
    (void)value;
    (void)err;
    ((struct settings *)settings)->is_strict = true;
    return 0;
}

static int set_json(void *settings, const char *value, struct error *err)
{
    (void)value;
    (void)err;
    ((struct settings *)settings)->is_json = true;
    return 0;
}

static int set_breakage(void *settings, const char *value, struct error *err)
{
    static const char *const names[] = {
        [BREAK_LISTENER] = "listener", [BREAK_PROBE] = "probe", [BREAK_CONTROL] = "control"};

    for (int i = BREAK_LISTENER; i <= BREAK_CONTROL; i++) {
        if (strcmp(value, names[i]) == 0) {
            ((struct settings *)settings)->breakage = (enum breakage)i;
            return 0;
        }
    }
    return error_set(err, ERR_USAGE, "%s: must be listener, probe or control", value);
}

static const struct option_row rows[] = {
    {.name = "mode",
     .letter = 'm',
     .value = "MODE",
     .help = "judge this mode of holdfast-sandbox; may be repeated",
     .apply = add_mode},
    {.name = "adapter",
     .letter = 'a',
     .value = "FILE",
     .help = "judge the sandbox that this adapter describes; may be repeated",
     .apply = add_adapter},
    {.name = "cases",
     .letter = 'c',
     .value = "PATTERN",
     .help = "only ids that match, e.g. 'fs.*'; commas separate several; may be repeated",
     .apply = add_patterns},
    {.name = "identity",
     .value = "root|user",
     .help = "run the cases as that; may be repeated; the default is all this user can be",
     .apply = set_identity},
    {.name = "jobs",
     .letter = 'j',
     .value = "N",
     .help = "cases that run at once; the default is the number of processors",
     .apply = set_jobs},
    {.name = "shard",
     .value = "I/N",
     .help = "only the I-th of N parts of the cases",
     .apply = set_shard},
    {.name = "seed", .value = "N", .help = "shuffle the order with this seed", .apply = set_seed},
    {.name = "grace",
     .value = "MS",
     .help = "look a second time after so many milliseconds (1500)",
     .apply = set_grace},
    {.name = "out",
     .letter = 'o',
     .value = "DIR",
     .help = "write conformance.json, .junit.xml, .tap, summary.md and report.html there",
     .apply = set_out},
    {.name = "strict",
     .help = "invalid results, and skips that no list allows, are failures (exit 3)",
     .apply = set_strict},
    {.name = "skips",
     .value = "FILE",
     .help = "the skips that are allowed; the default is expectations/skips.json",
     .apply = set_skips},
    {.name = "json", .help = "print conformance.json to stdout, no tables", .apply = set_json},
    {.name = "break",
     .value = "WHAT",
     .help = "break the listener, probe or control on purpose: nothing may then be proven",
     .apply = set_breakage},
    {0},
};

static const struct option_table table = {
    .program = "holdfast conformance",
    .synopsis = "[OPTION]...",
    .summary = "Runs the cases of the catalogue against sandboxes and judges them from outside. "
               "Without --mode and\n--adapter it judges the modes of holdfast-sandbox for this "
               "platform.",
    .epilogue = "Exit status: 0 all as expected; 1 an unexpected escape, over-block or regression; "
                "2 usage or\nenvironment error; 3 nothing proven (invalid results, or skips that "
                "no list allows, under --strict).\n\n"
                "Example: holdfast conformance --adapter conformance/adapters/bwrap.json --cases "
                "'fs.*,net.*'",
    .rows = rows,
};

int settings_parse(struct settings *settings, int argc, char **argv, struct error *err)
{
    int first;
    int result;

    *settings = (struct settings){.grace_ms = GRACE_DEFAULT_MS};
    result = options_parse_mixed(&table, argc, argv, settings, &first, err);
    if (result == OPTIONS_ANSWERED)
        return 1;
    if (result == OPTIONS_PARSED && first < argc) {
        (void)error_set(err, ERR_USAGE, "%s: no operands are taken", argv[first]);
        (void)error_hint(err, "see holdfast conformance --help");
        result = -1;
    }
    if (result < 0)
        settings_done(settings);
    return result;
}

void settings_done(struct settings *settings)
{
    strings_done(&settings->modes);
    strings_done(&settings->adapters);
    strings_done(&settings->patterns);
    free(settings->out);
    free(settings->skips);
    settings->out = settings->skips = NULL;
}

bool settings_want(const struct settings *settings, const char *id)
{
    for (size_t i = 0; i < settings->patterns.count; i++) {
        if (text_matches(settings->patterns.items[i], id))
            return true;
    }
    return settings->patterns.count == 0;
}
