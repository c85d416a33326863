/* Head, order of the sections, and how to read the page. */
#include "results/page.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "results/page_files.h"
#include "results/writer.h"

enum {
    NAME_MAX_BYTES = 200
};

static void put(struct buffer *out, const char *html)
{
    buffer_add_text(out, html);
}

void html_text(struct buffer *out, const char *text, size_t most)
{
    write_text(out, text, most, text_escape_html);
}

void html_column_name(struct buffer *out, const struct page *page, const struct column *column)
{
    html_text(out, column->sandbox->name, NAME_MAX_BYTES);
    put(out, " (");
    html_text(out, column->sandbox->identity, NAME_MAX_BYTES);
    put(out, ")");
    if (page->has_many_hosts && !column->sandbox->has_host) {
        put(out, " on ");
        html_text(out, column->host->os, NAME_MAX_BYTES);
        put(out, " ");
        html_text(out, column->host->arch, NAME_MAX_BYTES);
    }
}

void html_column_id(struct buffer *out, const struct page *page, const struct column *column)
{
    buffer_printf(out, "m%zu", (size_t)(column - page->columns));
}

void html_case_id(struct buffer *out, const char *id)
{
    put(out, "c-");
    for (const char *c = id; *c != '\0'; c++) {
        bool is_plain = (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '-' ||
                        *c == '.' || *c == '_';

        if (is_plain)
            buffer_add_byte(out, *c);
        else
            buffer_printf(out, "_%02x", (unsigned)(unsigned char)*c);
    }
}

void html_verdict(struct buffer *out, const struct result_case *row)
{
    enum grade grade = case_grade(row);

    buffer_printf(out, "<span class=\"g g-%s\">%s %s</span>", grade_name(grade),
                  grade_symbol(grade), verdict_name(row->verdict));
    if (row->predicted != NULL) {
        put(out, " <span class=\"small soft\">predicted: ");
        html_text(out, row->predicted, NAME_MAX_BYTES);
        put(out, "</span>");
    }
}

/* Head ----------------------------------------------------------------------------------------- */

/* "'sha256-...'" of a hexadecimal digest: the form of a content security policy is base64. */
static void add_digest(struct buffer *out, const char *hex)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned bits = 0;
    unsigned held = 0;

    put(out, "'sha256-");
    for (; *hex != '\0'; hex++) {
        bits = bits << 4 | (unsigned)(*hex <= '9' ? *hex - '0' : *hex - 'a' + 10);
        held += 4;
        if (held >= 6) {
            held -= 6;
            buffer_add_byte(out, letters[bits >> held & 63]);
        }
    }
    buffer_add_byte(out, letters[bits << (6 - held) & 63]); /* 256 bits end in a group of four */
    put(out, "='");
}

static void add_head(struct buffer *out)
{
    put(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
             "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src "
             "data:; base-uri 'none'; form-action 'none'; style-src ");
    add_digest(out, page_css_sha256);
    put(out, "; script-src ");
    add_digest(out, page_js_sha256);
    put(out,
        "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"referrer\" content=\"no-referrer\">\n<title>Holdfast report</title>\n"
        "<link rel=\"icon\" href=\"data:image/svg+xml,%3Csvg "
        "xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' "
        "height='16' rx='3' fill='%230072b2'/%3E%3Cpath d='M5 3v10M11 3v10M5 8h6' stroke='%23fff' "
        "stroke-width='2' fill='none'/%3E%3C/svg%3E\">\n<style>");
    buffer_add(out, page_css, page_css_size);
    put(out,
        "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the results</a>\n");
    /* Patterns over the bars, so that they can be told apart in grey. */
    put(out, "<svg width=\"0\" height=\"0\" aria-hidden=\"true\" focusable=\"false\"><defs>"
             "<pattern id=\"hatch-gap\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" "
             "patternTransform=\"rotate(45)\"><path class=\"hatch\" d=\"M0 0V5\"/></pattern>"
             "<pattern id=\"hatch-bad\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\">"
             "<path class=\"hatch\" d=\"M0 0L7 7M7 0L0 7\"/></pattern></defs></svg>\n");
}

static void count_all(const struct page *page, struct tally *all)
{
    for (size_t i = 0; i < page->column_count; i++) {
        for (int k = 0; k < STATUS_COUNT; k++)
            all->statuses[k] +=
                page->columns[i].contained.statuses[k] + page->columns[i].works.statuses[k];
        for (int k = 0; k < VERDICT_COUNT; k++)
            all->verdicts[k] +=
                page->columns[i].contained.verdicts[k] + page->columns[i].works.verdicts[k];
    }
}

static void add_part(struct buffer *out, size_t *parts, size_t count, const char *one,
                     const char *many)
{
    if (count == 0)
        return;
    buffer_printf(out, "%s%zu %s", *parts > 0 ? ", " : "", count, count == 1 ? one : many);
    (*parts)++;
}

static void add_verdict(struct buffer *out, const struct page *page)
{
    struct tally all = {0};
    size_t parts = 0;
    size_t unseen = 0; /* modes that were predicted, or could not run */

    count_all(page, &all);
    for (size_t i = 0; i < page->column_count; i++)
        unseen += tally_applicable(&page->columns[i].contained) == 0;
    put(out, "<p class=\"verdict\">");
    add_part(out, &parts, all.statuses[STATUS_REGRESSION], "result is not as expected",
             "results are not as expected");
    add_part(out, &parts, all.statuses[STATUS_FIXED_GAP], "documented gap is none any more",
             "documented gaps are none any more");
    add_part(out, &parts, all.statuses[STATUS_INVALID], "case proves nothing",
             "cases prove nothing");
    if (parts == 0)
        put(out, tally_good(&all) > 0      ? unseen > 0
                                                 ? "Every case that could be observed is as expected"
                                                 : "Every case is as expected"
                 : page->column_count == 0 ? "Benchmarks"
                                           : "Nothing was proven");
    put(out, ".</p>\n");
}

static void add_host(struct buffer *out, const struct result_host *host)
{
    html_text(out, host->os, NAME_MAX_BYTES);
    if (host->kernel != NULL) {
        put(out, ", kernel ");
        html_text(out, host->kernel, NAME_MAX_BYTES);
    }
    if (host->arch != NULL) {
        put(out, ", ");
        html_text(out, host->arch, NAME_MAX_BYTES);
    }
    if (host->machine != NULL && *host->machine != '\0') {
        put(out, ", ");
        html_text(out, host->machine, NAME_MAX_BYTES);
    }
    if (host->landlock_abi > 0)
        buffer_printf(out, ", Landlock ABI %d", host->landlock_abi);
    if (host->cpus > 0)
        buffer_printf(out, ", %u processors", host->cpus);
    if (host->cpu != NULL && *host->cpu != '\0') {
        put(out, " (");
        html_text(out, host->cpu, NAME_MAX_BYTES);
        put(out, ")");
    }
}

/* Enough to tell two catalogues apart; the file has all of it. */
static void add_digest_start(struct buffer *out, const char *digest)
{
    char start[13];

    (void)snprintf(start, sizeof start, "%.12s", digest != NULL ? digest : "");
    html_text(out, start, sizeof start);
}

/* Each host once; a run that was not joined from several has one. */
static void add_hosts(struct buffer *out, const struct result_run *run)
{
    size_t shown = 0;

    for (size_t i = 0; i < run->sandbox_count; i++) {
        const struct result_sandbox *sandbox = &run->sandboxes[i];
        size_t first = 0;

        if (!sandbox->has_host)
            continue;
        while (!run->sandboxes[first].has_host ||
               !page_is_same_host(&run->sandboxes[first].host, &sandbox->host))
            first++;
        if (first < i)
            continue;
        put(out, shown++ == 0 ? "joined from several hosts: " : "; ");
        add_host(out, &sandbox->host);
    }
    if (shown == 0)
        add_host(out, &run->host);
}

static void add_run_facts(struct buffer *out, const struct result_run *run)
{
    put(out, "<p class=\"facts\">");
    html_text(out, run->started, NAME_MAX_BYTES);
    put(out, ": ");
    add_hosts(out, run);
    put(out, ". holdfast ");
    html_text(out, run->host.holdfast, NAME_MAX_BYTES);
    if (run->host.build != NULL) {
        put(out, " (");
        add_digest_start(out, run->host.build);
        put(out, ")");
    }
    put(out, ", catalogue ");
    html_text(out, run->catalogue_version, NAME_MAX_BYTES);
    put(out, " <code>");
    add_digest_start(out, run->catalogue_sha256);
    buffer_printf(out, "</code>, seed %llu. %zu of %zu planned results.",
                  (unsigned long long)run->seed, run->executed, run->planned);
    if (run->is_interrupted)
        put(out, " <strong>The run was interrupted.</strong>");
    if (run->shard_count > 1)
        buffer_printf(out, " <strong>Shard %u of %u only.</strong>", run->shard_index,
                      run->shard_count);
    put(out, "</p>\n");
}

/* What the A/A arms say. An arm that could not say anything is no reason for trust. */
static void add_fitness(struct buffer *out, const struct bench_file *file)
{
    size_t controls = 0;

    for (size_t i = 0; i < file->result_count; i++)
        controls += file->results[i].is_control;
    if (file->fit == NULL)
        return;
    if (strcmp(file->fit, "yes") != 0)
        put(out, " <strong>The same program against itself looked different: do not trust small "
                 "differences.</strong>");
    else if (file->too_noisy > 0)
        buffer_printf(out,
                      " The same program against itself showed no difference, but in <strong>%zu "
                      "of %zu</strong> such comparisons the machine was too noisy, or the runs too "
                      "few, to say.",
                      file->too_noisy, controls > file->too_noisy ? controls : file->too_noisy);
    else
        put(out, " The same program against itself showed no difference: the machine was fit to "
                 "judge.");
}

static void add_bench_facts(struct buffer *out, const struct bench_file *file)
{
    put(out, "<p class=\"facts\">");
    if (file->started != NULL) {
        html_text(out, file->started, NAME_MAX_BYTES);
        put(out, ": benchmarks on ");
        add_host(out, &file->host);
        put(out, ".");
    } else {
        put(out, "Benchmarks from a file that does not say where they were run.");
    }
    add_fitness(out, file);
    put(out, "</p>\n");
}

static void add_facts(struct buffer *out, const struct page *page)
{
    for (size_t i = 0; i < page->input_count; i++) {
        if (page->inputs[i].kind == INPUT_CONFORMANCE)
            add_run_facts(out, &page->inputs[i].run);
        else
            add_bench_facts(out, &page->inputs[i].bench);
    }
}

/* The list of what is there is made from what was written. */
static void add_contents(struct buffer *out, const struct buffer *sections)
{
    static const struct {
        const char *id;
        const char *title;
    } entries[] = {
        {"modes", "Modes"},
        {"changes", "Changes"},
        {"attention", "Not as expected"},
        {"tradeoff", "Cost and protection"},
        {"cases", "Cases"},
        {"differences", "Differences"},
        {"cost", "Benchmarks"},
        {"growth", "Growth"},
        {"trend", "Trend"},
        {"method", "How to read this"},
    };

    put(out, "<nav aria-label=\"Contents\"><ul>");
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        char mark[64];

        (void)snprintf(mark, sizeof mark, "<section id=\"%s\"", entries[i].id);
        if (strstr(buffer_text(sections), mark) != NULL)
            buffer_printf(out, "<li><a href=\"#%s\">%s</a></li>", entries[i].id, entries[i].title);
    }
    put(out, "</ul></nav>\n");
}

static void add_method(struct buffer *out)
{
    put(out,
        "<section id=\"method\" aria-labelledby=\"h-method\"><h2 id=\"h-method\">How to read "
        "this</h2><p>A containment case counts as <b>held</b> only when three things were seen: "
        "the "
        "same attempt without a sandbox did the harm (the control), the probe was alive inside "
        "(the "
        "twin), and what looks from outside, now and after a grace period, saw nothing. What a "
        "probe prints is never evidence.</p><div class=\"scroll\" tabindex=\"0\" role=\"region\" "
        "aria-label=\"Verdicts\"><table class=\"plain\"><thead><tr><th "
        "scope=\"col\">Verdict</th><th scope=\"col\">Meaning</th></tr></thead><tbody>"
        "<tr><th scope=\"row\">held, works</th><td>proven; only these two count</td></tr>"
        "<tr><th scope=\"row\">escaped, overblocked</th><td>the attempt got through; useful work "
        "was stopped</td></tr>"
        "<tr><th scope=\"row\">invalid</th><td>the control failed, the probe never ran or an "
        "oracle "
        "died: proves nothing, and counts against the score</td></tr>"
        "<tr><th scope=\"row\">skipped</th><td>not possible here, for the reason given; not in the "
        "score</td></tr>"
        "<tr><th scope=\"row\">unverifiable</th><td>cannot be observed on this machine; not in the "
        "score. A prediction beside it comes from a model of the mode, not from a run</td></tr>"
        "</tbody></table></div><p>A <b>documented gap</b> is an escape that the mode is known to "
        "have, with a reason and a source; it is tried in every run, and the run fails when it is "
        "closed without the list being updated. <b>Contains</b> is held of all containment cases "
        "that ran, <b>Useful work</b> is works of all must-work cases that ran.</p>"
        "<p>Times are judged by their tenth percentile of runs that were interleaved with the "
        "reference; intervals are 95 %, made by drawing whole blocks again. A tenth percentile "
        "cannot see a mode that is slow in one run of five.</p></section>\n");
}

static int write_sections(struct buffer *out, const struct page *page, struct error *err)
{
    page_modes(out, page);
    if (page_runs_diff(out, page, err) < 0)
        return -1;
    page_attention(out, page);
    page_tradeoff(out, page);
    page_all_cases(out, page);
    if (page_diff(out, page, err) < 0)
        return -1;
    page_cost(out, page);
    page_growth(out, page);
    page_trend(out, page);
    add_method(out);
    return 0;
}

int page_write(struct buffer *out, const struct page *page, struct error *err)
{
    AUTO_BUFFER struct buffer sections = BUFFER_EMPTY;

    if (write_sections(&sections, page, err) < 0)
        return -1;
    if (buffer_failed(&sections))
        return error_memory(err, "a page");
    add_head(out);
    put(out, "<header><h1>Holdfast: does this sandbox hold the coding agent that runs in it, and "
             "what does it cost?</h1>\n");
    add_verdict(out, page);
    add_facts(out, page);
    put(out, "</header>\n");
    add_contents(out, &sections);
    put(out, "<main id=\"main\">\n");
    buffer_add(out, buffer_text(&sections), sections.size);
    put(out, "</main>\n<footer><p>Made by <code>holdfast report</code> from result files; nothing "
             "in this page is loaded from elsewhere.</p></footer>\n<script>");
    buffer_add(out, page_js, page_js_size);
    put(out, "</script>\n</body>\n</html>\n");
    return buffer_failed(out) ? error_memory(err, "a page") : 0;
}
