#include "results/index.h"

#include <stdlib.h>
#include <string.h>

#include "results/tally.h"

int case_order(const struct result_case *a, const struct result_case *b)
{
    int order = strcmp(a->sandbox, b->sandbox);

    if (order == 0)
        order = strcmp(a->identity, b->identity);
    return order != 0 ? order : strcmp(a->id, b->id);
}

static int compare_rows(const void *a, const void *b)
{
    return case_order(*(const struct result_case *const *)a, *(const struct result_case *const *)b);
}

int case_index_init(struct case_index *index, const struct result_run *run, struct error *err)
{
    const struct result_case **rows = malloc((run->case_count + 1) * sizeof(*rows));

    if (rows == NULL)
        return error_memory(err, "an index of the cases");
    for (size_t i = 0; i < run->case_count; i++)
        rows[i] = &run->cases[i];
    qsort(rows, run->case_count, sizeof(*rows), compare_rows);
    *index = (struct case_index){.rows = rows, .count = run->case_count};
    return 0;
}

struct placed_case {
    const struct result_case *row;
    size_t column;
    char area[AREA_NAME_MAX];
};

static int compare_placed(const void *a, const void *b)
{
    const struct placed_case *x = a;
    const struct placed_case *y = b;
    int order;

    if (x->column != y->column)
        return x->column < y->column ? -1 : 1;
    order = area_order(x->area, y->area);
    return order != 0 ? order : strcmp(x->row->id, y->row->id);
}

static size_t column_of(const struct result_run *run, const struct result_case *row)
{
    const struct result_sandbox *sandbox =
        result_run_find_sandbox(run, row->sandbox, row->identity);

    return sandbox != NULL ? (size_t)(sandbox - run->sandboxes) : run->sandbox_count;
}

int case_index_init_for_people(struct case_index *index, const struct result_run *run,
                               struct error *err)
{
    struct placed_case *placed = malloc((run->case_count + 1) * sizeof(*placed));

    if (placed == NULL || case_index_init(index, run, err) < 0) {
        free(placed);
        return error_memory(err, "an index of the cases");
    }
    for (size_t i = 0; i < run->case_count; i++) {
        placed[i].row = &run->cases[i];
        placed[i].column = column_of(run, &run->cases[i]);
        area_of(run->cases[i].id, placed[i].area);
    }
    qsort(placed, run->case_count, sizeof(*placed), compare_placed);
    for (size_t i = 0; i < run->case_count; i++)
        index->rows[i] = placed[i].row;
    free(placed);
    return 0;
}

void case_index_done(struct case_index *index)
{
    free(index->rows);
    *index = (struct case_index){0};
}

const struct result_case *case_index_find(const struct case_index *index, const char *sandbox,
                                          const char *identity, const char *id)
{
    size_t low = 0;
    size_t high = index->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct result_case *row = index->rows[middle];
        int order = strcmp(sandbox, row->sandbox);

        if (order == 0)
            order = strcmp(identity, row->identity);
        if (order == 0)
            order = strcmp(id, row->id);
        if (order == 0)
            return row;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct result_sandbox *result_run_find_sandbox(const struct result_run *run, const char *name,
                                                     const char *identity)
{
    for (size_t i = 0; i < run->sandbox_count; i++) {
        if (strcmp(run->sandboxes[i].name, name) == 0 &&
            strcmp(run->sandboxes[i].identity, identity) == 0)
            return &run->sandboxes[i];
    }
    return NULL;
}
