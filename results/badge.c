/*
 * badge.svg: what was proven, in one line. It never says more than the run
 * did: known gaps, unexpected cases and nothing proven have words of their own
 * beside the colour.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "results/formats.h"
#include "results/tally.h"
#include "results/writer.h"

/* Verdana 11 is about this wide per character; textLength makes it exact. */
enum {
    CHARACTER = 7,
    PADDING = 6
};

static bool belongs(const struct result_case *row, const struct result_sandbox *sandbox)
{
    return sandbox == NULL || (strcmp(row->sandbox, sandbox->name) == 0 &&
                               strcmp(row->identity, sandbox->identity) == 0);
}

/* White on each of these is at least 4.5 : 1. */
static const char *color_of(const struct tally *all)
{
    switch (tally_grade(all)) {
    case GRADE_GOOD:
        return "#0067a3";
    case GRADE_GAP:
        return "#8a5a00";
    case GRADE_BAD:
        return "#b34700";
    case GRADE_INVALID:
    case GRADE_UNKNOWN:
    case GRADE_INFORMATION:
    case GRADE_NONE:
        return "#595959";
    }
    return "#595959";
}

static void add_words(struct buffer *words, const struct tally *contained,
                      const struct tally *works, const struct tally *all)
{
    if (tally_good(all) == 0) {
        buffer_add_text(words, "nothing proven");
        return;
    }
    buffer_printf(words, "holds %zu/%zu, works %zu/%zu", tally_good(contained),
                  tally_applicable(contained), tally_good(works), tally_applicable(works));
    if (tally_unexpected(all) > 0)
        buffer_printf(words, ", %zu unexpected", tally_unexpected(all));
    if (all->statuses[STATUS_INVALID] > 0)
        buffer_printf(words, ", %zu invalid", all->statuses[STATUS_INVALID]);
}

static void add_half(struct buffer *out, const char *text, size_t x, size_t width)
{
    buffer_printf(out,
                  "<text x=\"%zu\" y=\"14\" textLength=\"%zu\" lengthAdjust="
                  "\"spacingAndGlyphs\">",
                  x, width);
    text_escape_xml(out, text, strlen(text));
    buffer_add_text(out, "</text>");
}

static void add_svg(struct buffer *out, const char *label, const char *words, const char *color)
{
    size_t left = strlen(label) * CHARACTER;
    size_t right = strlen(words) * CHARACTER;
    size_t split = left + 2 * PADDING;
    size_t width = split + right + 2 * PADDING;

    buffer_printf(out,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%zu\" height=\"20\" "
                  "viewBox=\"0 0 %zu 20\" role=\"img\" aria-label=\"",
                  width, width);
    text_escape_xml(out, label, strlen(label));
    buffer_printf(out, ": %s\"><title>", words);
    text_escape_xml(out, label, strlen(label));
    buffer_printf(out,
                  ": %s</title><clipPath id=\"r\"><rect width=\"%zu\" height=\"20\" rx=\"3\"/>"
                  "</clipPath><g clip-path=\"url(#r)\"><rect width=\"%zu\" height=\"20\" "
                  "fill=\"#333\"/><rect x=\"%zu\" width=\"%zu\" height=\"20\" fill=\"%s\"/></g>"
                  "<g fill=\"#fff\" font-family=\"Verdana,DejaVu Sans,sans-serif\" "
                  "font-size=\"11\">",
                  words, width, split, split, width - split, color);
    add_half(out, label, PADDING, left);
    add_half(out, words, split + PADDING, right);
    buffer_add_text(out, "</g></svg>\n");
}

int result_write_badge(const struct result_run *run, const struct result_sandbox *sandbox,
                       const char *path, struct error *err)
{
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;
    AUTO_BUFFER struct buffer words = BUFFER_EMPTY;
    struct tally contained = {0};
    struct tally works = {0};
    struct tally all = {0};
    char label[64] = "holdfast";

    for (size_t i = 0; i < run->case_count; i++) {
        const struct result_case *row = &run->cases[i];

        if (!belongs(row, sandbox))
            continue;
        tally_add(&all, row);
        tally_add(is_must_work(row->id) ? &works : &contained, row);
    }
    if (sandbox != NULL)
        text_escape_terminal_into(label, sizeof label, sandbox->name);
    add_words(&words, &contained, &works, &all);
    if (buffer_failed(&words))
        return error_memory(err, path);
    add_svg(&out, label, buffer_text(&words), color_of(&all));
    return write_file(&out, path, err);
}
