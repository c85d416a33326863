#include "results/model.h"

#include <stdlib.h>
#include <string.h>

#include "results/fields.h"

const char *verdict_name(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_HELD:
        return "held";
    case VERDICT_ESCAPED:
        return "escaped";
    case VERDICT_WORKS:
        return "works";
    case VERDICT_OVERBLOCKED:
        return "overblocked";
    case VERDICT_INVALID:
        return "invalid";
    case VERDICT_SKIPPED:
        return "skipped";
    case VERDICT_UNVERIFIABLE:
        return "unverifiable";
    }
    return "?";
}

const char *status_name(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return "ok";
    case STATUS_KNOWN_GAP:
        return "known-gap";
    case STATUS_FIXED_GAP:
        return "fixed-gap";
    case STATUS_REGRESSION:
        return "regression";
    case STATUS_INVALID:
        return "invalid";
    case STATUS_SKIPPED:
        return "skipped";
    case STATUS_UNVERIFIABLE:
        return "unverifiable";
    case STATUS_UNVERIFIED:
        return "unverified";
    }
    return "?";
}

int verdict_parse(const char *name, enum verdict *verdict, struct error *err)
{
    for (int i = 0; i < VERDICT_COUNT; i++) {
        if (strcmp(name, verdict_name((enum verdict)i)) == 0) {
            *verdict = (enum verdict)i;
            return 0;
        }
    }
    return error_set(err, ERR_INVALID, "%s: not a verdict", name);
}

int status_parse(const char *name, enum status *status, struct error *err)
{
    for (int i = 0; i < STATUS_COUNT; i++) {
        if (strcmp(name, status_name((enum status)i)) == 0) {
            *status = (enum status)i;
            return 0;
        }
    }
    return error_set(err, ERR_INVALID, "%s: not a status", name);
}

bool result_is_date(const char *text)
{
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int number[3] = {0};

    if (strlen(text) != 10)
        return false;
    for (int i = 0; i < 10; i++) {
        bool is_dash = i == 4 || i == 7;

        if (is_dash ? text[i] != '-' : text[i] < '0' || text[i] > '9')
            return false;
        if (!is_dash)
            number[(i > 4) + (i > 7)] = number[(i > 4) + (i > 7)] * 10 + (text[i] - '0');
    }
    if (number[1] < 1 || number[1] > 12 || number[2] < 1 || number[2] > days[number[1] - 1])
        return false;
    return number[1] != 2 || number[2] < 29 ||
           (number[0] % 4 == 0 && (number[0] % 100 != 0 || number[0] % 400 == 0));
}

void result_run_init(struct result_run *run)
{
    *run = (struct result_run){0};
}

static void free_sandbox(struct result_sandbox *sandbox)
{
    fields_free(sandbox, sandbox_fields);
    fields_free(&sandbox->host, host_fields);
}

void result_run_done(struct result_run *run)
{
    if (run == NULL)
        return;
    for (size_t i = 0; i < run->case_count; i++)
        fields_free(&run->cases[i], case_fields);
    for (size_t i = 0; i < run->sandbox_count; i++)
        free_sandbox(&run->sandboxes[i]);
    free(run->cases);
    free(run->sandboxes);
    free(run->catalogue_version);
    free(run->catalogue_sha256);
    fields_free(&run->host, host_fields);
    fields_free(run, run_fields);
    result_run_init(run);
}

/* Room for one more of `size` bytes: capacity is the power of two at or above count. */
static void *grow(void *items, size_t count, size_t size)
{
    if (count == 0)
        return malloc(size);
    if ((count & (count - 1)) != 0)
        return items;
    return count > SIZE_MAX / 2 / size ? NULL : realloc(items, count * 2 * size);
}

struct result_case *result_run_add_case(struct result_run *run, const struct result_case *from,
                                        struct error *err)
{
    struct result_case copy = *from;
    struct result_case *grown;

    if (!fields_copy(&copy, from, case_fields)) {
        (void)error_memory(err, "a case");
        return NULL;
    }
    grown = grow(run->cases, run->case_count, sizeof *grown);
    if (grown == NULL) {
        fields_free(&copy, case_fields);
        (void)error_memory(err, "a case");
        return NULL;
    }
    run->cases = grown;
    run->cases[run->case_count] = copy;
    return &run->cases[run->case_count++];
}

struct result_sandbox *result_run_add_sandbox(struct result_run *run,
                                              const struct result_sandbox *from, struct error *err)
{
    struct result_sandbox copy = *from;
    struct result_sandbox *grown;

    if (!fields_copy(&copy, from, sandbox_fields)) {
        (void)error_memory(err, "a sandbox");
        return NULL;
    }
    if (!fields_copy(&copy.host, &from->host, host_fields)) {
        fields_free(&copy, sandbox_fields);
        (void)error_memory(err, "a sandbox");
        return NULL;
    }
    grown = grow(run->sandboxes, run->sandbox_count, sizeof *grown);
    if (grown == NULL) {
        free_sandbox(&copy);
        (void)error_memory(err, "a sandbox");
        return NULL;
    }
    run->sandboxes = grown;
    run->sandboxes[run->sandbox_count] = copy;
    return &run->sandboxes[run->sandbox_count++];
}
