/*
 * What is so on a Windows machine, as far as a plan needs to know: collected
 * once by windows/facts.c, made up by a test, or assumed for `explain` on
 * another platform. Plain data; paths are absolute, long and free of links.
 */
#ifndef HOLDFAST_SANDBOX_WINDOWS_FACTS_H
#define HOLDFAST_SANDBOX_WINDOWS_FACTS_H

#include "sandbox/nt/sid.h"
#include "sandbox/text_list.h"

struct policy;

/* The local accounts of windows-elevated, one per kind of network. */
enum windows_account {
    WINDOWS_OFFLINE, /* network: none */
    WINDOWS_LOCAL,   /* network: loopback */
    WINDOWS_ONLINE,  /* network: host */

    WINDOWS_ACCOUNT_COUNT
};

/* A writable root. */
struct windows_root {
    char *path;
    struct nt_sid sid; /* its synthetic SID, the same in every run */
    bool is_remote;    /* on a share: the server checks, with another token */
    bool has_no_acls;  /* FAT32, exFAT, ...: nothing would be checked */
    bool is_open;      /* its DACL is NULL: everybody may do everything */
};

/* A protected name in a root, or a git directory that one leads to. */
struct windows_name {
    char *path;
    bool is_known; /* somebody looked; else neither of the next two means anything */
    bool exists;
    bool is_directory;
};

/* Something the policy hides. */
struct windows_hidden {
    char *path;
    bool is_readable; /* the sandbox's accounts could read it as it is now */
};

struct windows_facts {
    struct nt_sid user;   /* who runs the sandbox */
    struct nt_sid marker; /* the user's own SID for "protected", synthetic */
    struct nt_sid group;  /* local group of the sandbox's accounts; made by set-up */
    struct nt_sid accounts[WINDOWS_ACCOUNT_COUNT];
    bool is_set_up; /* the three above are real */

    char *profile;                   /* C:\Users\u */
    char *profiles;                  /* C:\Users */
    char *system;                    /* C:\Windows */
    char *programs;                  /* C:\Program Files */
    char *programs_x86;              /* may be NULL */
    char *program_data;              /* C:\ProgramData */
    char *state;                     /* this mode's own folder */
    struct text_list other_profiles; /* those of the machine's list, wherever they lie */

    struct windows_root *roots; /* the first is the workspace */
    size_t root_count;
    struct windows_name *names;
    size_t name_count;
    struct text_list between;  /* directories above a protected thing and below its root */
    struct text_list readable; /* elevated: folders of tools that its accounts cannot read */
    bool is_readable_assumed;  /* ... if they are there: nobody looked */
    struct windows_hidden *hidden;
    size_t hidden_count;
};

void windows_facts_done(struct windows_facts *facts);

int windows_facts_add_root(struct windows_facts *facts, const char *path, const struct nt_sid *sid,
                           struct error *err);
/* The root's own fields are then the caller's to fill in. */
int windows_facts_add_name(struct windows_facts *facts, const struct windows_name *name,
                           struct error *err);
int windows_facts_add_hidden(struct windows_facts *facts, const char *path, bool is_readable,
                             struct error *err);

/* Sets profile, system, ... to where they are on a stock machine with a user "u". */
int windows_facts_stock(struct windows_facts *facts, struct error *err);

/* What a plan for another machine can assume: stock folders, SIDs that stand for the real ones, and
 * protected names that nobody looked at. */
int windows_facts_assume(struct windows_facts *facts, const struct policy *policy,
                         struct error *err);

/* "parent\name". NULL: out of memory. Caller frees. */
char *windows_path_join(const char *parent, const char *name);

#endif
