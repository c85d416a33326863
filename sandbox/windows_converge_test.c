/*
 * A plan against machines in any state: somebody took entries of ours away,
 * doubled or moved them, put others in front, changed settings. What is
 * applied then is the difference and nothing else, and what is not ours is
 * where it was. States are random; the seed is in every message.
 */
#include "base/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "sandbox/windows_site_test.h"

enum {
    ROUNDS = 150
};

static unsigned chance;

static unsigned next_random(size_t below)
{
    chance = chance * 1103515245u + 12345u;
    return (chance >> 16) % (unsigned)below;
}

static struct nt_change_report apply(struct site *site)
{
    const struct buffer *bytes = &site->model.machine.journal;
    struct nt_change_report report = {0};
    struct nt_journal journal = {0};
    struct error err = {0};

    must(nt_journal_read((const uint8_t *)bytes->data, bytes->size, &journal, &err), &err);
    must(nt_apply(&site->model.machine.machine, &site->changes, journal.count, &report, &err),
         &err);
    nt_journal_done(&journal);
    nt_change_report_done(&report);
    return report;
}

/* States ------------------------------------------------------------------------------------------- */

static struct nt_entry *wished(struct site *site, size_t i)
{
    return model_find(&site->model, site->changes.wishes.items[i].path + 3);
}

static void put_stranger(struct nt_acl *dacl)
{
    struct nt_ace stranger = nt_ace_make(
        next_random(3) == 0 ? NT_ACE_DENY : NT_ACE_ALLOW, next_random(2) == 0 ? NT_INHERIT_ALL : 0,
        0x20000u << next_random(3), next_random(2) == 0 ? &NT_EVERYONE : &NT_USERS);
    struct error err = {0};

    must(nt_acl_insert(dacl, next_random(dacl->count + 1), &stranger, &err), &err);
}

/* Takes an entry away, doubles it, changes its rights, or moves it. */
static void disturb_entry(const struct site *site, struct nt_acl *dacl)
{
    size_t at = next_random(dacl->count);
    size_t to = next_random(dacl->count);
    struct nt_ace ace = dacl->aces[at];
    struct nt_ours ours = ours_of(site);
    struct error err = {0};

    if (!nt_is_ours(dacl, &ace, &ours)) {
        put_stranger(dacl);
        return;
    }
    switch (next_random(4)) {
    case 0:
        nt_acl_remove(dacl, at);
        break;
    case 1:
        must(nt_acl_insert(dacl, to, &ace, &err), &err);
        break;
    case 2:
        dacl->aces[at].mask ^= NT_FILE_WRITE_EA;
        break;
    default:
        nt_acl_remove(dacl, at);
        must(nt_acl_insert(dacl, to, &ace, &err), &err);
        break;
    }
}

static void disturb_setting(struct site *site)
{
    struct nt_machine *machine = &site->model.machine.machine;
    const struct nt_setting *setting;
    struct error err = {0};

    if (site->changes.setting_count == 0)
        return;
    setting = &site->settings[next_random(site->changes.setting_count)];
    must(machine->ops->set(machine, setting->kind, setting->name,
                           setting->must_be_ours || next_random(2) == 0 ? NULL : "theirs", &err),
         &err);
}

static void disturb(struct site *site)
{
    unsigned count = next_random(5);

    for (unsigned i = 0; i < count; i++) {
        size_t which = next_random(site->changes.wishes.count);
        struct nt_entry *entry = wished(site, which);

        if (next_random(4) == 0)
            disturb_setting(site);
        else if (entry != NULL && entry->object->sd.dacl.count > 0)
            disturb_entry(site, &entry->object->sd.dacl);
    }
}

/* What is not ours, object by object, in its order. Caller frees. */
static char *strangers(struct site *site)
{
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;
    struct nt_tree *tree = site->model.tree;
    struct nt_ours ours = ours_of(site);
    struct error err = {0};

    buffer_add(&out, "", 0);
    for (struct nt_entry *at = tree->root; at != NULL; at = nt_tree_next(tree->root, at)) {
        const struct nt_acl *dacl = &at->object->sd.dacl;

        buffer_printf(&out, "%s:", at->name);
        for (size_t i = 0; i < dacl->count; i++) {
            AUTO_FREE char *text = nt_sddl_format_ace(&dacl->aces[i], &err);

            /* A denial of the user that lost its neighbour was ours, and is again. */
            if (!nt_is_ours(dacl, &dacl->aces[i], &ours) &&
                !nt_is_delete_child_denial(&dacl->aces[i]))
                buffer_add_text(&out, text);
        }
        buffer_add_byte(&out, '\n');
    }
    return buffer_take(&out);
}

/* What differs from the wish, by looking at one thing at a time. */
static size_t count_settings(struct site *site)
{
    struct nt_machine *machine = &site->model.machine.machine;
    size_t count = 0;
    struct error err = {0};

    for (size_t i = 0; i < site->changes.setting_count; i++) {
        AUTO_FREE char *now = NULL;

        must(machine->ops->get(machine, site->settings[i].kind, site->settings[i].name, &now, &err),
             &err);
        count += now == NULL || strcmp(now, site->settings[i].value) != 0 ? 1 : 0;
    }
    return count;
}

static void reset_counts(struct site *site)
{
    struct nt_tree *tree = site->model.tree;

    for (struct nt_entry *at = tree->root; at != NULL; at = nt_tree_next(tree->root, at))
        at->object->sd_writes = 0;
    tree->sd_writes = 0;
    site->model.machine.effects = 0;
}

/* Every descriptor as text, in the order of nt_tree_next. */
static void take_texts(struct site *site, struct text_list *texts)
{
    struct nt_tree *tree = site->model.tree;
    struct error err = {0};

    for (struct nt_entry *at = tree->root; at != NULL; at = nt_tree_next(tree->root, at))
        must(text_list_take(texts, nt_sddl_format(&at->object->sd, &err), &err), &err);
}

static bool is_wished(struct site *site, const struct nt_entry *entry)
{
    for (size_t i = 0; i < site->changes.wishes.count; i++) {
        if (wished(site, i) == entry)
            return true;
    }
    return false;
}

/* Once where it had to become another one, else not at all. Returns how many of them were named. */
static size_t check_writes(struct site *site, const struct text_list *before, unsigned seed)
{
    struct nt_tree *tree = site->model.tree;
    struct text_list after = {0};
    size_t named = 0;
    size_t i = 0;

    take_texts(site, &after);
    for (struct nt_entry *at = tree->root; at != NULL; at = nt_tree_next(tree->root, at), i++) {
        unsigned wanted = strcmp(before->items[i], after.items[i]) != 0 ? 1 : 0;

        cr_assert_eq(at->object->sd_writes, wanted, "seed %u: %s was written %u times", seed,
                     at->name, at->object->sd_writes);
        named += wanted == 1 && is_wished(site, at) ? 1 : 0;
    }
    text_list_done(&after);
    return named;
}

static void check_state(struct site *site, unsigned seed)
{
    AUTO_FREE char *before = strangers(site);
    AUTO_FREE char *after = NULL;
    struct text_list texts = {0};
    struct nt_change_report report;
    struct error err = {0};
    size_t settings = count_settings(site);
    size_t named;

    take_texts(site, &texts);
    reset_counts(site);
    report = apply(site);
    named = check_writes(site, &texts, seed);
    text_list_done(&texts);
    cr_assert_eq(report.changed, settings + named, "seed %u: %zu records of %zu and %zu", seed,
                 report.changed, settings, named);
    cr_assert_eq(report.records, report.changed == 0 ? 0 : report.changed + 1, "seed %u", seed);
    after = strangers(site);
    cr_assert_str_eq(after, before, "seed %u", seed);
    cr_assert_eq(nt_apply_needed(&site->model.machine.machine, &site->changes, &err), 0, "seed %u",
                 seed);
    reset_counts(site);
    report = apply(site);
    cr_assert_eq(site->model.machine.effects, 0u, "seed %u: a second time costs nothing", seed);
    cr_assert_eq(report.records, 0u);
}

/* After all that, teardown: nothing of ours is left, everything of others is. */
static void check_teardown(struct site *site, unsigned seed)
{
    const struct buffer *bytes = &site->model.machine.journal;
    struct nt_tree *tree = site->model.tree;
    struct nt_change_report report = {0};
    struct nt_journal journal = {0};
    struct nt_ours ours = ours_of(site);
    struct error err = {0};
    AUTO_FREE char *before = strangers(site);
    AUTO_FREE char *after = NULL;

    must(nt_journal_read((const uint8_t *)bytes->data, bytes->size, &journal, &err), &err);
    must(nt_undo(&site->model.machine.machine, &journal, 0, &ours, &report, &err), &err);
    nt_change_report_done(&report);
    nt_journal_done(&journal);
    after = strangers(site);
    cr_assert_str_eq(after, before, "seed %u", seed);
    for (struct nt_entry *at = tree->root; at != NULL; at = nt_tree_next(tree->root, at)) {
        for (size_t i = 0; i < at->object->sd.dacl.count; i++) {
            const struct nt_ace *ace = &at->object->sd.dacl.aces[i];

            cr_assert(!nt_ours_has(&ours, &ace->sid) && !nt_is_delete_child_denial(ace),
                      "seed %u: left on %s", seed, at->name);
        }
    }
}

Test(windows_converge, a_plan_against_any_state_yields_the_differences_only)
{
    for (int mode = MODEL_UNELEVATED; mode <= MODEL_ELEVATED; mode++) {
        for (unsigned seed = 1; seed <= ROUNDS; seed++) {
            struct site site;

            chance = seed * 2654435761u;
            open_site(&site, mode, WINDOWS_DEFAULT);
            if (seed % 4 != 0)
                (void)apply(&site);
            /* ... and once more on what that left */
            for (int again = 0; again < 3; again++) {
                disturb(&site);
                check_state(&site, seed);
            }
            check_teardown(&site, seed);
            close_site(&site);
        }
    }
}
