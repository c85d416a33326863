/* The three small text formats of git that lead from one .git to another. Pure. */
#ifndef HOLDFAST_SANDBOX_GITFILE_H
#define HOLDFAST_SANDBOX_GITFILE_H

#include <stdbool.h>
#include <stddef.h>

/* A .git file: "gitdir: PATH\n" (gitrepository-layout(5)). False: it is none, or too long. */
bool gitfile_parse_pointer(const char *text, char *path, size_t size);

/* A file that is one path: commondir, worktrees/NAME/gitdir. */
bool gitfile_parse_line(const char *text, char *path, size_t size);

/* The size of a hash by extensions.objectFormat of a repository's config: 20 or 32; 0: it cannot be told. */
size_t gitfile_hash_size(const char *config);

/* The next "path = P" of a .gitmodules file from *at on; *at moves behind it. A path that is
 * absolute or climbs is left out. False: no more. */
bool gitfile_next_module(const char **at, char *path, size_t size);

#endif
