/* What `holdfast compare` says of two runs, for a terminal and as Markdown. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "results/compare.h"
#include "results/tally.h"
#include "results/writer.h"

enum {
    WORDS_MAX = 300
};

static void add(struct buffer *out, const struct compare_style *style, const char *text)
{
    write_text(out, text, WORDS_MAX,
               style->is_markdown ? text_escape_markdown : text_escape_terminal);
}

static void add_painted(struct buffer *out, const struct compare_style *style, const char *code,
                        const char *text)
{
    if (style->has_color)
        buffer_printf(out, "\x1b[%sm%s\x1b[0m", code, text);
    else
        buffer_add_text(out, text);
}

static bool differs(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") != 0;
}

size_t compare_cautions(const struct pair *pair, const char *cautions[COMPARE_CAUTIONS])
{
    const struct result_run *a = pair->side_a.run;
    const struct result_run *b = pair->side_b.run;
    size_t count = 0;

    if (a == b)
        return 0;
    if (differs(a->catalogue_sha256, b->catalogue_sha256))
        cautions[count++] = "the catalogues differ: a case may mean something else";
    if (differs(a->host.os, b->host.os) || differs(a->host.kernel, b->host.kernel) ||
        differs(a->host.machine, b->host.machine) || differs(a->host.arch, b->host.arch))
        cautions[count++] = "the hosts differ: a change may be the machine's";
    if (a->host.landlock_abi != b->host.landlock_abi)
        cautions[count++] = "the Landlock ABIs differ";
    if (differs(a->host.holdfast, b->host.holdfast))
        cautions[count++] = "another version of holdfast judged them";
    if (a->is_interrupted || b->is_interrupted)
        cautions[count++] = "a run was interrupted: its other cases look gone";
    if (a->shard_count != b->shard_count || a->shard_index != b->shard_index)
        cautions[count++] = "the runs are different shards";
    return count;
}

static void add_side(struct buffer *out, const struct compare_style *style, const char *letter,
                     const struct input *input, const struct side *side)
{
    buffer_printf(out, style->is_markdown ? "- **%s** " : "%s  ", letter);
    add(out, style, input->path);
    if (side->sandbox != NULL) {
        buffer_add_text(out, ", ");
        add(out, style, side->sandbox);
    }
    if (side->identity != NULL) {
        buffer_add_text(out, " (");
        add(out, style, side->identity);
        buffer_add_byte(out, ')');
    }
    buffer_add_text(out, "; ");
    add(out, style, side->run->host.os);
    if (side->run->host.kernel != NULL) {
        buffer_add_text(out, ", kernel ");
        add(out, style, side->run->host.kernel);
    }
    buffer_add_text(out, "; ");
    add(out, style, side->run->started);
    buffer_add_byte(out, '\n');
}

static void add_counts(struct buffer *out, const struct compare_style *style,
                       const struct diff *diff)
{
    size_t parts = 0;

    buffer_printf(out,
                  style->is_markdown ? "\n**%zu changed, %zu unchanged**"
                                     : "\n%zu changed, %zu unchanged",
                  diff->count, diff->unchanged);
    for (int kind = 0; kind < CHANGE_KINDS; kind++) {
        if (diff->kinds[kind] > 0)
            buffer_printf(out, "%s %zu %s", parts++ == 0 ? ":" : ",", diff->kinds[kind],
                          change_kind_name((enum change_kind)kind));
    }
    buffer_add_byte(out, '\n');
}

static const char *kind_color(enum change_kind kind)
{
    switch (kind) {
    case CHANGE_WORSE:
    case CHANGE_GONE:
        return "31";
    case CHANGE_BETTER:
        return "32";
    case CHANGE_OTHER:
    case CHANGE_NEW:
        return "33";
    }
    return "0";
}

static const char *verdict_or_none(const struct result_case *row)
{
    return row != NULL ? verdict_name(row->verdict) : "not there";
}

static void add_sandbox_names(struct buffer *out, const struct compare_style *style,
                              const struct change *change)
{
    const struct result_case *a = change->before != NULL ? change->before : change->after;
    const struct result_case *b = change->after != NULL ? change->after : change->before;

    add(out, style, a->sandbox);
    if (strcmp(a->sandbox, b->sandbox) != 0) {
        buffer_add_text(out, " -> ");
        add(out, style, b->sandbox);
    }
    buffer_add_text(out, " (");
    add(out, style, a->identity);
    if (strcmp(a->identity, b->identity) != 0) {
        buffer_add_text(out, " -> ");
        add(out, style, b->identity);
    }
    buffer_add_byte(out, ')');
}

static void add_row_markdown(struct buffer *out, const struct compare_style *style,
                             const struct change *change, const struct result_case *row)
{
    buffer_printf(out, "| %s | ", row->severity != NULL ? row->severity : "");
    add(out, style, row->id);
    buffer_add_text(out, " | ");
    add_sandbox_names(out, style, change);
    buffer_printf(out, " | %s &rarr; %s | ", verdict_or_none(change->before),
                  verdict_or_none(change->after));
    add(out, style, case_words(row));
    buffer_add_text(out, " |\n");
}

static void add_row_terminal(struct buffer *out, const struct compare_style *style,
                             const struct change *change, const struct result_case *row)
{
    const char *words = case_words(row);

    buffer_printf(out, "    %-8s  ", row->severity != NULL ? row->severity : "");
    add(out, style, row->id);
    buffer_add_text(out, "  ");
    add_sandbox_names(out, style, change);
    buffer_add_text(out, "  ");
    buffer_printf(out, "%s -> ", verdict_or_none(change->before));
    add_painted(out, style, kind_color(change->kind), verdict_or_none(change->after));
    buffer_add_byte(out, '\n');
    if (words != NULL && *words != '\0') {
        buffer_add_text(out, "              ");
        add(out, style, words);
        buffer_add_byte(out, '\n');
    }
}

static void add_kind_heading(struct buffer *out, const struct compare_style *style,
                             enum change_kind kind, size_t count)
{
    buffer_add_byte(out, '\n');
    if (style->is_markdown) {
        buffer_printf(out, "### %s: %zu\n", change_kind_name(kind), count);
        return;
    }
    add_painted(out, style, "1", change_kind_name(kind));
    buffer_printf(out, ": %zu\n", count);
}

static void add_area_heading(struct buffer *out, const struct compare_style *style,
                             const char *area)
{
    const char *title = area_title(area);

    buffer_add_text(out, style->is_markdown ? "\n**" : "  ");
    add(out, style, area);
    if (title != NULL)
        buffer_printf(out, ": %s", title);
    buffer_add_text(out, style->is_markdown ? "**\n\n| severity | case | sandbox | verdict | what "
                                              "was seen |\n|---|---|---|---|---|\n"
                                            : "\n");
}

/* GitHub refuses more than 1 MiB; nobody reads that much in a terminal either. */
enum {
    PAGE_MAX = 900 * 1024
};

static void add_changes(struct buffer *out, const struct compare_style *style,
                        const struct diff *diff)
{
    enum change_kind kind = CHANGE_NEW;
    char area[AREA_NAME_MAX] = "";

    for (size_t i = 0; i < diff->count; i++) {
        const struct change *change = &diff->changes[i];
        const struct result_case *row = change->after != NULL ? change->after : change->before;
        char here[AREA_NAME_MAX];

        if (out->size > PAGE_MAX) {
            buffer_printf(out, "\n%zu more changes are left out; --json has them.\n",
                          diff->count - i);
            return;
        }
        area_of(row->id, here);
        if (i == 0 || kind != change->kind)
            add_kind_heading(out, style, change->kind, diff->kinds[change->kind]);
        if (i == 0 || kind != change->kind || strcmp(area, here) != 0)
            add_area_heading(out, style, here);
        kind = change->kind;
        memcpy(area, here, sizeof area);
        if (style->is_markdown)
            add_row_markdown(out, style, change, row);
        else
            add_row_terminal(out, style, change, row);
    }
}

void compare_write_runs(struct buffer *out, const struct compare_style *style,
                        const struct pair *pair, const struct diff *diff)
{
    const char *cautions[COMPARE_CAUTIONS];
    size_t count = compare_cautions(pair, cautions);

    if (style->is_markdown)
        buffer_add_text(out, "## Comparison\n\n");
    add_side(out, style, "A", pair->a, &pair->side_a);
    add_side(out, style, "B", pair->b, &pair->side_b);
    for (size_t i = 0; i < count; i++)
        buffer_printf(out, style->is_markdown ? "- caution: %s\n" : "!  %s\n", cautions[i]);
    add_counts(out, style, diff);
    add_changes(out, style, diff);
}
