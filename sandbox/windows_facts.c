#include "sandbox/windows_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "sandbox/policy.h"
#include "sandbox/windows_reading.h"

void windows_facts_done(struct windows_facts *facts)
{
    for (size_t i = 0; i < facts->root_count; i++)
        free(facts->roots[i].path);
    for (size_t i = 0; i < facts->name_count; i++)
        free(facts->names[i].path);
    for (size_t i = 0; i < facts->hidden_count; i++)
        free(facts->hidden[i].path);
    free(facts->roots);
    free(facts->names);
    free(facts->hidden);
    text_list_done(&facts->between);
    text_list_done(&facts->readable);
    text_list_done(&facts->other_profiles);
    free(facts->profile);
    free(facts->profiles);
    free(facts->system);
    free(facts->programs);
    free(facts->programs_x86);
    free(facts->program_data);
    free(facts->state);
    *facts = (struct windows_facts){0};
}

char *windows_path_join(const char *parent, const char *name)
{
    size_t size = strlen(parent) + strlen(name) + 2;
    bool has_end = parent[0] != '\0' && parent[strlen(parent) - 1] == '\\';
    char *path = malloc(size);

    if (path != NULL)
        (void)snprintf(path, size, "%s%s%s", parent, has_end ? "" : "\\", name);
    return path;
}

int windows_facts_add_root(struct windows_facts *facts, const char *path, const struct nt_sid *sid,
                           struct error *err)
{
    struct windows_root *roots =
        realloc(facts->roots, (facts->root_count + 1) * sizeof *facts->roots);

    if (roots == NULL)
        return error_memory(err, "roots");
    facts->roots = roots;
    roots[facts->root_count] = (struct windows_root){.path = strdup(path), .sid = *sid};
    if (roots[facts->root_count].path == NULL)
        return error_memory(err, "roots");
    facts->root_count++;
    return 0;
}

int windows_facts_add_name(struct windows_facts *facts, const struct windows_name *name,
                           struct error *err)
{
    struct windows_name *names =
        realloc(facts->names, (facts->name_count + 1) * sizeof *facts->names);
    char *path = strdup(name->path);

    if (names != NULL)
        facts->names = names;
    if (names == NULL || path == NULL) {
        free(path);
        return error_memory(err, "protected names");
    }
    names[facts->name_count] = *name;
    names[facts->name_count++].path = path;
    return 0;
}

int windows_facts_add_hidden(struct windows_facts *facts, const char *path, bool is_readable,
                             struct error *err)
{
    struct windows_hidden *hidden =
        realloc(facts->hidden, (facts->hidden_count + 1) * sizeof *facts->hidden);
    char *copy = strdup(path);

    if (hidden != NULL)
        facts->hidden = hidden;
    if (hidden == NULL || copy == NULL) {
        free(copy);
        return error_memory(err, "hidden paths");
    }
    hidden[facts->hidden_count++] = (struct windows_hidden){copy, is_readable};
    return 0;
}

int windows_facts_stock(struct windows_facts *facts, struct error *err)
{
    const struct {
        char **slot;
        const char *path;
    } stock[] = {
        {&facts->profile, "C:\\Users\\u"},
        {&facts->profiles, "C:\\Users"},
        {&facts->system, "C:\\Windows"},
        {&facts->programs, "C:\\Program Files"},
        {&facts->programs_x86, "C:\\Program Files (x86)"},
        {&facts->program_data, "C:\\ProgramData"},
        {&facts->state, "C:\\Users\\u\\AppData\\Local\\Holdfast"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(stock); i++) {
        *stock[i].slot = strdup(stock[i].path);
        if (*stock[i].slot == NULL)
            return error_memory(err, "facts");
    }
    return 0;
}

static int assume_names(struct windows_facts *facts, const struct policy *policy, const char *root,
                        struct error *err)
{
    for (size_t i = 0; i < policy->protect.count; i++) {
        AUTO_FREE char *path = windows_path_join(root, policy->protect.items[i]);
        struct windows_name name = {.path = path};

        if (path == NULL)
            return error_memory(err, "protected names");
        if (windows_facts_add_name(facts, &name, err) < 0)
            return -1;
    }
    return 0;
}

/* "PROGRA~1": what it stands for only its machine knows, and it may be a place that cannot be a root. */
static bool has_short_name(const char *path)
{
    for (const char *at = strchr(path, '~'); at != NULL; at = strchr(at + 1, '~')) {
        size_t digits = strspn(at + 1, "0123456789");

        if (digits > 0 && strchr("\\.", at[1 + digits]) != NULL)
            return true; /* the NUL at the end is one of them, too */
    }
    return false;
}

static int assume_long(const char *path, struct error *err)
{
    if (!has_short_name(path))
        return 0;
    (void)error_set(err, ERR_REFUSED, "%s: a short name in it", path);
    return error_hint(err, "write the path in full: only its machine knows what it stands for");
}

static int assume_root(struct windows_facts *facts, const struct policy *policy, const char *path,
                       struct error *err)
{
    struct nt_sid sid = NT_SID(0, 1, 1, 1, 0);

    sid.sub[3] = (uint32_t)facts->root_count + 1;
    if (assume_long(path, err) < 0 || windows_facts_add_root(facts, path, &sid, err) < 0)
        return -1;
    return assume_names(facts, policy, path, err);
}

static int assume_tools(struct windows_facts *facts, struct error *err)
{
    for (size_t i = 0; i < windows_tool_count; i++) {
        AUTO_FREE char *path = windows_path_join(facts->profile, windows_tools[i].folder);

        if (path == NULL)
            return error_memory(err, "tools");
        if (text_list_add(&facts->readable, path, err) < 0)
            return -1;
    }
    facts->is_readable_assumed = true;
    return 0;
}

static int assume_all(struct windows_facts *facts, const struct policy *policy, struct error *err)
{
    if (windows_facts_stock(facts, err) < 0 ||
        assume_root(facts, policy, policy->workspace, err) < 0)
        return -1;
    for (size_t i = 0; i < policy->writable.count; i++) {
        if (assume_root(facts, policy, policy->writable.items[i], err) < 0)
            return -1;
    }
    for (size_t i = 0; i < policy->deny_read.count; i++) {
        if (assume_long(policy->deny_read.items[i], err) < 0 ||
            windows_facts_add_hidden(facts, policy->deny_read.items[i], true, err) < 0)
            return -1;
    }
    return assume_tools(facts, err);
}

int windows_facts_assume(struct windows_facts *facts, const struct policy *policy,
                         struct error *err)
{
    *facts = (struct windows_facts){
        .user = NT_SID(5, 21, 0, 0, 0, 1001),
        .marker = NT_SID(0, 2, 2, 2, 2),
        .group = NT_SID(5, 21, 0, 0, 0, 1010),
        .accounts = {NT_SID(5, 21, 0, 0, 0, 1011), NT_SID(5, 21, 0, 0, 0, 1012),
                     NT_SID(5, 21, 0, 0, 0, 1013)},
        .is_set_up = true,
    };
    if (assume_all(facts, policy, err) == 0)
        return 0;
    windows_facts_done(facts);
    return -1;
}
