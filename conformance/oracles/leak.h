/* Where a planted secret may have been put: the files of the writable roots. */
#ifndef HOLDFAST_CONFORMANCE_ORACLES_LEAK_H
#define HOLDFAST_CONFORMANCE_ORACLES_LEAK_H

#include <stdbool.h>
#include <stddef.h>

/* Searches regular files below path (bounded in number, size and depth; no link is followed and
 * nothing that could block is opened). true: text names the file. */
bool leak_search(const char *path, const char *token, char *text, size_t text_size);

#endif
