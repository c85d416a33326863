/* An index or HEAD that the sandbox wants git outside to have. Built by ci/fuzz. What is accepted is read
 * again here, in the plainest way, and must not name .git. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sandbox/linux/git_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Versions 2 and 3: the names lie there in full, at the places the lengths say. */
static void check_accepted(const uint8_t *data, size_t size, size_t hash_size)
{
    size_t count = (size_t)data[8] << 24 | (size_t)data[9] << 16 | (size_t)data[10] << 8 | data[11];
    size_t at = 12;

    for (size_t i = 0; data[7] < 4 && i < count; i++) {
        size_t head = 40 + hash_size + 2;
        const char *name;
        size_t length;

        if (at + head >= size)
            abort();
        head += (data[at + 40 + hash_size] & 0x40) != 0 ? 2 : 0;
        name = (const char *)data + at + head;
        length = strnlen(name, size - at - head);
        if (length == 0 || at + head + length >= size || *name == '/' ||
            strncasecmp(name, ".git/", 5) == 0 || strcasecmp(name, ".git") == 0 ||
            strstr(name, "/.git/") != NULL || strstr(name, "/../") != NULL)
            abort();
        at += (head + length + 8) & ~(size_t)7;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (size_t hash_size = 20; hash_size <= 32; hash_size += 12) {
        if (git_index_is_safe(data, size, hash_size))
            check_accepted(data, size, hash_size);
    }
    if (git_head_is_safe((const char *)data, size) && memchr(data, '\0', size) != NULL)
        abort();
    return 0;
}
