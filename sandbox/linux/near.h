/*
 * Keeps launcher, init and command on one processor while they hand over to
 * each other. Starting a command wakes two or three processes one after the
 * other, each time one that sleeps where it last ran; waking another, idle
 * processor costs 20 to 40 us in a virtual machine, and its caches are cold.
 * Here a clone stays where its parent is, and a process that waits for a short
 * command is woken where that command ended.
 *
 * Nobody stays bound for long: the command gets its processors back before
 * anything else, launcher and init after NEAR_MS or when there is work to do.
 */
#ifndef HOLDFAST_SANDBOX_LINUX_NEAR_H
#define HOLDFAST_SANDBOX_LINUX_NEAR_H

#include <stdbool.h>

#include "base/error.h"

enum {
    NEAR_MS = 20
};

/* In the launcher, before its first clone; the others inherit it. Where it cannot be done, or there is
 * only one processor to run on, nothing changes. */
void near_begin(void);

/* Has it been done? The same answer in all that share the launcher's memory. */
bool near_is_on(void);

/* Gives the calling process, and nobody else, back what the launcher came with. Leaves errno alone. */
int near_end(struct error *err);

#endif
