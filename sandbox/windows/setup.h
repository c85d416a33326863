/* What a set-up left on the machine, as far as a run needs to know it. */
#ifndef HOLDFAST_WINDOWS_SETUP_H
#define HOLDFAST_WINDOWS_SETUP_H

#include "sandbox/windows/win.h"
#include "sandbox/windows_facts.h"

/* HKLM\SOFTWARE\Holdfast: everybody may read it, administrators write it. */
#define WIN_SETUP_KEY L"SOFTWARE\\Holdfast"

/* Fills in group, accounts and is_set_up; leaves them alone where there is no set-up. */
void win_setup_read(struct windows_facts *facts);

/* The copy of the runner that the accounts can read. Caller frees. NULL: err is full. */
char *win_setup_runner(struct error *err);

/* The password of an account. Only who set up may read it. Caller wipes and frees with
 * win_secret_free. NULL: err is full. */
wchar_t *win_secret_read(const char *account, struct error *err);
int win_secret_write(const char *account, const wchar_t *password, const struct nt_sid *user,
                     struct error *err);
/* May this user read the file, and nobody but the system and administrators besides? -1: err is full. */
int win_secret_is_for(const char *account, const struct nt_sid *user, struct error *err);
/* By who is named: the rights come from the folder, with the file. */
bool win_secret_names_only(const struct nt_acl *acl, const struct nt_sid *user);
void win_secret_free(wchar_t *secret);
int win_secret_remove(const char *account, struct error *err);

#endif
