#include "results/chart.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "results/writer.h"

/* Text of 12 px is about this wide per character. */
static const double character_width = 6.6;
enum {
    LABEL_MAX_BYTES = 60,
    TICKS_MAX = 12
};

void extent_add(struct extent *extent, double value, bool is_log)
{
    if (!isfinite(value) || (is_log && value <= 0))
        return;
    if (extent->count == 0 || value < extent->low)
        extent->low = value;
    if (extent->count == 0 || value > extent->high)
        extent->high = value;
    extent->count++;
}

/* 1, 2 or 5 times a power of ten: the round step at or above value. */
static double round_step(double value)
{
    double power = pow(10, floor(log10(value)));
    double lead = value / power;

    return (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10) * power;
}

struct scale scale_of(const struct extent *extent, bool has_zero, double log_above)
{
    struct scale scale = {.low = extent->low, .high = extent->high};
    double step;

    if (extent->count == 0)
        return (struct scale){.low = 0, .high = 1};
    scale.is_log = !has_zero && scale.low > 0 && scale.high > scale.low * log_above;
    if (scale.is_log) {
        scale.low *= 0.85;
        scale.high *= 1.2;
        return scale;
    }
    if (has_zero && scale.low > 0)
        scale.low = 0;
    if (scale.high <= scale.low)
        scale.high = scale.low + (scale.low != 0 ? fabs(scale.low) * 0.1 : 1);
    step = round_step((scale.high - scale.low) / 5);
    scale.low = floor(scale.low / step) * step;
    scale.high = ceil(scale.high / step) * step;
    return scale;
}

double scale_at(const struct scale *scale, double value)
{
    double share;

    if (scale->is_log)
        share = log(value / scale->low) / log(scale->high / scale->low);
    else
        share = (value - scale->low) / (scale->high - scale->low);
    return scale->from + share * (scale->to - scale->from);
}

static size_t ticks_log(const struct scale *scale, double *ticks)
{
    double decades = log10(scale->high / scale->low);
    size_t count = 0;

    for (double power = pow(10, floor(log10(scale->low))); power <= scale->high; power *= 10) {
        static const double leads[] = {1, 2, 5};

        for (size_t i = 0; i < 3; i++) {
            double tick = leads[i] * power;

            if ((decades > 1.8 && i > 0) || tick < scale->low || tick > scale->high)
                continue;
            if (count < TICKS_MAX)
                ticks[count++] = tick;
        }
    }
    return count;
}

static size_t ticks_linear(const struct scale *scale, double *ticks)
{
    double step = round_step((scale->high - scale->low) / 5);
    size_t count = 0;

    for (int i = 0; count < TICKS_MAX; i++) {
        double tick = scale->low + i * step;

        if (tick > scale->high + step / 1000)
            break;
        ticks[count++] = fabs(tick) < step / 1000 ? 0 : tick;
    }
    return count;
}

static size_t scale_ticks(const struct scale *scale, double *ticks)
{
    return scale->is_log ? ticks_log(scale, ticks) : ticks_linear(scale, ticks);
}

static void format_short(double value, const char *unit, char *out, size_t out_size)
{
    bool is_large = value >= 10000;

    (void)snprintf(out, out_size, "%.4g%s%s", is_large ? value / 1000 : value, is_large ? "k" : "",
                   unit);
}

void format_plain(double value, char *out, size_t out_size)
{
    format_short(value, "", out, out_size);
}

void format_times(double value, char *out, size_t out_size)
{
    format_short(value, "\u00d7", out, out_size);
}

/* 0.0023, 0.12, 1.31, 13.1, 131, 10.8k: what an interval lets one believe. */
void format_three(double value, char *out, size_t out_size)
{
    bool is_large = value >= 1000;
    double shown = is_large ? value / 1000 : value;
    int places = shown < 10 ? 2 : shown < 100 ? 1 : 0;

    for (double least = 0.1; shown > 0 && shown < least && places < 6; least /= 10)
        places++;
    (void)snprintf(out, out_size, "%.*f%s", places, shown, is_large ? "k" : "");
}

void chart_begin(struct chart *chart, struct buffer *out, enum chart_size size, double height,
                 const struct chart_margins *margins, const char *title, const char *description)
{
    static const double widths[] = {[CHART_LARGE] = 760, [CHART_WIDE] = 560, [CHART_NARROW] = 340};
    static const char *const classes[] = {
        [CHART_LARGE] = "wide large", [CHART_WIDE] = "wide", [CHART_NARROW] = "narrow"};
    double width = widths[size];

    *chart = (struct chart){.out = out,
                            .size = size,
                            .width = width,
                            .height = height,
                            .left = margins->left,
                            .right = width - margins->right,
                            .top = margins->top,
                            .bottom = height - margins->bottom};
    buffer_printf(out, "<svg class=\"%s\" viewBox=\"0 0 %.0f %.0f\" role=\"img\"><title>",
                  classes[size], width, height);
    text_escape_html(out, title, strlen(title));
    buffer_add_text(out, "</title><desc>");
    text_escape_html(out, description, strlen(description));
    buffer_add_text(out, "</desc>");
}

void chart_end(struct chart *chart)
{
    buffer_add_text(chart->out, "</svg>\n");
}

void chart_text(struct chart *chart, double x, double y, const char *anchor, const char *classes,
                const char *text)
{
    buffer_printf(chart->out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"", x, y, anchor);
    if (*classes != '\0')
        buffer_printf(chart->out, " class=\"%s\"", classes);
    buffer_add_byte(chart->out, '>');
    write_text(chart->out, text, LABEL_MAX_BYTES, text_escape_html);
    buffer_add_text(chart->out, "</text>");
}

static void add_rule(struct chart *chart, const char *class, double x1, double y1, double x2,
                     double y2)
{
    buffer_printf(chart->out,
                  "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", class, x1,
                  y1, x2, y2);
}

void chart_axis_x(struct chart *chart, const char *label, void (*format)(double, char *, size_t))
{
    double ticks[TICKS_MAX];
    size_t count = scale_ticks(&chart->x, ticks);

    chart_axis_x_at(chart, label, format, ticks, count);
}

void chart_axis_x_at(struct chart *chart, const char *label, void (*format)(double, char *, size_t),
                     const double *ticks, size_t count)
{
    double last = -1e9;

    chart->x.from = chart->left;
    chart->x.to = chart->right;
    for (size_t i = 0; i < count; i++) {
        double x = scale_at(&chart->x, ticks[i]);
        char text[32];

        format(ticks[i], text, sizeof text);
        add_rule(chart, "grid", x, chart->top, x, chart->bottom);
        if (x - last < (double)strlen(text) * character_width + 8)
            continue;
        chart_text(chart, x, chart->bottom + 16, "middle", "soft", text);
        last = x;
    }
    add_rule(chart, "axis", chart->left, chart->bottom, chart->right, chart->bottom);
    chart_text(chart, (chart->left + chart->right) / 2, chart->bottom + 34, "middle", "soft",
               label);
}

void chart_axis_y(struct chart *chart, const char *label, void (*format)(double, char *, size_t))
{
    double ticks[TICKS_MAX];
    size_t count;

    chart->y.from = chart->bottom;
    chart->y.to = chart->top;
    count = scale_ticks(&chart->y, ticks);
    for (size_t i = 0; i < count; i++) {
        double y = scale_at(&chart->y, ticks[i]);
        char text[32];

        format(ticks[i], text, sizeof text);
        add_rule(chart, "grid", chart->left, y, chart->right, y);
        chart_text(chart, chart->left - 8, y + 4, "end", "soft", text);
    }
    chart_text(chart, 0, chart->top - 12, "start", "soft", label);
}

void chart_mark(struct chart *chart, size_t kind, double x, double y)
{
    static const char *const shapes[CHART_KINDS] = {
        "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z",                        /* circle */
        "M0 -6L6 0L0 6L-6 0z",                                          /* diamond */
        "M-4.6 -4.6H4.6V4.6H-4.6z",                                     /* square */
        "M0 -6L5.6 4.2H-5.6z",                                          /* triangle */
        "M-1.7 -5.5H1.7V-1.7H5.5V1.7H1.7V5.5H-1.7V1.7H-5.5V-1.7H-1.7z", /* plus */
        "M0 6L5.6 -4.2H-5.6z",                                          /* triangle on its tip */
        "M-5.4 -2.4H5.4V2.4H-5.4z",                                     /* bar */
        "M0 -6L1.7 -1.7L6 0L1.7 1.7L0 6L-1.7 1.7L-6 0L-1.7 -1.7z",      /* star */
    };

    buffer_printf(chart->out,
                  "<path class=\"k%zu halo\" transform=\"translate(%.1f %.1f)\" d=\"%s\"/>"
                  "<path class=\"k%zu\" transform=\"translate(%.1f %.1f)\" d=\"%s\"/>",
                  kind % CHART_KINDS, x, y, shapes[kind % CHART_KINDS], kind % CHART_KINDS, x, y,
                  shapes[kind % CHART_KINDS]);
}

void chart_line(struct chart *chart, size_t kind, const double *x, const double *y, size_t count)
{
    if (count < 2)
        return;
    buffer_printf(chart->out, "<path class=\"k%zu line\" fill=\"none\" d=\"", kind % CHART_KINDS);
    for (size_t i = 0; i < count; i++)
        buffer_printf(chart->out, "%c%.1f %.1f", i == 0 ? 'M' : 'L', x[i], y[i]);
    buffer_add_text(chart->out, "\"/>");
}

void chart_interval(struct chart *chart, size_t kind, double x1, double y1, double x2, double y2)
{
    buffer_printf(chart->out,
                  "<line class=\"k%zu ci\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>",
                  kind % CHART_KINDS, x1, y1, x2, y2);
}

void chart_keep_free(struct chart_labels *labels, double x, double y, double width, double height)
{
    if (labels->count < labels->capacity)
        labels->boxes[labels->count++] = (struct chart_box){x, y, width, height};
}

static bool is_free(const struct chart *chart, const struct chart_labels *labels,
                    const struct chart_box *box)
{
    if (box->x < 0 || box->x + box->width > chart->width || box->y < 0 ||
        box->y + box->height > chart->bottom + 10)
        return false;
    for (size_t i = 0; i < labels->count; i++) {
        const struct chart_box *taken = &labels->boxes[i];

        if (box->x < taken->x + taken->width && taken->x < box->x + box->width &&
            box->y < taken->y + taken->height && taken->y < box->y + box->height)
            return false;
    }
    return true;
}

double chart_text_width(const char *text)
{
    size_t length = strlen(text);

    return (double)(length < LABEL_MAX_BYTES ? length : LABEL_MAX_BYTES) * character_width;
}

void chart_text_within(struct chart *chart, double x, double y, double width, const char *text)
{
    size_t most = (size_t)(width / character_width);
    char cut[LABEL_MAX_BYTES];
    size_t size = most - 1;

    if (most >= LABEL_MAX_BYTES || strlen(text) <= most) {
        chart_text(chart, x, y, "end", "", text);
        return;
    }
    while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80)
        size--; /* not inside a character */
    (void)snprintf(cut, sizeof cut, "%.*s\u2026", (int)size, text);
    chart_text(chart, x, y, "end", "", cut);
}

/* Right, left, above, below, then further and further up and down, with a leader line. Labels at
 * the ends of lines rather move up or down than over the line. */
void chart_label(struct chart *chart, struct chart_labels *labels, double x, double y,
                 const char *text)
{
    double width = (double)strlen(text) * character_width + 2;
    struct chart_box box = {x + 9, y - 8, width, 15};
    bool has_place = false;

    for (int far = 0; labels->prefers_right && far < 5 && !has_place; far++) {
        const struct chart_box above = {x + 9, y - 8 - 13 * far, width, 15};
        const struct chart_box below = {x + 9, y - 8 + 13 * far, width, 15};

        has_place = is_free(chart, labels, &above) || is_free(chart, labels, &below);
        if (has_place)
            box = is_free(chart, labels, &above) ? above : below;
    }
    for (int far = 0; far < 9 && !has_place; far++) {
        const struct chart_box places[] = {
            {x + 9, y - 8 - 15 * far, width, 15},
            {x - 9 - width, y - 8 - 15 * far, width, 15},
            {x + 9, y - 8 + 15 * far, width, 15},
            {x - 9 - width, y - 8 + 15 * far, width, 15},
            {x - width / 2, y - 22 - 15 * far, width, 15},
            {x - width / 2, y + 8 + 15 * far, width, 15},
        };

        for (size_t i = 0; i < sizeof places / sizeof places[0] && !has_place; i++) {
            has_place = is_free(chart, labels, &places[i]);
            if (has_place)
                box = places[i];
        }
    }
    if (fabs(box.y + 8 - y) > 24)
        add_rule(chart, "axis", x, y, box.x < x ? box.x + width : box.x, box.y + 8);
    chart_keep_free(labels, box.x, box.y, box.width, box.height);
    chart_text(chart, box.x, box.y + 12, "start", "halo", text);
    chart_text(chart, box.x, box.y + 12, "start", "", text);
}
