/* `run --log FILE`: one JSON object per line, appended: when a run starts, and how it ended. */
#ifndef HOLDFAST_SANDBOX_EVENT_LOG_H
#define HOLDFAST_SANDBOX_EVENT_LOG_H

#include <stdio.h>

#include "base/error.h"
#include "sandbox/plan.h"
#include "sandbox/run.h"

/* NULL path: no log, and NULL is returned without an error. */
FILE *event_log_open(const char *path, struct error *err);

/* {"event": "start", "time", "mode", "plan": SHA-256 of what `explain` prints, "command": [...]}
 * Both do nothing when log is NULL. -1: the line could not be written. */
int event_log_start(FILE *log, const struct plan *plan, const struct run_request *request,
                    struct error *err);

/* {"event": "refused", "time", "what", "object"}: what the supervisor refused, one line each; the last one
 * says how many "more" there were. {"event": "limit", "time", "limit"}: which one ended it; with "times": how
 * many processes the run's control group forbade or ended. */
int event_log_between(FILE *log, const struct run_refusals *refusals,
                      const struct run_outcome *outcome, struct error *err);

/* {"event": "end", "time", "status", "signal", "timed_out", "user_us", "system_us", "memory_bytes"},
 * or with "error" and "hint" when failure is not NULL. */
int event_log_end(FILE *log, const struct run_outcome *outcome, const struct error *failure,
                  struct error *err);

#endif
