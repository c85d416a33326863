/* What a process can try on the pretended volume. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "sandbox/nt/tree_inside.h"

static bool may(const struct nt_actor *actor, const struct nt_object *object, uint32_t desired)
{
    struct nt_access_check check = {.sd = &object->sd,
                                    .token = actor->token,
                                    .desired = desired,
                                    .mapping = &NT_FILE_MAPPING,
                                    .extra_write_bits = actor->extra_write_bits};

    return nt_access_check(&check).is_allowed;
}

/* Without SeChangeNotifyPrivilege every directory on the way must grant FILE_TRAVERSE. */
static bool may_reach(const struct nt_actor *actor, const struct nt_entry *entry)
{
    if ((actor->token->privileges & NT_PRIVILEGE_CHANGE_NOTIFY) != 0)
        return true;
    for (const struct nt_entry *at = entry->parent; at != NULL; at = at->parent) {
        if (!may(actor, at->object, NT_FILE_EXECUTE))
            return false;
    }
    return true;
}

/* [MS-FSA] 2.1.5.1.2.1: two rights may also come from the parent. */
static bool may_open(const struct nt_actor *actor, const struct nt_entry *entry, uint32_t desired)
{
    uint32_t left = nt_map_generic(desired, &NT_FILE_MAPPING);

    if (!may_reach(actor, entry))
        return false;
    if (may(actor, entry->object, left))
        return true;
    if (entry->parent == NULL)
        return false;
    if ((left & NT_DELETE) != 0 && may(actor, entry->parent->object, NT_FILE_DELETE_CHILD))
        left &= ~NT_DELETE;
    if ((left & NT_FILE_READ_ATTRIBUTES) != 0 &&
        may(actor, entry->parent->object, NT_FILE_READ_DATA))
        left &= ~NT_FILE_READ_ATTRIBUTES;
    return left == 0 || may(actor, entry->object, left);
}

static enum nt_outcome open_entry(const struct nt_actor *actor, const struct nt_entry *entry,
                                  uint32_t desired)
{
    if (entry == NULL)
        return NT_MISSING;
    if (!may_open(actor, entry, desired))
        return NT_REFUSED;
    return (desired & NT_DELETE) != 0 && entry->object->held > 0 ? NT_SHARING : NT_DONE;
}

enum nt_outcome nt_try_open(struct nt_tree *tree, const struct nt_actor *actor, const char *path,
                            uint32_t desired)
{
    return open_entry(actor, nt_tree_find(tree, path), desired);
}

uint32_t nt_try_maximum(struct nt_tree *tree, const struct nt_actor *actor, const char *path)
{
    struct nt_entry *entry = nt_tree_find(tree, path);
    struct nt_access_check check = {.token = actor->token,
                                    .desired = NT_MAXIMUM_ALLOWED,
                                    .mapping = &NT_FILE_MAPPING,
                                    .extra_write_bits = actor->extra_write_bits};
    uint32_t granted;

    if (entry == NULL || !may_reach(actor, entry))
        return 0;
    check.sd = &entry->object->sd;
    granted = nt_access_check(&check).granted;
    if (entry->parent != NULL && may(actor, entry->parent->object, NT_FILE_DELETE_CHILD))
        granted |= NT_DELETE;
    if (entry->parent != NULL && may(actor, entry->parent->object, NT_FILE_READ_DATA))
        granted |= NT_FILE_READ_ATTRIBUTES;
    /* What was granted counts for sharing, however it was asked for. */
    return (granted & NT_DELETE) != 0 && entry->object->held > 0 ? 0 : granted;
}

enum nt_outcome nt_try_write(struct nt_tree *tree, const struct nt_actor *actor, const char *path)
{
    struct nt_entry *entry = nt_tree_find(tree, path);
    enum nt_outcome outcome = open_entry(actor, entry, NT_FILE_WRITE_DATA);

    if (outcome == NT_DONE)
        entry->object->content++;
    return outcome;
}

static enum nt_outcome may_add(const struct nt_actor *actor, const struct nt_entry *parent,
                               bool is_directory)
{
    if (parent == NULL || !parent->object->is_directory || parent->object->is_reparse)
        return NT_MISSING;
    if (!may_reach(actor, parent) ||
        !may(actor, parent->object, is_directory ? NT_FILE_APPEND_DATA : NT_FILE_WRITE_DATA))
        return NT_REFUSED;
    return NT_DONE;
}

enum nt_outcome nt_try_create(struct nt_tree *tree, const struct nt_actor *actor, const char *path,
                              bool is_directory)
{
    const char *name = NULL;
    struct nt_entry *parent = nt_tree_parent_of(tree, path, &name);
    struct nt_entry *made = NULL;
    enum nt_outcome outcome = may_add(actor, parent, is_directory);
    struct error err;

    if (nt_tree_find(tree, path) != NULL)
        return NT_TAKEN;
    if (outcome != NT_DONE)
        return outcome;
    if (nt_tree_make(parent, name, is_directory, actor->token, NULL, &made, &err) < 0)
        return NT_OUT_OF_MEMORY;
    made->object->content = 1;
    return NT_DONE;
}

static enum nt_outcome delete_entry(const struct nt_actor *actor, struct nt_entry *entry)
{
    enum nt_outcome outcome = open_entry(actor, entry, NT_DELETE);

    if (outcome != NT_DONE)
        return outcome;
    if (entry->parent == NULL)
        return NT_IMPOSSIBLE;
    if (entry->first != NULL)
        return NT_NOT_EMPTY;
    nt_tree_detach(entry);
    return NT_DONE;
}

enum nt_outcome nt_try_delete(struct nt_tree *tree, const struct nt_actor *actor, const char *path)
{
    return delete_entry(actor, nt_tree_find(tree, path));
}

static bool is_below(const struct nt_entry *entry, const struct nt_entry *above)
{
    for (; entry != NULL; entry = entry->parent) {
        if (entry == above)
            return true;
    }
    return false;
}

/* A directory cannot be renamed while a handle is open on anything below it (ntifs.h,
 * FILE_RENAME_INFORMATION, remarks). */
static bool is_held_below(struct nt_entry *top)
{
    for (struct nt_entry *at = nt_tree_next(top, NULL); at != NULL; at = nt_tree_next(top, at)) {
        if (at->object->held > 0)
            return true;
    }
    return false;
}

static enum nt_outcome make_way(const struct nt_actor *actor, struct nt_entry *target,
                                const struct nt_entry *source)
{
    if (target == NULL || target == source)
        return NT_DONE;
    /* FILE_RENAME_POSIX_SEMANTICS: a directory takes the place of an empty one (ntifs.h). */
    if (target->object->is_directory && !source->object->is_directory)
        return NT_TAKEN;
    return delete_entry(actor, target);
}

enum nt_outcome nt_try_rename(struct nt_tree *tree, const struct nt_actor *actor, const char *from,
                              const char *to)
{
    struct nt_entry *source = nt_tree_find(tree, from);
    const char *name = NULL;
    struct nt_entry *parent = nt_tree_parent_of(tree, to, &name);
    enum nt_outcome outcome = open_entry(actor, source, NT_DELETE | NT_SYNCHRONIZE);
    struct nt_entry *moved;

    if (outcome != NT_DONE)
        return outcome;
    outcome = may_add(actor, parent, source->object->is_directory);
    if (outcome != NT_DONE)
        return outcome;
    if (source->parent == NULL || is_below(parent, source))
        return NT_IMPOSSIBLE;
    if (source->object->is_directory && is_held_below(source))
        return NT_SHARING;
    outcome = make_way(actor, nt_tree_find(tree, to), source);
    if (outcome != NT_DONE)
        return outcome;
    moved = nt_tree_attach(parent, name, source->object);
    if (moved == NULL)
        return NT_OUT_OF_MEMORY;
    moved->first = TAKE(source->first);
    for (struct nt_entry *child = moved->first; child != NULL; child = child->next)
        child->parent = moved;
    nt_tree_detach(source);
    return NT_DONE;
}

enum nt_outcome nt_try_link(struct nt_tree *tree, const struct nt_actor *actor, const char *from,
                            const char *to)
{
    struct nt_entry *source = nt_tree_find(tree, from);
    const char *name = NULL;
    struct nt_entry *parent = nt_tree_parent_of(tree, to, &name);
    enum nt_outcome outcome = open_entry(actor, source, NT_FILE_READ_ATTRIBUTES);

    if (outcome != NT_DONE)
        return outcome;
    if (source->object->is_directory)
        return NT_IMPOSSIBLE;
    outcome = may_add(actor, parent, false);
    if (outcome != NT_DONE)
        return outcome;
    if (nt_tree_find(tree, to) == source)
        return NT_TAKEN;
    /* FileLinkInformation, ReplaceIfExists: what has the name is deleted first. */
    outcome = make_way(actor, nt_tree_find(tree, to), source);
    if (outcome != NT_DONE)
        return outcome;
    return nt_tree_attach(parent, name, source->object) != NULL ? NT_DONE : NT_OUT_OF_MEMORY;
}

enum nt_outcome nt_try_set_dacl(struct nt_tree *tree, const struct nt_actor *actor,
                                const char *path, const char *sddl)
{
    struct nt_entry *entry = nt_tree_find(tree, path);
    AUTO_SD struct nt_sd wanted = NT_SD_EMPTY;
    enum nt_outcome outcome = open_entry(actor, entry, NT_WRITE_DAC);
    struct error err;

    if (outcome != NT_DONE)
        return outcome;
    if (nt_sddl_parse(sddl, NULL, &wanted, &err) < 0 ||
        nt_acl_copy(&entry->object->sd.dacl, &wanted.dacl, &err) < 0)
        return NT_OUT_OF_MEMORY;
    entry->object->sd.has_dacl = wanted.has_dacl;
    entry->object->sd.is_dacl_null = wanted.is_dacl_null;
    entry->object->sd_writes++;
    tree->sd_writes++;
    return NT_DONE;
}
