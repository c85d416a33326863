/* holdfast-sandbox audit: the same words and budget on every platform. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/os.h"
#include "base/text.h"
#include "sandbox/audit.h"
#include "sandbox/commands.h"
#include "sandbox/sandbox.h"

struct audit_settings {
    uint64_t seconds;
    uint64_t entries;
    uint64_t depth;
    bool is_json;
};

void audit_done(struct audit *audit)
{
    for (size_t i = 0; i < audit->count; i++)
        free(audit->findings[i].path);
    free(audit->findings);
    *audit = (struct audit){0};
}

int audit_add(struct audit *audit, const char *path, const char *who, const char *what,
              struct error *err)
{
    struct audit_finding *findings =
        realloc(audit->findings, (audit->count + 1) * sizeof *findings);
    struct audit_finding *finding;

    if (findings == NULL)
        return error_memory(err, "audit");
    audit->findings = findings;
    finding = &findings[audit->count];
    *finding = (struct audit_finding){.path = text_copy(path, strlen(path))};
    if (finding->path == NULL)
        return error_memory(err, "audit");
    (void)snprintf(finding->who, sizeof finding->who, "%s", who);
    (void)snprintf(finding->what, sizeof finding->what, "%s", what);
    audit->count++;
    return 0;
}

/* Options -------------------------------------------------------------------------------------------- */

static int set_number(uint64_t *to, const char *value, uint64_t max, struct error *err)
{
    return text_parse_u64(value, max, to)
               ? 0
               : error_set(err, ERR_USAGE, "\"%s\" is no number up to %llu", value,
                           (unsigned long long)max);
}

static int set_seconds(void *settings, const char *value, struct error *err)
{
    return set_number(&((struct audit_settings *)settings)->seconds, value, 86400, err);
}

static int set_entries(void *settings, const char *value, struct error *err)
{
    return set_number(&((struct audit_settings *)settings)->entries, value, 100000000, err);
}

static int set_depth(void *settings, const char *value, struct error *err)
{
    return set_number(&((struct audit_settings *)settings)->depth, value, 100, err);
}

static int set_json(void *settings, const char *value, struct error *err)
{
    (void)value;
    (void)err;
    ((struct audit_settings *)settings)->is_json = true;
    return 0;
}

static const struct option_row rows[] = {
    {.name = "seconds",
     .value = "N",
     .apply = set_seconds,
     .help = "look for at most this long (2)"},
    {.name = "entries",
     .value = "N",
     .apply = set_entries,
     .help = "look at no more files and directories than that (50000)"},
    {.name = "depth", .value = "N", .apply = set_depth, .help = "levels below each place (1)"},
    {.name = "json", .apply = set_json, .help = "print JSON"},
    {0},
};

/* Saying it ------------------------------------------------------------------------------------------- */

static void print_text(struct buffer *out, const struct audit *audit, size_t places,
                       const struct audit_settings *settings)
{
    for (size_t i = 0; i < audit->count; i++) {
        const struct audit_finding *finding = &audit->findings[i];

        buffer_printf(out, "%-20s %-12s ", finding->who, finding->what);
        text_escape_terminal(out, finding->path, strlen(finding->path));
        buffer_add_byte(out, '\n');
    }
    buffer_printf(
        out,
        "%zu found; looked at %zu entries of %zu places; %zu could not be looked at, %zu links "
        "not followed, %zu directories not seen whole\n",
        audit->count, audit->looks, places, audit->unreadable, audit->links, audit->cut);
    buffer_printf(out, "budget: %llu s and %llu entries: %s\n",
                  (unsigned long long)settings->seconds, (unsigned long long)settings->entries,
                  audit->was_stopped ? "USED UP, so this is not all" : "enough");
}

static void print_json(struct buffer *out, const struct audit *audit, size_t places,
                       const struct audit_settings *settings)
{
    buffer_add_text(out, "{\n  \"findings\": [");
    for (size_t i = 0; i < audit->count; i++) {
        const struct audit_finding *finding = &audit->findings[i];

        buffer_printf(out, "%s\n    {\"who\": \"%s\", \"what\": \"%s\", \"path\": \"",
                      i > 0 ? "," : "", finding->who, finding->what);
        text_escape_json(out, finding->path, strlen(finding->path));
        buffer_add_text(out, "\"}");
    }
    buffer_printf(
        out,
        "%s],\n  \"looks\": %zu, \"places\": %zu, \"unreadable\": %zu, \"links\": %zu, "
        "\"cut\": %zu,\n  \"budget\": {\"seconds\": %llu, \"entries\": %llu, \"used_up\": "
        "%s}\n}\n",
        audit->count > 0 ? "\n  " : "", audit->looks, places, audit->unreadable, audit->links,
        audit->cut, (unsigned long long)settings->seconds, (unsigned long long)settings->entries,
        audit->was_stopped ? "true" : "false");
}

/* Doing it -------------------------------------------------------------------------------------------- */

static int audit_places(struct audit *audit, const struct text_list *places, struct error *err)
{
    for (size_t i = 0; i < places->count && !audit->was_stopped; i++) {
        if (audit_place(audit, places->items[i], err) < 0)
            return error_wrap(err, "audit");
    }
    return 0;
}

static int run(const struct audit_settings *settings, const struct text_list *places,
               struct error *err)
{
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;
    struct audit audit = {
        .depth = (unsigned)settings->depth,
        .entries_max = (size_t)settings->entries,
        .until_ns = settings->seconds == 0 ? 0 : os_now_ns() + settings->seconds * 1000000000u};
    int result = audit_places(&audit, places, err);

    if (result == 0) {
        if (settings->is_json)
            print_json(&out, &audit, places->count, settings);
        else
            print_text(&out, &audit, places->count, settings);
        (void)fputs(buffer_text(&out), stdout);
    }
    audit_done(&audit);
    return result;
}

int command_audit(int argc, char **argv)
{
    static const struct option_table table = {
        .program = "holdfast-sandbox audit",
        .synopsis = "[OPTION]... [DIR]...",
        .summary =
            "Finds places that everybody may write: what a sandbox that relies on who may write\n"
            "what cannot close. Without DIR: where such places usually are.",
        .epilogue = "Exit status: 0 looked, whatever was found; 125 could not look.",
        .rows = rows,
    };
    struct audit_settings settings = {.seconds = 2, .entries = 50000, .depth = 1};
    struct text_list places = {0};
    struct error err = {0};
    int first = 0;
    int parsed = options_parse(&table, argc, argv, &settings, &first, &err);
    int result = 0;

    if (parsed == OPTIONS_ANSWERED)
        return 0;
    if (parsed < 0)
        return command_fail(&err, SANDBOX_EXIT_REFUSED);
    for (int i = first; result == 0 && i < argc; i++)
        result = text_list_add(&places, argv[i], &err);
    if (result == 0 && places.count == 0)
        result = audit_usual_places(&places, &err);
    if (result == 0)
        result = run(&settings, &places, &err);
    text_list_done(&places);
    return result < 0 ? command_fail(&err, SANDBOX_EXIT_REFUSED) : 0;
}
