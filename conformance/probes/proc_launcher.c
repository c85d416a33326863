/*
 * Rows of area proc: the launcher itself, which runs before it confines. What
 * it takes from its environment, PATH, arguments or program file is outside.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/host.h"
#include "conformance/probes/preload.h"
#include "conformance/probes/tools.h"

enum {
    PATH_SIZE = 1024,
    COPY_SIZE = 64 * 1024,
    HOLD_MS = 3000,
    START_ROUNDS = 300 /* 10 ms apart */
};

/* The mark: a file in a place that everyone may write and the policy does not name. */
static void mark_of(char *path, size_t size, const char *public_dir, const char *nonce)
{
    (void)snprintf(path, size, "%s/mark-%s", public_dir, nonce);
}

static int observe_mark(const struct scene *scene, struct observation *seen, struct error *err)
{
    char mark[PATH_SIZE];
    struct stat found;

    (void)err;
    mark_of(mark, sizeof mark, scene->public_dir, scene->nonce);
    if (lstat(mark, &found) == 0)
        observation_fire(seen, "planted code of the workspace left its mark outside");
    return 0;
}

/* Environment --------------------------------------------------------------------------------- */

static int plant_script(const struct scene *scene, const char *name, const char *before,
                        const char *after, struct error *err)
{
    char path[PATH_SIZE], mark[PATH_SIZE], text[3 * PATH_SIZE];

    mark_of(mark, sizeof mark, scene->public_dir, scene->nonce);
    (void)snprintf(path, sizeof path, "%s/startup/%s", scene->ws, name);
    (void)snprintf(text, sizeof text, "%s%s%s", before, mark, after);
    return host_plant(scene, path, text, 0755, err);
}

static int name_in_environment(struct scene *scene, const char *variable, const char *before,
                               const char *name, struct error *err)
{
    char value[PATH_SIZE + 64];

    (void)snprintf(value, sizeof value, "%s%s/startup%s", before, scene->ws, name);
    return host_set_env(scene, variable, value, err);
}

static int plant_preload(struct scene *scene, struct error *err)
{
    char path[PATH_SIZE], mark[PATH_SIZE];
    struct error other = {0};

    mark_of(mark, sizeof mark, scene->public_dir, scene->nonce);
    (void)snprintf(path, sizeof path, "%s/startup/hook.so", scene->ws);
    if (preload_plant(scene, path, mark, &other) == 0)
        return host_set_env(scene, "LD_PRELOAD", path, err);
    if (other.code == ERR_UNSUPPORTED)
        return 0;
    *err = other;
    return -1;
}

static int plant_startup(struct scene *scene, struct error *err)
{
    if (plant_script(scene, "shell.sh", ": 2>/dev/null >", " || :\n", err) < 0 ||
        plant_script(scene, "hook.js", "try{require('fs').writeFileSync('", "','')}catch(e){}\n",
                     err) < 0 ||
        plant_script(scene, "sitecustomize.py", "try:\n open('", "','w')\nexcept OSError:\n pass\n",
                     err) < 0 ||
        plant_script(scene, "Hook.pm", "package Hook; open(my $f,'>','", "'); 1;\n", err) < 0)
        return -1;
    if (name_in_environment(scene, "BASH_ENV", "", "/shell.sh", err) < 0 ||
        name_in_environment(scene, "ENV", "", "/shell.sh", err) < 0 ||
        name_in_environment(scene, "NODE_OPTIONS", "--require=", "/hook.js", err) < 0 ||
        name_in_environment(scene, "PYTHONPATH", "", "", err) < 0 ||
        name_in_environment(scene, "PERL5LIB", "", "", err) < 0 ||
        host_set_env(scene, "PERL5OPT", "-MHook", err) < 0)
        return -1;
    return plant_preload(scene, err);
}

/* What a launcher may be: a dynamic program, a shell, node, python or perl script. */
static int run_startup(const struct attempt *a)
{
    static const char *const programs[][4] = {
        {"/bin/true", NULL},
        {"/bin/bash", "-c", ":", NULL},
        {"/usr/bin/python3", "-c", "pass", NULL},
        {"/usr/bin/perl", "-e", "1", NULL},
    };
    const char *startup = path_in(a->ws, "startup");
    char mark[PATH_SIZE];

    mark_of(mark, sizeof mark, a->public_dir, a->nonce);
    (void)setenv("LD_PRELOAD", path_in(startup, "hook.so"), 0);
    (void)setenv("BASH_ENV", path_in(startup, "shell.sh"), 0);
    (void)setenv("PYTHONPATH", startup, 0);
    (void)setenv("PERL5LIB", startup, 0);
    (void)setenv("PERL5OPT", "-MHook", 0);
    for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
        (void)run_quiet(programs[i]);
    return outcome_of(access(mark, F_OK));
}

/* PATH ---------------------------------------------------------------------------------------- */

/* Tools that launchers call to find out about the machine or the workspace. */
static const char *const helpers[] = {"git",       "rg",     "ldconfig", "which", "uname",  "socat",
                                      "newuidmap", "getent", "mount",    "ip",    "unshare"};

static int plant_helpers(struct scene *scene, struct error *err)
{
    char path[PATH_SIZE], mark[PATH_SIZE], text[3 * PATH_SIZE];

    mark_of(mark, sizeof mark, scene->public_dir, scene->nonce);
    for (size_t i = 0; i < ARRAY_SIZE(helpers); i++) {
        (void)snprintf(path, sizeof path, "%s/bin/%s", scene->ws, helpers[i]);
        (void)snprintf(text, sizeof text,
                       "#!/bin/sh\n: 2>/dev/null >%s || :\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\n"
                       "exec %s \"$@\"\n",
                       mark, helpers[i]);
        if (host_plant(scene, path, text, 0755, err) < 0)
            return -1;
    }
    (void)snprintf(path, sizeof path, "%s/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                   scene->ws);
    return host_set_env(scene, "PATH", path, err);
}

static int run_helpers(const struct attempt *a)
{
    static const char *const argv[] = {"uname", "-s", NULL};

    (void)setenv("PATH", path_in(a->ws, "bin:/usr/bin:/bin"), 1);
    return run_quiet(argv) == 0 ? 0 : EACCES;
}

/* Arguments ----------------------------------------------------------------------------------- */

/* Names of declared writable roots: an option, words, a shell's expansions and quotes. */
static const char *const names[] = {"--bind", "a b\nc", "$(touch $HF_MARK)", "`touch $HF_MARK`'\"",
                                    "x;touch $HF_MARK;"};

static int plant_names(struct scene *scene, struct error *err)
{
    char mark[PATH_SIZE];

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        char path[PATH_SIZE];

        (void)snprintf(path, sizeof path, "%s/%s", scene->root, names[i]);
        if (host_make_directory(scene, path, 0755, err) < 0)
            return -1;
        scene->writable[i] = strdup(path);
        if (scene->writable[i] == NULL)
            return error_memory(err, "name of a root");
    }
    mark_of(mark, sizeof mark, scene->public_dir, scene->nonce);
    return host_set_env(scene, "HF_MARK", mark, err);
}

/* What a launcher that builds a command line for a shell would run; and the ordinary act, in case a
 * name made the launcher grant more than was asked. */
static int argv_inject(const struct attempt *a)
{
    char mark[PATH_SIZE], script[PATH_SIZE];

    mark_of(mark, sizeof mark, a->public_dir, a->nonce);
    (void)setenv("HF_MARK", mark, 1);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        (void)snprintf(script, sizeof script, "ls -d %s/%s", a->root, names[i]);
        (void)run_shell(script);
    }
    return try_write(path_in(a->outside, "canary.txt"), a->nonce);
}

/* The program file ---------------------------------------------------------------------------- */

static int copy_file(const char *from, int to)
{
    static char bytes[COPY_SIZE];
    AUTO_CLOSE int in = open(from, O_RDONLY | O_CLOEXEC);
    ssize_t size;

    if (in < 0)
        return -1;
    while ((size = read(in, bytes, sizeof bytes)) > 0) {
        if (write(to, bytes, (size_t)size) != size)
            return -1;
    }
    return size < 0 ? -1 : 0;
}

/* A program of the host that belongs to the user, as one installed by npm does. */
static int plant_program(struct scene *scene, struct error *err)
{
    char path[PATH_SIZE], from[PATH_SIZE];

    (void)snprintf(from, sizeof from, "%s/holdfast-probe", scene->bin);
    (void)snprintf(path, sizeof path, "%s/agent", scene->run);
    if (host_plant(scene, path, "", 0755, err) < 0)
        return -1;
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || copy_file(from, fd) < 0)
        return error_os(err, errno, "copy %s to %s", from, path);
    return 0;
}

static int observe_program(const struct scene *scene, struct observation *seen, struct error *err)
{
    char path[PATH_SIZE], tail[64];
    const size_t length = strlen(scene->nonce);
    struct stat status;

    (void)snprintf(path, sizeof path, "%s/agent", scene->run);
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &status) < 0)
        return error_os(err, errno, "look at %s", path);
    if (pread(fd, tail, length, status.st_size - (off_t)length) == (ssize_t)length &&
        memcmp(tail, scene->nonce, length) == 0)
        observation_fire(seen, "a program file of the host was written");
    return 0;
}

static pid_t start_program(const struct attempt *a)
{
    char nonce[64];
    const pid_t child = fork();

    if (child == 0) {
        (void)snprintf(nonce, sizeof nonce, "nonce=%s", a->nonce);
        (void)execl(path_in(a->run, "agent"), "agent", "proc.exe-overwrite", nonce, "--", "hold",
                    (char *)NULL);
        _exit(127);
    }
    return child;
}

/* A descriptor of the program that runs, through the link that /proc keeps to it. */
static int open_running(pid_t pid)
{
    char link[64], target[PATH_SIZE];

    (void)snprintf(link, sizeof link, "/proc/%ld/exe", (long)pid);
    for (int round = 0; round < START_ROUNDS; round++) {
        const ssize_t size = readlink(link, target, sizeof target - 1);

        if (size > 6 && memcmp(target + size - 6, "/agent", 6) == 0)
            return open(link, O_PATH | O_CLOEXEC);
        sleep_ms(10);
    }
    return -1;
}

/* CVE-2019-5736: the file is busy while it runs; the descriptor outlives the run. */
static int exe_overwrite(const struct attempt *a)
{
    char path[64];
    pid_t child;
    int outcome;

    if (a->argc > 0) {
        sleep_ms(HOLD_MS);
        return 0;
    }
    child = start_program(a);
    if (child < 0)
        return errno;
    AUTO_CLOSE int fd = open_running(child);
    (void)kill(child, SIGKILL);
    (void)wait_for(child);
    if (fd < 0)
        return EACCES;
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    outcome = try_append(path, a->nonce);
    return outcome_join(outcome, try_append(path_in(a->run, "agent"), a->nonce));
}

/* Copies of programs -------------------------------------------------------------------------- */

static int run_with_script(const char *program, const char *script)
{
    const char *const argv[] = {program, "-c", script, NULL};

    return run_quiet(argv) == 0 ? 0 : EACCES;
}

static int by_copy(const struct attempt *a, const char *script)
{
    const char *copy = path_in(a->ws, "harmless");
    int fd = open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
    const int copied = fd < 0 ? -1 : copy_file("/bin/sh", fd);

    if (fd >= 0)
        (void)close(fd);
    return copied < 0 ? EACCES : run_with_script(copy, script);
}

static int by_memfd(const char *script)
{
    AUTO_CLOSE int fd = (int)syscall(SYS_memfd_create, "harmless", 0);
    char path[64];

    if (fd < 0 || copy_file("/bin/sh", fd) < 0)
        return errno;
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return run_with_script(path, script);
}

/* ld.so(8): a program is only an argument to it. */
static int by_loader(const char *script)
{
    const char *const argv[] = {"/lib64/ld-linux-x86-64.so.2", "/bin/sh", "-c", script, NULL};

    return run_quiet(argv) == 0 ? 0 : EACCES;
}

static int by_interpreter(const struct attempt *a, const char *script)
{
    const char *path = path_in(a->ws, "script");
    const char *const argv[] = {path, NULL};
    char text[PATH_SIZE + 64];

    (void)snprintf(text, sizeof text, "#!/bin/sh\n%s\n", script);
    if (try_put(path, text) != 0 || chmod(path, 0755) < 0)
        return EACCES;
    return run_quiet(argv) == 0 ? 0 : EACCES;
}

static int exec_denied_copy(const struct attempt *a)
{
    char script[PATH_SIZE];
    int outcome;

    (void)snprintf(script, sizeof script, "echo %s >>%s/canary.txt", a->nonce, a->outside);
    outcome = outcome_join(by_copy(a, script), by_memfd(script));
    outcome = outcome_join(outcome, by_loader(script));
    return outcome_join(outcome, by_interpreter(a, script));
}

static const struct probe rows[] = {
    {
        .id = "proc.launcher-env",
        .claim = "nothing in the environment makes the launcher run code of the workspace",
        .technique = "LD_PRELOAD, BASH_ENV, ENV, NODE_OPTIONS, PYTHONPATH and PERL5OPT name files "
                     "of the workspace that leave a mark outside",
        .source = "ld.so(8), bash(1); CVE-2026-22708",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_TRIGGER,
        .flags = CASE_LAUNCHER,
        .attempt = run_startup,
        .prepare = plant_startup,
        .observe = observe_mark,
    },
    {
        .id = "proc.launcher-path",
        .claim = "the launcher runs no program that the workspace put into PATH",
        .technique =
            "git, rg, uname, mount and others in ws/bin, first in PATH, leave a mark outside",
        .source = "openai/codex#14963; google-gemini/gemini-cli#29070",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_TRIGGER,
        .flags = CASE_LAUNCHER,
        .attempt = run_helpers,
        .prepare = plant_helpers,
        .observe = observe_mark,
    },
    {
        .id = "proc.argv-inject",
        .claim = "no name of a declared root is taken for an option or a piece of shell",
        .technique = "writable roots named --bind, with blanks, a newline, $(), backticks, quotes "
                     "and semicolons",
        .source = "CVE-2024-32462; google-gemini/gemini-cli#29070",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_TRIGGER | ORACLE_CANARY,
        .flags = CASE_MAY_REFUSE, /* a name that it will not have is not misread */
        .attempt = argv_inject,
        .prepare = plant_names,
        .observe = observe_mark,
    },
    {
        .id = "proc.exe-overwrite",
        .claim = "no program file of the host is written through /proc/PID/exe",
        .technique = "run a program that belongs to the user, keep a descriptor of /proc/PID/exe, "
                     "end it, and write through the descriptor",
        .source = "CVE-2019-5736; proc_pid_exe(5)",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .attempt = exe_overwrite,
        .prepare = plant_program,
        .observe = observe_program,
    },
    {
        .id = "proc.exec-denied-copy",
        .claim = "rights follow the process, whatever program it runs and however it starts it",
        .technique = "write outside from a renamed copy of sh, a memfd, ld.so with sh as argument, "
                     "and a script with an interpreter",
        .source = "ld.so(8), memfd_create(2); Ona 2026-03",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY,
        .attempt = exec_denied_copy,
    },
};

PROBE_FAMILY(family_proc_launcher, rows);
