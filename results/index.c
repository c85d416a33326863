#include "results/index.h"

#include <stdlib.h>
#include <string.h>

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
