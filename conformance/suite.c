/* The course of a whole run: smoke runs, then tasks and their controls as places become free. */
#include "conformance/suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/os.h"
#include "base/text.h"
#include "conformance/catalogue.h"
#include "conformance/needs.h"

enum {
    IN_FLIGHT_MAX = 128, /* scenes at once, most of them waiting for their second look */
    INTERRUPT_EXIT = 130
};

static void pump(struct suite *suite);

/* Progress ----------------------------------------------------------------------------------------- */

static void show_progress(const struct suite *suite, const char *id)
{
    char line[128];
    const int columns = os_terminal_columns(STDERR_FILENO);

    if (!os_is_terminal(STDERR_FILENO) || suite->task_count == 0)
        return;
    (void)snprintf(line, sizeof line, "%zu/%zu %s", suite->done_count, suite->task_count, id);
    (void)fprintf(stderr, "\r\x1b[K%.*s", columns > 1 ? columns - 1 : 1, line);
    if (suite->done_count == suite->task_count)
        (void)fprintf(stderr, "\r\x1b[K");
    (void)fflush(stderr);
}

/* Runs --------------------------------------------------------------------------------------------- */

static void occupy(struct suite *suite, const struct probe *row)
{
    suite->active++;
    suite->in_flight++;
    if ((row->flags & CASE_SERIAL) != 0)
        suite->is_serial_busy = true;
}

static void leave(struct suite *suite, const struct probe *row)
{
    suite->in_flight--;
    if ((row->flags & CASE_SERIAL) != 0)
        suite->is_serial_busy = false;
}

static void on_control_released(void *context)
{
    struct control *control = context;

    control->suite->active--;
    pump(control->suite);
}

static void on_control_done(const struct run_facts *facts, void *context)
{
    struct control *control = context;

    control->facts = *facts;
    control->progress = PROGRESS_DONE;
    leave(control->suite, control->row);
    pump(control->suite);
}

static void finish_task(struct task *task)
{
    task->progress = PROGRESS_DONE;
    task->has_result = task->facts.outcome != RUN_INTERRUPTED;
    task->suite->done_count++;
    show_progress(task->suite, task->row->id);
}

static void on_task_released(void *context)
{
    struct task *task = context;

    task->suite->active--;
    pump(task->suite);
}

static void on_task_done(const struct run_facts *facts, void *context)
{
    struct task *task = context;

    task->facts = *facts;
    leave(task->suite, task->row);
    finish_task(task);
    pump(task->suite);
}

static void fail_facts(struct run_facts *facts, const struct error *err)
{
    facts->outcome = RUN_FAILED;
    (void)snprintf(facts->reason, sizeof facts->reason, "%s", err->message);
}

static void begin_control(struct control *control)
{
    const struct run_order order = {
        .kind = RUN_CONTROL, .row = control->row, .identity = control->identity};
    const struct run_callbacks callbacks = {
        .released = on_control_released, .done = on_control_done, .context = control};
    struct suite *suite = control->suite;
    struct error err;

    control->progress = PROGRESS_RUNNING;
    occupy(suite, control->row);
    if (run_start(&suite->harness, &order, &callbacks, &err) == 0)
        return;
    fail_facts(&control->facts, &err);
    control->progress = PROGRESS_DONE;
    suite->active--;
    leave(suite, control->row);
}

static void begin_confined(struct task *task)
{
    const struct run_order order = {.kind = RUN_CONFINED,
                                    .row = task->row,
                                    .adapter = task->subject->adapter,
                                    .identity = task->subject->identity};
    const struct run_callbacks callbacks = {
        .released = on_task_released, .done = on_task_done, .context = task};
    struct suite *suite = task->suite;
    struct error err;

    task->progress = PROGRESS_RUNNING;
    occupy(suite, task->row);
    if (run_start(&suite->harness, &order, &callbacks, &err) == 0)
        return;
    fail_facts(&task->facts, &err);
    suite->active--;
    leave(suite, task->row);
    finish_task(task);
}

/* Without a control that fired there is nothing to prove inside. */
static bool is_worth_running(const struct task *task)
{
    const struct run_facts *control = &task->control->facts;

    if (control->outcome != RUN_FINISHED || control->is_dirty)
        return false;
    if (catalogue_is_must_work(task->row))
        return control->has_worked;
    return control->has_fired && control->has_beacon;
}

/* Takes the task a step further if that is possible now. */
static void advance(struct task *task)
{
    struct suite *suite = task->suite;
    const bool must_wait = suite->is_serial_busy && (task->row->flags & CASE_SERIAL) != 0;

    if (task->skip[0] != '\0') {
        finish_task(task);
    } else if (task->control->progress == PROGRESS_WAITING) {
        if (!must_wait)
            begin_control(task->control);
    } else if (task->control->progress == PROGRESS_DONE) {
        if (task->control->facts.outcome == RUN_INTERRUPTED)
            task->facts.outcome = RUN_INTERRUPTED;
        if (!is_worth_running(task))
            finish_task(task);
        else if (!must_wait)
            begin_confined(task);
    }
}

static void pump(struct suite *suite)
{
    for (size_t i = 0; i < suite->task_count; i++) {
        struct task *task = &suite->tasks[suite->order[i]];

        if (suite->harness.is_stopping || suite->active >= suite->jobs ||
            suite->in_flight >= IN_FLIGHT_MAX)
            return;
        if (task->progress == PROGRESS_WAITING)
            advance(task);
    }
}

/* Interruption ------------------------------------------------------------------------------------- */

static void on_interrupt(uv_signal_t *handle, int number)
{
    struct suite *suite = handle->data;

    (void)number;
    suite->is_interrupted = true;
    if (++suite->interrupts > 1)
        _exit(INTERRUPT_EXIT); /* asked twice: the next start removes what is left */
    (void)fprintf(stderr, "\nholdfast: stopping; once more to stop at once\n");
    run_stop_all(&suite->harness);
}

/* Runs the loop until nothing is left to wait for. */
static void run_loop(struct suite *suite)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    uv_signal_t signals[ARRAY_SIZE(numbers)];

    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        (void)uv_signal_init(&suite->harness.loop, &signals[i]);
        signals[i].data = suite;
        (void)uv_signal_start(&signals[i], on_interrupt, numbers[i]);
    }
    while (suite->harness.run_count > 0 || suite->harness.removal_count > 0)
        (void)uv_run(&suite->harness.loop, UV_RUN_ONCE);
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
        uv_close((uv_handle_t *)&signals[i], NULL);
    (void)uv_run(&suite->harness.loop, UV_RUN_NOWAIT);
}

/* Smoke runs --------------------------------------------------------------------------------------- */

/* Not runnable is what says so: it fails and has words for it. Silence, or an exit status of 0, is
 * not believed; the cases will tell. */
static void on_smoke_done(const struct run_facts *facts, void *context)
{
    struct subject *subject = context;
    char text[400];

    subject->has_started = facts->outcome == RUN_FINISHED && facts->has_beacon;
    if (subject->has_started)
        return;
    if (facts->outcome == RUN_FAILED)
        (void)snprintf(text, sizeof text, "%.390s", facts->reason);
    else if (facts->has_timed_out)
        (void)snprintf(text, sizeof text, "did not start within its time limit");
    else if (facts->exit_status != 0 && facts->last_words[0] != '\0')
        (void)snprintf(text, sizeof text, "%.320s (exit status %d)", facts->last_words,
                       facts->exit_status);
    else
        return;
    subject->reason = strdup(text);
}

static void begin_smoke(struct suite *suite, struct subject *subject)
{
    const struct run_order order = {
        .kind = RUN_SMOKE, .adapter = subject->adapter, .identity = subject->identity};
    const struct run_callbacks callbacks = {.done = on_smoke_done, .context = subject};
    struct error err;

    if (run_start(&suite->harness, &order, &callbacks, &err) < 0)
        subject->reason = strdup(err.message);
}

static char *find_peers(void)
{
    struct error ignored;
    AUTO_FREE char *programs = NULL;
    char path[4096];
    char *slash;

    (void)ignored;
    programs = os_self_path(&ignored);
    slash = programs != NULL ? strstr(programs, "/bin/holdfast") : NULL;
    if (slash == NULL)
        return NULL;
    *slash = '\0';
    (void)snprintf(path, sizeof path, "%.4000s/peers", programs);
    return strdup(path);
}

/* Open, run, close --------------------------------------------------------------------------------- */

int suite_open(struct suite *suite, const struct settings *settings, struct error *err)
{
    memset(suite, 0, sizeof *suite);
    suite->settings = settings;
    suite->jobs = settings->jobs > 0 ? settings->jobs : (unsigned)os_cpu_count();
    suite->landlock_abi = needs_landlock_abi();
    if (harness_open(&suite->harness, settings, err) < 0)
        return -1;
    suite->harness.peers = find_peers();
    if (suite_add_subjects(suite, err) < 0) {
        suite_close(suite);
        return -1;
    }
    for (size_t i = 0; i < suite->subject_count; i++) {
        if (suite->subjects[i].reason == NULL)
            begin_smoke(suite, &suite->subjects[i]);
    }
    run_loop(suite);
    return 0;
}

int suite_run(struct suite *suite, struct error *err)
{
    if (suite_plan(suite, err) < 0)
        return -1;
    if (!suite->is_interrupted)
        pump(suite);
    run_loop(suite);
    return 0;
}

void suite_close(struct suite *suite)
{
    struct error err;

    if (harness_close(&suite->harness, &err) < 0)
        error_print(stderr, "holdfast", &err);
    for (size_t i = 0; i < suite->subject_count; i++) {
        free(suite->subjects[i].version);
        free(suite->subjects[i].reason);
    }
    for (size_t i = 0; i < suite->adapter_count; i++) {
        adapter_done(&suite->adapters[i]);
        expectation_list_done(&suite->expectations[i]);
    }
    free(suite->adapters);
    free(suite->expectations);
    free(suite->subjects);
    free(suite->controls);
    free(suite->tasks);
    free(suite->order);
}

/* Report ------------------------------------------------------------------------------------------- */

static int report_subjects(const struct suite *suite, struct result_run *result, struct error *err)
{
    for (size_t i = 0; i < suite->subject_count; i++) {
        const struct subject *subject = &suite->subjects[i];
        const struct result_sandbox row = {
            .name = subject->adapter->name,
            .version = subject->version,
            .mode = subject->adapter->mode,
            .identity = (char *)(uintptr_t)identity_name(subject->identity.kind),
            .reason = subject->reason};

        if (result_run_add_sandbox(result, &row, err) == NULL)
            return -1;
    }
    return 0;
}

int suite_report(const struct suite *suite, struct result_run *result, struct error *err)
{
    if (report_subjects(suite, result, err) < 0)
        return -1;
    for (size_t i = 0; i < suite->task_count; i++) {
        struct judged judged;

        if (suite->tasks[i].progress != PROGRESS_DONE || !suite->tasks[i].has_result)
            continue;
        suite_judge(suite, &suite->tasks[i], &judged);
        if (result_run_add_case(result, &judged.row, err) == NULL)
            return -1;
    }
    result->planned = suite->task_count;
    result->executed = result->case_count;
    result->is_interrupted = suite->is_interrupted;
    if (result->planned != result->executed && !result->is_interrupted)
        return error_set(err, ERR_PROTOCOL, "%zu cases planned, but %zu have a verdict",
                         result->planned, result->executed);
    return 0;
}
