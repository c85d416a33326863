/*
 * holdfast-evidence.exe: what really happens on this Windows machine. Each
 * case is tried twice by the same code, without a sandbox (the control) and
 * inside one, and looked at from outside (the oracle):
 *
 *   fixture as it should be -> control: must work, the oracle must see it
 *   fixture as it should be -> inside: what it said, and what the oracle sees
 *
 * held      refused inside, and nothing to be seen
 * escaped   there is an effect, whatever was said
 * works     what must be possible is
 * overblocked, invalid, unverifiable as in STYLE.md. Under Wine everything is
 * unverifiable: it accepts every call of a sandbox and enforces none.
 *
 * A test program: built, not installed. It is how claims marked "unverified"
 * get, or lose, their evidence.
 */
#ifndef HOLDFAST_WINDOWS_EVIDENCE_H
#define HOLDFAST_WINDOWS_EVIDENCE_H

#include "base/buffer.h"
#include "sandbox/simulate/evidence.h"
#include "sandbox/text_list.h"
#include "sandbox/windows/win.h"

/* attempt WORD [ARGUMENT]...: one act. Exit status 0 it worked, or one of the above. */
int evidence_attempt(int argc, char **argv);

/* One of them: its word, how many arguments it needs, and what it does with them. */
struct evidence_act {
    const char *word;
    int count;
    int (*try)(char **argv);
};
/* attempts_more.c */
extern const struct evidence_act evidence_more_acts[];
extern const size_t evidence_more_act_count;
#define EVIDENCE_WINDOW L"holdfast-window-5520" /* its title */
#define EVIDENCE_READY  "holdfast-ready"        /* said by an attempt that waits for a key */

/* C:\holdfast-evidence-PID: all of it the user's and made by this program, closed to others but where a
 * case wants it open.
 *
 *   ws\            workspace: evidence.exe, file.txt, sub\file.txt,
 *                  .git\{HEAD,config,hooks\pre-commit,own\file.txt}
 *   outside\       file.txt, secret.txt
 *   everyone\      Everyone: full control
 *   authenticated\ Authenticated Users: modify
 */
struct evidence_place {
    char *root;
    char *program;              /* the copy of ourselves in ws */
    struct text_list snapshots; /* "path TAB SDDL" of all there was before any sandbox */
};

int evidence_place_make(struct evidence_place *place, struct error *err);
/* Puts right what a case left: contents, and names that should not be. */
int evidence_place_restore(const struct evidence_place *place, struct error *err);
/* "path TAB SDDL" of every fixed thing of the place. */
int evidence_place_snapshot(const struct evidence_place *place, struct text_list *lines,
                            struct error *err);
/* Adds a line for every file of the place whose descriptor is not what it was. */
int evidence_place_compare(const struct evidence_place *place, struct text_list *changed,
                           struct error *err);
void evidence_place_remove(struct evidence_place *place);
/* A path in it, "%" of the pattern standing for the place's own. Caller frees. */
char *evidence_path(const struct evidence_place *place, const char *pattern);
/* "D:(A;;...)" of one object. Caller frees. NULL: err is full. */
char *evidence_sddl(const char *path, struct error *err);

/* What the machine is, as members of a JSON object. */
void evidence_describe_machine(struct buffer *out);
/* ... and of the objects that every process needs: who may open them. */
void evidence_describe_objects(struct buffer *out);
/* Logon sessions of the machine: with restricting SIDs they are said not to end (codex issue 35940). */
unsigned long evidence_count_logons(void);
/* Is the user an administrator, in this token or behind it? */
bool evidence_is_administrator(void);

/* Adds a line for each kind of logon that an account of the set-up has and should not, or lacks. */
int evidence_find_logons(struct text_list *found, struct error *err);

/* Adds a line for each setting of a set-up that is there. */
int evidence_find_residue(struct text_list *found, struct error *err);

#endif
