#include "conformance/needs.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <netinet/in.h>
#include <unistd.h>

#include "base/auto.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#endif

enum {
    LANDLOCK_VERSION_FLAG = 1,
    WORD_MAX = 256
};

/* The PATH that cases get (run.c): what is elsewhere is not there for them. */
static const char *const tool_directories[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
                                               "/usr/bin",        "/sbin",          "/bin"};

int needs_landlock_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION_FLAG);

    return abi > 0 ? (int)abi : 0;
}

static bool has_landlock(void)
{
    return needs_landlock_abi() > 0;
}

static bool has_ipv6(void)
{
    struct sockaddr_in6 loopback = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    AUTO_CLOSE int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    return fd >= 0 && bind(fd, (struct sockaddr *)&loopback, sizeof loopback) == 0;
}

static bool has_keyring(void)
{
    enum {
        GET_KEYRING_ID = 0,
        SESSION_KEYRING = -3
    };

    return syscall(SYS_keyctl, GET_KEYRING_ID, SESSION_KEYRING, 0) >= 0 || errno != ENOSYS;
}

static bool has_mqueue(void)
{
    return access("/proc/sys/fs/mqueue", F_OK) == 0;
}

static bool has_pty(void)
{
    AUTO_CLOSE int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

    return fd >= 0;
}

/* An ordinary user's, in a child that gives up root: AppArmor or a sysctl may refuse only them. */
static bool has_userns(void)
{
    static int answer = -1;
    pid_t child;
    int status = 0;

    if (answer >= 0)
        return answer == 1;
    child = fork();
    if (child == 0) {
        if (geteuid() == 0 && setresuid(61999, 61999, 61999) < 0)
            _exit(1);
        _exit(unshare(CLONE_NEWUSER) == 0 ? 0 : 1);
    }
    answer = child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
                     WEXITSTATUS(status) == 0
                 ? 1
                 : 0;
    return answer == 1;
}

/* User attributes where scenes are planted. */
static bool has_xattr(void)
{
    const char *parent = getenv("HOLDFAST_FIXTURES");
    char path[4096];
    bool is_there;
    int fd;

    (void)snprintf(path, sizeof path, "%s/holdfast-xattr-XXXXXX",
                   parent != NULL && parent[0] != '\0' ? parent : "/var/tmp");
    fd = mkstemp(path);
    if (fd < 0)
        return false;
    is_there = fsetxattr(fd, "user.holdfast", "1", 1, 0) == 0;
    (void)close(fd);
    (void)unlink(path);
    return is_there;
}

/* A 32-bit program can only be tried where its kernel entry exists. */
static bool has_i386(void)
{
    AUTO_FILE FILE *config = fopen("/proc/sys/abi/vsyscall32", "re");

    return config != NULL;
}

static const struct feature {
    const char *name;
    bool (*is_there)(void);
    const char *reason;
} features[] = {
    {"userns", has_userns, "an ordinary user cannot make user namespaces here"},
    {"ipv6", has_ipv6, "no IPv6 loopback address here"},
    {"xattr", has_xattr, "no user attributes on this file system"},
    {"landlock", has_landlock, "this kernel has no Landlock"},
    {"keyring", has_keyring, "this kernel has no keyrings"},
    {"mqueue", has_mqueue, "this kernel has no POSIX message queues"},
    {"i386", has_i386, "this kernel runs no 32-bit programs"},
    {"pty", has_pty, "no pseudo-terminals here"},
};

static bool has_tool(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(tool_directories); i++) {
        char path[512];

        (void)snprintf(path, sizeof path, "%s/%s", tool_directories[i], name);
        if (access(path, X_OK) == 0)
            return true;
    }
    return false;
}

static bool has_kernel(const char *version)
{
    struct utsname name;
    int want[2] = {0, 0};
    int have[2] = {0, 0};

    (void)sscanf(version, "%d.%d", &want[0], &want[1]);
    if (uname(&name) < 0 || sscanf(name.release, "%d.%d", &have[0], &have[1]) != 2)
        return false;
    return have[0] > want[0] || (have[0] == want[0] && have[1] >= want[1]);
}

static bool has_prefix(const char *word, const char *prefix, const char **rest)
{
    if (strncmp(word, prefix, strlen(prefix)) != 0)
        return false;
    *rest = word + strlen(prefix);
    return **rest != '\0';
}

static bool is_word_known(const char *word)
{
    const char *rest;

    for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
        if (strcmp(features[i].name, word) == 0)
            return true;
    }
    return strcmp(word, "root") == 0 || strcmp(word, "user") == 0 ||
           has_prefix(word, "tool:", &rest) || has_prefix(word, "file:", &rest) ||
           has_prefix(word, "kernel:", &rest);
}

static bool is_word_met(const char *word, enum identity_kind identity, char *reason,
                        size_t reason_size)
{
    const char *rest;

    reason[0] = '\0';
    if (strcmp(word, "root") == 0 && identity != IDENTITY_ROOT)
        (void)snprintf(reason, reason_size, "proves something for root only");
    else if (strcmp(word, "user") == 0 && identity != IDENTITY_USER)
        (void)snprintf(reason, reason_size, "proves something for an ordinary user only");
    else if (has_prefix(word, "tool:", &rest) && !has_tool(rest))
        (void)snprintf(reason, reason_size, "%s is not installed", rest);
    else if (has_prefix(word, "file:", &rest) && access(rest, F_OK) < 0)
        (void)snprintf(reason, reason_size, "%s does not exist", rest);
    else if (has_prefix(word, "kernel:", &rest) && !has_kernel(rest))
        (void)snprintf(reason, reason_size, "this kernel is older than %s", rest);
    for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
        if (strcmp(features[i].name, word) == 0 && !features[i].is_there())
            (void)snprintf(reason, reason_size, "%s", features[i].reason);
    }
    if (!is_word_known(word))
        (void)snprintf(reason, reason_size, "needs \"%s\", which nobody knows", word);
    return reason[0] == '\0';
}

/* The next word of a list; NULL at the end. */
static const char *next_word(const char *list, char word[WORD_MAX])
{
    size_t length;

    list += strspn(list, ", ");
    length = strcspn(list, ",");
    if (length == 0)
        return NULL;
    (void)snprintf(word, WORD_MAX, "%.*s", (int)(length < WORD_MAX ? length : WORD_MAX - 1), list);
    for (size_t end = strlen(word); end > 0 && word[end - 1] == ' '; end--)
        word[end - 1] = '\0';
    return list + length;
}

bool needs_are_met(const char *needs, enum identity_kind identity, char *reason, size_t reason_size)
{
    char word[WORD_MAX];

    while (needs != NULL && (needs = next_word(needs, word)) != NULL) {
        if (!is_word_met(word, identity, reason, reason_size))
            return false;
    }
    return true;
}

bool needs_are_known(const char *needs)
{
    char word[WORD_MAX];

    while (needs != NULL && (needs = next_word(needs, word)) != NULL) {
        if (!is_word_known(word))
            return false;
    }
    return true;
}
