/*
 * report.html, between its files. One self-contained page: no request, no
 * style attribute, style and script allowed by their digests alone. Every
 * section is written by one function from the same plain data.
 *
 *     page_data.c     what the sections share, made from the inputs
 *     page.c          head, order of the sections, method
 *     page_modes.c    the matrix of modes x areas
 *     page_cases.c    what needs a person; every case with its evidence
 *     page_diff.c     two modes, or two runs, held against each other
 *     page_cost.c     benchmarks against their reference; cost against escapes
 *     page_growth.c   benchmarks over a parameter
 *     page_trend.c    published runs over time
 *     chart.c         axes, marks and lines as SVG
 */
#ifndef HOLDFAST_RESULTS_PAGE_H
#define HOLDFAST_RESULTS_PAGE_H

#include "base/buffer.h"
#include "results/bench_model.h"
#include "results/input.h"
#include "results/model.h"
#include "results/tally.h"
#include "results/trend.h"

/* A sandbox under an identity, of one of the runs: a row of the matrix. */
struct column {
    const struct result_run *run;
    const struct result_sandbox *sandbox;
    const struct result_host *host;
    struct tally contained;
    struct tally works;
    struct tally predicted;          /* of unverifiable cases with a prediction: their verdicts */
    const struct bench_result *cost; /* its start-up against no sandbox; may be NULL */
};

/* One id, over all columns. */
struct page_case {
    const char *id;
    char area[AREA_NAME_MAX];
    const struct result_case *first; /* for what does not depend on the column */
    const struct result_case **seen; /* [column]; NULL: not in that run */
};

struct page {
    const struct input *inputs;
    size_t input_count;
    const struct trend *trend; /* NULL: no history was given */
    struct column *columns;
    size_t column_count;
    struct page_case *cases; /* by area, then id */
    size_t case_count;
    const char *cost_benchmark; /* NULL: no benchmark of a mode */
    size_t text_max;            /* of one piece of evidence, so that the page stays small */
    bool has_many_hosts;
};

int page_init(struct page *page, const struct input *inputs, size_t count,
              const struct trend *trend, struct error *err);
void page_done(struct page *page);

/* The whole document. */
int page_write(struct buffer *out, const struct page *page, struct error *err);

/* Sections; each writes nothing when there is nothing to show. */
void page_modes(struct buffer *out, const struct page *page);
void page_attention(struct buffer *out, const struct page *page);
void page_all_cases(struct buffer *out, const struct page *page);
int page_diff(struct buffer *out, const struct page *page, struct error *err);
int page_runs_diff(struct buffer *out, const struct page *page, struct error *err);
void page_tradeoff(struct buffer *out, const struct page *page);
void page_cost(struct buffer *out, const struct page *page);
void page_growth(struct buffer *out, const struct page *page);
void page_trend(struct buffer *out, const struct page *page);

/* Pieces ------------------------------------------------------------------------------------- */

void html_text(struct buffer *out, const char *text, size_t most);
/* Name, identity and, where hosts differ, the host. */
void html_column_name(struct buffer *out, const struct page *page, const struct column *column);
/* "m3" */
void html_column_id(struct buffer *out, const struct page *page, const struct column *column);
void html_case_id(struct buffer *out, const char *id); /* "c-fs.chmod", safe in an attribute */
void html_verdict(struct buffer *out, const struct result_case *row); /* symbol and word */
bool page_is_same_host(const struct result_host *a, const struct result_host *b);
/* The kinds of mark for the sandboxes of one chart over time or a parameter: rows of the matrix look
 * the same in every chart, and no two of the first eight are alike. */
void page_kinds(const struct page *page, const char *const *names, size_t count, size_t *kinds);
/* An escape that counts: not only information. */
bool page_is_escape(const struct result_case *row);
size_t page_escapes(const struct page *page, const struct column *column);

#endif
