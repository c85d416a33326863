/* The one place that knows getopt_long. */
#include "base/options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buffer.h"
#include "base/version.h"

enum {
    HELP = 1000,
    VERSION = 1001,
    FIRST_ROW = 2000
};

static size_t count_rows(const struct option_table *table)
{
    size_t count = 0;

    while (table->rows[count].name != NULL)
        count++;
    return count;
}

static int argument_kind(const struct option_row *row)
{
    if (row->value == NULL)
        return no_argument;
    return row->is_value_optional ? optional_argument : required_argument;
}

static struct option *long_options(const struct option_table *table, size_t count)
{
    struct option *options = calloc(count + 3, sizeof *options);

    if (options == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        options[i].name = table->rows[i].name;
        options[i].has_arg = argument_kind(&table->rows[i]);
        options[i].val = FIRST_ROW + (int)i;
    }
    options[count].name = "help";
    options[count].val = HELP;
    options[count + 1].name = "version";
    options[count + 1].val = VERSION;
    return options;
}

static void short_options(const struct option_table *table, bool is_mixed, struct buffer *letters)
{
    buffer_add_text(letters, is_mixed ? ":h" : "+:h");
    for (const struct option_row *row = table->rows; row->name != NULL; row++) {
        if (row->letter == 0)
            continue;
        buffer_add_byte(letters, row->letter);
        if (row->value != NULL && !row->is_value_optional)
            buffer_add_byte(letters, ':');
    }
}

static const struct option_row *find_row(const struct option_table *table, int found)
{
    if (found >= FIRST_ROW)
        return &table->rows[found - FIRST_ROW];
    for (const struct option_row *row = table->rows; row->name != NULL; row++) {
        if (row->letter != 0 && row->letter == (char)found)
            return row;
    }
    return NULL;
}

static int usage_error(const struct option_table *table, const char *problem, const char *word,
                       struct error *err)
{
    (void)error_set(err, ERR_USAGE, "%s: %s", word, problem);
    return error_hint(err, "see %s --help", table->program);
}

/* The value and the words after it that belong to it, joined; moves optind past them. */
static int apply_words(const struct option_row *row, int argc, char **argv, void *settings,
                       struct error *err)
{
    AUTO_BUFFER struct buffer joined = BUFFER_EMPTY;

    if ((unsigned)(argc - optind) < row->more_words)
        return error_set(err, ERR_USAGE, "needs %u values", row->more_words + 1);
    buffer_add_text(&joined, optarg);
    for (unsigned i = 0; i < row->more_words; i++) {
        buffer_add_byte(&joined, OPTION_WORD_END);
        buffer_add_text(&joined, argv[optind++]);
    }
    if (buffer_failed(&joined))
        return error_memory(err, "an option");
    return row->apply(settings, buffer_text(&joined), err);
}

static int apply_row(const struct option_table *table, const struct option_row *row, int argc,
                     char **argv, void *settings, struct error *err)
{
    int failed = row->more_words > 0
                     ? apply_words(row, argc, argv, settings, err)
                     : row->apply(settings, row->value != NULL ? optarg : NULL, err);

    if (failed == 0)
        return 0;
    if (err->hint[0] == '\0')
        (void)error_hint(err, "see %s --help", table->program);
    return error_wrap(err, "--%s", row->name);
}

static int parse_all(const struct option_table *table, int argc, char **argv, void *settings,
                     const struct option *options, const char *letters, struct error *err)
{
    int found;

    optind = 0; /* start afresh: glibc and musl both reset their hidden state at 0 */
    while ((found = getopt_long(argc, argv, letters, options, NULL)) != -1) {
        const struct option_row *row;
        const char *word = optind > 0 && optind <= argc ? argv[optind - 1] : "";

        if (found == HELP || found == 'h') {
            options_print_help(stdout, table);
            return OPTIONS_ANSWERED;
        }
        if (found == VERSION) {
            (void)printf("%s %s\n", table->program, HOLDFAST_VERSION);
            return OPTIONS_ANSWERED;
        }
        if (found == ':')
            return usage_error(table, "needs a value", word, err);
        row = find_row(table, found);
        if (found == '?' || row == NULL)
            return usage_error(table, "unknown, ambiguous or misused option", word, err);
        if (apply_row(table, row, argc, argv, settings, err) < 0)
            return -1;
    }
    return OPTIONS_PARSED;
}

static int parse(const struct option_table *table, int argc, char **argv, void *settings,
                 bool is_mixed, int *first_operand, struct error *err)
{
    AUTO_FREE struct option *options = long_options(table, count_rows(table));
    AUTO_BUFFER struct buffer letters = BUFFER_EMPTY;
    int result;

    short_options(table, is_mixed, &letters);
    if (options == NULL || buffer_failed(&letters))
        return error_memory(err, "option table");
    result = parse_all(table, argc, argv, settings, options, buffer_text(&letters), err);
    if (result == OPTIONS_PARSED)
        *first_operand = optind;
    return result;
}

int options_parse(const struct option_table *table, int argc, char **argv, void *settings,
                  int *first_operand, struct error *err)
{
    return parse(table, argc, argv, settings, false, first_operand, err);
}

int options_parse_mixed(const struct option_table *table, int argc, char **argv, void *settings,
                        int *first_operand, struct error *err)
{
    return parse(table, argc, argv, settings, true, first_operand, err);
}

static void print_row(FILE *stream, char letter, const char *name, const char *value,
                      bool is_value_optional, const char *help)
{
    char left[64];

    (void)snprintf(left, sizeof left, "%c%c%c --%s%s%s%s", letter != 0 ? '-' : ' ',
                   letter != 0 ? letter : ' ', letter != 0 ? ',' : ' ', name,
                   value == NULL       ? ""
                   : is_value_optional ? "[="
                                       : " ",
                   value != NULL ? value : "", is_value_optional ? "]" : "");
    (void)fprintf(stream, "  %-30s %s\n", left, help);
}

void options_print_help(FILE *stream, const struct option_table *table)
{
    (void)fprintf(stream, "Usage: %s %s\n\n%s\n\nOptions:\n", table->program, table->synopsis,
                  table->summary);
    for (const struct option_row *row = table->rows; row->name != NULL; row++)
        print_row(stream, row->letter, row->name, row->value, row->is_value_optional, row->help);
    print_row(stream, 'h', "help", NULL, false, "print this and exit");
    print_row(stream, 0, "version", NULL, false, "print the version and exit");
    if (table->epilogue != NULL)
        (void)fprintf(stream, "\n%s\n", table->epilogue);
}
