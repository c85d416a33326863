#include "base/test.h"

#include <string.h>

#include "base/os.h"
#include "sandbox/windows_password.h"

Test(windows_password, has_every_class_and_every_character_equally_often)
{
    enum {
        ROUNDS = 4000
    };
    size_t seen[128] = {0};
    size_t made = 0;
    size_t kinds = 0;
    size_t least = SIZE_MAX;
    size_t most = 0;
    struct error err;

    for (size_t i = 0; i < ROUNDS; i++) {
        uint8_t random[WINDOWS_PASSWORD_RANDOM];
        char password[WINDOWS_PASSWORD_LENGTH + 1];

        cr_assert_eq(os_random(random, sizeof random, &err), 0);
        if (!windows_password(random, password))
            continue;
        made++;
        cr_assert_eq(strlen(password), (size_t)WINDOWS_PASSWORD_LENGTH);
        cr_assert_null(strpbrk(password, "\"\\'%`> "), "%s", password);
        for (const char *at = password; *at != '\0'; at++)
            seen[(unsigned char)*at]++;
    }
    cr_assert(made > ROUNDS * 9 / 10, "%zu of %d", made, ROUNDS);
    for (size_t i = 0; i < 128; i++) {
        if (seen[i] == 0)
            continue;
        kinds++;
        least = seen[i] < least ? seen[i] : least;
        most = seen[i] > most ? seen[i] : most;
    }
    cr_assert_eq(kinds, 88u, "%zu", kinds);
    /* About 1800 each; a modulo without rejection would give some twice as many as others. */
    cr_assert(most < least * 3 / 2, "%zu to %zu", least, most);
}

Test(windows_password, refuses_bytes_that_make_a_poor_one)
{
    uint8_t random[WINDOWS_PASSWORD_RANDOM] = {0};
    char password[WINDOWS_PASSWORD_LENGTH + 1];

    cr_assert(!windows_password(random, password), "AAAA...");
    memset(random, 255, sizeof random);
    cr_assert(!windows_password(random, password), "none of these is fair");
}
