#include <stdlib.h>
#include <string.h>

#include "results/chart.h"
#include "results/index.h"
#include "results/page.h"

/* All evidence of a page together; 12 columns of 420 cases get 800 bytes each. */
static const size_t evidence_budget = 3u << 20;
enum {
    CHART_GREY = 6,
    TEXT_LEAST = 120,
    TEXT_MOST = 1200
};

static bool is_same_text(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

bool page_is_same_host(const struct result_host *a, const struct result_host *b)
{
    const char *const texts_a[] = {a->os, a->kernel, a->arch, a->machine};
    const char *const texts_b[] = {b->os, b->kernel, b->arch, b->machine};

    for (size_t i = 0; i < sizeof texts_a / sizeof texts_a[0]; i++) {
        if (!is_same_text(texts_a[i], texts_b[i]))
            return false;
    }
    return true;
}

/* Whether an earlier column has the same name: the other identity of a sandbox. */
static bool is_repeated(const struct page *page, size_t column)
{
    for (size_t i = 0; i < column; i++) {
        if (strcmp(page->columns[i].sandbox->name, page->columns[column].sandbox->name) == 0)
            return true;
    }
    return false;
}

/* Kinds of the columns by their order; no sandbox at all is grey. SIZE_MAX: neither. */
static size_t kind_of_name(const struct page *page, const char *name)
{
    size_t kind = 0;

    for (size_t i = 0; i < page->column_count; i++) {
        if (strcmp(page->columns[i].sandbox->name, name) == 0)
            return kind;
        kind += !is_repeated(page, i);
    }
    return strcmp(name, "none") == 0 ? CHART_GREY : SIZE_MAX;
}

void page_kinds(const struct page *page, const char *const *names, size_t count, size_t *kinds)
{
    bool is_taken[CHART_KINDS] = {false};

    for (size_t i = 0; i < count; i++) {
        kinds[i] = kind_of_name(page, names[i]);
        if (kinds[i] < CHART_KINDS && !is_taken[kinds[i]])
            is_taken[kinds[i]] = true;
        else
            kinds[i] = SIZE_MAX;
    }
    for (size_t i = 0; i < count; i++) {
        size_t free_kind = 0;

        if (kinds[i] != SIZE_MAX)
            continue;
        while (free_kind < CHART_KINDS && is_taken[free_kind])
            free_kind++;
        kinds[i] = free_kind < CHART_KINDS ? free_kind : i % CHART_KINDS;
        is_taken[kinds[i]] = true;
    }
}

bool page_is_escape(const struct result_case *row)
{
    return row->verdict == VERDICT_ESCAPED && !row->is_information;
}

size_t page_escapes(const struct page *page, const struct column *column)
{
    size_t at = (size_t)(column - page->columns);
    size_t count = 0;

    for (size_t i = 0; i < page->case_count; i++)
        count += page->cases[i].seen[at] != NULL && page_is_escape(page->cases[i].seen[at]);
    return count;
}

static size_t count_columns(const struct input *inputs, size_t count)
{
    size_t columns = 0;

    for (size_t i = 0; i < count; i++) {
        if (inputs[i].kind == INPUT_CONFORMANCE)
            columns += inputs[i].run.sandbox_count;
    }
    return columns;
}

static int fill_columns(struct page *page, struct error *err)
{
    page->columns =
        calloc(count_columns(page->inputs, page->input_count) + 1, sizeof *page->columns);
    if (page->columns == NULL)
        return error_memory(err, "a page");
    for (size_t i = 0; i < page->input_count; i++) {
        const struct result_run *run = &page->inputs[i].run;

        if (page->inputs[i].kind != INPUT_CONFORMANCE)
            continue;
        for (size_t k = 0; k < run->sandbox_count; k++) {
            const struct result_sandbox *sandbox = &run->sandboxes[k];

            page->columns[page->column_count++] =
                (struct column){.run = run,
                                .sandbox = sandbox,
                                .host = sandbox->has_host ? &sandbox->host : &run->host};
        }
    }
    for (size_t i = 1; i < page->column_count; i++)
        page->has_many_hosts |= !page_is_same_host(page->columns[0].host, page->columns[i].host);
    return 0;
}

static int compare_cases(const void *a, const void *b)
{
    const struct page_case *x = a;
    const struct page_case *y = b;
    int order = area_order(x->area, y->area);

    return order != 0 ? order : strcmp(x->id, y->id);
}

static int compare_rows(const void *a, const void *b)
{
    return strcmp((*(const struct result_case *const *)a)->id,
                  (*(const struct result_case *const *)b)->id);
}

/* All rows of all runs by id; caller frees. */
static const struct result_case **rows_by_id(const struct page *page, size_t *count)
{
    const struct result_case **rows;
    size_t total = 0;

    *count = 0;
    for (size_t i = 0; i < page->input_count; i++)
        total += page->inputs[i].run.case_count;
    rows = malloc((total + 1) * sizeof(*rows));
    for (size_t i = 0; rows != NULL && i < page->input_count; i++) {
        for (size_t k = 0; k < page->inputs[i].run.case_count; k++)
            rows[(*count)++] = &page->inputs[i].run.cases[k];
    }
    if (rows != NULL)
        qsort(rows, *count, sizeof(*rows), compare_rows);
    return rows;
}

static int fill_ids(struct page *page, struct error *err)
{
    size_t count;
    const struct result_case **rows = rows_by_id(page, &count);

    page->cases = calloc(count + 1, sizeof *page->cases);
    if (rows == NULL || page->cases == NULL) {
        free(rows);
        return error_memory(err, "a page");
    }
    for (size_t i = 0; i < count; i++) {
        struct page_case *made;

        if (i > 0 && strcmp(rows[i - 1]->id, rows[i]->id) == 0)
            continue;
        made = &page->cases[page->case_count++];
        made->id = rows[i]->id;
        made->first = rows[i];
        area_of(made->id, made->area);
    }
    free(rows);
    qsort(page->cases, page->case_count, sizeof *page->cases, compare_cases);
    return 0;
}

static void tally_column(struct column *column, const struct result_case *row)
{
    enum verdict verdict;
    struct error ignored;

    tally_add(is_must_work(row->id) ? &column->works : &column->contained, row);
    if (row->predicted == NULL || verdict_parse(row->predicted, &verdict, &ignored) < 0)
        return;
    column->predicted.total++;
    column->predicted.verdicts[verdict]++;
}

static int fill_seen(struct page *page, struct error *err)
{
    size_t rows = 0;

    for (size_t i = 0; i < page->case_count; i++) {
        page->cases[i].seen = calloc(page->column_count + 1, sizeof(*page->cases[i].seen));
        if (page->cases[i].seen == NULL)
            return error_memory(err, "a page");
    }
    for (size_t at = 0; at < page->column_count; at++) {
        struct column *column = &page->columns[at];
        struct case_index index = {0};

        if (case_index_init(&index, column->run, err) < 0)
            return -1;
        for (size_t i = 0; i < page->case_count; i++) {
            const struct result_case *row = case_index_find(
                &index, column->sandbox->name, column->sandbox->identity, page->cases[i].id);

            page->cases[i].seen[at] = row;
            if (row != NULL)
                tally_column(column, row);
            rows += row != NULL;
        }
        case_index_done(&index);
    }
    page->text_max = evidence_budget / (rows + 1);
    if (page->text_max < TEXT_LEAST)
        page->text_max = TEXT_LEAST;
    if (page->text_max > TEXT_MOST)
        page->text_max = TEXT_MOST;
    return 0;
}

/* Kernel and processor: the two files may spell the name of the system differently. */
static bool is_same_machine(const struct result_host *a, const struct result_host *b)
{
    return is_same_text(a->kernel, b->kernel) && is_same_text(a->arch, b->arch) &&
           is_same_text(a->cpu, b->cpu);
}

/* The result that says what this column costs with this benchmark. */
static const struct bench_result *find_cost(const struct page *page, const struct column *column,
                                            const char *benchmark)
{
    for (size_t i = 0; i < page->input_count; i++) {
        const struct bench_file *file = &page->inputs[i].bench;
        const struct bench_result *result;

        if (page->inputs[i].kind != INPUT_BENCH ||
            (file->is_ours && !is_same_machine(&file->host, column->host)))
            continue;
        result = bench_file_find(file, benchmark, column->sandbox->name, "");
        if (result == NULL)
            result = bench_file_find(file, benchmark, column->sandbox->name, "policy=full");
        if (result != NULL && result->has_ratio)
            return result;
    }
    return NULL;
}

static size_t count_costs(const struct page *page, const char *benchmark)
{
    size_t count = 0;

    for (size_t i = 0; i < page->column_count; i++)
        count += find_cost(page, &page->columns[i], benchmark) != NULL;
    return count;
}

/* The benchmark that most modes have; of several, the start of a trivial program. */
static void choose_cost(struct page *page)
{
    static const char *const preferred[] = {"spawn.true", "spawn-all.true"};
    size_t most = 0;

    for (size_t i = 0; i < sizeof preferred / sizeof preferred[0]; i++) {
        size_t count = count_costs(page, preferred[i]);

        if (count > most) {
            most = count;
            page->cost_benchmark = preferred[i];
        }
    }
    for (size_t i = 0; i < page->input_count; i++) {
        for (size_t k = 0; k < page->inputs[i].bench.result_count; k++) {
            const char *name = page->inputs[i].bench.results[k].benchmark;
            size_t count = count_costs(page, name);

            if (count > most) {
                most = count;
                page->cost_benchmark = name;
            }
        }
    }
    for (size_t i = 0; i < page->column_count && page->cost_benchmark != NULL; i++)
        page->columns[i].cost = find_cost(page, &page->columns[i], page->cost_benchmark);
}

int page_init(struct page *page, const struct input *inputs, size_t count,
              const struct trend *trend, struct error *err)
{
    *page = (struct page){.inputs = inputs, .input_count = count, .trend = trend};
    if (fill_columns(page, err) < 0 || fill_ids(page, err) < 0 || fill_seen(page, err) < 0) {
        page_done(page);
        return -1;
    }
    choose_cost(page);
    return 0;
}

void page_done(struct page *page)
{
    for (size_t i = 0; i < page->case_count; i++)
        free(page->cases[i].seen);
    free(page->cases);
    free(page->columns);
    *page = (struct page){0};
}
