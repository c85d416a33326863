#include "bench/stopwatch/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* posix_spawn's functions return an errno; -1 is for what has filled *err already. */

/* One pipe for all commands: runs come one after the other, and a pipe for each would in the end reach
 * the numbers of this program's own descriptors. */
static int set_stamp_pipe(struct command *command, struct error *err)
{
    static int ends[2] = {-1, -1};

    if (ends[0] < 0) {
        if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
            return error_os(err, errno, "pipe");
        /* Writers must block rather than fail when the pipe is full; only reading may not wait. */
        if (fcntl(ends[1], F_SETFL, 0) < 0)
            return error_os(err, errno, "pipe");
    }
    command->stamp_pipe = ends[0];
    return posix_spawn_file_actions_adddup2(&command->files, ends[1], 1);
}

static int set_output(struct command *command, struct error *err)
{
    posix_spawn_file_actions_t *files = &command->files;

    switch ((enum stopwatch_output)command->define.output) {
    case STOPWATCH_NULL:
        return posix_spawn_file_actions_addopen(files, 1, "/dev/null", O_WRONLY, 0);
    case STOPWATCH_FILE:
        return posix_spawn_file_actions_addopen(files, 1, command->output,
                                                O_WRONLY | O_CREAT | O_TRUNC, 0666);
    case STOPWATCH_INHERIT:
        return posix_spawn_file_actions_adddup2(files, OUTER_STDOUT, 1);
    case STOPWATCH_STAMP:
        return set_stamp_pipe(command, err);
    case STOPWATCH_PIPE:
        return posix_spawn_file_actions_adddup2(files, RUN_PIPE, 1);
    }
    return EINVAL;
}

static int set_errors(struct command *command)
{
    posix_spawn_file_actions_t *files = &command->files;

    switch ((enum stopwatch_errors)command->define.errors) {
    case STOPWATCH_ERRORS_NULL:
        return posix_spawn_file_actions_addopen(files, 2, "/dev/null", O_WRONLY, 0);
    case STOPWATCH_ERRORS_OUTPUT:
        return posix_spawn_file_actions_adddup2(files, 1, 2);
    case STOPWATCH_ERRORS_INHERIT:
        return 0;
    }
    return EINVAL;
}

static int set_files(struct command *command, const char *cwd, const char *input, struct error *err)
{
    posix_spawn_file_actions_t *files = &command->files;
    int failed = posix_spawn_file_actions_init(files);

    if (failed == 0)
        failed = posix_spawn_file_actions_addopen(files, 0, input[0] != '\0' ? input : "/dev/null",
                                                  O_RDONLY, 0);
    if (failed == 0)
        failed = set_output(command, err);
    if (failed == 0)
        failed = set_errors(command);
    if (failed == 0 && cwd[0] != '\0')
        failed = posix_spawn_file_actions_addchdir_np(files, cwd);
    return failed > 0 ? error_os(err, failed, "prepare %s", command->path) : failed;
}

/* Cuts the next string off; NULL when the bytes end before it does. */
static char *next_string(char **rest, const char *end)
{
    char *start = *rest;
    char *stop = start < end ? memchr(start, '\0', (size_t)(end - start)) : NULL;

    if (stop == NULL)
        return NULL;
    *rest = stop + 1;
    return start;
}

static char **next_list(char **rest, const char *end, uint32_t count)
{
    char **list = calloc((size_t)count + 3, sizeof *list);

    for (uint32_t i = 0; list != NULL && i < count; i++) {
        list[i] = next_string(rest, end);
        if (list[i] == NULL) {
            free(list);
            return NULL;
        }
    }
    return list;
}

static int cut_strings(struct command *command, size_t size, struct error *err)
{
    char *rest = command->strings;
    const char *end = rest + size;
    const char *cwd;
    const char *input;

    command->path = next_string(&rest, end);
    cwd = next_string(&rest, end);
    input = next_string(&rest, end);
    command->output = next_string(&rest, end);
    if (command->output == NULL)
        return error_set(err, ERR_PROTOCOL, "a definition ends too early");
    command->argv = next_list(&rest, end, command->define.argc);
    command->env = next_list(&rest, end, command->define.envc);
    if (command->argv == NULL || command->env == NULL)
        return error_set(err, ERR_PROTOCOL, "a definition ends too early");
    return set_files(command, cwd, input, err);
}

static void set_own_environment(struct command *command)
{
    (void)snprintf(command->offset, sizeof command->offset, "%s=", STOPWATCH_OFFSET_NAME);
    memset(command->offset + OFFSET_VALUE, 'X', STOPWATCH_OFFSET_MAX - 1);
    command->env[command->define.envc] = command->offset;
    command->env[command->define.envc + 1] = command->iteration;
}

struct command *command_new(const struct wire_define *define, char *strings, size_t size,
                            struct error *err)
{
    struct command *command = calloc(1, sizeof *command);

    if (command == NULL) {
        free(strings);
        (void)error_memory(err, "a definition");
        return NULL;
    }
    command->define = *define;
    command->strings = strings;
    command->stamp_pipe = -1;
    if (cut_strings(command, size, err) < 0) {
        /* A definition that failed ends the benchmark; what it holds goes with the process. */
        return NULL;
    }
    set_own_environment(command);
    return command;
}

void command_set_environment(struct command *command, const struct wire_run *run)
{
    command->offset[OFFSET_VALUE + command->last_offset] = 'X';
    command->last_offset = run->env_offset % STOPWATCH_OFFSET_MAX;
    command->offset[OFFSET_VALUE + command->last_offset] = '\0';
    (void)snprintf(command->iteration, sizeof command->iteration, "%s=%s%u",
                   STOPWATCH_ITERATION_NAME, run->is_warmup != 0 ? "warmup-" : "", run->iteration);
}
