#include "sandbox/policy.h"

#include <string.h>

#include "base/test.h"

static const struct policy_place posix = {.style = PATH_POSIX, .home = "/home/u"};

static int read_text(struct policy *policy, const char *text, struct error *err)
{
    return policy_read_json(policy, text, strlen(text), err);
}

static void refuses(const char *json, const char *because)
{
    struct policy policy;
    struct error err = {0};
    int result;

    cr_assert_eq(policy_init(&policy, &err), 0);
    result = read_text(&policy, json, &err);
    if (result == 0)
        result = policy_check(&policy, &posix, &err);
    cr_assert_eq(result, -1, "accepted: %s", json);
    cr_assert(strstr(err.message, because) != NULL, "%s: says \"%s\"", json, err.message);
    cr_assert(err.hint[0] != '\0', "%s: no hint beside \"%s\"", json, err.message);
    policy_done(&policy);
}

Test(policy, protects_three_names_by_default)
{
    struct policy policy;
    struct error err = {0};

    cr_assert_eq(policy_init(&policy, &err), 0);
    cr_assert(text_list_has(&policy.protect, ".git"));
    cr_assert(text_list_has(&policy.protect, ".codex"));
    cr_assert(text_list_has(&policy.protect, ".agents"));
    cr_assert_eq(policy.network, NETWORK_NONE);
    cr_assert_eq(policy.tmp, TMP_PRIVATE);
    policy_done(&policy);
}

Test(policy, reads_every_key)
{
    struct policy policy;
    struct error err = {0};

    cr_assert_eq(policy_init(&policy, &err), 0);
    cr_assert_eq(
        read_text(&policy,
                  "{\"workspace\": \"/home/u/p//\", \"writable\": [\"/var/cache/x/./\"],"
                  " \"protect\": [\".git\", \".secret\"], \"deny_read\": [\"/home/u/.ssh\"],"
                  " \"network\": \"loopback\", \"tmp\": \"host\", \"git\": \"commit\","
                  " \"env\": {\"keep\": [\"PATH\"], \"pass\": [\"CI_TOKEN\"],"
                  "           \"set\": {\"CI\": \"1=2\"}, \"drop\": [\"X_*\"]},"
                  " \"limits\": {\"timeout_s\": 600, \"processes\": 512, \"memory_bytes\": 4096,"
                  "              \"file_bytes\": 1, \"tmp_bytes\": 2}}",
                  &err),
        0, "%s", err.message);
    cr_assert_eq(policy_check(&policy, &posix, &err), 0, "%s", err.message);
    cr_assert_str_eq(policy.workspace, "/home/u/p");
    cr_assert_str_eq(policy.writable.items[0], "/var/cache/x");
    cr_assert_eq(policy.protect.count, 2, "the key replaces the default names");
    cr_assert_eq(policy.network, NETWORK_LOOPBACK);
    cr_assert_eq(policy.tmp, TMP_HOST);
    cr_assert_eq(policy.git, GIT_COMMIT);
    cr_assert_str_eq(policy.env.set.items[0], "CI=1=2");
    cr_assert_eq(policy.limits.timeout_s, 600);
    cr_assert_eq(policy.limits.tmp_bytes, 2);
    policy_done(&policy);
}

Test(policy, rejects_relative_root)
{
    refuses("{\"workspace\": \"p\"}", "workspace: \"p\" is not an absolute path");
    refuses("{\"workspace\": \"\"}", "workspace: \"\" is not an absolute path");
    refuses("{\"workspace\": \"/p\", \"writable\": [\"./x\"]}", "writable: \"./x\"");
    refuses("{\"workspace\": \"/p\", \"deny_read\": [\"~/.ssh\"]}", "deny_read: \"~/.ssh\"");
}

Test(policy, rejects_missing_workspace)
{
    refuses("{}", "workspace: missing");
}

Test(policy, rejects_top_and_home_as_root)
{
    refuses("{\"workspace\": \"/\"}", "\"/\"");
    refuses("{\"workspace\": \"//.//\"}", "\"/\"");
    refuses("{\"workspace\": \"/home/u\"}", "home directory");
    refuses("{\"workspace\": \"/home/u/\"}", "home directory");
    refuses("{\"workspace\": \"/home\"}", "home directory");
    refuses("{\"workspace\": \"/p\", \"writable\": [\"/home/u/.\"]}", "writable: \"/home/u\"");
    refuses("{\"workspace\": \"/p\", \"deny_read\": [\"/\"]}", "deny_read");
}

Test(policy, rejects_drive_root_and_profile)
{
    const struct policy_place windows = {.style = PATH_WINDOWS, .home = "C:\\Users\\u"};
    static const char *const paths[] = {
        "C:\\", "c:/", "C:\\Users\\u", "C:\\USERS\\U\\", "\\\\server\\share", "C:\\Users"};

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct policy policy;
        struct error err = {0};

        cr_assert_eq(policy_init(&policy, &err), 0);
        cr_assert_eq(policy_set_workspace(&policy, paths[i], &err), 0);
        cr_assert_eq(policy_check(&policy, &windows, &err), -1, "accepted %s", paths[i]);
        cr_assert_eq(err.code, ERR_REFUSED, "%s", paths[i]);
        policy_done(&policy);
    }
}

Test(policy, accepts_a_directory_below_home)
{
    struct policy policy;
    struct error err = {0};

    cr_assert_eq(policy_init(&policy, &err), 0);
    cr_assert_eq(policy_set_workspace(&policy, "/home/u/p", &err), 0);
    cr_assert_eq(policy_check(&policy, &posix, &err), 0, "%s", err.message);
    policy_done(&policy);
}

Test(policy, rejects_unknown_keys_at_every_level)
{
    refuses("{\"workspace\": \"/p\", \"writeable\": []}", "unknown key \"writeable\"");
    refuses("{\"env\": {\"keeps\": []}}", "unknown key \"env.keeps\"");
    refuses("{\"limits\": {\"time\": 1}}", "unknown key \"limits.time\"");
}

Test(policy, rejects_wrong_types_and_values)
{
    refuses("[]", "array");
    refuses("{\"workspace\": 1}", "workspace");
    refuses("{\"writable\": \"/x\"}", "writable");
    refuses("{\"writable\": [1]}", "writable");
    refuses("{\"protect\": [null]}", "protect");
    refuses("{\"network\": \"all\"}", "\"all\"");
    refuses("{\"network\": \"None\"}", "\"None\"");
    refuses("{\"tmp\": \"shared\"}", "\"shared\"");
    refuses("{\"git\": \"write\"}", "\"write\"");
    refuses("{\"env\": {\"set\": {\"A\": 1}}}", "env.set");
    refuses("{\"env\": {\"set\": {\"\": \"x\"}}}", "\"\"");
    refuses("{\"env\": {\"set\": {\"A=B\": \"x\"}}}", "\"A=B\"");
    refuses("{\"workspace\": \"/p\", \"env\": {\"keep\": [\"A=B\"]}}", "\"A=B\"");
    refuses("{\"limits\": {\"timeout_s\": -1}}", "-1");
    refuses("{\"limits\": {\"timeout_s\": 1.5}}", "1.5");
    refuses("{\"limits\": {\"processes\": 99999999999999999999}}", "99999999999999999999");
}

Test(policy, rejects_protected_names_that_are_paths)
{
    refuses("{\"workspace\": \"/p\", \"protect\": [\"a/b\"]}", "\"a/b\" is not a name");
    refuses("{\"workspace\": \"/p\", \"protect\": [\"..\"]}", "\"..\" is not a name");
    refuses("{\"workspace\": \"/p\", \"protect\": [\"\"]}", "\"\" is not a name");
}

Test(policy, drops_variables_that_look_like_secrets)
{
    static const char *const dropped[] = {
        "GITHUB_TOKEN", "OPENAI_API_KEY",   "AWS_SECRET_ACCESS_KEY",
        "AWS_PROFILE",  "npm_config__auth", "DB_PASSWORD",
        "MYSQL_PWD",    "SSH_AUTH_SOCK",    "DBUS_SESSION_BUS_ADDRESS",
        "KUBECONFIG",   "XDG_RUNTIME_DIR",  "TOKEN",
        "A_COOKIE",     "NPM_AUTH_LINE",    "Stripe_Secret_Live",
        "PGPASSWORD",   "SSHPASS",          "X_CLIENTSECRET"};
    static const char *const kept[] = {
        "PATH", "HOME", "PWD",    "OLDPWD",   "LANG",
        "TERM", "CC",   "MONKEY", "KEYBOARD", "TOKENIZERS_PARALLELISM",
        "USER"};
    const struct policy_env env = {0};

    for (size_t i = 0; i < sizeof dropped / sizeof dropped[0]; i++)
        cr_assert(!policy_env_keeps(&env, dropped[i]), "%s is kept", dropped[i]);
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        cr_assert(policy_env_keeps(&env, kept[i]), "%s is dropped", kept[i]);
}

Test(policy, lets_the_user_decide_about_variables)
{
    struct policy policy;
    struct error err = {0};

    cr_assert_eq(policy_init(&policy, &err), 0);
    cr_assert_eq(policy_add_env(&policy, "CI_TOKEN", &err), 0);
    cr_assert_eq(policy_add_env(&policy, "A=b=c", &err), 0);
    cr_assert_eq(policy_add_env(&policy, "=x", &err), -1);
    cr_assert(policy_env_keeps(&policy.env, "CI_TOKEN"));
    cr_assert(!policy_env_keeps(&policy.env, "CD_TOKEN"));
    cr_assert_eq(text_list_add(&policy.env.drop, "PA*", &err), 0);
    cr_assert(!policy_env_keeps(&policy.env, "PATH"));
    cr_assert_eq(text_list_add(&policy.env.keep, "LC_*", &err), 0);
    cr_assert(policy_env_keeps(&policy.env, "LC_ALL"));
    cr_assert(!policy_env_keeps(&policy.env, "TERM"), "a keep list keeps nothing else");
    policy_done(&policy);
}
