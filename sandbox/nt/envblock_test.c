#include "base/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "sandbox/nt/envblock.h"
#include "sandbox/nt/utf16.h"

Test(envblock, is_sorted_without_case_and_ends_with_two_nuls)
{
    char b[] = "b=2";
    char upper[] = "A=1";
    char drive[] = "=C:=C:\\x";
    char underscore[] = "B_=3";
    char again[] = "B=4";
    char *variables[] = {b, upper, drive, underscore, again, NULL};
    static const char wanted[] = "=C:=C:\\x\0A=1\0B=4\0B_=3\0";
    struct error err = {0};
    size_t units = 0;
    AUTO_FREE uint16_t *block = nt_envblock(variables, &units, &err);

    cr_assert_not_null(block, "%s", err.message);
    cr_assert_eq(units, sizeof wanted);
    for (size_t i = 0; i < units; i++)
        cr_assert_eq(block[i], (uint16_t)(unsigned char)wanted[i], "unit %zu", i);
}

/* By units of upper case: the letter above the BMP, in two units, comes before U+FF21, whose bytes in UTF-8
 * are smaller; a-umlaut of either case is one name; the long s is no S to Windows. */
Test(envblock, foreign_letters_are_sorted_and_told_apart_as_windows_does)
{
    static const char *const given[] = {
        "\xef\xbc\xa1=1", "\xf0\x90\x90\x80=2", "\xc3\xa4x=3", "Z=4",
        "\xc3\x84X=5",    "\xc3\x9f=6",         "\xc5\xbf=7",  "s=8"};
    static const char *const wanted[] = {"s=8",           "Z=4",        "\xc3\x84X=5",
                                         "\xc3\x9f=6",    "\xc5\xbf=7", "\xf0\x90\x90\x80=2",
                                         "\xef\xbc\xa1=1"};
    char words[ARRAY_SIZE(given)][16];
    char *variables[ARRAY_SIZE(given) + 1] = {NULL};
    struct error err = {0};
    size_t units = 0;
    size_t at = 0;
    AUTO_FREE uint16_t *block = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(given); i++) {
        (void)snprintf(words[i], sizeof words[i], "%s", given[i]);
        variables[i] = words[i];
    }
    block = nt_envblock(variables, &units, &err);
    cr_assert_not_null(block, "%s", err.message);
    for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
        size_t length = 0;
        AUTO_FREE char *found = NULL;

        while (block[at + length] != 0)
            length++;
        found = nt_utf8_from_utf16(block + at, length, &err);
        cr_assert_str_eq(found, wanted[i], "place %zu", i);
        at += length + 1;
    }
    cr_assert_eq(units, at + 1);
    cr_assert_str_eq(nt_env_get(variables, "\xc3\xa4X"), "5");
}

Test(envblock, nothing_at_all_is_two_nuls_and_nameless_is_refused)
{
    char nameless[] = "x";
    char *none[] = {NULL};
    char *bad[] = {nameless, NULL};
    struct error err = {0};
    size_t units = 0;
    AUTO_FREE uint16_t *block = nt_envblock(none, &units, &err);

    cr_assert_not_null(block);
    cr_assert_eq(units, 2u);
    cr_assert_eq(block[0] | block[1], 0);
    cr_assert_null(nt_envblock(bad, &units, &err));
}

Test(envblock, variables_are_found_and_set_without_case)
{
    struct text_list list = {0};
    struct error err = {0};
    char *none[] = {NULL};

    cr_assert_eq(nt_env_set(&list, "Path=a", &err), 0);
    cr_assert_eq(nt_env_set(&list, "PATH=b", &err), 0);
    cr_assert_eq(list.count, 1u);
    cr_assert_eq(text_list_add(&list, "X=1", &err), 0);
    {
        char *array[] = {list.items[0], list.items[1], NULL};

        cr_assert_str_eq(nt_env_get(array, "path"), "b");
        cr_assert_null(nt_env_get(array, "pat"));
    }
    cr_assert_null(nt_env_get(none, "PATH"));
    text_list_done(&list);
}

Test(envblock, another_account_brings_its_own_places)
{
    char *own[] = {(char *)"USERPROFILE=C:\\Users\\HoldfastOffline",
                   (char *)"username=HoldfastOffline", (char *)"PATH=C:\\its", NULL};
    struct text_list list = {0};
    struct error err = {0};
    static const char *const given[] = {"PATH=C:\\mine",     "UserProfile=C:\\Users\\u",
                                        "USERNAME=u",        "APPDATA=C:\\u\\a",
                                        "HOME=C:\\Users\\u", "HOMEX=stays"};

    for (size_t i = 0; i < ARRAY_SIZE(given); i++)
        cr_assert_eq(text_list_add(&list, given[i], &err), 0);
    cr_assert_eq(nt_env_adopt(&list, own, &err), 0, "%s", err.message);
    cr_assert(text_list_has(&list, "PATH=C:\\mine"), "what is not personal stays the user's");
    cr_assert(text_list_has(&list, "HOMEX=stays"));
    cr_assert(text_list_has(&list, "USERPROFILE=C:\\Users\\HoldfastOffline"));
    cr_assert(text_list_has(&list, "HOME=C:\\Users\\HoldfastOffline"));
    cr_assert(text_list_has(&list, "USERNAME=HoldfastOffline"));
    cr_assert_eq(list.count, 5u, "%zu: APPDATA, which the account lacks, is gone", list.count);
    text_list_done(&list);
}

Test(envblock, git_is_told_of_each_root_behind_what_it_was_told)
{
    struct text_list list = {0};
    struct error err = {0};

    cr_assert_eq(text_list_add(&list, "GIT_CONFIG_COUNT=1", &err), 0);
    cr_assert_eq(text_list_add(&list, "GIT_CONFIG_KEY_0=user.name", &err), 0);
    cr_assert_eq(text_list_add(&list, "GIT_CONFIG_VALUE_0=u", &err), 0);
    cr_assert_eq(nt_env_trust_git(&list, "C:\\work\\a b", &err), 0, "%s", err.message);
    cr_assert_eq(nt_env_trust_git(&list, "D:\\c", &err), 0, "%s", err.message);
    cr_assert(text_list_has(&list, "GIT_CONFIG_COUNT=3"));
    cr_assert(text_list_has(&list, "GIT_CONFIG_KEY_0=user.name"), "the user's own stays");
    cr_assert(text_list_has(&list, "GIT_CONFIG_KEY_1=safe.directory"));
    cr_assert(text_list_has(&list, "GIT_CONFIG_VALUE_1=C:/work/a b"));
    cr_assert(text_list_has(&list, "GIT_CONFIG_VALUE_2=D:/c"));
    cr_assert_eq(list.count, 7u);
    text_list_done(&list);
}

/* The published stubs held a literal backslash-r-backslash-n (codex-sandbox-facts.md, 1.6). */
Test(envblock, stubs_have_real_line_ends)
{
    for (size_t i = 0; i < nt_stub_count; i++) {
        const char *at = nt_stubs[i].content;
        size_t lines = 0;

        for (; *at != '\0'; at++) {
            cr_assert(*at != '\\', "%s", nt_stubs[i].name);
            if (*at == '\n') {
                cr_assert_eq(at[-1], '\r', "%s", nt_stubs[i].name);
                lines++;
            }
        }
        cr_assert_eq(lines, 3u);
    }
}

Test(envblock, pathext_and_path_put_the_stubs_first_and_only_once)
{
    struct error err = {0};
    AUTO_FREE char *standard = nt_pathext_for_stubs(NULL, &err);
    AUTO_FREE char *given = nt_pathext_for_stubs(".EXE;;.Bat;.PS1", &err);
    AUTO_FREE char *once = nt_path_with("C:\\stubs", "C:\\a;C:\\b", &err);
    AUTO_FREE char *twice = nt_path_with("C:\\stubs", once, &err);
    AUTO_FREE char *alone = nt_path_with("C:\\stubs", NULL, &err);
    AUTO_FREE char *alike = nt_path_with("C:\\stubs", "C:\\stubs2", &err);

    cr_assert_str_eq(standard, ".BAT;.CMD;.COM;.EXE");
    cr_assert_str_eq(given, ".BAT;.CMD;.EXE;.PS1");
    cr_assert_str_eq(once, "C:\\stubs;C:\\a;C:\\b");
    cr_assert_str_eq(twice, once);
    cr_assert_str_eq(alone, "C:\\stubs");
    cr_assert_str_eq(alike, "C:\\stubs;C:\\stubs2");
}
