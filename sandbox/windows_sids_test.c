#include "base/test.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "sandbox/windows_hints.h"
#include "sandbox/windows_sids.h"

static void fill(struct windows_sids *sids)
{
    static const struct nt_sid first = NT_SID(0, 1, 2, 3, 4);
    static const struct nt_sid second = NT_SID(0, 5, 6, 7, 4294967295);
    struct error err = {0};

    *sids = (struct windows_sids){.marker = NT_SID(0, 9, 9, 9, 9), .has_marker = true};
    cr_assert_eq(windows_sids_add(sids, "C:\\work\\a b", "1:2", &first, &err), 0);
    cr_assert_eq(windows_sids_add(sids, "C:\\work\\c", "1:3", &second, &err), 0);
}

Test(windows_sids, list_comes_back)
{
    AUTO_BUFFER struct buffer text = BUFFER_EMPTY;
    AUTO_BUFFER struct buffer again = BUFFER_EMPTY;
    struct windows_sids sids;
    struct windows_sids back = {0};
    struct error err = {0};

    fill(&sids);
    windows_sids_write(&sids, &text);
    cr_assert_eq(windows_sids_read(buffer_text(&text), text.size, &back, &err), 0, "%s",
                 err.message);
    windows_sids_write(&back, &again);
    cr_assert_str_eq(buffer_text(&again), buffer_text(&text));
    windows_sids_done(&sids);
    windows_sids_done(&back);
}

Test(windows_sids, every_cut_and_every_changed_byte_is_seen)
{
    AUTO_BUFFER struct buffer text = BUFFER_EMPTY;
    struct windows_sids sids;
    struct error err = {0};

    fill(&sids);
    windows_sids_write(&sids, &text);
    for (size_t size = 1; size < text.size; size++) {
        struct windows_sids back = {0};

        cr_assert_eq(windows_sids_read(text.data, size, &back, &err), -1, "%zu bytes", size);
        cr_assert_eq(err.code, ERR_CORRUPT);
    }
    for (size_t at = 0; at < text.size; at++) {
        struct windows_sids back = {0};

        text.data[at] ^= 1;
        cr_assert_eq(windows_sids_read(text.data, text.size, &back, &err), -1, "byte %zu", at);
        text.data[at] ^= 1;
    }
    windows_sids_done(&sids);
}

Test(windows_sids, a_new_directory_under_an_old_name_is_another_root)
{
    struct windows_sids sids;

    fill(&sids);
    cr_assert_not_null(windows_sids_find(&sids, "c:\\WORK\\A b", "1:2"));
    cr_assert_null(windows_sids_find(&sids, "C:\\work\\a b", "1:9"), "the directory was replaced");
    cr_assert_null(windows_sids_find(&sids, "C:\\work\\moved", "1:2"), "the directory was moved");
    windows_sids_done(&sids);
}

Test(windows_sids, random_bytes_become_a_sid_nobody_looks_up)
{
    static const uint8_t random[WINDOWS_SID_RANDOM] = {1, 0, 0, 0, 2, 0, 0, 0,
                                                       3, 0, 0, 0, 0, 0, 0, 0x80};
    struct nt_sid sid = windows_sid_from_random(random);
    char text[NT_SID_TEXT_MAX];

    nt_sid_format(&sid, text);
    cr_assert_str_eq(text, "S-1-0-1-2-3-2147483648");
}

Test(windows_hints, the_errors_that_users_met_have_a_remedy_that_fits)
{
    static const uint32_t codes[] = {5, 740, 1312, 1314, 1326, 1385, 1907, 1909, 1920};
    struct error err;

    for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
        cr_assert_not_null(windows_hint(codes[i]), "%u", (unsigned)codes[i]);
        cr_assert_not_null(windows_error_name(codes[i]));
    }
    for (uint32_t code = 0; code < 3000; code++) {
        if (windows_hint(code) != NULL)
            cr_assert(strlen(windows_hint(code)) < sizeof err.hint, "%u is cut", (unsigned)code);
    }
    cr_assert_null(windows_hint(0));
}

Test(windows_hints, every_row_says_what_it_means_and_what_to_do_once)
{
    for (size_t i = 0; i < windows_error_count; i++) {
        const struct windows_error *row = &windows_errors[i];

        cr_assert(strlen(row->cause) > 20, "%s", row->name);
        cr_assert(strlen(row->hint) > 20, "%s", row->name);
        cr_assert(i == 0 || windows_errors[i - 1].code < row->code, "%s: out of order, or twice",
                  row->name);
    }
}

static int status_of(enum error_code code, int os_code, const char *message)
{
    struct error err = {.code = (int)code, .os_code = os_code};

    (void)snprintf(err.message, sizeof err.message, "%s", message);
    return windows_status_of(&err);
}

Test(windows_hints, only_a_program_s_own_failure_looks_like_one)
{
    cr_assert_eq(status_of(ERR_NOT_FOUND, 2, "x: no such program"), 127);
    cr_assert_eq(status_of(ERR_OS, 193, "CreateProcessAsUser x: ..."), 126);
    cr_assert_eq(status_of(ERR_OS, 740, "CreateProcessAsUser x: ..."), 126);
    cr_assert_eq(status_of(ERR_OS, 1314, "CreateProcessAsUser x: ..."), 125, "the sandbox's own");
    cr_assert_eq(status_of(ERR_OS, 5, "session: CreateProcessWithLogon x: ..."), 125);
    cr_assert_eq(status_of(ERR_REFUSED, 0, "network: ..."), 125);
}
