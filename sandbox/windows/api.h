/* What the two files of the library share: starting a launcher. */
#ifndef HOLDFAST_WINDOWS_API_H
#define HOLDFAST_WINDOWS_API_H

#include "sandbox/text_list.h"
#include "sandbox/windows/win.h"

/* What a launcher inherits; nothing else is. */
struct api_handles {
    HANDLE standard[3]; /* borrowed; copies go over; NULL: none */
    HANDLE extra;       /* can be inherited already, and keeps its number; NULL: none */
    DWORD flags;        /* CREATE_NEW_PROCESS_GROUP: the caller's keys are not its */
};

/* The caller closes *process. */
int api_start(const struct text_list *line, const struct api_handles *handles, HANDLE *process,
              struct error *err);

/* The handle behind a descriptor of the C run-time; -1: *handle is NULL. */
int api_handle(int descriptor, HANDLE *handle, struct error *err);

bool api_is_console(HANDLE handle);

#endif
