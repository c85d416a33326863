/*
 * Must-work rows: how a command starts, speaks and ends. A sandbox that blocks
 * everything fails these. What was made is looked at from outside.
 */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "conformance/probe.h"

enum {
    LONG_WORD = 120 * 1024,
    LARGE_OUTPUT = 50 * 1024 * 1024
};

#define SHELL(script)                 \
    (const char *const[])             \
    {                                 \
        "/bin/sh", "-c", script, NULL \
    }
#define BASH(script)                    \
    (const char *const[])               \
    {                                   \
        "/bin/bash", "-c", script, NULL \
    }

/* Built before the run, because a literal of 120 KiB would be no text to read. */
static char long_word[LONG_WORD + 1];

static int fill_long_word(struct scene *scene, struct error *err)
{
    (void)scene;
    (void)err;
    memset(long_word, 'a', LONG_WORD);
    return 0;
}

static int all_bytes_came(const struct scene *scene, struct observation *seen, struct error *err)
{
    (void)scene;
    (void)err;
    if (seen->output_total == LARGE_OUTPUT + sizeof "\nend of the output\n" - 1)
        observation_fire(seen, "every byte came");
    return 0;
}

/* 17000 lines of 62 bytes on each stream: more than 1 MiB, far more than a pipe holds. */
static int both_streams_came(const struct scene *scene, struct observation *seen, struct error *err)
{
    (void)scene;
    (void)err;
    if (seen->output_total == 2ULL * 17000 * 62)
        observation_fire(seen, "every byte of both streams came");
    return 0;
}

/* Must-work rows are about usefulness: what fails is over-blocked. */
#define WORKS .severity = SEVERITY_HIGH

static const struct probe rows[] = {
    {
        .id = "mw.true-false",
        .claim = "the command's exit status reaches the caller unchanged",
        .technique = "exit 42",
        .source = "wait(2); openai/codex#7809",
        WORKS,
        .platforms = PLATFORM_ALL,
        .command = SHELL("exit 42"),
        .want_exit = 42,
    },
    {
        .id = "mw.signal-status",
        .claim = "that a signal ended the command reaches the caller as 128 plus its number",
        .technique = "the command sends itself SIGSEGV",
        .source = "wait(2), sh(1)",
        WORKS,
        .platforms = PLATFORM_ALL,
        .command = SHELL("ulimit -c 0; kill -SEGV $$"),
        .want_exit = 139,
    },
    {
        .id = "mw.stdin-eof",
        .claim = "standard input from /dev/null ends at once, and a pipe carries 1 MiB",
        .technique = "wc on /dev/null and on a pipe of 1 MiB",
        .source = "QwenLM/qwen-code#12267",
        WORKS,
        .platforms = PLATFORM_ALL,
        .command = SHELL("echo $(wc -c) $(head -c 1048576 /dev/zero | wc -c)"),
        .want_output = "0 1048576",
    },
    {
        .id = "mw.stdout-stderr-split",
        .claim = "both streams carry more than 1 MiB each, apart and whole",
        .technique = "17000 lines on each, alternating",
        .source = "pipe(7); openai/codex#33913",
        WORKS,
        .platforms = PLATFORM_ALL,
        .timeout_ms = 30000,
        .command = SHELL("awk 'BEGIN { for (i = 1; i <= 17000; i++) { printf \"out %057d\\n\", i; "
                         "printf \"err %057d\\n\", i >\"/dev/stderr\" } }'"),
        .want_output = "out 000000000000000000000000000000000000000000000000000017000\n",
        .observe = both_streams_came,
    },
    {
        .id = "mw.large-output",
        .claim = "50 MiB of output reach the caller whole",
        .technique = "head -c 50M /dev/zero; the harness counts",
        .source = "pipe(7); own",
        WORKS,
        .platforms = PLATFORM_ALL,
        .timeout_ms = 30000,
        .command = SHELL("head -c 52428800 /dev/zero | tr '\\0' x; echo; echo end of the output"),
        .want_output = "\nend of the output\n",
        .observe = all_bytes_came,
    },
    {
        .id = "mw.pipes",
        .claim = "pipes, FIFOs in the workspace and process substitution work, SIGPIPE ends a "
                 "writer",
        .technique = "yes | head -1 with PIPESTATUS, mkfifo, <(...)",
        .source = "pipe(7), fifo(7), bash(1)",
        WORKS,
        .platforms = PLATFORM_UNIX,
        .needs = "tool:bash",
        .command = BASH("yes | head -n 1; echo ${PIPESTATUS[0]}; mkfifo p; echo fifo >p & cat p; "
                        "cat <(echo substituted)"),
        .want_output = "y\n141\nfifo\nsubstituted\n",
    },
    {
        .id = "mw.background-jobs",
        .claim = "background jobs, wait and traps work",
        .technique = "sh: job &, wait, trap, kill",
        .source = "sh(1)",
        WORKS,
        .platforms = PLATFORM_ALL,
        .command = SHELL("sleep 0.1 & wait $!; trap 'echo trapped' USR1; kill -USR1 $$; "
                         "(exit 7) & wait $!; echo $?"),
        .want_output = "trapped\n7\n",
    },
    {
        .id = "mw.timeout-cmd",
        .claim = "a command may end its own children",
        .technique = "timeout 0.2 sleep 20",
        .source = "timeout(1)",
        WORKS,
        .platforms = PLATFORM_UNIX,
        .needs = "tool:timeout",
        .command = SHELL("timeout 0.2 sleep 20; echo $?"),
        .want_output = "124",
    },
    {
        .id = "mw.long-argv",
        .claim = "an argument of 120 KiB reaches the command whole",
        .technique = "one argument of 122880 bytes, counted by wc",
        .source = "execve(2), MAX_ARG_STRLEN",
        WORKS,
        .platforms = PLATFORM_ALL,
        .prepare = fill_long_word,
        .command = (const char *const[]){"/bin/sh", "-c", "printf %s \"$1\" | wc -c", "sh",
                                         long_word, NULL},
        .want_output = "122880",
    },
    {
        .id = "mw.unicode-argv",
        .claim = "arguments reach the command byte for byte",
        .technique = "emoji, CJK, combining marks, right-to-left, newline, quotes, trailing "
                     "backslash, an empty string, ! % ^ $",
        .source = "execve(2); tend#639",
        WORKS,
        .platforms = PLATFORM_ALL,
        .command = (const char *const[]){"/usr/bin/printf", "[%s]", "\xf0\x9f\x8e\x89",
                                         "\xe6\xbc\xa2\xe5\xad\x97", "e\xcc\x81",
                                         "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", "a\nb", "'\"`", "c\\",
                                         "", "!%^$HOME$(id)*?~", "--help", "-", NULL},
        .want_output = "[\xf0\x9f\x8e\x89][\xe6\xbc\xa2\xe5\xad\x97][e\xcc\x81]"
                       "[\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d][a\nb]['\"`][c\\][][!%^$HOME$(id)*?~]"
                       "[--help][-]",
    },
    {
        .id = "mw.signals-inside",
        .claim = "a command may signal its own children and process group",
        .technique = "kill of a child (143), of a group by setsid, and kill -0 of itself",
        .source = "kill(2), landlock(7): signals within the domain",
        WORKS,
        .platforms = PLATFORM_ALL,
        .command = SHELL("sleep 20 & kill $!; wait $!; echo $?; kill -0 $$ && echo self; "
                         "setsid -w sh -c 'sleep 20 & kill -KILL 0'; echo group $?"),
        .want_output = "143\nself\ngroup 137\n",
    },
    {
        .id = "mw.ps-self",
        .claim = "a command sees its own processes, and a parent",
        .technique = "ps of its own pid and of its child; PPID",
        .source = "proc(5), ps(1)",
        WORKS,
        .platforms = PLATFORM_ALL,
        .needs = "tool:ps",
        .command = SHELL("sleep 20 & for i in 1 2 3 4 5 6 7 8 9; do "
                         "[ \"$(ps -o comm= -p $!)\" = sleep ] && break; sleep 0.2; done; "
                         "ps -o comm= -p $! ; ps -o pid= -p $$ >/dev/null && "
                         "test \"$PPID\" -ge 0 && echo parent; kill $!"),
        .want_output = "sleep\nparent\n",
    },
    {
        .id = "mw.time-rand-locale",
        .claim = "clock, time zones, random numbers and locales work",
        .technique = "date in two zones, /dev/urandom, random/uuid, UTF-8 case folding by awk",
        .source = "clock_gettime(2), getrandom(2), tzset(3)",
        WORKS,
        .platforms = PLATFORM_ALL,
        .command = SHELL("test \"$(date +%s)\" -gt 1700000000 && "
                         "test \"$(TZ=UTC0 date -d @0 +%H)\" = 00 && "
                         "test \"$(TZ=JST-9 date -d @0 +%H)\" = 09 && "
                         "test \"$(head -c 16 /dev/urandom | wc -c)\" = 16 && "
                         "test \"$(wc -c </proc/sys/kernel/random/uuid)\" = 37 && "
                         "LC_ALL=C.UTF-8 locale >/dev/null && echo all"),
        .want_output = "all",
    },
    {
        .id = "mw.user-identity",
        .claim = "the command's user owns the workspace and has a home",
        .technique = "id -u against the owner of the workspace; HOME is a directory",
        .source = "credentials(7), user_namespaces(7)",
        WORKS,
        .platforms = PLATFORM_ALL,
        .command = SHELL("test \"$(id -u)\" = \"$(stat -c %u '{ws}')\" && test -d \"$HOME\" && "
                         "test \"$(id -g)\" = \"$(stat -c %g '{ws}')\" && echo same"),
        .want_output = "same",
    },
    {
        .id = "mw.rlimits",
        .claim = "limits are those of an ordinary process",
        .technique = "at least 1024 open files, 8 MiB of stack, 100 child processes",
        .source = "getrlimit(2)",
        WORKS,
        .platforms = PLATFORM_UNIX,
        .command = SHELL("test \"$(ulimit -n)\" -ge 1024 && s=$(ulimit -s) && "
                         "{ test \"$s\" = unlimited || test \"$s\" -ge 8192; } && "
                         "for i in $(seq 100); do sleep 0.3 & done; wait && echo enough"),
        .want_output = "enough",
    },
    {
        .id = "mw.run-as-root",
        .claim = "what works for an ordinary user works for root",
        .technique = "files made by the command belong to the caller, uid 0",
        .source = "anthropics/claude-code#78072",
        WORKS,
        .platforms = PLATFORM_UNIX,
        .needs = "root",
        .command =
            SHELL("echo made >by-root && chmod 600 by-root && test -O by-root && cat by-root"),
        .want_output = "made",
    },
    {
        .id = "mw.nested-sandbox",
        .claim = "a sandbox inside works or fails cleanly, at once",
        .technique = "unshare --user; its exit status is below 126 and nothing hangs",
        .source = "unshare(1); anthropic-experimental/sandbox-runtime#429",
        WORKS,
        .platforms = PLATFORM_UNIX,
        .needs = "tool:unshare",
        .command = SHELL("unshare --user --map-root-user true 2>/dev/null; test $? -lt 126 && "
                         "echo clean"),
        .want_output = "clean",
    },
    {
        .id = "mw.path-lookup",
        .claim = "tools are found in PATH",
        .technique = "command -v of sh, ls, git and env",
        .source = "execvp(3); openai/codex env.rs",
        WORKS,
        .platforms = PLATFORM_ALL,
        .command = SHELL("command -v sh ls env cat >/dev/null && echo found"),
        .want_output = "found",
    },
    {
        .id = "mw.latency",
        .claim = "starting a command costs little, and no more after many runs",
        .technique = "50 times true, and 200 times",
        .source = "openai/codex#46178",
        WORKS,
        .platforms = PLATFORM_ALL,
        .not_implemented = "measured by holdfast bench and kept by holdfast gate: a case on a "
                           "loaded machine must not judge times",
    },
    {
        .id = "mw.parallel",
        .claim = "eight sandboxes run at once on one workspace",
        .technique = "eight commands at once, each with a sandbox of its own",
        .source = "openai/codex#32194",
        WORKS,
        .platforms = PLATFORM_ALL,
        .not_implemented = "one case is one sandbox; ci/tests/parallel.sh runs eight on one "
                           "workspace",
    },
};

PROBE_FAMILY(family_mustwork_process, rows);
