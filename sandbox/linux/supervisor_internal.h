/*
 * What the supervisor's files share. Only supervisor*.c and their tests include
 * this; everybody else uses supervisor.h.
 *
 *     supervisor.c           loop: wait, receive, dispatch, reply, reap
 *     supervisor_worker.c    threads for calls that may block
 *     supervisor_request.c   one notification: memory, descriptors, validity
 *     supervisor_umask.c     the caller's umask
 *     supervisor_resolve.c   path -> (directory descriptor, last component)
 *     supervisor_proc.c      what /proc/self and /proc/PID mean for the caller
 *     supervisor_guard.c     is this entry protected?   supervisor_name.c  pure comparison
 *     supervisor_create.c    mkdir, mknod, symlink, link, rename
 *     supervisor_fork.c      a limit of processes
 *     supervisor_git.c       what commits need in a read-only git directory
 *     supervisor_open.c      open with O_CREAT             supervisor_terminal.c  /dev/tty
 *     supervisor_socket.c    bind, connect               supervisor_unix.c  who bound what
 *
 * Everywhere: long results are >= 0 or -errno.
 */
#ifndef HOLDFAST_SANDBOX_LINUX_SUPERVISOR_INTERNAL_H
#define HOLDFAST_SANDBOX_LINUX_SUPERVISOR_INTERNAL_H

#include <limits.h>
#include <linux/seccomp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "sandbox/linux/supervisor.h"
#include "sandbox/linux/supervisor_sys.h"

/* A link's target in front of the rest of a path: twice the longest path the kernel takes. */
#define PATH_ROOM (2 * PATH_MAX)

/* As the kernel: a path that follows more symbolic links than this is a loop. */
#define LINKS_MAX 40

#define PROC_MAGIC 0x9fa0

struct bound_sockets; /* supervisor_unix.c */

#define UMASK_ROWS 16

/* supervisor_umask.c */
struct umask_memory {
    bool has_changed; /* somebody inside has called umask(2) */
    bool is_off;      /* nothing can be remembered */
    pid_t setter;     /* its umask(2) may not have happened yet; 0: nobody's */
    mode_t setting;
    struct umask_row {
        uint64_t thread; /* 0: empty */
        mode_t mask;
    } rows[UMASK_ROWS];
};

struct supervisor {
    const struct supervisor_config *config;
    pid_t self; /* our thread group, in our own pid namespace */
    int proc;   /* O_PATH, /proc; -1 until the first notification */
    int slash;  /* O_PATH, / */
    dev_t proc_device;
    dev_t plain_device;       /* the last one seen not to be proc; 0: none */
    unsigned long forks_left; /* so many more are allowed before processes are counted again */
    struct umask_memory umasks;
    mode_t own_umask;            /* what ours is at the moment */
    struct bound_sockets *bound; /* NULL until the first bind(2) */
    struct request *slots[64];   /* made when needed, never given back */
    struct request *current;     /* the slot the loop itself uses */
};

/* Zeroed memory, for as long as the process lives. NULL: none left. supervisor_worker.c */
void *supervisor_map(struct supervisor *supervisor, size_t size);

enum request_reply {
    REPLY_RESULT,   /* send the handler's result */
    REPLY_CONTINUE, /* let the call happen: only where memory plays no part */
    REPLY_SENT,     /* the handler has answered */
    REPLY_LATER,    /* a worker has taken the request over */
};

enum slot_state {
    SLOT_FREE,    /* nobody's; its thread, if it has one, sleeps */
    SLOT_LOOP,    /* the loop fills it */
    SLOT_RUNNING, /* its thread works on it */
};

/* A directory and a name in it. `name` lives in one of the request's paths. */
struct place {
    int directory;    /* owned by the request */
    const char *name; /* with any trailing slashes, which have a meaning */
    size_t length;    /* without them */
};

/* Which arguments of a call mean what; -1: it has none of the kind. */
struct call_shape {
    int number;
    long (*answer)(struct request *request, const struct call_shape *shape);
    int directory; /* where the new entry is made */
    int path;
    int from_directory; /* link, rename: the old entry */
    int from_path;      /* symlink: the text */
    int flags;
    int mode;
};

struct request {
    struct supervisor *supervisor;
    union {
        struct seccomp_notif notification;
        unsigned char room[512]; /* a newer kernel may write more */
    };
    enum request_reply reply;
    int owned[2 * LINKS_MAX]; /* descriptors closed when the request is done */
    unsigned owned_count;
    char path[2][PATH_ROOM];
    char rest[PATH_ROOM]; /* of a slow walk */
    char text[PATH_ROOM]; /* link targets, status files */

    const char *refused; /* static: what kind of thing was refused; NULL: nothing */
    char refused_object[240];
    size_t
        git_hash_size; /* supervisor_git.c: of the last place entered, at its top; 0: not there */

    /* supervisor_worker.c */
    long (*job)(struct request *request); /* what the thread does; its result is sent */
    struct place job_place;
    struct open_how job_how;
    int job_fd;
    unsigned char job_address[136];
    unsigned job_address_size;
    struct timespec bind_time;
    _Atomic int state;  /* enum slot_state; a futex */
    _Atomic int thread; /* its id, 0: none yet */
    atomic_bool is_cancelled;
};

/* supervisor_request.c */
static inline pid_t request_thread(const struct request *request)
{
    return (pid_t)request->notification.pid;
}

static inline uint64_t request_argument(const struct request *request, int index)
{
    return request->notification.data.args[index];
}

/* False: the caller has died and its id may be somebody else's. Everything learned about the caller
 * through its id before a true answer is about the caller. Must be asked before any effect. */
bool request_is_valid(const struct request *request);
/* Exactly size bytes of the caller's memory, or -EFAULT, -EPERM. */
long request_read(const struct request *request, uint64_t address, void *bytes, size_t size);
/* A path into request->path[index]: its length; -ENOENT for the empty one; -ENAMETOOLONG. */
long request_read_path(struct request *request, uint64_t address, int index);
/* Closes fd when the request is done. Hands fd back; negative values pass through. */
long request_own(struct request *request, long fd);
void request_close_owned(struct request *request);
/* Where a path starts that was given with this directory argument. O_PATH, owned. */
long request_base(struct request *request, int directory, const char *path);
/* What the caller's descriptor refers to. O_PATH, owned. */
long request_open_fd(struct request *request, int fd);
/* The caller's descriptor itself, shared with it. Owned. */
long request_take_fd(struct request *request, int fd);
/* A thread's /proc/ID/file in request->text: its length. */
long request_read_proc(struct request *request, pid_t thread, const char *file);
/* The number after "\nKey:" in a status file; base 8 or 10. */
long status_value(const char *text, const char *key, long base);
/* The caller's thread group. */
pid_t request_process(struct request *request);
/* Makes our umask the caller's. */
long request_use_umask(struct request *request);
/* prefix, number, suffix; the number may not be negative. */
#define PROC_NAME_ROOM 64
void format_path(char *out, const char *prefix, long number, const char *suffix);

/* supervisor_umask.c */
void umask_note_call(struct request *request); /* before it continues */
long umask_of_caller(struct request *request);

/* supervisor_resolve.c */
struct link_target {
    int object; /* >= 0: this is it. -1: go on with path */
    int base;   /* where path starts */
    char *path; /* PATH_ROOM bytes, the caller's */
};

/* Cuts `path`, opens its directory as the caller would, links included. place->name is in path. */
long resolve_parent(struct request *request, int base, char *path, struct place *place);
/* Where the link at `place` leads. -EAGAIN: it is not a link any more. */
long resolve_link(struct request *request, const struct place *place, struct link_target *to);
/* The object a path leads to (O_PATH, owned), every link followed. */
long resolve_object(struct request *request, int base, char *path);

/* supervisor_proc.c */
bool proc_is(int fd); /* on a proc file system; true also when it cannot be told */
/* The same, faster for the device of the last file that was not. */
bool proc_is_device(struct supervisor *supervisor, int fd, dev_t device);
/* Follows `name`, a symbolic link in `directory` on proc, as the caller would. Either sets *object
 * (-1 before) to an O_PATH descriptor, which the caller closes, or puts the text to go on with into
 * `text` and returns its length. */
long proc_follow(struct request *request, int directory, const char *name, char *text,
                 long *object);
/* May the caller open this entry, not a link, in a directory on proc? 0 or -errno. */
long proc_check(struct request *request, const struct place *place);
/* Around what is done in proc with the caller's rights: CAP_SYS_PTRACE is not one of them. */
long proc_drop_privilege(void); /* not 0: go no further */
void proc_take_privilege(void);
/* Of a directory on proc: the process it is about, 0 for none. */
pid_t proc_owner(struct request *request, int directory);

/* supervisor_name.c */
/* Is `name` the same as `wanted` (ASCII, lower case) on any file system we know? */
bool name_is_same(const char *name, size_t length, const char *wanted, size_t wanted_length);

/* supervisor_guard.c */
enum guard_use {
    GUARD_MAKE,      /* any new entry but a directory */
    GUARD_DIRECTORY, /* mkdir */
    GUARD_REPLACE,   /* an entry is moved here or from here */
};
/* 0, or -EROFS for a protected entry. */
long guard_check(struct request *request, const struct place *place, enum guard_use use);
/* guard_check, but -EEXIST for an entry that exists, as a read-only mount would have it. */
long guard_check_new(struct request *request, const struct place *place, enum guard_use use);
/* The last component of a path, whatever its directory: for calls that resolve it themselves. */
bool guard_matches_text(const struct supervisor_config *config, const char *path);

/* The path of a descriptor as we see it, into PATH_MAX bytes: its length. */
long guard_path(const struct request *request, int fd, char *path);
/* What follows the root's path in `path`: "" or "/a/b"; NULL if it is not below. */
const char *guard_below(const char *root, const char *path);

/* supervisor_git.c */
enum git_use {
    GIT_USE_FILE, /* open, mknod, a new link's name */
    GIT_USE_MKDIR,
    GIT_USE_UNLINK,
    GIT_USE_RMDIR,
    GIT_USE_FROM, /* moved away, or linked: must be a regular file */
    GIT_USE_TO,   /* moved here */
};
/* Does a commit do this to the entry at `inside` ("", "refs/heads") of a git directory? Pure. */
bool git_allows(const char *inside, const char *name, size_t length, enum git_use use);
/* In a directory that is shared only: what belongs to no work tree. */
bool git_allows_shared(const char *inside, const char *name, size_t length);
/* If so there: place->directory becomes the writable one (true). Otherwise nothing changes, and the
 * read-only mount will answer. */
bool git_enter(struct request *request, struct place *place, enum git_use use);
/* After both places were entered: renames. HEAD and index are looked at, and made anew of what was
 * seen: the caller may have the old file open. */
long git_rename(struct request *request, const struct place *old, const struct place *new,
                unsigned flags);

/* supervisor_open.c: `theirs` is what the caller asked for. */
struct open_how open_our_way_existing(const struct open_how *theirs);
/* An object we hold, opened again through our own descriptor. Not owned. */
long open_again(struct request *request, int object, const struct open_how *how);
/* Gives an opened file to the caller with the flags it asked for. mode: the file's. */
long open_deliver(struct request *request, int fd, const struct open_how *theirs, mode_t mode);

/* supervisor_terminal.c: /dev/tty is another terminal for each session. */
#define TERMINAL_DEVICE ((dev_t)0x500) /* 5:0, TTYAUX_MAJOR */
bool terminal_is_at(const struct place *place);
long terminal_open(struct request *request, const struct open_how *theirs);

/* supervisor_create.c, supervisor_open.c, supervisor_socket.c */
extern const struct call_shape create_shapes[];
extern const size_t create_shape_count;
extern const struct call_shape open_shapes[];
extern const size_t open_shape_count;
extern const struct call_shape fork_shapes[];
extern const size_t fork_shape_count;
extern const struct call_shape socket_shapes[];
extern const size_t socket_shape_count;

/* supervisor_unix.c */
struct abstract_name {
    size_t size; /* with the leading NUL; 0: none */
    char bytes[108];
};
/* The caller's socket fd has just been bound: remembers what it owns. `asked`: by what name the caller
 * calls an abstract one. */
void unix_remember(struct request *request, int fd, char *path, int base,
                   const struct abstract_name *asked);
/* Under what name an abstract socket is bound: 0 or -errno. */
long unix_disguise(struct request *request, const struct abstract_name *asked,
                   struct abstract_name *real);
/* Under what name a socket inside, called so by the caller, is bound; false: there is none. */
bool unix_reveal(const struct request *request, const struct abstract_name *asked,
                 struct abstract_name *real);
void unix_note_time(struct request *request); /* right before the bind */
bool unix_has_room(struct request *request);
bool unix_is_inside(const struct request *request, int object);

/* supervisor_worker.c */
struct request *worker_free_slot(struct supervisor *supervisor);
/* Lets a thread do job(request). The caller returns REPLY_LATER's result untouched. */
long worker_hand_over(struct request *request, long (*job)(struct request *request));
/* Looks after running workers: true while there are any. */
bool worker_tend(struct supervisor *supervisor);

/* supervisor.c */
void request_send(struct request *request, long result);
/* Remembers what a refusal is about, should it become one: `object`, or the entry at `place`. */
void request_note(struct request *request, const char *what, const char *object, size_t length);
void request_note_place(struct request *request, const char *what, const struct place *place);
long request_send_fd(struct request *request, int fd, uint64_t flags, bool is_executable);

#endif
