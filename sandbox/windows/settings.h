/*
 * The settings that set-up changes, each as "get" and "set" of a text, so
 * that the journal can keep what was there (nt/change.h). A name or value is
 * what windows_setup_plan.c writes. NULL stands for "not there".
 *
 * Every group below is one file: the tests put stand-ins in the place of
 * those that Wine only pretends (standin/).
 */
#ifndef HOLDFAST_WINDOWS_SETTINGS_H
#define HOLDFAST_WINDOWS_SETTINGS_H

#include "base/buffer.h"
#include "sandbox/windows/machine.h"

/* All of them, for win_state_open. */
extern const struct win_setting win_setup_settings[];

/* Whose the secrets will be: the user who may run commands in the accounts. Before any of the below. */
void win_setup_settings_for(const struct nt_sid *user);
const struct nt_sid *win_setup_user(void);

/* accounts.c */
int win_group_get(const char *name, char **value, struct error *err);
int win_group_set(const char *name, const char *value, struct error *err);
int win_account_get(const char *name, char **value, struct error *err);
int win_account_set(const char *name, const char *value, struct error *err);
int win_member_get(const char *name, char **value, struct error *err);
int win_member_set(const char *name, const char *value, struct error *err);
/* The SID of a local account or group. */
int win_account_sid(const char *name, struct nt_sid *sid, struct error *err);
/* A new password, kept as win_secret_write does. */
int win_account_renew(const char *name, struct error *err);

/* rights.c: "group\tSe...Right" */
int win_right_get(const char *name, char **value, struct error *err);
int win_right_set(const char *name, const char *value, struct error *err);

/* registry.c: "HKLM\\path\tname"; value: a DWORD, or "sz:TEXT" */
int win_registry_get(const char *name, char **value, struct error *err);
int win_registry_set(const char *name, const char *value, struct error *err);

/* filters.c: a GUID; value: windows_rule_format, "provider" or "sublayer" */
int win_filter_get(const char *name, char **value, struct error *err);
int win_filter_set(const char *name, const char *value, struct error *err);

/* firewall.c: a rule's name; value: "block out remote=any user=SDDL" */
int win_firewall_get(const char *name, char **value, struct error *err);
int win_firewall_set(const char *name, const char *value, struct error *err);
/* Adds a line where the rules are there and count for nothing: a second fence need not stand, but nobody
 * shall believe that it does. */
void win_firewall_doubt(struct buffer *said);

/* files.c: a path; value: size and checksum of the program of that name beside ours */
int win_file_get(const char *name, char **value, struct error *err);
int win_file_set(const char *name, const char *value, struct error *err);
/* value: "own", with a descriptor that files.c chooses */
int win_directory_get(const char *name, char **value, struct error *err);
int win_directory_set(const char *name, const char *value, struct error *err);
/* The value that the program of this name beside ours has. Caller frees. */
char *win_file_value(const char *program, struct error *err);

/* "left\tright" in two. The first is in place, ends at the tab. */
int win_split(const char *name, char left[512], const char **right, struct error *err);

#endif
