/* Passwords that nobody types. Pure: the random bytes are the caller's. */
#ifndef HOLDFAST_SANDBOX_WINDOWS_PASSWORD_H
#define HOLDFAST_SANDBOX_WINDOWS_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WINDOWS_PASSWORD_LENGTH = 40, /* of 88 characters: more than 250 bits */
    WINDOWS_PASSWORD_RANDOM = 128 /* bytes that make one, some of them thrown away */
};

/* Each byte picks a character or none, so that all are equally likely. false: too few bytes were
 * usable, or the result lacks a capital, a small letter, a digit or a sign, which the complexity rule
 * of Windows asks for: try again with other bytes. */
bool windows_password(const uint8_t random[WINDOWS_PASSWORD_RANDOM],
                      char password[WINDOWS_PASSWORD_LENGTH + 1]);

#endif
