#include "sandbox/linux/near.h"

#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#include "sandbox/linux/supervisor_sys.h"

/* 1024 processors, as the C libraries' cpu_set_t; on a larger machine the kernel refuses the size. */
enum {
    WORDS = 1024 / (8 * (int)sizeof(unsigned long))
};

struct processors {
    unsigned long words[WORDS];
};

static struct {
    bool is_on;
    struct processors before;
} near;

static long get(struct processors *set)
{
    return sys_call(SYS_sched_getaffinity, 0, sizeof *set, SYS_PTR(set), 0, 0, 0);
}

static long set(const struct processors *set)
{
    return sys_call(SYS_sched_setaffinity, 0, sizeof *set, SYS_PTR(set), 0, 0, 0);
}

static int count(const struct processors *set)
{
    int found = 0;

    for (int i = 0; i < WORDS; i++)
        found += __builtin_popcountl(set->words[i]);
    return found;
}

void near_begin(void)
{
    const unsigned bits = 8 * sizeof near.before.words[0];
    struct processors one = {0};
    unsigned here = 0;

    if (get(&near.before) <= 0 || count(&near.before) < 2 ||
        sys_call(SYS_getcpu, SYS_PTR(&here), 0, 0, 0, 0, 0) < 0 || here >= WORDS * bits)
        return;
    one.words[here / bits] = 1ul << (here % bits);
    near.is_on = set(&one) == 0;
}

bool near_is_on(void)
{
    return near.is_on;
}

/*
 * All processors first: where that gives what there was before, nobody had chosen among them, and so it
 * stays: they follow the machine and its cpusets. Otherwise somebody had, and their choice is put back;
 * if a cpuset has left none of it meanwhile, what the cpuset has is right.
 */
int near_end(struct error *err)
{
    struct processors all;
    struct processors now = {0};
    long result;

    memset(&all, 0xff, sizeof all);
    result = set(&all);
    if (result == 0 && (get(&now) <= 0 || memcmp(&now, &near.before, sizeof now) != 0))
        (void)set(&near.before);
    if (result < 0)
        return error_os(err, (int)-result, "put back the processors to run on");
    return 0;
}
