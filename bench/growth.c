/*
 * How the cost of a policy grows: with the number of writable roots, of
 * protected names, of files in the workspace, and with its depth. The target
 * does nothing, so all that grows is the policy's. What is measured of each
 * policy is life.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "bench/life.h"

/* What was planted for one value. */
struct soil {
    char *directory; /* removed after the value */
    struct words writable, protect, protect_names;
    struct words changed;   /* writable, once one root has been changed */
    struct words workspace; /* one word */
};

/* A kind of growth: what to plant for a value, and the policy that goes with it. */
struct growth {
    const char *benchmark;
    const char *parameter;
    const char *usual[6];
    size_t count, quick_count;
    int (*plant)(struct context *context, uint64_t value, struct soil *soil, struct error *err);
};

static void soil_done(struct soil *soil)
{
    struct error ignored;

    if (soil->directory != NULL)
        (void)place_remove(soil->directory, &ignored);
    free(soil->directory);
    words_done(&soil->writable);
    words_done(&soil->protect);
    words_done(&soil->protect_names);
    words_done(&soil->changed);
    words_done(&soil->workspace);
    *soil = (struct soil){0};
}

/* NAME in the place; the soil removes it. */
static int plant_directory(struct context *context, struct soil *soil, const char *name,
                           struct error *err)
{
    soil->directory = place_make_directory(&context->place, name, err);
    return soil->directory != NULL ? 0 : -1;
}

/* A directory below the soil's; its path at the end of list. */
static int plant_below(struct context *context, const struct soil *soil, struct words *list,
                       const char *name, struct error *err)
{
    const char *below = strrchr(soil->directory, '/') + 1;
    char relative[4096];
    AUTO_FREE char *path = NULL;

    (void)snprintf(relative, sizeof relative, "%.1000s/%.3000s", below, name);
    path = place_make_directory(&context->place, relative, err);
    return path == NULL ? -1 : words_add(list, path, err);
}

static int plant_roots(struct context *context, uint64_t value, struct soil *soil,
                       struct error *err)
{
    if (plant_directory(context, soil, "roots", err) < 0)
        return -1;
    for (uint64_t i = 0; i < value; i++) {
        char name[32];

        (void)snprintf(name, sizeof name, "r%llu", (unsigned long long)i);
        if (plant_below(context, soil, &soil->writable, name, err) < 0)
            return -1;
    }
    return 0;
}

/* A workspace with a .git that is protected. */
static int plant_workspace(struct context *context, struct soil *soil, const char *name,
                           struct error *err)
{
    char git[64];

    (void)snprintf(git, sizeof git, "%.40s/.git", name);
    if (plant_below(context, soil, &soil->workspace, name, err) < 0)
        return -1;
    return plant_below(context, soil, &soil->protect, git, err);
}

static int plant_files(struct context *context, uint64_t value, struct soil *soil,
                       struct error *err)
{
    if (plant_directory(context, soil, "files", err) < 0 ||
        plant_workspace(context, soil, "ws", err) < 0)
        return -1;
    return place_make_files(&context->place, soil->workspace.items[0], (size_t)value, err);
}

static int plant_names(struct context *context, uint64_t value, struct soil *soil,
                       struct error *err)
{
    if (plant_directory(context, soil, "names", err) < 0 ||
        plant_workspace(context, soil, "ws", err) < 0)
        return -1;
    for (uint64_t i = 1; i < value; i++) {
        char name[64];

        (void)snprintf(name, sizeof name, "ws/.kept%llu", (unsigned long long)i);
        if (plant_below(context, soil, &soil->protect, name, err) < 0 ||
            words_add(&soil->protect_names, name + 3, err) < 0)
            return -1;
    }
    return 0;
}

static int plant_depth(struct context *context, uint64_t value, struct soil *soil,
                       struct error *err)
{
    char name[4096] = "d";
    AUTO_WORDS struct words above = WORDS_EMPTY;

    if (value > 500)
        return error_set(err, ERR_USAGE, "depth: at most 500");
    if (plant_directory(context, soil, "depth", err) < 0)
        return -1;
    for (uint64_t i = 1; i < value; i++) {
        if (plant_below(context, soil, &above, name, err) < 0)
            return -1;
        (void)strncat(name, "/d", sizeof name - strlen(name) - 1);
    }
    if (plant_below(context, soil, &soil->workspace, name, err) < 0)
        return -1;
    (void)strncat(name, "/.git", sizeof name - strlen(name) - 1);
    return plant_below(context, soil, &soil->protect, name, err);
}

static const struct growth growths[] = {
    {"policy.roots", "roots", {"1", "10", "100", "1000"}, 4, 3, plant_roots},
    {"policy.names", "names", {"1", "10", "100"}, 3, 2, plant_names},
    {"policy.files", "files", {"10", "100", "1000", "10000", "100000"}, 5, 3, plant_files},
    {"policy.depth", "depth", {"1", "8", "64"}, 3, 2, plant_depth},
};

/* ---- measuring ---- */

static const char *const *list_or_null(const struct words *words)
{
    return words->count > 0 ? (const char *const *)words->items : NULL;
}

/* The same roots, the last of them another: what "change" changes. Without roots of the soil's own it
 * is the usual further one. */
static int plant_change(struct context *context, struct soil *soil, struct error *err)
{
    for (size_t i = 0; i + 1 < soil->writable.count; i++) {
        if (words_add(&soil->changed, soil->writable.items[i], err) < 0)
            return -1;
    }
    return plant_below(context, soil, &soil->changed, "spare", err);
}

static int measure_value(struct context *context, const struct growth *growth, const char *text,
                         struct error *err)
{
    struct soil soil __attribute__((cleanup(soil_done))) = {0};
    struct subject_wish wish;
    struct subject_wish changed;
    struct life life = {
        .benchmark = growth->benchmark,
        .parameter = growth->parameter,
        .value = text,
        .wish = &wish,
        .changed = &changed,
    };
    uint64_t value;

    if (!text_parse_u64(text, 1000000, &value) || value == 0)
        return error_set(err, ERR_USAGE, "%s: %s: not a number from 1 to 1000000",
                         growth->parameter, text);
    console_set_title(context->console, "%s: planting %s", growth->benchmark, text);
    console_step(context->console);
    if (growth->plant(context, value, &soil, err) < 0 || plant_change(context, &soil, err) < 0)
        return -1;
    wish = (struct subject_wish){
        .workspace = soil.workspace.count > 0 ? soil.workspace.items[0] : NULL,
        .writable = list_or_null(&soil.writable),
        .protect = list_or_null(&soil.protect),
        .protect_names = list_or_null(&soil.protect_names),
    };
    changed = wish;
    changed.writable = list_or_null(&soil.changed);
    life.soil = soil.directory;
    return life_measure(context, &life, err) < 0 ? -1 : life_measure_session(context, &life, err);
}

static int measure_growth(struct context *context, const struct growth *growth, struct error *err)
{
    AUTO_WORDS struct words values = context_values(context, growth->parameter, growth->usual,
                                                    growth->count, growth->quick_count, err);

    if (values.count == 0)
        return -1;
    for (size_t i = 0; i < values.count; i++) {
        if (measure_value(context, growth, values.items[i], err) < 0)
            return -1;
    }
    return 0;
}

int bench_growth(struct context *context, struct error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(growths); i++) {
        if (measure_growth(context, &growths[i], err) < 0)
            return -1;
    }
    return 0;
}
