#include "sandbox/windows_password.h"

#include <string.h>

/* Without quotes, backslash and others that some program might one day put on a command line. */
static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                               "!#$()*+,-./:;=?@[]_{|}~^&<";

enum {
    COUNT = sizeof alphabet - 1,
    FAIR = 256 / COUNT * COUNT, /* bytes from here on would favour the first characters */
};

static bool has_of(const char *password, const char *characters)
{
    return strpbrk(password, characters) != NULL;
}

bool windows_password(const uint8_t random[WINDOWS_PASSWORD_RANDOM],
                      char password[WINDOWS_PASSWORD_LENGTH + 1])
{
    size_t length = 0;

    for (size_t i = 0; i < WINDOWS_PASSWORD_RANDOM && length < WINDOWS_PASSWORD_LENGTH; i++) {
        if (random[i] < FAIR)
            password[length++] = alphabet[random[i] % COUNT];
    }
    password[length] = '\0';
    return length == WINDOWS_PASSWORD_LENGTH && has_of(password, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") &&
           has_of(password, "abcdefghijklmnopqrstuvwxyz") && has_of(password, "0123456789") &&
           has_of(password, alphabet + 62);
}
