#include "results/tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

void tally_add(struct tally *tally, const struct result_case *row)
{
    if (row->is_information) {
        tally->information++;
        return;
    }
    tally_add_any(tally, row);
}

void tally_add_any(struct tally *tally, const struct result_case *row)
{
    tally->total++;
    tally->verdicts[row->verdict]++;
    tally->statuses[row->status]++;
}

size_t tally_applicable(const struct tally *tally)
{
    return tally->total - tally->verdicts[VERDICT_SKIPPED] - tally->verdicts[VERDICT_UNVERIFIABLE];
}

size_t tally_good(const struct tally *tally)
{
    return tally->verdicts[VERDICT_HELD] + tally->verdicts[VERDICT_WORKS];
}

size_t tally_unexpected(const struct tally *tally)
{
    return tally->statuses[STATUS_REGRESSION] + tally->statuses[STATUS_FIXED_GAP] +
           tally->statuses[STATUS_UNVERIFIED];
}

size_t tally_bad(const struct tally *tally)
{
    return tally_unexpected(tally) + tally->statuses[STATUS_INVALID];
}

enum grade status_grade(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return GRADE_GOOD;
    case STATUS_KNOWN_GAP:
        return GRADE_GAP;
    case STATUS_FIXED_GAP:
    case STATUS_REGRESSION:
    case STATUS_UNVERIFIED:
        return GRADE_BAD;
    case STATUS_INVALID:
        return GRADE_INVALID;
    case STATUS_SKIPPED:
        return GRADE_NONE;
    case STATUS_UNVERIFIABLE:
        return GRADE_UNKNOWN;
    }
    return GRADE_NONE;
}

enum grade case_grade(const struct result_case *row)
{
    return row->is_information && row->status == STATUS_KNOWN_GAP ? GRADE_INFORMATION
                                                                  : status_grade(row->status);
}

enum grade tally_grade(const struct tally *tally)
{
    static const enum status worst_first[] = {
        STATUS_REGRESSION, STATUS_FIXED_GAP, STATUS_UNVERIFIED,  STATUS_INVALID,
        STATUS_KNOWN_GAP,  STATUS_OK,        STATUS_UNVERIFIABLE};

    for (size_t i = 0; i < ARRAY_SIZE(worst_first); i++) {
        if (tally->statuses[worst_first[i]] > 0)
            return status_grade(worst_first[i]);
    }
    return GRADE_NONE;
}

const char *grade_symbol(enum grade grade)
{
    switch (grade) {
    case GRADE_GOOD:
        return "\u2713"; /* check mark */
    case GRADE_GAP:
        return "\u2248"; /* almost equal */
    case GRADE_BAD:
        return "\u2717"; /* ballot x */
    case GRADE_INVALID:
        return "!";
    case GRADE_UNKNOWN:
        return "?";
    case GRADE_INFORMATION:
        return "i";
    case GRADE_NONE:
        return "\u2013"; /* en dash */
    }
    return "";
}

const char *grade_name(enum grade grade)
{
    switch (grade) {
    case GRADE_GOOD:
        return "good";
    case GRADE_GAP:
        return "gap";
    case GRADE_BAD:
        return "bad";
    case GRADE_INVALID:
        return "invalid";
    case GRADE_UNKNOWN:
        return "unknown";
    case GRADE_INFORMATION:
        return "information";
    case GRADE_NONE:
        return "none";
    }
    return "";
}

static const struct {
    const char *name;
    const char *title;
} areas[] = {
    {"fs", "files outside the roots"},
    {"git", "git and agent metadata"},
    {"read", "reads of secrets"},
    {"net", "network"},
    {"ipc", "brokers and sockets of the host"},
    {"proc", "processes and kernel interfaces"},
    {"wproc", "Windows processes and tokens"},
    {"persist", "things that run later"},
    {"setup", "footprint of the set-up"},
    {"res", "resources"},
    {"wsl", "WSL interop"},
    {"harness", "attacks on the harness"},
    {"mw", "useful work"},
};

void area_of(const char *id, char area[AREA_NAME_MAX])
{
    size_t length = strcspn(id, ".");

    if (length >= AREA_NAME_MAX)
        length = AREA_NAME_MAX - 1;
    memcpy(area, id, length);
    area[length] = '\0';
}

bool is_must_work(const char *id)
{
    return strncmp(id, "mw.", 3) == 0;
}

static size_t area_place(const char *area)
{
    for (size_t i = 0; i < ARRAY_SIZE(areas); i++) {
        if (strcmp(areas[i].name, area) == 0)
            return i == ARRAY_SIZE(areas) - 1 ? i + 1 : i; /* must-work after the unknown ones */
    }
    return ARRAY_SIZE(areas) - 1;
}

const char *area_title(const char *area)
{
    for (size_t i = 0; i < ARRAY_SIZE(areas); i++) {
        if (strcmp(areas[i].name, area) == 0)
            return areas[i].title;
    }
    return NULL;
}

int area_order(const char *a, const char *b)
{
    size_t place_a = area_place(a);
    size_t place_b = area_place(b);

    if (place_a != place_b)
        return place_a < place_b ? -1 : 1;
    return strcmp(a, b);
}

int severity_rank(const char *severity)
{
    static const char *const names[] = {"info", "low", "medium", "high", "critical"};

    for (size_t i = 0; severity != NULL && i < ARRAY_SIZE(names); i++) {
        if (strcmp(names[i], severity) == 0)
            return (int)i;
    }
    return -1;
}

static int compare_areas(const void *a, const void *b)
{
    return area_order(a, b);
}

static size_t find_area(const struct matrix *matrix, const char *area)
{
    size_t at = 0;

    while (at < matrix->area_count && strcmp(matrix->areas[at], area) != 0)
        at++;
    return at;
}

static int collect_areas(struct matrix *matrix, const struct result_run *run, struct error *err)
{
    for (size_t i = 0; i < run->case_count; i++) {
        char area[AREA_NAME_MAX];
        void *grown;

        area_of(run->cases[i].id, area);
        if (find_area(matrix, area) < matrix->area_count)
            continue;
        grown = realloc(matrix->areas, (matrix->area_count + 1) * sizeof(matrix->areas[0]));
        if (grown == NULL)
            return error_memory(err, "areas");
        matrix->areas = grown;
        memcpy(matrix->areas[matrix->area_count++], area, sizeof area);
    }
    if (matrix->area_count > 0)
        qsort(matrix->areas, matrix->area_count, sizeof(matrix->areas[0]), compare_areas);
    return 0;
}

static size_t column_of(const struct result_run *run, const struct result_case *row)
{
    size_t at = 0;

    while (at < run->sandbox_count && (strcmp(run->sandboxes[at].name, row->sandbox) != 0 ||
                                       strcmp(run->sandboxes[at].identity, row->identity) != 0))
        at++;
    return at;
}

static void count_cases(struct matrix *matrix, const struct result_run *run)
{
    for (size_t i = 0; i < run->case_count; i++) {
        const struct result_case *row = &run->cases[i];
        size_t column = column_of(run, row);
        char area[AREA_NAME_MAX];

        if (column == run->sandbox_count)
            continue;
        area_of(row->id, area);
        tally_add(&matrix->cells[find_area(matrix, area) * matrix->column_count + column], row);
        tally_add(is_must_work(row->id) ? &matrix->works[column] : &matrix->contained[column], row);
    }
}

int matrix_init(struct matrix *matrix, const struct result_run *run, struct error *err)
{
    *matrix = (struct matrix){.column_count = run->sandbox_count};
    if (collect_areas(matrix, run, err) < 0) {
        matrix_done(matrix);
        return -1;
    }
    matrix->cells = calloc(matrix->area_count * matrix->column_count + 1, sizeof(struct tally));
    matrix->contained = calloc(matrix->column_count + 1, sizeof(struct tally));
    matrix->works = calloc(matrix->column_count + 1, sizeof(struct tally));
    if (matrix->cells == NULL || matrix->contained == NULL || matrix->works == NULL) {
        matrix_done(matrix);
        return error_memory(err, "a matrix");
    }
    count_cases(matrix, run);
    return 0;
}

void matrix_done(struct matrix *matrix)
{
    free(matrix->areas);
    free(matrix->cells);
    free(matrix->contained);
    free(matrix->works);
    *matrix = (struct matrix){0};
}

const struct tally *matrix_cell(const struct matrix *matrix, size_t area, size_t column)
{
    return &matrix->cells[area * matrix->column_count + column];
}

void sandbox_title(const char *name, const char *identity, char *out, size_t out_size)
{
    (void)snprintf(out, out_size, "%s (%s)", name, identity);
}
