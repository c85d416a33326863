/*
 * What a mode is known not to do: conformance/expectations/MODE.json. A case
 * without an entry is expected to hold (or work). A gap is run all the same;
 * it must name its reason, a source (with a link) and the day on which somebody
 * has to look at it again: its own, or that of the file. `holdfast gate` fails
 * after that day. It may be limited to an identity or to kernels below (or
 * from) a Landlock ABI.
 *
 *     {"mode": "linux-landlock", "expires": "2027-05-31", "gaps": [
 *        {"case": "fs.chmod", "reason": "...", "source": "...",
 *         "identity": "user", "landlock_abi_below": 10, "expires": "2027-06-30"}]}
 */
#ifndef HOLDFAST_CONFORMANCE_EXPECTATION_H
#define HOLDFAST_CONFORMANCE_EXPECTATION_H

#include <stddef.h>

#include "base/error.h"

struct expectation {
    char *case_pattern; /* an id, or a pattern with * and ? */
    char *identity;     /* "root", "user"; NULL: both */
    int abi_below;      /* only where the kernel's Landlock ABI is lower; 0: always */
    int abi_from;       /* only where it is at least this; 0: always */
    char *reason;
    char *source;
    char *expires; /* "2027-06-30" */
};

struct expectation_list {
    char *mode;
    struct expectation *entries;
    size_t count;
};

void expectation_list_done(struct expectation_list *list);

/* Strict; -1 names the file, the entry and the key. */
int expectation_list_read(struct expectation_list *list, const char *path, struct error *err);

/* The first entry that fits, NULL if the case is expected to hold or work. Borrows from the list. */
const struct expectation *expectation_find(const struct expectation_list *list, const char *id,
                                           const char *identity, int landlock_abi);

#endif
