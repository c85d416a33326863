/*
 * nt-predict: what the model of the Windows modes predicts for rows of the
 * catalogue, as one JSON object per mode and row:
 *
 *   {"id": "fs.write-direct", "mode": "windows-elevated", "predicted": "held", "reason": "..."}
 *
 * A row is the same acts that its probe does, on a pretended stock machine with the mode's plan carried
 * out. Each is tried under both readings of the open question (does deleting through the parent count
 * as a write?); where they differ, the worse one is predicted and the reason says so. Only what
 * descriptors, tokens and network rules decide can be predicted: all other rows are left out. Nothing
 * here ran on Windows; a prediction is never a verdict. A development tool: built, not installed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "sandbox/simulate/windows_model.h"
#include "sandbox/windows_rules.h"

#define PROJ  "Users\\u\\proj\\"
#define NOTES "Users\\u\\notes.txt"

/* Acts of the command; an act in capitals prepares, and its success is no escape. */
struct act {
    char
        what; /* w write, m make a file, d make a directory, x delete, a set DACL, e set attributes,
                  o open for adding a stream, g read, r rename, l link; H: the user's link, before the run;
                  S: a directory that the user makes for the logon session, before the run; E: one that the
                  user opens to everyone, after the start */
    const char *from, *to;
};

enum scene {
    SCENE_USUAL,
    SCENE_ALONE, /* src\second was set up by another policy */
};

struct row {
    const char *id;
    struct act acts[6];
    enum scene scene;
};

static const struct row rows[] = {
    {"fs.write-direct", {{'w', NOTES, NULL}, {'w', "Windows\\System32\\cmd.exe", NULL}}, 0},
    {"fs.append-mmap", {{'w', NOTES, NULL}}, 0},
    {"fs.cwd-is-root", {{'w', NOTES, NULL}, {'m', "Users\\u\\new", NULL}}, 0},
    {"fs.create-outside",
     {{'m', "Users\\u\\new", NULL},
      {'d', "Users\\u\\newdir", NULL},
      {'m', "ProgramData\\new", NULL}},
     0},
    {"fs.unlink-outside", {{'x', NOTES, NULL}, {'x', "ProgramData\\app", NULL}}, 0},
    {"fs.rename-out",
     {{'r', PROJ "src\\main.c", "Users\\u\\main.c"}, {'l', PROJ "src\\main.c", "Users\\u\\main.c"}},
     0},
    {"fs.rename-in", {{'r', NOTES, PROJ "notes.txt"}, {'r', "Users\\u\\.ssh", PROJ "ssh"}}, 0},
    {"fs.hardlink-in", {{'L', NOTES, PROJ "link"}, {'w', PROJ "link", NULL}}, 0},
    {"fs.hardlink-preexisting", {{'H', NOTES, PROJ "linked"}, {'w', PROJ "linked", NULL}}, 0},
    {"fs.symlink-write", {{'w', NOTES, NULL}, {'m', "Users\\u\\new", NULL}}, 0},
    {"fs.symlink-preexisting", {{'w', NOTES, NULL}, {'m', "Users\\u\\new", NULL}}, 0},
    {"fs.junction-write", {{'w', NOTES, NULL}, {'m', "Users\\u\\new", NULL}}, 0},
    {"fs.open-by-fileid", {{'w', NOTES, NULL}}, 0},
    {"fs.device-path", {{'w', NOTES, NULL}}, 0},
    {"fs.ads-outside", {{'o', NOTES, NULL}, {'o', "Users\\u\\.ssh", NULL}}, 0},
    {"fs.eas-attrs", {{'e', NOTES, NULL}}, 0},
    {"fs.write-dac", {{'a', NOTES, NULL}, {'a', PROJ ".git\\config", NULL}}, 0},
    {"fs.restore-priv", {{'w', NOTES, NULL}, {'a', "Windows\\System32\\cmd.exe", NULL}}, 0},
    {"fs.root-parent-rename",
     {{'r', "Users\\u\\proj", "Users\\u\\away"},
      {'r', "Users\\u\\proj", "src\\second\\away"},
      {'r', "Users\\u", "Users\\away"},
      {'x', "Users\\u\\proj", NULL}},
     0},
    {"fs.cross-workspace",
     {{'w', "src\\second\\file", NULL},
      {'m', "src\\second\\new", NULL},
      {'m', "src\\second\\.codex\\new", NULL}},
     SCENE_ALONE},
    {"fs.everyone-writable",
     {{'w', "drop\\file", NULL}, {'m', "drop\\new", NULL}, {'r', "drop\\file", "drop\\x"}},
     0},
    {"fs.late-everyone", {{'E', "Users\\u\\late", NULL}, {'m', "Users\\u\\late\\new", NULL}}, 0},
    {"fs.authusers-writable",
     {{'w', "src\\third\\file", NULL},
      {'m', "src\\third\\new", NULL},
      {'m', "ProgramData\\new", NULL}},
     0},
    {"fs.logon-sid-writable",
     {{'S', "Users\\u\\session", NULL}, {'m', "Users\\u\\session\\new", NULL}},
     0},
    {"git.hooks-write", {{'m', PROJ ".git\\hooks\\post-commit", NULL}}, 0},
    {"git.hook-modify",
     {{'w', PROJ ".git\\hooks\\pre-commit", NULL},
      {'M', PROJ "hook", NULL},
      {'r', PROJ "hook", PROJ ".git\\hooks\\pre-commit"}},
     0},
    {"git.config-write",
     {{'w', PROJ ".git\\config", NULL},
      {'m', PROJ ".git\\config.lock", NULL},
      {'M', PROJ "config", NULL},
      {'r', PROJ "config", PROJ ".git\\config"}},
     0},
    {"git.config-keys",
     {{'w', PROJ ".git\\config", NULL}, {'m', PROJ ".git\\config.lock", NULL}},
     0},
    {"git.config-worktree", {{'m', PROJ ".git\\config.worktree", NULL}}, 0},
    {"git.attributes-filter",
     {{'M', PROJ ".gitattributes", NULL}, {'w', PROJ ".git\\config", NULL}},
     0},
    {"git.info-dir",
     {{'d', PROJ ".git\\info", NULL}, {'m', PROJ ".git\\info\\attributes", NULL}},
     0},
    {"git.refs-objects",
     {{'m', PROJ ".git\\packed-refs", NULL}, {'d', PROJ ".git\\refs", NULL}},
     0},
    {"git.index-lock", {{'m', PROJ ".git\\index.lock", NULL}}, 0},
    {"git.ads-on-gitdir", {{'o', PROJ ".git", NULL}}, 0},
    {"git.dir-rename",
     {{'r', PROJ ".git", PROJ "git"},
      {'r', PROJ ".git", "src\\second\\git"},
      {'D', PROJ "planted", NULL},
      {'r', PROJ "planted", PROJ ".git"}},
     0},
    {"git.create-absent",
     {{'d', "src\\second\\.git", NULL},
      {'m', "src\\second\\.git", NULL},
      {'r', "src\\second\\file", "src\\second\\.git"}},
     0},
    {"git.create-absent-race", {{'d', "src\\second\\.git", NULL}}, 0},
    {"git.case-variant", {{'d', "src\\second\\.GIT", NULL}, {'d', "src\\second\\.Git", NULL}}, 0},
    {"git.create-absent-nested", {{'D', PROJ "deep", NULL}, {'d', PROJ "deep\\.git", NULL}}, 0},
    {"git.bare-in-workspace", {{'m', PROJ "src\\HEAD", NULL}}, 0},
    {"git.agentdir-create", {{'d', PROJ ".codex", NULL}, {'m', PROJ ".agents", NULL}}, 0},
    {"git.agentdir-file-vs-dir",
     {{'x', "src\\second\\.codex", NULL}, {'r', "src\\second\\.codex", "src\\second\\x"}},
     0},
    {"git.parent-rename",
     {{'r', "Users\\u\\proj", "src\\second\\moved"}, {'r', "Users\\u\\proj", "Users\\u\\moved"}},
     0},
    {"persist.shell-rc", {{'w', NOTES, NULL}}, 0},
    {"persist.rc-absent", {{'m', "Users\\u\\.bashrc", NULL}}, 0},
    {"persist.git-global", {{'m', "Users\\u\\.gitconfig", NULL}}, 0},
    {"persist.ssh-dir",
     {{'m', "Users\\u\\.ssh\\authorized_keys", NULL}, {'w', "Users\\u\\.ssh\\id", NULL}},
     0},
    {"persist.path-dirs", {{'d', "Users\\u\\bin", NULL}}, 0},
    {"persist.pth-sitecustomize", {{'m', "Users\\u\\.npmrc", NULL}}, 0},
    {"persist.editor", {{'m', "Users\\u\\.vimrc", NULL}}, 0},
    {"persist.agent-config", {{'d', "Users\\u\\.codex", NULL}}, 0},
    {"persist.startup-folder",
     {{'d', "ProgramData\\Startup", NULL}, {'d', "Users\\u\\Startup", NULL}},
     0},
};

/* What the network rules decide: a socket of the command at this layer. */
static const struct {
    const char *id;
    enum windows_layer layer;
} net_rows[] = {
    {"net.tcp4-connect", WINDOWS_CONNECT_V4},  {"net.tcp6-connect", WINDOWS_CONNECT_V6},
    {"net.tcp-mapped", WINDOWS_CONNECT_V4},    {"net.udp4-send", WINDOWS_CONNECT_V4},
    {"net.udp6-send", WINDOWS_CONNECT_V6},     {"net.proxy-env", WINDOWS_CONNECT_V4},
    {"net.path-absolute", WINDOWS_CONNECT_V4}, {"net.path-rename", WINDOWS_CONNECT_V4},
    {"net.dot-doh", WINDOWS_CONNECT_V4},       {"net.quic-raw", WINDOWS_CONNECT_V4},
    {"net.afd-direct", WINDOWS_CONNECT_V4},    {"net.listen-inbound", WINDOWS_ACCEPT_V4},
    {"net.port-squat", WINDOWS_BIND_V4},
};

enum {
    PUBLISHED = 0,                 /* the published rule */
    WISHED = NT_FILE_DELETE_CHILD, /* deleting through the parent counts as a write */
};

struct variant {
    const char *name;
    enum model_mode mode;
    enum windows_variant variant;
};

static const struct variant variants[] = {
    {"windows-unelevated", MODEL_UNELEVATED, WINDOWS_DEFAULT},
    {"windows-elevated", MODEL_ELEVATED, WINDOWS_DEFAULT},
    {"windows-unelevated-as-published", MODEL_UNELEVATED, WINDOWS_AS_PUBLISHED},
    {"windows-elevated-as-published", MODEL_ELEVATED, WINDOWS_AS_PUBLISHED},
};

/* Scenes ------------------------------------------------------------------------------------------- */

static void prepare(struct model *model, const struct act *act)
{
    struct nt_actor user = {.token = &model->user};
    AUTO_BUFFER struct buffer sddl = BUFFER_EMPTY;
    char logon[NT_SID_TEXT_MAX];

    if (act->what == 'H' && nt_try_link(model->tree, &user, act->from, act->to) != NT_DONE)
        model->has_failed = true;
    if (act->what != 'S')
        return;
    nt_sid_format(&model->logon, logon);
    buffer_printf(&sddl, "O:BAG:SYD:P(A;OICI;FA;;;BA)(A;OICI;FA;;;%s)", logon);
    windows_model_add(model, act->from, true, buffer_text(&sddl));
}

static void leave_second_root(struct model *model)
{
    for (size_t i = 0; i < model->command.restricting_count; i++) {
        if (nt_sid_equal(&model->command.restricting[i], &model->facts.roots[1].sid))
            model->command.restricting[i] = (struct nt_sid)NT_SID(0, 99, 99, 99, 99);
    }
}

static enum nt_outcome try_act(struct model *model, const struct act *act,
                               const struct nt_actor *actor)
{
    struct nt_tree *tree = model->tree;

    switch (act->what) {
    case 'w':
        return nt_try_write(tree, actor, act->from);
    case 'm':
    case 'M':
        return nt_try_create(tree, actor, act->from, false);
    case 'd':
    case 'D':
        return nt_try_create(tree, actor, act->from, true);
    case 'x':
        return nt_try_delete(tree, actor, act->from);
    case 'a':
        return nt_try_set_dacl(tree, actor, act->from, "D:(A;;FA;;;WD)");
    case 'e':
        return nt_try_open(tree, actor, act->from, NT_FILE_WRITE_EA | NT_FILE_WRITE_ATTRIBUTES);
    case 'o':
        return nt_try_open(tree, actor, act->from, NT_FILE_WRITE_DATA);
    case 'g':
        return nt_try_open(tree, actor, act->from, NT_FILE_READ_DATA);
    case 'r':
        return nt_try_rename(tree, actor, act->from, act->to);
    case 'l':
    case 'L':
        return nt_try_link(tree, actor, act->from, act->to);
    case 'E':
        windows_model_add(model, act->from, true, "O:BAG:SYD:P(A;OICI;FA;;;WD)");
        return NT_DONE;
    default:
        return NT_DONE; /* done before the run */
    }
}

static bool counts(char what)
{
    return what >= 'a' && what <= 'z';
}

/* The first act that escapes, or NULL. What prepares must work, or nothing is shown. */
static const struct act *try_row(struct model *model, const struct row *row,
                                 const struct nt_actor *actor)
{
    const struct act *found = NULL;
    struct error err = {0};

    for (size_t i = 0; i < ARRAY_SIZE(row->acts) && row->acts[i].what != '\0'; i++) {
        const struct act *act = &row->acts[i];
        enum nt_outcome outcome = model->has_failed ? NT_IMPOSSIBLE : try_act(model, act, actor);

        if (outcome == NT_DONE && counts(act->what) && found == NULL)
            found = act;
        if (outcome != NT_DONE && (act->what == 'M' || act->what == 'D') && !model->has_failed) {
            model->has_failed = true;
            (void)error_set(&err, ERR_INVALID, "%s could not be prepared", act->from);
            model->failure = err;
        }
    }
    return found;
}

static void prepare_all(struct model *model, const struct row *row)
{
    for (size_t i = 0; i < ARRAY_SIZE(row->acts) && row->acts[i].what != '\0'; i++)
        prepare(model, &row->acts[i]);
}

static int finish(struct model *model, const struct row *row, struct error *err)
{
    int result = model->has_failed ? error_set(err, ERR_INVALID, "%s: the scene failed: %s",
                                               row->id, model->failure.message)
                                   : 0;

    windows_model_close(model);
    return result;
}

/* The control: without a sandbox the user can do it. */
static int check_control(const struct row *row, struct error *err)
{
    const struct act *found;
    struct nt_actor user;
    struct model model;

    windows_model_open(&model, MODEL_UNELEVATED, WINDOWS_DEFAULT, true);
    prepare_all(&model, row);
    user = (struct nt_actor){.token = &model.user};
    found = try_row(&model, row, &user);
    if (finish(&model, row, err) < 0)
        return -1;
    return found != NULL ? 0
                         : error_set(err, ERR_INVALID, "%s: the control does not fire", row->id);
}

static int find_escape(const struct row *row, const struct variant *variant, uint32_t extra,
                       const struct act **found, struct error *err)
{
    struct nt_actor command;
    struct model model;

    windows_model_open(&model, variant->mode, variant->variant, true);
    prepare_all(&model, row);
    if (!model.has_failed)
        windows_model_apply(&model, variant->mode, variant->variant);
    if (row->scene == SCENE_ALONE)
        leave_second_root(&model);
    command = windows_model_command(&model, extra);
    *found = try_row(&model, row, &command);
    return finish(&model, row, err);
}

/* Output -------------------------------------------------------------------------------------------- */

static void print_row(const char *id, const char *mode, const char *predicted, const char *reason)
{
    AUTO_BUFFER struct buffer text = BUFFER_EMPTY;

    text_escape_json(&text, reason, strlen(reason));
    (void)printf("{\"id\": \"%s\", \"mode\": \"%s\", \"predicted\": \"%s\", \"reason\": \"%s\"}\n",
                 id, mode, predicted, buffer_text(&text));
}

static const char *verb(char what)
{
    static const struct {
        char what;
        const char *verb;
    } verbs[] = {{'w', "writing"},           {'m', "making"},         {'d', "making"},
                 {'x', "deleting"},          {'a', "a new DACL for"}, {'e', "attributes of"},
                 {'o', "a stream of"},       {'g', "reading"},        {'r', "renaming"},
                 {'l', "a further name for"}};

    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
        if (verbs[i].what == what)
            return verbs[i].verb;
    }
    return "an act on";
}

static int predict_row(const struct row *row, const struct variant *variant, struct error *err)
{
    const struct act *published = NULL;
    const struct act *wished = NULL;
    const struct act *worst;
    AUTO_BUFFER struct buffer reason = BUFFER_EMPTY;

    if (check_control(row, err) < 0 || find_escape(row, variant, PUBLISHED, &published, err) < 0 ||
        find_escape(row, variant, WISHED, &wished, err) < 0)
        return -1;
    worst = published != NULL ? published : wished;
    if (worst == NULL) {
        print_row(row->id, variant->name, "held", "the model refuses every act of it");
        return 0;
    }
    buffer_printf(&reason, "the model allows %s C:\\%s", verb(worst->what), worst->from);
    if (wished == NULL)
        buffer_add_text(&reason, "; not if deleting through the parent counts as a write");
    print_row(row->id, variant->name, "escaped", buffer_text(&reason));
    return 0;
}

static bool is_blocked(const struct windows_rules *rules, const struct model *model,
                       enum windows_layer layer)
{
    static const struct windows_connection to = {.is_loopback = true};

    return windows_rules_block(rules, &model->command, layer, &to, true) &&
           windows_rules_block(rules, &model->command, layer, &to, false);
}

/* network: none. The unelevated mode only asks programs; of the published design the filters are modelled,
 * and not the firewall rules beside them. */
static int predict_net(const struct variant *variant, struct error *err)
{
    bool is_published = variant->variant == WINDOWS_AS_PUBLISHED;
    struct windows_rules rules;
    struct model model;

    windows_model_open(&model, variant->mode, variant->variant, false);
    if (!model.has_failed)
        windows_model_apply(&model, variant->mode, variant->variant);
    if (model.has_failed) {
        *err = model.failure;
        windows_model_close(&model);
        return -1;
    }
    windows_rules_make(&model.facts, true, is_published, &rules);
    for (size_t i = 0; i < ARRAY_SIZE(net_rows); i++) {
        bool holds =
            variant->mode == MODEL_ELEVATED && is_blocked(&rules, &model, net_rows[i].layer);

        print_row(
            net_rows[i].id, variant->name, holds ? "held" : "escaped",
            holds ? "the filters block the offline account at this layer, loopback too"
            : variant->mode == MODEL_UNELEVATED
                ? "without an administrator nothing blocks sockets"
                : "its filters name a few ports at connect and nothing at accept and bind; the "
                  "firewall rules beside them are not modelled, and reported not to hold "
                  "(codex issue 46662)");
    }
    windows_model_close(&model);
    return 0;
}

int main(void)
{
    for (size_t v = 0; v < ARRAY_SIZE(variants); v++) {
        struct error err = {0};

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
            if (predict_row(&rows[i], &variants[v], &err) < 0) {
                (void)fprintf(stderr, "nt-predict: %s\n", err.message);
                return EXIT_FAILURE;
            }
        }
        if (predict_net(&variants[v], &err) < 0) {
            (void)fprintf(stderr, "nt-predict: %s\n", err.message);
            return EXIT_FAILURE;
        }
    }
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
