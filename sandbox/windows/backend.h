/* The Windows modes at home: what sandbox/backends.c lists. */
#ifndef HOLDFAST_WINDOWS_BACKEND_H
#define HOLDFAST_WINDOWS_BACKEND_H

#include "sandbox/plan.h"
#include "sandbox/policy.h"
#include "sandbox/run.h"

int windows_unelevated_probe(struct error *err);
int windows_elevated_probe(struct error *err);

int windows_plan_unelevated(const struct policy *policy, const struct policy_place *place,
                            struct plan *plan, struct error *err);
int windows_plan_unelevated_published(const struct policy *policy, const struct policy_place *place,
                                      struct plan *plan, struct error *err);
int windows_plan_elevated(const struct policy *policy, const struct policy_place *place,
                          struct plan *plan, struct error *err);
int windows_plan_elevated_published(const struct policy *policy, const struct policy_place *place,
                                    struct plan *plan, struct error *err);

int windows_unelevated_run(const struct plan *plan, const struct run_request *request,
                           struct run_outcome *outcome, struct error *err);
int windows_elevated_run(const struct plan *plan, const struct run_request *request,
                         struct run_outcome *outcome, struct error *err);

#endif
