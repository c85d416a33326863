/* Our quoting against the one who reads it: CommandLineToArgvW and the C run-time of a real program. */
#include "base/test.h"

#include "sandbox/windows/win.h"

#include <shellapi.h>

#include <stdlib.h>
#include <string.h>

#include "sandbox/nt/quote.h"
#include "sandbox/nt/upcase.h"

enum {
    ROUNDS = 3000,
    WORDS = 6,
    LENGTH = 12,
};

static unsigned state = 20261121;

static unsigned next_random(unsigned below)
{
    state = state * 1103515245u + 12345u;
    return (state >> 16) % below;
}

static void make_word(char word[LENGTH + 1])
{
    static const char characters[] = "ab \t\"\"\\\\\\%^&|<>!'()";
    unsigned length = next_random(LENGTH);

    for (unsigned i = 0; i < length; i++)
        word[i] = characters[next_random(sizeof characters - 1)];
    word[length] = '\0';
}

/* ntdll's, which MinGW's headers do not have. */
WCHAR NTAPI RtlUpcaseUnicodeChar(WCHAR unit);

Test(win_quote, upper_case_is_what_ntdll_makes_of_every_unit)
{
    for (unsigned unit = 0; unit < 0x10000; unit++)
        cr_assert_eq(nt_upcase((uint16_t)unit), RtlUpcaseUnicodeChar((WCHAR)unit), "U+%04x", unit);
}

Test(win_quote, the_reader_of_windows_gets_every_word_back)
{
    for (int round = 0; round < ROUNDS; round++) {
        char words[WORDS][LENGTH + 1];
        char *programs[] = {(char *)"C:\\a b\\program.exe", (char *)"plain\\", (char *)"a\nb",
                            (char *)"\x01"};
        char *argv[WORDS + 2] = {programs[round % 4]};
        struct error err = {0};
        AUTO_FREE char *line = NULL;
        AUTO_FREE wchar_t *wide = NULL;
        AUTO_LOCAL wchar_t **read = NULL;
        int count = 0;

        for (size_t i = 0; i < WORDS; i++) {
            make_word(words[i]);
            argv[i + 1] = words[i];
        }
        line = nt_quote(argv, &err);
        cr_assert_not_null(line, "%s", err.message);
        wide = win_wide(line, &err);
        read = CommandLineToArgvW(wide, &count);
        cr_assert_not_null(read);
        cr_assert_eq(count, WORDS + 1, "%s", line);
        for (int i = 0; i < count; i++) {
            AUTO_FREE char *got = win_narrow(read[i], &err);

            cr_assert_str_eq(got, argv[i], "word %d of %s", i, line);
        }
    }
}
