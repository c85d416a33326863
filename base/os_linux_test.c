#include "base/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/os.h"

Test(os, home_is_the_accounts_where_the_environment_says_nothing)
{
    AUTO_FREE char *of_account = NULL;

    cr_assert_eq(setenv("HOME", "/somewhere", 1), 0);
    cr_assert_str_eq(os_home(), "/somewhere");
    cr_assert_eq(unsetenv("HOME"), 0);
    if (os_home() == NULL)
        cr_skip_test("this user has no line in /etc/passwd");
    of_account = strdup(os_home());
    cr_assert_eq(of_account[0], '/');
    cr_assert_eq(setenv("HOME", "relative", 1), 0);
    cr_assert_str_eq(os_home(), of_account, "a relative one is none");
}
