/* What one command's own process needs: its token, job and environment. */
#include <string.h>

#include "base/text.h"
#include "sandbox/nt/envblock.h"
#include "sandbox/windows/prepare.h"
#include "sandbox/windows/program.h"
#include "sandbox/windows/reading.h"

static int set_variable(struct nt_spawn *spawn, const char *name, const char *value,
                        struct error *err)
{
    AUTO_BUFFER struct buffer text = BUFFER_EMPTY;

    buffer_printf(&text, "%s=%s", name, value);
    if (buffer_failed(&text))
        return error_memory(err, "environment");
    return nt_env_set(&spawn->env, text.data, err);
}

static int prepend_stubs(struct nt_spawn *spawn, const char *folder, struct error *err)
{
    AUTO_FREE char **env = calloc(spawn->env.count + 1, sizeof *env);
    AUTO_FREE char *path = NULL;
    AUTO_FREE char *extensions = NULL;

    if (env == NULL)
        return error_memory(err, "environment");
    for (size_t i = 0; i < spawn->env.count; i++)
        env[i] = spawn->env.items[i];
    path = nt_path_with(folder, nt_env_get(env, "PATH"), err);
    extensions = path != NULL ? nt_pathext_for_stubs(nt_env_get(env, "PATHEXT"), err) : NULL;
    if (extensions == NULL || set_variable(spawn, "PATH", path, err) < 0)
        return -1;
    return set_variable(spawn, "PATHEXT", extensions, err);
}

static int take_limit(struct nt_spawn *spawn, const struct step *step)
{
    if (strcmp(step->text, "processes") == 0)
        spawn->processes = (uint32_t)step->bits;
    else if (strcmp(step->text, "memory") == 0)
        spawn->memory_bytes = step->bits;
    return 0;
}

static int take_step(const struct step *step, const struct win_prepared *prepared,
                     struct nt_spawn *spawn, struct error *err)
{
    switch (step->kind) {
    case STEP_TOKEN:
        spawn->token_flags = (uint32_t)step->bits;
        return 0;
    case STEP_TOKEN_DISABLE:
        return text_list_add(&spawn->disable, step->text, err);
    case STEP_TOKEN_RESTRICT:
        return text_list_add(&spawn->restrict_to, step->text, err);
    case STEP_TOKEN_DEFAULT_ACE:
        return text_list_add(&spawn->default_aces, step->text, err);
    case STEP_JOB:
        spawn->job_flags = (uint32_t)step->bits;
        return 0;
    case STEP_LIMIT:
        return take_limit(spawn, step);
    case STEP_ENVIRONMENT:
        return nt_env_set(&spawn->env, step->text, err);
    case STEP_STUBS:
        return prepend_stubs(spawn, step->path, err);
    case STEP_RUN_DIRECTORY:
        if (set_variable(spawn, "TEMP", prepared->run_directory, err) < 0)
            return -1;
        return set_variable(spawn, "TMP", prepared->run_directory, err);
    default:
        return 0;
    }
}

static int take_request(const struct run_request *request, struct nt_spawn *spawn,
                        struct error *err)
{
    for (size_t i = 0; request->argv[i] != NULL; i++) {
        if (text_list_add(&spawn->argv, request->argv[i], err) < 0)
            return -1;
    }
    for (size_t i = 0; request->envp[i] != NULL; i++) {
        if (text_list_add(&spawn->env, request->envp[i], err) < 0)
            return -1;
    }
    spawn->timeout_s = request->timeout_s;
    spawn->desktop = text_copy("", 0);
    spawn->cwd =
        request->cwd != NULL ? text_copy(request->cwd, strlen(request->cwd)) : text_copy("", 0);
    return spawn->cwd != NULL && spawn->desktop != NULL ? 0 : error_memory(err, "command");
}

/* The roots are the user's; in another account git would not touch them. */
static int trust_roots(const struct plan *plan, const struct win_prepared *prepared,
                       struct nt_spawn *spawn, struct error *err)
{
    for (size_t i = 0; prepared->account != NULL && i < plan->step_count; i++) {
        if (plan->steps[i].kind == STEP_ROOT &&
            nt_env_trust_git(&spawn->env, plan->steps[i].path, err) < 0)
            return -1;
    }
    return 0;
}

/* Needs the command's PATH, so it comes last. */
static void start_reading(const struct plan *plan, const struct win_prepared *prepared,
                          const struct run_request *request, const struct nt_spawn *spawn)
{
    struct error ignored;
    AUTO_FREE char *program = NULL;

    if (prepared->account == NULL)
        return;
    if (!request->serves)
        program = win_find_program(spawn->argv.items[0], request->envp, spawn->cwd, &ignored);
    win_reading_start(plan, program);
}

int win_prepare_spawn(const struct plan *plan, const struct win_prepared *prepared,
                      const struct run_request *request, struct nt_spawn *spawn, struct error *err)
{
    int result;

    *spawn = (struct nt_spawn){.closed = 0};
    result = take_request(request, spawn, err);
    for (size_t i = 0; result == 0 && i < plan->step_count; i++) {
        result = take_step(&plan->steps[i], prepared, spawn, err);
        if (result < 0)
            (void)error_wrap(err, "%s", plan_step_name(plan->steps[i].kind));
    }
    if (result == 0)
        result = trust_roots(plan, prepared, spawn, err);
    if (result < 0)
        nt_spawn_done(spawn);
    else
        start_reading(plan, prepared, request, spawn);
    return result;
}
