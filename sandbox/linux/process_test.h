/* Of other processes, for tests: what proc(5) tells. */
#ifndef HOLDFAST_SANDBOX_LINUX_PROCESS_TEST_H
#define HOLDFAST_SANDBOX_LINUX_PROCESS_TEST_H

#include <stdio.h>

/* The only child of a process; 0: none. */
static inline long child_of(long pid)
{
    char path[64];
    long child = 0;
    FILE *file;

    (void)snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", pid, pid);
    file = fopen(path, "r");
    if (file == NULL || fscanf(file, "%ld", &child) != 1)
        child = 0;
    if (file != NULL)
        (void)fclose(file);
    return child;
}

#endif
