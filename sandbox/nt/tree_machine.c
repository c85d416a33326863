#include "sandbox/nt/tree_machine.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "sandbox/nt/tree_inside.h"

static struct nt_tree_machine *own(struct nt_machine *machine)
{
    return machine->own;
}

/* Everything that changes the pretended disk goes through here. */
static int take_effect(struct nt_machine *machine, struct error *err)
{
    struct nt_tree_machine *self = own(machine);

    if (self->effects_left == 0)
        return error_set(err, ERR_INTERRUPTED, "the power failed");
    if (self->effects_left != SIZE_MAX)
        self->effects_left--;
    self->effects++;
    return 0;
}

static int open_path(struct nt_machine *machine, const char *path, void **node, struct error *err)
{
    const char *below = strncmp(path, "C:", 2) == 0 ? path + 2 : path;
    struct nt_entry *entry = nt_tree_find(own(machine)->tree, *below == '\\' ? below + 1 : below);

    if (entry == NULL)
        return error_set(err, ERR_NOT_FOUND, "%s: not there", path);
    *node = entry;
    return 0;
}

static int open_child(struct nt_machine *machine, void *parent, const char *name, void **node,
                      struct error *err)
{
    (void)machine;
    for (struct nt_entry *at = ((struct nt_entry *)parent)->first; at != NULL; at = at->next) {
        if (strcmp(at->name, name) == 0) {
            *node = at;
            return 0;
        }
    }
    return error_set(err, ERR_NOT_FOUND, "%s: not there", name);
}

static int list(struct nt_machine *machine, void *node, struct text_list *names, struct error *err)
{
    (void)machine;
    for (struct nt_entry *at = ((struct nt_entry *)node)->first; at != NULL; at = at->next) {
        if (text_list_add(names, at->name, err) < 0)
            return -1;
    }
    return 0;
}

static int look(struct nt_machine *machine, void *node, struct nt_file_facts *facts,
                struct nt_sd *sd, struct error *err)
{
    const struct nt_object *object = ((struct nt_entry *)node)->object;

    own(machine)->looks++;
    *facts = (struct nt_file_facts){object->is_directory, object->is_reparse, object->links};
    return nt_sd_copy(sd, &object->sd, err);
}

static int put_dacl(struct nt_machine *machine, void *node, const struct nt_sd *sd,
                    struct error *err)
{
    struct nt_object *object = ((struct nt_entry *)node)->object;

    if (take_effect(machine, err) < 0)
        return -1;
    object->sd_writes++;
    own(machine)->tree->sd_writes++;
    return nt_sd_copy(&object->sd, sd, err);
}

static void close_node(struct nt_machine *machine, void *node)
{
    (void)machine;
    (void)node;
}

static size_t find_setting(const struct nt_tree_machine *self, enum nt_kind kind, const char *name)
{
    size_t at = 0;

    while (at < self->setting_count &&
           (self->settings[at].kind != kind || strcmp(self->settings[at].name, name) != 0))
        at++;
    return at;
}

static int get(struct nt_machine *machine, enum nt_kind kind, const char *name, char **value,
               struct error *err)
{
    const struct nt_tree_machine *self = own(machine);
    size_t at = find_setting(self, kind, name);

    *value = NULL;
    if (at == self->setting_count)
        return 0;
    *value = strdup(self->settings[at].value);
    return *value != NULL ? 0 : error_memory(err, name);
}

static void drop_setting(struct nt_tree_machine *self, size_t at)
{
    free(self->settings[at].name);
    free(self->settings[at].value);
    self->settings[at] = self->settings[--self->setting_count];
}

static int set(struct nt_machine *machine, enum nt_kind kind, const char *name, const char *value,
               struct error *err)
{
    struct nt_tree_machine *self = own(machine);
    size_t at = find_setting(self, kind, name);

    if (take_effect(machine, err) < 0)
        return -1;
    if (at < self->setting_count)
        drop_setting(self, at);
    if (value == NULL)
        return 0;
    if (self->setting_count == TREE_SETTINGS_MAX)
        return error_set(err, ERR_MEMORY, "too many pretended settings");
    at = self->setting_count++;
    self->settings[at].kind = kind;
    self->settings[at].name = strdup(name);
    self->settings[at].value = strdup(value);
    return 0;
}

static int append(struct nt_machine *machine, const void *bytes, size_t size, struct error *err)
{
    struct nt_tree_machine *self = own(machine);

    if (take_effect(machine, err) < 0) {
        /* Half of it may have reached the disk. */
        if (self->effects_left == 0)
            buffer_add(&self->journal, bytes, size / 2);
        return -1;
    }
    buffer_add(&self->journal, bytes, size);
    return 0;
}

static const struct nt_machine_ops ops = {open_path,  open_child, list, look,  put_dacl,
                                          close_node, get,        set,  append};

void nt_tree_machine_init(struct nt_tree_machine *machine, struct nt_tree *tree)
{
    *machine = (struct nt_tree_machine){.tree = tree, .effects_left = SIZE_MAX};
    machine->machine.ops = &ops;
    machine->machine.own = machine;
}

void nt_tree_machine_done(struct nt_tree_machine *machine)
{
    while (machine->setting_count > 0)
        drop_setting(machine, machine->setting_count - 1);
    buffer_done(&machine->journal);
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char *nt_tree_machine_dump(const struct nt_tree_machine *machine, struct error *err)
{
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;
    AUTO_FREE char *tree = nt_tree_dump(machine->tree, err);
    struct text_list lines = {0};
    char *text;

    if (tree == NULL)
        return NULL;
    buffer_add_text(&out, tree);
    for (size_t i = 0; i < machine->setting_count; i++) {
        AUTO_BUFFER struct buffer line = BUFFER_EMPTY;

        buffer_printf(&line, "%s\t%s\t%s\n", nt_kind_name(machine->settings[i].kind),
                      machine->settings[i].name, machine->settings[i].value);
        (void)text_list_take(&lines, buffer_take(&line), err);
    }
    if (lines.count > 1)
        qsort(lines.items, lines.count, sizeof *lines.items, compare_text);
    for (size_t i = 0; i < lines.count; i++)
        buffer_add_text(&out, lines.items[i]);
    text_list_done(&lines);
    text = buffer_take(&out);
    if (text == NULL)
        (void)error_memory(err, "pretended machine");
    return text;
}
