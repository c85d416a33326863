/* This machine, as sandbox/nt/machine.h wants it: files by handle, a journal on disk, settings. */
#ifndef HOLDFAST_WINDOWS_MACHINE_H
#define HOLDFAST_WINDOWS_MACHINE_H

#include "sandbox/nt/machine.h"
#include "sandbox/windows/win.h"

/* One kind of setting. NULL functions: this program does not change it. */
struct win_setting {
    enum nt_kind kind;
    int (*get)(const char *name, char **value, struct error *err);
    int (*set)(const char *name, const char *value, struct error *err);
};

struct win_machine {
    struct nt_machine machine;
    HANDLE journal;                     /* opened for appending; NULL: nothing may be changed */
    const struct win_setting *settings; /* ends with kind 0; NULL: none */
};

void win_machine_init(struct win_machine *machine, HANDLE journal,
                      const struct win_setting *settings);

/* What is at this path, and its descriptor. Looks, changes nothing. */
int win_look_at(const char *path, struct nt_file_facts *facts, struct nt_sd *sd, struct error *err);

#endif
