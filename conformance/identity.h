/*
 * As whom cases are run. Started as an ordinary user there is one identity:
 * that user. Started as root there are two: root, and an ordinary user who is
 * the one behind sudo (SUDO_UID), else HOLDFAST_UID, else a uid nobody has.
 */
#ifndef HOLDFAST_CONFORMANCE_IDENTITY_H
#define HOLDFAST_CONFORMANCE_IDENTITY_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

enum identity_kind {
    IDENTITY_ROOT,
    IDENTITY_USER,
    IDENTITY_COUNT
};

struct identity {
    enum identity_kind kind;
    uid_t uid;
    gid_t gid;
    char name[64]; /* for USER and LOGNAME */
};

const char *identity_name(enum identity_kind kind); /* "root", "user" */

/* Can this process run cases as that? */
bool identity_is_available(enum identity_kind kind);

int identity_resolve(enum identity_kind kind, struct identity *identity, struct error *err);

#endif
