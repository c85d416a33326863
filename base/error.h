/*
 * What went wrong, as plain data: it can be copied, printed, and sent up a
 * pipe in one write by a child that is about to die (POSIX promises that
 * writes of up to 512 bytes are not torn).
 *
 * Convention (STYLE.md, section 3): a function that can fail takes `struct
 * error *err` last and returns -1 or NULL on failure. On success *err is
 * untouched. Every error_* function below returns -1, so that a failure is
 * one line: `return error_os(err, errno, "open %s", path);`
 */
#ifndef HOLDFAST_BASE_ERROR_H
#define HOLDFAST_BASE_ERROR_H

#include <stdio.h>

/* Stable: they appear in results and logs. Append only. */
enum error_code {
    ERR_NONE = 0,
    ERR_USAGE,       /* a command line that cannot be understood */
    ERR_INVALID,     /* an input with a wrong value: policy, adapter, result file */
    ERR_UNSUPPORTED, /* this machine lacks what was asked for */
    ERR_REFUSED,     /* possible, but it would weaken what was promised */
    ERR_OS,          /* a system call failed; os_code says how */
    ERR_MEMORY,      /* out of memory */
    ERR_CORRUPT,     /* stored data that contradicts itself or its checksum */
    ERR_TIMEOUT,     /* it took longer than it was given */
    ERR_INTERRUPTED, /* a person or a signal asked to stop */
    ERR_NOT_FOUND,   /* a named thing does not exist */
    ERR_PROTOCOL,    /* the other side of a pipe said something it may not say */
};

struct error {
    int code;          /* enum error_code */
    int os_code;       /* errno, or GetLastError(); 0 when no call failed */
    char message[360]; /* what was being done, to which object */
    char hint[116];    /* what the reader can do about it; may be empty */
};

_Static_assert(sizeof(struct error) <= 512, "an error must fit one atomic pipe write");

#if defined(__MINGW32__)
#define HOLDFAST_PRINTF(f, a) __attribute__((format(gnu_printf, f, a)))
#else
#define HOLDFAST_PRINTF(f, a) __attribute__((format(printf, f, a)))
#endif

/* Fills *err. Too long a message is cut, never a failure. */
int error_set(struct error *err, enum error_code code, const char *format, ...)
    HOLDFAST_PRINTF(3, 4);

/* As error_set with ERR_OS; appends the text of os_code: "open /x: Permission denied". */
int error_os(struct error *err, int os_code, const char *format, ...) HOLDFAST_PRINTF(3, 4);

/* Puts context in front of the message that is there: "step 3 of 9: open /x: ...". */
int error_wrap(struct error *err, const char *format, ...) HOLDFAST_PRINTF(2, 3);

/* Replaces the hint. */
int error_hint(struct error *err, const char *format, ...) HOLDFAST_PRINTF(2, 3);

/* Out of memory while doing `what`. */
int error_memory(struct error *err, const char *what);

/* "program: message\nprogram: hint: ...\n", with terminal control bytes made visible. */
void error_print(FILE *stream, const char *program, const struct error *err);

/* "unsupported", for results and logs. */
const char *error_code_name(enum error_code code);

#endif
