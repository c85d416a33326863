/* .git files and .gitmodules from a workspace. Built by ci/fuzz. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/gitfile.h"
#include "sandbox/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    const char *at = text;
    char path[64];

    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    (void)gitfile_parse_pointer(text, path, sizeof path);
    (void)gitfile_parse_line(text, path, sizeof path);
    while (gitfile_next_module(&at, path, sizeof path)) {
        if (path_is_absolute(PATH_POSIX, path) || path_climbs(PATH_POSIX, path))
            abort();
    }
    free(text);
    return 0;
}
