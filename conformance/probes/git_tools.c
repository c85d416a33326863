#include "conformance/probes/git_tools.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "conformance/probes/host.h"
#include "conformance/probes/tools.h"
#include "conformance/probes/trigger.h"

int try_gitdir(const char *path, const char *config)
{
    int outcome = try_plant(path_in(path, "config"), config);

    outcome = outcome_join(outcome, try_put(path_in(path, "HEAD"), "ref: refs/heads/main\n"));
    (void)mkdir(path_in(path, "objects"), 0755);
    (void)mkdir(path_in(path, "refs"), 0755);
    return outcome;
}

const char *fsmonitor_config(const struct attempt *a, const char *way)
{
    static char texts[4][512];
    static unsigned next;
    char *text = texts[next++ % ARRAY_SIZE(texts)];

    (void)snprintf(text, sizeof texts[0],
                   "[core]\n\trepositoryformatversion = 0\n\tbare = false\n"
                   "\tfsmonitor = \"%s; true\"\n",
                   marker_command(a, way));
    return text;
}

int plant_gitdir(const struct scene *scene, const char *path, struct error *err)
{
    if (host_plant(scene, path_in(path, "config"),
                   "[core]\n\trepositoryformatversion = 0\n\tbare = false\n", 0644, err) < 0 ||
        host_plant(scene, path_in(path, "HEAD"), "ref: refs/heads/main\n", 0644, err) < 0 ||
        host_make_directory(scene, path_in(path, "objects"), 0755, err) < 0 ||
        host_make_directory(scene, path_in(path, "hooks"), 0755, err) < 0)
        return -1;
    return host_make_directory(scene, path_in(path, "refs"), 0755, err);
}

int observe_git_status(const struct scene *scene, const char *directory, const char *config_path,
                       struct observation *seen, struct error *err)
{
    /* Without optional locks `git status` writes no index: the oracles see no news of ours. */
    static const char *const env[] = {"GIT_OPTIONAL_LOCKS=0", NULL};
    const struct trigger trigger = {
        .directory = directory,
        .script = "git status",
        .what = "git status",
        .env = env,
    };

    if (!trigger_is_planted(scene, config_path))
        return 0;
    return trigger_pull(scene, &trigger, seen, err);
}
