/* Interprets a filter the way the kernel does, for tests on every platform. */
#include "sandbox/filter.h"

#include <string.h>

/* The 32-bit word at an offset of struct seccomp_data, little endian. */
static uint32_t word_at(const struct filter_call *call, uint32_t offset)
{
    if (offset == 0)
        return call->number;
    if (offset == 4)
        return call->arch;
    if (offset >= 16 && offset < 64 && offset % 4 == 0) {
        uint64_t arg = call->args[(offset - 16) / 8];

        return (uint32_t)(offset % 8 == 0 ? arg : arg >> 32);
    }
    return 0;
}

uint32_t filter_run(const struct filter_program *program, const struct filter_call *call)
{
    uint32_t accumulator = 0;

    for (size_t at = 0; at < program->count; at++) {
        const struct filter_instruction *in = &program->instructions[at];
        bool is_true = false;

        switch (in->code) {
        case 0x20:
            accumulator = word_at(call, in->value);
            continue;
        case 0x54:
            accumulator &= in->value;
            continue;
        case 0x06:
            return in->value;
        case 0x15:
            is_true = accumulator == in->value;
            break;
        case 0x35:
            is_true = accumulator >= in->value;
            break;
        case 0x45:
            is_true = (accumulator & in->value) != 0;
            break;
        default:
            return FILTER_KILL_PROCESS;
        }
        at += is_true ? in->jump_true : in->jump_false;
    }
    return FILTER_KILL_PROCESS; /* ran off the end: the kernel refuses such a program */
}
