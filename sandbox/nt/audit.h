/*
 * Places that many may write: what a sandbox's token might still reach. Looks
 * at the descriptors of directories and files below a few places, within a
 * budget that is part of the answer.
 */
#ifndef HOLDFAST_SANDBOX_NT_AUDIT_H
#define HOLDFAST_SANDBOX_NT_AUDIT_H

#include "sandbox/nt/machine.h"

/* Of these, the widest that may write. */
enum nt_audience {
    NT_AUDIENCE_NULL_DACL, /* there is no list at all: everybody, also through a restricted token */
    NT_AUDIENCE_EVERYONE,
    NT_AUDIENCE_AUTHENTICATED,
    NT_AUDIENCE_USERS,
};

const char *nt_audience_name(enum nt_audience audience);

struct nt_finding {
    char *path;
    enum nt_audience audience;
    uint32_t rights; /* the write rights they have */
};

struct nt_audit {
    /* in */
    unsigned depth;                /* levels below the given place; 0: only itself */
    size_t looks_max;              /* descriptors */
    size_t per_directory;          /* entries of one directory */
    bool (*is_time_up)(void *own); /* NULL: no limit */
    void *own;
    /* out */
    struct nt_finding *findings;
    size_t count;
    size_t looks;
    size_t unreadable; /* could not be opened or looked at */
    size_t links;      /* not followed */
    size_t cut;        /* directories of which not all was seen */
    bool was_stopped;  /* by looks_max or the time */
};

void nt_audit_done(struct nt_audit *audit);

/* Adds what is found at and below the place. A place that is not there is no failure. */
int nt_audit_place(struct nt_machine *machine, const char *path, struct nt_audit *audit,
                   struct error *err);

/* Who, besides its owner and administrators, may write an object with this descriptor. false: none
 * of the audiences. */
bool nt_audit_sd(const struct nt_sd *sd, enum nt_audience *audience, uint32_t *rights);

#endif
