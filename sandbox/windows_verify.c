#include "sandbox/windows_verify.h"

enum {
    BLOCKED = 10013,    /* WSAEACCES */
    NO_NETWORK = 10051, /* WSAENETUNREACH */
    NO_WAY = 10065,     /* WSAEHOSTUNREACH */
    NO_ADDRESS = 10049, /* WSAEADDRNOTAVAIL: this family is switched off */
    NO_FAMILY = 10047,  /* WSAEAFNOSUPPORT */
};

static int is_no_way(uint32_t code)
{
    return code == NO_NETWORK || code == NO_WAY || code == NO_ADDRESS || code == NO_FAMILY;
}

int windows_verify_blocked(const struct windows_attempt *attempts, size_t count, struct error *err)
{
    size_t blocked = 0;

    for (size_t i = 0; i < count; i++) {
        uint32_t code = attempts[i].code;

        if (code == 0) {
            (void)error_set(err, ERR_REFUSED,
                            "network: the sandbox's account reached %s; nothing blocks it",
                            attempts[i].host);
            return error_hint(err, "run holdfast-sandbox setup again, as an administrator");
        }
        if (code != BLOCKED && !is_no_way(code)) {
            (void)error_set(err, ERR_REFUSED,
                            "network: a connection to %s as the sandbox's account failed with %u, "
                            "not with 10013, so nothing shows that it is blocked",
                            attempts[i].host, code);
            return error_hint(err, "run holdfast-sandbox setup again, as an administrator");
        }
        blocked += code == BLOCKED ? 1 : 0;
    }
    if (blocked > 0)
        return 0;
    (void)error_set(
        err, ERR_UNSUPPORTED,
        "network: there is no way out of this machine, so nothing shows what is blocked");
    return error_hint(err, "connect it to a network, or use --network none");
}
