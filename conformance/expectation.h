/*
 * What a mode is expected to do: conformance/expectations/MODE.json. A case
 * without an entry is expected to hold (or work). What a mode is known not to
 * do is a gap; it is run all the same, and must name its reason, a source (with
 * a link) and the day on which somebody has to look at it again: its own, or
 * that of the file. `holdfast gate` fails after that day. An entry may be
 * limited to an identity or to kernels below (or from) a Landlock ABI.
 *
 *     {"mode": "linux-landlock", "expires": "2027-05-31", "gaps": [
 *        {"case": "fs.chmod", "reason": "...", "source": "...",
 *         "identity": "user", "landlock_abi_below": 10, "expires": "2027-06-30"}]}
 *
 * "cases": ["net.udp4-send", "net.tcp*"] says the same of several.
 *
 * A mode that no machine has run says so, and may say more:
 *
 *     "unverified": "why nothing of it was run"
 *     "like": "linux-landlock"    what is not named here is expected as there
 *     "holds": [...]              held or works, although `like` has a gap
 *     "open": [...]               nobody can know before a first run: whatever it shows is
 *                                 `unverified` and fails the run until it is written down
 *     "not_applicable": [...]     there is nothing to try; the case is skipped with the reason
 */
#ifndef HOLDFAST_CONFORMANCE_EXPECTATION_H
#define HOLDFAST_CONFORMANCE_EXPECTATION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "conformance/probe.h"
#include "results/model.h"

/* The modes of the product, in the order in which they are shown, and where each one is at home. */
struct mode_row {
    const char *name;
    unsigned platforms; /* enum platform */
    bool is_variant;    /* a design of others that ours is compared with: a plan, never run */
};
extern const struct mode_row mode_rows[];
extern const size_t mode_row_count;

/* The order is that in which entries of one file are asked. */
enum expectation_kind {
    EXPECT_GOOD, /* held or works; said only where another file says otherwise */
    EXPECT_NOT_APPLICABLE,
    EXPECT_OPEN,
    EXPECT_GAP,
};

struct expectation {
    enum expectation_kind kind;
    char *case_pattern; /* an id, or a pattern with * and ? */
    char *identity;     /* "root", "user"; NULL: both */
    int abi_below;      /* only where the kernel's Landlock ABI is lower; 0: always */
    int abi_from;       /* only where it is at least this; 0: always */
    char *reason;
    char *source;
    char *expires;    /* "2027-06-30"; NULL only where kind is not a gap */
    bool is_borrowed; /* from the file that `like` names: any other entry goes before it */
};

struct expectation_list {
    char *mode;
    char *unverified;            /* NULL: it was run, on machines of the project */
    struct expectation *entries; /* what `like` names comes last */
    size_t count;
};

void expectation_list_done(struct expectation_list *list);

/* Strict; -1 names the file, the entry and the key. `like` is read from beside path. */
int expectation_list_read(struct expectation_list *list, const char *path, struct error *err);

/* The first entry that fits, NULL if the case is expected to hold or work. Borrows from the list. */
const struct expectation *expectation_find(const struct expectation_list *list, const char *id,
                                           const char *identity, int landlock_abi);

/* For this identity, or this Landlock ABI, only. */
bool expectation_is_limited(const struct expectation *entry);

/* What is expected as a verdict; entry may be NULL. Nothing can be expected of what is open:
 * VERDICT_UNVERIFIABLE; what is not applicable is VERDICT_SKIPPED. */
enum verdict expectation_verdict(const struct expectation *entry, bool is_must_work);

#endif
