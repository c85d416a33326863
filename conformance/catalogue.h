/*
 * All rows of all families as one list (conformance/probes/families.c holds
 * the families). The catalogue is itself under test: catalogue_check().
 */
#ifndef HOLDFAST_CONFORMANCE_CATALOGUE_H
#define HOLDFAST_CONFORMANCE_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>

#include "conformance/probe.h"

/* Raised when a row's meaning changes; the digest says whether two catalogues are the same. */
#define CATALOGUE_VERSION "1"

size_t catalogue_count(void);
/* By position; the order is stable within one build: families, then rows. */
const struct probe *catalogue_at(size_t index);

/* "fs" of "fs.chmod", into a caller's place. */
void catalogue_area(const struct probe *probe, char area[32]);
bool catalogue_is_must_work(const struct probe *probe);
/* Runs here: for this platform, and has a function or a command. */
bool catalogue_is_runnable(const struct probe *probe);

const char *severity_name(enum severity severity); /* "critical" */
int severity_parse(const char *name, enum severity *severity, struct error *err);
const char *oracle_name(enum oracle oracle); /* one bit */

/* Which rows a command line asks for; NULL or zero fields ask for all. */
struct catalogue_filter {
    const char *const *patterns; /* any of these; NULL-terminated */
    const char *area;
    unsigned platforms;
    enum severity at_least;
};
/* A pattern that names no row is a slip, and what it was meant to ask for would silently not be asked:
 * -1 names it. */
int catalogue_check_pattern(const char *pattern, struct error *err);
bool catalogue_matches(const struct catalogue_filter *filter, const struct probe *probe);

/* SHA-256 over everything in the rows that gives a verdict its meaning. */
void catalogue_digest(char hex[65]);

/* Every row has an id area.name of [a-z0-9-], unique; a claim, technique, source, oracle (or a
 * command); a function, a command or a reason why not. -1 names the first row that breaks it. */
int catalogue_check(struct error *err);

/* The command `holdfast list`. */
int list_main(int argc, char **argv);

#endif
