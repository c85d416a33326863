/* Folders of the program's own that a stranger may have made first: C:\ProgramData lets everybody. */
#ifndef HOLDFAST_WINDOWS_PLACE_H
#define HOLDFAST_WINDOWS_PLACE_H

#include "sandbox/windows/win.h"

/* Makes the directory with this descriptor. One that is there must belong to administrators or the
 * system and be no link; it then gets the descriptor's DACL. ERR_REFUSED: it is somebody else's. */
int win_own_directory(const char *path, const char *sddl, struct error *err);

/* Removes what is below and the directory; links are removed, not followed. What cannot be removed
 * stays. -1: something stayed, err says what. */
int win_remove_tree(const char *path, struct error *err);

#endif
