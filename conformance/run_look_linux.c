/* Asking the oracles about one run. Nothing here decides: facts are collected (verdict.c decides). */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/catalogue.h"
#include "conformance/oracles/leak.h"
#include "conformance/oracles/process.h"
#include "conformance/run_internal.h"

enum {
    RUNS_MAX = 256 /* others to be told apart */
};

/* What one look finds; ours and others' evidence apart. */
struct findings {
    struct run *run;
    unsigned deciding; /* enum oracle */
    struct buffer decided;
    struct buffer also;
};

static void find(struct findings *findings, enum oracle oracle, const char *format, ...)
    HOLDFAST_PRINTF(3, 4);

static void find(struct findings *findings, enum oracle oracle, const char *format, ...)
{
    const bool decides = (findings->deciding & (unsigned)oracle) != 0;
    struct buffer *place = decides ? &findings->decided : &findings->also;
    char text[700];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (place->size > 0)
        buffer_add_text(place, "; ");
    buffer_printf(place, "%s: %s", oracle_name(oracle), text);
    if (decides)
        findings->run->facts.fired |= (unsigned)oracle;
    else
        findings->run->facts.also |= (unsigned)oracle;
}

/* The oracles one by one ------------------------------------------------------------------------- */

/* Nobody but the run had anything to do there: no helper of the row, no root of the policy. */
static bool is_alone_with_canaries(const struct run *run)
{
    return run->order.row->prepare == NULL && run->order.row->observe == NULL &&
           run->scene.writable[0] == NULL;
}

/* The snapshots decide. The journal tells how it came, and is believed alone where a change was put
 * back so well that not even ctime shows it. */
static void look_at_canaries(struct findings *findings, const struct snapshot *now)
{
    struct run *run = findings->run;
    char changes[400];
    char events[200];
    const size_t changed = snapshot_compare(&run->canaries, now, changes, sizeof changes);
    const size_t happened = journal_read(&run->harness->journal, run, events, sizeof events);

    if (changed > 0)
        find(findings, ORACLE_CANARY, "%s%s%s%s", changes, happened > 0 ? " (journal: " : "",
             events, happened > 0 ? ")" : "");
    else if (happened > 0 && is_alone_with_canaries(run))
        find(findings, ORACLE_CANARY, "written and put back: %s", events);
}

/* A snapshot that cannot be taken is a blind oracle, not a silent one. */
static bool look_at_trees(struct findings *findings)
{
    struct run *run = findings->run;
    struct snapshot canaries;
    struct snapshot metadata;
    struct error err;
    char text[600];

    if (run_take_snapshots(run, &canaries, &metadata, &err) < 0)
        return false;
    look_at_canaries(findings, &canaries);
    if (snapshot_compare(&run->metadata, &metadata, text, sizeof text) > 0)
        find(findings, ORACLE_METADATA, "%s", text);
    snapshot_done(&canaries);
    snapshot_done(&metadata);
    return true;
}

static void look_for_leaks(struct findings *findings)
{
    const struct run *run = findings->run;
    char text[300];

    if (run->out.token.is_found || run->err.token.is_found)
        find(findings, ORACLE_LEAK, "the planted token in the output");
    if (leak_search(run->tree.ws, run->tree.token, text, sizeof text))
        find(findings, ORACLE_LEAK, "%s of the workspace", text);
    else if (leak_search(run->tree.extra, run->tree.token, text, sizeof text))
        find(findings, ORACLE_LEAK, "%s of the second root", text);
    if (ear_heard_token(run->ear) != NULL)
        find(findings, ORACLE_LEAK, "%s", ear_heard_token(run->ear));
}

/* Keepers and victims, of all runs: their own arguments may hold words of a run. */
static size_t list_ours(const struct harness *harness, pid_t *ours, size_t max)
{
    size_t count = 0;

    ours[count++] = getpid();
    for (const struct run *run = harness->runs; run != NULL && count + 2 <= max; run = run->next) {
        if (run->keeper.pid > 0)
            ours[count++] = run->keeper.pid;
        if (run->victim.pid > 0)
            ours[count++] = run->victim.pid;
    }
    return count;
}

static void look_for_processes(struct findings *findings)
{
    struct run *run = findings->run;
    struct process_search search = {.nonce = run->tree.nonce};
    pid_t ours[1024];

    if (run->survivors > 0) {
        find(findings, ORACLE_PROCESS, "%u alive after the end: %s", run->survivors, run->survivor);
        return;
    }
    if ((findings->deciding & ORACLE_PROCESS) == 0)
        return;
    process_search_all(&search, 1, ours, list_ours(run->harness, ours, ARRAY_SIZE(ours)));
    if (search.is_found)
        find(findings, ORACLE_PROCESS, "%s", search.text);
}

static void read_terminal(struct run *run)
{
    char bytes[512];
    ssize_t size;

    while (run->terminal >= 0 && run->terminal_input.size < 4096 &&
           (size = read(run->terminal, bytes, sizeof bytes)) > 0)
        buffer_add(&run->terminal_input, bytes, (size_t)size);
}

static enum oracle own_oracle(const struct run *run)
{
    return (run->order.row->oracles & ORACLE_TRIGGER) != 0 ? ORACLE_TRIGGER : ORACLE_CUSTOM;
}

/* The row's own look. -1: it could not look. */
static int ask_row(struct run *run, struct observation *seen, struct error *err)
{
    *seen = (struct observation){.exit_status = run->facts.exit_status,
                                 .has_timed_out = run->facts.has_timed_out,
                                 .has_beacon = run->facts.has_beacon,
                                 .output = buffer_text(&run->capture.kept),
                                 .output_size = run->capture.kept.size,
                                 .output_total = run->capture.total,
                                 .terminal_input = buffer_text(&run->terminal_input),
                                 .terminal_input_size = run->terminal_input.size};
    if (run->order.row->observe != NULL)
        return run->order.row->observe(&run->scene, seen, err);
    if ((run->order.row->flags & CASE_PTY) != 0 && run->terminal_input.size > 0)
        observation_fire(seen, "%zu bytes were typed into the terminal", run->terminal_input.size);
    return 0;
}

bool run_look_at_result(struct run *run)
{
    struct observation seen;
    struct error err;

    if (run->order.row->observe == NULL)
        return true;
    return ask_row(run, &seen, &err) == 0 && seen.has_fired;
}

static bool look_with_row(struct findings *findings)
{
    struct run *run = findings->run;
    struct observation seen;
    struct error err;

    read_terminal(run);
    if (ask_row(run, &seen, &err) < 0) {
        (void)snprintf(run->facts.reason, sizeof run->facts.reason, "%s", err.message);
        return false;
    }
    if (seen.has_fired)
        find(findings, own_oracle(run), "%s", seen.evidence);
    return true;
}

/* Looks -------------------------------------------------------------------------------------------- */

/* A mark of the probe: a regular file in the workspace that holds the nonce, wherever the run has
 * moved the workspace to. */
static bool has_mark(const struct run *run, const char *mark)
{
    char name[sizeof run->tree.nonce + 16];
    char text[NONCE_LENGTH];
    struct stat status;

    if (run->tree.ws_fd < 0)
        return false;
    (void)snprintf(name, sizeof name, "%s-%s", mark, run->tree.nonce);
    AUTO_CLOSE int fd =
        openat(run->tree.ws_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
           read(fd, text, sizeof text) == (ssize_t)sizeof text &&
           memcmp(text, run->tree.nonce, sizeof text) == 0;
}

void run_look_at_beacon(struct run *run)
{
    run->facts.has_beacon = run->facts.has_beacon || has_mark(run, PROBE_MARK_BEGUN);
    run->facts.has_ended = run->facts.has_ended || has_mark(run, PROBE_MARK_OVER);
}

static bool is_custom_only(const struct run *run)
{
    return run->order.row != NULL && (run->order.row->oracles & ORACLE_CUSTOM) != 0 &&
           (run->order.row->oracles & ORACLE_TRIGGER) == 0;
}

void run_look_before(struct run *run)
{
    struct observation seen;
    struct error err;

    if (!is_custom_only(run) || run->order.row->observe == NULL)
        return;
    seen = (struct observation){.is_before_run = true, .output = "", .terminal_input = ""};
    if (run->order.row->observe(&run->scene, &seen, &err) < 0)
        observation_fire(&seen, "it could not be looked at: %s", err.message);
    if (seen.has_fired) {
        run->facts.is_dirty = true;
        (void)snprintf(run->facts.evidence, sizeof run->facts.evidence, "before the run: %s",
                       seen.evidence);
    }
}

/* What observe() did at the first look (git refreshing its index, say) is not the run's doing. */
static void forget_own_acts(struct run *run)
{
    struct snapshot canaries;
    struct snapshot metadata;
    struct error ignored;

    journal_reset(&run->harness->journal, run);
    if (run->order.row->observe == NULL || run->looks > 1 ||
        run_take_snapshots(run, &canaries, &metadata, &ignored) < 0)
        return;
    snapshot_done(&run->canaries);
    snapshot_done(&run->metadata);
    run->canaries = canaries;
    run->metadata = metadata;
}

static void keep_evidence(struct run *run, const struct findings *findings)
{
    const struct buffer *best = findings->decided.size > 0 ? &findings->decided : &findings->also;

    if (best->size > 0 && (run->facts.evidence[0] == '\0' || findings->decided.size > 0))
        (void)snprintf(run->facts.evidence, sizeof run->facts.evidence, "%s%s",
                       best == &findings->also ? "not asked: " : "", buffer_text(best));
}

/* Every listener answered, and nobody but the run said a word of it. */
static bool can_hear(struct run *run)
{
    char dead[200];

    if ((run->order.row->oracles & (ORACLE_LISTENER | ORACLE_LEAK)) == 0)
        return true;
    if (ear_heard_foreign(run->ear) != NULL) {
        (void)snprintf(run->facts.reason, sizeof run->facts.reason, "%s",
                       ear_heard_foreign(run->ear));
        return false;
    }
    if (ear_is_alive(run->ear))
        return true;
    ear_describe_dead(run->ear, dead, sizeof dead);
    (void)snprintf(run->facts.reason, sizeof run->facts.reason, "did not answer: %s", dead);
    return false;
}

/* Signals of others than the run: what it would have got without them nobody can tell. */
static bool look_at_victim(struct findings *findings)
{
    struct run *run = findings->run;
    pid_t others[RUNS_MAX];
    struct peer_tree tree = {
        .harness = getpid(), .keeper = run->keeper.pid, .others = others, .nonce = run->tree.nonce};
    char text[500];

    for (const struct run *each = run->harness->runs; each != NULL && tree.other_count < RUNS_MAX;
         each = each->next) {
        if (each != run && each->keeper.pid > 0)
            others[tree.other_count++] = each->keeper.pid;
    }
    switch (victim_look(&run->victim, &tree, text, sizeof text)) {
    case VICTIM_SAME:
        return true;
    case VICTIM_CHANGED:
        find(findings, ORACLE_VICTIM, "%s", text);
        return true;
    case VICTIM_MOLESTED:
        break;
    }
    if ((findings->deciding & ORACLE_VICTIM) == 0)
        return true;
    (void)snprintf(run->facts.reason, sizeof run->facts.reason, "%s", text);
    return false;
}

void run_look(struct run *run)
{
    struct findings findings = {.run = run, .deciding = run->order.row->oracles};
    const bool had_fired = run->facts.has_fired;
    bool sees;

    run->looks++;
    run_look_at_beacon(run);
    sees = look_at_trees(&findings);
    if (ear_heard_nonce(run->ear) != NULL)
        find(&findings, ORACLE_LISTENER, "%s", ear_heard_nonce(run->ear));
    sees = look_at_victim(&findings) && sees;
    look_for_leaks(&findings);
    look_for_processes(&findings);
    sees = look_with_row(&findings) && sees;
    /* Blind once is blind: what was there then may be gone now. */
    run->facts.is_alive = (run->looks == 1 || run->facts.is_alive) && can_hear(run) && sees;
    run->facts.has_fired = had_fired || findings.decided.size > 0;
    run->facts.fired_later =
        run->facts.fired_later || (run->looks > 1 && !had_fired && findings.decided.size > 0);
    keep_evidence(run, &findings);
    forget_own_acts(run);
    buffer_done(&findings.decided);
    buffer_done(&findings.also);
}
