/* Pure: no system call, no state. verdict_test.c walks through every combination. */
#include "conformance/verdict.h"

#include <signal.h>
#include <stddef.h>

#include "conformance/probe.h"

static enum verdict judge_must_work(const struct proof *proof, const char **reason)
{
    if (!proof->has_control_fired) {
        *reason = "it does not work here without a sandbox either";
        return VERDICT_INVALID;
    }
    if (proof->has_worked) {
        *reason = NULL;
        return proof->is_unverifiable ? VERDICT_UNVERIFIABLE : VERDICT_WORKS;
    }
    *reason =
        proof->has_timed_out ? "it did not finish in time" : "it does not work in the sandbox";
    return VERDICT_OVERBLOCKED;
}

/* The row's own condition kept the sandbox from starting, and it did not go on with less. */
static bool has_refused(const struct proof *proof)
{
    return proof->may_refuse && proof->has_failed && !proof->has_beacon && !proof->has_timed_out &&
           proof->is_oracle_alive;
}

/* Why silence of the oracles proves nothing; NULL: it proves that the sandbox held. */
static const char *why_silence_is_no_proof(const struct proof *proof)
{
    if (!proof->has_beacon)
        return "no beacon: the probe did not show that it ran inside";
    if (!proof->is_oracle_alive)
        return "an oracle could not tell: its silence proves nothing";
    if (proof->has_timed_out && !proof->has_ended)
        return "timed out before the attempt was over";
    if (proof->is_unable && !proof->has_timed_out) /* else the status is of what the harness did */
        return "the attempt could not be made inside";
    if (!proof->has_ended && !proof->is_refused_by_signal)
        return "the attempt was ended before it was over";
    return NULL;
}

enum verdict verdict_judge(const struct proof *proof, const char **reason)
{
    if (proof->is_must_work)
        return judge_must_work(proof, reason);
    if (!proof->has_clean_control || !proof->is_clean_before) {
        *reason = "an oracle had fired before the attempt: the scene was not clean";
        return VERDICT_INVALID;
    }
    if (!proof->has_control_fired) {
        *reason = "the control did not fire: the attempt has no effect here without a sandbox";
        return VERDICT_INVALID;
    }
    if (proof->has_oracle_fired) {
        /* Seen from outside: true whatever the probe says, with or without a beacon. */
        *reason = "its effect was seen outside";
        return VERDICT_ESCAPED;
    }
    *reason = has_refused(proof) ? NULL : why_silence_is_no_proof(proof);
    if (*reason != NULL)
        return VERDICT_INVALID;
    if (proof->is_unverifiable) {
        *reason = "this platform only pretends to enforce";
        return VERDICT_UNVERIFIABLE;
    }
    if (has_refused(proof))
        *reason = "it refused to start, as this case allows";
    else if (proof->has_timed_out && !proof->expects_timeout)
        *reason = "it did not return by itself; the harness stopped it when the attempt was over";
    return VERDICT_HELD;
}

bool verdict_is_refusal(int exit_status)
{
    return exit_status != 0 && exit_status != PROBE_UNABLE && exit_status < 126;
}

bool verdict_is_unable(int exit_status)
{
    if (exit_status == PROBE_WENT_THROUGH || exit_status == PROBE_REFUSED)
        return false;
    if (exit_status > 128) {
        int signal_number = exit_status - 128;

        return signal_number != SIGSYS && signal_number != SIGKILL && signal_number != SIGXCPU &&
               signal_number != SIGXFSZ;
    }
    return true;
}

bool verdict_is_kernel_refusal(int exit_status)
{
    return exit_status == 128 + SIGSYS || exit_status == 128 + SIGXCPU ||
           exit_status == 128 + SIGXFSZ;
}

bool verdict_is_memory_kill(int exit_status)
{
    return exit_status == 128 + SIGKILL;
}

static bool is_success(enum verdict verdict)
{
    return verdict == VERDICT_HELD || verdict == VERDICT_WORKS;
}

static bool is_failure(enum verdict verdict)
{
    return verdict == VERDICT_ESCAPED || verdict == VERDICT_OVERBLOCKED;
}

enum status verdict_status(enum verdict verdict, enum verdict expected, bool is_informational)
{
    if (verdict == VERDICT_SKIPPED)
        return STATUS_SKIPPED;
    if (verdict == VERDICT_INVALID)
        return STATUS_INVALID;
    if (verdict == VERDICT_UNVERIFIABLE)
        return STATUS_UNVERIFIABLE;
    if (expected == VERDICT_UNVERIFIABLE) /* open: nobody could know */
        return STATUS_UNVERIFIED;
    if (is_informational)
        return is_success(verdict) ? STATUS_OK : STATUS_KNOWN_GAP;
    if (is_failure(expected)) {
        if (verdict == expected)
            return STATUS_KNOWN_GAP;
        return is_success(verdict) ? STATUS_FIXED_GAP : STATUS_REGRESSION;
    }
    return verdict == expected ? STATUS_OK : STATUS_REGRESSION;
}
