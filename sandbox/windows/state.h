/*
 * What is kept between runs, in a folder of the user's own (unelevated and
 * elevated alike: what stands in the user's workspaces is the user's to undo):
 *
 *   %LOCALAPPDATA%\Holdfast\
 *     lock       held while anything below or any descriptor is changed
 *     sids       the synthetic SIDs (windows_sids.h), replaced as a whole
 *     journal    what was changed where (nt/journal.h), appended and flushed
 *     denybin\   network stand-ins
 *     tmp\       private TEMP of each run
 *
 * The set-up has the same in %ProgramData%\Holdfast, for administrators.
 */
#ifndef HOLDFAST_WINDOWS_STATE_H
#define HOLDFAST_WINDOWS_STATE_H

#include "sandbox/nt/change.h"
#include "sandbox/windows/machine.h"
#include "sandbox/windows_sids.h"

struct win_state {
    char *folder;
    HANDLE lock;
    HANDLE journal_file;
    struct windows_sids sids;
    struct nt_journal journal;
    char *journal_bytes; /* the journal points into it */
    size_t journal_size;
    struct win_machine machine;
};

/* "C:\Users\u\AppData\Local\Holdfast". Caller frees. */
char *win_state_user_folder(struct error *err);
/* "C:\ProgramData\Holdfast". Caller frees. */
char *win_state_machine_folder(struct error *err);

/* Makes the folder if need be (sddl: who may enter it; NULL: as inherited), waits for the lock for
 * at most timeout_ms, reads the list of SIDs and the journal. */
int win_state_open(struct win_state *state, const char *folder, const char *sddl,
                   const struct win_setting *settings, unsigned timeout_ms, struct error *err);
void win_state_close(struct win_state *state);

/* Only the list of SIDs of state->folder, without the lock. *sids must be empty. */
int win_state_read_sids(const struct win_state *state, struct windows_sids *sids,
                        struct error *err);

/* Every SID that was ever put anywhere, and these. Caller frees. */
struct nt_sid *win_state_ours(const struct win_state *state, const struct nt_sid *more,
                              size_t more_count, size_t *count, struct error *err);

/* Undoes what a run that was cut off began; to be called before anything is changed. */
int win_state_recover(struct win_state *state, const struct nt_ours *ours,
                      struct nt_change_report *report, struct error *err);
/* Undoes everything and empties the journal, unless report->goes_on and something failed. */
int win_state_undo_all(struct win_state *state, const struct nt_ours *ours,
                       struct nt_change_report *report, struct error *err);
/* Reads the journal again after nt_apply wrote to it. */
int win_state_reload(struct win_state *state, struct error *err);

int win_state_save_sids(const struct win_state *state, struct error *err);
/* The marker, made and saved if there is none yet. */
int win_state_marker(struct win_state *state, struct error *err);

/* A path in the folder. Caller frees. */
char *win_state_path(const struct win_state *state, const char *name, struct error *err);

#endif
