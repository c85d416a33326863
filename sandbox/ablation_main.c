/*
 * holdfast-ablation [EDIT]... run OPTION... -- COMMAND...
 *
 * holdfast-sandbox run with a hole, to show what each part of a plan is good
 * for and that the suite sees when it is missing. The edits:
 *
 *   --without STEP[=DETAIL]   leave steps out: STEP is its name in `explain`,
 *                             DETAIL its path, text or bit name
 *   --without STEP.BIT        take one bit out of them (namespaces.pid)
 *   --writable PATH           one more writable root, nothing protected in it
 *   --call NAME[,ARG=VALUE[/MASK]]...
 *                             the filter lets this call through, if every
 *                             argument named (0..5), masked, has the value
 *
 * Never shipped; a sandbox with a hole is not something to have lying around.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "sandbox/commands.h"
#include "sandbox/filter.h"
#include "sandbox/filter_calls.h"
#include "sandbox/sandbox.h"

enum {
    EDITS_MAX = 64,
    ARGUMENTS = 6
};

/* A call, or some of its calls, that passes before the filter is asked. */
struct opening {
    const struct filter_call_row *row;
    bool has_value[ARGUMENTS];
    uint32_t values[ARGUMENTS];
    uint32_t masks[ARGUMENTS];
};

static const char *without[EDITS_MAX];
static size_t without_count;
static const char *writable[EDITS_MAX];
static size_t writable_count;
static struct opening openings[EDITS_MAX];
static size_t opening_count;
static size_t edited;

/* Steps ------------------------------------------------------------------------------------------ */

static bool has_bit_names(const struct step *step, uint64_t bits, const char *wanted)
{
    AUTO_BUFFER struct buffer names = BUFFER_EMPTY;
    struct step part = *step;

    part.bits = bits;
    plan_add_bit_names(&names, &part);
    return strcmp(buffer_text(&names), wanted) == 0;
}

static bool has_detail(const struct step *step, const char *detail)
{
    return (step->path != NULL && strcmp(step->path, detail) == 0) ||
           (step->text != NULL && strcmp(step->text, detail) == 0) ||
           has_bit_names(step, step->bits, detail);
}

static void take_bit_out(struct step *step, const char *name)
{
    for (uint64_t bit = 1; bit != 0; bit <<= 1) {
        if ((step->bits & bit) != 0 && has_bit_names(step, bit, name)) {
            step->bits &= ~bit;
            edited++;
        }
    }
}

/* Is the whole step left out? Bits are taken out on the way. */
static bool is_left_out(struct step *step)
{
    const char *name = plan_step_name(step->kind);
    size_t length = strlen(name);

    for (size_t i = 0; i < without_count; i++) {
        if (strncmp(without[i], name, length) != 0)
            continue;
        if (without[i][length] == '.')
            take_bit_out(step, without[i] + length + 1);
        if (without[i][length] == '\0' ||
            (without[i][length] == '=' && has_detail(step, without[i] + length + 1)))
            return true;
    }
    return false;
}

static void leave_out(struct plan *plan)
{
    size_t kept = 0;

    for (size_t i = 0; i < plan->step_count; i++) {
        if (is_left_out(&plan->steps[i])) {
            free(plan->steps[i].path);
            free(plan->steps[i].text);
            edited++;
        } else {
            plan->steps[kept++] = plan->steps[i];
        }
    }
    plan->step_count = kept;
}

/* Roots are put in place after what hides; rules are added where the others are. */
static void move_last(struct plan *plan, size_t to)
{
    const struct step last = plan->steps[plan->step_count - 1];

    memmove(&plan->steps[to + 1], &plan->steps[to],
            (plan->step_count - 1 - to) * sizeof *plan->steps);
    plan->steps[to] = last;
}

/* Of the last step but the one just added. */
static size_t index_after(const struct plan *plan, enum step_kind kind)
{
    size_t after = plan->step_count - 1;

    for (size_t i = 0; i + 1 < plan->step_count; i++) {
        if (plan->steps[i].kind == kind)
            after = i + 1;
    }
    return after;
}

static void add_writable(struct plan *plan, const char *path)
{
    const struct step *ruleset = plan_find(plan, STEP_LANDLOCK);
    const uint64_t rights = ruleset != NULL ? ruleset->bits : 0;

    if (plan_find(plan, STEP_READ_ONLY_ROOT) != NULL) {
        plan_add(plan, STEP_WRITABLE, path, 0, "a hole");
        move_last(plan, index_after(plan, STEP_HIDE));
    }
    if (rights != 0) {
        plan_add(plan, STEP_LANDLOCK_RULE, path, rights, "a hole");
        move_last(plan, index_after(plan, STEP_LANDLOCK_RULE));
    }
    edited++;
}

static void edit(struct plan *plan)
{
    leave_out(plan);
    for (size_t i = 0; i < writable_count; i++)
        add_writable(plan, writable[i]);
    if (edited == 0 && without_count > 0)
        (void)fprintf(stderr, "holdfast-ablation: no step of the plan matches\n");
}

/* Calls ------------------------------------------------------------------------------------------ */

/* Classic BPF, linux/bpf_common.h; the offsets of struct seccomp_data. */
enum {
    BPF_LOAD = 0x20,
    BPF_AND = 0x54,
    BPF_IF_EQUAL = 0x15,
    BPF_RETURN = 0x06,
    OFFSET_ARGUMENTS = 16,
    OPENING_MAX = 3 + 3 * ARGUMENTS
};

static size_t compile_opening(const struct opening *opening, enum filter_arch arch,
                              struct filter_instruction code[OPENING_MAX])
{
    const int16_t number = arch == FILTER_X86_64 ? opening->row->x86_64 : opening->row->aarch64;
    size_t count = 0;

    code[count++] = (struct filter_instruction){.code = BPF_LOAD};
    code[count++] = (struct filter_instruction){.code = BPF_IF_EQUAL, .value = (uint32_t)number};
    for (uint32_t i = 0; i < ARGUMENTS; i++) {
        if (!opening->has_value[i])
            continue;
        code[count++] =
            (struct filter_instruction){.code = BPF_LOAD, .value = OFFSET_ARGUMENTS + 8 * i};
        code[count++] = (struct filter_instruction){.code = BPF_AND, .value = opening->masks[i]};
        code[count++] =
            (struct filter_instruction){.code = BPF_IF_EQUAL, .value = opening->values[i]};
    }
    code[count++] = (struct filter_instruction){.code = BPF_RETURN, .value = FILTER_ALLOW};
    for (size_t i = 0; i < count; i++) { /* what does not match goes on behind the opening */
        if (code[i].code == BPF_IF_EQUAL)
            code[i].jump_false = (uint8_t)(count - i - 1);
    }
    return count;
}

/* The linker puts these in the places of filter_compile and of the real one (--wrap). */
int __real_filter_compile(enum filter_arch arch, uint32_t groups, struct filter_program *program,
                          struct error *err);
int __wrap_filter_compile(enum filter_arch arch, uint32_t groups, struct filter_program *program,
                          struct error *err);

int __wrap_filter_compile(enum filter_arch arch, uint32_t groups, struct filter_program *program,
                          struct error *err)
{
    if (__real_filter_compile(arch, groups, program, err) < 0)
        return -1;
    for (size_t i = 0; i < opening_count; i++) {
        struct filter_instruction code[OPENING_MAX];
        const size_t count = compile_opening(&openings[i], arch, code);

        if (program->count + count > FILTER_INSTRUCTION_MAX)
            return error_set(err, ERR_INVALID, "no room for another opening of the filter");
        memmove(program->instructions + count, program->instructions,
                program->count * sizeof *code);
        memcpy(program->instructions, code, count * sizeof *code);
        program->count += count;
    }
    return 0;
}

static const struct filter_call_row *find_call(const char *name, size_t length)
{
    for (size_t i = 0; i < filter_call_count; i++) {
        if (strlen(filter_calls[i].name) == length &&
            strncmp(filter_calls[i].name, name, length) == 0)
            return &filter_calls[i];
    }
    return NULL;
}

/* NAME[,ARG=VALUE[/MASK]]... */
static bool add_opening(const char *text)
{
    struct opening *opening = &openings[opening_count];
    size_t length = strcspn(text, ",");

    opening->row = find_call(text, length);
    for (text += length; *text == ','; text += strcspn(text, ",")) {
        unsigned argument = ARGUMENTS;
        unsigned value = 0;
        unsigned mask = ~0u;

        text++;
        if (sscanf(text, "%u=%u/%u", &argument, &value, &mask) < 2 || argument >= ARGUMENTS)
            return false;
        opening->has_value[argument] = true;
        opening->values[argument] = value;
        opening->masks[argument] = mask;
    }
    opening_count++;
    edited++;
    return opening->row != NULL;
}

/* The command line ------------------------------------------------------------------------------- */

static bool add_edit(const char *option, const char *value)
{
    if (strcmp(option, "--without") == 0 && without_count < EDITS_MAX)
        without[without_count++] = value;
    else if (strcmp(option, "--writable") == 0 && writable_count < EDITS_MAX)
        writable[writable_count++] = value;
    else
        return strcmp(option, "--call") == 0 && opening_count < EDITS_MAX && add_opening(value);
    return true;
}

int main(int argc, char **argv)
{
    while (argc > 2 && add_edit(argv[1], argv[2])) {
        argc -= 2;
        argv += 2;
    }
    if (argc < 2 || strcmp(argv[1], "run") != 0) {
        (void)fprintf(stderr, "usage: holdfast-ablation [--without STEP[=DETAIL|.BIT]]... "
                              "[--writable PATH]... [--call NAME[,ARG=VALUE]...]... run ...\n");
        return SANDBOX_EXIT_REFUSED;
    }
    return command_run_edited(argc - 1, argv + 1, edit);
}
