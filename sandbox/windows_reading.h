/*
 * Folders of tools in the user's profile that the accounts of
 * windows-elevated may read. Pure.
 *
 * What may get such an entry is a short list (windows_tools): folders that
 * hold programs and no credentials. Inside a profile nothing else ever gets
 * one, and of the list only what PATH leads to. A toolchain can have tens of
 * thousands of files, so nothing waits for it:
 *
 *   the folder itself      journalled, written, committed: a moment, with the lock
 *   everything below it    walked by a process of its own, without the lock
 *   the record             how far that is; "done" and the folder's own entry: nothing to do
 *
 * Cut off anywhere it is taken up again: a walk writes only what is not right. What is undone by
 * teardown is the folder, and from it everything below.
 */
#ifndef HOLDFAST_SANDBOX_WINDOWS_READING_H
#define HOLDFAST_SANDBOX_WINDOWS_READING_H

#include "base/buffer.h"
#include "sandbox/nt/change.h"
#include "sandbox/windows_facts.h"

struct windows_tool {
    const char *folder; /* below the profile */
    const char *leader; /* PATH leads to it when it has this folder or one below; NULL: itself */
};

extern const struct windows_tool windows_tools[];
extern const size_t windows_tool_count;

/* Adds those of the list that this PATH leads to, as full paths. */
int windows_reading_candidates(const char *profile, const char *path_variable,
                               struct text_list *folders, struct error *err);

/* Is it, or does it lie below, a folder of the list in this profile? */
bool windows_reading_is_declared(const char *profile, const char *path);

/* The record ------------------------------------------------------------------------------------ */

struct windows_reading_folder {
    char *path;
    char *trouble; /* of the last object that could not be changed; "": none */
    bool is_done;
    uint64_t seen;    /* objects of the current or last walk */
    uint64_t written; /* descriptors it wrote */
    uint64_t failed;  /* objects that could not be changed; the walk goes past them */
};

struct windows_reading {
    struct windows_reading_folder *folders;
    size_t count;
};

enum {
    WINDOWS_READING_BYTES_MAX = 1 << 18
};

#define AUTO_READING __attribute__((cleanup(windows_reading_done)))

void windows_reading_done(struct windows_reading *reading);
/* The folder's place, made if there is none. NULL: out of memory. */
struct windows_reading_folder *windows_reading_folder(struct windows_reading *reading,
                                                      const char *path);
void windows_reading_write(const struct windows_reading *reading, struct buffer *out);
/* A record that cannot be read is an empty one: everything is then looked at again. */
void windows_reading_read(const char *text, size_t size, struct windows_reading *reading);
/* "reading: 1 of 2 folders, ..." and what was in the way, for people. */
void windows_reading_describe(const struct windows_reading *reading, struct buffer *out);

/* The work ---------------------------------------------------------------------------------------- */

/* Is there something to do for these wishes? 1, 0, or -1 with err. Looks at the folders themselves
 * only, writes nothing. path: only about the folder that holds this; NULL: about all. */
int windows_reading_is_due(struct nt_machine *machine, const struct nt_wishes *wishes,
                           const struct windows_reading *reading, const char *path,
                           struct error *err);

/* The folders themselves: to be called with the lock, after recovery. in_force: the wishes of the
 * journal; entries that other runs put on the same folder stay. */
int windows_reading_put(struct nt_machine *machine, const struct nt_wishes *wishes,
                        const struct nt_wishes *in_force, size_t journal_count,
                        struct windows_reading *reading, struct nt_change_report *report,
                        struct error *err);

struct windows_reading_walk {
    /* Called after each object with the folder's record up to date; false: stop here. */
    bool (*goes_on)(void *own);
    void *own;
};

/* Everything below the folders that are not done. in_force: as the journal has it now. ERR_INTERRUPTED
 * when it was stopped; what was done stays and counts. */
int windows_reading_work(struct nt_machine *machine, const struct nt_wishes *in_force,
                         struct windows_reading *reading, const struct windows_reading_walk *walk,
                         struct error *err);

#endif
