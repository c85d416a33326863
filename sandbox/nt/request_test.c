/* What library and launcher say to each other: payloads, and whose turn it is. */
#include "base/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "sandbox/nt/frame.h"
#include "sandbox/nt/request.h"

static const uint8_t *bytes_of(const struct buffer *buffer)
{
    return (const uint8_t *)buffer->data;
}

static void make_request(struct buffer *bytes)
{
    char cwd[] = "C:\\w";
    struct nt_request request = {.id = 77, .cwd = cwd, .handles = {0x1234, 0, 0xffffffff00000004u}};
    struct error err = {0};

    cr_assert_eq(text_list_add(&request.argv, "cmd", &err), 0);
    cr_assert_eq(text_list_add(&request.argv, "", &err), 0);
    cr_assert_eq(text_list_add(&request.env, "A=\xc3\xa9", &err), 0);
    nt_request_encode(&request, bytes);
    text_list_done(&request.argv);
    text_list_done(&request.env);
}

Test(request, comes_back_and_every_cut_is_refused)
{
    AUTO_BUFFER struct buffer bytes = BUFFER_EMPTY;
    struct nt_request back = {0};
    struct error err = {0};

    make_request(&bytes);
    cr_assert_eq(nt_request_decode(bytes_of(&bytes), bytes.size, &back, &err), 0, "%s",
                 err.message);
    cr_assert_eq(back.id, 77u);
    cr_assert_eq(back.argv.count, 2u);
    cr_assert_str_eq(back.argv.items[1], "");
    cr_assert_str_eq(back.env.items[0], "A=\xc3\xa9");
    cr_assert_str_eq(back.cwd, "C:\\w");
    cr_assert_eq(back.handles[0], 0x1234u);
    cr_assert_eq(back.handles[1], 0u);
    cr_assert_eq(back.handles[2], 0xffffffff00000004u);
    nt_request_done(&back);
    for (size_t size = 0; size < bytes.size; size++)
        cr_assert_eq(nt_request_decode(bytes_of(&bytes), size, &back, &err), -1, "%zu of %zu bytes",
                     size, bytes.size);
    buffer_add_byte(&bytes, 0);
    cr_assert_eq(nt_request_decode(bytes_of(&bytes), bytes.size, &back, &err), -1,
                 "one byte too many");
}

Test(request, changed_bytes_never_crash)
{
    AUTO_BUFFER struct buffer bytes = BUFFER_EMPTY;
    struct error err = {0};

    make_request(&bytes);
    for (size_t at = 0; at < bytes.size; at++) {
        char kept = bytes.data[at];

        for (int value = 0; value < 256; value += 17) {
            struct nt_request back = {0};

            bytes.data[at] = (char)value;
            if (nt_request_decode(bytes_of(&bytes), bytes.size, &back, &err) == 0)
                nt_request_done(&back);
        }
        bytes.data[at] = kept;
    }
}

Test(request, without_a_command_is_none)
{
    AUTO_BUFFER struct buffer bytes = BUFFER_EMPTY;
    char cwd[] = "";
    const struct nt_request request = {.cwd = cwd};
    struct nt_request back = {0};
    struct error err = {0};

    nt_request_encode(&request, &bytes);
    cr_assert_eq(nt_request_decode(bytes_of(&bytes), bytes.size, &back, &err), -1);
    cr_assert_eq(err.code, ERR_PROTOCOL);
}

Test(request, answers_keep_statuses_of_all_kinds)
{
    static const int32_t statuses[] = {0, 1, 124, 259, -1073741819 /* 0xc0000005 */, INT32_MAX};

    for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
        AUTO_BUFFER struct buffer bytes = BUFFER_EMPTY;
        struct nt_answer answer = {.id = 5, .status = statuses[i]};
        struct nt_answer back = {0};
        struct error err = {0};

        if (i % 2 == 1)
            (void)error_set(&answer.error, ERR_NOT_FOUND, "nonesuch: no such program");
        nt_answer_encode(&answer, &bytes);
        cr_assert_eq(nt_answer_decode(bytes_of(&bytes), bytes.size, &back, &err), 0, "%s",
                     err.message);
        cr_assert_eq(back.id, 5u);
        cr_assert_eq(back.status, statuses[i]);
        cr_assert_eq(back.error.code, i % 2 == 1 ? ERR_NOT_FOUND : ERR_NONE);
        cr_assert_str_eq(back.error.message, answer.error.message);
        for (size_t size = 0; size < bytes.size; size++)
            cr_assert_eq(nt_answer_decode(bytes_of(&bytes), size, &back, &err), -1, "%zu bytes",
                         size);
    }
}

Test(request, another_version_of_the_launcher_is_refused_by_name)
{
    AUTO_BUFFER struct buffer bytes = BUFFER_EMPTY;
    struct error err = {0};
    AUTO_FREE char *mode = NULL;

    nt_opened_encode("windows-elevated", &bytes);
    mode = nt_opened_decode(bytes_of(&bytes), bytes.size, &err);
    cr_assert_not_null(mode, "%s", err.message);
    cr_assert_str_eq(mode, "windows-elevated");
    bytes.data[0]++;
    cr_assert_null(nt_opened_decode(bytes_of(&bytes), bytes.size, &err));
    cr_assert_not_null(strstr(err.message, "version 2"), "%s", err.message);
    cr_assert_null(nt_opened_decode(bytes_of(&bytes), 6, &err));
}

/* One side's frames, as bytes, into the other's reader. */
static int pass(struct nt_frame_reader *from, struct nt_frame_reader *to, enum nt_frame_type type,
                size_t size)
{
    AUTO_BUFFER struct buffer bytes = BUFFER_EMPTY;
    static const uint8_t zeroes[64];
    struct nt_frame frame;
    struct error err = {0};

    if (nt_frame_sent(from, type, &err) < 0)
        return -1;
    nt_frame_put(&bytes, type, zeroes, size);
    cr_assert_eq(nt_frame_feed(to, bytes.data, bytes.size, &err), 0);
    return nt_frame_next(to, &frame, &err);
}

Test(request, a_session_of_many_commands_takes_turns)
{
    struct nt_frame_reader library;
    struct nt_frame_reader launcher;

    nt_frame_reader_init(&library, NT_SIDE_LIBRARY);
    nt_frame_reader_init(&launcher, NT_SIDE_LAUNCHER);
    cr_assert_eq(pass(&library, &launcher, NT_FRAME_COMMAND, 32), -1, "before it was opened");
    cr_assert_eq(pass(&launcher, &library, NT_FRAME_OPENED, 32), 1);
    for (int i = 0; i < 1000; i++) {
        cr_assert_eq(pass(&launcher, &library, NT_FRAME_ENDED, 32), -1, "nothing was asked");
        cr_assert_eq(pass(&library, &launcher, NT_FRAME_COMMAND, 32), 1);
        cr_assert_eq(pass(&library, &launcher, NT_FRAME_COMMAND, 32), -1, "one at a time");
        cr_assert_eq(pass(&launcher, &library, NT_FRAME_ENDED, 32), 1);
    }
    cr_assert_eq(pass(&launcher, &library, NT_FRAME_REFUSED, 32), -1, "too late to refuse");
    nt_frame_reader_done(&library);
    nt_frame_reader_done(&launcher);
}

/* A library that was taken over can do no more than another user of the launcher: nothing but a
 * command in its turn is read. */
Test(request, a_launcher_reads_no_frame_of_a_runner_or_broker)
{
    for (unsigned type = 0; type < 256; type++) {
        uint8_t bytes[64] = {40, 0, 0, 0, (uint8_t)type};
        struct nt_frame_reader reader;
        struct nt_frame frame;
        struct error err = {0};
        int result;

        nt_frame_reader_init(&reader, NT_SIDE_LAUNCHER);
        reader.state = NT_TALK_IDLE;
        cr_assert_eq(nt_frame_feed(&reader, bytes, 44, &err), 0);
        result = nt_frame_next(&reader, &frame, &err);
        cr_assert_eq(result, type == NT_FRAME_COMMAND ? 1 : -1, "type %u", type);
        nt_frame_reader_done(&reader);
    }
}
