/*
 * Making a machine what was wished, so that it can be cut off at any point
 * and still be put back: before each change the journal gets what was there
 * and what is put there. A wish that is already met costs a look and no
 * write.
 *
 *   settings, in order      journal, then set
 *   objects, outermost first   journal, then put our entries on this one object
 *   trees below them        walked once, from each outermost changed object
 *   objects again           looked at: what the walk knows by another name it has undone
 *   commit                  the end of the transaction
 *
 * Undoing goes backwards through the journal. A thing that is as we left it
 * gets back exactly what was there; one that somebody changed since keeps
 * that change and loses only our entries (a file) or is left and reported
 * (anything else).
 */
#ifndef HOLDFAST_SANDBOX_NT_CHANGE_H
#define HOLDFAST_SANDBOX_NT_CHANGE_H

#include "sandbox/nt/journal.h"
#include "sandbox/nt/walk.h"

struct nt_setting {
    enum nt_kind kind;
    const char *name;
    const char *value; /* NULL: must not be there */
    bool must_be_ours; /* ERR_REFUSED if it is there with another value: it is somebody else's */
};

struct nt_changes {
    const struct nt_setting *settings; /* in this order; undone in the opposite one */
    size_t setting_count;
    struct nt_wishes wishes; /* in any order; outermost objects are changed first */
    bool goes_on;            /* no commit: another nt_apply with the same report belongs to it */
    bool objects_only;       /* what lies below them is walked by somebody else, later */
};

struct nt_change_report {
    size_t records; /* written to the journal, the commit included */
    size_t changed; /* settings and named objects that were not as wished */
    struct nt_walk_stats walk;
    struct text_list left; /* undo: what could not be put back, and why */
    /* Undo: what cannot be put back is counted and listed, and the rest goes on. The journal
     * must then be kept: undoing again tries again. false: it is a failure. */
    bool goes_on;
    size_t failed;
};

void nt_change_report_done(struct nt_change_report *report);

/* journal_count: records already in the journal, all committed but those of earlier calls that went on.
 * On failure the journal holds what was begun: call nt_undo with it. */
int nt_apply(struct nt_machine *machine, const struct nt_changes *changes, size_t journal_count,
             struct nt_change_report *report, struct error *err);

/* Would nt_apply change anything? 1 yes, 0 no, -1 failure. Looks, writes nothing. */
int nt_apply_needed(struct nt_machine *machine, const struct nt_changes *changes,
                    struct error *err);

/*
 * Puts back everything that the journal's records from index `from` on changed: from = committed
 * after a crash, 0 for teardown. ours must hold every SID that any of the records put anywhere.
 * Only failures to write are failures; what is gone or was changed by others is reported. The
 * journal itself is the caller's: cut it back to committed_size, or remove it, when this is done.
 * Safe to be cut off and called again.
 */
int nt_undo(struct nt_machine *machine, const struct nt_journal *journal, size_t from,
            const struct nt_ours *ours, struct nt_change_report *report, struct error *err);

/* The SIDs that the records put into lists where they were not before: ours, also when nobody knows
 * any more whose they were. Caller frees; NULL: err is full. */
struct nt_sid *nt_journal_sids(const struct nt_journal *journal, size_t *count, struct error *err);

/* The wishes that the journal's first `count` records left in force. Paths are borrowed from it.
 * Free with nt_wishes_done. */
int nt_wishes_from_journal(const struct nt_journal *journal, size_t count,
                           const struct nt_ours *ours, struct nt_wishes *wishes, struct error *err);
void nt_wishes_done(struct nt_wishes *wishes);

#endif
