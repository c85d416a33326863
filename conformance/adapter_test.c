#include "base/test.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buffer.h"
#include "base/os.h"
#include "conformance/adapter.h"

static const char *const command[] = {"prog", "a b", "{workspace}", NULL};
static const char *const writable[] = {"/x", NULL};
static const char *const protect[] = {"/w/.git", NULL};
static const char *const deny[] = {"/s", NULL};
static const char *const deny_file[] = {"/s2/key", NULL};

static struct adapter_policy example(void)
{
    struct adapter_policy policy = {
        .workspace = "/w",
        .writable = writable,
        .protect = protect,
        .deny_read = deny,
        .deny_read_file = deny_file,
        .network = "none",
        .cwd = "/w",
        .home = "/h",
        .tmp = "/t",
        .policy_file = "/p.json",
        .programs = "/bin",
        .peers = "/peers",
    };

    return policy;
}

/* Reads an adapter from text by way of a file, as users do. */
static int read_text(struct adapter *adapter, const char *text, struct error *err)
{
    char path[64];
    int result;

    (void)snprintf(path, sizeof path, "adapter-test-%ld.tmp", (long)getpid());
    if (os_replace_file(path, text, strlen(text), err) < 0)
        return -1;
    result = adapter_read(adapter, path, err);
    (void)remove(path);
    return result;
}

static void expect_expansion(const char *text, const struct adapter_policy *policy,
                             const char *wanted)
{
    struct adapter adapter = {0};
    struct error err = {0};
    AUTO_BUFFER struct buffer joined = BUFFER_EMPTY;
    char **words;

    cr_assert_eq(read_text(&adapter, text, &err), 0, "%s", err.message);
    words = adapter_expand(&adapter, policy, command, &err);
    cr_assert_not_null(words, "%s", err.message);
    for (size_t i = 0; words[i] != NULL; i++)
        buffer_printf(&joined, "%s|", words[i]);
    cr_assert_str_eq(buffer_text(&joined), wanted, "got %s", buffer_text(&joined));
    adapter_free_words(words);
    adapter_done(&adapter);
}

static void expect_refusal(const char *text, const char *complaint)
{
    struct adapter adapter = {0};
    struct error err = {0};

    cr_assert_eq(read_text(&adapter, text, &err), -1, "accepted: %s", text);
    cr_assert_not_null(strstr(err.message, complaint), "said: %s", err.message);
}

Test(adapter, lists_are_expanded_and_the_command_is_left_alone)
{
    struct adapter_policy policy = example();

    expect_expansion(
        "{\"name\":\"b\",\"platforms\":[\"linux\"],\"command\":[\"b\",\"{writable...}\","
        "\"{protect...}\",\"{deny_read...}\",\"{network...}\",\"--\",\"{command...}\"],"
        "\"each\":{\"writable\":[\"--bind\",\"{path}\",\"{path}\"],"
        "\"protect\":[\"--ro\",\"{path}\"],\"deny_read\":[\"--tmpfs\",\"{path}\"],"
        "\"deny_read_file\":[\"--null\",\"{path}\"],\"network:none\":[\"--unshare-net\"]}}",
        &policy,
        "b|--bind|/w|/w|--bind|/x|/x|--ro|/w/.git|--tmpfs|/s|--null|/s2/key|--unshare-net|--|"
        "prog|a b|{workspace}|");
}

Test(adapter, places_inside_words_and_roots_without_the_workspace)
{
    struct adapter_policy policy = example();

    policy.timeout_s = 7;
    expect_expansion("{\"name\":\"o\",\"platforms\":[\"linux\"],\"command\":[\"{programs}/"
                     "o\",\"--ws={workspace}\","
                     "\"{roots...}\",\"{timeout...}\",\"{not-a-place}\",\"{command...}\"],"
                     "\"each\":{\"writable\":[\"-w{path}\"],\"timeout\":[\"-t\",\"{seconds}\"]}}",
                     &policy, "/bin/o|--ws=/w|-w/x|-t|7|{not-a-place}|prog|a b|{workspace}|");
}

Test(adapter, a_script_gets_policy_and_command)
{
    struct adapter_policy policy = example();

    struct error err = {0};
    AUTO_FREE char *folder = os_absolute_path(".", &err);
    char wanted[4096];

    (void)snprintf(wanted, sizeof wanted, "%s/run.sh|/p.json|--|prog|a b|{workspace}|", folder);
    expect_expansion("{\"name\":\"s\",\"platforms\":[\"linux\"],\"exec\":\"run.sh\"}", &policy,
                     wanted);
}

Test(adapter, a_script_gets_lists_as_lines_in_its_environment)
{
    struct adapter_policy policy = example();
    struct adapter adapter = {0};
    struct error err = {0};
    bool is_found = false;
    char **env;

    cr_assert_eq(read_text(&adapter,
                           "{\"name\":\"s\",\"platforms\":[],\"exec\":\"/r\","
                           "\"env\":{\"A\":\"{home}/x\"}}",
                           &err),
                 0, "%s", err.message);
    env = adapter_expand_env(&adapter, &policy, &err);
    cr_assert_not_null(env, "%s", err.message);
    cr_assert_str_eq(env[0], "A=/h/x");
    for (size_t i = 0; env[i] != NULL; i++)
        is_found = is_found || strcmp(env[i], "HOLDFAST_WRITABLE=\"/w\"\n\"/x\"\n") == 0;
    cr_assert(is_found);
    adapter_free_words(env);
    adapter_done(&adapter);
}

Test(adapter, what_it_cannot_say_has_a_reason)
{
    struct adapter adapter = {0};
    struct error err = {0};

    cr_assert_eq(read_text(&adapter,
                           "{\"name\":\"s\",\"platforms\":[],\"exec\":\"/r\","
                           "\"cannot\":{\"network:loopback\":\"no such flag\"}}",
                           &err),
                 0, "%s", err.message);
    cr_assert_str_eq(adapter_cannot(&adapter, "network:loopback"), "no such flag");
    cr_assert_null(adapter_cannot(&adapter, "network:none"));
    adapter_done(&adapter);
}

Test(adapter, mistakes_are_named)
{
    expect_refusal("{", "adapter-test");
    expect_refusal("{\"platforms\":[],\"exec\":\"x\"}", "name");
    expect_refusal("{\"name\":\"x\",\"platforms\":[\"mac\"],\"exec\":\"x\"}", "platforms[0]");
    expect_refusal("{\"name\":\"x\",\"platforms\":[]}", "either \"command\" or \"exec\"");
    expect_refusal("{\"name\":\"x\",\"platforms\":[],\"command\":[\"a\"]}", "{command...}");
    expect_refusal("{\"name\":\"x\",\"platforms\":[],\"command\":[1]}", "command[0]");
    expect_refusal("{\"name\":\"x\",\"platforms\":[],\"exec\":\"x\",\"enf\":{}}", "enf");
    expect_refusal("{\"name\":\"x\",\"platforms\":[],\"exec\":\"x\",\"each\":{\"protect\":\"y\"}}",
                   "protect");
}

Test(adapter, every_shipped_one_can_be_read)
{
    static const char *const shipped[] = {
        "none",     "linux-namespace", "linux-landlock",  "bwrap",  "null",     "lying", "deny-all",
        "firejail", "codex",           "sandbox-runtime", "nsjail", "minijail", "runc",  "docker",
    };

    for (size_t i = 0; i < ARRAY_SIZE(shipped); i++) {
        struct adapter adapter = {0};
        struct error err = {0};
        char path[512];

        (void)snprintf(path, sizeof path, "%s/conformance/adapters/%s.json", TEST_SOURCE_DIR,
                       shipped[i]);
        cr_assert_eq(adapter_read(&adapter, path, &err), 0, "%s", err.message);
        cr_assert_str_eq(adapter.name, shipped[i]);
        adapter_done(&adapter);
    }
}

/* A case that needs one of these words is not asked of a sandbox whose adapter lacks it: then the adapter
 * says why, so that nobody takes our silence for the sandbox's. */
Test(adapter, every_shipped_one_says_or_declares_what_cases_need)
{
    static const char *const lists[] = {"processes", "memory", "git_commit"};
    const char *folder = TEST_SOURCE_DIR "/conformance/adapters";
    DIR *stream = opendir(folder);
    const struct dirent *entry;
    size_t count = 0;

    cr_assert_not_null(stream);
    while ((entry = readdir(stream)) != NULL) {
        struct adapter adapter = {0};
        struct error err = {0};
        char path[1024];

        if (strstr(entry->d_name, ".json") == NULL)
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        cr_assert_eq(adapter_read(&adapter, path, &err), 0, "%s", err.message);
        for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
            cr_assert(adapter_says(&adapter, lists[i]) !=
                          (adapter_cannot(&adapter, lists[i]) != NULL),
                      "%s: %s is neither said nor declared, or both", entry->d_name, lists[i]);
        adapter_done(&adapter);
        count++;
    }
    (void)closedir(stream);
    cr_assert(count >= 14, "%zu adapters", count);
}
