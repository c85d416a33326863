/* What is so on this machine, for the plans. Looks, changes nothing. */
#ifndef HOLDFAST_WINDOWS_FACTS_H
#define HOLDFAST_WINDOWS_FACTS_H

#include "sandbox/policy.h"
#include "sandbox/windows/state.h"
#include "sandbox/windows_facts.h"

/* sids: those known so far; a root that is not among them gets a fresh one, which is kept only when
 * it is used. *facts must be empty; it is empty again on failure. */
int win_facts_collect(const struct policy *policy, const struct windows_sids *sids,
                      struct windows_facts *facts, struct error *err);

/* Only what the background work needs: the group, the folders, the tools that the accounts cannot read.
 * ERR_UNSUPPORTED: nothing is set up. *facts must be empty; it is empty again on failure. */
int win_facts_reading(struct windows_facts *facts, struct error *err);

/* Where the system's folders and the profiles are, spelt as roots are. */
int win_facts_folders(struct windows_facts *facts, struct error *err);

/* The path of what is there, without links and short names, in the case of the disk. Caller frees. NULL:
 * it is not there, cannot be opened, or lies on a share. */
char *win_final_path(const char *path, struct error *err);

/* Path without links, mapped drives and short names, and the file's identity ("volume:file"). Caller
 * frees both. */
int win_resolve(const char *path, char **resolved, char **identity, struct windows_root *root,
                struct error *err);

/* May accounts that are in Users and Authenticated Users read this? */
bool win_accounts_may_read(const char *path);

#endif
