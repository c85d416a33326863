/*
 * What the part that changes things needs from a machine: files by handle,
 * other settings by name, and a journal. The Win32 layer is one such machine
 * (windows/machine.c), the pretended one of tree_machine.c is another; the
 * code between them is the same, so that what is proved there is what runs.
 */
#ifndef HOLDFAST_SANDBOX_NT_MACHINE_H
#define HOLDFAST_SANDBOX_NT_MACHINE_H

#include "sandbox/nt/sd.h"
#include "sandbox/text_list.h"

/* What a change is about. Stored in journals: append only. */
enum nt_kind {
    NT_KIND_ACL = 1,        /* the DACL of a file or directory */
    NT_KIND_GROUP = 2,      /* a local group; value: its comment */
    NT_KIND_ACCOUNT = 3,    /* a local account; value: its comment (never the password) */
    NT_KIND_MEMBER = 4,     /* "group\taccount" */
    NT_KIND_RIGHT = 5,      /* "account\tSeDenyNetworkLogonRight" */
    NT_KIND_REGISTRY = 6,   /* "HKLM\\path\tname"; value: a DWORD */
    NT_KIND_FILTER = 7,     /* a WFP object by its GUID; value: its canonical text */
    NT_KIND_FIREWALL = 8,   /* a firewall rule by name; value: its canonical text */
    NT_KIND_FILE = 9,       /* a file of the program's own; value: its size as text */
    NT_KIND_DIRECTORY = 10, /* a directory of the program's own */
};

const char *nt_kind_name(enum nt_kind kind);

struct nt_file_facts {
    bool is_directory;
    bool is_reparse; /* a junction or link; it is never followed */
    unsigned links;  /* names the file has */
};

struct nt_machine;

struct nt_machine_ops {
    /* Files. A node is an open handle; nothing follows a link at the last component. ERR_NOT_FOUND
     * when there is none. */
    int (*open_path)(struct nt_machine *machine, const char *path, void **node, struct error *err);
    int (*open_child)(struct nt_machine *machine, void *parent, const char *name, void **node,
                      struct error *err);
    int (*list)(struct nt_machine *machine, void *node, struct text_list *names, struct error *err);
    /* *sd must be empty. */
    int (*look)(struct nt_machine *machine, void *node, struct nt_file_facts *facts,
                struct nt_sd *sd, struct error *err);
    /* The DACL and its control bits of this one object; nothing is propagated. */
    int (*put_dacl)(struct nt_machine *machine, void *node, const struct nt_sd *sd,
                    struct error *err);
    void (*close)(struct nt_machine *machine, void *node);

    /* Settings. NULL stands for "not there". *value is malloc'd. */
    int (*get)(struct nt_machine *machine, enum nt_kind kind, const char *name, char **value,
               struct error *err);
    int (*set)(struct nt_machine *machine, enum nt_kind kind, const char *name, const char *value,
               struct error *err);

    /* Adds to the journal; on disk when it returns. */
    int (*append)(struct nt_machine *machine, const void *bytes, size_t size, struct error *err);
};

struct nt_machine {
    const struct nt_machine_ops *ops;
    void *own;
    /* Descriptors are not kept (Wine): what was put is not looked for again. Only where enforcement is
     * pretended; anywhere else a place that forgets entries protects nothing. */
    bool forgets_entries;
};

#endif
