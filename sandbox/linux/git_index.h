/*
 * May git outside be given these files? It trusts the index and HEAD of its own
 * repository more than what it is sent: `git checkout .` writes every path of
 * the index, also .git/hooks/post-checkout (tried with 2.39), and where HEAD is
 * not what it should be the directory is no repository and git goes on looking,
 * to a planted one. Pure; allocates nothing but what the caller brings.
 */
#ifndef HOLDFAST_SANDBOX_LINUX_GIT_INDEX_H
#define HOLDFAST_SANDBOX_LINUX_GIT_INDEX_H

#include <stdbool.h>
#include <stddef.h>

/* An index as gitformat-index(5) has it, versions 2 to 4, in which no entry names ".git", climbs, or is
 * read differently by a git with several threads. hash_size: 20 or 32, the repository's. */
bool git_index_is_safe(const unsigned char *bytes, size_t size, size_t hash_size);

/* "ref: refs/..." or the hexadecimal name of a commit, and a newline. */
bool git_head_is_safe(const char *bytes, size_t size);

#endif
