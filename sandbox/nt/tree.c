/* The volume itself: entries, objects, paths. The operations that are checked are in tree_try.c. */
#include "sandbox/nt/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "base/buffer.h"
#include "sandbox/nt/inherit.h"
#include "sandbox/nt/tree_inside.h"

static void release_object(struct nt_object *object)
{
    if (object != NULL && --object->links == 0) {
        nt_sd_done(&object->sd);
        free(object);
    }
}

static void free_entry(struct nt_entry *entry)
{
    while (entry != NULL) {
        struct nt_entry *next = entry->next;

        free_entry(entry->first);
        release_object(entry->object);
        free(entry->name);
        free(entry);
        entry = next;
    }
}

void nt_tree_free(struct nt_tree *tree)
{
    if (tree == NULL)
        return;
    free_entry(tree->root);
    free(tree);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool name_is(const char *name, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (name[i] == '\0' || lower(name[i]) != lower(text[i]))
            return false;
    }
    return name[length] == '\0';
}

static struct nt_entry *find_child(const struct nt_entry *parent, const char *text, size_t length)
{
    for (struct nt_entry *child = parent->first; child != NULL; child = child->next) {
        if (name_is(child->name, text, length))
            return child;
    }
    return NULL;
}

struct nt_entry *nt_tree_find(const struct nt_tree *tree, const char *path)
{
    struct nt_entry *at = tree->root;

    while (at != NULL && *path != '\0') {
        size_t length = strcspn(path, "\\");

        at = at->object->is_reparse ? NULL : find_child(at, path, length);
        path += length + (path[length] == '\\' ? 1 : 0);
    }
    return at;
}

struct nt_entry *nt_tree_parent_of(const struct nt_tree *tree, const char *path, const char **name)
{
    const char *slash = strrchr(path, '\\');
    AUTO_FREE char *parent = NULL;

    *name = slash != NULL ? slash + 1 : path;
    if (slash == NULL)
        return tree->root;
    parent = text_copy(path, (size_t)(slash - path));
    return parent != NULL ? nt_tree_find(tree, parent) : NULL;
}

struct nt_entry *nt_tree_attach(struct nt_entry *parent, const char *name, struct nt_object *object)
{
    struct nt_entry *entry = calloc(1, sizeof *entry);
    struct nt_entry **end = &parent->first;

    if (entry == NULL)
        return NULL;
    entry->name = strdup(name);
    if (entry->name == NULL) {
        free(entry);
        return NULL;
    }
    entry->object = object;
    entry->parent = parent;
    object->links++;
    while (*end != NULL)
        end = &(*end)->next;
    *end = entry;
    return entry;
}

void nt_tree_unhook(struct nt_entry *entry)
{
    struct nt_entry **at = &entry->parent->first;

    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    entry->next = NULL;
}

void nt_tree_detach(struct nt_entry *entry)
{
    nt_tree_unhook(entry);
    free_entry(entry);
}

struct nt_tree *nt_tree_new(const char *sddl, struct error *err)
{
    struct nt_tree *tree = calloc(1, sizeof *tree);
    struct nt_entry *root = calloc(1, sizeof *root);
    struct nt_object *object = calloc(1, sizeof *object);

    if (tree == NULL || root == NULL || object == NULL) {
        free(tree);
        free(root);
        free(object);
        (void)error_memory(err, "pretended volume");
        return NULL;
    }
    tree->root = root;
    root->object = object;
    root->name = strdup("");
    object->is_directory = true;
    object->links = 1;
    object->sd = NT_SD_EMPTY;
    if (root->name == NULL || nt_sddl_parse(sddl, NULL, &object->sd, err) < 0) {
        nt_tree_free(tree);
        return NULL;
    }
    return tree;
}

int nt_tree_make(struct nt_entry *parent, const char *name, bool is_directory,
                 const struct nt_token *creator, const char *sddl, struct nt_entry **made,
                 struct error *err)
{
    struct nt_object *object = calloc(1, sizeof *object);
    int result;

    if (object == NULL)
        return error_memory(err, "pretended file");
    object->sd = NT_SD_EMPTY;
    object->is_directory = is_directory;
    result = sddl != NULL ? nt_sddl_parse(sddl, NULL, &object->sd, err)
                          : nt_inherit_create(&parent->object->sd, NULL, creator, is_directory,
                                              &NT_FILE_MAPPING, &object->sd, err);
    *made = result == 0 ? nt_tree_attach(parent, name, object) : NULL;
    if (*made != NULL)
        return 0;
    nt_sd_done(&object->sd);
    free(object);
    return result < 0 ? -1 : error_memory(err, "pretended file");
}

struct nt_entry *nt_tree_add(struct nt_tree *tree, const char *path, bool is_directory,
                             const struct nt_token *creator, const char *sddl, struct error *err)
{
    const char *name = NULL;
    struct nt_entry *parent = nt_tree_parent_of(tree, path, &name);
    struct nt_entry *made = NULL;

    if (parent == NULL || find_child(parent, name, strlen(name)) != NULL) {
        (void)error_set(err, ERR_INVALID, "%s: no parent, or it exists", path);
        return NULL;
    }
    return nt_tree_make(parent, name, is_directory, creator, sddl, &made, err) == 0 ? made : NULL;
}

struct nt_entry *nt_tree_add_link(struct nt_tree *tree, const char *path, struct nt_entry *target,
                                  struct error *err)
{
    const char *name = NULL;
    struct nt_entry *parent = nt_tree_parent_of(tree, path, &name);
    struct nt_entry *made = parent != NULL ? nt_tree_attach(parent, name, target->object) : NULL;

    if (made == NULL)
        (void)error_set(err, ERR_INVALID, "%s: no parent", path);
    return made;
}

static void put_path(struct buffer *out, const struct nt_entry *entry)
{
    if (entry->parent == NULL)
        return;
    put_path(out, entry->parent);
    if (entry->parent->parent != NULL)
        buffer_add_byte(out, '\\');
    buffer_add_text(out, entry->name);
}

char *nt_tree_path(const struct nt_entry *entry)
{
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;

    buffer_add(&out, "", 0);
    put_path(&out, entry);
    return buffer_take(&out);
}

struct nt_entry *nt_tree_next(struct nt_entry *from, struct nt_entry *after)
{
    if (after == NULL)
        return from;
    if (after->first != NULL)
        return after->first;
    while (after != from && after->next == NULL)
        after = after->parent;
    return after == from ? NULL : after->next;
}

char *nt_tree_dump(const struct nt_tree *tree, struct error *err)
{
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;
    char *text;

    for (struct nt_entry *at = tree->root; at != NULL; at = nt_tree_next(tree->root, at)) {
        const struct nt_object *object = at->object;
        AUTO_FREE char *sddl = nt_sddl_format(&object->sd, err);

        if (sddl == NULL)
            return NULL;
        put_path(&out, at);
        buffer_printf(&out, "\t%s%s\t%u\t%s\t%u\n", object->is_directory ? "directory" : "file",
                      object->is_reparse ? ",link" : "", object->links, sddl, object->content);
    }
    text = buffer_take(&out);
    if (text == NULL)
        (void)error_memory(err, "pretended volume");
    return text;
}
