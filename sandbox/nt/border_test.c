/* What crosses borders: UTF-16, command lines, frames, payloads. */
#include "base/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "sandbox/nt/bytes.h"
#include "sandbox/nt/fields.h"
#include "sandbox/nt/frame.h"
#include "sandbox/nt/quote.h"
#include "sandbox/nt/spawn.h"
#include "sandbox/nt/utf16.h"

Test(utf16, every_kind_of_character_comes_back)
{
    static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbfz";
    static const uint16_t wanted[] = {'a', 0xe9, 0x20ac, 0xd83d, 0xde00, 0xffff, 'z'};
    struct error err = {0};
    size_t units = 0;
    AUTO_FREE uint16_t *wide = nt_utf16_from_utf8(text, strlen(text), &units, &err);
    AUTO_FREE char *back = NULL;

    cr_assert_not_null(wide, "%s", err.message);
    cr_assert_eq(units, ARRAY_SIZE(wanted));
    cr_assert_eq(memcmp(wide, wanted, sizeof wanted), 0);
    cr_assert_eq(wide[units], 0);
    back = nt_utf8_from_utf16(wide, units, &err);
    cr_assert_str_eq(back, text);
}

Test(utf16, what_is_no_text_is_refused)
{
    static const uint16_t alone[] = {'a', 0xd800, 'b'};
    static const uint16_t low[] = {0xdc00, 'b'};
    static const uint16_t end[] = {'a', 0xd800};
    static const uint16_t nul[] = {'a', 0, 'b'};
    struct error err = {0};

    cr_assert_null(nt_utf16_from_utf8("\xed\xa0\x80", 3, NULL, &err), "a surrogate in UTF-8");
    cr_assert_null(nt_utf16_from_utf8("\xff", 1, NULL, &err));
    cr_assert_null(nt_utf8_from_utf16(alone, 3, &err));
    cr_assert_null(nt_utf8_from_utf16(low, 2, &err));
    cr_assert_null(nt_utf8_from_utf16(end, 2, &err));
    cr_assert_null(nt_utf8_from_utf16(nul, 3, &err));
}

/* A command can name a file so; whoever lists the directory must get past it. */
Test(utf16, names_that_are_no_text_are_listed_with_a_stand_in)
{
    static const uint16_t alone[] = {'a', 0xd800, 'b', 0xdc00, 0xd83d, 0xde00, 0xd800};
    struct error err = {0};
    AUTO_FREE char *listed = nt_utf8_listed(alone, ARRAY_SIZE(alone), &err);

    cr_assert_str_eq(listed, "a" NT_NO_TEXT "b" NT_NO_TEXT "\xf0\x9f\x98\x80" NT_NO_TEXT);
}

/* The table of "Parsing C command-line arguments". */
Test(quote, splitting_follows_the_documented_table)
{
    static const struct {
        const char *line;
        const char *argv[4];
    } rows[] = {
        {"prog \"abc\" d e", {"abc", "d", "e"}},
        {"prog a\\\\b d\"e f\"g h", {"a\\\\b", "de fg", "h"}},
        {"prog a\\\\\\\"b c d", {"a\\\"b", "c", "d"}},
        {"prog a\\\\\\\\\"b c\" d e", {"a\\\\b c", "d", "e"}},
        {"prog a\"b\"\" c d", {"ab\" c d"}},
        {"\"C:\\Program Files\\x\" a", {"a"}},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct text_list argv = {0};
        struct error err = {0};
        size_t count = 0;

        cr_assert_eq(nt_unquote(rows[i].line, &argv, &err), 0);
        while (count < 4 && rows[i].argv[count] != NULL)
            count++;
        cr_assert_eq(argv.count, count + 1, "%s: %zu words", rows[i].line, argv.count);
        for (size_t k = 0; k < count; k++)
            cr_assert_str_eq(argv.items[k + 1], rows[i].argv[k]);
        text_list_done(&argv);
    }
}

static void expect_round_trip(char *const *argv)
{
    struct error err = {0};
    AUTO_FREE char *line = nt_quote(argv, &err);
    struct text_list back = {0};
    size_t count = 0;

    cr_assert_not_null(line, "%s", err.message);
    cr_assert_eq(nt_unquote(line, &back, &err), 0);
    while (argv[count] != NULL)
        count++;
    cr_assert_eq(back.count, count, "%s", line);
    for (size_t i = 0; i < count; i++)
        cr_assert_str_eq(back.items[i], argv[i], "%s", line);
    text_list_done(&back);
}

/* Every argument of up to five characters from those that matter. */
Test(quote, every_short_argument_comes_back)
{
    static const char alphabet[] = "a \"\\\t";
    const size_t letters = sizeof alphabet - 1;

    for (unsigned length = 0; length <= 5; length++) {
        size_t total = 1;

        for (unsigned i = 0; i < length; i++)
            total *= letters;
        for (size_t n = 0; n < total; n++) {
            char argument[8] = "";
            char program[] = "C:\\a b\\prog";
            char last[] = "x";
            size_t rest = n;
            char *argv[] = {program, argument, last, NULL};

            for (unsigned i = 0; i < length; i++, rest /= letters)
                argument[i] = alphabet[rest % letters];
            expect_round_trip(argv);
        }
    }
}

Test(quote, impossible_programs_and_endless_lines_are_refused)
{
    char quoted[] = "a\"b";
    AUTO_FREE char *lengthy = calloc(1, 40000);
    struct error err = {0};
    char *bad[] = {quoted, NULL};
    char *endless[] = {NULL, NULL, NULL};
    char program[] = "p";

    cr_assert_not_null(lengthy);
    memset(lengthy, 'x', 39999);
    endless[0] = program;
    endless[1] = lengthy;
    cr_assert_null(nt_quote(bad, &err));
    cr_assert_null(nt_quote(endless, &err));
}

/* CVE-2024-24576. */
Test(quote, batch_files_get_no_argument_that_cmd_would_change)
{
    static const char *const refused[] = {"a\"b", "%PATH%", "a\nb", "a\rb", "\"&calc.exe&\""};
    struct error err = {0};
    static char long_word[8200];
    char plain[] = "a b & c ^ d ! e";
    char *arguments[] = {plain, NULL};
    char *endless[] = {NULL, NULL};
    AUTO_FREE char *line =
        nt_quote_batch("C:\\Windows\\System32\\cmd.exe", "C:\\x y\\t.cmd", arguments, &err);

    cr_assert_not_null(line, "%s", err.message);
    cr_assert_str_eq(line, "C:\\Windows\\System32\\cmd.exe /d /e:on /v:off /c \"\"C:\\x y\\t.cmd\" "
                           "\"a b & c ^ d ! e\"\"");
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        char word[32];
        char *one[] = {word, NULL};

        (void)snprintf(word, sizeof word, "%s", refused[i]);
        cr_assert_null(nt_quote_batch("cmd.exe", "t.cmd", one, &err), "%s", refused[i]);
        cr_assert_eq(err.code, ERR_REFUSED);
    }
    endless[0] = long_word;
    memset(long_word, 'x', sizeof long_word - 1);
    cr_assert_null(nt_quote_batch("cmd.exe", "t.cmd", endless, &err), "cmd.exe takes 8191");
    cr_assert_eq(err.code, ERR_INVALID, "%s", err.message);
    cr_assert(nt_is_batch("C:\\a\\B.BAT"));
    cr_assert(nt_is_batch("x.cmd. ."), "CreateProcess drops trailing dots and blanks");
    cr_assert(!nt_is_batch("x.cmd.exe"));
    cr_assert(!nt_is_batch("bat"));
}

/* "%*" of a batch file is what stands behind its name: to the program that gets it, a backslash before the
 * closing quote would make the next argument part of this one. */
Test(quote, what_a_batch_file_hands_on_splits_into_the_same_arguments)
{
    static const char *const given[] = {"C:\\a b\\", "\\", "--x=\\\\", "y z", "", "a\\b"};
    char words[ARRAY_SIZE(given)][16];
    char *arguments[ARRAY_SIZE(given) + 1] = {NULL};
    struct text_list back = {0};
    struct error err = {0};
    AUTO_FREE char *line = NULL;
    AUTO_FREE char *handed_on = NULL;
    const char *behind;

    for (size_t i = 0; i < ARRAY_SIZE(given); i++) {
        (void)snprintf(words[i], sizeof words[i], "%s", given[i]);
        arguments[i] = words[i];
    }
    line = nt_quote_batch("cmd.exe", "t.cmd", arguments, &err);
    cr_assert_not_null(line, "%s", err.message);
    behind = strstr(line, "\"t.cmd\"");
    cr_assert_not_null(behind, "%s", line);
    handed_on = strdup(behind);
    handed_on[strlen(handed_on) - 1] = '\0'; /* the quote that cmd.exe takes off */
    cr_assert_eq(nt_unquote(handed_on, &back, &err), 0);
    cr_assert_eq(back.count, ARRAY_SIZE(given) + 1, "%s", line);
    for (size_t i = 0; i < ARRAY_SIZE(given); i++)
        cr_assert_str_eq(back.items[i + 1], given[i], "%s", line);
    text_list_done(&back);
}

/* CommandLineToArgvW ends an unquoted program at any character up to a blank. */
Test(quote, programs_with_control_characters_are_quoted)
{
    char program[] = "a\nb\x01";
    char word[] = "c";
    char *argv[] = {program, word, NULL};
    struct error err = {0};
    AUTO_FREE char *line = nt_quote(argv, &err);

    cr_assert_str_eq(line, "\"a\nb\x01\" c");
}

/* RFC 4648, section 10, in the URL alphabet and without padding. */
Test(fields, base64_has_the_standard_vectors)
{
    static const char *const vectors[][2] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},         {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};
    static const char *const bad[] = {"Z", "Zg==", "Zh", "Zm9", "Z m8", "Zg\n"};
    struct error err = {0};

    for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
        AUTO_FREE char *text = nt_base64(vectors[i][0], strlen(vectors[i][0]), &err);
        AUTO_FREE uint8_t *bytes = NULL;
        size_t size = 0;

        cr_assert_str_eq(text, vectors[i][1]);
        cr_assert_eq(nt_unbase64(text, &bytes, &size, &err), 0, "%s", err.message);
        cr_assert_eq(size, strlen(vectors[i][0]));
        cr_assert_eq(memcmp(bytes, vectors[i][0], size), 0);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        AUTO_FREE uint8_t *bytes = NULL;
        size_t size = 0;

        cr_assert_eq(nt_unbase64(bad[i], &bytes, &size, &err), -1, "%s", bad[i]);
    }
}

/* Frames ------------------------------------------------------------------------------------------ */

static void put_hello(struct buffer *out)
{
    uint8_t hello[4 + NT_NONCE_SIZE] = {NT_PROTOCOL_VERSION};

    nt_frame_put(out, NT_FRAME_HELLO, hello, sizeof hello);
}

static void put_number(struct buffer *out, enum nt_frame_type type, uint32_t value)
{
    uint8_t bytes[4];

    nt_put32(bytes, value);
    nt_frame_put(out, type, bytes, sizeof bytes);
}

/* A whole conversation, byte by byte. */
Test(frame, a_conversation_is_read_in_pieces_of_any_size)
{
    static const enum nt_frame_type wanted[] = {NT_FRAME_HELLO, NT_FRAME_READY, NT_FRAME_OUTPUT,
                                                NT_FRAME_ERROR_OUTPUT, NT_FRAME_EXIT};

    for (size_t piece = 1; piece < 60; piece += 7) {
        AUTO_BUFFER struct buffer bytes = BUFFER_EMPTY;
        const uint8_t exit[NT_EXIT_SIZE] = {3};
        struct nt_frame_reader reader;
        struct error err = {0};
        size_t got = 0;

        put_hello(&bytes);
        put_number(&bytes, NT_FRAME_READY, 77);
        nt_frame_put(&bytes, NT_FRAME_OUTPUT, "abc", 3);
        nt_frame_put(&bytes, NT_FRAME_ERROR_OUTPUT, "x", 1);
        nt_frame_put(&bytes, NT_FRAME_EXIT, exit, sizeof exit);
        nt_frame_reader_init(&reader, NT_SIDE_BROKER);
        for (size_t at = 0; at < bytes.size; at += piece) {
            size_t here = bytes.size - at < piece ? bytes.size - at : piece;
            struct nt_frame frame;
            int result;

            cr_assert_eq(nt_frame_feed(&reader, bytes.data + at, here, &err), 0);
            while ((result = nt_frame_next(&reader, &frame, &err)) == 1) {
                cr_assert_eq(frame.type, wanted[got], "frame %zu", got);
                if (frame.type == NT_FRAME_OUTPUT)
                    cr_assert_eq(memcmp(frame.payload, "abc", 3), 0);
                if (frame.type == NT_FRAME_HELLO)
                    cr_assert_eq(nt_frame_sent(&reader, NT_FRAME_SPAWN, &err), 0);
                got++;
            }
            cr_assert_eq(result, 0, "%s", err.message);
        }
        cr_assert_eq(got, ARRAY_SIZE(wanted));
        cr_assert_eq(reader.state, NT_TALK_IDLE);
        nt_frame_reader_done(&reader);
    }
}

static void expect_refused(enum nt_side side, enum nt_conversation state, const uint8_t *bytes,
                           size_t size, const char *what)
{
    struct nt_frame_reader reader;
    struct nt_frame frame;
    struct error err = {0};

    nt_frame_reader_init(&reader, side);
    reader.state = state;
    cr_assert_eq(nt_frame_feed(&reader, bytes, size, &err), 0);
    cr_assert_eq(nt_frame_next(&reader, &frame, &err), -1, "%s was accepted", what);
    cr_assert_eq(err.code, ERR_PROTOCOL);
    cr_assert_eq(reader.state, NT_TALK_OVER);
    cr_assert_eq(nt_frame_next(&reader, &frame, &err), -1, "and so it stays");
    nt_frame_reader_done(&reader);
}

Test(frame, hostile_frames_are_refused_before_they_are_whole)
{
    static const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff, NT_FRAME_OUTPUT};
    static const uint8_t empty[] = {0, 0, 0, 0, NT_FRAME_OUTPUT};
    static const uint8_t unknown[] = {2, 0, 0, 0, 99, 0};
    static const uint8_t above[] = {2, 0, 4, 0, NT_FRAME_OUTPUT}; /* one byte above the limit */
    static const uint8_t mirrored[] = {2, 0, 0, 0, NT_FRAME_INPUT, 'x'};
    static const uint8_t long_exit[] = {NT_EXIT_SIZE + 2, 0, 0, 0, NT_FRAME_EXIT};
    static const uint8_t short_exit[] = {5, 0, 0, 0, NT_FRAME_EXIT};

    expect_refused(NT_SIDE_BROKER, NT_TALK_RUNNING, huge, sizeof huge, "a frame of 4 GiB");
    expect_refused(NT_SIDE_BROKER, NT_TALK_RUNNING, empty, sizeof empty, "a frame without a type");
    expect_refused(NT_SIDE_BROKER, NT_TALK_RUNNING, unknown, sizeof unknown, "an unknown type");
    expect_refused(NT_SIDE_BROKER, NT_TALK_RUNNING, above, sizeof above, "too long an output");
    expect_refused(NT_SIDE_BROKER, NT_TALK_RUNNING, mirrored, sizeof mirrored,
                   "input from the runner");
    expect_refused(NT_SIDE_BROKER, NT_TALK_RUNNING, long_exit, sizeof long_exit,
                   "an exit that is a byte too long");
    expect_refused(NT_SIDE_BROKER, NT_TALK_RUNNING, short_exit, sizeof short_exit,
                   "an exit with a status alone");
}

/* Every type in every state on both sides: exactly the rows of the picture go through. */
Test(frame, only_what_is_due_may_come)
{
    size_t accepted = 0;

    for (int side = 0; side < NT_SIDE_COUNT; side++) {
        for (int state = NT_TALK_NEW; state <= NT_TALK_OVER; state++) {
            for (unsigned type = 0; type < 64; type++) {
                for (uint8_t size = 0; size < 40; size++) {
                    uint8_t bytes[64] = {(uint8_t)(size + 1), 0, 0, 0, (uint8_t)type};
                    struct nt_frame_reader reader;
                    struct nt_frame frame;
                    struct error err = {0};

                    nt_frame_reader_init(&reader, (enum nt_side)side);
                    reader.state = (enum nt_conversation)state;
                    cr_assert_eq(nt_frame_feed(&reader, bytes, (size_t)size + 5, &err), 0);
                    if (nt_frame_next(&reader, &frame, &err) == 1) {
                        accepted++;
                        cr_assert_eq(type / 16, (unsigned)side);
                        cr_assert(state != NT_TALK_OVER);
                    }
                    nt_frame_reader_done(&reader);
                }
            }
        }
    }
    /* HELLO 1, READY 1, EXIT 1, OUTPUT and ERROR_OUTPUT 39 each, ERROR 32; SPAWN 32, INPUT 39,
     * INPUT_END 1, RESIZE 1, STOP 1 in two states, QUIT 1; late INPUT, INPUT_END, RESIZE, STOP;
     * OPENED 32, REFUSED 24, ENDED 16, COMMAND 32. */
    cr_assert_eq(accepted,
                 1u + 1 + 1 + 2 * 39 + 32 + 32 + 39 + 1 + 1 + 2 + 1 + 39 + 1 + 1 + 1 + 32 + 24 +
                     16 + 32,
                 "%zu", accepted);
}

/* The broker types while the command ends: its input arrives after EXIT was sent. */
Test(frame, input_that_crosses_the_exit_ends_nothing)
{
    AUTO_BUFFER struct buffer bytes = BUFFER_EMPTY;
    struct nt_frame_reader reader;
    struct nt_frame frame;
    struct error err = {0};

    nt_frame_reader_init(&reader, NT_SIDE_RUNNER);
    reader.state = NT_TALK_RUNNING;
    cr_assert_eq(nt_frame_sent(&reader, NT_FRAME_EXIT, &err), 0);
    nt_frame_put(&bytes, NT_FRAME_INPUT, "x", 1);
    nt_frame_put(&bytes, NT_FRAME_QUIT, NULL, 0);
    cr_assert_eq(nt_frame_feed(&reader, bytes.data, bytes.size, &err), 0);
    cr_assert_eq(nt_frame_next(&reader, &frame, &err), 1, "%s", err.message);
    cr_assert_eq(frame.type, NT_FRAME_INPUT);
    cr_assert_eq(reader.state, NT_TALK_IDLE, "late input starts no command");
    cr_assert_eq(nt_frame_next(&reader, &frame, &err), 1, "%s", err.message);
    cr_assert_eq(frame.type, NT_FRAME_QUIT);
    nt_frame_reader_done(&reader);

    nt_frame_reader_init(&reader, NT_SIDE_BROKER);
    reader.state = NT_TALK_IDLE;
    cr_assert_eq(nt_frame_sent(&reader, NT_FRAME_INPUT, &err), -1);
    cr_assert_eq(reader.state, NT_TALK_IDLE, "what was not sent changes nothing");
    nt_frame_reader_done(&reader);
}

/* Payloads ----------------------------------------------------------------------------------------- */

static void make_spawn(struct nt_spawn *spawn)
{
    struct error err = {0};

    *spawn = (struct nt_spawn){.cwd = strdup("C:\\w"),
                               .desktop = strdup("WinSta0\\x"),
                               .token_flags = 7,
                               .memory_bytes = 0x123456789a,
                               .has_terminal = true,
                               .columns = 80,
                               .rows = 24};
    cr_assert_eq(text_list_add(&spawn->argv, "cmd", &err), 0);
    cr_assert_eq(text_list_add(&spawn->argv, "", &err), 0);
    cr_assert_eq(text_list_add(&spawn->env, "A=\xc3\xa9", &err), 0);
    cr_assert_eq(text_list_add(&spawn->restrict_to, "S-1-1-0", &err), 0);
}

Test(spawn, request_comes_back_and_every_cut_is_refused)
{
    AUTO_BUFFER struct buffer bytes = BUFFER_EMPTY;
    struct nt_spawn spawn;
    struct nt_spawn back = {0};
    struct error err = {0};

    make_spawn(&spawn);
    nt_spawn_encode(&spawn, &bytes);
    cr_assert_eq(nt_spawn_decode((const uint8_t *)bytes.data, bytes.size, &back, &err), 0, "%s",
                 err.message);
    cr_assert_eq(back.argv.count, 2u);
    cr_assert_str_eq(back.env.items[0], "A=\xc3\xa9");
    cr_assert_eq(back.memory_bytes, 0x123456789au);
    cr_assert(back.has_terminal);
    nt_spawn_done(&back);
    for (size_t size = 0; size < bytes.size; size++)
        cr_assert_eq(nt_spawn_decode((const uint8_t *)bytes.data, size, &back, &err), -1,
                     "%zu of %zu bytes", size, bytes.size);
    buffer_add_byte(&bytes, 0);
    cr_assert_eq(nt_spawn_decode((const uint8_t *)bytes.data, bytes.size, &back, &err), -1,
                 "one byte too many");
    nt_spawn_done(&spawn);
}

/* What a later version may mean by it, this one would leave out. */
Test(spawn, flags_that_are_not_known_are_refused)
{
    for (int which = 0; which < 3; which++) {
        AUTO_BUFFER struct buffer bytes = BUFFER_EMPTY;
        struct nt_spawn spawn;
        struct nt_spawn back = {0};
        struct error err = {0};

        make_spawn(&spawn);
        spawn.token_flags |= which == 0 ? 8 : 0;
        spawn.job_flags |= which == 1 ? 16 : 0;
        nt_spawn_encode(&spawn, &bytes);
        if (which == 2)
            bytes.data[bytes.size - 12] = 2; /* has_terminal, before columns and rows */
        cr_assert_eq(nt_spawn_decode((const uint8_t *)bytes.data, bytes.size, &back, &err), -1,
                     "case %d", which);
        cr_assert_eq(err.code, ERR_PROTOCOL);
        nt_spawn_done(&spawn);
    }
}

Test(spawn, changed_bytes_never_crash_and_hostile_counts_cost_nothing)
{
    AUTO_BUFFER struct buffer bytes = BUFFER_EMPTY;
    struct nt_spawn spawn;
    struct error err = {0};

    make_spawn(&spawn);
    nt_spawn_encode(&spawn, &bytes);
    for (size_t at = 0; at < bytes.size; at++) {
        char kept = bytes.data[at];

        for (int value = 0; value < 256; value += 17) {
            struct nt_spawn back = {0};

            bytes.data[at] = (char)value;
            if (nt_spawn_decode((const uint8_t *)bytes.data, bytes.size, &back, &err) == 0)
                nt_spawn_done(&back);
        }
        bytes.data[at] = kept;
    }
    nt_spawn_done(&spawn);
}

Test(spawn, set_up_request_comes_back_and_damage_is_seen)
{
    char user[] = "S-1-5-21-1-2-3-1001";
    char state[] = "C:\\ProgramData\\Holdfast";
    char report[] = "";
    struct nt_setup_payload payload = {NT_SETUP_INSTALL, user, state, report, false, true};
    struct nt_setup_payload back = {0};
    struct error err = {0};
    AUTO_FREE char *text = nt_setup_payload_encode(&payload, &err);

    cr_assert_not_null(text, "%s", err.message);
    cr_assert_eq(nt_setup_payload_decode(text, &back, &err), 0, "%s", err.message);
    cr_assert_str_eq(back.state, state);
    cr_assert(back.has_no_strict_rules && !back.is_published);
    nt_setup_payload_done(&back);
    for (size_t at = 0; text[at] != '\0'; at++) {
        char kept = text[at];

        text[at] = kept == 'A' ? 'B' : 'A';
        cr_assert_eq(nt_setup_payload_decode(text, &back, &err), -1, "character %zu changed", at);
        text[at] = kept;
    }
    payload.user[0] = 'x';
    free(text);
    text = nt_setup_payload_encode(&payload, &err);
    cr_assert_eq(nt_setup_payload_decode(text, &back, &err), -1, "no SID");
}

Test(spawn, errors_travel)
{
    AUTO_BUFFER struct buffer bytes = BUFFER_EMPTY;
    struct error from = {0};
    struct error to = {0};
    struct error err = {0};

    (void)error_set(&from, ERR_OS, "CreateProcess cmd.exe: 5");
    from.os_code = 5;
    (void)error_hint(&from, "hint");
    nt_error_encode(&from, &bytes);
    cr_assert_eq(nt_error_decode((const uint8_t *)bytes.data, bytes.size, &to, &err), 0);
    cr_assert_eq(to.code, ERR_OS);
    cr_assert_eq(to.os_code, 5);
    cr_assert_str_eq(to.message, from.message);
    cr_assert_str_eq(to.hint, "hint");
    cr_assert_eq(nt_error_decode((const uint8_t *)bytes.data, bytes.size - 1, &to, &err), -1);
}
