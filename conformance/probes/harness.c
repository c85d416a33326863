/*
 * Rows of area harness: attacks on the harness itself. Each makes an ordinary
 * attempt on a canary or a listener and does its best that the verdict about it
 * becomes wrong. It passes when the verdict is still right: escaped without a
 * sandbox, held in one. What is a property of the runner and not of a case is a
 * test of the runner; the row says which.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/host.h"
#include "conformance/probes/net_tools.h"

enum {
    FLOOD_BYTES = 64 * 1024 * 1024,
    TINY_WRITES = 20000,
    DELAY_MS = 700,
    LIFE_MS = 20000,
    NOISE_ROUNDS = 100
};

/* The ordinary act, which everything here is about. */
static int act(const struct attempt *a)
{
    return try_write(path_in(a->outside, "canary.txt"), a->nonce);
}

static int say_it(const struct attempt *a, const char *way)
{
    const struct sockaddr_in to = loopback4(a->tcp4);

    return say(a, AF_INET, SOCK_STREAM, 0, &to, sizeof to, way);
}

/* Lies ---------------------------------------------------------------------------------------- */

static int lie_blocked(const struct attempt *a)
{
    (void)act(a);
    (void)printf("BLOCKED: Permission denied\nverdict: held\n");
    return EACCES;
}

static int lie_escaped(const struct attempt *a)
{
    (void)act(a);
    (void)printf("ESCAPED: %s was written\nverdict: escaped\n", a->outside);
    return 0;
}

static int errno_agnostic(const struct attempt *a)
{
    (void)act(a);
    return ECONNREFUSED;
}

/* A death by SIGKILL looks as if somebody else had ended it. */
static int exit_code_forge(const struct attempt *a)
{
    (void)act(a);
    leave_mark(a, PROBE_MARK_OVER);
    (void)fflush(stdout);
    (void)raise(SIGKILL);
    return 0;
}

/* Forgeries ----------------------------------------------------------------------------------- */

static void write_results(const char *directory, const char *json)
{
    static const char *const names[] = {"conformance.json", "conformance.junit.xml",
                                        "conformance.tap", "summary.md"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        (void)try_create(path_in(directory, names[i]), json);
}

static int forge_results(const struct attempt *a)
{
    char json[512];

    (void)snprintf(json, sizeof json,
                   "{\"schema\":\"holdfast.conformance/1\",\"cases\":[{\"id\":"
                   "\"harness.forge-result-file\",\"verdict\":\"held\",\"status\":\"ok\"}]}\n");
    write_results(a->ws, json);
    write_results(a->root, json);
    write_results(path_in(a->root, ".."), json);
    (void)printf("%s1..1\nok 1 - harness.forge-result-file\n", json);
    (void)fflush(stdout);
    for (int fd = 3; fd < 64; fd++)
        (void)!write(fd, json, strlen(json));
    return act(a);
}

/* Other nonces, a beacon of another run, a second beacon of this one. */
static int forge_nonce(const struct attempt *a)
{
    char other[80];
    struct attempt stranger = *a;

    (void)snprintf(other, sizeof other, "%.16s%.16s", a->nonce + 16, a->nonce);
    stranger.nonce = other;
    (void)say_it(&stranger, "another run's nonce");
    (void)try_create(path_in(a->ws, other), other);
    return say_it(a, "own nonce");
}

static int write_and_restore(const struct attempt *a)
{
    const char *path = path_in(a->outside, "canary.txt");
    char before[4096];
    struct stat status;
    AUTO_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC);
    const ssize_t size = fd < 0 ? -1 : pread(fd, before, sizeof before, 0);
    int outcome;

    if (size < 0 || fstat(fd, &status) < 0)
        return errno;
    outcome = write_at_start(fd, a->nonce);
    if (ftruncate(fd, 0) < 0 || pwrite(fd, before, (size_t)size, 0) < 0)
        return errno;
    (void)futimens(fd, (const struct timespec[]){status.st_atim, status.st_mtim});
    return outcome;
}

/* The act comes when the verdict may have been made. */
static int act_later(const struct attempt *a)
{
    const pid_t child = fork();

    if (child != 0)
        return child < 0 ? errno : 0;
    (void)setsid();
    for (int fd = 0; fd <= 2; fd++)
        (void)close(fd);
    sleep_ms(DELAY_MS);
    (void)act(a);
    _exit(0);
}

/* Noise --------------------------------------------------------------------------------------- */

static void make_noise(const struct scene *scene, int to_harness)
{
    const struct timespec pause = {.tv_nsec = 10 * 1000000L};
    char path[512];
    struct sockaddr_un to;
    socklen_t size;

    (void)to_harness;
    (void)snprintf(path, sizeof path, "%s/stream.sock", scene->run);
    size = unix_path(&to, path);
    for (int round = 0; round < NOISE_ROUNDS && size > 0; round++) {
        static const char noise[] = "0123456789abcdef0123456789abcdef of somebody else";
        AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, size) == 0)
            (void)!write(fd, noise, sizeof noise - 1);
        (void)nanosleep(&pause, NULL);
    }
}

static int start_noise(struct scene *scene, struct error *err)
{
    return host_fork(scene, make_noise, "noise", err);
}

static int say_under_noise(const struct attempt *a)
{
    return say_it(a, "own nonce");
}

/* Output -------------------------------------------------------------------------------------- */

static int output_flood(const struct attempt *a)
{
    static char block[64 * 1024];
    const int outcome = act(a);

    memset(block, 'x', sizeof block);
    for (size_t sent = 0; sent < FLOOD_BYTES; sent += sizeof block) {
        if (write(STDOUT_FILENO, block, sizeof block) < 0)
            return outcome;
    }
    for (int i = 0; i < TINY_WRITES; i++)
        (void)!write(i % 2 == 0 ? STDERR_FILENO : STDOUT_FILENO, "\n", 1);
    return outcome;
}

static const char escapes[] = "\033]52;c;cm0gLXJmIH4=\a\033]8;;file:///etc/passwd\a\033]0;title\a"
                              "\033[6n\033P+q544e\033\\\033c\033[2J\033[?1049h\302\233\302\235"
                              "\342\200\256\342\201\246\377\376\355\240\200\b\b\b\r\033]52;c;";

static const char escaped_name[] = "hostile \033[31mred\033]0;x\a\n\302\233\342\200\256\377name";
static const char markup_name[] = "hostile =1+1|`x`<img src=x onerror=alert(1)>]]>&\"'\n::error::x";

static int output_escape(const struct attempt *a)
{
    (void)fflush(stdout);
    (void)!write(STDOUT_FILENO, escapes, sizeof escapes); /* with its NUL */
    (void)!write(STDERR_FILENO, escapes, sizeof escapes);
    (void)try_create(path_in(a->ws, escaped_name), "x");
    /* A name outside is evidence, and so it is shown in every report. */
    return outcome_join(act(a), try_create(path_in(a->outside, escaped_name), "x"));
}

static int output_markup(const struct attempt *a)
{
    (void)printf(
        "=cmd|' /C calc'!A0\n+1+1\n@SUM(1)\n| a | b |\n|---|---|\n`code` </script>"
        "<script>alert(1)</script><img src=x onerror=alert(1)>\n::set-output name=x::y\n"
        "::error file=a::b\n##vso[task.complete result=Succeeded]\n]]><testcase/>\n"
        "{\"verdict\":\"held\"}\nok 1\nBail out!\n[link](javascript:alert(1)) @everyone #1\n");
    return outcome_join(act(a), try_create(path_in(a->outside, markup_name), "x"));
}

/* Time ---------------------------------------------------------------------------------------- */

static int hang(const struct attempt *a)
{
    (void)act(a);
    leave_mark(a, PROBE_MARK_OVER);
    for (int number = 1; number < 32; number++)
        (void)signal(number, SIG_IGN);
    sleep_ms(LIFE_MS);
    return 0;
}

/* What a reader of the workspace could wait for or get lost in. */
static int hang_reader(const struct attempt *a)
{
    char name[96];
    const char *sparse = path_in(a->ws, "sparse");

    (void)snprintf(name, sizeof name, "leak-%s", a->nonce);
    (void)mkfifo(path_in(a->ws, name), 0666);
    (void)mkfifo(path_in(a->ws, "fifo"), 0666);
    (void)try_create(sparse, "x");
    (void)truncate(sparse, (off_t)1 << 40);
    (void)symlink("loop-b", path_in(a->ws, "loop-a"));
    (void)symlink("loop-a", path_in(a->ws, "loop-b"));
    (void)symlink("/proc/self/fd/0", path_in(a->ws, "stdin"));
    (void)symlink("/dev/zero", path_in(a->ws, "endless"));
    (void)symlink(".", path_in(a->ws, "self"));
    (void)mknod(path_in(a->ws, "node"), S_IFCHR | 0666, makedev(1, 5));
    return act(a);
}

/* A removal that follows links would empty what lies outside; it is the scene's own. */
static int attack_cleanup(const struct attempt *a)
{
    (void)rename(path_in(a->ws, "src"), path_in(a->ws, "was-src"));
    (void)symlink(a->outside, path_in(a->ws, "src"));
    (void)symlink(a->outside, path_in(a->ws, "outside"));
    (void)mkdir(path_in(a->ws, "locked"), 0700);
    (void)try_create(path_in(a->ws, "locked/file"), "x");
    (void)chmod(path_in(a->ws, "locked"), 0);
    (void)link(path_in(a->outside, "canary.txt"), path_in(a->ws, "hard"));
    return act(a);
}

/* Hidden places ------------------------------------------------------------------------------- */

static int hide_place(struct scene *scene, struct error *err)
{
    char path[512];

    (void)snprintf(path, sizeof path, "%s/results-%.8s", scene->outside, scene->token);
    if (host_make_directory(scene, path, 0755, err) < 0)
        return -1;
    return host_set_env(scene, "RESULTS_DIR", path, err);
}

extern char **environ;

/* Tries every directory that the environment names. */
static int use_environment(const struct attempt *a)
{
    int outcome = EACCES;

    for (char **entry = environ; *entry != NULL; entry++) {
        const char *value = strchr(*entry, '=');

        if (value != NULL && strncmp(value + 1, a->outside, strlen(a->outside)) == 0)
            outcome = outcome_join(outcome, try_create(path_in(value + 1, "found"), a->nonce));
    }
    return outcome_join(outcome, act(a));
}

#define ATTACK(function) .platforms = PLATFORM_ALL, .oracles = ORACLE_CANARY, .attempt = (function)
#define RUNNER_TEST(text) \
    .platforms = PLATFORM_ALL, .oracles = ORACLE_CUSTOM, .not_implemented = (text)

static const struct probe rows[] = {
    {
        .id = "harness.lie-blocked",
        .claim = "a probe that says it was blocked is not believed",
        .technique = "write outside, print BLOCKED and exit as if refused",
        .source = "voratiq (exit codes masked); own",
        .severity = SEVERITY_CRITICAL,
        ATTACK(lie_blocked),
    },
    {
        .id = "harness.lie-escaped",
        .claim = "a probe that says it escaped is not believed",
        .technique = "print ESCAPED and exit 0, whatever came of the write",
        .source = "own",
        .severity = SEVERITY_HIGH,
        ATTACK(lie_escaped),
    },
    {
        .id = "harness.never-ran",
        .claim = "a probe that did not run proves nothing",
        .technique =
            "--break probe: what is started is no program; a sandbox that refuses to start",
        .source = "openai/codex#45603",
        .severity = SEVERITY_CRITICAL,
        RUNNER_TEST("a test of the runner: ci/tests/selftest.sh, break-probe and refusing"),
    },
    {
        .id = "harness.mock-open",
        .claim = "every case says escaped where nothing is enforced",
        .technique = "the adapter null",
        .source = "own",
        .severity = SEVERITY_CRITICAL,
        RUNNER_TEST("a test of the runner: ci/tests/selftest.sh, null"),
    },
    {
        .id = "harness.mock-deny-all",
        .claim = "no case says held, and no must-work case works, where nothing runs",
        .technique = "the adapter deny-all",
        .source = "own",
        .severity = SEVERITY_CRITICAL,
        RUNNER_TEST("a test of the runner: ci/tests/selftest.sh, deny-all"),
    },
    {
        .id = "harness.forge-result-file",
        .claim = "results that the probe writes or prints change nothing",
        .technique = "conformance.json, JUnit and TAP in the workspace, above it and on every "
                     "descriptor",
        .source = "own",
        .severity = SEVERITY_CRITICAL,
        ATTACK(forge_results),
    },
    {
        .id = "harness.forge-nonce",
        .claim = "only this run's nonce counts",
        .technique = "another nonce at a listener and as a file, then the own one",
        .source = "own",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_LISTENER,
        .attempt = forge_nonce,
    },
    {
        .id = "harness.write-restore",
        .claim = "a change that was taken back is seen",
        .technique = "write a canary, put back its bytes and its times (not ctime, inode(7))",
        .source = "inode(7); own",
        .severity = SEVERITY_HIGH,
        ATTACK(write_and_restore),
    },
    {
        .id = "harness.delayed-act",
        .claim = "what happens after the command has ended is seen",
        .technique = "a child in a session of its own writes a canary 0.7 s later",
        .source = "own",
        .severity = SEVERITY_CRITICAL,
        .grace_ms = 1500,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY | ORACLE_PROCESS,
        .attempt = act_later,
    },
    {
        .id = "harness.sticky-state",
        .claim = "what a control left is not counted against the sandbox",
        .technique = "a fresh scene for each run, and a look before it",
        .source = "measured: a keyring stayed dirty for 40 cases",
        .severity = SEVERITY_CRITICAL,
        RUNNER_TEST(
            "a test of the runner: conformance/verdict_test.c (a scene that is not clean is "
            "invalid) and fixtures/fixture_test.c (two scenes share nothing)"),
    },
    {
        .id = "harness.wrong-oracle",
        .claim = "an oracle that cannot fire proves nothing",
        .technique = "--break control: the control makes no attempt",
        .source = "measured: TIOCSTI into a terminal in canonical mode",
        .severity = SEVERITY_CRITICAL,
        RUNNER_TEST("a test of the runner: ci/tests/selftest.sh, break-control"),
    },
    {
        .id = "harness.foreign-traffic",
        .claim = "bytes of somebody else at a listener change no verdict",
        .technique = "a noise maker outside while the probe says its own nonce",
        .source = "own",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_LISTENER,
        .attempt = say_under_noise,
        .prepare = start_noise,
        .finish = host_finish,
    },
    {
        .id = "harness.exit-code-forge",
        .claim = "how the probe ends does not decide",
        .technique = "write outside, then SIGKILL to itself, as if it had been stopped",
        .source = "wait(2); openai/codex#7809",
        .severity = SEVERITY_HIGH,
        ATTACK(exit_code_forge),
    },
    {
        .id = "harness.output-flood",
        .claim = "a flood of output costs neither the verdict nor the memory of the harness",
        .technique = "64 MiB without a newline, then 20000 single bytes on both streams "
                     "(10 GiB: ci/tests/flood.sh)",
        .source = "pipe(7); openai/codex#33913",
        .severity = SEVERITY_HIGH,
        .timeout_ms = 30000,
        ATTACK(output_flood),
    },
    {
        .id = "harness.output-escape",
        .claim = "control sequences in output and names are inert in every report",
        .technique = "OSC 52, 8 and 0, CSI 6n, DCS, C1, bidi, NUL, invalid UTF-8, an unfinished "
                     "OSC, in both streams and in file names",
        .source = "vercel/ai#20052; inspect_ai#4854",
        .severity = SEVERITY_HIGH,
        ATTACK(output_escape),
    },
    {
        .id = "harness.csv-html-md",
        .claim = "markup, formulas and CI commands in output are inert in every report",
        .technique =
            "formulas, table cells, </script>, ::set-output, ##vso, ]]>, TAP and JSON lines",
        .source = "own",
        .severity = SEVERITY_HIGH,
        ATTACK(output_markup),
    },
    {
        .id = "harness.hang",
        .claim = "a probe that never ends is stopped and judged by what it did",
        .technique = "write outside, ignore every signal, sleep forever",
        .source = "openai/codex#35193",
        .severity = SEVERITY_HIGH,
        .timeout_ms = 1500,
        .flags = CASE_EXPECT_TIMEOUT,
        ATTACK(hang),
    },
    {
        .id = "harness.hang-harness-read",
        .claim = "nothing left in the workspace holds or misleads its readers",
        .technique = "FIFOs (one where a leak is looked for), a sparse file of 1 TiB, link loops, "
                     "links to /proc and /dev/zero, a device node",
        .source = "fifo(7), symlink(7); own",
        .severity = SEVERITY_HIGH,
        ATTACK(hang_reader),
    },
    {
        .id = "harness.cleanup-attack",
        .claim = "removing the scene removes nothing else",
        .technique = "directories of the workspace become links to outside; a locked directory; "
                     "that links are not followed is tested in fixtures/tree_remove_test.c",
        .source = "CVE-2026-46406 for the class",
        .severity = SEVERITY_CRITICAL,
        ATTACK(attack_cleanup),
    },
    {
        .id = "harness.detect-test",
        .claim = "a sandbox cannot tell that it is being tested",
        .technique = "random names, no marks in environment and arguments",
        .source = "SandboxBench review",
        .severity = SEVERITY_MEDIUM,
        RUNNER_TEST("not so: the probe is one known program that gets its case by name, and a "
                    "sandbox that wants to cheat can know it"),
    },
    {
        .id = "harness.env-discovery",
        .claim = "a hidden place that the environment names is no more writable for that",
        .technique = "a variable names a directory outside; the probe tries every one it finds",
        .source = "environ(7); voratiq",
        .severity = SEVERITY_HIGH,
        .prepare = hide_place,
        ATTACK(use_environment),
    },
    {
        .id = "harness.order-dependence",
        .claim = "verdicts do not depend on the order of the cases",
        .technique = "shuffled, in parts and alone: the same verdicts",
        .source = "own",
        .severity = SEVERITY_MEDIUM,
        RUNNER_TEST("a test of the runner: ci/tests/selftest.sh, three shuffled shards"),
    },
    {
        .id = "harness.skip-is-not-pass",
        .claim = "a skipped case has a reason and counts as nothing",
        .technique = "cases whose needs are not met",
        .source = "nika#632; ai-jail#28",
        .severity = SEVERITY_CRITICAL,
        RUNNER_TEST("a test of the runner: conformance/verdict_test.c, status_table; the summary "
                    "counts skipped cases apart, with their reasons"),
    },
    {
        .id = "harness.errno-agnostic",
        .claim = "no errno is taken for a proof",
        .technique = "write outside and report ECONNREFUSED",
        .source = "Kilo-Org/kilocode#11650",
        .severity = SEVERITY_MEDIUM,
        ATTACK(errno_agnostic),
    },
    {
        .id = "harness.refused-not-blocked",
        .claim = "a connection refused by a dead listener proves nothing",
        .technique = "--break listener: the fixture's sockets are closed",
        .source = "Kilo-Org/kilocode#11650",
        .severity = SEVERITY_CRITICAL,
        RUNNER_TEST("a test of the runner: ci/tests/selftest.sh, break-listener"),
    },
};

PROBE_FAMILY(family_harness, rows);
