#include "sandbox/environment.h"

#include <stdlib.h>
#include <string.h>

#include "base/test.h"

static char *const caller[] = {(char *)"PATH=/bin",
                               (char *)"TMPDIR=/tmp/u",
                               (char *)"A_TOKEN=x",
                               (char *)"CI=0",
                               (char *)"http_proxy=http://user:word@proxy:3128",
                               (char *)"MONGO=mongodb+srv://user:word@host/db?x=1",
                               (char *)"LIST=http://a:1/ http://user:word@b",
                               (char *)"plain_proxy=http://proxy:3128/a:b@c",
                               (char *)"REMOTE=ssh://git@host:22/x",
                               (char *)"broken",
                               (char *)"=odd",
                               (char *)"HOLDFAST_SANDBOX=none",
                               NULL};

static const char *find(char *const *envp, const char *name)
{
    size_t length = strlen(name);

    for (; *envp != NULL; envp++) {
        if (strncmp(*envp, name, length) == 0 && (*envp)[length] == '=')
            return *envp + length + 1;
    }
    return NULL;
}

Test(environment, keeps_sets_and_drops)
{
    struct policy policy;
    struct error err = {0};
    char **envp;

    cr_assert_eq(policy_init(&policy, &err), 0);
    cr_assert_eq(policy_add_env(&policy, "CI=1", &err), 0);
    envp = environment_build(&policy, caller, "HOLDFAST_SANDBOX=linux-namespace", &err);
    cr_assert_not_null(envp);
    cr_assert_str_eq(find(envp, "PATH"), "/bin");
    cr_assert_str_eq(find(envp, "CI"), "1");
    cr_assert_null(find(envp, "A_TOKEN"));
    cr_assert_null(find(envp, "http_proxy"), "it has a password");
    cr_assert_null(find(envp, "MONGO"), "it has a password");
    cr_assert_null(find(envp, "LIST"), "the second has a password");
    cr_assert_not_null(find(envp, "plain_proxy"));
    cr_assert_not_null(find(envp, "REMOTE"));
    cr_assert_null(find(envp, "TMPDIR"), "it leads outside");
    cr_assert_str_eq(find(envp, "HOLDFAST_SANDBOX"), "linux-namespace");
    for (size_t i = 0; envp[i] != NULL; i++)
        cr_assert(envp[i][0] != '=' && strchr(envp[i], '=') != NULL, "%s", envp[i]);
    free(envp);
    policy_done(&policy);
}

Test(environment, says_itself_which_sandbox_this_is)
{
    struct policy policy;
    struct error err = {0};
    char **envp;
    int said = 0;

    cr_assert_eq(policy_init(&policy, &err), 0);
    cr_assert_eq(policy_add_env(&policy, "HOLDFAST_SANDBOX=no", &err), 0);
    envp = environment_build(&policy, caller, "HOLDFAST_SANDBOX=linux-namespace", &err);
    cr_assert_not_null(envp);
    for (size_t i = 0; envp[i] != NULL; i++)
        said += strncmp(envp[i], "HOLDFAST_SANDBOX=", 17) == 0;
    cr_assert_eq(said, 1);
    cr_assert_str_eq(find(envp, "HOLDFAST_SANDBOX"), "linux-namespace");
    free(envp);
    policy_done(&policy);
}

Test(environment, passes_tmpdir_on_when_told_or_when_tmp_is_shared)
{
    struct policy policy;
    struct error err = {0};
    char **envp;

    cr_assert_eq(policy_init(&policy, &err), 0);
    cr_assert_eq(policy_add_env(&policy, "TMPDIR", &err), 0);
    cr_assert_eq(policy_add_env(&policy, "http_proxy", &err), 0);
    envp = environment_build(&policy, caller, "M=x", &err);
    cr_assert_not_null(find(envp, "TMPDIR"));
    cr_assert_not_null(find(envp, "http_proxy"), "passed on by name");
    free(envp);
    policy_done(&policy);
    cr_assert_eq(policy_init(&policy, &err), 0);
    policy.tmp = TMP_HOST;
    envp = environment_build(&policy, caller, "M=x", &err);
    cr_assert_not_null(find(envp, "TMPDIR"));
    free(envp);
    policy_done(&policy);
}
