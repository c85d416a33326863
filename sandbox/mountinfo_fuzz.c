/* mountinfo of a machine that others can name mounts on. Built by ci/fuzz. */
#include "sandbox/mountinfo.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    const char *at = text;
    struct mountinfo mount;

    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    while (mountinfo_next(&at, &mount)) {
        if (mount.path[0] != '/' || mount.root[0] == '\0' || mount.type[0] == '\0' ||
            at > text + size)
            abort();
        (void)mountinfo_has_option(mount.options, "rw");
    }
    free(text);
    return 0;
}
