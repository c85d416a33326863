/* /proc/self/mountinfo, one line after the other (proc(5)). Pure. */
#ifndef HOLDFAST_SANDBOX_MOUNTINFO_H
#define HOLDFAST_SANDBOX_MOUNTINFO_H

#include <stdbool.h>

enum {
    MOUNTINFO_PATH_MAX = 4096
};

struct mountinfo {
    char root[MOUNTINFO_PATH_MAX]; /* what of the file system is mounted */
    char path[MOUNTINFO_PATH_MAX]; /* where */
    char options[256];             /* of this mount: "rw,noexec" */
    char type[64];                 /* "cgroup2" */
};

/* The next mount from *at on; *at moves behind it. Lines that are not as they should be, or whose words
 * are too long, are left out. Octal escapes are undone. False: no more. */
bool mountinfo_next(const char **at, struct mountinfo *mount);

/* Is `word` one of the words of a comma-separated list? */
bool mountinfo_has_option(const char *options, const char *word);

#endif
