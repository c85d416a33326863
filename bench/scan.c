#include "bench/scan.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buffer.h"

enum {
    VALUES_MAX = 100000,
    DIGITS_MAX = 9, /* on either side of the point */
};

void scan_init(struct scan *scan)
{
    *scan = (struct scan){.names = WORDS_EMPTY};
}

void scan_done(struct scan *scan)
{
    for (size_t i = 0; i < scan->names.count; i++)
        words_done(&scan->values[i]);
    free(scan->values);
    words_done(&scan->names);
    scan_init(scan);
}

/* A new parameter with no values yet. */
static struct words *add_name(struct scan *scan, const char *name, struct error *err)
{
    struct words *grown;

    if (name[0] == '\0' || strpbrk(name, "{}") != NULL) {
        (void)error_set(err, ERR_USAGE, "%s: not a name for a parameter", name);
        return NULL;
    }
    for (size_t i = 0; i < scan->names.count; i++) {
        if (strcmp(scan->names.items[i], name) == 0) {
            (void)error_set(err, ERR_USAGE, "%s: this parameter is given twice", name);
            return NULL;
        }
    }
    grown = realloc(scan->values, (scan->names.count + 1) * sizeof *grown);
    if (grown == NULL) {
        (void)error_memory(err, name);
        return NULL;
    }
    scan->values = grown;
    grown[scan->names.count] = WORDS_EMPTY;
    if (words_add(&scan->names, name, err) < 0)
        return NULL;
    return &grown[scan->names.count - 1];
}

int scan_add_list(struct scan *scan, const char *name, const char *values, struct error *err)
{
    struct words *list = add_name(scan, name, err);

    return list == NULL ? -1 : words_split_commas(values, list, err);
}

/* A decimal number as an integer of 10^-digits: steps of 0.1 add up without error. */
struct decimal {
    int64_t units;
    int digits;
};

static bool parse_decimal(const char *text, struct decimal *decimal)
{
    bool is_negative = *text == '-';
    bool has_point = false;
    int whole = 0;

    *decimal = (struct decimal){0};
    for (text += is_negative || *text == '+'; *text != '\0'; text++) {
        if (*text == '.' && !has_point) {
            has_point = true;
            continue;
        }
        if (*text < '0' || *text > '9')
            return false;
        decimal->units = decimal->units * 10 + (*text - '0');
        decimal->digits += has_point;
        whole += !has_point;
        if (decimal->digits > DIGITS_MAX || whole > DIGITS_MAX)
            return false; /* both together fit an int64_t */
    }
    if (is_negative)
        decimal->units = -decimal->units;
    return whole + decimal->digits > 0;
}

static int64_t scaled(const struct decimal *decimal, int digits)
{
    int64_t units = decimal->units;

    for (int i = decimal->digits; i < digits; i++)
        units *= 10;
    return units;
}

static int add_number(struct words *list, int64_t units, int digits, struct error *err)
{
    int64_t power = 1;
    uint64_t size = units < 0 ? 0 - (uint64_t)units : (uint64_t)units;

    for (int i = 0; i < digits; i++)
        power *= 10;
    if (digits == 0)
        return words_add_format(list, err, "%s%llu", units < 0 ? "-" : "",
                                (unsigned long long)size);
    return words_add_format(list, err, "%s%llu.%0*llu", units < 0 ? "-" : "",
                            (unsigned long long)(size / (uint64_t)power), digits,
                            (unsigned long long)(size % (uint64_t)power));
}

int scan_add_range(struct scan *scan, const char *name, const char *min, const char *max,
                   const char *step, struct error *err)
{
    struct decimal from;
    struct decimal to;
    struct decimal by = {.units = 1};
    struct words *list;
    int digits;
    int64_t last;
    int64_t stride;

    if (!parse_decimal(min, &from) || !parse_decimal(max, &to) ||
        (step != NULL && !parse_decimal(step, &by)))
        return error_set(err, ERR_USAGE, "%s: a range needs decimal numbers", name);
    digits = from.digits > by.digits ? from.digits : by.digits;
    digits = to.digits > digits ? to.digits : digits;
    last = scaled(&to, digits);
    stride = scaled(&by, digits);
    if (stride <= 0 || last < scaled(&from, digits))
        return error_set(err, ERR_USAGE, "%s: no steps lead from %s to %s", name, min, max);
    if ((last - scaled(&from, digits)) / stride >= VALUES_MAX)
        return error_set(err, ERR_USAGE, "%s: more than %d values", name, VALUES_MAX);
    list = add_name(scan, name, err);
    for (int64_t at = scaled(&from, digits); list != NULL && at <= last; at += stride) {
        /* Whole numbers stay whole: -P n 1 4 -D 1 gives 1, not 1.0. */
        if (add_number(list, at, digits, err) < 0)
            return -1;
    }
    return list != NULL ? 0 : -1;
}

size_t scan_count(const struct scan *scan)
{
    size_t count = 1;

    for (size_t i = 0; i < scan->names.count; i++)
        count *= scan->values[i].count;
    return count;
}

const char *scan_value(const struct scan *scan, size_t combination, size_t name)
{
    for (size_t i = 0; i < name; i++)
        combination /= scan->values[i].count;
    return scan->values[name].items[combination % scan->values[name].count];
}

/* The parameter whose {name} stands at text, or names.count. */
static size_t find_hole(const struct scan *scan, const char *text)
{
    size_t i = 0;

    for (; i < scan->names.count; i++) {
        size_t size = strlen(scan->names.items[i]);

        if (strncmp(text + 1, scan->names.items[i], size) == 0 && text[1 + size] == '}')
            break;
    }
    return i;
}

char *scan_substitute(const struct scan *scan, size_t combination, const char *text,
                      struct error *err)
{
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;
    char *made;

    for (; *text != '\0'; text++) {
        size_t name = *text == '{' ? find_hole(scan, text) : scan->names.count;

        if (name == scan->names.count) {
            buffer_add_byte(&out, *text);
            continue;
        }
        buffer_add_text(&out, scan_value(scan, combination, name));
        text += strlen(scan->names.items[name]) + 1;
    }
    made = buffer_take(&out);
    if (made == NULL)
        (void)error_memory(err, text);
    return made;
}

int scan_set_parameters(const struct scan *scan, size_t combination, struct bench_row *row,
                        struct error *err)
{
    for (size_t i = 0; i < scan->names.count; i++) {
        if (bench_row_set_parameter(row, scan->names.items[i], scan_value(scan, combination, i),
                                    err) < 0)
            return -1;
    }
    return 0;
}
