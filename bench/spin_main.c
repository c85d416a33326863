/* usage: bench-spin NANOSECONDS    works for so long, then ends: a known slowness to be found */
#include "base/os.h"
#include "base/text.h"

int main(int argc, char **argv)
{
    uint64_t start = os_now_ns();
    uint64_t wanted = 0;

    if (argc != 2 || !text_parse_u64(argv[1], 10000000000u, &wanted))
        return 2;
    while (os_now_ns() - start < wanted)
        ;
    return 0;
}
