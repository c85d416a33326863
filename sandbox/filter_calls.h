/* Inside the filter only: what happens with a call, and the table of calls. */
#ifndef HOLDFAST_SANDBOX_FILTER_CALLS_H
#define HOLDFAST_SANDBOX_FILTER_CALLS_H

#include <stddef.h>
#include <stdint.h>

/* Where a call's path through the filter ends, or which check it meets first. */
enum filter_label {
    /* ends */
    LABEL_ALLOW,
    LABEL_EPERM,
    LABEL_EACCES,
    LABEL_ENOSYS,
    LABEL_NOTIFY,
    LABEL_KILL,
    LABEL_PRETEND, /* nothing is done, and 0 returned */
    /* checks of arguments; what they contain depends on the groups */
    LABEL_CHECK_CLONE,      /* flags in argument 0 */
    LABEL_CHECK_FORK,       /* the same, and makes a process */
    LABEL_CHECK_MODE_1,     /* mode in argument 1 */
    LABEL_CHECK_MODE_2,     /* mode in argument 2 */
    LABEL_CHECK_OPEN,       /* flags 1, mode 2 */
    LABEL_CHECK_OPENAT,     /* flags 2, mode 3 */
    LABEL_CHECK_CREAT,      /* mode 1, makes a name */
    LABEL_CHECK_MKNODAT,    /* mode 2, makes a name */
    LABEL_CHECK_IOCTL,      /* request in argument 1 */
    LABEL_CHECK_SOCKET,     /* family 0, type 1, protocol 2 */
    LABEL_CHECK_SOCKETPAIR, /* the same */
    LABEL_CHECK_SELF,       /* a process in argument 0: only oneself, as 0 */
    LABEL_CHECK_PRIORITY,   /* kind of target 0, target 1 */
    LABEL_CHECK_IOPRIO,     /* the same with other numbers */
    LABEL_CHECK_SETRLIMIT,  /* resource 0 */
    LABEL_CHECK_PRLIMIT,    /* process 0, resource 1, new values 2 */
    LABEL_NAMED_END,
    LABEL_NEXT = LABEL_NAMED_END, /* in a check: the test that follows */
};

enum {
    NO_CALL = -1
};

struct filter_call_row {
    const char *name;
    int16_t x86_64; /* NO_CALL: the architecture has none */
    int16_t aarch64;
    uint32_t groups; /* any of these */
    enum filter_label label;
};

extern const struct filter_call_row filter_calls[];
extern const size_t filter_call_count;

/* The newest call that was looked at when this table was made (Linux 6.18, file_setattr). */
enum {
    FILTER_NEWEST_CALL = 469
};

#endif
