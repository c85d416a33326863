/* SHA-256 (FIPS 180-4), for digests of catalogues, plans and files: says that two things are the
 * same. Not a place for secrets: no constant-time promises beyond what the algorithm has. */
#ifndef HOLDFAST_BASE_SHA256_H
#define HOLDFAST_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct sha256 {
    uint32_t state[8];
    uint64_t size_bytes;
    unsigned char block[64];
};

void sha256_init(struct sha256 *hash);
void sha256_add(struct sha256 *hash, const void *bytes, size_t size);
/* 64 lower-case hexadecimal digits and a NUL. The struct is used up. */
void sha256_finish(struct sha256 *hash, char hex[65]);

#endif
