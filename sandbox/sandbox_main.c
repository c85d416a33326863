/* holdfast-sandbox: picks the subcommand. */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/version.h"
#include "sandbox/commands.h"
#include "sandbox/sandbox.h"
#include "sandbox/setup.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} commands[] = {
    {"run", command_run, "run a command in a sandbox"},
    {"session", command_session, "serve many commands in one sandbox (used by the library)"},
    {"modes", command_modes, "which modes work on this machine, and why the others do not"},
    {"explain", command_explain, "print what run would do, as JSON, and do nothing"},
    {"doctor", command_doctor, "which mode to choose here, and what to fix"},
    {"audit", command_audit, "places that everybody may write"},
    {"setup", command_setup, "prepare this machine (needed on Windows only)"},
    {"teardown", command_setup, "undo setup"},
    {"status", command_setup, "what setup has done"},
};

static void print_help(FILE *stream)
{
    (void)fprintf(stream, "Usage: holdfast-sandbox COMMAND [OPTION]...\n\nCommands:\n");
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        (void)fprintf(stream, "  %-10s %s\n", commands[i].name, commands[i].summary);
    (void)fprintf(stream, "\nholdfast-sandbox COMMAND --help says more.\n");
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";

    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        if (strcmp(name, commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        print_help(stdout);
        return 0;
    }
    if (strcmp(name, "--version") == 0) {
        (void)printf("holdfast-sandbox %s\n", HOLDFAST_VERSION);
        return 0;
    }
    (void)fprintf(stderr, "holdfast-sandbox: %s\n",
                  name[0] == '\0' ? "no command was given" : "unknown command");
    print_help(stderr);
    return SANDBOX_EXIT_REFUSED;
}
