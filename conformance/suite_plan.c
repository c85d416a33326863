/* What is to be run: every row of this platform that the command line asks for, against every
 * subject, with the reasons for what is not run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "conformance/catalogue.h"
#include "conformance/needs.h"
#include "conformance/suite.h"

/* Fixed order of areas in reports; what is not named comes last. */
static const char *const areas[] = {"fs",      "git",   "read", "net",     "ipc", "proc",
                                    "persist", "setup", "res",  "harness", "mw"};

static size_t area_rank(const struct probe *row)
{
    char area[32];
    size_t rank = 0;

    catalogue_area(row, area);
    while (rank < ARRAY_SIZE(areas) && strcmp(areas[rank], area) != 0)
        rank++;
    return rank;
}

static int by_area_and_id(const void *left, const void *right)
{
    const struct probe *a = *(const struct probe *const *)left;
    const struct probe *b = *(const struct probe *const *)right;
    const size_t rank_a = area_rank(a);
    const size_t rank_b = area_rank(b);

    if (rank_a != rank_b)
        return rank_a < rank_b ? -1 : 1;
    return strcmp(a->id, b->id);
}

/* Sharding is by position in the sorted catalogue, so that the parts of a run fit together whatever
 * patterns are asked for. */
static bool is_in_shard(const struct settings *settings, size_t index)
{
    return settings->shard_count == 0 || index % settings->shard_count == settings->shard_index - 1;
}

static const struct probe **choose_rows(const struct settings *settings, size_t *count,
                                        struct error *err)
{
    const size_t total = catalogue_count();
    const struct probe **rows = calloc(total + 1, sizeof *rows);
    size_t chosen = 0;

    if (rows == NULL) {
        (void)error_memory(err, "the plan");
        return NULL;
    }
    for (size_t i = 0; i < total; i++)
        rows[i] = catalogue_at(i);
    qsort(rows, total, sizeof *rows, by_area_and_id);
    for (size_t i = 0; i < total; i++) {
        if ((rows[i]->platforms & (unsigned)PLATFORM_LINUX) != 0 &&
            settings_want(settings, rows[i]->id) && is_in_shard(settings, i))
            rows[chosen++] = rows[i];
    }
    *count = chosen;
    return rows;
}

/* What an adapter must be able to say for a case to be about the sandbox, and not about us. */
static const char *missing_word(const struct adapter *adapter, const struct probe *row)
{
    static const struct {
        unsigned flag;
        const char *name;
        const char *missing; /* of the adapter: what the sandbox could do is not known then */
    } lists[] = {
        {CASE_LIMIT_PROCESSES, "processes", "its adapter has no words for a number of processes"},
        {CASE_LIMIT_MEMORY, "memory", "its adapter has no words for an amount of memory"},
        {CASE_GIT_COMMIT, "git_commit", "its adapter has no words that let git commit"},
    };
    char area[32];

    catalogue_area(row, area);
    if ((row->flags & CASE_LOOPBACK) != 0)
        return adapter_cannot(adapter, "network:loopback");
    if ((row->flags & CASE_NETWORK_HOST) != 0)
        return adapter_cannot(adapter, "network:host");
    if (strcmp(area, "net") == 0)
        return adapter_cannot(adapter, "network:none");
    if (strcmp(area, "read") == 0)
        return adapter_cannot(adapter, "deny_read");
    if ((row->flags & CASE_PTY) != 0)
        return adapter_cannot(adapter, "pty");
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        if ((row->flags & lists[i].flag) == 0 || adapter_says(adapter, lists[i].name))
            continue;
        return adapter_cannot(adapter, lists[i].name) != NULL
                   ? adapter_cannot(adapter, lists[i].name)
                   : lists[i].missing;
    }
    if ((row->flags & CASE_LAUNCHER) != 0 && adapter->exec != NULL)
        return "a script of the adapter starts it, and would be judged in its place";
    return NULL;
}

const struct expectation *suite_expectation(const struct suite *suite, const struct task *task)
{
    const struct subject *subject = task->subject;

    if (subject->expectations == NULL)
        return NULL;
    return expectation_find(subject->expectations, task->row->id,
                            identity_name(subject->identity.kind), suite->landlock_abi);
}

static void note_skip(struct task *task)
{
    const struct probe *row = task->row;
    const struct expectation *expectation = suite_expectation(task->suite, task);
    const char *missing = missing_word(task->subject->adapter, row);

    if (row->not_implemented != NULL)
        (void)snprintf(task->skip, sizeof task->skip, "%s", row->not_implemented);
    else if (!catalogue_is_runnable(row))
        (void)snprintf(task->skip, sizeof task->skip, "has no function for this platform");
    else if (!needs_are_met(row->needs, task->subject->identity.kind, task->skip,
                            sizeof task->skip))
        return;
    else if (expectation != NULL && expectation->kind == EXPECT_NOT_APPLICABLE)
        (void)snprintf(task->skip, sizeof task->skip, "not applicable to this mode: %.250s",
                       expectation->reason);
    else if (missing != NULL)
        (void)snprintf(task->skip, sizeof task->skip, "cannot be asked of this sandbox: %s",
                       missing);
}

static struct control *control_for(struct suite *suite, const struct probe *row,
                                   const struct identity *identity)
{
    struct control *control;

    for (size_t i = 0; i < suite->control_count; i++) {
        control = &suite->controls[i];
        if (control->row == row && control->identity.kind == identity->kind)
            return control;
    }
    control = &suite->controls[suite->control_count++];
    *control = (struct control){.suite = suite, .row = row, .identity = *identity};
    return control;
}

/* splitmix64 (Steele, Lea, Flood 2014): the same seed gives the same order everywhere. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static int make_order(struct suite *suite, struct error *err)
{
    uint64_t state = suite->settings->seed;

    suite->order = calloc(suite->task_count + 1, sizeof *suite->order);
    if (suite->order == NULL)
        return error_memory(err, "the plan");
    /* The same case of all subjects together: its control is then fresh. */
    for (size_t i = 0, place = 0; i < suite->task_count; i++)
        suite->order[place++] = i;
    for (size_t i = suite->task_count; suite->settings->has_seed && i > 1; i--) {
        const size_t other = (size_t)(next_random(&state) % i);
        const size_t kept = suite->order[i - 1];

        suite->order[i - 1] = suite->order[other];
        suite->order[other] = kept;
    }
    return 0;
}

int suite_plan(struct suite *suite, struct error *err)
{
    size_t row_count = 0;
    const struct probe **rows = choose_rows(suite->settings, &row_count, err);

    if (rows == NULL)
        return -1;
    suite->tasks = calloc(row_count * suite->subject_count + 1, sizeof *suite->tasks);
    suite->controls = calloc(row_count * IDENTITY_COUNT + 1, sizeof *suite->controls);
    if (suite->tasks == NULL || suite->controls == NULL) {
        free(rows);
        return error_memory(err, "the plan");
    }
    for (size_t s = 0; s < suite->subject_count; s++) {
        if (suite->subjects[s].reason != NULL)
            continue;
        for (size_t i = 0; i < row_count; i++) {
            struct task *task = &suite->tasks[suite->task_count++];

            *task = (struct task){.suite = suite, .row = rows[i], .subject = &suite->subjects[s]};
            note_skip(task);
            if (task->skip[0] == '\0')
                task->control = control_for(suite, rows[i], &suite->subjects[s].identity);
        }
    }
    free(rows);
    return make_order(suite, err);
}
