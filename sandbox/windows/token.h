/* Tokens of this machine, and the one that a plan asks for. */
#ifndef HOLDFAST_WINDOWS_TOKEN_H
#define HOLDFAST_WINDOWS_TOKEN_H

#include "sandbox/nt/spawn.h"
#include "sandbox/nt/token.h"
#include "sandbox/windows/win.h"

/* This process's own token, with what making another from it needs. NULL: err is full. */
HANDLE win_token_own(struct error *err);

/* What the access model needs to know of a token. *out must be empty. */
int win_token_read(HANDLE token, struct nt_token *out, struct error *err);

/* The logon session's SID: among the groups, or in the linked token. ERR_NOT_FOUND: none. */
int win_token_logon(HANDLE token, struct nt_sid *logon, struct error *err);

bool win_token_is_elevated(HANDLE token);

/* The token that the command gets: restricted, with its default DACL and without privileges. The
 * words "logon" stand for that session. What Windows accepted is read back and compared: a call that
 * succeeds without effect (Wine) is ERR_UNSUPPORTED. NULL: err is full. */
HANDLE win_token_restrict(HANDLE from, const struct nt_spawn *spawn, const struct nt_sid *logon,
                          struct error *err);

#endif
