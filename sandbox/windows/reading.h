/*
 * The thin part of windows_reading.h: who starts the worker, the worker, how
 * it is stopped. The worker is holdfast-sandbox-setup.exe in the user's own
 * account: the folders are the user's, no administrator is needed.
 *
 *   <state>\reading        the record, replaced as a whole
 *   <state>\reading.lock   held by the worker while it is at it
 *   <state>\reading.stop   there: no run starts one, and a worker that sees it ends
 */
#ifndef HOLDFAST_WINDOWS_READING_H
#define HOLDFAST_WINDOWS_READING_H

#include "base/buffer.h"
#include "sandbox/plan.h"
#include "sandbox/windows/win.h"

/* Starts the worker if the plan has something for it. Waits for it only if program, which is about to
 * be run (NULL: not known), lies in a folder that is not done. What goes wrong is said on stderr: a run
 * does not fail by it. */
void win_reading_start(const struct plan *plan, const char *program);

/* The worker: to the end, or until it is stopped. Tells at the end. 0 also if another is at it, or if
 * it was stopped before and this is not meant to go on. */
int win_reading_work(bool resumes, struct buffer *report, struct error *err);

/* Stops the worker, and keeps others from starting until win_reading_resume. Waits until it has ended;
 * *lock is held then and the caller's to close. NULL lock: does not wait. */
int win_reading_stop(const char *folder, HANDLE *lock, struct error *err);
void win_reading_resume(const char *folder);

/* What status says: nothing if there is no record. */
void win_reading_status(const char *folder, struct buffer *report);

#endif
