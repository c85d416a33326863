#include "results/input.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/buffer.h"
#include "results/document.h"
#include "results/index.h"

static bool is_file(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* "user" of "linux-namespace/user" becomes the identity. */
static int split_identity(struct input *input, struct error *err)
{
    char *slash = strrchr(input->sandbox, '/');

    if (slash == NULL || (strcmp(slash + 1, "root") != 0 && strcmp(slash + 1, "user") != 0))
        return 0;
    input->identity = strdup(slash + 1);
    if (input->identity == NULL)
        return error_memory(err, "an operand");
    *slash = '\0';
    return 0;
}

/* The longest way to read an operand as a path wins: '@' may be part of a file's name. */
static int split_operand(struct input *input, const char *operand, struct error *err)
{
    input->path = strdup(operand);
    if (input->path == NULL)
        return error_memory(err, "an operand");
    if (is_file(input->path))
        return 0;
    for (char *at = strchr(input->path, '@'); at != NULL; at = strchr(at + 1, '@')) {
        *at = '\0';
        if (is_file(input->path)) {
            input->sandbox = strdup(at + 1);
            return input->sandbox == NULL ? error_memory(err, "an operand")
                                          : split_identity(input, err);
        }
        *at = '@';
    }
    return 0; /* reading will say what is wrong */
}

static int check_sandbox(const struct input *input, struct error *err)
{
    AUTO_BUFFER struct buffer known = BUFFER_EMPTY;

    if (input->sandbox == NULL)
        return 0;
    if (input->kind != INPUT_CONFORMANCE)
        return error_set(err, ERR_INVALID, "%s: a bench file has no sandboxes to choose from",
                         input->path);
    for (size_t i = 0; i < input->run.sandbox_count; i++) {
        const struct result_sandbox *sandbox = &input->run.sandboxes[i];

        if (strcmp(sandbox->name, input->sandbox) == 0 &&
            (input->identity == NULL || strcmp(sandbox->identity, input->identity) == 0))
            return 0;
        buffer_printf(&known, " %s/%s", sandbox->name, sandbox->identity);
    }
    (void)error_set(err, ERR_NOT_FOUND, "%s: no sandbox %s%s%s in it", input->path, input->sandbox,
                    input->identity != NULL ? "/" : "",
                    input->identity != NULL ? input->identity : "");
    return error_hint(err, "it has%s", buffer_text(&known));
}

static int read_document(struct input *input, struct error *err)
{
    AUTO_JSON json_t *root = document_read(input->path, err);

    if (root == NULL)
        return -1;
    if (json_is_array(json_object_get(root, "results"))) {
        input->kind = INPUT_BENCH;
        return bench_file_from_json(&input->bench, root, input->path, err);
    }
    input->kind = INPUT_CONFORMANCE;
    return result_run_from_json(&input->run, root, input->path, err);
}

int input_read(struct input *input, const char *operand, struct error *err)
{
    *input = (struct input){0};
    if (split_operand(input, operand, err) == 0 && read_document(input, err) == 0 &&
        check_sandbox(input, err) == 0)
        return 0;
    input_done(input);
    return -1;
}

void input_done(struct input *input)
{
    result_run_done(&input->run);
    bench_file_done(&input->bench);
    free(input->path);
    free(input->sandbox);
    free(input->identity);
    *input = (struct input){0};
}

struct side input_side(const struct input *input)
{
    return (struct side){&input->run, input->sandbox, input->identity};
}
