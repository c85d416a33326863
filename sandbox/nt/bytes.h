/* Little-endian numbers in bytes that may be unaligned. No bounds here: callers check them. */
#ifndef HOLDFAST_SANDBOX_NT_BYTES_H
#define HOLDFAST_SANDBOX_NT_BYTES_H

#include <stdint.h>

static inline uint16_t nt_get16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t nt_get32(const uint8_t *at)
{
    return (uint32_t)nt_get16(at) | (uint32_t)nt_get16(at + 2) << 16;
}

static inline uint64_t nt_get64(const uint8_t *at)
{
    return (uint64_t)nt_get32(at) | (uint64_t)nt_get32(at + 4) << 32;
}

static inline void nt_put16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value & 0xff);
    at[1] = (uint8_t)(value >> 8);
}

static inline void nt_put32(uint8_t *at, uint32_t value)
{
    nt_put16(at, (uint16_t)(value & 0xffff));
    nt_put16(at + 2, (uint16_t)(value >> 16));
}

static inline void nt_put64(uint8_t *at, uint64_t value)
{
    nt_put32(at, (uint32_t)(value & 0xffffffff));
    nt_put32(at + 4, (uint32_t)(value >> 32));
}

#endif
