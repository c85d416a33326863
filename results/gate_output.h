/* How a gate's findings are shown. */
#ifndef HOLDFAST_RESULTS_GATE_OUTPUT_H
#define HOLDFAST_RESULTS_GATE_OUTPUT_H

#include <jansson.h>

#include "base/buffer.h"
#include "results/compare.h"
#include "results/gate.h"

/* "fail", "inconclusive" or "pass": a note is none. */
const char *gate_verdict(const struct gate *gate);
void gate_write(struct buffer *out, const struct compare_style *style, const struct gate *gate);
/* "holdfast.gate/1" */
json_t *gate_to_json(const struct gate *gate);

#endif
