/*
 * Reading tools in the user's profile: which folders, and the work in the
 * background, stopped, cut off, resumed and undone on a pretended machine.
 */
#include "base/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "sandbox/windows_model_test.h"
#include "sandbox/windows_reading.h"

#define TOOLS  "Users\\u\\AppData\\Local\\Programs\\Python"
#define CARGO  "Users\\u\\.cargo"
#define FOLDER "C:\\" TOOLS

/* Which ----------------------------------------------------------------------------------------- */

static void expect_candidates(const char *path_variable, const char *wanted)
{
    AUTO_BUFFER struct buffer found = BUFFER_EMPTY;
    struct text_list folders = {0};
    struct error err = {0};

    cr_assert_eq(windows_reading_candidates("C:\\Users\\u", path_variable, &folders, &err), 0);
    buffer_add(&found, "", 0);
    for (size_t i = 0; i < folders.count; i++)
        buffer_printf(&found, "%s\n", folders.items[i]);
    cr_assert_str_eq(buffer_text(&found), wanted, "%s", path_variable);
    text_list_done(&folders);
}

Test(windows_reading, only_what_path_leads_to_and_the_list_names)
{
    expect_candidates("", "");
    expect_candidates(";;C:\\Windows;C:\\Users\\u", "");
    expect_candidates("C:\\Users\\u\\AppData;C:\\Users\\u\\.ssh;C:\\Users\\u\\.aws\\bin", "");
    expect_candidates("C:\\Users\\u\\.cargo", "");
    expect_candidates("C:\\Users\\other\\.cargo\\bin", "");
    expect_candidates("c:/users/U/.cargo/bin/",
                      "C:\\Users\\u\\.cargo\\bin\nC:\\Users\\u\\.rustup\\toolchains\n");
    expect_candidates("C:\\Windows;\"C:\\Users\\u\\AppData\\Local\\Programs\\Python\\Python312\"",
                      "C:\\Users\\u\\AppData\\Local\\Programs\\Python\n");
    expect_candidates("C:\\Users\\u\\AppData\\Local\\Programs\\Pythonic", "");
}

/* No folder of the list holds another one's secrets, the profile, or what must never be touched. */
Test(windows_reading, the_list_names_no_profile_and_nothing_that_keeps_tokens)
{
    static const char *const never[] = {"",          "AppData",          "AppData\\Local",
                                        ".ssh",      "AppData\\Roaming", ".aws",
                                        ".docker",   ".cargo\\registry", ".cargo\\credentials.toml",
                                        "Documents", ".npmrc",           ".config"};

    for (size_t t = 0; t < windows_tool_count; t++) {
        for (size_t i = 0; i < ARRAY_SIZE(never); i++) {
            AUTO_FREE char *tool = windows_path_join("C:\\Users\\u", windows_tools[t].folder);
            AUTO_FREE char *bad = windows_path_join("C:\\Users\\u", never[i]);

            cr_assert(!path_is_within(PATH_WINDOWS, bad, tool), "%s in %s", bad, tool);
        }
    }
}

static int plan_reading(const char *path, struct error *err)
{
    struct model model;
    struct plan plan = PLAN_EMPTY;
    int result;

    model_open(&model, MODEL_ELEVATED, WINDOWS_DEFAULT, false);
    cr_assert_eq(text_list_add(&model.facts.readable, path, err), 0);
    result = windows_elevated_plan(&model.policy, &model.facts, WINDOWS_DEFAULT, &plan, err);
    plan_done(&plan);
    model_close(&model);
    return result;
}

Test(windows_reading, in_a_profile_nothing_but_the_list_is_opened)
{
    static const char *const refused[] = {"C:\\Users\\u",
                                          "C:\\Users",
                                          "C:\\Users\\u\\AppData",
                                          "C:\\Users\\u\\AppData\\Local",
                                          "C:\\Users\\u\\AppData\\Roaming",
                                          "C:\\Users\\u\\AppData\\Local\\Programs",
                                          "C:\\Users\\u\\Documents",
                                          "C:\\Users\\u\\.cargo",
                                          "C:\\Users\\u\\.ssh",
                                          "C:\\Users\\other\\.cargo\\bin",
                                          "C:\\"};
    struct error err = {0};

    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        cr_assert_eq(plan_reading(refused[i], &err), -1, "%s", refused[i]);
        cr_assert_eq(err.code, ERR_REFUSED, "%s: %s", refused[i], err.message);
    }
    cr_assert_eq(plan_reading("C:\\Users\\u\\.cargo\\bin", &err), 0, "%s", err.message);
    cr_assert_eq(plan_reading("C:\\tools", &err), 0, "%s", err.message);
}

/* The record -------------------------------------------------------------------------------------- */

Test(windows_reading, the_record_comes_back_as_it_was)
{
    AUTO_READING struct windows_reading made = {.count = 0};
    AUTO_READING struct windows_reading back = {.count = 0};
    AUTO_BUFFER struct buffer text = BUFFER_EMPTY;
    AUTO_BUFFER struct buffer words = BUFFER_EMPTY;
    struct windows_reading_folder *folder = windows_reading_folder(&made, "C:\\a b\\c");

    folder->is_done = true;
    folder->seen = 12;
    folder->written = 11;
    folder->failed = 1;
    free(folder->trouble);
    folder->trouble = strdup("C:\\a b\\c\\x: denied\n(5)");
    cr_assert_not_null(windows_reading_folder(&made, "D:\\e"));
    cr_assert_eq(windows_reading_folder(&made, "c:\\A B\\C"), &made.folders[0]);
    windows_reading_write(&made, &text);
    windows_reading_read(buffer_text(&text), text.size, &back);
    cr_assert_eq(back.count, 2u, "%s", buffer_text(&text));
    cr_assert(back.folders[0].is_done && back.folders[0].seen == 12 &&
              back.folders[0].written == 11 && back.folders[0].failed == 1);
    cr_assert_str_eq(back.folders[0].trouble, "C:\\a b\\c\\x: denied (5)");
    cr_assert(!back.folders[1].is_done);
    windows_reading_describe(&back, &words);
    cr_assert_not_null(strstr(buffer_text(&words), "1 of 2 folders of tools, 12 objects, 1 of"),
                       "%s", buffer_text(&words));
    cr_assert_not_null(strstr(buffer_text(&words), "last: C:\\a b\\c\\x: denied"));
}

/* Damaged, cut off or hostile: an empty one, so that everything is looked at again. */
Test(windows_reading, a_record_that_cannot_be_read_is_an_empty_one)
{
    static const char good[] = "holdfast-reading 1\ndone\t1\t2\t3\tC:\\x\t\nend\n";
    static const char *const bad[] = {
        "",
        "end\n",
        "holdfast-reading 1\n",
        "holdfast-reading 2\nend\n",
        "holdfast-reading 1\nend",
        "holdfast-reading 1\nend\nend\n",
        "holdfast-reading 1\ndone\t1\t2\t3\tC:\\x\t\n",
        "holdfast-reading 1\ndone\t1\t2\tC:\\x\t\nend\n",
        "holdfast-reading 1\ndone\t-1\t2\t3\tC:\\x\t\nend\n",
        "holdfast-reading 1\nDone\t1\t2\t3\tC:\\x\t\nend\n",
        "holdfast-reading 1\ndone\t1\t2\t3\tx\t\nend\n",
        "holdfast-reading 1\ndone\t1\t2\t3\t\t\nend\n",
        "holdfast-reading 1\ndone\t1\t2\t3\tC:\\x\t\ndone\t1\t2\t3\tc:\\X\t\nend\n",
        "holdfast-reading 1\ndone\t1\t2\t3\tC:\\x\xff\t\nend\n",
    };
    struct windows_reading reading;

    windows_reading_read(good, sizeof good - 1, &reading);
    cr_assert_eq(reading.count, 1u);
    windows_reading_done(&reading);
    for (size_t size = 0; size < sizeof good - 1; size++) {
        windows_reading_read(good, size, &reading);
        cr_assert_eq(reading.count, 0u, "cut to %zu", size);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        windows_reading_read(bad[i], strlen(bad[i]), &reading);
        cr_assert_eq(reading.count, 0u, "%s", bad[i]);
    }
}

/* The work ---------------------------------------------------------------------------------------- */

/* A machine with tools, and what a worker knows; a new worker reads journal and record again. */
struct scene {
    struct model model;
    struct nt_wishes wishes;
    struct buffer record; /* what is on the disk */
    size_t stop_after;    /* objects; SIZE_MAX: never */
};

static struct nt_ours ours_of(const struct scene *s)
{
    return (struct nt_ours){
        .sids = s->model.sids, .count = s->model.sid_count, .user = &s->model.facts.user};
}

static void open_scene(struct scene *s)
{
    static const char *const directories[] = {"Users\\u\\AppData",
                                              "Users\\u\\AppData\\Local",
                                              "Users\\u\\AppData\\Local\\Programs",
                                              TOOLS,
                                              TOOLS "\\Python312",
                                              TOOLS "\\Python312\\Lib",
                                              CARGO,
                                              CARGO "\\bin"};
    static const char *const files[] = {
        TOOLS "\\Python312\\python.exe", TOOLS "\\Python312\\Lib\\a.py",
        TOOLS "\\Python312\\Lib\\b.py", CARGO "\\credentials.toml", CARGO "\\bin\\cargo.exe"};
    struct model *model = &s->model;
    struct error err = {0};
    struct nt_ours ours;

    *s = (struct scene){.record = BUFFER_EMPTY, .stop_after = SIZE_MAX};
    model_open(model, MODEL_ELEVATED, WINDOWS_DEFAULT, false);
    for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
        model_add(model, directories[i], true, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        model_add(model, files[i], false, NULL);
    model_add(model, TOOLS "\\Python312\\closed", false,
              "O:" MODEL_USER "G:BUD:P(A;;FA;;;" MODEL_USER ")");
    cr_assert_eq(windows_reading_candidates("C:\\Users\\u", FOLDER "\\Python312;C:\\" CARGO "\\bin",
                                            &model->facts.readable, &err),
                 0);
    model_apply(model, MODEL_ELEVATED, WINDOWS_DEFAULT);
    ours = ours_of(s);
    cr_assert_eq(windows_plan_wishes(&model->plan, WINDOWS_LATER, &ours, &s->wishes, &err), 0);
    cr_assert_eq(s->wishes.count, 3u, "Python, .cargo\\bin, .rustup\\toolchains (not there)");
}

static void close_scene(struct scene *s)
{
    nt_wishes_done(&s->wishes);
    buffer_done(&s->record);
    model_close(&s->model);
}

static void read_journal(const struct scene *s, struct nt_journal *journal)
{
    const struct buffer *bytes = &s->model.machine.journal;
    struct error err = {0};

    *journal = (struct nt_journal){0};
    cr_assert_eq(nt_journal_read((const uint8_t *)bytes->data, bytes->size, journal, &err), 0);
}

static int undo(struct scene *s, bool is_teardown)
{
    struct nt_change_report report = {0};
    struct nt_ours ours = ours_of(s);
    struct nt_journal journal;
    struct error err = {0};
    int result;

    read_journal(s, &journal);
    result = nt_undo(&s->model.machine.machine, &journal, is_teardown ? 0 : journal.committed,
                     &ours, &report, &err);
    if (result == 0)
        s->model.machine.journal.size = is_teardown ? 0 : journal.committed_size;
    nt_journal_done(&journal);
    nt_change_report_done(&report);
    return result;
}

static void save(struct scene *s, const struct windows_reading *reading)
{
    s->record.size = 0;
    windows_reading_write(reading, &s->record);
}

static bool goes_on(void *own)
{
    struct scene *s = own;

    if (s->stop_after == 0)
        return false;
    s->stop_after -= s->stop_after == SIZE_MAX ? 0 : 1;
    return true;
}

/* What a process of its own does, from its start: recover, put, walk; the record is saved where the
 * program saves it. */
static int work(struct scene *s, struct error *err)
{
    struct windows_reading_walk walk = {goes_on, s};
    struct nt_machine *machine = &s->model.machine.machine;
    struct nt_change_report report = {0};
    struct nt_ours ours = ours_of(s);
    AUTO_READING struct windows_reading reading;
    struct nt_wishes in_force;
    struct nt_journal journal;
    int result;

    windows_reading_read(buffer_text(&s->record), s->record.size, &reading);
    cr_assert_eq(undo(s, false), 0);
    read_journal(s, &journal);
    cr_assert_eq(nt_wishes_from_journal(&journal, journal.count, &ours, &in_force, err), 0);
    result =
        windows_reading_put(machine, &s->wishes, &in_force, journal.count, &reading, &report, err);
    nt_wishes_done(&in_force);
    nt_journal_done(&journal);
    nt_change_report_done(&report);
    if (result < 0)
        return result;
    save(s, &reading);
    read_journal(s, &journal);
    cr_assert_eq(nt_wishes_from_journal(&journal, journal.count, &ours, &in_force, err), 0);
    result = windows_reading_work(machine, &in_force, &reading, &walk, err);
    save(s, &reading);
    nt_wishes_done(&in_force);
    nt_journal_done(&journal);
    return result;
}

static int is_due(struct scene *s, const char *path)
{
    AUTO_READING struct windows_reading reading;
    struct error err = {0};
    int due;

    windows_reading_read(buffer_text(&s->record), s->record.size, &reading);
    due = windows_reading_is_due(&s->model.machine.machine, &s->wishes, &reading, path, &err);
    cr_assert(due >= 0, "%s", err.message);
    return due;
}

static enum nt_outcome may_read(struct scene *s, const char *path)
{
    struct nt_actor command = model_command(&s->model, 0);

    return nt_try_open(s->model.tree, &command, path, NT_FILE_GENERIC_READ | NT_FILE_EXECUTE);
}

static char *dump(const struct scene *s)
{
    struct error err = {0};

    return nt_tree_machine_dump(&s->model.machine, &err);
}

Test(windows_reading, the_run_does_not_wait_and_the_tools_can_be_read_afterwards)
{
    struct scene s;
    struct error err = {0};

    open_scene(&s);
    cr_assert_eq(may_read(&s, TOOLS "\\Python312\\python.exe"), NT_REFUSED, "not put by the run");
    cr_assert_eq(is_due(&s, NULL), 1);
    cr_assert_eq(is_due(&s, FOLDER "\\Python312\\python.exe"), 1, "a command there has to wait");
    cr_assert_eq(is_due(&s, "C:\\Windows\\System32\\cmd.exe"), 0, "one elsewhere does not");
    cr_assert_eq(work(&s, &err), 0, "%s", err.message);
    cr_assert_eq(may_read(&s, TOOLS "\\Python312\\python.exe"), NT_DONE);
    cr_assert_eq(may_read(&s, TOOLS "\\Python312\\Lib\\b.py"), NT_DONE);
    cr_assert_eq(may_read(&s, CARGO "\\bin\\cargo.exe"), NT_DONE);
    cr_assert_eq(may_read(&s, CARGO "\\credentials.toml"), NT_REFUSED);
    cr_assert_eq(may_read(&s, TOOLS "\\Python312\\closed"), NT_REFUSED, "its owner closed it");
    cr_assert_eq(may_read(&s, "Users\\u\\notes.txt"), NT_REFUSED);
    cr_assert_eq(is_due(&s, NULL), 0);
    close_scene(&s);
}

/* Neither a look at the trees nor a write, and what people add later inherits. */
Test(windows_reading, what_is_done_costs_a_look_at_each_folder)
{
    struct scene s;
    struct error err = {0};

    open_scene(&s);
    cr_assert_eq(work(&s, &err), 0, "%s", err.message);
    s.model.machine.looks = 0;
    s.model.machine.effects = 0;
    cr_assert_eq(is_due(&s, NULL), 0);
    cr_assert_eq(s.model.machine.looks, 2u, "%zu", s.model.machine.looks);
    cr_assert_eq(work(&s, &err), 0);
    cr_assert_eq(s.model.machine.effects, 0u, "a second worker writes nothing");
    model_add(&s.model, TOOLS "\\Python312\\new.py", false, NULL);
    cr_assert_eq(may_read(&s, TOOLS "\\Python312\\new.py"), NT_DONE);
    close_scene(&s);
}

static void expect_resumed(size_t effects, size_t stop_after, const char *completed)
{
    AUTO_FREE char *found = NULL;
    struct error err = {0};
    struct scene s;

    open_scene(&s);
    s.model.machine.effects_left = effects;
    s.stop_after = stop_after;
    cr_assert_eq(work(&s, &err), -1, "%zu, %zu", effects, stop_after);
    cr_assert_eq(err.code, ERR_INTERRUPTED, "%s", err.message);
    s.model.machine.effects_left = SIZE_MAX;
    s.stop_after = SIZE_MAX;
    cr_assert_eq(is_due(&s, NULL), 1, "%zu, %zu", effects, stop_after);
    cr_assert_eq(work(&s, &err), 0, "%s", err.message);
    cr_assert_eq(is_due(&s, NULL), 0);
    found = dump(&s);
    cr_assert_str_eq(found, completed, "%zu, %zu", effects, stop_after);
    close_scene(&s);
}

/* The power fails after every single effect; somebody stops it after every single object. */
Test(windows_reading, cut_or_stopped_anywhere_it_is_taken_up_again)
{
    AUTO_FREE char *completed = NULL;
    struct error err = {0};
    struct scene whole;
    size_t effects;

    open_scene(&whole);
    whole.model.machine.effects = 0;
    cr_assert_eq(work(&whole, &err), 0, "%s", err.message);
    effects = whole.model.machine.effects;
    completed = dump(&whole);
    close_scene(&whole);
    cr_assert(effects > 8, "%zu", effects);
    for (size_t cut = 0; cut < effects; cut++)
        expect_resumed(cut, SIZE_MAX, completed);
    for (size_t objects = 0; objects < 8; objects++)
        expect_resumed(SIZE_MAX, objects, completed);
}

/* Teardown after any cut: nothing of ours is left anywhere. */
Test(windows_reading, teardown_after_any_cut_leaves_nothing)
{
    for (size_t cut = 0; cut < 12; cut++) {
        struct nt_ours ours;
        struct error err = {0};
        struct scene s;

        open_scene(&s);
        ours = ours_of(&s);
        s.model.machine.effects_left = cut;
        (void)work(&s, &err);
        s.model.machine.effects_left = SIZE_MAX;
        cr_assert_eq(undo(&s, true), 0);
        for (struct nt_entry *at = s.model.tree->root; at != NULL;
             at = nt_tree_next(s.model.tree->root, at)) {
            AUTO_ACL struct nt_acl found = NT_ACL_EMPTY;

            cr_assert_eq(nt_stamp_read(&at->object->sd.dacl, &ours, &found, &err), 0);
            cr_assert_eq(found.count, 0u, "%s after %zu", at->name, cut);
        }
        close_scene(&s);
    }
}

/* Carries out what a run with this further root would. */
static void run_with_root(struct scene *s, const char *root, struct error *err)
{
    static const struct nt_sid sid = NT_SID(0, 11, 11, 11, 9);
    struct nt_change_report report = {0};
    struct nt_changes changes = {0};
    struct plan plan = PLAN_EMPTY;
    struct nt_journal journal;
    struct nt_ours ours;

    cr_assert_eq(windows_facts_add_root(&s->model.facts, root, &sid, err), 0);
    cr_assert_eq(
        windows_elevated_plan(&s->model.policy, &s->model.facts, WINDOWS_DEFAULT, &plan, err), 0,
        "%s", err->message);
    free(s->model.sids);
    s->model.sids = windows_our_sids(&s->model.facts, &s->model.sid_count, err);
    ours = ours_of(s);
    cr_assert_eq(windows_plan_wishes(&plan, WINDOWS_NOW, &ours, &changes.wishes, err), 0);
    read_journal(s, &journal);
    cr_assert_eq(nt_apply(&s->model.machine.machine, &changes, journal.count, &report, err), 0,
                 "%s", err->message);
    nt_journal_done(&journal);
    nt_wishes_done(&changes.wishes);
    nt_change_report_done(&report);
    plan_done(&plan);
    s->wishes.ours = ours;
}

/* A workspace in a folder of tools, or such a folder itself: what its run put there stays, and the tools
 * can be read. */
Test(windows_reading, a_workspace_in_or_at_the_folder_keeps_its_entries)
{
    static const char *const roots[] = {FOLDER "\\Python312\\Lib", FOLDER};

    for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
        struct error err = {0};
        struct nt_object *file;
        struct scene s;
        AUTO_FREE char *sddl = NULL;

        open_scene(&s);
        run_with_root(&s, roots[i], &err);
        cr_assert_eq(work(&s, &err), 0, "%s", err.message);
        cr_assert_eq(is_due(&s, NULL), 0);
        file = model_find(&s.model, TOOLS "\\Python312\\Lib\\a.py")->object;
        sddl = nt_sddl_format(&file->sd, &err);
        cr_assert_not_null(strstr(sddl, "0x1301bf;;;S-1-0-11-11-11-9"), "%s", sddl);
        cr_assert_not_null(strstr(sddl, "(A;ID;0x1200a9;;;"), "%s", sddl);
        close_scene(&s);
    }
}

static struct nt_machine_ops stubborn_ops;
static int (*real_open_child)(struct nt_machine *machine, void *parent, const char *name,
                              void **node, struct error *err);

static int stubborn_open(struct nt_machine *machine, void *parent, const char *name, void **node,
                         struct error *err)
{
    if (strcmp(name, "a.py") == 0)
        return error_set(err, ERR_OS, "access denied (5)");
    return real_open_child(machine, parent, name, node, err);
}

/* Codex issue 27889: one object that cannot be changed is no reason to leave the others. */
Test(windows_reading, what_cannot_be_changed_is_passed_by_and_told)
{
    AUTO_BUFFER struct buffer words = BUFFER_EMPTY;
    AUTO_READING struct windows_reading reading;
    struct error err = {0};
    struct scene s;

    open_scene(&s);
    stubborn_ops = *s.model.machine.machine.ops;
    real_open_child = stubborn_ops.open_child;
    stubborn_ops.open_child = stubborn_open;
    s.model.machine.machine.ops = &stubborn_ops;
    cr_assert_eq(work(&s, &err), 0, "%s", err.message);
    cr_assert_eq(may_read(&s, TOOLS "\\Python312\\Lib\\a.py"), NT_REFUSED);
    cr_assert_eq(may_read(&s, TOOLS "\\Python312\\Lib\\b.py"), NT_DONE);
    cr_assert_eq(is_due(&s, NULL), 0, "it is not tried again by every run");
    windows_reading_read(buffer_text(&s.record), s.record.size, &reading);
    windows_reading_describe(&reading, &words);
    cr_assert_not_null(strstr(buffer_text(&words), "1 of them could not be changed"), "%s",
                       buffer_text(&words));
    cr_assert_not_null(strstr(buffer_text(&words), "a.py: access denied (5)"), "%s",
                       buffer_text(&words));
    close_scene(&s);
}

static int stubborn_list(struct nt_machine *machine, void *node, struct text_list *names,
                         struct error *err)
{
    (void)machine;
    (void)node;
    (void)names;
    return error_set(err, ERR_OS, "access denied (5)");
}

/* A folder that cannot be looked into at all is told, and tried again by the next. */
Test(windows_reading, a_folder_that_cannot_be_listed_is_not_done)
{
    AUTO_READING struct windows_reading reading;
    struct error err = {0};
    struct scene s;

    open_scene(&s);
    stubborn_ops = *s.model.machine.machine.ops;
    stubborn_ops.list = stubborn_list;
    s.model.machine.machine.ops = &stubborn_ops;
    cr_assert_eq(work(&s, &err), 0, "the others have their turn: %s", err.message);
    cr_assert_eq(is_due(&s, NULL), 1);
    windows_reading_read(buffer_text(&s.record), s.record.size, &reading);
    cr_assert(reading.count > 0 && strstr(reading.folders[0].trouble, "(5)") != NULL);
    close_scene(&s);
}

/* A new set-up has a new group: its entry is not there, whatever the record says. */
Test(windows_reading, a_done_record_without_the_entry_is_not_believed)
{
    struct nt_entry *entry;
    struct error err = {0};
    struct scene s;

    open_scene(&s);
    cr_assert_eq(work(&s, &err), 0, "%s", err.message);
    entry = model_find(&s.model, TOOLS);
    nt_acl_remove(&entry->object->sd.dacl, 0);
    cr_assert_eq(is_due(&s, NULL), 1);
    cr_assert_eq(work(&s, &err), 0, "%s", err.message);
    cr_assert_eq(is_due(&s, NULL), 0);
    close_scene(&s);
}

/* deny_read wins over the list: also where a run with another policy has let the tools be read before. */
Test(windows_reading, what_a_policy_hides_stays_hidden)
{
    static const struct {
        const char *hidden;
        enum nt_outcome file, tool;
    } rows[] = {{FOLDER "\\Python312\\Lib", NT_REFUSED, NT_DONE},
                {FOLDER, NT_REFUSED, NT_REFUSED},
                {"C:\\Users\\u\\AppData", NT_REFUSED, NT_REFUSED},
                {"C:\\Users\\u\\Documents", NT_DONE, NT_DONE}};

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct nt_change_report report = {0};
        struct nt_changes changes = {0};
        struct plan plan = PLAN_EMPTY;
        struct nt_journal journal;
        struct error err = {0};
        struct nt_ours ours;
        struct scene s;

        open_scene(&s);
        cr_assert_eq(work(&s, &err), 0, "%s", err.message);
        cr_assert_eq(windows_facts_add_hidden(&s.model.facts, rows[i].hidden, false, &err), 0);
        cr_assert_eq(
            windows_elevated_plan(&s.model.policy, &s.model.facts, WINDOWS_DEFAULT, &plan, &err), 0,
            "%s", err.message);
        for (size_t k = 0; k < plan.step_count; k++)
            cr_assert((plan.steps[k].bits & PLAN_ACE_LATER) == 0 ||
                          plan.steps[k].kind != STEP_ACE ||
                          !path_is_within(PATH_WINDOWS, plan.steps[k].path, rows[i].hidden),
                      "%s is to be read", plan.steps[k].path);
        ours = ours_of(&s);
        cr_assert_eq(windows_plan_wishes(&plan, WINDOWS_NOW, &ours, &changes.wishes, &err), 0);
        read_journal(&s, &journal);
        cr_assert_eq(nt_apply(&s.model.machine.machine, &changes, journal.count, &report, &err), 0,
                     "%s", err.message);
        nt_journal_done(&journal);
        for (int again = 0; again < 2; again++) {
            cr_assert_eq(may_read(&s, TOOLS "\\Python312\\Lib\\a.py"), rows[i].file, "%s",
                         rows[i].hidden);
            cr_assert_eq(may_read(&s, TOOLS "\\Python312\\python.exe"), rows[i].tool, "%s",
                         rows[i].hidden);
            cr_assert_eq(work(&s, &err), 0, "a worker of the other policy: %s", err.message);
        }
        nt_wishes_done(&changes.wishes);
        nt_change_report_done(&report);
        plan_done(&plan);
        close_scene(&s);
    }
}
