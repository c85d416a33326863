/*
 * What stands in the way of the Linux modes on a machine, from facts about it:
 * cause and remedy, one each. Pure; doctor_linux.c collects the facts.
 */
#ifndef HOLDFAST_SANDBOX_LINUX_LINUX_DOCTOR_H
#define HOLDFAST_SANDBOX_LINUX_LINUX_DOCTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

enum {
    MACHINE_UNKNOWN = -1
};

struct linux_machine {
    uint32_t uid;
    bool has_namespaces;            /* linux-namespace was tried and works */
    int landlock_abi;               /* 0: none */
    bool has_notify;                /* seccomp user notification, WAIT_KILLABLE_RECV */
    bool has_proc;                  /* /proc is mounted */
    char release[128];              /* "6.18.44"; "" unknown */
    char lsm[256];                  /* "lockdown,yama,apparmor"; "" unknown */
    char masked_proc[128];          /* the first thing mounted over a part of /proc; "" none */
    bool tmp_is_noexec;             /* /tmp */
    bool home_is_read_only;         /* $HOME */
    long max_user_namespaces;       /* sysctl user.max_user_namespaces, or MACHINE_UNKNOWN */
    long unprivileged_userns_clone; /* kernel.unprivileged_userns_clone */
    long apparmor_restricts;        /* kernel.apparmor_restrict_unprivileged_userns */
    long ptrace_scope;              /* kernel.yama.ptrace_scope */
};

/* Fills what files say, read below `root` ("" for the machine's own), the rest is left as it is. */
void linux_machine_read(struct linux_machine *machine, const char *root);

/* "MODE: cause\n  do: remedy\n" for each thing found. */
void linux_machine_explain(const struct linux_machine *machine, struct buffer *out);

#endif
