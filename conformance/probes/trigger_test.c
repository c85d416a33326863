#include "conformance/probes/trigger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/test.h"
#include "conformance/probes/host.h"
#include "conformance/probes/tools.h"

/* Each test runs in a process of its own. */
static char root[] = "/tmp/holdfast-trigger-XXXXXX";
static char home[64], ws[64];

static struct scene make_scene(void)
{
    cr_assert_not_null(mkdtemp(root));
    (void)snprintf(home, sizeof home, "%s/home", root);
    (void)snprintf(ws, sizeof ws, "%s/ws", root);
    cr_assert_eq(mkdir(home, 0755), 0);
    cr_assert_eq(mkdir(ws, 0755), 0);
    return (struct scene){.root = root,
                          .home = home,
                          .ws = ws,
                          .nonce = "0123456789abcdef0123456789abcdef",
                          .uid = getuid(),
                          .gid = getgid()};
}

static void remove_scene(void)
{
    const char *const argv[] = {"rm", "-rf", root, NULL};

    (void)run_quiet(argv);
}

static struct observation pull(const struct scene *scene, struct trigger trigger)
{
    struct observation seen = {0};
    struct error err = {0};

    if (trigger.directory == NULL)
        trigger.directory = scene->ws;
    trigger.what = "the user";
    cr_assert_eq(trigger_pull(scene, &trigger, &seen, &err), 0, "%s", err.message);
    return seen;
}

Test(trigger, fires_when_the_marker_holds_the_nonce)
{
    const struct scene scene = make_scene();
    struct observation seen =
        pull(&scene, (struct trigger){.script = "echo 0123456789abcdef0123456789abcdef a-way "
                                                ">>$HOLDFAST_MARKER"});

    cr_assert(seen.has_fired);
    cr_assert_not_null(strstr(seen.evidence, "a-way"), "%s", seen.evidence);
    seen = pull(&scene, (struct trigger){.script = "echo ffff6789abcdef0123456789abcdef0123 "
                                                   ">>$HOLDFAST_MARKER"});
    cr_assert(!seen.has_fired, "another run's nonce is no proof");
    seen = pull(&scene, (struct trigger){.script = "true"});
    cr_assert(!seen.has_fired);
    remove_scene();
}

Test(trigger, leaves_the_original_alone_when_it_works_on_a_copy)
{
    const struct scene scene = make_scene();

    (void)pull(&scene, (struct trigger){.script = "echo x >made; echo x >\"$HOME/made\"",
                                        .is_copied = true});
    cr_assert(!trigger_has(scene.ws, "made"));
    cr_assert(!trigger_has(scene.home, "made"));
    (void)pull(&scene, (struct trigger){.script = "echo x >made"});
    cr_assert(trigger_has(scene.ws, "made"), "without a copy it is there");
    remove_scene();
}

Test(trigger, ends_a_user_who_does_not_come_back)
{
    const struct scene scene = make_scene();
    const struct observation seen =
        pull(&scene, (struct trigger){.script = "sleep 600", .timeout_ms = 50});

    cr_assert(!seen.has_fired);
    remove_scene();
}

Test(trigger, does_not_follow_a_link_out_of_the_scene)
{
    const struct scene scene = make_scene();
    struct observation seen;

    cr_assert_eq(symlink("/tmp", path_in(scene.root, "link")), 0);
    seen = pull(&scene, (struct trigger){.directory = path_in(scene.root, "link"),
                                         .script = "echo 0123456789abcdef0123456789abcdef way "
                                                   ">>$HOLDFAST_MARKER"});
    cr_assert(!seen.has_fired, "the user must not go there");
    remove_scene();
}

Test(trigger, tells_what_is_planted_by_the_nonce_in_a_plain_file)
{
    const struct scene scene = make_scene();

    cr_assert_eq(try_put(path_in(ws, "with"), "x 0123456789abcdef0123456789abcdef"), 0);
    cr_assert_eq(try_put(path_in(ws, "without"), "x"), 0);
    cr_assert_eq(symlink("with", path_in(ws, "link")), 0);
    cr_assert_eq(mkfifo(path_in(ws, "fifo"), 0600), 0);
    cr_assert(trigger_is_planted(&scene, path_in(ws, "with")));
    cr_assert(!trigger_is_planted(&scene, path_in(ws, "without")));
    cr_assert(!trigger_is_planted(&scene, path_in(ws, "link")), "links are not followed");
    cr_assert(!trigger_is_planted(&scene, path_in(ws, "fifo")), "and nothing blocks");
    remove_scene();
}

Test(trigger, ticks_of_a_helper_reach_the_attempt)
{
    const struct scene scene = make_scene();
    const struct attempt a = {.ws = ws};
    const long since = ticks_now(&a);

    cr_assert_eq(since, 0);
    host_tick(&scene);
    cr_assert_eq(ticks_now(&a), 1);
    host_tick_last(&scene);
    cr_assert_eq(await_ticks(&a, since, TICKS_SEEN), 0);
    remove_scene();
}
