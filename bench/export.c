#include "bench/export.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/os.h"
#include "base/text.h"

/* First-order propagation of the spread of runs, as if independent (hyperfine,
 * src/benchmark/relative_speed.rs; Bevington & Robinson, ch. 3). It does not shrink with more runs:
 * the interval of the p10s does. */
struct export_relative export_relative_of(const struct bench_row *row,
                                          const struct bench_row *reference)
{
    struct export_relative made = {.ratio = NAN, .stddev = NAN};
    double mine = row->wall.mean;
    double theirs = reference->wall.mean;

    if (!(theirs > 0) || !isfinite(mine))
        return made;
    made.ratio = mine / theirs;
    made.stddev = made.ratio *
                  sqrt(pow(row->wall.stddev / mine, 2) + pow(reference->wall.stddev / theirs, 2));
    return made;
}

void export_sort_by_mean(const struct bench_report *report, size_t *order)
{
    /* A few dozen rows: insertion keeps equals and rows without runs in place. */
    for (size_t i = 0; i < report->row_count; i++) {
        size_t at = i;

        for (; at > 0 && report->rows[order[at - 1]].wall.mean > report->rows[i].wall.mean; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
}

static const struct bench_row *fastest(const struct bench_report *report)
{
    const struct bench_row *best = NULL;

    for (size_t i = 0; i < report->row_count; i++) {
        const struct bench_row *row = &report->rows[i];

        if (row->run_count > 0 && !row->is_aside &&
            (best == NULL || row->wall.mean < best->wall.mean))
            best = row;
    }
    return best;
}

/* ---- CSV ---- */

static int compare_names(const void *left, const void *right)
{
    const struct bench_parameter *const *a = left;
    const struct bench_parameter *const *b = right;

    return strcmp((*a)->name, (*b)->name);
}

/* The parameters of the first row, sorted by name, decide the columns. NULL: none, or no memory. */
static const struct bench_parameter **parameter_columns(const struct bench_report *report,
                                                        size_t *count)
{
    const struct bench_row *first = report->row_count > 0 ? &report->rows[0] : NULL;
    const struct bench_parameter **columns;

    *count = first != NULL ? first->parameter_count : 0;
    columns = calloc(*count + 1, sizeof *columns);
    if (columns == NULL)
        return NULL;
    for (size_t i = 0; i < *count; i++)
        columns[i] = &first->parameters[i];
    qsort(columns, *count, sizeof *columns, compare_names);
    return columns;
}

static const char *parameter_value(const struct bench_row *row, const char *name)
{
    for (size_t i = 0; i < row->parameter_count; i++) {
        if (strcmp(row->parameters[i].name, name) == 0)
            return row->parameters[i].value;
    }
    return "";
}

/* A cell that people's spreadsheets take as a number, or as nothing. */
static void csv_number(struct buffer *out, double value)
{
    if (isfinite(value))
        buffer_printf(out, ",%.17g", value);
    else
        buffer_add_text(out, ",0");
}

static void csv_row(struct buffer *out, const struct bench_row *row,
                    const struct bench_parameter *const *columns, size_t count)
{
    text_escape_csv(out, row->command, strlen(row->command));
    csv_number(out, row->wall.mean);
    csv_number(out, row->wall.stddev);
    csv_number(out, row->wall.median);
    csv_number(out, row->user_mean_s);
    csv_number(out, row->system_mean_s);
    csv_number(out, row->wall.min);
    csv_number(out, row->wall.max);
    for (size_t i = 0; i < count; i++) {
        const char *value = parameter_value(row, columns[i]->name);

        buffer_add_byte(out, ',');
        text_escape_csv(out, value, strlen(value));
    }
    buffer_add_byte(out, '\n');
}

static void export_csv(struct buffer *out, const struct bench_report *report, const size_t *order)
{
    size_t count = 0;
    AUTO_FREE const struct bench_parameter **columns = parameter_columns(report, &count);

    if (columns == NULL)
        return;
    buffer_add_text(out, "command,mean,stddev,median,user,system,min,max");
    for (size_t i = 0; i < count; i++) {
        buffer_add_byte(out, ',');
        buffer_printf(out, "parameter_%s", columns[i]->name);
    }
    buffer_add_byte(out, '\n');
    for (size_t i = 0; i < report->row_count; i++) {
        const struct bench_row *row = &report->rows[order != NULL ? order[i] : i];

        if (row->run_count > 0 && !row->is_aside)
            csv_row(out, row, columns, count);
    }
}

/* ---- markup ---- */

enum {
    COLUMNS = 7
};

/* How a format writes a table; %s is a cell. */
struct markup {
    const char *before; /* the whole table */
    const char *row_start;
    const char *first_cell;
    const char *cell;
    const char *row_end;
    const char *command; /* around the command's text */
    const char *below_title;
    const char *after;
};

static const struct markup markups[] = {
    [EXPORT_MARKDOWN] = {.before = "",
                         .row_start = "|",
                         .first_cell = " %s |",
                         .cell = " %s |",
                         .row_end = "\n",
                         .command = "%s",
                         .below_title = "|:---|---:|---:|---:|---:|---:|---:|\n",
                         .after = ""},
    [EXPORT_ASCIIDOC] = {.before = "[cols=\"<,>,>,>,>,>,>\"]\n|===\n",
                         .row_start = "",
                         .first_cell = "| %s \n",
                         .cell = "| %s \n",
                         .row_end = "\n",
                         .command = "`%s`",
                         .below_title = "",
                         .after = "|===\n"},
    [EXPORT_ORGMODE] = {.before = "",
                        .row_start = "|",
                        .first_cell = " %s  |",
                        .cell = "  %s |",
                        .row_end = "\n",
                        .command = "=%s=",
                        .below_title = "|--+--+--+--+--+--+--|\n",
                        .after = ""},
};

/* One of the formats above with one %s. */
static void put_cell(struct buffer *out, const char *format, const char *text)
{
    const char *hole = strstr(format, "%s");

    buffer_add(out, format, (size_t)(hole - format));
    buffer_add_text(out, text);
    buffer_add_text(out, hole + 2);
}

static void put_cells(struct buffer *out, const struct markup *markup,
                      const char *const cells[COLUMNS])
{
    buffer_add_text(out, markup->row_start);
    for (int i = 0; i < COLUMNS; i++)
        put_cell(out, i == 0 ? markup->first_cell : markup->cell, cells[i]);
    buffer_add_text(out, markup->row_end);
}

static void put_title(struct buffer *out, const struct markup *markup, enum unit unit)
{
    const char *symbol = unit_symbol(unit);
    char mean[32];
    char min[32];
    char max[32];
    char p10[32];
    const char *cells[COLUMNS] = {"Command", mean, min, max, "Relative", p10, "Ratio (p10)"};

    (void)snprintf(mean, sizeof mean, "Mean [%s]", symbol);
    (void)snprintf(min, sizeof min, "Min [%s]", symbol);
    (void)snprintf(max, sizeof max, "Max [%s]", symbol);
    (void)snprintf(p10, sizeof p10, "p10 [%s]", symbol);
    put_cells(out, markup, cells);
    buffer_add_text(out, markup->below_title);
}

static void format_mean(char *out, size_t size, const struct bench_row *row, enum unit unit)
{
    char mean[32];
    char spread[32];

    unit_format_number(mean, sizeof mean, row->wall.mean, unit);
    unit_format_number(spread, sizeof spread, row->wall.stddev, unit);
    if (isfinite(row->wall.stddev))
        (void)snprintf(out, size, "%s \xc2\xb1 %s", mean, spread);
    else
        (void)snprintf(out, size, "%s", mean);
}

static void format_relative(char *out, size_t size, const struct bench_row *row,
                            const struct bench_row *reference)
{
    struct export_relative relative = export_relative_of(row, reference);

    if (row == reference)
        (void)snprintf(out, size, "1.00");
    else if (!isfinite(relative.ratio))
        (void)snprintf(out, size, "-");
    else if (!isfinite(relative.stddev))
        (void)snprintf(out, size, "%.2f", relative.ratio);
    else
        (void)snprintf(out, size, "%.2f \xc2\xb1 %.2f", relative.ratio, relative.stddev);
}

static void format_ratio(char *out, size_t size, const struct bench_row *row)
{
    if (row->has_ratio)
        (void)snprintf(out, size, "%.3f [%.3f, %.3f]", row->ratio.ratio, row->ratio.low,
                       row->ratio.high);
    else
        (void)snprintf(out, size, "-");
}

/* A command as it may stand in a table: Markdown's own rules, or no bars and no line ends. */
static void escape_command(struct buffer *out, const char *command, enum export_format format)
{
    AUTO_BUFFER struct buffer visible = BUFFER_EMPTY;

    if (format == EXPORT_MARKDOWN) {
        text_escape_markdown(out, command, strlen(command));
        return;
    }
    text_escape_terminal(&visible, command, strlen(command));
    for (const char *at = buffer_text(&visible); *at != '\0'; at++) {
        if (*at == '|')
            buffer_add_text(out, "\\|");
        else
            buffer_add_byte(out, *at);
    }
}

static void put_row(struct buffer *out, const struct bench_row *row,
                    const struct bench_row *reference, enum export_format format, enum unit unit)
{
    const struct markup *markup = &markups[format];
    AUTO_BUFFER struct buffer escaped = BUFFER_EMPTY;
    AUTO_BUFFER struct buffer command = BUFFER_EMPTY;
    char mean[80];
    char min[32];
    char max[32];
    char relative[80];
    char p10[32];
    char ratio[80];
    const char *cells[COLUMNS] = {NULL, mean, min, max, relative, p10, ratio};

    escape_command(&escaped, row->command, format);
    put_cell(&command, markup->command, buffer_text(&escaped));
    cells[0] = buffer_text(&command);
    format_mean(mean, sizeof mean, row, unit);
    unit_format_number(min, sizeof min, row->wall.min, unit);
    unit_format_number(max, sizeof max, row->wall.max, unit);
    unit_format_number(p10, sizeof p10, row->wall.p10, unit);
    format_relative(relative, sizeof relative, row, reference);
    format_ratio(ratio, sizeof ratio, row);
    put_cells(out, markup, cells);
}

void export_table(struct buffer *out, const struct bench_report *report, const size_t *order,
                  enum export_format format, enum unit unit)
{
    const struct bench_row *reference = fastest(report);
    const struct markup *markup = &markups[format];

    if (format == EXPORT_CSV) {
        export_csv(out, report, order);
        return;
    }
    if (unit == UNIT_AUTO)
        unit = reference != NULL ? unit_choose(reference->wall.mean) : UNIT_MILLISECOND;
    buffer_add_text(out, markup->before);
    put_title(out, markup, unit);
    for (size_t i = 0; i < report->row_count; i++) {
        const struct bench_row *row = &report->rows[order != NULL ? order[i] : i];

        if (row->run_count > 0 && !row->is_aside)
            put_row(out, row, reference, format, unit);
    }
    buffer_add_text(out, markup->after);
}

int export_write(const struct bench_report *report, const size_t *order, enum export_format format,
                 enum unit unit, const char *path, struct error *err)
{
    AUTO_BUFFER struct buffer text = BUFFER_EMPTY;

    export_table(&text, report, order, format, unit);
    if (buffer_failed(&text))
        return error_memory(err, path);
    if (strcmp(path, "-") != 0)
        return os_replace_file(path, buffer_text(&text), text.size, err);
    if (fwrite(buffer_text(&text), 1, text.size, stdout) != text.size)
        return error_set(err, ERR_OS, "write to standard output");
    return 0;
}
