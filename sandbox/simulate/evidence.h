/*
 * The cases that holdfast-evidence.exe tries on a real Windows machine
 * (../windows/evidence), as rows, and how what was seen is judged. Pure, so
 * that judging can be tested where no Windows is.
 */
#ifndef HOLDFAST_SANDBOX_SIMULATE_EVIDENCE_H
#define HOLDFAST_SANDBOX_SIMULATE_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum evidence_mode {
    EVIDENCE_UNELEVATED = 1 << 0,
    EVIDENCE_ELEVATED = 1 << 1,
};

/* How an attempt ends, beside 0: it worked. */
enum {
    EVIDENCE_REFUSED = 77, /* it was made and refused; "error N" is in what it said */
    EVIDENCE_UNTRIED = 78, /* it was not made */
};

/* What is looked at from outside. */
enum evidence_oracle {
    SEES_CONTENT,    /* path has another content, or is gone */
    SEES_NAME,       /* path is there */
    SEES_GONE,       /* path is not there */
    SEES_DACL,       /* path has another access control list */
    SEES_SECRET,     /* the secret is in the output */
    SEES_CONNECTION, /* somebody connected to our listener */
    SEES_LATE,       /* path is there some seconds after all has ended */
    SEES_DATAGRAM,   /* our UDP listener got something */
    SEES_ACCEPT,     /* we reached a listener of the attempt's */
    SEES_MEMORY,     /* bytes of ours are others */
    SEES_WINDOW,     /* a window of the attempt's is on our desktop */
    SEES_CLIPBOARD,  /* the clipboard has what the attempt put there */
    SEES_STATUS,     /* the attempt itself says that it worked: only for what must be possible */
};

struct evidence_case {
    const char *id;
    const char *claim;
    unsigned modes;
    bool must_work; /* else it must be refused */
    enum evidence_oracle oracle;
    const char *path; /* that the oracle looks at; "%" in front: below the place */
    const char
        *attempt[3]; /* its words; "HOST", "HOST6", "PORT", "PID", "ADDRESS", "HANDLE", "CLIP"
                               * stand for what the witness offers */
    bool is_away;    /* the listener is reached by the machine's own address */
    /* The gap of the mode's plan that says that it does not hold; NULL: it must. */
    const char *gap_unelevated, *gap_elevated;
    bool is_in_console; /* a pseudoconsole, in which Ctrl+C is pressed */
};

extern const struct evidence_case evidence_cases[];
extern const size_t evidence_case_count;

enum evidence_verdict {
    EVIDENCE_HELD,
    EVIDENCE_WORKS,
    EVIDENCE_ESCAPED,
    EVIDENCE_OVERBLOCKED,
    EVIDENCE_INVALID,
    EVIDENCE_UNVERIFIABLE,

    EVIDENCE_VERDICT_COUNT
};

const char *evidence_verdict_name(enum evidence_verdict verdict);

/* What a program did. */
struct evidence_run {
    uint32_t status;
    char said[512]; /* the end of what it wrote */
    bool has_seen;  /* the oracle, afterwards */
};

struct evidence_result {
    enum evidence_verdict verdict;
    bool is_expected; /* what the mode promises, or a gap that its plan names */
    const char *gap;  /* that gap; NULL: none */
    char reason[256];
    struct evidence_run control, inside;
};

/* Fills in verdict, reason and is_expected from the two runs. can_tell: false where every call of a
 * sandbox is accepted and none enforced (Wine): then nothing that was seen means anything. */
void evidence_conclude(const struct evidence_case *row, enum evidence_mode mode, bool can_tell,
                       struct evidence_result *result);
/* The same when the runs could not be made, for this reason. */
void evidence_conclude_invalid(bool can_tell, const char *reason, struct evidence_result *result);

#endif
