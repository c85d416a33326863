/*
 * What holdfast-sandbox-runner.exe does: it runs in the sandbox's account,
 * makes the commands' token on its side of the boundary, starts one command
 * after another and passes their input and output over the pipe.
 *
 *   main thread      frames from the broker
 *   one per output   bytes of the command -> OUTPUT, ERROR_OUTPUT
 *   one for input    INPUT -> the command, which may read slowly or never
 *   watcher          waits for the end or the time-out; then the job is ended, the outputs are
 *                    emptied, EXIT is sent
 *
 * It trusts the broker, who owns the desktop it runs on, and nobody else: the
 * commands run in the same account, so it closes its own process, threads and
 * later objects to that account before the first of them starts.
 */
#ifndef HOLDFAST_WINDOWS_RUNNER_H
#define HOLDFAST_WINDOWS_RUNNER_H

#include "sandbox/windows/win.h"

/* pipe: the broker's, by name; nonce: what it gave us to show, base64url. Serves until QUIT or
 * until the pipe breaks. */
int win_runner_serve(const wchar_t *pipe, const char *nonce, struct error *err);

#endif
