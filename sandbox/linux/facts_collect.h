/* Asks this machine what a plan needs to know. */
#ifndef HOLDFAST_SANDBOX_LINUX_FACTS_COLLECT_H
#define HOLDFAST_SANDBOX_LINUX_FACTS_COLLECT_H

#include <sys/types.h>

#include "sandbox/facts.h"
#include "sandbox/policy.h"

/* Resolves the links of every path of the policy, once, and refuses roots that are missing, are no
 * directories, or turn out to be what policy_check_root refuses. wants_siblings: also list what lies
 * beside hidden paths (linux-landlock). */
int facts_collect(const struct policy *policy, const struct policy_place *place,
                  bool wants_siblings, struct facts *facts, struct error *err);

/* protected_linux.c: looks for the protected names in the root that fd is a descriptor of, and adds
 * what exists, and what a .git file points to, to facts->protect. */
int protected_collect(const struct policy *policy, int fd, const char *root, struct facts *facts,
                      struct error *err);

/* git_linux.c: adds the git directories that root's .git leads to, for git: commit, to facts->gits. One
 * that no root holds must name root's .git back, as a linked worktree's does; gits_check refuses
 * others, when all roots are known. */
int gits_collect(int fd, struct facts *facts, struct error *err);
int gits_check(const struct facts *facts, struct error *err);

/* The beginning of a regular file, without following a last link, NUL-terminated. -1: none. */
ssize_t read_small(int dir, const char *name, char *text, size_t size);

/* facts_digest.c: what a sandbox that is set up depends on, in 64 digits: the names of its roots and of
 * what is protected and hidden, which files, as of now, these names are, and the calling process's root
 * and namespaces. Two digests that are equal say that a plan made for the one suits the other. */
void facts_digest(const struct facts *facts, char hex[65]);

/* Does the kernel have seccomp notification as the supervisor needs it? */
bool facts_have_notify(void);

/* The path of an open descriptor, links resolved. Caller frees. */
char *descriptor_path(int fd, struct error *err);

/* Opens an absolute, tidied path with O_PATH and more flags, and gives its name without links in
 * *real (caller frees). -1: *err, and os_code is errno. */
int open_resolved(const char *path, int flags, char **real, struct error *err);

#endif
