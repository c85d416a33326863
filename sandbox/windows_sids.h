/*
 * The synthetic SIDs of one user: one for "protected", one per root. Kept in
 * a text file that is replaced as a whole. A root is known by its path and by
 * its file's identity: a new directory under an old name is another root, or
 * what was moved away would stay writable.
 *
 *   holdfast-sids 1
 *   S-1-0-...  <tab>  marker
 *   S-1-0-...  <tab>  9a3c:4b00000000012f  <tab>  C:\work\project
 *   crc 1c291ca3
 *
 * Pure: the random numbers and the file are the caller's business.
 */
#ifndef HOLDFAST_SANDBOX_WINDOWS_SIDS_H
#define HOLDFAST_SANDBOX_WINDOWS_SIDS_H

#include "base/buffer.h"
#include "sandbox/nt/sid.h"

enum {
    WINDOWS_SID_RANDOM = 16, /* bytes: 128 bits per SID */
    WINDOWS_SIDS_BYTES_MAX = 4 << 20,
};

struct windows_known_root {
    struct nt_sid sid;
    char *identity; /* "volume:file", hexadecimal */
    char *path;
};

struct windows_sids {
    struct nt_sid marker;
    bool has_marker;
    struct windows_known_root *roots;
    size_t count;
};

void windows_sids_done(struct windows_sids *sids);

/* S-1-0-a-b-c-d: the null authority, so that nobody asks a domain who that is. */
struct nt_sid windows_sid_from_random(const uint8_t random[WINDOWS_SID_RANDOM]);

/* An empty text is an empty list; anything damaged is ERR_CORRUPT. *sids must be empty. */
int windows_sids_read(const char *text, size_t size, struct windows_sids *sids, struct error *err);
void windows_sids_write(const struct windows_sids *sids, struct buffer *out);

/* The root with this path and identity; NULL: not known. */
const struct windows_known_root *windows_sids_find(const struct windows_sids *sids,
                                                   const char *path, const char *identity);
/* Adds a root; one with the same path and another identity is kept: its SID is still ours. */
int windows_sids_add(struct windows_sids *sids, const char *path, const char *identity,
                     const struct nt_sid *sid, struct error *err);

#endif
