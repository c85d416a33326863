#include "results/diff.h"

#include <stdlib.h>
#include <string.h>

#include "results/index.h"
#include "results/tally.h"

const char *change_kind_name(enum change_kind kind)
{
    switch (kind) {
    case CHANGE_WORSE:
        return "worse";
    case CHANGE_BETTER:
        return "better";
    case CHANGE_OTHER:
        return "other";
    case CHANGE_GONE:
        return "gone";
    case CHANGE_NEW:
        return "new";
    }
    return "?";
}

/* 2: proves something good; 0: proves something bad; 1: proves nothing. */
static int verdict_rank(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_HELD:
    case VERDICT_WORKS:
        return 2;
    case VERDICT_ESCAPED:
    case VERDICT_OVERBLOCKED:
        return 0;
    case VERDICT_INVALID:
    case VERDICT_SKIPPED:
    case VERDICT_UNVERIFIABLE:
        return 1;
    }
    return 1;
}

enum change_kind change_between(enum verdict before, enum verdict after)
{
    int rank_before = verdict_rank(before);
    int rank_after = verdict_rank(after);

    if (rank_after < rank_before)
        return CHANGE_WORSE;
    return rank_after == 2 ? CHANGE_BETTER : CHANGE_OTHER;
}

bool side_has(const struct side *side, const struct result_case *row)
{
    return (side->sandbox == NULL || strcmp(side->sandbox, row->sandbox) == 0) &&
           (side->identity == NULL || strcmp(side->identity, row->identity) == 0);
}

/* The row's partner on the other side, where names that both sides chose stand for each other. */
static const struct result_case *partner(const struct case_index *others, const struct side *other,
                                         const struct result_case *row)
{
    const char *sandbox = other->sandbox != NULL ? other->sandbox : row->sandbox;
    const char *identity = other->identity != NULL ? other->identity : row->identity;

    return case_index_find(others, sandbox, identity, row->id);
}

static const struct result_case *either(const struct change *change)
{
    return change->after != NULL ? change->after : change->before;
}

static int compare_changes(const void *a, const void *b)
{
    const struct change *x = a;
    const struct change *y = b;
    const struct result_case *row_x = either(x);
    const struct result_case *row_y = either(y);
    char area_x[AREA_NAME_MAX];
    char area_y[AREA_NAME_MAX];
    int order;

    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    area_of(row_x->id, area_x);
    area_of(row_y->id, area_y);
    order = area_order(area_x, area_y);
    if (order == 0)
        order = severity_rank(row_y->severity) - severity_rank(row_x->severity);
    if (order == 0)
        order = strcmp(row_x->id, row_y->id);
    return order != 0 ? order : case_order(row_x, row_y);
}

/* Between two modes or identities a case that one of them cannot run says nothing about which is
 * better; between two runs of one mode it is a loss. */
static bool is_between_modes(const struct side *a, const struct side *b)
{
    return a->sandbox != NULL && b->sandbox != NULL &&
           (strcmp(a->sandbox, b->sandbox) != 0 ||
            (a->identity != NULL && b->identity != NULL && strcmp(a->identity, b->identity) != 0));
}

static enum change_kind kind_of(bool is_modes, enum verdict before, enum verdict after)
{
    if (is_modes && (before == VERDICT_SKIPPED || after == VERDICT_SKIPPED))
        return CHANGE_OTHER;
    return change_between(before, after);
}

static void add_change(struct diff *diff, enum change_kind kind, const struct result_case *before,
                       const struct result_case *after)
{
    diff->changes[diff->count++] = (struct change){kind, before, after};
    diff->kinds[kind]++;
}

static void collect(struct diff *diff, const struct side *a, const struct case_index *in_a,
                    const struct side *b, const struct case_index *in_b)
{
    bool is_modes = is_between_modes(a, b);

    for (size_t i = 0; i < in_a->count; i++) {
        const struct result_case *before = in_a->rows[i];
        const struct result_case *after;

        if (!side_has(a, before))
            continue;
        after = partner(in_b, b, before);
        if (after == NULL)
            add_change(diff, CHANGE_GONE, before, NULL);
        else if (after->verdict != before->verdict)
            add_change(diff, kind_of(is_modes, before->verdict, after->verdict), before, after);
        else
            diff->unchanged++;
    }
    for (size_t i = 0; i < in_b->count; i++) {
        if (side_has(b, in_b->rows[i]) && partner(in_a, a, in_b->rows[i]) == NULL)
            add_change(diff, CHANGE_NEW, NULL, in_b->rows[i]);
    }
}

int diff_init(struct diff *diff, const struct side *a, const struct side *b, struct error *err)
{
    struct case_index in_a = {0};
    struct case_index in_b = {0};
    int status = -1;

    *diff = (struct diff){0};
    if (case_index_init(&in_a, a->run, err) == 0 && case_index_init(&in_b, b->run, err) == 0) {
        diff->changes = malloc((in_a.count + in_b.count + 1) * sizeof(*diff->changes));
        if (diff->changes == NULL)
            (void)error_memory(err, "a comparison");
        else
            status = 0;
    }
    if (status == 0) {
        collect(diff, a, &in_a, b, &in_b);
        qsort(diff->changes, diff->count, sizeof(*diff->changes), compare_changes);
    }
    case_index_done(&in_a);
    case_index_done(&in_b);
    return status;
}

void diff_done(struct diff *diff)
{
    free(diff->changes);
    *diff = (struct diff){0};
}
