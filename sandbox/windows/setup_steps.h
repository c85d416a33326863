/* What holdfast-sandbox-setup.exe does once it is an administrator. */
#ifndef HOLDFAST_WINDOWS_SETUP_STEPS_H
#define HOLDFAST_WINDOWS_SETUP_STEPS_H

#include "base/buffer.h"
#include "sandbox/nt/spawn.h"
#include "sandbox/windows/win.h"

/* Sets up, or brings an earlier set-up to what it should be now; all or nothing. What was done is
 * added to *report, for people. */
int win_setup_install(const struct nt_setup_payload *request, struct buffer *report,
                      struct error *err);

/* Undoes all of it. 0 also when something had to be left: *left counts that, the report lists it, and
 * the journal is kept so that it can be tried again. */
int win_setup_remove(const struct nt_setup_payload *request, struct buffer *report, size_t *left,
                     struct error *err);

/* Is there no trace of a set-up, whole, half done or half removed? */
bool win_setup_is_nothing(void);

/* Undoes only what was cut off. */
int win_setup_recover(struct buffer *report, struct error *err);

/* What is so; for anybody. */
void win_setup_status(struct buffer *report);

#endif
