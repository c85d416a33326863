/* What the plans of both Windows modes share. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "sandbox/nt/walk.h"
#include "sandbox/windows_plans.h"
#include "sandbox/windows_reading.h"

const char *const windows_account_names[WINDOWS_ACCOUNT_COUNT] = {
    "HoldfastOffline", "HoldfastLocal", "HoldfastOnline"};
const char windows_group_name[] = "HoldfastSandbox";

void windows_add_ace(struct plan *plan, const char *path, const struct nt_ace *ace, uint64_t bits,
                     const char *why)
{
    struct error err;
    AUTO_FREE char *text = nt_sddl_format_ace(ace, &err);

    if (text == NULL)
        plan->has_failed = true;
    else
        plan_add_text(plan, STEP_ACE, path, text, bits, why);
}

static void add_published_names(struct plan *plan, const struct windows_facts *facts,
                                const struct windows_root *root)
{
    struct nt_ace deny = nt_ace_make(NT_ACE_DENY, NT_INHERIT_ALL, 0x130156, &root->sid);

    for (size_t i = 0; i < facts->name_count; i++) {
        const struct windows_name *name = &facts->names[i];

        if ((!name->is_known || name->exists) &&
            path_is_within(PATH_WINDOWS, name->path, root->path))
            windows_add_ace(plan, name->path, &deny,
                            PLAN_ACE_PROTECTS | (name->is_known ? 0 : PLAN_ACE_IF_THERE),
                            "as published");
    }
}

void windows_add_published(struct plan *plan, const struct windows_facts *facts,
                           const struct nt_sid *group)
{
    for (size_t i = 0; i < facts->root_count; i++) {
        const struct windows_root *root = &facts->roots[i];
        const struct nt_sid *writers[] = {group, &root->sid};

        for (size_t k = 0; k < ARRAY_SIZE(writers); k++) {
            struct nt_ace allow;

            if (writers[k] == NULL)
                continue;
            allow = nt_ace_make(NT_ACE_ALLOW, NT_INHERIT_ALL, WINDOWS_BELOW_RIGHTS, writers[k]);
            windows_add_ace(plan, root->path, &allow, 0, "as published");
        }
        add_published_names(plan, facts, root);
    }
}

void windows_add_sid(struct plan *plan, enum step_kind kind, const struct nt_sid *sid,
                     const char *why)
{
    char text[NT_SID_TEXT_MAX];

    nt_sid_format(sid, text);
    plan_add_text(plan, kind, NULL, text, 0, why);
}

void windows_add_roots(struct plan *plan, const struct windows_facts *facts)
{
    for (size_t i = 0; i < facts->root_count; i++) {
        char text[NT_SID_TEXT_MAX];

        nt_sid_format(&facts->roots[i].sid, text);
        plan_add_text(plan, STEP_ROOT, facts->roots[i].path, text, 0,
                      i == 0 ? "the workspace" : "writable in the policy");
    }
}

/* Refusals -------------------------------------------------------------------------------------- */

static int refuse(enum error_code code, const char *path, const char *why, const char *hint,
                  struct error *err)
{
    (void)error_set(err, code, "%s: %s", path, why);
    return error_hint(err, "%s", hint);
}

static bool is_same(const char *a, const char *b)
{
    return path_is_within(PATH_WINDOWS, a, b) && path_is_within(PATH_WINDOWS, b, a);
}

/* A profile, whoever's, or what contains one: all that lies directly below C:\Users is one. */
static bool is_profile(const struct windows_facts *facts, const char *path)
{
    const char *name = path_name(PATH_WINDOWS, path);
    AUTO_FREE char *expected = windows_path_join(facts->profiles, name);

    for (size_t i = 0; i < facts->other_profiles.count; i++) {
        if (path_is_within(PATH_WINDOWS, facts->other_profiles.items[i], path))
            return true;
    }
    return expected == NULL || is_same(expected, path) || is_same(facts->profiles, path) ||
           path_is_within(PATH_WINDOWS, facts->profile, path);
}

/* "C:\...", as Windows itself spells it. Everything here compares such paths. */
static bool is_plain(const char *path)
{
    bool has_drive = (path[0] >= 'A' && path[0] <= 'Z') || (path[0] >= 'a' && path[0] <= 'z');

    return has_drive && path[1] == ':' && path[2] == '\\' && strpbrk(path + 2, ":/") == NULL;
}

/* Is there a component of the path that test likes? */
static bool any_component(const char *path, bool (*test)(const char *name))
{
    AUTO_FREE char *copy = strdup(path);
    char *part = copy;

    while (part != NULL) {
        char *rest = strchr(part, '\\');

        if (rest != NULL)
            *rest++ = '\0';
        if (test(part))
            return true;
        part = rest;
    }
    return copy == NULL; /* out of memory: refuse */
}

/* Win32 drops dots and spaces at the end of a name, so that it names another one; ".." climbs. */
static bool is_misspelt(const char *name)
{
    size_t length = strlen(name);

    return length > 0 && (name[length - 1] == '.' || name[length - 1] == ' ');
}

/* Directories directly below a drive that belong to the system or lead to the profiles. */
static bool is_system_name(const char *path)
{
    static const char *const names[] = {"$Recycle.Bin", "System Volume Information",
                                        "Documents and Settings", "Recovery", "Boot"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (path_is_within(PATH_WINDOWS, path + strcspn(path, "\\") + 1, names[i]))
            return true;
    }
    return false;
}

/* Where no entry of ours may ever stand, be it a root's, a reading one or a hiding one. */
static int check_forbidden(const struct windows_facts *facts, const char *path, const char *hint,
                           struct error *err)
{
    if (path_is_top(PATH_WINDOWS, path))
        return refuse(ERR_REFUSED, path, "a drive or share as a whole cannot be a root", hint, err);
    if (strncmp(path, "\\\\?\\UNC\\", 8) == 0 ||
        (strncmp(path, "\\\\", 2) == 0 && strchr(".?", path[2]) == NULL))
        return refuse(ERR_UNSUPPORTED, path,
                      "on a share; its server would check with another token than ours",
                      "copy the project to a local NTFS volume", err);
    if (!is_plain(path))
        return refuse(ERR_REFUSED, path, "a stream or a device, not a directory",
                      "name a directory, C:\\...", err);
    if (any_component(path, is_misspelt))
        return refuse(ERR_REFUSED, path, "a name in it ends in a dot or a blank, or climbs",
                      "write the path as Windows shows it", err);
    if (is_profile(facts, path))
        return refuse(ERR_REFUSED, path, "a user profile, or what contains it, cannot be a root",
                      hint, err);
    if (any_component(path, nt_is_untouchable))
        return refuse(ERR_REFUSED, path,
                      "OpenSSH keys and registry hives break when a foreign entry stands on them",
                      hint, err);
    return 0;
}

static int check_place(const struct windows_facts *facts, const char *path, struct error *err)
{
    const char *hint = "name the project's own directory, one per root";
    const char *const system_places[] = {facts->system, facts->programs, facts->programs_x86};

    if (check_forbidden(facts, path, hint, err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(system_places); i++) {
        if (system_places[i] != NULL && (path_is_within(PATH_WINDOWS, path, system_places[i]) ||
                                         path_is_within(PATH_WINDOWS, system_places[i], path)))
            return refuse(ERR_REFUSED, path, "a system folder cannot be a root", hint, err);
    }
    if (path_is_within(PATH_WINDOWS, facts->program_data, path) || is_system_name(path))
        return refuse(ERR_REFUSED, path, "a system folder cannot be a root", hint, err);
    if (path_is_within(PATH_WINDOWS, path, facts->state) ||
        path_is_within(PATH_WINDOWS, facts->state, path))
        return refuse(ERR_REFUSED, path, "it holds the sandbox's own state", hint, err);
    return 0;
}

static bool is_in_a_root(const struct windows_facts *facts, const char *path)
{
    for (size_t i = 0; i < facts->root_count; i++) {
        if (path_is_within(PATH_WINDOWS, path, facts->roots[i].path))
            return true;
    }
    return false;
}

static int check_root(const struct windows_facts *facts, const struct windows_root *root,
                      struct error *err)
{
    if (check_place(facts, root->path, err) < 0)
        return -1;
    if (root->is_remote)
        return refuse(ERR_UNSUPPORTED, root->path,
                      "on a share; its server would check with another token than ours",
                      "copy the project to a local NTFS volume", err);
    if (root->has_no_acls)
        return refuse(ERR_UNSUPPORTED, root->path,
                      "its volume keeps no access control lists (FAT32, exFAT, ...)",
                      "copy the project to an NTFS volume", err);
    if (root->is_open)
        return refuse(ERR_REFUSED, root->path, "its DACL is NULL: everybody may do everything",
                      "give it an access control list: icacls PATH /reset", err);
    return 0;
}

int windows_check_roots(const struct windows_facts *facts, const char *mode, struct error *err)
{
    for (size_t i = 0; i < facts->root_count; i++) {
        if (check_root(facts, &facts->roots[i], err) < 0)
            return error_wrap(err, "%s: root", mode);
    }
    for (size_t i = 0; i < facts->name_count; i++) {
        const char *path = facts->names[i].path;

        if (!is_in_a_root(facts, path))
            return refuse(ERR_REFUSED, path, "a protected name outside every root",
                          "nothing outside the roots is touched, so nothing there is protected",
                          err);
        if (check_forbidden(facts, path, "name something else to protect", err) < 0)
            return error_wrap(err, "%s: protect", mode);
    }
    return 0;
}

/* Entries that let or keep the sandbox's accounts read go on what they name and all below. */
int windows_check_reading(const struct windows_facts *facts, const char *mode, struct error *err)
{
    for (size_t i = 0; i < facts->readable.count; i++) {
        const char *path = facts->readable.items[i];
        const char *hint = "name the folder of the tool itself, not what contains it";

        if (check_forbidden(facts, path, hint, err) < 0)
            return error_wrap(err, "%s: readable", mode);
        if (path_is_within(PATH_WINDOWS, path, facts->profiles) &&
            !windows_reading_is_declared(facts->profile, path)) {
            (void)refuse(ERR_REFUSED, path, "in a profile, and not a folder of tools", hint, err);
            return error_wrap(err, "%s: readable", mode);
        }
    }
    for (size_t i = 0; i < facts->hidden_count; i++) {
        const char *path = facts->hidden[i].path;

        if ((facts->hidden[i].is_readable || windows_reading_is_declared(facts->profile, path)) &&
            check_place(facts, path, err) < 0) {
            (void)error_wrap(err, "%s: deny_read: hiding it needs an entry on it", mode);
            return error_hint(err, "take Users and Everyone out of its access control list "
                                   "yourself, or hide something smaller");
        }
    }
    return 0;
}

int windows_check_limits(const struct policy *policy, const char *mode, struct error *err)
{
    const char *what = policy->limits.file_bytes > 0  ? "limit the size of a file"
                       : policy->limits.tmp_bytes > 0 ? "limit the size of the private tmp"
                       : policy->git == GIT_COMMIT
                           ? "let .git be committed to while its hooks stay protected"
                           : NULL;

    if (what == NULL)
        return 0;
    (void)error_set(err, ERR_UNSUPPORTED, "%s cannot %s", mode, what);
    return error_hint(err, "leave that key out of the policy");
}

/* What both do to the command's process ------------------------------------------------------- */

static void add_default_ace(struct plan *plan, const struct nt_sid *sid, const char *why)
{
    char text[NT_SID_TEXT_MAX];
    char ace[NT_SID_TEXT_MAX + 16];

    nt_sid_format(sid, text);
    (void)snprintf(ace, sizeof ace, "(A;;GA;;;%s)", text);
    plan_add_text(plan, STEP_TOKEN_DEFAULT_ACE, NULL, ace, 0, why);
}

void windows_add_default_dacl(struct plan *plan, const struct nt_sid *first,
                              const struct nt_sid *root)
{
    add_default_ace(plan, first, "pass 1 for the command's own processes, pipes and events");
    add_default_ace(plan, root,
                    "pass 2: commands of another workspace have another SID, and cannot change "
                    "these processes");
    plan_add_text(plan, STEP_TOKEN_DEFAULT_ACE, NULL, "(A;;RC;;;OW)", 0,
                  "their owner is the same, and could else let itself in");
    plan_add_text(plan, STEP_TOKEN_DEFAULT_ACE, NULL, "(A;;GA;;;SY)", 0, "as Windows has it");
}

/* READ_CONTROL and every desktop right but switching to it (winuser.h, DESKTOP_*). */
static void add_desktop(struct plan *plan, const struct windows_participants *who,
                        enum windows_variant variant)
{
    AUTO_BUFFER struct buffer desktop = BUFFER_EMPTY;

    buffer_add_text(&desktop, "D:P");
    for (size_t i = 0; i < ARRAY_SIZE(who->sids) && who->sids[i][0] != '\0'; i++)
        buffer_printf(&desktop, "(A;;0x200ff;;;%s)", who->sids[i]);
    buffer_add_text(&desktop, "(A;;0xf01ff;;;SY)");
    plan_add_text(plan, STEP_DESKTOP, NULL, buffer_text(&desktop),
                  variant == WINDOWS_AS_PUBLISHED ? PLAN_DESKTOP_PER_COMMAND
                                                  : PLAN_DESKTOP_PER_SESSION,
                  "no window of the user's to send messages to or to read keys from");
    if (buffer_failed(&desktop))
        plan->has_failed = true;
}

void windows_add_process(struct plan *plan, const struct policy *policy,
                         const struct windows_participants *who, enum windows_variant variant)
{
    uint64_t job =
        PLAN_JOB_KILL_ON_CLOSE | PLAN_JOB_NO_BREAKAWAY | PLAN_JOB_DIE_ON_EXCEPTION | PLAN_JOB_UI;

    if (variant == WINDOWS_AS_PUBLISHED)
        job = PLAN_JOB_KILL_ON_CLOSE;
    add_desktop(plan, who, variant);
    plan_add(plan, STEP_JOB, NULL, job, "when the run ends, so does everything it started");
    if (policy->limits.processes > 0)
        plan_add_text(plan, STEP_LIMIT, NULL, "processes", policy->limits.processes,
                      "asked for by the policy");
    if (policy->limits.memory_bytes > 0)
        plan_add_text(plan, STEP_LIMIT, NULL, "memory", policy->limits.memory_bytes,
                      "asked for by the policy");
    plan_add(plan, STEP_HANDLES, NULL, 0, "no open file, socket or process of the caller leaks in");
}

void windows_add_guards(struct plan *plan, const struct windows_facts *facts)
{
    for (size_t i = 0; i < facts->name_count; i++) {
        const struct windows_name *name = &facts->names[i];

        if (!name->is_known || name->exists)
            plan_add(plan, STEP_HOLD_NAME, name->path, 0,
                     "deleting or renaming it fails whatever its parent allows");
        if (!name->is_known || !name->exists)
            plan_add(plan, STEP_TAKE_NAME, name->path, 0,
                     "cannot be made while the run lasts; nothing is left behind");
    }
}

/* Read by the programs named in the table; ignored by all others. */
static const struct {
    const char *text;
    const char *why;
} advice[] = {
    {"HTTP_PROXY=http://127.0.0.1:9", "advisory: clients that ask for a proxy get a dead one"},
    {"HTTPS_PROXY=http://127.0.0.1:9", "advisory: the same"},
    {"ALL_PROXY=http://127.0.0.1:9", "advisory: the same"},
    {"NO_PROXY=localhost,127.0.0.1,::1", "advisory: the machine itself stays reachable"},
    {"PIP_NO_INDEX=1", "advisory: pip does not look for packages"},
    {"PIP_DISABLE_PIP_VERSION_CHECK=1", "advisory: nor for itself"},
    {"NPM_CONFIG_OFFLINE=true", "advisory: npm uses its cache only"},
    {"CARGO_NET_OFFLINE=true", "advisory: cargo uses its cache only"},
    {"GIT_SSH_COMMAND=cmd /c exit 1", "advisory: git over ssh fails at once"},
    {"GIT_ALLOW_PROTOCOL=file", "advisory: git(1): only local transports"},
};

void windows_add_network_advice(struct plan *plan, const struct windows_facts *facts)
{
    AUTO_FREE char *stubs = windows_path_join(facts->state, "denybin");

    for (size_t i = 0; i < ARRAY_SIZE(advice); i++)
        plan_add_text(plan, STEP_ENVIRONMENT, NULL, advice[i].text, 0, advice[i].why);
    if (stubs == NULL)
        plan->has_failed = true;
    else
        plan_add(plan, STEP_STUBS, stubs, 0,
                 "advisory: ssh and scp found in PATH fail at once and say why");
}
