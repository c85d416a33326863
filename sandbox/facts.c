#include "sandbox/facts.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "sandbox/policy.h"

void facts_done(struct facts *facts)
{
    path_set_done(&facts->root_set);
    path_set_done(&facts->protect_set);
    text_list_done(&facts->roots);
    text_list_done(&facts->protect);
    text_list_done(&facts->siblings);
    text_list_done(&facts->gits);
    text_list_done(&facts->own_gits);
    text_list_done(&facts->sha256_gits);
    text_list_done(&facts->unproven_gits);
    for (size_t i = 0; i < facts->hidden_count; i++)
        free(facts->hidden[i].path);
    free(facts->hidden);
    free(facts->cgroup.path);
    *facts = (struct facts){0};
}

int facts_add_hidden(struct facts *facts, const char *path, bool is_directory, struct error *err)
{
    struct hidden_fact *grown =
        realloc(facts->hidden, (facts->hidden_count + 1) * sizeof *facts->hidden);
    char *copy;

    if (grown == NULL)
        return error_memory(err, "hidden paths");
    facts->hidden = grown;
    copy = strdup(path);
    if (copy == NULL)
        return error_memory(err, "hidden paths");
    grown[facts->hidden_count++] = (struct hidden_fact){copy, is_directory};
    return 0;
}

/* A repository in the workspace, so that the plan shows what commits would be given. */
static int assume_repository(struct facts *facts, const struct policy *policy, struct error *err)
{
    AUTO_FREE char *path = path_join(policy->workspace, ".git");

    if (path == NULL)
        return error_memory(err, "repository");
    if (text_list_add(&facts->protect, path, err) < 0)
        return -1;
    if (text_list_add(&facts->own_gits, path, err) < 0)
        return -1;
    return text_list_add(&facts->gits, path, err);
}

int facts_assume(struct facts *facts, const struct policy *policy, struct error *err)
{
    *facts = (struct facts){.uid = 1000,
                            .gid = 1000,
                            .landlock_abi = 7,
                            .has_notify = true,
                            .has_absent_names = true,
                            .has_keys = true};
    if (text_list_add(&facts->roots, policy->workspace, err) < 0)
        goto undo;
    for (size_t i = 0; i < policy->writable.count; i++) {
        if (text_list_add(&facts->roots, policy->writable.items[i], err) < 0)
            goto undo;
    }
    for (size_t i = 0; i < policy->deny_read.count; i++) {
        if (facts_add_hidden(facts, policy->deny_read.items[i], true, err) < 0)
            goto undo;
    }
    if (policy->git == GIT_COMMIT && assume_repository(facts, policy, err) < 0)
        goto undo;
    return 0;
undo:
    facts_done(facts);
    return -1;
}
