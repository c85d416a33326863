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

/* GetTokenInformation, with as much memory as it needs. Caller frees. NULL: err is full. */
void *win_token_query(HANDLE token, TOKEN_INFORMATION_CLASS what, struct error *err);

/* Is the token what was asked for? Restricting SIDs, disabled groups, no privilege but
 * SeChangeNotifyPrivilege; an administrator's neither by group nor by integrity. ERR_UNSUPPORTED: it
 * is not, as under Wine, whose calls succeed without effect. */
int win_token_check(HANDLE token, const struct nt_spawn *spawn, const struct nt_sid *logon,
                    struct error *err);

/* The token that the command gets: restricted, with its default DACL and without privileges. The
 * words "logon" stand for that session. It has gone through win_token_check. NULL: err is full. */
HANDLE win_token_restrict(HANDLE from, const struct nt_spawn *spawn, const struct nt_sid *logon,
                          struct error *err);

#endif
