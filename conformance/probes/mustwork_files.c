/* Must-work rows: files, paths, temporary files, system files and devices. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/host.h"
#include "conformance/probes/net_tools.h"

#define SHELL(script)                 \
    (const char *const[])             \
    {                                 \
        "/bin/sh", "-c", script, NULL \
    }
#define WORKS .severity = SEVERITY_HIGH

/* umlaut, blank, emoji */
#define ODD_NAME             \
    "w\xc3\xb6rk sp\xc3\xa4" \
    "ce \xf0\x9f\x8e\x89"

static bool has_text(const char *directory, const char *name, const char *text)
{
    char bytes[256] = "";
    AUTO_CLOSE int fd =
        open(path_in(directory, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    return fd >= 0 && read(fd, bytes, sizeof bytes - 1) >= 0 && strcmp(bytes, text) == 0;
}

/* A declared root with blanks and beyond ASCII in its name. */
static int plant_odd_root(struct scene *scene, struct error *err)
{
    char path[1024];

    (void)snprintf(path, sizeof path, "%s/" ODD_NAME, scene->root);
    if (host_make_directory(scene, path, 0755, err) < 0)
        return -1;
    scene->writable[0] = strdup(path);
    return scene->writable[0] == NULL ? error_memory(err, "name of a root") : 0;
}

static int look_into_odd_root(const struct scene *scene, struct observation *seen,
                              struct error *err)
{
    char directory[1024];

    (void)err;
    (void)snprintf(directory, sizeof directory, "%s/" ODD_NAME, scene->root);
    if (has_text(directory, "na\xc3\xafve", "text\n"))
        observation_fire(seen, "the file is there");
    return 0;
}

/* create, append, atomic replace, mmap, sparse, xattr, chmod +x, lock: each must work. */
static int map_and_change(const char *path)
{
    AUTO_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC);
    char *memory =
        fd < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (memory == MAP_FAILED)
        return errno;
    memory[0] = 'M';
    return outcome_of(msync(memory, 4096, MS_SYNC)) != 0 ? errno : outcome_of(munmap(memory, 4096));
}

static int lock_twice(const char *path)
{
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    AUTO_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC);

    if (fd < 0 || fcntl(fd, F_SETLK, &all) < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
        return errno;
    return 0;
}

static int file_crud(const struct attempt *a)
{
    const char *path = path_in(a->ws, "crud"), *other = path_in(a->ws, "crud.new");
    const int outcomes[] = {
        try_create(path, "create "),
        try_append(path, "append"),
        try_create(other, "replaced"),
        outcome_of(rename(other, path)),
        outcome_of(truncate(path, 1 << 20)),
        map_and_change(path),
        outcome_of(chmod(path, 0755)),
        lock_twice(path),
        /* a file system without user attributes is no over-blocking */
        setxattr(path, "user.test", "1", 1, 0) < 0 && errno != ENOTSUP ? errno : 0,
    };

    for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++) {
        if (outcomes[i] != 0) {
            (void)printf("step %zu: %s\n", i + 1, strerror(outcomes[i]));
            return outcomes[i];
        }
    }
    return 0;
}

static int look_at_crud(const struct scene *scene, struct observation *seen, struct error *err)
{
    char path[1024];
    struct stat status;

    (void)err;
    (void)snprintf(path, sizeof path, "%s/crud", scene->ws);
    if (lstat(path, &status) == 0 && status.st_size == 1 << 20 && (status.st_mode & 0777) == 0755 &&
        has_text(scene->ws, "crud", "Meplaced"))
        observation_fire(seen, "the file is as it should be");
    return 0;
}

/* Sockets of one's own ------------------------------------------------------------------------ */

static int talk(int from, int to)
{
    char byte = 0;

    if (send(from, "x", 1, MSG_NOSIGNAL) != 1 || recv(to, &byte, 1, 0) != 1)
        return errno != 0 ? errno : EIO;
    return byte == 'x' ? 0 : EIO;
}

static int talk_over_pair(void)
{
    int ends[2];
    int outcome;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return errno;
    outcome = talk(ends[0], ends[1]);
    (void)close(ends[0]);
    (void)close(ends[1]);
    return outcome;
}

static int talk_over_listener(int family, const void *address, socklen_t size)
{
    struct sockaddr_storage at = {0};
    socklen_t at_size = sizeof at;
    AUTO_CLOSE int listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    AUTO_CLOSE int client = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (listener < 0 || client < 0 || bind(listener, address, size) < 0 ||
        listen(listener, 4) < 0 || getsockname(listener, (struct sockaddr *)&at, &at_size) < 0 ||
        connect(client, (const struct sockaddr *)&at, at_size) < 0)
        return errno;
    AUTO_CLOSE int served = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    return served < 0 ? errno : talk(client, served);
}

static int sockpair_unix_inside(const struct attempt *a)
{
    struct sockaddr_un at;
    const socklen_t size = unix_path(&at, path_in(a->ws, "own.sock"));
    int outcome = talk_over_pair();

    if (outcome != 0) {
        (void)printf("socketpair: %s\n", strerror(outcome));
        return outcome;
    }
    outcome = talk_over_listener(AF_UNIX, &at, size);
    (void)printf("unix listener in the workspace: %s\n", strerror(outcome));
    return outcome;
}

static int loopback_inside(const struct attempt *a)
{
    const struct sockaddr_in at = loopback4(0);

    (void)a;
    return talk_over_listener(AF_INET, &at, sizeof at);
}

static const struct probe rows[] = {
    {
        .id = "mw.unicode-paths",
        .claim = "paths with blanks, beyond ASCII and with long names work",
        .technique = "a declared root named in umlauts and emoji; a name of 250 bytes",
        .source = "path_resolution(7); openai/codex argv tests",
        WORKS,
        .platforms = PLATFORM_ALL,
        .prepare = plant_odd_root,
        .observe = look_into_odd_root,
        .command = SHELL("cd '{extra}/../" ODD_NAME "' && echo text >na\xc3\xafve && "
                         "long=$(printf %0250d 0) && echo long >$long && cat na\xc3\xafve $long"),
        .want_output = "text\nlong\n",
    },
    {
        .id = "mw.cwd",
        .claim = "the command starts in the workspace and can move below it",
        .technique = "pwd in the workspace, in a new directory and through a link to it",
        .source = "getcwd(3); openai/codex bwrap.rs tests",
        WORKS,
        .platforms = PLATFORM_ALL,
        .command = SHELL("test \"$(pwd -P)\" = '{ws}' && mkdir sub && ln -s sub link && cd link && "
                         "test \"$(pwd -P)\" = '{ws}/sub' && echo here"),
        .want_output = "here",
    },
    {
        .id = "mw.temp-file",
        .claim = "temporary files can be made",
        .technique = "mktemp of a file and a directory",
        .source = "mkstemp(3), hier(7); openai/codex#9292",
        WORKS,
        .platforms = PLATFORM_ALL,
        .command = SHELL("f=$(mktemp) && d=$(mktemp -d) && echo text >\"$f\" && mv \"$f\" "
                         "\"$d/f\" && cat \"$d/f\" && rm -r \"$d\""),
        .want_output = "text",
    },
    {
        .id = "mw.file-crud",
        .claim = "files of the workspace can be made, changed, replaced, mapped and locked",
        .technique = "create, append, rename over, truncate, mmap, chmod, fcntl lock and flock, "
                     "xattr; the harness looks at the file",
        .source = "open(2), mmap(2), fcntl(2); openai/codex#22044",
        WORKS,
        .platforms = PLATFORM_ALL,
        .attempt = file_crud,
        .observe = look_at_crud,
    },
    {
        .id = "mw.symlink-in-ws",
        .claim = "links within the workspace can be made and followed",
        .technique = "a symbolic and a hard link to a file, a link to a directory",
        .source = "symlink(7)",
        WORKS,
        .platforms = PLATFORM_ALL,
        .command = SHELL("mkdir d && echo text >d/f && ln -s d s && ln s/f hard && echo more >>s/f "
                         "&& cat hard"),
        .want_output = "text\nmore\n",
    },
    {
        .id = "mw.rename-dir",
        .claim = "directories can be moved with what is in them, and deep trees removed",
        .technique = "mv of a directory; rm -rf of a tree 60 levels deep",
        .source = "rename(2), rm(1)",
        WORKS,
        .platforms = PLATFORM_ALL,
        .command = SHELL("mkdir -p a/b && echo text >a/b/f && mv a c && cat c/b/f && "
                         "mkdir -p $(printf 'd/%.0s' $(seq 60)) && rm -rf d c && ! test -e d && "
                         "! test -e c"),
        .want_output = "text",
    },
    {
        .id = "mw.read-system",
        .claim = "programs, libraries and public settings can be read",
        .technique = "ls /usr/bin, /etc/passwd, /proc/self/status",
        .source = "hier(7)",
        WORKS,
        .platforms = PLATFORM_ALL,
        .command = SHELL("ls /usr/bin >/dev/null && grep -q '^root:' /etc/passwd && "
                         "grep -q '^Pid:' /proc/self/status && echo readable"),
        .want_output = "readable",
    },
    {
        .id = "mw.dev-nodes",
        .claim = "null, zero, full, random and urandom work",
        .technique = "write to null and full, read zero, random and urandom",
        .source = "null(4), full(4), random(4); codex Linux sandbox suite",
        WORKS,
        .platforms = PLATFORM_ALL,
        .command = SHELL("echo x >/dev/null && test \"$(head -c 9 /dev/zero | tr -d '\\0' | wc "
                         "-c)\" = 0 && test \"$(head -c 8 /dev/urandom | wc -c)\" = 8 && "
                         "test \"$(head -c 8 /dev/random | wc -c)\" = 8 && "
                         "! (echo x >/dev/full) 2>/dev/null && echo devices"),
        .want_output = "devices",
    },
    {
        .id = "mw.sockpair-unix-inside",
        .claim = "processes of the command can talk to each other over unix sockets",
        .technique =
            "socketpair with send(2); a listener and a client on a socket in the workspace",
        .source = "socketpair(2), unix(7); openai/codex#33793",
        WORKS,
        .platforms = PLATFORM_UNIX,
        .attempt = sockpair_unix_inside,
    },
    {
        .id = "mw.loopback-inside",
        .claim = "with network: loopback a server and a client of the command meet on 127.0.0.1",
        .technique = "bind, listen, connect, accept and one byte",
        .source = "ip(7); Kilo-Org/kilocode#11659",
        WORKS,
        .platforms = PLATFORM_ALL,
        .flags = CASE_LOOPBACK,
        .attempt = loopback_inside,
    },
};

PROBE_FAMILY(family_mustwork_files, rows);
