/*
 * holdfast-sandbox-runner: started by the sandbox in one of its accounts.
 *   --pipe NAME NONCE          serve the broker behind that pipe
 *   --try-connect HOST PORT    try one connection; the exit status is the error (0: connected)
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/version.h"
#include "sandbox/sandbox.h"
#include "sandbox/windows/connect.h"
#include "sandbox/windows/runner.h"

static int fail(const struct error *err)
{
    error_print(stderr, "holdfast-sandbox-runner", err);
    return SANDBOX_EXIT_REFUSED;
}

static int serve(const char *pipe, const char *nonce)
{
    struct error err = {0};
    AUTO_FREE wchar_t *wide = win_wide(pipe, &err);

    /* No dialog that nobody sees may hold us up. */
    (void)SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
    if (wide == NULL || win_runner_serve(wide, nonce, &err) < 0)
        return fail(&err);
    return 0;
}

static int try_connect(const char *host, const char *port)
{
    struct error err = {0};
    uint64_t number;

    if (!text_parse_u64(port, 65535, &number)) {
        (void)error_set(&err, ERR_USAGE, "\"%s\" is no port", port);
        return fail(&err);
    }
    return win_connect_try(host, (unsigned)number);
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--pipe") == 0)
        return serve(argv[2], argv[3]);
    if (argc == 4 && strcmp(argv[1], "--try-connect") == 0)
        return try_connect(argv[2], argv[3]);
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        (void)printf("holdfast-sandbox-runner %s\n", HOLDFAST_VERSION);
        return 0;
    }
    (void)fprintf(stderr, "holdfast-sandbox-runner: started by holdfast-sandbox, not by hand\n");
    return SANDBOX_EXIT_REFUSED;
}
