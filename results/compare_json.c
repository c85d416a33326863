/* `holdfast compare --json`: "holdfast.compare/1". */
#include <math.h>

#include "results/compare.h"
#include "results/document.h"
#include "results/tally.h"
#include "results/writer.h"

static json_t *side_json(const struct input *input, const struct side *side)
{
    return json_pack("{s:o, s:o, s:o}", "path", document_text(input->path), "sandbox",
                     document_text(side->sandbox), "identity", document_text(side->identity));
}

static json_t *case_json(const struct result_case *row)
{
    if (row == NULL)
        return json_null();
    return json_pack("{s:o, s:o, s:s, s:s, s:o}", "sandbox", document_text(row->sandbox),
                     "identity", document_text(row->identity), "verdict",
                     verdict_name(row->verdict), "status", status_name(row->status), "words",
                     document_text(case_words(row)));
}

static json_t *change_json(const struct change *change)
{
    const struct result_case *row = change->after != NULL ? change->after : change->before;
    char area[AREA_NAME_MAX];

    area_of(row->id, area);
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "change", change_kind_name(change->kind),
                     "id", document_text(row->id), "area", document_text(area), "severity",
                     document_text(row->severity), "a", case_json(change->before), "b",
                     case_json(change->after));
}

static json_t *counts_json(const struct diff *diff)
{
    json_t *counts = json_object();
    int failed = 0;

    for (int kind = 0; kind < CHANGE_KINDS; kind++)
        failed |= json_object_set_new(counts, change_kind_name((enum change_kind)kind),
                                      json_integer((json_int_t)diff->kinds[kind]));
    failed |= json_object_set_new(counts, "unchanged", json_integer((json_int_t)diff->unchanged));
    if (failed)
        document_free(&counts);
    return counts;
}

json_t *compare_runs_json(const struct pair *pair, const struct diff *diff)
{
    const char *texts[COMPARE_CAUTIONS];
    size_t count = compare_cautions(pair, texts);
    json_t *cautions = json_array();
    json_t *changes = json_array();
    int failed = 0;

    for (size_t i = 0; i < count; i++)
        failed |= json_array_append_new(cautions, json_string(texts[i]));
    for (size_t i = 0; i < diff->count; i++)
        failed |= json_array_append_new(changes, change_json(&diff->changes[i]));
    if (failed)
        document_free(&changes);
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "a", side_json(pair->a, &pair->side_a), "b",
                     side_json(pair->b, &pair->side_b), "cautions", cautions, "counts",
                     counts_json(diff), "changes", changes);
}

static json_t *p10_json(const struct bench_result *result)
{
    return result != NULL ? document_real(result->summary.p10) : json_null();
}

static json_t *bench_row_json(const struct bench_row *row)
{
    const struct bench_result *named = row->after != NULL ? row->after : row->before;
    json_t *ratio = json_null();

    if (row->has_ratio)
        ratio = json_pack("{s:o, s:o, s:o, s:f}", "ratio", document_real(row->ratio.ratio), "low",
                          document_real(row->ratio.low), "high", document_real(row->ratio.high),
                          "confidence", stats_report_how.confidence);
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:o}", "benchmark",
                     document_text(named->benchmark), "subject", document_text(named->subject),
                     "parameters", document_text(named->parameters), "a_p10_s",
                     p10_json(row->before), "b_p10_s", p10_json(row->after), "interleaved",
                     row->is_interleaved, "ratio", ratio);
}

json_t *compare_bench_json(const struct pair *pair, const struct bench_diff *diff)
{
    json_t *rows = json_array();
    int failed = 0;

    for (size_t i = 0; i < diff->count; i++)
        failed |= json_array_append_new(rows, bench_row_json(&diff->rows[i]));
    if (failed)
        document_free(&rows);
    return json_pack("{s:o, s:o, s:o}", "a", side_json(pair->a, &pair->side_a), "b",
                     side_json(pair->b, &pair->side_b), "benchmarks", rows);
}
