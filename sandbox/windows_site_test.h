/* Inside the tests of what the plans change: a pretended machine, and the changes of a mode's plan. */
#ifndef HOLDFAST_SANDBOX_WINDOWS_SITE_TEST_H
#define HOLDFAST_SANDBOX_WINDOWS_SITE_TEST_H

#include "base/test.h"

#include <stdlib.h>

#include "base/auto.h"
#include "sandbox/windows_model_test.h"

/* A machine and all that is wished of it. */
struct site {
    struct model model;
    struct plan setup;
    struct nt_setting *settings;
    struct nt_changes changes;
};

static inline void must(int result, const struct error *err)
{
    cr_assert_eq(result, 0, "%s", err->message);
}

static inline struct nt_ours ours_of(const struct site *site)
{
    return (struct nt_ours){
        .sids = site->model.sids, .count = site->model.sid_count, .user = &site->model.facts.user};
}

static inline void open_site(struct site *site, int mode, int variant)
{
    struct windows_setup setup = {.variant = (enum windows_variant)variant,
                                  .facts = &site->model.facts};
    struct model *model = &site->model;
    struct error err = {0};
    struct nt_ours ours;

    *site = (struct site){.setup = PLAN_EMPTY};
    model_open(model, (enum model_mode)mode, (enum windows_variant)variant, true);
    must((mode == MODEL_ELEVATED ? windows_elevated_plan : windows_unelevated_plan)(
             &model->policy, &model->facts, (enum windows_variant)variant, &model->plan, &err),
         &err);
    model->sids = windows_our_sids(&model->facts, &model->sid_count, &err);
    cr_assert_not_null(model->sids);
    ours = ours_of(site);
    must(windows_plan_wishes(&model->plan, WINDOWS_NOW, &ours, &site->changes.wishes, &err), &err);
    if (mode == MODEL_UNELEVATED)
        return;
    must(windows_setup_plan(&setup, &site->setup, &err), &err);
    site->settings = windows_plan_settings(&site->setup, (enum windows_variant)variant,
                                           &site->changes.setting_count, &err);
    cr_assert_not_null(site->settings);
    site->changes.settings = site->settings;
}

static inline void close_site(struct site *site)
{
    nt_wishes_done(&site->changes.wishes);
    free(site->settings);
    plan_done(&site->setup);
    model_close(&site->model);
}

#endif
