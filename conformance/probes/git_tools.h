/* What rows of area git share: git directories made by hand, and the user who asks for the status. */
#ifndef HOLDFAST_CONFORMANCE_PROBES_GIT_TOOLS_H
#define HOLDFAST_CONFORMANCE_PROBES_GIT_TOOLS_H

#include "conformance/probe.h"

/* HEAD, config, objects/ and refs/ at path: enough for git to take it for a repository
 * (gitrepository-layout(5)). Inside: 0 or errno. */
int try_gitdir(const char *path, const char *config);

/* A configuration whose fsmonitor leaves the marker when git looks at the working tree. Static
 * buffers, valid for the next 3 calls. */
const char *fsmonitor_config(const struct attempt *a, const char *way);

/* The same for prepare(): an empty, harmless repository directory. */
int plant_gitdir(const struct scene *scene, const char *path, struct error *err);

/* The user goes to directory and says `git status`, when what the probe plants is at
 * config_path. */
int observe_git_status(const struct scene *scene, const char *directory, const char *config_path,
                       struct observation *seen, struct error *err);

#endif
