#include "results/merge.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buffer.h"
#include "results/fields.h"
#include "results/index.h"

static bool same(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

static const char *or_none(const char *text)
{
    return text != NULL ? text : "none";
}

/* Shards of one run may sit on different processors, but not on different systems. */
static bool same_leg(const struct result_run *a, const struct result_run *b)
{
    return same(a->host.os, b->host.os) && same(a->host.kernel, b->host.kernel) &&
           same(a->host.arch, b->host.arch) && same(a->host.machine, b->host.machine) &&
           a->host.landlock_abi == b->host.landlock_abi;
}

/* Checks -------------------------------------------------------------------------------------- */

static int check_input(const struct merge_input *first, const struct merge_input *input,
                       struct error *err)
{
    const struct result_run *a = first->run;
    const struct result_run *b = input->run;

    if (b->is_interrupted)
        return error_set(err, ERR_INVALID, "%s: it was interrupted; run it again", input->path);
    if (!same(a->catalogue_sha256, b->catalogue_sha256) ||
        !same(a->catalogue_version, b->catalogue_version))
        return error_set(err, ERR_INVALID, "mixed catalogues: %.64s in %s, %.64s in %s",
                         or_none(a->catalogue_sha256), first->path, or_none(b->catalogue_sha256),
                         input->path);
    if (!same(a->host.holdfast, b->host.holdfast))
        return error_set(err, ERR_INVALID, "mixed builds: holdfast %s in %s, %s in %s",
                         or_none(a->host.holdfast), first->path, or_none(b->host.holdfast),
                         input->path);
    return 0;
}

static int check_sandbox(const struct merge_input *first, const struct result_sandbox *sandbox,
                         const struct merge_input *other, struct error *err)
{
    const struct result_sandbox *there =
        result_run_find_sandbox(other->run, sandbox->name, sandbox->identity);

    if (there == NULL)
        return error_set(err, ERR_INVALID, "%s has %s as %s, %s has not", first->path,
                         sandbox->name, sandbox->identity, other->path);
    if ((there->reason == NULL) != (sandbox->reason == NULL))
        return error_set(err, ERR_INVALID, "%s as %s could run in only one of %s and %s",
                         sandbox->name, sandbox->identity, first->path, other->path);
    if (!same(there->version, sandbox->version))
        return error_set(err, ERR_INVALID, "%s: version %s in %s, %s in %s", sandbox->name,
                         or_none(sandbox->version), first->path, or_none(there->version),
                         other->path);
    return 0;
}

/* Two shards of one leg. */
static int check_shards(const struct merge_input *a, const struct merge_input *b, struct error *err)
{
    if (a->run->shard_count != b->run->shard_count)
        return error_set(err, ERR_INVALID, "%s is one of %u shards, %s one of %u", a->path,
                         a->run->shard_count, b->path, b->run->shard_count);
    if (a->run->shard_index == b->run->shard_index)
        return error_set(err, ERR_INVALID, "duplicate shard: %s and %s are both %u of %u", a->path,
                         b->path, a->run->shard_index, a->run->shard_count);
    if (!same(a->run->host.build, b->run->host.build))
        return error_set(err, ERR_INVALID, "mixed builds: %.80s in %s, %.80s in %s",
                         or_none(a->run->host.build), a->path, or_none(b->run->host.build),
                         b->path);
    for (size_t i = 0; i < a->run->sandbox_count; i++) {
        if (check_sandbox(a, &a->run->sandboxes[i], b, err) < 0)
            return -1;
    }
    for (size_t i = 0; i < b->run->sandbox_count; i++) {
        if (check_sandbox(b, &b->run->sandboxes[i], a, err) < 0)
            return -1;
    }
    return 0;
}

static bool is_shard(const struct result_run *run)
{
    return run->shard_count > 1;
}

/* With duplicates refused, a leg is whole when it has as many shards as it says. */
static int check_complete(const struct merge_input *inputs, size_t count, size_t at,
                          struct error *err)
{
    const struct result_run *run = inputs[at].run;
    AUTO_BUFFER struct buffer missing = BUFFER_EMPTY;
    AUTO_FREE bool *has = calloc(run->shard_count + 1, sizeof *has);
    size_t lacking = 0;

    if (has == NULL)
        return error_memory(err, "shards");
    for (size_t i = 0; i < count; i++) {
        if (is_shard(inputs[i].run) && same_leg(run, inputs[i].run))
            has[inputs[i].run->shard_index] = true;
    }
    for (unsigned i = 1; i <= run->shard_count; i++) {
        if (!has[i] && lacking++ < 20)
            buffer_printf(&missing, "%s%u", lacking > 1 ? ", " : "", i);
    }
    if (lacking == 0)
        return 0;
    return error_set(err, ERR_INVALID, "missing shard: %s of %u (%s, kernel %s; %s is one of them)",
                     buffer_text(&missing), run->shard_count, or_none(run->host.os),
                     or_none(run->host.kernel), inputs[at].path);
}

static int check_all(const struct merge_input *inputs, size_t count, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (check_input(&inputs[0], &inputs[i], err) < 0)
            return -1;
        for (size_t k = 0; k < i; k++) {
            if (is_shard(inputs[i].run) && is_shard(inputs[k].run) &&
                same_leg(inputs[i].run, inputs[k].run) &&
                check_shards(&inputs[k], &inputs[i], err) < 0)
                return -1;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (is_shard(inputs[i].run) && check_complete(inputs, count, i, err) < 0)
            return -1;
    }
    return 0;
}

/* Joining ------------------------------------------------------------------------------------- */

/* Whether another leg has a sandbox of this name and identity too. */
static bool is_shared(const struct merge_input *inputs, size_t count, const struct result_run *run,
                      const char *name, const char *identity)
{
    for (size_t i = 0; i < count; i++) {
        if (!same_leg(inputs[i].run, run) &&
            result_run_find_sandbox(inputs[i].run, name, identity) != NULL)
            return true;
    }
    return false;
}

/* "linux-namespace:debian-gnu-linux-12-x86_64": letters, digits and dashes of the host. */
static char *leg_name(const char *name, const struct result_host *host, bool has_kernel)
{
    AUTO_BUFFER struct buffer text = BUFFER_EMPTY;
    const char *parts[] = {host->os, host->arch, has_kernel ? host->kernel : NULL, host->machine};

    buffer_add_text(&text, name);
    buffer_add_byte(&text, ':');
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        bool is_separated = i == 0;

        for (const char *c = parts[i]; c != NULL && *c != '\0'; c++) {
            bool is_word = isalnum((unsigned char)*c) != 0 || *c == '.' || *c == '_';

            if (is_word && !is_separated)
                buffer_add_byte(&text, '-');
            if (is_word)
                buffer_add_byte(&text, (char)tolower((unsigned char)*c));
            is_separated = is_word;
        }
    }
    return buffer_take(&text);
}

struct joining {
    struct result_run *merged;
    const struct merge_input *inputs;
    size_t count;
    bool has_legs;   /* more than one host */
    bool has_kernel; /* hosts that differ in the kernel only: name it */
    struct error *err;
};

static char *name_in(const struct joining *j, const struct result_run *run, const char *name,
                     const char *identity)
{
    return is_shared(j->inputs, j->count, run, name, identity)
               ? leg_name(name, &run->host, j->has_kernel)
               : strdup(name);
}

static int join_sandbox(const struct joining *j, const struct merge_input *input,
                        const struct result_sandbox *from)
{
    AUTO_FREE char *name = name_in(j, input->run, from->name, from->identity);
    struct result_sandbox sandbox = *from;

    if (name == NULL)
        return error_memory(j->err, "a merged run");
    if (result_run_find_sandbox(j->merged, name, from->identity) != NULL) {
        if (is_shard(input->run))
            return 0; /* another shard has brought it */
        return error_set(j->err, ERR_INVALID, "%s: %s as %s on this host is in another file too",
                         input->path, name, from->identity);
    }
    sandbox.name = name;
    if (j->has_legs && !from->has_host) {
        sandbox.has_host = true;
        sandbox.host = input->run->host;
    }
    return result_run_add_sandbox(j->merged, &sandbox, j->err) == NULL ? -1 : 0;
}

static int join_case(const struct joining *j, const struct merge_input *input,
                     const struct result_case *from)
{
    AUTO_FREE char *name = name_in(j, input->run, from->sandbox, from->identity);
    struct result_case row = *from;

    if (name == NULL)
        return error_memory(j->err, "a merged run");
    row.sandbox = name;
    return result_run_add_case(j->merged, &row, j->err) == NULL ? -1 : 0;
}

static int replace_text(char **text, const char *with, struct error *err)
{
    char *copy = strdup(with);

    if (copy == NULL)
        return error_memory(err, "a merged run");
    free(*text);
    *text = copy;
    return 0;
}

/* From the first input what is one for all; from each the earliest start and the latest end. */
static int join_facts(const struct joining *j, const struct merge_input *input)
{
    struct result_run *merged = j->merged;
    const struct result_run *run = input->run;

    if (merged->catalogue_sha256 == NULL) {
        if (!fields_copy(&merged->host, &run->host, host_fields))
            return error_memory(j->err, "a merged run");
        merged->host.cpus = run->host.cpus;
        merged->host.memory_bytes = run->host.memory_bytes;
        merged->host.landlock_abi = run->host.landlock_abi;
        merged->seed = run->seed;
        if (replace_text(&merged->catalogue_sha256, run->catalogue_sha256, j->err) < 0 ||
            replace_text(&merged->catalogue_version, run->catalogue_version, j->err) < 0)
            return -1;
    }
    merged->planned += run->planned;
    merged->executed += run->executed;
    if ((merged->started == NULL || strcmp(run->started, merged->started) < 0) &&
        replace_text(&merged->started, run->started, j->err) < 0)
        return -1;
    if ((merged->finished == NULL || strcmp(run->finished, merged->finished) > 0) &&
        replace_text(&merged->finished, run->finished, j->err) < 0)
        return -1;
    return 0;
}

static int join_all(const struct joining *j)
{
    for (size_t i = 0; i < j->count; i++) {
        const struct merge_input *input = &j->inputs[i];

        if (join_facts(j, input) < 0)
            return -1;
        for (size_t k = 0; k < input->run->sandbox_count; k++) {
            if (join_sandbox(j, input, &input->run->sandboxes[k]) < 0)
                return -1;
        }
        for (size_t k = 0; k < input->run->case_count; k++) {
            if (join_case(j, input, &input->run->cases[k]) < 0)
                return -1;
        }
    }
    return 0;
}

static int check_cases(const struct result_run *merged, struct error *err)
{
    struct case_index index = {0};
    int status = 0;

    if (case_index_init(&index, merged, err) < 0)
        return -1;
    for (size_t i = 1; i < index.count && status == 0; i++) {
        if (case_order(index.rows[i - 1], index.rows[i]) == 0)
            status = error_set(err, ERR_INVALID, "case %s of %s as %s is in two files",
                               index.rows[i]->id, index.rows[i]->sandbox, index.rows[i]->identity);
    }
    case_index_done(&index);
    return status;
}

static void look_at_legs(struct joining *j)
{
    for (size_t i = 1; i < j->count; i++) {
        const struct result_host *a = &j->inputs[0].run->host;
        const struct result_host *b = &j->inputs[i].run->host;

        if (same_leg(j->inputs[0].run, j->inputs[i].run))
            continue;
        j->has_legs = true;
        if (same(a->os, b->os) && same(a->arch, b->arch) && same(a->machine, b->machine))
            j->has_kernel = true;
    }
}

int merge_runs(struct result_run *merged, const struct merge_input *inputs, size_t count,
               struct error *err)
{
    struct joining j = {.merged = merged, .inputs = inputs, .count = count, .err = err};

    result_run_init(merged);
    if (check_all(inputs, count, err) < 0)
        return -1;
    look_at_legs(&j);
    if (join_all(&j) < 0 || check_cases(merged, err) < 0) {
        result_run_done(merged);
        return -1;
    }
    return 0;
}
