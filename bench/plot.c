#include "bench/plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/os.h"
#include "base/text.h"
#include "bench/units.h"

enum {
    WIDTH = 760,
    HEIGHT = 420,
    LEFT = 80,
    RIGHT = 170,
    TOP = 50,
    BOTTOM = 50,
    SERIES_MAX = 16,
    LABEL_ROOM = 36
};

/* Okabe & Ito, "Color Universal Design", 2008; repeated when there are more subjects. */
static const char *const colors[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                     "#e69f00", "#56b4e9", "#000000"};

struct scale {
    double min, max; /* logarithms */
    double from, to; /* pixels */
};

struct chart {
    const char *benchmark;
    const char *parameter;
    const char *subjects[SERIES_MAX];
    size_t subject_count;
    struct scale x, y;
};

static double place(const struct scale *scale, double value)
{
    double share = (log10(value) - scale->min) / (scale->max - scale->min);

    return scale->from + share * (scale->to - scale->from);
}

static bool value_of(const struct bench_row *row, double *value)
{
    char *end = NULL;

    if (row->parameter_count != 1 || row->run_count == 0 || !(row->wall.p10 > 0))
        return false;
    *value = strtod(row->parameters[0].value, &end);
    return end != row->parameters[0].value && *end == '\0' && *value > 0;
}

static bool belongs(const struct bench_row *row, const char *benchmark, const char *parameter,
                    double *value)
{
    return strcmp(row->benchmark, benchmark) == 0 && !row->is_control && value_of(row, value) &&
           (parameter == NULL || strcmp(row->parameters[0].name, parameter) == 0);
}

static void stretch(struct scale *scale, double value)
{
    double at = log10(value);

    scale->min = at < scale->min ? at : scale->min;
    scale->max = at > scale->max ? at : scale->max;
}

static void add_subject(struct chart *chart, const char *subject)
{
    for (size_t i = 0; i < chart->subject_count; i++) {
        if (strcmp(chart->subjects[i], subject) == 0)
            return;
    }
    if (chart->subject_count < SERIES_MAX)
        chart->subjects[chart->subject_count++] = subject;
}

/* Collects subjects and limits; false when there is nothing that grows. */
static bool survey(struct chart *chart, const struct bench_report *report)
{
    chart->x = (struct scale){INFINITY, -INFINITY, LEFT, WIDTH - RIGHT};
    chart->y = (struct scale){INFINITY, -INFINITY, HEIGHT - BOTTOM, TOP};
    for (size_t i = 0; i < report->row_count; i++) {
        const struct bench_row *row = &report->rows[i];
        double value;

        if (!belongs(row, chart->benchmark, chart->parameter, &value))
            continue;
        if (chart->parameter == NULL)
            chart->parameter = row->parameters[0].name;
        stretch(&chart->x, value);
        stretch(&chart->y, row->wall.p10);
        stretch(&chart->y, row->wall.p90);
        add_subject(chart, row->subject);
    }
    chart->y.min = floor(chart->y.min);
    chart->y.max = ceil(chart->y.max);
    return chart->x.max > chart->x.min && chart->y.max > chart->y.min;
}

static void put_text(struct buffer *out, double x, double y, const char *anchor, const char *color,
                     const char *text)
{
    buffer_printf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"%s\">", x, y, anchor,
                  color);
    text_escape_xml(out, text, strlen(text));
    buffer_add_text(out, "</text>\n");
}

/* Below the axis the values that were measured, as far as there is room for them. */
static void put_values(struct buffer *out, const struct chart *chart,
                       const struct bench_report *report)
{
    double last = -INFINITY;

    for (size_t i = 0; i < report->row_count; i++) {
        const struct bench_row *row = &report->rows[i];
        double value;
        double x;

        if (!belongs(row, chart->benchmark, chart->parameter, &value) ||
            strcmp(row->subject, chart->subjects[0]) != 0)
            continue;
        x = place(&chart->x, value);
        if (x < last + LABEL_ROOM)
            continue;
        put_text(out, x, HEIGHT - BOTTOM + 18, "middle", "#333333", row->parameters[0].value);
        last = x;
    }
}

static void put_axes(struct buffer *out, const struct chart *chart)
{
    for (int power = (int)chart->y.min; power <= (int)chart->y.max; power++) {
        double y = place(&chart->y, pow(10, power));
        char label[32];

        unit_format(label, sizeof label, pow(10, power), UNIT_AUTO);
        buffer_printf(out,
                      "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#cccccc\"/>\n",
                      LEFT, y, WIDTH - RIGHT, y);
        put_text(out, LEFT - 8, y + 4, "end", "#333333", label);
    }
    put_text(out, (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 10, "middle", "#333333", chart->parameter);
}

/* The rows of one subject are in order of their values, as they were measured. */
static void put_series(struct buffer *out, const struct chart *chart,
                       const struct bench_report *report, size_t subject)
{
    const char *color = colors[subject % ARRAY_SIZE(colors)];
    AUTO_BUFFER struct buffer path = BUFFER_EMPTY;
    double last_y = TOP;

    for (size_t i = 0; i < report->row_count; i++) {
        const struct bench_row *row = &report->rows[i];
        double value;
        double x;

        if (!belongs(row, chart->benchmark, chart->parameter, &value) ||
            strcmp(row->subject, chart->subjects[subject]) != 0)
            continue;
        x = place(&chart->x, value);
        last_y = place(&chart->y, row->wall.p10);
        buffer_printf(&path, "%s%.1f,%.1f", path.size > 0 ? " " : "", x, last_y);
        buffer_printf(out,
                      "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" "
                      "stroke-opacity=\"0.5\" stroke-width=\"3\"/>\n"
                      "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"%s\"/>\n",
                      x, last_y, x, place(&chart->y, row->wall.p90), color, x, last_y, color);
    }
    buffer_printf(out, "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n",
                  buffer_text(&path), color);
    put_text(out, WIDTH - RIGHT + 12, last_y + 4, "start", color, chart->subjects[subject]);
}

bool plot_growth(struct buffer *out, const struct bench_report *report, const char *benchmark)
{
    struct chart chart = {.benchmark = benchmark};

    if (!survey(&chart, report))
        return false;
    buffer_printf(out,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
                  "height=\"%d\" role=\"img\" font-family=\"sans-serif\" font-size=\"13\">\n"
                  "<title>",
                  WIDTH, HEIGHT, WIDTH, HEIGHT);
    text_escape_xml(out, benchmark, strlen(benchmark));
    buffer_add_text(out, "</title>\n<desc>Line: p10. Bar: p10 to p90. Both axes are "
                         "logarithmic.</desc>\n<rect width=\"100%\" height=\"100%\" "
                         "fill=\"#ffffff\"/>\n");
    put_text(out, LEFT, 24, "start", "#000000", benchmark);
    put_text(out, WIDTH - RIGHT, 24, "end", "#333333", "line: p10, bar: p10 to p90");
    put_axes(out, &chart);
    put_values(out, &chart, report);
    for (size_t i = 0; i < chart.subject_count; i++)
        put_series(out, &chart, report, i);
    buffer_add_text(out, "</svg>\n");
    return true;
}

static bool is_first(const struct bench_report *report, size_t row)
{
    for (size_t i = 0; i < row; i++) {
        if (strcmp(report->rows[i].benchmark, report->rows[row].benchmark) == 0)
            return false;
    }
    return true;
}

int plot_write_all(const struct bench_report *report, const char *directory, struct error *err)
{
    if (os_make_directories(directory, err) < 0)
        return -1;
    for (size_t i = 0; i < report->row_count; i++) {
        AUTO_BUFFER struct buffer svg = BUFFER_EMPTY;
        char path[4096];

        if (!is_first(report, i) || !plot_growth(&svg, report, report->rows[i].benchmark))
            continue;
        if (buffer_failed(&svg))
            return error_memory(err, "chart");
        (void)snprintf(path, sizeof path, "%.3900s/bench-%.100s.svg", directory,
                       report->rows[i].benchmark);
        if (os_replace_file(path, buffer_text(&svg), svg.size, err) < 0)
            return -1;
    }
    return 0;
}
