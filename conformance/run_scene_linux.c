/* The scene of one run: planting, the row's own additions, the policy, the command line. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/os.h"
#include "conformance/run_internal.h"
#include "fixtures/tree_remove.h"
#include "results/document.h"

/* What a case finds in its environment; needs_linux.c looks for tools in the same PATH. */
#define CASE_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define CASE_TMP  "/tmp"

static const char *const default_protect[] = {".git", ".codex", ".agents"};

/* Planting --------------------------------------------------------------------------------------- */

static void fill_scene(struct run *run)
{
    const struct scene_tree *tree = &run->tree;
    struct scene *scene = &run->scene;

    *scene = (struct scene){.root = tree->root,
                            .ws = tree->ws,
                            .extra = tree->extra,
                            .home = tree->home,
                            .secret = tree->secret,
                            .outside = tree->outside,
                            .public_dir = tree->public_dir,
                            .run = tree->run,
                            .bin = tree->bin,
                            .nonce = tree->nonce,
                            .token = tree->token,
                            .uid = tree->uid,
                            .gid = tree->gid,
                            .victim = run->victim.pid,
                            .victim_memory = run->victim.memory,
                            .victim_fd = run->victim.file_fd,
                            .is_control = run->order.kind == RUN_CONTROL};
    for (size_t i = 0; i < SCENE_INHERIT_MAX; i++)
        scene->inherit[i] = -1;
}

static int start_victim(struct run *run, struct error *err)
{
    AUTO_FREE char *program = fixture_program(&run->harness->fixture, "fixture-victim", err);

    if (program == NULL)
        return -1;
    return victim_start(&run->victim, program, run->tree.outside, run->tree.victim_file,
                        run->tree.token, run->tree.uid, run->tree.gid, err);
}

static int prepare_row(struct run *run, struct error *err)
{
    const struct probe *row = run->order.row;
    struct error problem = {0};

    if (row == NULL)
        return 0;
    run->is_prepared = true;
    if (row->prepare == NULL || row->prepare(&run->scene, &problem) == 0)
        return 0;
    if (problem.code != ERR_UNSUPPORTED) {
        *err = problem;
        return error_wrap(err, "prepare");
    }
    (void)snprintf(run->facts.reason, sizeof run->facts.reason, "%s", problem.message);
    return 1;
}

int run_make_scene(struct run *run, struct error *err)
{
    const struct identity *identity = &run->order.identity;
    const bool has_repository = (run_flags(run) & CASE_NO_REPOSITORY) == 0;
    int result;

    if (scene_tree_plant(&run->tree, &run->harness->fixture, identity->uid, identity->gid,
                         has_repository, err) < 0)
        return -1;
    if (!run_is_must_work(run) && run->order.kind != RUN_SMOKE && start_victim(run, err) < 0)
        return -1;
    run->ear = ear_open(run->harness->listeners, run->tree.run, run->tree.nonce, run->tree.token,
                        identity->uid, identity->gid, err);
    if (run->ear == NULL)
        return -1;
    if (run->victim.pid > 0 && victim_await(&run->victim, err) < 0)
        return -1;
    fill_scene(run);
    result = prepare_row(run, err);
    if (result != 0)
        return result;
    return scene_tree_give(&run->tree, err);
}

/* Everything but the tree itself. */
void run_drop_scene(struct run *run)
{
    struct scene *scene = &run->scene;

    if (run->is_prepared && run->order.row->finish != NULL)
        run->order.row->finish(scene);
    run->is_prepared = false;
    for (size_t i = 0; i < SCENE_INHERIT_MAX; i++) {
        if (scene->root != NULL && scene->inherit[i] >= 0)
            (void)close(scene->inherit[i]);
        scene->inherit[i] = -1;
    }
    for (size_t i = 0; i < SCENE_EXTRA_MAX; i++) {
        /* Given to us by prepare(); const because nobody may change them after that. */
        free((void *)(uintptr_t)scene->writable[i]);
        free((void *)(uintptr_t)scene->deny_read[i]);
        free((void *)(uintptr_t)scene->protect[i]);
        free((void *)(uintptr_t)scene->env[i]);
    }
    free(scene->own);
    *scene = (struct scene){0};
    journal_forget(&run->harness->journal, run);
    victim_done(&run->victim);
    ear_close(run->ear);
    run->ear = NULL;
    snapshot_done(&run->canaries);
    snapshot_done(&run->metadata);
    scene_tree_done(&run->tree);
}

/* Snapshots -------------------------------------------------------------------------------------- */

/* Names of the probe's marks hold the nonce; what they are made in grows. */
static int add_roots(const struct run *run, struct snapshot *snapshot, struct error *err)
{
    int result;

    snapshot->passed_over = run->tree.nonce;
    result = snapshot_add_tree(snapshot, run->tree.ws, "ws", err);
    if (result == 0)
        result = snapshot_add_tree(snapshot, run->tree.extra, "extra", err);
    snapshot->passed_over = NULL;
    snapshot_let_grow(snapshot, "ws");
    snapshot_let_grow(snapshot, "extra");
    return result;
}

static int add_canaries(const struct run *run, struct snapshot *snapshot, struct error *err)
{
    const struct {
        const char *path;
        const char *label;
    } trees[] = {
        {run->tree.outside, "outside"},   {run->tree.home, "home"}, {run->tree.secret, "secret"},
        {run->tree.public_dir, "public"}, {run->tree.run, "run"},   {run->tree.bin, "bin"},
    };

    if (snapshot_add_names(snapshot, run->tree.root, "", err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(trees); i++) {
        if (snapshot_add_tree(snapshot, trees[i].path, trees[i].label, err) < 0)
            return -1;
    }
    if ((run_flags(run) & CASE_WHOLE_TREE) != 0 && add_roots(run, snapshot, err) < 0)
        return -1;
    /* A root of the policy among them: names may be made in it, also by the sandbox itself. */
    for (size_t i = 0; i < SCENE_EXTRA_MAX && run->scene.writable[i] != NULL; i++) {
        const size_t length = strlen(run->tree.root);

        if (strncmp(run->scene.writable[i], run->tree.root, length) == 0)
            snapshot_make_shallow(snapshot, run->scene.writable[i] + length + 1);
    }
    return 0;
}

void run_watch_canaries(struct run *run)
{
    const struct {
        const char *directory;
        const char *name;
    } places[] = {{run->tree.outside, "outside"},  {run->tree.outside, "outside/dir"},
                  {run->tree.home, "home"},        {run->tree.home, "home/.ssh"},
                  {run->tree.home, "home/.aws"},   {run->tree.secret, "secret"},
                  {run->tree.public_dir, "public"}};

    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        const char *below = strchr(places[i].name, '/');
        char path[4096];

        (void)snprintf(path, sizeof path, "%.4000s%s", places[i].directory,
                       below != NULL ? below : "");
        journal_watch(&run->harness->journal, run, path, places[i].name);
    }
}

/* gitrepository-layout(5): a .git file says "gitdir: PATH", and PATH/commondir may point on. What is
 * read was written by the harness; a run can only change it after the first snapshot, and then the
 * pointer itself has changed. */
static int add_pointed(struct snapshot *snapshot, const char *root, const char *file,
                       const char *prefix, const char *label, struct error *err)
{
    char path[4096];
    char target[4096];
    AUTO_FREE char *text = NULL;
    size_t size = 0;
    struct error none;
    char *begin;

    (void)snprintf(path, sizeof path, "%s/%s", root, file);
    if (os_read_file(path, 4000, &text, &size, &none) < 0 ||
        strncmp(text, prefix, strlen(prefix)) != 0)
        return 0;
    begin = text + strlen(prefix);
    begin[strcspn(begin, "\r\n")] = '\0';
    (void)snprintf(target, sizeof target, "%s%s%s", begin[0] == '/' ? "" : root,
                   begin[0] == '/' ? "" : "/", begin);
    if (snapshot_add_tree(snapshot, target, label, err) < 0)
        return -1;
    return prefix[0] == '\0' ? 0 : add_pointed(snapshot, target, "commondir", "", "commondir", err);
}

static int add_protected(const struct run *run, struct snapshot *snapshot, const char *root,
                         const char *label, struct error *err)
{
    const char *names[ARRAY_SIZE(default_protect) + SCENE_EXTRA_MAX];
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_SIZE(default_protect); i++)
        names[count++] = default_protect[i];
    for (size_t i = 0; i < SCENE_EXTRA_MAX && run->scene.protect[i] != NULL; i++)
        names[count++] = run->scene.protect[i];
    for (size_t i = 0; i < count; i++) {
        char path[4096];
        char shown[256];

        (void)snprintf(path, sizeof path, "%s/%s", root, names[i]);
        (void)snprintf(shown, sizeof shown, "%s/%s", label, names[i]);
        if (snapshot_add_tree(snapshot, path, shown, err) < 0)
            return -1;
    }
    return add_pointed(snapshot, root, ".git", "gitdir: ", "gitdir", err);
}

int run_take_snapshots(struct run *run, struct snapshot *canaries, struct snapshot *metadata,
                       struct error *err)
{
    *canaries = SNAPSHOT_EMPTY;
    *metadata = SNAPSHOT_EMPTY;
    if (add_canaries(run, canaries, err) < 0 ||
        add_protected(run, metadata, run->tree.ws, "ws", err) < 0 ||
        add_protected(run, metadata, run->tree.extra, "extra", err) < 0) {
        snapshot_done(canaries);
        snapshot_done(metadata);
        return error_wrap(err, "look at the scene");
    }
    snapshot_finish(canaries);
    snapshot_finish(metadata);
    return 0;
}

/* The policy --------------------------------------------------------------------------------------- */

struct policy_lists {
    struct strings writable, protect, protect_names, deny_read, deny_read_file;
};

static void policy_lists_done(struct policy_lists *lists)
{
    strings_done(&lists->writable);
    strings_done(&lists->protect);
    strings_done(&lists->protect_names);
    strings_done(&lists->deny_read);
    strings_done(&lists->deny_read_file);
}

static int add_denied(struct policy_lists *lists, const char *path, struct error *err)
{
    struct stat status;

    if (lstat(path, &status) == 0 && !S_ISDIR(status.st_mode))
        return strings_add(&lists->deny_read_file, path, err);
    return strings_add(&lists->deny_read, path, err);
}

static int add_if_there(struct strings *list, const char *root, const char *name, struct error *err)
{
    char path[4096];
    struct stat status;

    (void)snprintf(path, sizeof path, "%s/%s", root, name);
    return lstat(path, &status) < 0 ? 0 : strings_add(list, path, err);
}

static int add_protected_in(const struct run *run, struct policy_lists *lists, const char *root,
                            struct error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(default_protect); i++) {
        if (add_if_there(&lists->protect, root, default_protect[i], err) < 0)
            return -1;
    }
    for (size_t i = 0; i < SCENE_EXTRA_MAX && run->scene.protect[i] != NULL; i++) {
        if (add_if_there(&lists->protect, root, run->scene.protect[i], err) < 0)
            return -1;
    }
    return 0;
}

static int fill_lists(const struct run *run, struct policy_lists *lists, struct error *err)
{
    const struct scene *scene = &run->scene;
    char path[4096];

    if (strings_add(&lists->writable, scene->extra, err) < 0)
        return -1;
    for (size_t i = 0; i < SCENE_EXTRA_MAX && scene->writable[i] != NULL; i++) {
        if (strings_add(&lists->writable, scene->writable[i], err) < 0)
            return -1;
    }
    if (add_protected_in(run, lists, scene->ws, err) < 0)
        return -1;
    for (size_t i = 0; i < lists->writable.count; i++) {
        if (add_protected_in(run, lists, lists->writable.items[i], err) < 0)
            return -1;
    }
    for (size_t i = 0; i < SCENE_EXTRA_MAX && scene->protect[i] != NULL; i++) {
        if (strings_add(&lists->protect_names, scene->protect[i], err) < 0)
            return -1;
    }
    if (add_denied(lists, scene->secret, err) < 0)
        return -1;
    (void)snprintf(path, sizeof path, "%s/.ssh", scene->home);
    if (add_denied(lists, path, err) < 0)
        return -1;
    (void)snprintf(path, sizeof path, "%s/.aws", scene->home);
    if (add_denied(lists, path, err) < 0)
        return -1;
    for (size_t i = 0; i < SCENE_EXTRA_MAX && scene->deny_read[i] != NULL; i++) {
        if (add_denied(lists, scene->deny_read[i], err) < 0)
            return -1;
    }
    return 0;
}

static const char *network_name(unsigned flags)
{
    if ((flags & CASE_NETWORK_HOST) != 0)
        return "host";
    return (flags & CASE_LOOPBACK) != 0 ? "loopback" : "none";
}

static void add_texts(json_t *array, const struct strings *list)
{
    for (size_t i = 0; i < list->count; i++)
        (void)json_array_append_new(array, document_text(list->items[i]));
}

/* The policy as DESIGN has it, for adapters that want a file. */
static int write_policy(const struct run *run, const struct policy_lists *lists, struct error *err)
{
    json_t *protect = json_array();
    json_t *writable = json_array();
    json_t *deny_read = json_array();
    AUTO_JSON json_t *root = NULL;
    AUTO_CLOSE int fd = -1;

    for (size_t i = 0; i < ARRAY_SIZE(default_protect); i++)
        (void)json_array_append_new(protect, document_text(default_protect[i]));
    add_texts(protect, &lists->protect_names);
    add_texts(writable, &lists->writable);
    add_texts(deny_read, &lists->deny_read);
    add_texts(deny_read, &lists->deny_read_file);
    root = json_pack("{s:o,s:o,s:o,s:o,s:s,s:s}", "workspace", document_text(run->scene.ws),
                     "writable", writable, "protect", protect, "deny_read", deny_read, "network",
                     network_name(run_flags(run)), "tmp", "private");
    if (root == NULL)
        return error_memory(err, "policy");
    if (run->scene.policy_timeout_s > 0)
        (void)json_object_set_new(
            root, "limits", json_pack("{s:i}", "timeout_s", (int)run->scene.policy_timeout_s));
    if ((run_flags(run) & CASE_GIT_COMMIT) != 0)
        (void)json_object_set_new(root, "git", json_string("commit"));
    fd = open(run->tree.policy, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0 || json_dumpfd(root, fd, JSON_INDENT(2)) < 0)
        return error_os(err, errno, "write %s", run->tree.policy);
    if (run->tree.uid != geteuid() && lchown(run->tree.policy, run->tree.uid, run->tree.gid) < 0)
        return error_os(err, errno, "give %s away", run->tree.policy);
    return 0;
}

/* Where the files of a sandbox are that a script starts: whatever becomes of the script, they go with
 * the scene. */
static int make_scratch(const struct run *run, struct error *err)
{
    if (run->order.adapter->exec == NULL)
        return 0;
    if (mkdir(run->tree.scratch, 0755) < 0 ||
        (run->tree.uid != geteuid() && lchown(run->tree.scratch, run->tree.uid, run->tree.gid) < 0))
        return error_os(err, errno, "make %s", run->tree.scratch);
    return 0;
}

/* The command line --------------------------------------------------------------------------------- */

/* Replaces {ws} and its like; other braces belong to a shell or awk. */
static int add_expanded(const struct run *run, struct strings *words, const char *word,
                        struct error *err)
{
    const struct scene *scene = &run->scene;
    const struct {
        const char *name;
        const char *value;
    } places[] = {{"{ws}", scene->ws},     {"{extra}", scene->extra},
                  {"{home}", scene->home}, {"{outside}", scene->outside},
                  {"{bin}", scene->bin},   {"{nonce}", scene->nonce},
                  {"{tmp}", CASE_TMP},     {"{secret}", scene->secret}};
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;

    while (*word != '\0') {
        size_t i = 0;

        while (i < ARRAY_SIZE(places) && strncmp(word, places[i].name, strlen(places[i].name)) != 0)
            i++;
        if (i < ARRAY_SIZE(places)) {
            buffer_add_text(&out, places[i].value);
            word += strlen(places[i].name);
        } else {
            buffer_add_byte(&out, *word++);
        }
    }
    if (buffer_failed(&out))
        return error_memory(err, "command");
    return strings_add(words, buffer_text(&out), err);
}

static int add_keys(const struct run *run, struct strings *words, struct error *err)
{
    const struct scene *s = &run->scene;
    const struct listener_ports ports = listeners_ports(run->harness->listeners);
    const struct {
        const char *key;
        const char *value;
    } texts[] = {{"ws", s->ws},
                 {"extra", s->extra},
                 {"home", s->home},
                 {"secret", s->secret},
                 {"outside", s->outside},
                 {"public_dir", s->public_dir},
                 {"run", s->run},
                 {"bin", s->bin},
                 {"nonce", s->nonce},
                 {"root", s->root},
                 {"abstract_stream", ear_abstract_stream(run->ear)},
                 {"abstract_dgram", ear_abstract_dgram(run->ear)}};
    const struct {
        const char *key;
        unsigned long long value;
    } numbers[] = {{"tcp4", ports.tcp4},
                   {"tcp6", ports.tcp6},
                   {"udp4", ports.udp4},
                   {"udp6", ports.udp6},
                   {"victim", (unsigned long long)s->victim},
                   {"victim_memory", (unsigned long long)s->victim_memory},
                   {"victim_fd", (unsigned long long)s->victim_fd}};

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        if (strings_printf(words, err, "%s=%s", texts[i].key, texts[i].value) < 0)
            return -1;
    }
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        if (strings_printf(words, err, "%s=%llu", numbers[i].key, numbers[i].value) < 0)
            return -1;
    }
    if (strings_printf(words, err, "unix_stream=%s/stream.sock", s->run) < 0)
        return -1;
    return strings_printf(words, err, "unix_dgram=%s/dgram.sock", s->run);
}

/* What is to be run in the sandbox: always the probe, which lights the beacon. */
static int compose_command(const struct run *run, struct strings *words, struct error *err)
{
    const struct probe *row = run->order.row;
    const bool attempts_nothing =
        row == NULL || (run->order.kind == RUN_CONTROL && run->harness->breakage == BREAK_CONTROL);
    const bool is_command = row != NULL && row->command != NULL && !attempts_nothing;

    if (strings_printf(words, err, "%s/holdfast-probe", run->scene.bin) < 0 ||
        strings_add(words, attempts_nothing || is_command ? "--run" : row->id, err) < 0 ||
        add_keys(run, words, err) < 0)
        return -1;
    if (!is_command)
        return 0;
    if (strings_add(words, "--", err) < 0)
        return -1;
    for (size_t i = 0; row->command[i] != NULL; i++) {
        if (add_expanded(run, words, row->command[i], err) < 0)
            return -1;
    }
    return 0;
}

static int add_all(struct strings *to, char **from, struct error *err)
{
    int result = from == NULL ? -1 : 0;

    for (size_t i = 0; from != NULL && from[i] != NULL && result == 0; i++)
        result = strings_add(to, from[i], err);
    adapter_free_words(from);
    return result;
}

static const char *const *list_items(const struct strings *list)
{
    return (const char *const *)list->items;
}

static int expand_adapter(struct run *run, const struct policy_lists *lists,
                          const struct strings *command, struct error *err)
{
    const struct adapter *adapter = run->order.adapter;
    const struct adapter_policy policy = {
        .workspace = run->scene.ws,
        .writable = list_items(&lists->writable),
        .protect = list_items(&lists->protect),
        .protect_names = list_items(&lists->protect_names),
        .deny_read = list_items(&lists->deny_read),
        .deny_read_file = list_items(&lists->deny_read_file),
        .network = network_name(run_flags(run)),
        .cwd = (run_flags(run) & CASE_CWD_OUTSIDE) != 0 ? run->scene.outside : run->scene.ws,
        .home = run->scene.home,
        .tmp = CASE_TMP,
        .policy_file = run->tree.policy,
        .scratch = run->tree.scratch,
        .programs = run->harness->fixture.programs,
        .peers = run->harness->peers,
        .timeout_s = run->scene.policy_timeout_s,
        .processes = (run_flags(run) & CASE_LIMIT_PROCESSES) != 0 ? CASE_PROCESSES : 0,
        .lets_git_commit = (run_flags(run) & CASE_GIT_COMMIT) != 0,
        .memory_bytes =
            (run_flags(run) & CASE_LIMIT_MEMORY) != 0 ? CASE_MEMORY_MIB * 1048576ULL : 0,
    };

    if (add_all(&run->argv, adapter_expand(adapter, &policy, list_items(command), err), err) < 0)
        return -1;
    return add_all(&run->environment, adapter_expand_env(adapter, &policy, err), err);
}

/* NAME=VALUE in place of an earlier NAME: of two, programs differ in which they take. */
static int set_variable(struct strings *env, const char *entry, struct error *err)
{
    const size_t name = strcspn(entry, "=") + 1;

    for (size_t i = 0; i < env->count; i++) {
        if (strncmp(env->items[i], entry, name) == 0) {
            free(env->items[i]);
            env->items[i] = strdup(entry);
            return env->items[i] == NULL ? error_memory(err, "environment") : 0;
        }
    }
    return strings_add(env, entry, err);
}

/* A small, known environment: what the user's own shell exports is neither tested nor leaked. The
 * nonce is in it, under a dull name, so that processes of the run can be found (oracles/process). */
static int compose_environment(struct run *run, struct error *err)
{
    struct strings *env = &run->environment;

    if (strings_add(env, "PATH=" CASE_PATH, err) < 0 ||
        strings_printf(env, err, "HOME=%s", run->scene.home) < 0 ||
        strings_printf(env, err, "USER=%s", run->order.identity.name) < 0 ||
        strings_printf(env, err, "LOGNAME=%s", run->order.identity.name) < 0 ||
        strings_add(env, "SHELL=/bin/sh", err) < 0 || strings_add(env, "LANG=C.UTF-8", err) < 0 ||
        strings_printf(env, err, "TERM=%s", (run_flags(run) & CASE_PTY) != 0 ? "xterm" : "dumb") <
            0 ||
        strings_printf(env, err, "SESSION_ID=%s", run->scene.nonce) < 0)
        return -1;
    for (size_t i = 0; i < SCENE_EXTRA_MAX && run->scene.env[i] != NULL; i++) {
        if (set_variable(env, run->scene.env[i], err) < 0)
            return -1;
    }
    return 0;
}

/* --break probe: what is to be started inside is no program at all. */
static int break_probe(const struct run *run, struct error *err)
{
    char path[4096];
    AUTO_CLOSE int fd = -1;

    (void)snprintf(path, sizeof path, "%s/holdfast-probe", run->tree.bin);
    fd = open(path, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || write(fd,
                        "\x7f"
                        "ELF broken",
                        11) != 11)
        return error_os(err, errno, "break %s", path);
    return 0;
}

/* CASE_WRAPPED: holdfast-probe ID KEY=VALUE... -- SANDBOX... */
static int wrap(struct run *run, struct error *err)
{
    AUTO_STRINGS struct strings command = run->argv;
    int result;

    run->argv = STRINGS_EMPTY;
    result = compose_command(run, &run->argv, err);
    if (result == 0)
        result = strings_add(&run->argv, "--", err);
    for (size_t i = 0; i < command.count && result == 0; i++)
        result = strings_add(&run->argv, command.items[i], err);
    return result;
}

int run_compose(struct run *run, struct error *err)
{
    struct policy_lists lists = {0};
    AUTO_STRINGS struct strings command = STRINGS_EMPTY;
    int result = compose_command(run, &command, err);

    if (result == 0)
        result = compose_environment(run, err);
    if (result == 0 && run->order.kind == RUN_CONTROL) {
        for (size_t i = 0; i < command.count && result == 0; i++)
            result = strings_add(&run->argv, command.items[i], err);
    } else if (result == 0) {
        result = fill_lists(run, &lists, err);
        if (result == 0)
            result = write_policy(run, &lists, err);
        if (result == 0)
            result = make_scratch(run, err);
        if (result == 0)
            result = expand_adapter(run, &lists, &command, err);
        if (result == 0 && (run_flags(run) & CASE_WRAPPED) != 0)
            result = wrap(run, err);
        if (result == 0 && run->order.kind == RUN_CONFINED && run->harness->breakage == BREAK_PROBE)
            result = break_probe(run, err);
    }
    policy_lists_done(&lists);
    return result;
}
