/* The table of modes: the only place where it is decided which of them this program can run. */
#include "sandbox/backend.h"

#include <string.h>

#include "base/auto.h"
#include "sandbox/linux_plans.h"
#include "sandbox/windows_plans.h"

#if defined(__linux__)
#include "sandbox/linux/apply.h"
#include "sandbox/linux/cgroup.h"
#include "sandbox/linux/facts_collect.h"

static int plan_namespace(const struct policy *policy, const struct policy_place *place,
                          struct plan *plan, struct error *err)
{
    struct facts facts;
    int result;

    if (facts_collect(policy, place, false, &facts, err) < 0)
        return -1;
    if (plan->wants_digest)
        facts_digest(&facts, plan->digest);
    result = namespace_plan(policy, &facts, plan, err);
    facts_done(&facts);
    return result;
}

static int plan_landlock(const struct policy *policy, const struct policy_place *place,
                         struct plan *plan, struct error *err)
{
    struct facts facts;
    int result;

    if (facts_collect(policy, place, true, &facts, err) < 0)
        return -1;
    result = landlock_plan(policy, &facts, plan, err);
    facts_done(&facts);
    return result;
}

static int run_namespace(const struct plan *plan, const struct run_request *request,
                         struct run_outcome *outcome, struct error *err)
{
    return cgroup_run(namespace_run, plan, request, outcome, err);
}

static int run_landlock(const struct plan *plan, const struct run_request *request,
                        struct run_outcome *outcome, struct error *err)
{
    return cgroup_run(landlock_run, plan, request, outcome, err);
}

#define AT_HOME(probe_, plan_, run_) .probe = (probe_), .plan = (plan_), .run = (run_)
#else
#define AT_HOME(probe_, plan_, run_) .probe = NULL
#endif

#if defined(_WIN32)
#include "sandbox/windows/backend.h"
#define AT_HOME_WINDOWS(probe_, plan_, run_) .probe = (probe_), .plan = (plan_), .run = (run_)
#else
#define AT_HOME_WINDOWS(probe_, plan_, run_) .probe = NULL
#endif

static int explain_namespace(const struct policy *policy, struct plan *plan, struct error *err)
{
    struct facts facts;
    int result;

    if (facts_assume(&facts, policy, err) < 0)
        return -1;
    result = namespace_plan(policy, &facts, plan, err);
    facts_done(&facts);
    return result;
}

static int explain_landlock(const struct policy *policy, struct plan *plan, struct error *err)
{
    struct facts facts;
    int result;

    if (facts_assume(&facts, policy, err) < 0)
        return -1;
    result = landlock_plan(policy, &facts, plan, err);
    facts_done(&facts);
    return result;
}

static const struct sandbox_backend linux_namespace = {
    .name = "linux-namespace",
    .platform = "linux",
    .summary = "namespaces, read-only mounts in place, Landlock, call filter, supervisor",
    .style = PATH_POSIX,
    .explain = explain_namespace,
    AT_HOME(namespace_probe, plan_namespace, run_namespace),
};

static const struct sandbox_backend linux_landlock = {
    .name = "linux-landlock",
    .platform = "linux",
    .summary = "Landlock and call filter, without namespaces: weaker, with documented gaps",
    .style = PATH_POSIX,
    .explain = explain_landlock,
    AT_HOME(landlock_probe, plan_landlock, run_landlock),
};

static int explain_elevated(const struct policy *policy, struct plan *plan, struct error *err)
{
    return windows_elevated_explain(policy, WINDOWS_DEFAULT, plan, err);
}

static int explain_unelevated(const struct policy *policy, struct plan *plan, struct error *err)
{
    return windows_unelevated_explain(policy, WINDOWS_DEFAULT, plan, err);
}

static int explain_elevated_published(const struct policy *policy, struct plan *plan,
                                      struct error *err)
{
    return windows_elevated_explain(policy, WINDOWS_AS_PUBLISHED, plan, err);
}

static int explain_unelevated_published(const struct policy *policy, struct plan *plan,
                                        struct error *err)
{
    return windows_unelevated_explain(policy, WINDOWS_AS_PUBLISHED, plan, err);
}

static const struct sandbox_backend windows_elevated = {
    .name = "windows-elevated",
    .platform = "windows",
    .summary = "a local account of its own, write-restricted, behind network filters (unverified)",
    .style = PATH_WINDOWS,
    .explain = explain_elevated,
    AT_HOME_WINDOWS(windows_elevated_probe, windows_plan_elevated, windows_elevated_run),
};

static const struct sandbox_backend windows_unelevated = {
    .name = "windows-unelevated",
    .platform = "windows",
    .summary = "the user's token, write-restricted; network only advised against (unverified)",
    .style = PATH_WINDOWS,
    .explain = explain_unelevated,
    AT_HOME_WINDOWS(windows_unelevated_probe, windows_plan_unelevated, windows_unelevated_run),
};

static const struct sandbox_backend windows_elevated_published = {
    .name = "windows-elevated-as-published",
    .platform = "windows",
    .summary = "the design that others published, holes included, to compare with (unverified)",
    .style = PATH_WINDOWS,
    .explain = explain_elevated_published,
    AT_HOME_WINDOWS(windows_elevated_probe, windows_plan_elevated_published, windows_elevated_run),
};

static const struct sandbox_backend windows_unelevated_published = {
    .name = "windows-unelevated-as-published",
    .platform = "windows",
    .summary = "the design that others published, holes included, to compare with (unverified)",
    .style = PATH_WINDOWS,
    .explain = explain_unelevated_published,
    AT_HOME_WINDOWS(windows_unelevated_probe, windows_plan_unelevated_published,
                    windows_unelevated_run),
};

const struct sandbox_backend *const sandbox_backends[] = {&linux_namespace,
                                                          &linux_landlock,
                                                          &windows_elevated,
                                                          &windows_unelevated,
                                                          &windows_elevated_published,
                                                          &windows_unelevated_published};
const size_t sandbox_backend_count = ARRAY_SIZE(sandbox_backends);

bool backend_is_home(const struct sandbox_backend *backend)
{
    return backend->run != NULL;
}

const struct sandbox_backend *backend_find(const char *name, struct error *err)
{
    for (size_t i = 0; i < sandbox_backend_count; i++) {
        if (strcmp(sandbox_backends[i]->name, name) == 0)
            return sandbox_backends[i];
    }
    (void)error_set(err, ERR_USAGE, "\"%s\" is no mode", name);
    (void)error_hint(err, "holdfast-sandbox modes lists them");
    return NULL;
}

const struct sandbox_backend *backend_choose(struct error *why_not, struct error *err)
{
    const struct sandbox_backend *first = NULL;
    struct error reason;

    *why_not = (struct error){0};
    for (size_t i = 0; i < sandbox_backend_count; i++) {
        const struct sandbox_backend *backend = sandbox_backends[i];

        if (!backend_is_home(backend))
            continue;
        first = first != NULL ? first : backend;
        if (backend->probe(&reason) == 0)
            return backend;
        if (backend == first)
            *why_not = reason;
    }
    *err = *why_not;
    (void)error_wrap(err, "no mode works here; %s",
                     first != NULL ? first->name : "none is at home");
    return NULL;
}
