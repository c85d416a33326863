/*
 * The environment block of CreateProcess: NAME=VALUE strings in UTF-16, each
 * NUL-terminated, sorted by name without regard to case (nt/upcase.h), closed by one more
 * NUL ("Changing Environment Variables" of the Win32 documentation).
 */
#ifndef HOLDFAST_SANDBOX_NT_ENVBLOCK_H
#define HOLDFAST_SANDBOX_NT_ENVBLOCK_H

#include <stdint.h>

#include "sandbox/text_list.h"

/* Of variables whose names differ only in case the last one counts. A string without a name or
 * '=' is ERR_INVALID. *units counts the closing NUL. Caller frees. */
uint16_t *nt_envblock(char *const *variables, size_t *units, struct error *err);

/* The value of a variable by the same rules; NULL: there is none. */
const char *nt_env_get(char *const *variables, const char *name);

/* Replaces or adds NAME=VALUE. */
int nt_env_set(struct text_list *variables, const char *text, struct error *err);

/* Where an account keeps its own things, and who it is, as `own` says: the command runs in another
 * account than the one that the variables come from. What `own` lacks goes; HOME, which Windows does
 * not know and many programs do, becomes the profile if it was there. */
int nt_env_adopt(struct text_list *variables, char *const *own, struct error *err);

/* git refuses a repository whose owner is another account (safe.directory, git-config(1)): says by
 * GIT_CONFIG_COUNT, behind what is there already, that this directory may be used. */
int nt_env_trust_git(struct text_list *variables, const char *directory, struct error *err);

/* Network stand-ins: batch files that say why and fail --------------------------------------------- */

struct nt_stub {
    const char *name;    /* "ssh.bat" */
    const char *content; /* with CR LF line ends */
};

extern const struct nt_stub nt_stubs[];
extern const size_t nt_stub_count;

/* PATHEXT with .BAT and .CMD in front, so that the stand-ins are found before real programs of the
 * same directory order. now: the value so far; NULL: Windows' own default. Caller frees. */
char *nt_pathext_for_stubs(const char *now, struct error *err);

/* PATH with the directory in front, once. Caller frees. */
char *nt_path_with(const char *directory, const char *now, struct error *err);

#endif
