/* The subcommands of holdfast-sandbox. Each gets argv from its own name on and returns the exit
 * status. */
#ifndef HOLDFAST_SANDBOX_COMMANDS_H
#define HOLDFAST_SANDBOX_COMMANDS_H

#include <stdbool.h>

#include "base/error.h"
#include "base/options.h"
#include "sandbox/backend.h"
#include "sandbox/policy.h"

int command_run(int argc, char **argv);
/* The same, with a chance to change the plan before it is carried out: for the program that shows what
 * each step is good for (ablation_main.c). NULL: none. */
int command_run_edited(int argc, char **argv, void (*edit)(struct plan *plan));
/* Serves a session on standard input; started by sandbox_session_open. */
int command_session(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_modes(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_audit(int argc, char **argv);

/* What `run` and `explain` are told (policy_options.c). */
struct sandbox_settings {
    struct policy policy;
    const char *mode; /* as given; "auto" unless told otherwise */
    const char *cwd;
    const char *log;
    bool has_tty;      /* --tty: a terminal of the command's own */
    bool has_terminal; /* --terminal: descriptor 0 is one */
    int report;        /* descriptor that gets a struct error when nothing ran; -1: stderr */
    bool serves;
    bool has_flags; /* a flag that changes the policy was seen */
};

/* The rows that both have: --mode, --policy and every flag of the policy. */
#define SANDBOX_POLICY_ROW_COUNT 13
extern const struct option_row sandbox_policy_rows[SANDBOX_POLICY_ROW_COUNT];

int sandbox_settings_init(struct sandbox_settings *settings, struct error *err);
void sandbox_settings_done(struct sandbox_settings *settings);

/* Caller frees. */
char *sandbox_current_directory(struct error *err);

/* Fills in the default workspace and checks the policy for this style of paths. *place is filled for
 * the caller's further checks. */
int sandbox_settings_check(struct sandbox_settings *settings, enum path_style style,
                           struct policy_place *place, struct error *err);

/* Prints the error to stderr and returns the status. */
int command_fail(const struct error *err, int status);

#endif
