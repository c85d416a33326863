/* `audit`: places that everybody may write, whatever a sandbox's token says. One file per platform. */
#ifndef HOLDFAST_SANDBOX_AUDIT_H
#define HOLDFAST_SANDBOX_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "sandbox/text_list.h"

struct audit_finding {
    char *path;
    char who[48];  /* "Everyone", "others" */
    char what[32]; /* the rights, as the platform writes them */
};

struct audit {
    /* in */
    unsigned depth;     /* levels below each place */
    size_t entries_max; /* looked at in all */
    uint64_t until_ns;  /* os_now_ns(); 0: no limit */
    /* out */
    struct audit_finding *findings;
    size_t count;
    size_t looks;
    size_t unreadable; /* could not be looked at */
    size_t links;      /* not followed */
    size_t cut;        /* directories of which not all was seen */
    bool was_stopped;  /* by entries_max or the time */
};

void audit_done(struct audit *audit);
int audit_add(struct audit *audit, const char *path, const char *who, const char *what,
              struct error *err);

/* Where such places usually are on this machine. */
int audit_usual_places(struct text_list *places, struct error *err);
/* Looks at the place and below it. One that is not there is no failure. */
int audit_place(struct audit *audit, const char *path, struct error *err);

#endif
