/* The pretended volume as a machine to set up, crash and tear down. For tests and simulations. */
#ifndef HOLDFAST_SANDBOX_NT_TREE_MACHINE_H
#define HOLDFAST_SANDBOX_NT_TREE_MACHINE_H

#include "base/buffer.h"
#include "sandbox/nt/machine.h"
#include "sandbox/nt/tree.h"

enum {
    TREE_SETTINGS_MAX = 64
};

struct nt_tree_machine {
    struct nt_machine machine; /* give this to nt_apply and nt_undo */
    struct nt_tree *tree;      /* borrowed; paths are "C:\..." */
    struct buffer journal;     /* what is on the pretended disk */
    struct {
        enum nt_kind kind;
        char *name;
        char *value;
    } settings[TREE_SETTINGS_MAX];
    size_t setting_count;
    /* Power fails after this many more effects (journal appends, descriptor writes, settings); each
     * later operation fails with ERR_INTERRUPTED. SIZE_MAX: never. */
    size_t effects_left;
    size_t effects; /* so far */
    size_t looks;   /* descriptors read so far */
};

void nt_tree_machine_init(struct nt_tree_machine *machine, struct nt_tree *tree);
void nt_tree_machine_done(struct nt_tree_machine *machine);

/* The volume and the settings as one text. Caller frees. */
char *nt_tree_machine_dump(const struct nt_tree_machine *machine, struct error *err);

#endif
