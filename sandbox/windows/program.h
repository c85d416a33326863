/* Which file a command's name means. */
#ifndef HOLDFAST_WINDOWS_PROGRAM_H
#define HOLDFAST_WINDOWS_PROGRAM_H

#include "sandbox/windows/win.h"

/* The program that argv[0] means: a path as it is, a name looked up in PATH of env with PATHEXT.
 * Caller frees; NULL: ERR_NOT_FOUND. */
char *win_find_program(const char *name, char *const *env, const char *cwd, struct error *err);

/* An app-execution alias: a name in WindowsApps that stands for a Store (MSIX) program, which no
 * restricted token can start. */
bool win_is_alias(const char *path);

#endif
