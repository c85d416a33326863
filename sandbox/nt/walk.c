#include "sandbox/nt/walk.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/text.h"
#include "sandbox/nt/utf16.h"
#include "sandbox/path.h"

enum {
    DEPTH_MAX = 400
};

const char *nt_kind_name(enum nt_kind kind)
{
    switch (kind) {
    case NT_KIND_ACL:
        return "acl";
    case NT_KIND_GROUP:
        return "group";
    case NT_KIND_ACCOUNT:
        return "account";
    case NT_KIND_MEMBER:
        return "member";
    case NT_KIND_RIGHT:
        return "right";
    case NT_KIND_REGISTRY:
        return "registry";
    case NT_KIND_FILTER:
        return "filter";
    case NT_KIND_FIREWALL:
        return "firewall";
    case NT_KIND_FILE:
        return "file";
    case NT_KIND_DIRECTORY:
        return "directory";
    }
    return "unknown";
}

/* Windows logs people on with a temporary profile when a hive has a foreign ACE (codex issue 31140);
 * OpenSSH refuses keys whose directory has one (codex issue 12226). */
bool nt_is_untouchable(const char *name)
{
    return strcasecmp(name, ".ssh") == 0 || strncasecmp(name, "NTUSER.", 7) == 0 ||
           strncasecmp(name, "UsrClass.dat", 12) == 0;
}

const struct nt_wish *nt_wish_for(const struct nt_wishes *wishes, const char *path)
{
    for (size_t i = 0; i < wishes->count; i++) {
        const char *wished = wishes->items[i].path;

        if (path_is_within(PATH_WINDOWS, path, wished) && strlen(path) == strlen(wished))
            return &wishes->items[i];
    }
    return NULL;
}

/* One object on the way down. */
struct step {
    struct nt_machine *machine;
    const struct nt_wishes *wishes;
    struct nt_walk_stats *stats;
};

static char *path_below(const char *path, const char *name)
{
    size_t size = strlen(path) + strlen(name) + 2;
    char *joined = malloc(size);
    bool has_end = path[0] != '\0' && path[strlen(path) - 1] == '\\';

    if (joined != NULL)
        (void)snprintf(joined, size, "%s%s%s", path, has_end || path[0] == '\0' ? "" : "\\", name);
    return joined;
}

static int visit(const struct step *step, void *node, const char *path,
                 const struct nt_acl *inherited, bool is_protected, unsigned depth,
                 struct error *err);

static bool may_pass(const struct step *step, const char *path, const struct error *err)
{
    struct nt_walk_stats *stats = step->stats;

    if (!stats->goes_past || err->code == ERR_INTERRUPTED || err->code == ERR_MEMORY)
        return false;
    stats->failed++;
    (void)snprintf(stats->trouble, sizeof stats->trouble, "%.120s: %.120s", path, err->message);
    return true;
}

/* Does this directory give entries of ours to what is in it? */
static bool hands_down(const struct nt_acl *dacl, const struct nt_ours *ours)
{
    for (size_t i = 0; i < dacl->count; i++) {
        if ((dacl->aces[i].flags & NT_INHERIT_ALL) != 0 && nt_is_ours(dacl, &dacl->aces[i], ours))
            return true;
    }
    return false;
}

static int visit_child(const struct step *step, void *node, const char *path, const char *name,
                       const struct nt_acl *dacl, bool is_protected, unsigned depth,
                       struct error *err)
{
    const struct nt_machine_ops *ops = step->machine->ops;
    AUTO_ACL struct nt_acl inherited = NT_ACL_EMPTY;
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
    AUTO_FREE char *below = path_below(path, name);
    struct nt_file_facts facts;
    void *child = NULL;
    int result;

    if (below == NULL)
        return error_memory(err, name);
    if (nt_is_untouchable(name) && hands_down(dacl, &step->wishes->ours)) {
        step->stats->untouchable++;
        return 0;
    }
    if (ops->open_child(step->machine, node, name, &child, err) < 0) {
        if (is_protected && err->code == ERR_NOT_FOUND && strstr(name, NT_NO_TEXT) != NULL)
            return error_set(err, ERR_REFUSED, "%s: its name is no text, so nobody can look at it",
                             below);
        step->stats->vanished += err->code == ERR_NOT_FOUND ? 1 : 0;
        /* a hive in use is nobody's to open, and holds nothing of ours */
        step->stats->untouchable += nt_is_untouchable(name) ? 1 : 0;
        if (err->code == ERR_NOT_FOUND || nt_is_untouchable(name) || may_pass(step, below, err))
            return 0;
        return error_wrap(err, "%s", below);
    }
    result = ops->look(step->machine, child, &facts, &sd, err);
    if (result == 0)
        result = nt_stamp_below(dacl, &step->wishes->ours, facts.is_directory, &inherited, err);
    if (result == 0)
        result = visit(step, child, below, &inherited, is_protected, depth, err);
    ops->close(step->machine, child);
    return result < 0 && may_pass(step, below, err) ? 0 : result;
}

static int visit_children(const struct step *step, void *node, const char *path,
                          const struct nt_acl *dacl, bool is_protected, unsigned depth,
                          struct error *err)
{
    struct text_list names = {0};
    int result = 0;

    if (depth >= DEPTH_MAX)
        return error_set(err, ERR_UNSUPPORTED, "%s: more than %d directories deep", path,
                         DEPTH_MAX);
    if (step->machine->ops->list(step->machine, node, &names, err) < 0)
        return error_wrap(err, "%s", path);
    for (size_t i = 0; result == 0 && i < names.count; i++)
        result = visit_child(step, node, path, names.items[i], dacl, is_protected, depth + 1, err);
    text_list_done(&names);
    return result;
}

/* Entries for an object, after what its kind and its descriptor allow. */
struct wanted {
    const struct nt_acl *explicit_aces;
    const struct nt_acl *inherited;
    bool is_left_alone;
};

static const struct nt_acl nothing = {.revision = NT_ACL_REVISION};

static struct wanted find_wanted(const struct nt_wish *wish, const struct nt_acl *inherited,
                                 const struct nt_file_facts *facts, const struct nt_sd *sd,
                                 struct nt_walk_stats *stats)
{
    struct wanted wanted = {wish != NULL ? &wish->aces : &nothing, inherited, false};

    if (facts->is_reparse) {
        stats->links++;
        wanted.is_left_alone = true;
    } else if (!facts->is_directory && facts->links > 1) {
        stats->hard_links++;
        /* Entries may be taken from it, never put on it. */
        wanted.is_left_alone = wanted.explicit_aces->count + inherited->count > 0;
    } else if (nt_sd_is_open(sd)) {
        stats->null_dacls++;
        wanted.inherited = &nothing;
    } else if ((sd->control & NT_SD_DACL_PROTECTED) != 0) {
        stats->protected_dacls++;
        wanted.inherited = &nothing;
    }
    return wanted;
}

/* Does a foreign entry of its own, which stands before all that it inherits, let somebody delete through
 * this directory? */
static bool has_own_delete_child(const struct nt_sd *sd, const struct nt_ours *ours)
{
    for (size_t i = 0; i < sd->dacl.count; i++) {
        const struct nt_ace *ace = &sd->dacl.aces[i];
        bool is_inherited =
            (ace->flags & NT_INHERITED) != 0 && (sd->control & NT_SD_DACL_PROTECTED) == 0;

        if (ace->type == NT_ACE_ALLOW && !is_inherited && (ace->flags & NT_INHERIT_ONLY) == 0 &&
            (ace->mask & (NT_FILE_DELETE_CHILD | NT_GENERIC_ALL)) != 0 &&
            !nt_is_ours(&sd->dacl, ace, ours))
            return true;
    }
    return false;
}

/* Below a protected name such an entry would win over the inherited denial: the denial of that one right
 * is put in front of it, too. It is handed on only where nothing else is (a closed DACL). */
static int add_denials(const struct step *step, const struct nt_sd *sd,
                       const struct nt_acl *inherited, struct wanted *wanted, struct nt_acl *all,
                       struct error *err)
{
    bool is_closed = (sd->control & NT_SD_DACL_PROTECTED) != 0;

    if (!has_own_delete_child(sd, &step->wishes->ours))
        return 0;
    if (nt_acl_copy(all, wanted->explicit_aces, err) < 0)
        return -1;
    for (size_t i = 0; i < inherited->count; i++) {
        const struct nt_ace *ace = &inherited->aces[i];
        struct nt_ace denial = nt_ace_make(NT_ACE_DENY, is_closed ? NT_CONTAINER_INHERIT : 0,
                                           NT_FILE_DELETE_CHILD, &ace->sid);

        if (ace->type == NT_ACE_DENY && (ace->mask & NT_FILE_DELETE_CHILD) != 0 &&
            nt_acl_add(all, &denial, err) < 0)
            return -1;
    }
    wanted->explicit_aces = all;
    return 0;
}

static int put_right(const struct step *step, void *node, const char *path, struct nt_sd *sd,
                     const struct wanted *wanted, struct error *err)
{
    bool has_changed = false;

    if (nt_stamp_put(sd, &step->wishes->ours, wanted->explicit_aces, wanted->inherited,
                     &has_changed, err) < 0)
        return error_wrap(err, "%s", path);
    if (!has_changed)
        return 0;
    step->stats->written++;
    if (step->machine->ops->put_dacl(step->machine, node, sd, err) < 0)
        return error_wrap(err, "%s", path);
    return 0;
}

static int visit(const struct step *step, void *node, const char *path,
                 const struct nt_acl *inherited, bool is_protected, unsigned depth,
                 struct error *err)
{
    const struct nt_wish *wish = nt_wish_for(step->wishes, path);
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
    AUTO_ACL struct nt_acl with_denials = NT_ACL_EMPTY;
    struct nt_file_facts facts;
    struct wanted wanted;

    if (step->machine->ops->look(step->machine, node, &facts, &sd, err) < 0)
        return error_wrap(err, "%s", path);
    step->stats->seen++;
    if (step->stats->goes_on != NULL && !step->stats->goes_on(step->stats->own, step->stats))
        return error_set(err, ERR_INTERRUPTED, "stopped");
    is_protected = is_protected || (wish != NULL && wish->is_protected);
    wanted = find_wanted(wish, inherited, &facts, &sd, step->stats);
    if (is_protected && nt_sd_is_open(&sd) && !facts.is_reparse)
        return error_set(err, ERR_REFUSED, "%s: its DACL is NULL, so it cannot be protected", path);
    if (wanted.is_left_alone)
        return 0;
    /* One that is wished for itself has its denials in front already. */
    if (is_protected && wish == NULL && facts.is_directory &&
        add_denials(step, &sd, inherited, &wanted, &with_denials, err) < 0)
        return -1;
    if (put_right(step, node, path, &sd, &wanted, err) < 0)
        return -1;
    if (!facts.is_directory)
        return 0;
    return visit_children(step, node, path, &sd.dacl, is_protected, depth, err);
}

/* What the object at path inherits of ours from its directory as that is now. */
static int inherited_from_above(struct nt_machine *machine, const struct nt_wishes *wishes,
                                const char *path, bool is_directory, struct nt_acl *out,
                                struct error *err)
{
    const char *name = path_name(PATH_WINDOWS, path);
    AUTO_FREE char *parent = text_copy(path, (size_t)(name - path) - (name > path ? 1 : 0));
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
    struct nt_file_facts facts;
    void *node = NULL;
    int result;

    if (parent == NULL)
        return error_memory(err, path);
    if (name == path || path_is_top(PATH_WINDOWS, path))
        return 0;
    if (machine->ops->open_path(machine, parent, &node, err) < 0)
        return -1;
    result = machine->ops->look(machine, node, &facts, &sd, err);
    machine->ops->close(machine, node);
    return result < 0 ? -1 : nt_stamp_below(&sd.dacl, &wishes->ours, is_directory, out, err);
}

/* Opens the object and finds what it inherits. */
static int begin(struct nt_machine *machine, const struct nt_wishes *wishes, const char *path,
                 void **node, struct nt_file_facts *facts, struct nt_sd *sd,
                 struct nt_acl *inherited, struct error *err)
{
    if (machine->ops->open_path(machine, path, node, err) < 0)
        return -1;
    if (machine->ops->look(machine, *node, facts, sd, err) == 0 &&
        inherited_from_above(machine, wishes, path, facts->is_directory, inherited, err) == 0)
        return 0;
    machine->ops->close(machine, *node);
    return -1;
}

int nt_wish_images(struct nt_machine *machine, const struct nt_wishes *wishes, const char *path,
                   struct nt_sd *before, struct nt_sd *after, struct error *err)
{
    AUTO_ACL struct nt_acl inherited = NT_ACL_EMPTY;
    struct nt_walk_stats stats = {0};
    struct nt_file_facts facts;
    struct wanted wanted;
    bool has_changed = false;
    void *node = NULL;

    if (begin(machine, wishes, path, &node, &facts, before, &inherited, err) < 0)
        return -1;
    machine->ops->close(machine, node);
    wanted = find_wanted(nt_wish_for(wishes, path), &inherited, &facts, before, &stats);
    if (wanted.is_left_alone)
        return error_set(err, ERR_REFUSED, "a link, or a file with several names");
    if (nt_sd_copy(after, before, err) < 0 ||
        nt_stamp_put(after, &wishes->ours, wanted.explicit_aces, wanted.inherited, &has_changed,
                     err) < 0)
        return -1;
    return has_changed ? 0 : 1;
}

int nt_wish_is_met(struct nt_machine *machine, const struct nt_wishes *wishes, const char *path,
                   struct error *err)
{
    AUTO_SD struct nt_sd before = NT_SD_EMPTY;
    AUTO_SD struct nt_sd after = NT_SD_EMPTY;

    return nt_wish_images(machine, wishes, path, &before, &after, err);
}

int nt_walk(struct nt_machine *machine, const struct nt_wishes *wishes, const char *path,
            struct nt_walk_stats *stats, struct error *err)
{
    struct step step = {machine, wishes, stats};
    AUTO_ACL struct nt_acl inherited = NT_ACL_EMPTY;
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
    struct nt_file_facts facts;
    void *node = NULL;
    int result;

    if (begin(machine, wishes, path, &node, &facts, &sd, &inherited, err) < 0)
        return -1;
    result = visit(&step, node, path, &inherited, false, 0, err);
    machine->ops->close(machine, node);
    return result;
}
