#include "base/test.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"

Test(error, names_the_call_the_object_and_the_reason)
{
    struct error err;

    cr_assert_eq(error_os(&err, ENOENT, "open %s", "/x"), -1);
    cr_assert_eq(err.code, ERR_OS);
    cr_assert_eq(err.os_code, ENOENT);
    cr_assert_str_eq(err.message, "open /x: No such file or directory");
    cr_assert_eq(error_wrap(&err, "step %d", 3), -1);
    cr_assert_str_eq(err.message, "step 3: open /x: No such file or directory");
    cr_assert_eq(err.os_code, ENOENT, "wrapping keeps the code");
}

Test(error, cuts_what_is_too_long)
{
    struct error err;
    char big[2000];

    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    (void)error_set(&err, ERR_INVALID, "%s", big);
    (void)error_wrap(&err, "%s", big);
    (void)error_hint(&err, "%s", big);
    cr_assert_eq(strlen(err.message), sizeof err.message - 1);
    cr_assert_eq(strlen(err.hint), sizeof err.hint - 1);
}
