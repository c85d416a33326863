/*
 * SVG charts: two axes, marks, lines, intervals. Each chart is drawn twice, for
 * wide and for narrow screens, because text that is scaled down cannot be
 * read; style sheets show one of them. Numbers are printed with one decimal
 * place, so that the same data gives the same bytes.
 */
#ifndef HOLDFAST_RESULTS_CHART_H
#define HOLDFAST_RESULTS_CHART_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

enum chart_size {
    CHART_LARGE,
    CHART_WIDE,
    CHART_NARROW
};

struct scale {
    double low, high; /* of the data */
    double from, to;  /* of the drawing */
    bool is_log;
};

struct chart {
    struct buffer *out;
    enum chart_size size;
    double width, height;
    double left, right, top, bottom; /* of the plane */
    struct scale x, y;
};

/* Room around the plane. */
struct chart_margins {
    double left, right, top, bottom;
};

/* What a scale has to cover. Not finite or not positive (log) values are ignored. */
struct extent {
    double low, high;
    size_t count;
};
void extent_add(struct extent *extent, double value, bool is_log);
/* A scale with round ends; is_log when the data spans more than a factor of `log_above`. */
struct scale scale_of(const struct extent *extent, bool has_zero, double log_above);
double scale_at(const struct scale *scale, double value);

/* title and description are plain text of ours; the description says what the chart shows. */
void chart_begin(struct chart *chart, struct buffer *out, enum chart_size size, double height,
                 const struct chart_margins *margins, const char *title, const char *description);
void chart_end(struct chart *chart);

/* Call after setting x and y: they get their drawing range here. */
void chart_axis_x(struct chart *chart, const char *label, void (*format)(double, char *, size_t));
/* The same with ticks where the caller wants them, ascending. */
void chart_axis_x_at(struct chart *chart, const char *label, void (*format)(double, char *, size_t),
                     const double *ticks, size_t count);
void chart_axis_y(struct chart *chart, const char *label, void (*format)(double, char *, size_t));

/* Eight kinds of mark, told apart by colour and by shape. */
enum {
    CHART_KINDS = 8
};
void chart_mark(struct chart *chart, size_t kind, double x, double y); /* of the drawing */
void chart_line(struct chart *chart, size_t kind, const double *x, const double *y, size_t count);
/* Between two points of the drawing, thick with round ends. */
void chart_interval(struct chart *chart, size_t kind, double x1, double y1, double x2, double y2);
/* Hostile text; anchor: "start", "middle", "end". */
void chart_text(struct chart *chart, double x, double y, const char *anchor, const char *classes,
                const char *text);

/* About so wide; ends at x and is cut off where it would be wider than `width` (>= 14). */
double chart_text_width(const char *text);
void chart_text_within(struct chart *chart, double x, double y, double width, const char *text);

/* Boxes that are taken; labels look for a free place around their point. */
struct chart_box {
    double x, y, width, height;
};
struct chart_labels {
    struct chart_box *boxes; /* room for at least two per label */
    size_t count, capacity;
    bool prefers_right; /* of lines that end at the right edge */
};
void chart_label(struct chart *chart, struct chart_labels *labels, double x, double y,
                 const char *text);
void chart_keep_free(struct chart_labels *labels, double x, double y, double width, double height);

void format_plain(double value, char *out, size_t out_size); /* "12", "0.5", "100k" */
void format_times(double value, char *out, size_t out_size); /* "2.5×" */
void format_three(double value, char *out, size_t out_size); /* "0.12", "1.31", "131", "10.8k" */

#endif
