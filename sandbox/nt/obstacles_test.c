/* Applying and undoing where a command has left what cannot be changed or named. */
#include "sandbox/nt/change_test.h"
#include "sandbox/nt/utf16.h"

static struct nt_machine_ops strange_ops;

static const char *strange_place;
static int (*plain_list)(struct nt_machine *machine, void *node, struct text_list *names,
                         struct error *err);

/* A lone surrogate in a name: listed with a stand-in, and not there under it. */
static int strange_list(struct nt_machine *machine, void *node, struct text_list *names,
                        struct error *err)
{
    if (strcmp(((struct nt_entry *)node)->name, strange_place) == 0 &&
        text_list_add(names, "x" NT_NO_TEXT, err) < 0)
        return -1;
    return plain_list(machine, node, names, err);
}

Test(obstacles, a_name_that_is_no_text_stops_nobody_but_below_a_protected_name)
{
    static const char *const places[] = {"src", "proj", "hooks"};

    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        struct scene s;
        struct plan plan;
        struct nt_change_report report = {0};
        struct error err = {0};
        AUTO_FREE char *before = NULL;
        AUTO_FREE char *after = NULL;

        open_scene(&s);
        open_plan(&plan);
        before = dump(&s);
        strange_place = places[i];
        strange_ops = *s.machine.machine.ops;
        plain_list = strange_ops.list;
        strange_ops.list = strange_list;
        s.machine.machine.ops = &strange_ops;
        cr_assert_eq(nt_apply(&s.machine.machine, &plan.changes, 0, &report, &err), i == 2 ? -1 : 0,
                     "%s: %s", places[i], err.message);
        cr_assert(i == 2 ? err.code == ERR_REFUSED : report.walk.vanished == 1, "%s", places[i]);
        (void)undo(&s, true, 0);
        after = dump(&s);
        cr_assert_str_eq(after, before);
        nt_change_report_done(&report);
        close_plan(&plan);
        close_scene(&s);
    }
}

static int (*plain_put)(struct nt_machine *machine, void *node, const struct nt_sd *sd,
                        struct error *err);

static int stubborn_put(struct nt_machine *machine, void *node, const struct nt_sd *sd,
                        struct error *err)
{
    if (strcmp(((struct nt_entry *)node)->name, "hooks") == 0)
        return error_set(err, ERR_OS, "access denied (5)");
    return plain_put(machine, node, sd, err);
}

/* One object that cannot be changed: teardown says so and takes everything else off. */
Test(obstacles, teardown_goes_past_what_it_cannot_change)
{
    struct scene s;
    struct plan plan;
    struct nt_change_report report = {.goes_on = true};
    struct nt_journal journal = {0};
    struct error err = {0};
    AUTO_FREE char *hooks = NULL;
    AUTO_FREE char *main_c = NULL;
    AUTO_FREE char *config = NULL;

    open_scene(&s);
    open_plan(&plan);
    (void)apply(&s, &plan, 0);
    strange_ops = *s.machine.machine.ops;
    plain_put = strange_ops.put_dacl;
    strange_ops.put_dacl = stubborn_put;
    s.machine.machine.ops = &strange_ops;
    cr_assert_eq(nt_journal_read((const uint8_t *)s.machine.journal.data, s.machine.journal.size,
                                 &journal, &err),
                 0);
    cr_assert_eq(nt_undo(&s.machine.machine, &journal, 0, &ours, &report, &err), 0, "%s",
                 err.message);
    cr_assert_eq(report.failed, 1u, "so the journal is kept: %zu", report.failed);
    cr_assert_eq(report.left.count, 1u);
    cr_assert_not_null(strstr(report.left.items[0], "hooks"), "%s", report.left.items[0]);
    hooks = sddl_of(&s, "home\\proj\\.git\\hooks");
    config = sddl_of(&s, "home\\proj\\.git\\config");
    main_c = sddl_of(&s, "home\\proj\\src\\main.c");
    cr_assert_not_null(strstr(hooks, "S-1-0-"));
    cr_assert_null(strstr(config, "S-1-0-"), "%s", config);
    cr_assert_null(strstr(main_c, "S-1-0-"), "%s", main_c);
    nt_journal_done(&journal);
    nt_change_report_done(&report);
    close_plan(&plan);
    close_scene(&s);
}
