/* What the stand-in system "has": groups, accounts, members, rights, filters, rules, passwords, as
 * values below HKCU\Software\HoldfastStandin, so that all three programs see the same. */
#ifndef HOLDFAST_WINDOWS_STANDIN_STORE_H
#define HOLDFAST_WINDOWS_STANDIN_STORE_H

#include "sandbox/windows/win.h"

#define STORE_GROUP    "group"
#define STORE_ACCOUNT  "account"
#define STORE_MEMBER   "member"
#define STORE_RIGHT    "right"
#define STORE_FILTER   "filter"
#define STORE_RULE     "rule"
#define STORE_PASSWORD "password"
#define STORE_STACK    "stack" /* "account" is "none": Windows names nobody for its network stack */
#define STORE_COUNT    "count" /* name: what was done; value: how often */
#define STORE_FAIL \
    "fail" /* name: a kind; the next set of that kind fails with this Windows error */

int store_get(const char *kind, const char *name, char **value, struct error *err);
int store_set(const char *kind, const char *name, const char *value, struct error *err);
bool store_is(const char *kind, const char *name, const char *value);

#endif
