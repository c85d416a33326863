/*
 * The sandbox for programs that embed it, and the exit statuses of its
 * command line.
 */
#ifndef HOLDFAST_SANDBOX_SANDBOX_H
#define HOLDFAST_SANDBOX_SANDBOX_H

/* Exit status of `holdfast-sandbox run`, beside the command's own and 128+n for signal n. */
enum sandbox_exit {
    SANDBOX_EXIT_TIMEOUT = 124,        /* the time was up */
    SANDBOX_EXIT_REFUSED = 125,        /* the sandbox could not be set up; nothing ran */
    SANDBOX_EXIT_NOT_EXECUTABLE = 126, /* the command is there but cannot be executed */
    SANDBOX_EXIT_NOT_FOUND = 127       /* the command is not there */
};

#endif
