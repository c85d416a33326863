/* One case, tried twice and judged. */
#ifndef HOLDFAST_WINDOWS_EVIDENCE_JUDGE_H
#define HOLDFAST_WINDOWS_EVIDENCE_JUDGE_H

#include "sandbox/windows/evidence/evidence.h"

/* How things are done here. */
struct evidence_bench {
    const struct evidence_place *place;
    const char *sandbox; /* holdfast-sandbox.exe */
    enum evidence_mode mode;
};

/* -1: the machine is not as it should be, nothing can be judged. */
int evidence_judge(const struct evidence_bench *bench, const struct evidence_case *row,
                   struct evidence_result *result, struct error *err);

/* holdfast-sandbox with these words, waited for. */
int evidence_sandbox(const struct evidence_bench *bench, const char *const *words,
                     struct evidence_run *run, struct error *err);

#endif
