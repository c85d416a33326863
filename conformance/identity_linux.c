#include "conformance/identity.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"

enum {
    /* Nobody's on common systems. systemd may give it to a dynamic service (61184..65519, see
     * systemd's UIDS-GIDS document); HOLDFAST_UID then names another. */
    NOBODYS_UID = 61999
};

const char *identity_name(enum identity_kind kind)
{
    switch (kind) {
    case IDENTITY_ROOT:
        return "root";
    case IDENTITY_USER:
        return "user";
    case IDENTITY_COUNT:
        break;
    }
    return "";
}

bool identity_is_available(enum identity_kind kind)
{
    return kind == IDENTITY_USER || geteuid() == 0;
}

/* A number from the environment, where it is one and not root's. */
static bool id_from(const char *variable, uid_t *uid)
{
    const char *text = getenv(variable);
    uint64_t value;

    if (text == NULL || !text_parse_u64(text, 0xfffffffeu, &value) || value == 0)
        return false;
    *uid = (uid_t)value;
    return true;
}

static void find_user(struct identity *identity)
{
    const struct passwd *account;
    bool has_group = true;
    uid_t group;

    if (geteuid() != 0) {
        identity->uid = geteuid();
        identity->gid = getegid();
    } else if (id_from("SUDO_UID", &identity->uid)) {
        identity->gid = id_from("SUDO_GID", &group) ? (gid_t)group : (gid_t)identity->uid;
    } else {
        if (!id_from("HOLDFAST_UID", &identity->uid))
            identity->uid = NOBODYS_UID;
        identity->gid = (gid_t)identity->uid;
        has_group = false;
    }
    account = getpwuid(identity->uid);
    if (account != NULL && !has_group)
        identity->gid = account->pw_gid;
    if (account != NULL)
        (void)snprintf(identity->name, sizeof identity->name, "%s", account->pw_name);
    else
        (void)snprintf(identity->name, sizeof identity->name, "u%lu", (unsigned long)identity->uid);
}

int identity_resolve(enum identity_kind kind, struct identity *identity, struct error *err)
{
    *identity = (struct identity){.kind = kind};
    if (!identity_is_available(kind)) {
        (void)error_set(err, ERR_UNSUPPORTED, "cases cannot be run as root by an ordinary user");
        return error_hint(err, "use sudo, or --identity user");
    }
    if (kind == IDENTITY_USER)
        find_user(identity);
    else
        (void)snprintf(identity->name, sizeof identity->name, "root");
    return 0;
}
