/* Lines for nt-access. Built by ci/fuzz; the program's own main is called otherwise here. */
#define main nt_access_main
#include "sandbox/nt/nt_access_main.c"
#undef main

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_BUFFER struct buffer line = BUFFER_EMPTY;
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;
    struct error err = {0};
    int result;

    buffer_add(&line, data, size);
    result = answer(&line, &out, &err);
    /* an answer or an error that says something, never both or neither */
    if ((result == 0) != (out.size > 0) || (result < 0 && err.message[0] == '\0'))
        abort();
    return 0;
}
