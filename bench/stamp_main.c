/*
 * usage: bench-stamp [FILES DIRECTORY]
 * Says when it got to run, then ends. It splits a run in two: what happened
 * before the first instruction (setting up) and after the last (teardown).
 * With FILES it first leaves that many files in DIRECTORY ($TMPDIR of the
 * sandbox, mostly) for the teardown to remove.
 *
 * The stamp is STAMP_MAGIC followed by the raw monotonic clock in nanoseconds,
 * sixteen bytes in one write to stdout. The reader looks for the magic, since
 * some sandboxes print words of their own before it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/os.h"
#include "base/text.h"
#include "bench/stopwatch_wire.h"

static int leave_files(const char *count_text, const char *directory)
{
    uint64_t count;
    char path[4096];

    if (!text_parse_u64(count_text, 1000000, &count))
        return -1;
    for (uint64_t i = 0; i < count; i++) {
        FILE *file;

        (void)snprintf(path, sizeof path, "%s/left-%llu", directory, (unsigned long long)i);
        file = fopen(path, "wx");
        if (file == NULL)
            return -1;
        (void)fclose(file);
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct stopwatch_stamp stamp = {.now_ns = os_now_ns()};

    memcpy(stamp.magic, STOPWATCH_STAMP_MAGIC, sizeof stamp.magic);
    if (argc == 3) {
        if (leave_files(argv[1], argv[2]) < 0)
            return 2;
        stamp.now_ns = os_now_ns();
    }
    return write(STDOUT_FILENO, &stamp, sizeof stamp) == (ssize_t)sizeof stamp ? 0 : 1;
}
