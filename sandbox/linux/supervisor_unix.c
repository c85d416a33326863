/*
 * Which unix sockets are ours? Those that were bound through us. A pathname one
 * is remembered by the inode its file has, held open so that the number cannot
 * pass to somebody else's; an abstract one by its name and the socket's cookie,
 * asked for again at each connect.
 *
 * Abstract names belong to the network namespace. Where that is the machine's an
 * abstract socket is bound under a name of ours: under its own it could pass for
 * the X server or the D-Bus of whoever connects there from outside.
 *
 * The caller may exchange the path between our bind and our look at it, so the
 * path is not believed: the kernel (sock_diag(7)) says which inode the socket is
 * bound to. It says 32 bits of the number and the device of the super block,
 * which btrfs does not show in stat; there the time of birth decides.
 */
#include "sandbox/linux/supervisor_internal.h"

#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>

#define SOCKETS_MAX      1024
#define ATTRIBUTE_HEADER sizeof(struct nlattr) /* NLA_HDRLEN, which is an int */

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif

struct bound_socket {
    uint32_t socket; /* inode number of the socket itself */
    uint32_t cookie[2];
    int pin; /* pathname: its file, O_PATH; abstract: -1 */
    dev_t device;
    ino_t inode;
    struct abstract_name name;
    struct abstract_name asked; /* what the caller said instead */
};

struct bound_sockets {
    int diag;
    uint32_t made; /* names of ours */
    uint64_t nonce;
    unsigned count;
    struct bound_socket rows[SOCKETS_MAX];
};

/* What the kernel says about one socket. */
struct diag_answer {
    bool has_file;
    uint32_t file_inode;
    uint32_t file_device;
    struct abstract_name name;
};

struct diag_request {
    struct nlmsghdr header;
    struct unix_diag_req body;
};

static void read_attribute(const struct nlattr *attribute, struct diag_answer *answer)
{
    const void *data = (const char *)attribute + ATTRIBUTE_HEADER;
    size_t size = attribute->nla_len - ATTRIBUTE_HEADER;
    struct unix_diag_vfs file;

    if (attribute->nla_type == UNIX_DIAG_NAME && size <= sizeof answer->name.bytes) {
        memcpy(answer->name.bytes, data, size);
        answer->name.size = size;
    }
    if (attribute->nla_type == UNIX_DIAG_VFS && size >= sizeof file) {
        memcpy(&file, data, sizeof file);
        answer->has_file = true;
        answer->file_inode = file.udiag_vfs_ino;
        answer->file_device = file.udiag_vfs_dev;
    }
}

static bool read_answer(const char *bytes, size_t size, uint32_t socket, struct diag_answer *answer)
{
    struct nlmsghdr header;
    struct unix_diag_msg message;
    size_t at = NLMSG_LENGTH(sizeof message);

    if (size < at)
        return false;
    memcpy(&header, bytes, sizeof header);
    memcpy(&message, bytes + NLMSG_HDRLEN, sizeof message);
    if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY || header.nlmsg_len > size ||
        message.udiag_ino != socket)
        return false;
    memset(answer, 0, sizeof *answer);
    while (at + sizeof(struct nlattr) <= header.nlmsg_len) {
        struct nlattr attribute;

        memcpy(&attribute, bytes + at, sizeof attribute);
        if (attribute.nla_len < ATTRIBUTE_HEADER || at + attribute.nla_len > header.nlmsg_len)
            return false;
        read_attribute((const struct nlattr *)(const void *)(bytes + at), answer);
        at += ((size_t)attribute.nla_len + 3) & ~(size_t)3; /* NLA_ALIGN */
    }
    return true;
}

/* False: there is no such socket any more, or it cannot be told. */
static bool ask(int diag, uint32_t socket, const uint32_t cookie[2], struct diag_answer *answer)
{
    struct diag_request request = {
        .header = {.nlmsg_len = sizeof request,
                   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                   .nlmsg_flags = NLM_F_REQUEST},
        .body = {.sdiag_family = AF_UNIX,
                 .udiag_states = ~0u,
                 .udiag_ino = socket,
                 .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_VFS,
                 .udiag_cookie = {cookie[0], cookie[1]}},
    };
    _Alignas(struct nlmsghdr) char reply[2048];
    long size = sys_call(SYS_sendto, diag, SYS_PTR(&request), sizeof request, 0, 0, 0);

    if (size < 0)
        return false;
    /* The kernel answers before sendto returns. */
    size = sys_call(SYS_recvfrom, diag, SYS_PTR(reply), sizeof reply, MSG_DONTWAIT, 0, 0);
    return size > 0 && read_answer(reply, (size_t)size, socket, answer);
}

/* Each socket that is remembered holds a descriptor. Nobody inside inherits this limit. */
static void raise_descriptor_limit(void)
{
    uint64_t limit[2] = {0, 0}; /* soft, hard */

    if (sys_call(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, SYS_PTR(limit), 0, 0) < 0)
        return;
    limit[0] = limit[1];
    (void)sys_call(SYS_prlimit64, 0, RLIMIT_NOFILE, SYS_PTR(limit), 0, 0, 0);
}

static struct bound_sockets *table(struct supervisor *supervisor)
{
    struct bound_sockets *bound;
    long diag;

    if (supervisor->bound != NULL)
        return supervisor->bound;
    diag = sys_call(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG, 0, 0, 0);
    if (diag < 0)
        return NULL;
    bound = supervisor_map(supervisor, sizeof *bound);
    if (bound == NULL) {
        (void)sys_close((int)diag);
        return NULL;
    }
    if (sys_call(SYS_getrandom, SYS_PTR(&bound->nonce), sizeof bound->nonce, 0, 0, 0, 0) !=
        sizeof bound->nonce) {
        (void)sys_close((int)diag);
        return NULL; /* the memory stays: this does not happen twice */
    }
    raise_descriptor_limit();
    supervisor->bound = bound;
    supervisor->bound->diag = (int)diag;
    return supervisor->bound;
}

static bool is_alive(const struct bound_sockets *bound, const struct bound_socket *row)
{
    struct diag_answer answer;

    return ask(bound->diag, row->socket, row->cookie, &answer);
}

static void drop_dead(struct bound_sockets *bound)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < bound->count; i++) {
        if (is_alive(bound, &bound->rows[i]))
            bound->rows[kept++] = bound->rows[i];
        else if (bound->rows[i].pin >= 0)
            (void)sys_close(bound->rows[i].pin);
    }
    bound->count = kept;
}

bool unix_has_room(struct request *request)
{
    struct bound_sockets *bound = table(request->supervisor);

    if (bound == NULL)
        return false;
    if (bound->count == SOCKETS_MAX)
        drop_dead(bound);
    return bound->count < SOCKETS_MAX;
}

void unix_note_time(struct request *request)
{
    (void)sys_call(SYS_clock_gettime, CLOCK_REALTIME_COARSE, SYS_PTR(&request->bind_time), 0, 0, 0,
                   0);
}

/* statx(2)'s struct, of which musl and older glibc have no declaration: only the time of birth. */
struct birth {
    uint32_t mask;
    unsigned char before[0x50 - 4];
    int64_t seconds;
    uint32_t nanoseconds;
    unsigned char after[256 - 0x50 - 12];
};
_Static_assert(sizeof(struct birth) == 256 && offsetof(struct birth, seconds) == 0x50,
               "stx_btime, linux/stat.h");

#define STATX_BIRTH 0x800u /* STATX_BTIME */

static bool is_born_since(int file, const struct timespec *since)
{
    struct birth birth;

    memset(&birth, 0, sizeof birth);
    if (sys_call(SYS_statx, file, SYS_PTR(""), AT_EMPTY_PATH, STATX_BIRTH, SYS_PTR(&birth), 0) < 0)
        return false;
    if ((birth.mask & STATX_BIRTH) == 0)
        return false;
    return birth.seconds > since->tv_sec ||
           (birth.seconds == since->tv_sec && (long)birth.nanoseconds >= since->tv_nsec);
}

/* Is this file the one the socket was bound to? */
static bool is_same_file(int file, const struct stat *status, const struct diag_answer *answer,
                         const struct timespec *bind_time)
{
    uint32_t device = (uint32_t)(major(status->st_dev) << 20 | minor(status->st_dev));

    if (!S_ISSOCK(status->st_mode) || !answer->has_file ||
        (uint32_t)status->st_ino != answer->file_inode)
        return false;
    return device == answer->file_device || is_born_since(file, bind_time);
}

static bool pin_file(struct request *request, char *path, int base,
                     const struct diag_answer *answer, struct bound_socket *row)
{
    long file = resolve_object(request, base, path);
    struct stat status;

    if (file < 0 || sys_fstat((int)file, &status) < 0 ||
        !is_same_file((int)file, &status, answer, &request->bind_time))
        return false;
    row->device = status.st_dev;
    row->inode = status.st_ino;
    row->pin = (int)sys_fcntl((int)file, F_DUPFD_CLOEXEC, 0);
    return row->pin >= 0;
}

void unix_remember(struct request *request, int fd, char *path, int base,
                   const struct abstract_name *asked)
{
    struct bound_sockets *bound = table(request->supervisor);
    struct bound_socket row = {.pin = -1};
    struct diag_answer answer;
    uint32_t size = sizeof row.cookie;
    struct stat status;

    if (bound == NULL || bound->count == SOCKETS_MAX || sys_fstat(fd, &status) < 0 ||
        sys_call(SYS_getsockopt, fd, SOL_SOCKET, SO_COOKIE, SYS_PTR(row.cookie), SYS_PTR(&size),
                 0) < 0)
        return;
    row.socket = (uint32_t)status.st_ino;
    if (!ask(bound->diag, row.socket, row.cookie, &answer))
        return;
    if (path == NULL) {
        row.name = answer.name;
        row.asked = *asked;
    } else if (!pin_file(request, path, base, &answer, &row)) {
        return;
    }
    bound->rows[bound->count++] = row;
}

bool unix_is_inside(const struct request *request, int object)
{
    const struct bound_sockets *bound = request->supervisor->bound;
    struct stat status;

    if (bound == NULL || sys_fstat(object, &status) < 0)
        return false;
    for (unsigned i = 0; i < bound->count; i++) {
        const struct bound_socket *row = &bound->rows[i];

        if (row->pin >= 0 && row->device == status.st_dev && row->inode == status.st_ino)
            return true;
    }
    return false;
}

static bool is_same_name(const struct abstract_name *left, const struct abstract_name *right)
{
    return left->size > 0 && left->size == right->size &&
           memcmp(left->bytes, right->bytes, left->size) == 0;
}

bool unix_reveal(const struct request *request, const struct abstract_name *asked,
                 struct abstract_name *real)
{
    const struct bound_sockets *bound = request->supervisor->bound;

    for (unsigned i = 0; bound != NULL && i < bound->count; i++) {
        const struct bound_socket *row = &bound->rows[i];

        /* the real one, too: getsockname(2) shows it */
        if (row->pin >= 0 ||
            !(is_same_name(&row->asked, asked) || is_same_name(&row->name, asked)) ||
            !is_alive(bound, row))
            continue;
        *real = row->name;
        return true;
    }
    return false;
}

static void add_hex(struct abstract_name *name, uint64_t value, unsigned digits)
{
    while (digits-- > 0)
        name->bytes[name->size++] = "0123456789abcdef"[value >> 4 * digits & 15];
}

long unix_disguise(struct request *request, const struct abstract_name *asked,
                   struct abstract_name *real)
{
    static const char begin[] = "\0holdfast-";
    struct bound_sockets *bound = table(request->supervisor);

    if (bound == NULL)
        return -ENOMEM;
    if (!request->supervisor->config->hides_abstract) {
        *real = *asked;
        return 0;
    }
    if (unix_reveal(request, asked, real))
        return -EADDRINUSE;
    memcpy(real->bytes, begin, sizeof begin - 1);
    real->size = sizeof begin - 1;
    add_hex(real, bound->nonce, 16);
    add_hex(real, bound->made++, 8);
    return 0;
}
