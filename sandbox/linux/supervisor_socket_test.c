/* Unix sockets: what was bound inside works, what the host bound is out of reach. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/os.h"
#include "base/test.h"
#include "sandbox/linux/supervisor_box_test.h"

#define RACE_NS UINT64_C(500000000)

/* A name that begins with '@' is abstract. */
static socklen_t address_of(const char *name, struct sockaddr_un *address)
{
    size_t length = strlen(name);

    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, name, length);
    if (name[0] == '@')
        address->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (name[0] != '@'));
}

static int listen_at(const char *name, int backlog)
{
    struct sockaddr_un address;
    socklen_t size = address_of(name, &address);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, backlog) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

/* 0 or errno. */
static int connect_to(const char *name, int flags)
{
    struct sockaddr_un address;
    socklen_t size = address_of(name, &address);
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

    return connect(fd, (struct sockaddr *)&address, size) == 0 ? 0 : errno;
}

static void sleep_ms(long ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    (void)nanosleep(&time, NULL);
}

/* A race is run for a while, and on a loaded machine until something has come of it. */
static bool goes_on(uint64_t start, bool is_enough)
{
    uint64_t elapsed = os_now_ns() - start;

    return elapsed < RACE_NS || (!is_enough && elapsed < 20 * RACE_NS);
}

static bool waits_for(_Atomic int *word)
{
    for (int i = 0; i < 10000 && atomic_load(word) == 0; i++)
        sleep_ms(1);
    return atomic_load(word) != 0;
}

/* ---- the host's side ------------------------------------------------------------------------- */

static char abstract_name[64];

/* Exchanges two names in the root for as long as the body wishes: what the host, or another sandbox
 * on the same workspace, can do between any two steps of a call that is being answered. */
static void exchange(struct box *box, const char *a, const char *b)
{
    char names[2][128];

    (void)snprintf(names[0], sizeof names[0], "%s/%s", box->root, a);
    (void)snprintf(names[1], sizeof names[1], "%s/%s", box->root, b);
    for (long i = 0; i < 200000000 && atomic_load(&box->shared->word[1]) == 0; i++)
        (void)renameat2(AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE);
}

/* Sockets as a host's services have them; counts who comes. */
static int serve_host(struct box *box)
{
    char names[3][128];
    int fds[3];
    int visitors = 0;

    (void)snprintf(names[0], sizeof names[0], "%s/host.sock", box->other);
    (void)snprintf(names[1], sizeof names[1], "%s/host.sock", box->root);
    (void)snprintf(names[2], sizeof names[2], "%s", abstract_name);
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        fds[i] = listen_at(names[i], 8);
        cr_assert(fds[i] >= 0 && connect_to(names[i], 0) == 0, "the control must reach %s",
                  names[i]);
        (void)close(accept(fds[i], NULL, NULL));
    }
    atomic_store(&box->shared->word[0], 1);
    exchange(box, "a", "b");
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        (void)fcntl(fds[i], F_SETFL, O_NONBLOCK);
        while (accept(fds[i], NULL, NULL) >= 0)
            visitors++;
        (void)close(fds[i]);
    }
    cr_assert_eq(visitors, 0, "the host's services had %d visitors", visitors);
    return 0;
}

static void run_test(int (*body)(struct box *box))
{
    struct box box;

    box_open(&box);
    box.guards_sockets = true;
    BOX_TEST(&box, body);
    box_close(&box);
}

static void run_host_test(int (*body)(struct box *box))
{
    struct box box;
    int status;

    box_open(&box);
    (void)snprintf(abstract_name, sizeof abstract_name, "@supervisor-test-%d", (int)getpid());
    box.guards_sockets = true;
    box.outside = serve_host;
    status = box_run(&box, body);
    cr_assert_eq(status, 0, "status %d: %s", status, box.shared->text);
    box_close(&box);
}

static int cannot_reach_host_(struct box *box)
{
    char outside[96];
    char name[128];
    int fd;

    (void)snprintf(outside, sizeof outside, "%s/host.sock", box->other);
    MUST(waits_for(&box->shared->word[0]));
    MUST(connect_to(outside, 0) == EACCES);
    MUST(connect_to(outside, SOCK_NONBLOCK) == EACCES);
    MUST(connect_to("host.sock", 0) == EACCES);
    MUST(connect_to(abstract_name, 0) == ECONNREFUSED);
    MUST(symlink(outside, "link") == 0 && connect_to("link", 0) == EACCES);
    MUST(link("host.sock", "hard") == 0 && connect_to("hard", 0) == EACCES);
    MUST(rename("host.sock", "moved") == 0 && connect_to("moved", 0) == EACCES);
    fd = open(outside, O_PATH | O_CLOEXEC);
    MUST(fd >= 0);
    (void)snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    MUST(connect_to(name, 0) == EACCES);
    (void)snprintf(name, sizeof name, "/proc/self/root%s", outside);
    MUST(connect_to(name, 0) == EACCES);
    (void)snprintf(name, sizeof name, "/proc/1/root%s", outside);
    MUST(connect_to(name, 0) == EACCES);
    /* a socket of ours whose place the host's then takes */
    fd = listen_at("ours", 4);
    MUST(fd >= 0 && connect_to("ours", 0) == 0);
    MUST(rename("moved", "ours") == 0 && connect_to("ours", 0) == EACCES);
    return 0;
}

static int cannot_reach_host(struct box *box)
{
    int result = cannot_reach_host_(box);

    atomic_store(&box->shared->word[1], 1);
    return result;
}

Test(supervisor_socket, keeps_the_hosts_services_out_of_reach)
{
    run_host_test(cannot_reach_host);
}

/* a is now a link to a socket of ours, now one to the host's. */
static int flips_to_host_(struct box *box)
{
    uint64_t start = os_now_ns();
    char outside[128];
    bool is_reached = false;
    bool is_refused = false;
    int fd = listen_at("ours", 64);

    (void)snprintf(outside, sizeof outside, "%s/host.sock", box->other);
    MUST(fd >= 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    MUST(symlink(outside, "a") == 0 && symlink("ours", "b") == 0);
    while (goes_on(start, is_reached && is_refused)) {
        int result = connect_to("a", SOCK_NONBLOCK);

        is_reached |= result == 0;
        is_refused |= result == EACCES;
        (void)close(accept(fd, NULL, NULL));
    }
    MUST(is_reached && is_refused);
    return 0;
}

static int flips_to_host(struct box *box)
{
    int result = waits_for(&box->shared->word[0]) ? flips_to_host_(box) : 1;

    atomic_store(&box->shared->word[1], 1);
    return result;
}

Test(supervisor_socket, outruns_links_that_flip_to_a_host_socket)
{
    run_host_test(flips_to_host);
}

/* a is now a directory of ours, now one where the host has a socket of the same name: what is
 * remembered of a bind must be what was bound. */
static int binds_while_flipping_(struct box *box)
{
    uint64_t start = os_now_ns();
    AUTO_CLOSE int ours = -1;
    int bound = 0;

    MUST(mkdir("ours", 0755) == 0 && (ours = open("ours", O_PATH | O_CLOEXEC)) >= 0);
    MUST(symlink(box->other, "b") == 0 && rename("ours", "a") == 0);
    while (goes_on(start, bound > 20)) {
        AUTO_CLOSE int fd = listen_at("a/host.sock", 4);

        bound += fd >= 0;
        for (int i = 0; fd >= 0 && i < 4; i++) {
            (void)connect_to("a/host.sock", SOCK_NONBLOCK);
            (void)connect_to("b/host.sock", SOCK_NONBLOCK);
        }
        (void)unlinkat(ours, "host.sock", 0);
    }
    MUST(bound > 0);
    return 0;
}

static int binds_while_flipping(struct box *box)
{
    int result = waits_for(&box->shared->word[0]) ? binds_while_flipping_(box) : 1;

    atomic_store(&box->shared->word[1], 1);
    return result;
}

Test(supervisor_socket, remembers_what_was_bound_and_not_what_the_path_says_later)
{
    run_host_test(binds_while_flipping);
}

/* ---- inside ---------------------------------------------------------------------------------- */

static int works_inside(struct box *box)
{
    struct sockaddr_un address;
    struct sockaddr_un seen;
    socklen_t size = sizeof seen;
    char absolute[128];
    int fd = listen_at("./sock", 8);
    int there;

    MUST(fd >= 0);
    (void)address_of("./sock", &address);
    MUST(getsockname(fd, (struct sockaddr *)&seen, &size) == 0);
    MUST(strcmp(seen.sun_path, "./sock") == 0);
    MUST(connect_to("sock", 0) == 0 && connect_to("sock", SOCK_NONBLOCK) == 0);
    (void)snprintf(absolute, sizeof absolute, "%s/sock", box->root);
    MUST(connect_to(absolute, 0) == 0);
    MUST(symlink("sock", "link") == 0 && connect_to("link", 0) == 0);
    MUST(mkdir("d", 0755) == 0 && chdir("d") == 0 && connect_to("../sock", 0) == 0);
    MUST(chdir("..") == 0 && rename("sock", "moved") == 0 && connect_to("moved", 0) == 0);
    MUST(connect_to("sock", 0) == ENOENT);
    MUST(close(fd) == 0 && connect_to("moved", 0) == ECONNREFUSED);
    there = listen_at("@inside-abstract", 4);
    MUST(there >= 0 && connect_to("@inside-abstract", 0) == 0);
    MUST(connect_to("@inside", 0) == ECONNREFUSED);
    MUST(listen_at("@inside-abstract", 4) < 0 && errno == EADDRINUSE);
    MUST(close(there) == 0 && connect_to("@inside-abstract", 0) == ECONNREFUSED);
    MUST(connect_to("/dev/null", 0) == ECONNREFUSED && connect_to("d", 0) == ECONNREFUSED);
    MUST(connect_to("none", 0) == ENOENT);
    return 0;
}

Test(supervisor_socket, lets_sockets_bound_inside_work)
{
    run_test(works_inside);
}

/* Somebody on the machine asks for the name that a socket inside was bound to. */
static int visit_abstract(struct box *box)
{
    int result;

    cr_assert(waits_for(&box->shared->word[0]), "nobody listens inside");
    result = connect_to(abstract_name, 0);
    atomic_store(&box->shared->word[1], 1);
    cr_assert_eq(result, ECONNREFUSED, "the machine found it: %d", result);
    return 0;
}

static int listens_abstract(struct box *box)
{
    struct sockaddr_un seen;
    socklen_t size = sizeof seen;
    int fd = listen_at(abstract_name, 8);

    MUST(fd >= 0 && connect_to(abstract_name, 0) == 0);
    MUST(getsockname(fd, (struct sockaddr *)&seen, &size) == 0 && seen.sun_path[0] == '\0');
    {
        AUTO_CLOSE int other = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        MUST(connect(other, (struct sockaddr *)&seen, size) == 0);
    }
    atomic_store(&box->shared->word[0], 1);
    MUST(waits_for(&box->shared->word[1]));
    return 0;
}

Test(supervisor_socket, gives_abstract_sockets_names_that_the_machine_does_not_ask_for)
{
    struct box box;
    int status;

    box_open(&box);
    (void)snprintf(abstract_name, sizeof abstract_name, "@supervisor-squat-%d", (int)getpid());
    box.guards_sockets = true;
    box.outside = visit_abstract;
    status = box_run(&box, listens_abstract);
    cr_assert_eq(status, 0, "status %d: %s", status, box.shared->text);
    box_close(&box);
}

static int works_for_other_families(struct box *box)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t size = sizeof address;
    int pair[2];
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    MUST(bind(fd, (struct sockaddr *)&address, sizeof(sa_family_t)) == 0); /* autobind */
    MUST(listen(fd, 4) == 0 && getsockname(fd, (struct sockaddr *)&address, &size) == 0);
    {
        AUTO_CLOSE int other = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        MUST(size > sizeof(sa_family_t) && address.sun_path[0] == '\0');
        MUST(connect(other, (struct sockaddr *)&address, size) == 0);
    }
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && send(pair[0], "x", 1, 0) == 1);
    MUST_FAIL(connect(99, (struct sockaddr *)&address, size), EBADF);
    MUST_FAIL(connect(0, (struct sockaddr *)&address, size), ENOTSOCK);
    MUST_FAIL(connect(fd, NULL, 10), EFAULT);
    MUST_FAIL(connect(fd, (struct sockaddr *)&address, 200), EINVAL);
    MUST_FAIL(bind(fd, (struct sockaddr *)&address, (socklen_t)-1), EINVAL);
    return 0;
}

Test(supervisor_socket, answers_wrong_arguments_as_the_kernel_does)
{
    run_test(works_for_other_families);
}

/* A connect to a full backlog waits; nobody else does. */
static int waits_for_backlog(struct box *box)
{
    int fd = listen_at("sock", 0);
    pid_t children[8];

    MUST(fd >= 0 && connect_to("sock", 0) == 0);
    while (connect_to("sock", SOCK_NONBLOCK) == 0)
        ;
    for (size_t i = 0; i < ARRAY_SIZE(children); i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit(connect_to("sock", 0));
    }
    sleep_ms(50);
    MUST(mkdir("meanwhile", 0755) == 0 && waitpid(-1, NULL, WNOHANG) == 0);
    MUST(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    for (size_t i = 0; i < ARRAY_SIZE(children); i++) {
        int status = 0;

        while (waitpid(children[i], &status, WNOHANG) == 0) {
            (void)close(accept(fd, NULL, NULL));
            sleep_ms(1);
        }
        MUST(status == 0);
    }
    return 0;
}

Test(supervisor_socket, lets_one_wait_for_a_full_backlog_and_serves_the_others)
{
    run_test(waits_for_backlog);
}

static int forgets_dead_sockets(struct box *box)
{
    for (int i = 0; i < 1500; i++) {
        int fd = listen_at("sock", 4);

        MUST(fd >= 0);
        if (i % 500 == 0)
            MUST(connect_to("sock", SOCK_NONBLOCK) == 0);
        MUST(close(fd) == 0 && unlink("sock") == 0);
    }
    return 0;
}

Test(supervisor_socket, forgets_sockets_that_are_gone)
{
    run_test(forgets_dead_sockets);
}
