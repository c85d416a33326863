/* windows-unelevated: the command is our own child, with a filtered token of our own. */
#include <stdio.h>
#include <string.h>

#include "sandbox/sandbox.h"
#include "sandbox/windows/backend.h"
#include "sandbox/windows/child.h"
#include "sandbox/windows/mode.h"
#include "sandbox/windows/relay.h"
#include "sandbox/windows/serve.h"
#include "sandbox/windows/station.h"
#include "sandbox/windows/token.h"
#include "sandbox/windows_hints.h"

/* 1: it has ended; 0: its time is up. relay: NULL without a console. */
static int wait_for_end(const struct win_child *child, DWORD timeout_ms, struct win_relay *relay,
                        DWORD *status)
{
    ULONGLONG until = GetTickCount64() + timeout_ms;

    while (relay != NULL) {
        ULONGLONG now = GetTickCount64();
        DWORD wait = WIN_RELAY_LOOK_MS;

        if (timeout_ms != 0 && now >= until)
            return 0;
        if (timeout_ms != 0 && until - now < wait)
            wait = (DWORD)(until - now);
        if (win_child_wait(child, wait, status) == 1)
            return 1;
        win_relay_fit(relay);
    }
    return win_child_wait(child, timeout_ms, status);
}

static void finish(struct win_child *child, const struct run_request *request,
                   struct win_relay *relay, struct run_outcome *outcome)
{
    DWORD status = 1;

    outcome->has_timed_out = wait_for_end(child, win_ms(request->timeout_s), relay, &status) == 0;
    outcome->status = outcome->has_timed_out ? SANDBOX_EXIT_TIMEOUT : (int)status;
    win_mode_measure(child->job, outcome);
    win_child_done(child);
}

/* What is made once: for a run, or for a session. */
struct place {
    const struct win_prepared *prepared;
    struct nt_sid logon;
    HANDLE token; /* the commands' */
    HDESK desktop;
    wchar_t path[WIN_DESKTOP_PATH]; /* of it */
    bool is_over;                   /* something of a command may still be alive */
};

static void place_done(struct place *place)
{
    win_close(&place->token);
    if (place->desktop != NULL)
        (void)CloseDesktop(place->desktop);
    place->token = NULL;
    place->desktop = NULL;
}

static int place_init(struct place *place, const struct win_prepared *prepared,
                      const struct nt_spawn *spawn, struct error *err)
{
    AUTO_HANDLE HANDLE own = win_token_own(err);

    *place = (struct place){.prepared = prepared};
    if (own == NULL || win_token_logon(own, &place->logon, err) < 0)
        return -1;
    place->token = win_token_restrict(own, spawn, &place->logon, err);
    if (place->token == NULL)
        return -1;
    place->desktop = win_desktop_new(prepared->desktop, &place->logon, place->path, err);
    if (place->desktop != NULL)
        return 0;
    place_done(place);
    return -1;
}

/* One command of `run` ----------------------------------------------------------------------------- */

static int run_in_place(const struct place *place, const struct nt_spawn *spawn,
                        const struct run_request *request, struct run_outcome *outcome,
                        struct error *err)
{
    HANDLE handles[3] = {GetStdHandle(STD_INPUT_HANDLE), GetStdHandle(STD_OUTPUT_HANDLE),
                         GetStdHandle(STD_ERROR_HANDLE)};
    struct win_child child;
    struct win_relay relay;

    /* In the user's own console the command could type into what runs there next. */
    if (win_relay_is_needed(handles)) {
        if (win_relay_start(&relay, &child, place->token, spawn, place->path, handles, err) < 0)
            return -1;
        finish(&child, request, &relay, outcome);
        win_relay_done(&relay);
        return 0;
    }
    if (win_child_start(&child, place->token, spawn, place->path, handles, err) < 0)
        return -1;
    finish(&child, request, NULL, outcome);
    return 0;
}

static int run_prepared(const struct win_prepared *prepared, struct nt_spawn *spawn,
                        const struct run_request *request, struct run_outcome *outcome,
                        struct error *err)
{
    struct place place;
    int result;

    if (place_init(&place, prepared, spawn, err) < 0)
        return -1;
    result = run_in_place(&place, spawn, request, outcome, err);
    place_done(&place);
    if (result < 0)
        outcome->status = windows_status_of(err);
    return result;
}

/* One command of a session ------------------------------------------------------------------------- */

static int follow(const struct win_child *child, const struct win_order *order, int *status,
                  struct error *err)
{
    HANDLE events[2] = {child->process, order->gone};
    DWORD code = 1;

    switch (WaitForMultipleObjects(2, events, FALSE,
                                   order->timeout_ms != 0 ? order->timeout_ms : INFINITE)) {
    case WAIT_OBJECT_0:
        if (!GetExitCodeProcess(child->process, &code))
            return win_fail_last(err, "GetExitCodeProcess", "command");
        *status = (int)code;
        return 0;
    case WAIT_OBJECT_0 + 1:
        return error_set(err, ERR_INTERRUPTED, "the caller is gone");
    case WAIT_TIMEOUT:
        *status = SANDBOX_EXIT_TIMEOUT;
        return 0;
    default:
        return win_fail_last(err, "WaitForMultipleObjects", "command");
    }
}

static int serve_in_place(struct place *place, const struct win_order *order, int *status,
                          struct error *err)
{
    struct win_child child;
    struct error ending;
    int result;

    if (win_child_start(&child, place->token, order->spawn, place->path, order->handles, err) < 0) {
        *status = windows_status_of(err);
        return -1;
    }
    result = follow(&child, order, status, err);
    if (win_child_end(&child, &ending) < 0) {
        place->is_over = true;
        *status = SANDBOX_EXIT_REFUSED;
        *err = ending;
        result = -1;
    }
    win_child_done(&child);
    return result;
}

static int serve_command(void *context, const struct win_order *order, int *status,
                         struct error *err)
{
    struct place *place = context;

    *status = SANDBOX_EXIT_REFUSED;
    if (place->prepared->has_desktop_per_command) {
        place_done(place);
        if (place_init(place, place->prepared, order->spawn, err) < 0)
            return -1;
    }
    return serve_in_place(place, order, status, err);
}

static bool is_over(void *context)
{
    return ((struct place *)context)->is_over;
}

/* Each command has a job of its own and no other: one around all of them could not be, where UI limits
 * do not nest ("Nested Jobs"), and would end nothing that these do not. */
static int serve(const struct plan *plan, const struct run_request *request,
                 struct win_prepared *prepared, const struct nt_spawn *spawn, struct error *err)
{
    struct place place;
    const struct win_server server = {.run = serve_command, .is_over = is_over, .context = &place};
    int result;

    if (place_init(&place, prepared, spawn, err) < 0)
        return -1;
    result = win_serve(plan, request, prepared, &server, err);
    place_done(&place);
    return result;
}

int windows_unelevated_run(const struct plan *plan, const struct run_request *request,
                           struct run_outcome *outcome, struct error *err)
{
    static const struct win_mode mode = {
        .probe = windows_unelevated_probe, .run = run_prepared, .serve = serve};

    return win_mode_run(&mode, plan, request, outcome, err);
}
