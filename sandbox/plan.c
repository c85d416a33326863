/* Building and printing plans. Which steps there are, is the business of *_plan.c. */
#include "sandbox/plan.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "sandbox/filter.h"
#include "sandbox/nt/machine.h"

void plan_done(struct plan *plan)
{
    for (size_t i = 0; i < plan->step_count; i++) {
        free(plan->steps[i].path);
        free(plan->steps[i].text);
    }
    free(plan->steps);
    *plan = PLAN_EMPTY;
}

static int copy_text(char **slot, const char *text)
{
    *slot = text != NULL ? strdup(text) : NULL;
    return text == NULL || *slot != NULL ? 0 : -1;
}

static struct step *next_step(struct plan *plan)
{
    if (plan->step_count == plan->step_capacity) {
        size_t capacity = plan->step_capacity > 0 ? plan->step_capacity * 2 : 64;
        struct step *grown = realloc(plan->steps, capacity * sizeof *grown);

        if (grown == NULL)
            return NULL;
        plan->steps = grown;
        plan->step_capacity = capacity;
    }
    return &plan->steps[plan->step_count];
}

void plan_add_text(struct plan *plan, enum step_kind kind, const char *path, const char *text,
                   uint64_t bits, const char *why)
{
    struct step *step = plan->has_failed ? NULL : next_step(plan);

    if (step == NULL) {
        plan->has_failed = true;
        return;
    }
    *step = (struct step){.kind = kind, .bits = bits, .why = why};
    plan->step_count++;
    if (copy_text(&step->path, path) < 0 || copy_text(&step->text, text) < 0)
        plan->has_failed = true;
}

void plan_add(struct plan *plan, enum step_kind kind, const char *path, uint64_t bits,
              const char *why)
{
    plan_add_text(plan, kind, path, NULL, bits, why);
}

int plan_check(struct plan *plan, struct error *err)
{
    if (!plan->has_failed)
        return 0;
    plan_done(plan);
    return error_memory(err, "plan");
}

void plan_add_gap(struct plan *plan, const char *id, const char *reason)
{
    assert(plan->gap_count < ARRAY_SIZE(plan->gaps)); /* a bug of the plan's; never past the end */
    if (plan->gap_count == ARRAY_SIZE(plan->gaps))
        plan->has_failed = true;
    else
        plan->gaps[plan->gap_count++] = (struct gap){id, reason};
}

const struct step *plan_find(const struct plan *plan, enum step_kind kind)
{
    for (size_t i = 0; i < plan->step_count; i++) {
        if (plan->steps[i].kind == kind)
            return &plan->steps[i];
    }
    return NULL;
}

/* --- names -------------------------------------------------------------------------------- */

const char *plan_step_name(enum step_kind kind)
{
    switch (kind) {
    case STEP_NAMESPACES:
        return "namespaces";
    case STEP_LOOPBACK:
        return "loopback";
    case STEP_READ_ONLY_ROOT:
        return "read-only-root";
    case STEP_WRITABLE:
        return "writable";
    case STEP_PROTECT:
        return "protect";
    case STEP_HIDE:
        return "hide";
    case STEP_PRIVATE_TMP:
        return "private-tmp";
    case STEP_DEVICE:
        return "device";
    case STEP_PTYS:
        return "ptys";
    case STEP_FRESH_MQUEUE:
        return "fresh-mqueue";
    case STEP_FRESH_PROC:
        return "fresh-proc";
    case STEP_LANDLOCK:
        return "landlock";
    case STEP_LANDLOCK_RULE:
        return "landlock-rule";
    case STEP_LANDLOCK_NETWORK:
        return "landlock-network";
    case STEP_LANDLOCK_SCOPES:
        return "landlock-scopes";
    case STEP_GUARD_ROOT:
        return "guard-root";
    case STEP_GUARD_NAME:
        return "guard-name";
    case STEP_GUARD_SOCKETS:
        return "guard-sockets";
    case STEP_GIT_COMMIT:
        return "git-commit";
    case STEP_NEW_SESSION:
        return "new-session";
    case STEP_LIMIT:
        return "limit";
    case STEP_CLOSE_DESCRIPTORS:
        return "close-descriptors";
    case STEP_DROP_CAPABILITIES:
        return "drop-capabilities";
    case STEP_NO_NEW_PRIVILEGES:
        return "no-new-privileges";
    case STEP_FILTER:
        return "filter";
    case STEP_KILL_LEFTOVERS:
        return "kill-leftovers";
    case STEP_CGROUP:
        return "cgroup";
    case STEP_CGROUP_LIMIT:
        return "cgroup-limit";
    case STEP_ROOT:
        return "root";
    case STEP_ACE:
        return "ace";
    case STEP_HOLD_NAME:
        return "hold-name";
    case STEP_TAKE_NAME:
        return "take-name";
    case STEP_RUN_DIRECTORY:
        return "run-directory";
    case STEP_ACCOUNT:
        return "account";
    case STEP_TOKEN:
        return "token";
    case STEP_TOKEN_DISABLE:
        return "token-disable";
    case STEP_TOKEN_RESTRICT:
        return "token-restrict";
    case STEP_TOKEN_DEFAULT_ACE:
        return "token-default-ace";
    case STEP_DESKTOP:
        return "desktop";
    case STEP_JOB:
        return "job";
    case STEP_HANDLES:
        return "handles";
    case STEP_ENVIRONMENT:
        return "environment";
    case STEP_STUBS:
        return "stubs";
    case STEP_SETTING:
        return "setting";
    case STEP_VERIFY:
        return "verify";
    case STEP_KIND_COUNT:
        break;
    }
    return "unknown";
}

struct bit_name {
    uint64_t bit;
    const char *name;
};

static const struct bit_name namespace_names[] = {{PLAN_NS_USER, "user"},
                                                  {PLAN_NS_MOUNT, "mount"},
                                                  {PLAN_NS_PID, "pid"},
                                                  {PLAN_NS_IPC, "ipc"},
                                                  {PLAN_NS_UTS, "uts"},
                                                  {PLAN_NS_NETWORK, "network"},
                                                  {0, NULL}};

static const struct bit_name hide_names[] = {{PLAN_HIDE_DIRECTORY, "directory"},
                                             {PLAN_HIDE_FILE, "file"},
                                             {PLAN_HIDE_WAY, "way-to-root"},
                                             {0, NULL}};

static const struct bit_name scope_names[] = {
    {PLAN_SCOPE_ABSTRACT_UNIX, "abstract-unix"}, {PLAN_SCOPE_SIGNAL, "signal"}, {0, NULL}};

static const struct bit_name cgroup_names[] = {
    {PLAN_CGROUP_PIDS, "pids"}, {PLAN_CGROUP_MEMORY, "memory"}, {0, NULL}};

static const struct bit_name proc_names[] = {{1, "read-only"}, {0, NULL}};

static const struct bit_name access_names[] = {
    {ACCESS_EXECUTE, "execute"},           {ACCESS_WRITE_FILE, "write_file"},
    {ACCESS_READ_FILE, "read_file"},       {ACCESS_READ_DIR, "read_dir"},
    {ACCESS_REMOVE_DIR, "remove_dir"},     {ACCESS_REMOVE_FILE, "remove_file"},
    {ACCESS_MAKE_CHAR, "make_char"},       {ACCESS_MAKE_DIR, "make_dir"},
    {ACCESS_MAKE_REG, "make_reg"},         {ACCESS_MAKE_SOCK, "make_sock"},
    {ACCESS_MAKE_FIFO, "make_fifo"},       {ACCESS_MAKE_BLOCK, "make_block"},
    {ACCESS_MAKE_SYM, "make_sym"},         {ACCESS_REFER, "refer"},
    {ACCESS_TRUNCATE, "truncate"},         {ACCESS_IOCTL_DEV, "ioctl_dev"},
    {ACCESS_RESOLVE_UNIX, "resolve_unix"}, {0, NULL}};

static const struct bit_name ace_names[] = {{PLAN_ACE_PROTECTS, "protects"},
                                            {PLAN_ACE_LATER, "later"},
                                            {PLAN_ACE_IF_THERE, "if-there"},
                                            {0, NULL}};

static const struct bit_name account_names[] = {
    {PLAN_ACCOUNT_RUNNER_PER_SESSION, "runner-per-session"},
    {PLAN_ACCOUNT_RUNNER_PER_COMMAND, "runner-per-command"},
    {0, NULL}};

static const struct bit_name desktop_names[] = {{PLAN_DESKTOP_PER_SESSION, "desktop-per-session"},
                                                {PLAN_DESKTOP_PER_COMMAND, "desktop-per-command"},
                                                {0, NULL}};

static const struct bit_name token_names[] = {{PLAN_TOKEN_LUA, "lua"},
                                              {PLAN_TOKEN_NO_PRIVILEGES, "no-privileges"},
                                              {PLAN_TOKEN_WRITE_RESTRICTED, "write-restricted"},
                                              {0, NULL}};

static const struct bit_name job_names[] = {{PLAN_JOB_KILL_ON_CLOSE, "kill-on-close"},
                                            {PLAN_JOB_NO_BREAKAWAY, "no-breakaway"},
                                            {PLAN_JOB_DIE_ON_EXCEPTION, "die-on-exception"},
                                            {PLAN_JOB_UI, "ui-limits"},
                                            {0, NULL}};

/* NULL: the bits of this kind are a number, or nothing. */
static const struct bit_name *names_of_bits(enum step_kind kind)
{
    static const struct {
        enum step_kind kind;
        const struct bit_name *names;
    } tables[] = {{STEP_NAMESPACES, namespace_names},  {STEP_HIDE, hide_names},
                  {STEP_LANDLOCK_SCOPES, scope_names}, {STEP_CGROUP, cgroup_names},
                  {STEP_FRESH_PROC, proc_names},       {STEP_LANDLOCK, access_names},
                  {STEP_LANDLOCK_RULE, access_names},  {STEP_ACE, ace_names},
                  {STEP_ACCOUNT, account_names},       {STEP_DESKTOP, desktop_names},
                  {STEP_TOKEN, token_names},           {STEP_JOB, job_names}};

    for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
        if (tables[i].kind == kind)
            return tables[i].names;
    }
    return NULL;
}

static bool has_number(enum step_kind kind)
{
    return kind == STEP_PRIVATE_TMP || kind == STEP_LIMIT || kind == STEP_GIT_COMMIT ||
           kind == STEP_CGROUP_LIMIT;
}

void plan_add_bit_names(struct buffer *out, const struct step *step)
{
    const struct bit_name *names = names_of_bits(step->kind);
    const char *between = "";

    if (step->kind == STEP_FILTER) {
        buffer_add_text(out, filter_group_name((enum filter_group)step->bits));
        return;
    }
    if (step->kind == STEP_SETTING)
        buffer_add_text(out, nt_kind_name((enum nt_kind)step->bits));
    for (; names != NULL && names->name != NULL; names++) {
        if ((step->bits & names->bit) == 0)
            continue;
        buffer_printf(out, "%s%s", between, names->name);
        between = ",";
    }
}

/* --- text --------------------------------------------------------------------------------- */

static void add_word(struct buffer *out, const char *text)
{
    if (text == NULL)
        return;
    buffer_add_text(out, "  ");
    text_escape_terminal(out, text, strlen(text));
}

void plan_print_text(struct buffer *out, const struct plan *plan)
{
    buffer_printf(out, "%s\n", plan->mode);
    for (size_t i = 0; i < plan->step_count; i++) {
        const struct step *step = &plan->steps[i];
        AUTO_BUFFER struct buffer names = BUFFER_EMPTY;

        plan_add_bit_names(&names, step);
        buffer_printf(out, "  %-18s", plan_step_name(step->kind));
        add_word(out, step->path);
        add_word(out, step->text);
        add_word(out, names.size > 0 ? buffer_text(&names) : NULL);
        if (has_number(step->kind))
            buffer_printf(out, "  %" PRIu64, step->bits);
        if (step->why != NULL)
            buffer_printf(out, "  (%s)", step->why);
        buffer_add_byte(out, '\n');
    }
    for (size_t i = 0; i < plan->gap_count; i++)
        buffer_printf(out, "  gap: %s: %s\n", plan->gaps[i].id, plan->gaps[i].reason);
}

/* --- JSON --------------------------------------------------------------------------------- */

static void add_member(struct buffer *out, const char *key, const char *text)
{
    if (text == NULL)
        return;
    buffer_printf(out, ", \"%s\": \"", key);
    text_escape_json(out, text, strlen(text));
    buffer_add_byte(out, '"');
}

static void print_step(struct buffer *out, const struct step *step)
{
    AUTO_BUFFER struct buffer names = BUFFER_EMPTY;

    plan_add_bit_names(&names, step);
    buffer_printf(out, "    {\"step\": \"%s\"", plan_step_name(step->kind));
    add_member(out, "path", step->path);
    add_member(out, "text", step->text);
    if (names.size > 0)
        add_member(out, "what", buffer_text(&names));
    if (has_number(step->kind))
        buffer_printf(out, ", \"value\": %" PRIu64, step->bits);
    add_member(out, "why", step->why);
    buffer_add_text(out, "}");
}

void plan_print_json(struct buffer *out, const struct plan *plan)
{
    buffer_printf(out, "{\n  \"mode\": \"%s\",\n  \"steps\": [\n", plan->mode);
    for (size_t i = 0; i < plan->step_count; i++) {
        print_step(out, &plan->steps[i]);
        buffer_add_text(out, i + 1 < plan->step_count ? ",\n" : "\n");
    }
    buffer_add_text(out, "  ],\n  \"gaps\": [\n");
    for (size_t i = 0; i < plan->gap_count; i++) {
        buffer_printf(out, "    {\"id\": \"%s\"", plan->gaps[i].id);
        add_member(out, "reason", plan->gaps[i].reason);
        buffer_add_text(out, i + 1 < plan->gap_count ? "},\n" : "}\n");
    }
    buffer_add_text(out, "  ]\n}\n");
}
