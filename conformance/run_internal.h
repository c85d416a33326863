/* The inside of a run, shared by run_*.c only. */
#ifndef HOLDFAST_CONFORMANCE_RUN_INTERNAL_H
#define HOLDFAST_CONFORMANCE_RUN_INTERNAL_H

#include "conformance/capture.h"
#include "conformance/oracles/snapshot.h"
#include "conformance/run.h"
#include "conformance/strings.h"
#include "fixtures/keeper.h"
#include "fixtures/scene_tree.h"
#include "fixtures/victim.h"

enum run_stage {
    STAGE_PLANTED, /* waiting for the clock to tick, see run_linux.c */
    STAGE_RUNNING,
    STAGE_SETTLING, /* the command has ended; stragglers may still be dying */
    STAGE_PINGING,  /* until every listener has heard our ping */
    STAGE_GRACE,
    STAGE_ASKING, /* the keeper is asked who is alive */
    STAGE_ENDING, /* all processes of the run are being ended */
    STAGE_CLOSING
};

/* One of the streams that a run writes to. */
struct stream {
    struct run *run;
    uv_poll_t poll;
    int fd; /* -1: none */
    bool is_watched;
    struct capture_search token;
    struct capture_search wanted; /* must-work: what stdout must hold */
};

struct run {
    struct harness *harness;
    struct run_order order;
    struct run_callbacks callbacks;
    struct run_facts facts;
    enum run_stage stage;
    struct run *next;

    struct scene_tree tree;
    struct scene scene;
    bool is_prepared; /* the row had its turn: finish() must be called */
    struct victim victim;
    struct ear *ear;
    struct snapshot canaries;
    struct snapshot metadata;

    struct keeper keeper;
    struct strings argv;
    struct strings environment;
    uint32_t survivors; /* at the last report of the keeper */
    char survivor[256];

    struct stream out;
    struct stream err; /* unused with a terminal */
    struct capture capture;
    int terminal; /* the outer side's own view of the terminal's input; -1: none */
    struct buffer terminal_input;

    uv_timer_t timer;
    uv_poll_t control;
    bool is_control_watched;
    unsigned open_handles;
    unsigned looks;
    uint64_t started_ns;
    uint64_t patience_until_ns; /* STAGE_PINGING */
    bool is_released;
};

static inline bool run_is_must_work(const struct run *run)
{
    return run->order.row != NULL &&
           (run->order.row->command != NULL || strncmp(run->order.row->id, "mw.", 3) == 0);
}

/* The row's own flags; none of a smoke run. */
static inline unsigned run_flags(const struct run *run)
{
    return run->order.row != NULL ? run->order.row->flags : 0;
}

/* run_scene_linux.c: plants and prepares, up to the command line. 0; 1: skipped; -1: failed. */
int run_make_scene(struct run *run, struct error *err);
int run_compose(struct run *run, struct error *err);
int run_take_snapshots(struct run *run, struct snapshot *canaries, struct snapshot *metadata,
                       struct error *err);
/* Begins the journal of what happens to the canaries; after all that the harness does itself. */
void run_watch_canaries(struct run *run);
void run_drop_scene(struct run *run);

/* run_remove_linux.c: takes the scene's tree away, in a thread; harness_close waits for it. */
void run_begin_removal(struct run *run);

/* run_look_linux.c: asks the oracles, adds to facts. */
void run_look_before(struct run *run);
void run_look(struct run *run);
void run_look_at_beacon(struct run *run);
/* Must-work rows: did observe() find outside what the command should have made? */
bool run_look_at_result(struct run *run);

/* Reads all that the streams hold now. */
void run_drain(struct run *run);

#endif
