/* The command line of `holdfast conformance`, as data. */
#ifndef HOLDFAST_CONFORMANCE_SETTINGS_H
#define HOLDFAST_CONFORMANCE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "conformance/identity.h"
#include "conformance/strings.h"

/* What to break on purpose (--break), to see that nothing is then proven. */
enum breakage {
    BREAK_NOTHING,
    BREAK_LISTENER, /* the shared listeners die before the confined runs */
    BREAK_PROBE,    /* the probe of confined runs is no program */
    BREAK_CONTROL   /* control runs attempt nothing */
};

struct settings {
    struct strings modes;
    struct strings adapters;
    struct strings patterns;
    bool identities[IDENTITY_COUNT];
    unsigned jobs; /* 0: as many as processors */
    unsigned shard_index, shard_count;
    uint64_t seed;
    bool has_seed;
    unsigned grace_ms;
    char *out;   /* directory of the result files; NULL: none are written */
    char *skips; /* file of the allowed skips; NULL: the shipped one */
    bool is_strict;
    bool is_json;
    enum breakage breakage;
};

/* -1: usage; 1: --help or --version was answered; 0: go on. */
int settings_parse(struct settings *settings, int argc, char **argv, struct error *err);
void settings_done(struct settings *settings);

/* Does --cases ask for this id? Without --cases: yes. */
bool settings_want(const struct settings *settings, const char *id);

#endif
