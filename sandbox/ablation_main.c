/*
 * holdfast-ablation [--without STEP[=DETAIL]]... run OPTION... -- COMMAND...
 *
 * holdfast-sandbox run with steps of the plan left out, to show what each of
 * them is good for: STEP is its name in `explain`, DETAIL its path, text or
 * bit name. Never shipped; a sandbox with a hole is not something to have
 * lying around.
 */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "sandbox/commands.h"
#include "sandbox/sandbox.h"

enum {
    WITHOUT_MAX = 64
};

static const char *without[WITHOUT_MAX];
static size_t without_count;
static size_t left_out;

static bool has_detail(const struct step *step, const char *detail)
{
    AUTO_BUFFER struct buffer names = BUFFER_EMPTY;

    plan_add_bit_names(&names, step);
    return (step->path != NULL && strcmp(step->path, detail) == 0) ||
           (step->text != NULL && strcmp(step->text, detail) == 0) ||
           strcmp(buffer_text(&names), detail) == 0;
}

static bool is_left_out(const struct step *step)
{
    const char *name = plan_step_name(step->kind);
    size_t length = strlen(name);

    for (size_t i = 0; i < without_count; i++) {
        if (strncmp(without[i], name, length) != 0)
            continue;
        if (without[i][length] == '\0' ||
            (without[i][length] == '=' && has_detail(step, without[i] + length + 1)))
            return true;
    }
    return false;
}

static void edit(struct plan *plan)
{
    size_t kept = 0;

    for (size_t i = 0; i < plan->step_count; i++) {
        if (is_left_out(&plan->steps[i])) {
            free(plan->steps[i].path);
            free(plan->steps[i].text);
            left_out++;
        } else {
            plan->steps[kept++] = plan->steps[i];
        }
    }
    plan->step_count = kept;
    if (left_out == 0 && without_count > 0)
        (void)fprintf(stderr, "holdfast-ablation: no step of the plan matches\n");
}

int main(int argc, char **argv)
{
    while (argc > 2 && strcmp(argv[1], "--without") == 0 && without_count < WITHOUT_MAX) {
        without[without_count++] = argv[2];
        argc -= 2;
        argv += 2;
    }
    if (argc < 2 || strcmp(argv[1], "run") != 0) {
        (void)fprintf(stderr, "usage: holdfast-ablation [--without STEP[=DETAIL]]... run ...\n");
        return SANDBOX_EXIT_REFUSED;
    }
    return command_run_edited(argc - 1, argv + 1, edit);
}
