/* What somebody inside would try: races, /proc, signals, floods, calls that never end. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/os.h"
#include "base/test.h"
#include "sandbox/linux/supervisor_box_test.h"

static void run_test(int (*body)(struct box *box))
{
    struct box box;
    char git[128];

    box_open(&box);
    BOX_TEST(&box, body);
    (void)snprintf(git, sizeof git, "%s/.git", box.root);
    cr_assert(!box_has(git), ".git was made");
    box_close(&box);
}

/* ---- races ----------------------------------------------------------------------------------- */

static char flipping[] = "./.gix";
static atomic_bool is_over;

static void *flip_text(void *argument)
{
    (void)argument;
    while (!atomic_load(&is_over)) {
        ((volatile char *)flipping)[5] = 't';
        ((volatile char *)flipping)[5] = 'x';
    }
    return NULL;
}

static int outruns_flipping_text(struct box *box)
{
    uint64_t start = os_now_ns();
    pthread_t thread;
    long made = 0;

    MUST(pthread_create(&thread, NULL, flip_text, NULL) == 0);
    for (int i = 0; box_goes_on(start, made > 10); i++) {
        int fd = i % 2 == 0 ? mkdir(flipping, 0755)
                            : open(flipping, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);

        made += fd >= 0;
        if (fd > 0)
            (void)close(fd);
        (void)rmdir("./.gix");
        (void)unlink("./.gix");
    }
    atomic_store(&is_over, true);
    (void)pthread_join(thread, NULL);
    MUST(!box_has(".git") && made > 10);
    return 0;
}

Test(supervisor_attack, outruns_a_thread_that_flips_the_path)
{
    run_test(outruns_flipping_text);
}

/* Whoever shares the workspace: the host, or another sandbox. Its renames do not pass our loop, so
 * they come between any two steps of a call that is being answered. */
static int exchange_from_outside(struct box *box)
{
    char names[2][128];

    (void)snprintf(names[0], sizeof names[0], "%s/door", box->root);
    (void)snprintf(names[1], sizeof names[1], "%s/other-door", box->root);
    for (long i = 0; i < 200000000 && atomic_load(&box->shared->word[0]) == 0; i++)
        (void)renameat2(AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE);
    return 0;
}

/* door is now a directory, where .git is allowed, now a link to the root, where it is not. */
static int outruns_exchange(struct box *box)
{
    uint64_t start = os_now_ns();
    bool is_refused = false;
    bool is_made = false;

    MUST(mkdir("door", 0755) == 0 && symlink(".", "other-door") == 0);
    while (box_goes_on(start, is_refused && is_made) && !box_has(".git")) {
        bool was_made = mkdir("door/.git", 0755) == 0;

        is_made |= was_made;
        is_refused |= !was_made && errno == EROFS;
        (void)rmdir("door/.git");
        (void)rmdir("other-door/.git");
    }
    atomic_store(&box->shared->word[0], 1);
    MUST(!box_has(".git") && is_made && is_refused);
    return 0;
}

Test(supervisor_attack, outruns_somebody_outside_who_exchanges_directories)
{
    struct box box;

    box_open(&box);
    box.outside = exchange_from_outside;
    BOX_TEST(&box, outruns_exchange);
    box_close(&box);
}

static void *flip_cwd(void *argument)
{
    (void)argument;
    while (!atomic_load(&is_over)) {
        (void)chdir("/");
        (void)chdir((const char *)argument);
    }
    return NULL;
}

static int outruns_flipping_cwd(struct box *box)
{
    uint64_t start = os_now_ns();
    char git[128];
    pthread_t thread;

    (void)snprintf(git, sizeof git, "%s/.git", box->root);
    MUST(pthread_create(&thread, NULL, flip_cwd, box->root) == 0);
    while (box_goes_on(start, true) && !box_has(git))
        (void)mkdir(".git", 0755);
    atomic_store(&is_over, true);
    (void)pthread_join(thread, NULL);
    (void)rmdir("/.git"); /* "/" is not a root here, and this box mounts nothing read-only */
    MUST(!box_has(git));
    return 0;
}

Test(supervisor_attack, outruns_a_thread_that_changes_directory)
{
    run_test(outruns_flipping_cwd);
}

/* ---- /proc ----------------------------------------------------------------------------------- */

static volatile char whose = 'P'; /* in pid 1, which the command was forked from */

/* Does this descriptor of a mem file show our memory, and not that of pid 1? */
static bool shows_ours(int fd)
{
    char seen = 0;

    return pread(fd, &seen, 1, (off_t)(uintptr_t)&whose) == 1 && seen == 'C';
}

static int cannot_reach_supervisor(struct box *box)
{
    static const char *const ways[] = {
        "/proc/1/mem",    "/proc/1/task/1/mem",  "one/mem",
        "chain/mem",      "/proc/self/../1/mem", "/proc/1/maps",
        "/proc/1/status", "/proc/1/fd/0",        "/proc/1/oom_score_adj"};
    static const char *const directories[] = {"/proc/1/cwd/x", "/proc/1/root/tmp/x", "one/cwd/x",
                                              "one/fd/3/x", "/proc/1/task/1/cwd/x"};
    char proc[64];
    int path;

    MUST(symlink("/proc/1", "one") == 0 && symlink("one", "chain") == 0);
    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        box_log(box, "%s: ", ways[i]);
        MUST_FAIL(open(ways[i], O_CREAT | O_RDONLY, 0644), EACCES);
        MUST_FAIL(open(ways[i], O_CREAT | O_RDWR, 0644), EACCES);
    }
    for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
        box_log(box, "%s: ", directories[i]);
        MUST_FAIL(mkdir(directories[i], 0755), EACCES);
    }
    path = open("/proc/1/mem", O_PATH | O_CLOEXEC);
    MUST(path >= 0);
    (void)snprintf(proc, sizeof proc, "/proc/self/fd/%d", path);
    MUST_FAIL(open(proc, O_CREAT | O_RDWR, 0644), EACCES);
    MUST(symlink(proc, "indirect") == 0);
    MUST_FAIL(open("indirect", O_CREAT | O_RDWR, 0644), EACCES);
    MUST_FAIL(openat(path, "x", O_CREAT | O_RDWR, 0644), ENOTDIR);
    path = open("/proc/1", O_PATH | O_CLOEXEC);
    MUST(path >= 0);
    MUST_FAIL(openat(path, "mem", O_CREAT | O_RDWR, 0644), EACCES);
    MUST_FAIL(mkdirat(path, "cwd/x", 0755), EACCES);
    MUST_FAIL(linkat(path, "exe", AT_FDCWD, "exe", AT_SYMLINK_FOLLOW), EACCES);
    return 0;
}

Test(supervisor_attack, cannot_reach_the_supervisor_through_proc)
{
    run_test(cannot_reach_supervisor);
}

static int sees_itself(struct box *box)
{
    static const char *const ways[] = {"/proc/self/mem", "self/mem", "thread/mem", "chain/mem"};

    whose = 'C';
    MUST(symlink("/proc/self", "self") == 0 && symlink("/proc/thread-self", "thread") == 0);
    MUST(symlink("self", "chain") == 0 && chdir("/proc") == 0);
    {
        AUTO_CLOSE int fd = open("self/mem", O_CREAT | O_RDWR | O_CLOEXEC, 0644);

        MUST(fd >= 0 && shows_ours(fd));
    }
    MUST(chdir(box->root) == 0);
    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        AUTO_CLOSE int fd = open(ways[i], O_CREAT | O_RDWR | O_CLOEXEC, 0644);

        box_log(box, "%s: ", ways[i]);
        MUST(fd >= 0 && shows_ours(fd));
    }
    return 0;
}

Test(supervisor_attack, shows_the_caller_itself_in_proc)
{
    run_test(sees_itself);
}

static bool holds(const char *path, const char *wanted)
{
    char text[64] = {0};
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

    return fd >= 0 && read(fd, text, sizeof text - 1) >= 0 && strcmp(text, wanted) == 0;
}

static bool writes(const char *path, const char *text)
{
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

    return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

static int redirects(struct box *box)
{
    int ends[2];
    char text[8] = {0};
    char name[32];
    AUTO_CLOSE int file = open("out", O_RDWR | O_CREAT | O_CLOEXEC, 0644);

    MUST(file >= 0 && pipe2(ends, O_CLOEXEC) == 0);
    (void)snprintf(name, sizeof name, "/dev/fd/%d", file);
    MUST(writes(name, "file") && holds("out", "file"));
    (void)snprintf(name, sizeof name, "/proc/self/fd/%d", ends[1]);
    MUST(writes(name, "pipe") && read(ends[0], text, 4) == 4 && strcmp(text, "pipe") == 0);
    MUST(dup2(ends[1], 1) == 1 && writes("/dev/stdout", "std"));
    MUST(read(ends[0], text, 3) == 3 && strncmp(text, "std", 3) == 0);
    MUST(writes("/proc/self/oom_score_adj", "321") && holds("/proc/self/oom_score_adj", "321\n"));
    MUST(writes("/proc/self/comm", "renamed") && holds("/proc/self/comm", "renamed\n"));
    MUST(writes("/dev/null", "nothing"));
    return 0;
}

Test(supervisor_attack, lets_shell_redirections_to_proc_work)
{
    run_test(redirects);
}

/* ---- signals --------------------------------------------------------------------------------- */

static void on_alarm(int number)
{
    (void)number;
}

static bool start_timer(long us, int flags)
{
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = flags};
    struct itimerval timer = {.it_interval = {.tv_usec = us}, .it_value = {.tv_usec = us}};

    return sigaction(SIGALRM, &action, NULL) == 0 && setitimer(ITIMER_REAL, &timer, NULL) == 0;
}

/* No call may happen twice, and one that says EINTR may not have happened at all. */
static int happens_once(struct box *box, int flags)
{
    uint64_t start = os_now_ns();
    char name[32];
    long interrupted = 0;
    long made = 0;

    MUST(start_timer(100, flags));
    for (int i = 0; box_goes_on(start, made > 10); i++) {
        (void)snprintf(name, sizeof name, "d%d", i);
        if (mkdir(name, 0755) == 0) {
            made++;
            continue;
        }
        MUST(errno == EINTR && flags == 0);
        MUST(!box_has(name));
        interrupted++;
    }
    MUST(made > 10);
    return 0;
}

static int happens_once_restarting(struct box *box)
{
    return happens_once(box, SA_RESTART);
}

static int happens_once_interrupted(struct box *box)
{
    return happens_once(box, 0);
}

Test(supervisor_attack, does_nothing_twice_under_signals)
{
    run_test(happens_once_restarting);
    run_test(happens_once_interrupted);
}

/* ---- busy files ------------------------------------------------------------------------------ */

static const char script[] = "#!/bin/true\n";

/* Written, closed and executed at once: nobody else may have it open for writing. */
static int executes_at_once(struct box *box, mode_t mode)
{
    for (int i = 0; i < 300; i++) {
        int fd = open("program", O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, mode);
        pid_t child;
        int status = 0;

        MUST(fd >= 0 && write(fd, script, sizeof script - 1) > 0);
        MUST(mode != 0644 || fchmod(fd, 0755) == 0);
        MUST(close(fd) == 0);
        child = vfork();
        if (child == 0) {
            (void)execl("./program", "program", (char *)NULL);
            _exit(errno);
        }
        MUST(waitpid(child, &status, 0) == child);
        errno = WEXITSTATUS(status);
        MUST(status == 0);
        MUST(unlink("program") == 0);
    }
    return 0;
}

static int executes_new_programs(struct box *box)
{
    return executes_at_once(box, 0755) != 0 || executes_at_once(box, 0644) != 0;
}

Test(supervisor_attack, lets_a_new_program_be_executed_at_once)
{
    run_test(executes_new_programs);
}

/* ---- processes ------------------------------------------------------------------------------- */

/*
 * ssh-agent, gpg-agent and others are not dumpable. It takes an exec to try: the
 * memory of a process that only forked belongs to the test's own user namespace.
 */
static int run_undumpable(const char *tries)
{
    char program[512];

    (void)snprintf(program, sizeof program,
                   "import ctypes, os, sys\n"
                   "c = ctypes.CDLL(None)\n"
                   "def fails(name):\n"
                   "    try: os.mkdir(name)\n"
                   "    except OSError as e: return e.errno\n"
                   "    return 0\n"
                   "assert c.prctl(4, 0, 0, 0, 0) == 0 and c.prctl(3, 0, 0, 0, 0) == 0\n"
                   "sys.exit(0 if %s else 1)\n",
                   tries);
    (void)execlp("python3", "python3", "-c", program, (char *)NULL);
    return 77;
}

static int works_undumpable(struct box *box)
{
    (void)box;
    return run_undumpable("fails('d') == 0 and fails('.git') == 30 and open('f', 'w')");
}

static int fails_undumpable(struct box *box)
{
    (void)box;
    return run_undumpable("fails('d') == 1 and not os.path.exists('d')");
}

/* The supervisor may look into them; that right is not lent to their neighbours. */
static int guards_undumpable(struct box *box)
{
    pid_t child = fork();
    char path[64];

    if (child == 0)
        _exit(run_undumpable("fails('ready') == 0 and __import__('time').sleep(20) is None"));
    for (int i = 0; i < 10000 && !box_has("ready"); i++)
        box_sleep_ms(1);
    MUST(box_has("ready"));
    (void)snprintf(path, sizeof path, "/proc/%d/cwd/x", child);
    MUST_FAIL(mkdir(path, 0755), EACCES);
    (void)snprintf(path, sizeof path, "/proc/%d/root/tmp", child);
    MUST_FAIL(open(path, O_CREAT | O_RDONLY, 0644), EACCES);
    return 0;
}

static void run_undumpable_test(int (*body)(struct box *box), bool has_no_privilege)
{
    struct box box;
    int status;

    box_open(&box);
    box.has_no_privilege = has_no_privilege;
    status = box_run(&box, body);
    cr_assert(status == 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 77), "status %d: %s",
              status, box.shared->text);
    box_close(&box);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        cr_skip_test("no python3");
}

Test(supervisor_attack, serves_programs_that_are_not_dumpable)
{
    run_undumpable_test(works_undumpable, false);
}

Test(supervisor_attack, lends_its_privilege_to_nobody)
{
    run_undumpable_test(guards_undumpable, false);
}

Test(supervisor_attack, fails_closed_without_its_privilege)
{
    run_undumpable_test(fails_undumpable, true);
}

static int survives_storm(struct box *box)
{
    char name[32];
    int good = 0;

    for (int i = 0; i < 200; i++) {
        pid_t child = fork();

        MUST(child >= 0);
        if (child == 0) {
            (void)snprintf(name, sizeof name, "p%d", i);
            _exit(mkdir(name, 0755) == 0 && mkdir(".git", 0755) < 0 ? 0 : 1);
        }
    }
    for (int i = 0; i < 200; i++) {
        int status = 0;

        MUST(wait(&status) > 0);
        good += status == 0;
    }
    MUST(good == 200 && !box_has(".git"));
    return 0;
}

Test(supervisor_attack, survives_a_storm_of_processes)
{
    run_test(survives_storm);
}

static int survives_kills(struct box *box)
{
    for (int i = 0; i < 100; i++) {
        pid_t child = fork();

        MUST(child >= 0);
        while (child == 0) {
            (void)mkdir("k", 0755);
            (void)rmdir("k");
        }
        box_sleep_ms(1);
        MUST(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
    }
    MUST(mkdir("after", 0755) == 0);
    return 0;
}

/* Whatever waits, the end of the command is the end. */
static int leaves_waiters(struct box *box)
{
    MUST(mkfifo("fifo", 0644) == 0);
    if (fork() == 0)
        _exit(open("fifo", O_CREAT | O_RDONLY, 0644));
    box_sleep_ms(30);
    return 0;
}

Test(supervisor_attack, ends_with_the_command_whoever_waits)
{
    run_test(leaves_waiters);
}

Test(supervisor_attack, survives_callers_killed_in_their_calls)
{
    run_test(survives_kills);
}

static int reaps_orphans(struct box *box)
{
    char name[32];

    for (int i = 0; i < 20; i++) {
        pid_t child = fork();

        MUST(child >= 0);
        if (child == 0) {
            atomic_store(&box->shared->word[0], fork() == 0 ? (int)getpid() : 0);
            _exit(0);
        }
        (void)waitpid(child, NULL, 0);
    }
    (void)snprintf(name, sizeof name, "/proc/%d", atomic_load(&box->shared->word[0]));
    for (int i = 0; i < 5000 && box_has(name); i++)
        box_sleep_ms(1);
    MUST(!box_has(name));
    return 0;
}

Test(supervisor_attack, reaps_orphans)
{
    run_test(reaps_orphans);
}

static int keeps_umasks_apart(struct box *box)
{
    static const mode_t masks[] = {0, 027, 077, 0777};
    char name[32];
    struct stat status;

    MUST(umask(011) == 022 && umask(022) == 011);
    for (int round = 0; round < 5; round++) {
        for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
            if (fork() == 0) {
                (void)umask(masks[i]);
                (void)snprintf(name, sizeof name, "u%d-%zu", round, i);
                (void)mkdir(name, 0777);
                (void)rmdir(name);
                _exit(mkdir(name, 0777));
            }
        }
        for (size_t i = 0; i < ARRAY_SIZE(masks); i++)
            MUST(wait(NULL) > 0);
        for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
            (void)snprintf(name, sizeof name, "u%d-%zu", round, i);
            MUST(stat(name, &status) == 0 && (status.st_mode & 0777) == (0777 & ~masks[i]));
        }
    }
    return 0;
}

Test(supervisor_attack, keeps_the_umasks_of_processes_apart)
{
    run_test(keeps_umasks_apart);
}

/* ---- calls that wait ------------------------------------------------------------------------- */

/* A child that opens the FIFO, which waits; its result is its exit status. */
static pid_t open_in_child(struct box *box, const char *path, int flags)
{
    pid_t child = fork();

    if (child == 0) {
        (void)atomic_fetch_add(&box->shared->word[0], 1);
        _exit(open(path, flags | O_CREAT, 0644) >= 0 ? 0 : errno);
    }
    return child;
}

static int exit_of(pid_t child)
{
    int status = 0;

    if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}

static int waits_aside(struct box *box, int theirs, int ours)
{
    pid_t child;
    AUTO_CLOSE int fd = -1;

    (void)unlink("fifo");
    MUST(mkfifo("fifo", 0644) == 0);
    child = open_in_child(box, "fifo", theirs);
    box_sleep_ms(50);
    MUST(mkdir("meanwhile", 0755) == 0 && rmdir("meanwhile") == 0);
    MUST(waitpid(child, NULL, WNOHANG) == 0);
    fd = open("fifo", ours | O_CLOEXEC);
    MUST(fd >= 0 && exit_of(child) == 0);
    return 0;
}

static int waits_for_fifos(struct box *box)
{
    return waits_aside(box, O_RDONLY, O_WRONLY) != 0 || waits_aside(box, O_WRONLY, O_RDONLY) != 0 ||
           waits_aside(box, O_WRONLY, O_RDWR) != 0;
}

Test(supervisor_attack, lets_one_wait_for_a_fifo_and_serves_the_others)
{
    run_test(waits_for_fifos);
}

static int is_interrupted(struct box *box)
{
    struct sigaction action = {.sa_handler = on_alarm};
    struct itimerval timer = {.it_value = {.tv_usec = 50000}};

    MUST(mkfifo("fifo", 0644) == 0 && sigaction(SIGALRM, &action, NULL) == 0);
    MUST(setitimer(ITIMER_REAL, &timer, NULL) == 0);
    MUST_FAIL(open("fifo", O_CREAT | O_RDONLY, 0644), EINTR);
    return 0;
}

Test(supervisor_attack, lets_a_signal_end_a_wait)
{
    run_test(is_interrupted);
}

/* More than there are threads, twice: those of the killed must be free again. */
static int frees_threads(struct box *box)
{
    pid_t children[80];
    int refused = 0;

    MUST(mkfifo("fifo", 0644) == 0);
    for (int round = 0; round < 2; round++) {
        atomic_store(&box->shared->word[0], 0);
        for (size_t i = 0; i < ARRAY_SIZE(children); i++)
            children[i] = open_in_child(box, "fifo", O_RDONLY);
        MUST(box_becomes(&box->shared->word[0], (int)ARRAY_SIZE(children)));
        box_sleep_ms(100);
        MUST(mkdir("meanwhile", 0755) == 0 && rmdir("meanwhile") == 0);
        for (size_t i = 0; i < ARRAY_SIZE(children); i++) {
            (void)kill(children[i], SIGKILL);
            refused += exit_of(children[i]) == EAGAIN;
        }
        box_sleep_ms(400);
    }
    MUST(refused >= 2 && refused <= 2 * 18); /* 80 asked, 63 threads, both times */
    return waits_for_fifos(box);
}

Test(supervisor_attack, gives_the_threads_of_killed_callers_back)
{
    run_test(frees_threads);
}

static int waits_for_leases(struct box *box)
{
    AUTO_CLOSE int held = -1;
    pid_t child;

    MUST(writes("leased", "x"));
    MUST(mkdir("barrier", 0755) == 0); /* from here on it is open nowhere else */
    held = open("leased", O_RDONLY | O_CLOEXEC);
    MUST(held >= 0 && signal(SIGIO, SIG_IGN) != SIG_ERR);
    MUST(fcntl(held, F_SETLEASE, F_RDLCK) == 0);
    child = open_in_child(box, "leased", O_WRONLY);
    box_sleep_ms(50);
    MUST(mkdir("meanwhile", 0755) == 0);
    MUST(waitpid(child, NULL, WNOHANG) == 0);
    MUST(fcntl(held, F_SETLEASE, F_UNLCK) == 0);
    MUST(exit_of(child) == 0);
    return 0;
}

Test(supervisor_attack, lets_one_wait_for_a_lease_and_serves_the_others)
{
    run_test(waits_for_leases);
}
