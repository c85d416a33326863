/* See evidence.h. */
#include "sandbox/windows/evidence/evidence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/options.h"
#include "base/os.h"
#include "base/text.h"
#include "base/version.h"
#include "sandbox/windows/evidence/judge.h"
#include "sandbox/windows_facts.h"

enum {
    EXIT_UNEXPECTED = 1,
    EXIT_USAGE = 2,
    EXIT_NOTHING_SHOWN = 3 /* Wine */
};

struct settings {
    const char *sandbox;
    const char *out;
    enum evidence_mode mode;
    bool wants_standard_user;
    bool keeps_setup;
    bool wants_residue;
};

static int set_mode(void *settings, const char *value, struct error *err)
{
    enum evidence_mode *mode = &((struct settings *)settings)->mode;

    if (strcmp(value, "windows-unelevated") == 0)
        *mode = EVIDENCE_UNELEVATED;
    else if (strcmp(value, "windows-elevated") == 0)
        *mode = EVIDENCE_ELEVATED;
    else
        return error_set(err, ERR_USAGE, "--mode: windows-unelevated or windows-elevated");
    return 0;
}

static int set_sandbox(void *settings, const char *value, struct error *err)
{
    (void)err;
    ((struct settings *)settings)->sandbox = value;
    return 0;
}

static int set_out(void *settings, const char *value, struct error *err)
{
    (void)err;
    ((struct settings *)settings)->out = value;
    return 0;
}

static int set_standard(void *settings, const char *value, struct error *err)
{
    (void)value;
    (void)err;
    ((struct settings *)settings)->wants_standard_user = true;
    return 0;
}

static int set_keep(void *settings, const char *value, struct error *err)
{
    (void)value;
    (void)err;
    ((struct settings *)settings)->keeps_setup = true;
    return 0;
}

static int set_residue(void *settings, const char *value, struct error *err)
{
    (void)value;
    (void)err;
    ((struct settings *)settings)->wants_residue = true;
    return 0;
}

static const struct option_row rows[] = {
    {.name = "mode",
     .value = "MODE",
     .apply = set_mode,
     .help = "which mode (default: unelevated)"},
    {.name = "sandbox",
     .value = "EXE",
     .apply = set_sandbox,
     .help = "holdfast-sandbox.exe (default: beside this program)"},
    {.name = "out", .value = "FILE", .apply = set_out, .help = "where the JSON goes"},
    {.name = "standard-user",
     .apply = set_standard,
     .help = "refuse to show anything as an administrator"},
    {.name = "keep-setup",
     .apply = set_keep,
     .help = "do not tear down at the end: whoever set up does that"},
    {.name = "residue", .apply = set_residue, .help = "only look for what a set-up has left"},
    {0},
};

static const struct option_table table = {
    .program = "holdfast-evidence",
    .synopsis = "[OPTION]... | attempt WORD [ARGUMENT]...",
    .summary =
        "Tries on this Windows machine what the sandbox is said to do, each case with a control\n"
        "and an oracle, and tears down at the end.",
    .epilogue =
        "Exit status: 0 all as the mode and its plan's gaps say; 1 something is not; 2 not\n"
        "understood, or not the right user; 3 nothing can be shown here (Wine).",
    .rows = rows,
};

/* The record ------------------------------------------------------------------------------------------- */

struct record {
    struct buffer json;
    size_t counts[EVIDENCE_VERDICT_COUNT];
    size_t unexpected, total;
    unsigned long logons; /* at the beginning */
};

static void add_text(struct buffer *out, const char *name, const char *value)
{
    buffer_printf(out, "\"%s\": \"", name);
    text_escape_json(out, value, strlen(value));
    buffer_add_byte(out, '"');
}

static void add_run(struct buffer *out, const char *name, const struct evidence_run *run)
{
    buffer_printf(out, ", \"%s\": {\"status\": %lu, \"seen\": %s, ", name,
                  (unsigned long)run->status, run->has_seen ? "true" : "false");
    add_text(out, "said", run->said);
    buffer_add_byte(out, '}');
}

static void note_case(struct record *record, const char *id, const char *claim,
                      const struct evidence_result *result)
{
    const char *verdict = evidence_verdict_name(result->verdict);

    record->counts[result->verdict]++;
    record->unexpected += result->is_expected ? 0 : 1;
    (void)printf("%-13s %-24s %s; %s%s%s\n", verdict, id, claim, result->reason,
                 result->gap != NULL ? "; gap " : "", result->gap != NULL ? result->gap : "");
    (void)fflush(stdout);
    buffer_add_text(&record->json, record->total++ > 0 ? ",\n  {" : "\n  {");
    add_text(&record->json, "id", id);
    buffer_add_text(&record->json, ", ");
    add_text(&record->json, "claim", claim);
    buffer_printf(&record->json, ", \"verdict\": \"%s\", \"expected\": %s, ", verdict,
                  result->is_expected ? "true" : "false");
    add_text(&record->json, "gap", result->gap != NULL ? result->gap : "");
    buffer_add_text(&record->json, ", ");
    add_text(&record->json, "reason", result->reason);
    add_run(&record->json, "control", &result->control);
    add_run(&record->json, "inside", &result->inside);
    buffer_add_byte(&record->json, '}');
}

/* What is looked at besides the cases: nothing is tried, something is compared. */
static void note_list(struct record *record, const char *id, const char *claim,
                      const struct text_list *bad, const struct error *failed)
{
    struct evidence_result result = {.verdict = EVIDENCE_HELD, .is_expected = true};

    (void)snprintf(result.reason, sizeof result.reason, "nothing differs");
    if (failed != NULL || bad->count > 0) {
        result.verdict = failed != NULL ? EVIDENCE_INVALID : EVIDENCE_ESCAPED;
        result.is_expected = false;
        (void)snprintf(result.reason, sizeof result.reason, "%s",
                       failed != NULL ? failed->message : bad->items[0]);
        for (size_t i = 0; failed == NULL && i < bad->count; i++)
            (void)printf("  %s\n", bad->items[i]);
    }
    if (win_is_wine()) {
        result.verdict = EVIDENCE_UNVERIFIABLE;
        result.is_expected = false;
    }
    note_case(record, id, claim, &result);
}

/* The parts -------------------------------------------------------------------------------------------- */

static int try_cases(const struct evidence_bench *bench, struct record *record, struct error *err)
{
    for (size_t i = 0; i < evidence_case_count; i++) {
        const struct evidence_case *row = &evidence_cases[i];
        struct evidence_result result;

        if ((row->modes & bench->mode) == 0)
            continue;
        if (evidence_judge(bench, row, &result, err) < 0)
            return -1;
        note_case(record, row->id, row->claim, &result);
    }
    return 0;
}

/* A command in a converged workspace writes no descriptor: what it finds is what it leaves. */
static int try_converged(const struct evidence_bench *bench, struct record *record,
                         struct error *err)
{
    struct evidence_place now = *bench->place;
    struct text_list before = {0};
    struct text_list changed = {0};
    struct evidence_case row = {
        .oracle = SEES_STATUS, .must_work = true, .attempt = {"read", "%ws\\file.txt"}};
    struct evidence_result ignored;
    int result = evidence_judge(bench, &row, &ignored, err);

    now.snapshots = before;
    if (result == 0)
        result = evidence_place_snapshot(bench->place, &now.snapshots, err);
    if (result == 0)
        result = evidence_judge(bench, &row, &ignored, err);
    if (result == 0)
        result = evidence_place_compare(&now, &changed, err);
    note_list(record, "cost.converged", "a second command changes no descriptor", &changed,
              result < 0 ? err : NULL);
    text_list_done(&now.snapshots);
    text_list_done(&changed);
    return 0;
}

static void try_logons(struct record *record)
{
    struct text_list wrong = {0};
    struct error err = {0};
    int result = evidence_find_logons(&wrong, &err);

    note_list(record, "logon.rights", "the accounts have the one kind of logon that is needed",
              &wrong, result < 0 ? &err : NULL);
    text_list_done(&wrong);
}

static void try_teardown(const struct evidence_bench *bench, struct record *record)
{
    static const char *const words[] = {"teardown", NULL};
    struct text_list changed = {0};
    struct text_list residue = {0};
    struct evidence_run run = {.status = 1};
    struct error err = {0};
    int result = evidence_place_restore(bench->place, &err);

    if (result == 0)
        result = evidence_sandbox(bench, words, &run, &err);
    if (result == 0 && run.status != 0)
        result = error_set(&err, ERR_OS, "teardown ended with %lu: %s", (unsigned long)run.status,
                           run.said);
    if (result == 0)
        result = evidence_place_compare(bench->place, &changed, &err);
    note_list(record, "teardown.descriptors", "every descriptor is what it was before", &changed,
              result < 0 ? &err : NULL);
    if (bench->mode == EVIDENCE_ELEVATED) {
        if (result == 0)
            result = evidence_find_residue(&residue, &err);
        note_list(record, "teardown.residue",
                  "no account, group, right, filter, rule, record or folder is left", &residue,
                  result < 0 ? &err : NULL);
    }
    text_list_done(&changed);
    text_list_done(&residue);
}

static int show(const struct settings *settings, struct record *record, struct error *err)
{
    AUTO_FREE char *self = os_self_path(err);
    char *end = self != NULL ? strrchr(self, '\\') : NULL;
    AUTO_FREE char *beside = NULL;
    struct evidence_place place;
    struct evidence_bench bench = {&place, settings->sandbox, settings->mode};
    int result;

    if (end == NULL)
        return -1;
    *end = '\0';
    beside = windows_path_join(self, "holdfast-sandbox.exe");
    if (bench.sandbox == NULL)
        bench.sandbox = beside;
    result = evidence_place_make(&place, err);
    if (result == 0)
        result = try_cases(&bench, record, err);
    if (result == 0)
        result = try_converged(&bench, record, err);
    if (result == 0 && settings->mode == EVIDENCE_ELEVATED)
        try_logons(record);
    if (result == 0 && !settings->keeps_setup)
        try_teardown(&bench, record);
    evidence_place_remove(&place);
    return result;
}

static int finish(const struct settings *settings, struct record *record, struct error *err)
{
    buffer_printf(&record->json, "],\n \"logon_sessions\": {\"before\": %lu, \"after\": %lu}",
                  record->logons, evidence_count_logons());
    buffer_add_text(&record->json, ",\n \"counts\": {");
    for (int i = 0; i < EVIDENCE_VERDICT_COUNT; i++) {
        buffer_printf(&record->json, "%s\"%s\": %zu", i > 0 ? ", " : "",
                      evidence_verdict_name((enum evidence_verdict)i), record->counts[i]);
        (void)printf("%s%zu %s", i > 0 ? ", " : "", record->counts[i],
                     evidence_verdict_name((enum evidence_verdict)i));
    }
    (void)printf("; %zu not as said\n", record->unexpected);
    buffer_printf(&record->json, "}, \"unexpected\": %zu}\n", record->unexpected);
    if (buffer_failed(&record->json))
        return error_memory(err, "evidence");
    return settings->out != NULL
               ? os_replace_file(settings->out, record->json.data, record->json.size, err)
               : 0;
}

/* 0: nothing is left; what is, is listed. */
static int show_residue(struct error *err)
{
    struct text_list found = {0};
    int result = evidence_find_residue(&found, err);
    bool is_clean = found.count == 0;

    for (size_t i = 0; i < found.count; i++)
        (void)printf("left: %s\n", found.items[i]);
    text_list_done(&found);
    if (result < 0)
        return -1;
    (void)printf("%s\n", is_clean ? "nothing is left" : "something is left");
    return is_clean ? 0 : EXIT_UNEXPECTED;
}

static int fail(const struct error *err, int status)
{
    error_print(stderr, "holdfast-evidence", err);
    return status;
}

int main(int argc, char **argv)
{
    struct settings settings = {.mode = EVIDENCE_UNELEVATED};
    struct record record = {.json = BUFFER_EMPTY};
    struct error err = {0};
    int first = 0;
    int parsed;
    int status = 0;

    if (argc > 1 && strcmp(argv[1], "attempt") == 0)
        return evidence_attempt(argc - 2, argv + 2);
    parsed = options_parse(&table, argc, argv, &settings, &first, &err);
    if (parsed != OPTIONS_PARSED)
        return parsed < 0 ? fail(&err, EXIT_USAGE) : 0;
    if (settings.wants_residue) {
        status = show_residue(&err);
        return status < 0 ? fail(&err, EXIT_UNEXPECTED) : status;
    }
    if (settings.wants_standard_user && evidence_is_administrator()) {
        (void)error_set(&err, ERR_REFUSED,
                        "this user is an administrator: it would show nothing of "
                        "a standard one");
        return fail(&err, EXIT_USAGE);
    }
    buffer_printf(&record.json,
                  "{\"schema\": \"holdfast.windows-evidence/1\", \"version\": \"%s\",\n "
                  "\"mode\": \"%s\",\n \"host\": {",
                  HOLDFAST_VERSION,
                  settings.mode == EVIDENCE_ELEVATED ? "windows-elevated" : "windows-unelevated");
    record.logons = evidence_count_logons();
    evidence_describe_machine(&record.json);
    evidence_describe_objects(&record.json);
    buffer_add_text(&record.json, "},\n \"cases\": [");
    if (show(&settings, &record, &err) < 0)
        status = fail(&err, EXIT_UNEXPECTED);
    if (finish(&settings, &record, &err) < 0)
        status = fail(&err, EXIT_UNEXPECTED);
    buffer_done(&record.json);
    if (status != 0)
        return status;
    return win_is_wine() ? EXIT_NOTHING_SHOWN : record.unexpected > 0 ? EXIT_UNEXPECTED : 0;
}
