/*
 * Which skips are known: conformance/expectations/skips.json. A skipped case
 * proves nothing, so a run in which more is skipped than this list allows has
 * lost something without anybody noticing. Under --strict that is an error.
 *
 *     {"skips": [{"cases": ["net.vsock", "fs.*"], "reason": "the module * is not loaded",
 *                 "identity": "user", "sandboxes": ["bwrap"]}]}
 *
 * cases, sandboxes and reason are patterns with * and ?; without identity or
 * sandboxes a rule holds for all of them.
 */
#ifndef HOLDFAST_CONFORMANCE_SKIPS_H
#define HOLDFAST_CONFORMANCE_SKIPS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "conformance/strings.h"
#include "results/model.h"

struct skip_rule {
    struct strings cases;
    struct strings sandboxes; /* none: all */
    char *identity;           /* NULL: both */
    char *reason;
};

struct skip_list {
    struct skip_rule *rules;
    size_t count;
};

void skip_list_done(struct skip_list *list);

/* Strict; -1 names the file, the rule and the key. */
int skip_list_read(struct skip_list *list, const char *path, struct error *err);

/* Is this skipped case, with its reason, on the list? */
bool skip_list_allows(const struct skip_list *list, const struct result_case *row);

#endif
