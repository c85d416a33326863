/* Must-work rows: the tools that agents use. A tool that is missing is a skip with that reason. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/host.h"
#include "conformance/probes/tools.h"

#define SHELL(script)                 \
    (const char *const[])             \
    {                                 \
        "/bin/sh", "-c", script, NULL \
    }
#define PYTHON(script)                         \
    (const char *const[])                      \
    {                                          \
        "/usr/bin/python3", "-c", script, NULL \
    }
#define WORKS .severity = SEVERITY_HIGH

enum {
    TOOL_TIMEOUT_MS = 60000
};

static int add_worktree(struct scene *scene, struct error *err)
{
    char place[1024];
    const char *const argv[] = {"/usr/bin/git", "worktree", "add", "-q", "--detach", place, NULL};

    (void)snprintf(place, sizeof place, "%s/linked", scene->extra);
    return host_run(scene, argv, err);
}

#define COMMIT "git -c user.name=u -c user.email=u@example.invalid commit -q -m '{nonce}'"

/* As the user sees it, outside: the last commit is that of this run. */
static int look_for_commit(const struct scene *scene, const char *directory,
                           struct observation *seen)
{
    char script[2048];
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    struct error none;

    (void)snprintf(script, sizeof script, "git -C '%s' log -1 --format=%%s | grep -qx %s",
                   directory, scene->nonce);
    if (host_run(scene, argv, &none) == 0)
        observation_fire(seen, "the commit is there");
    return 0;
}

static int observe_commit(const struct scene *scene, struct observation *seen, struct error *err)
{
    (void)err;
    return look_for_commit(scene, scene->ws, seen);
}

/* The workspace as agents often have it: a linked worktree of a repository that lies outside. */
static int become_worktree(struct scene *scene, struct error *err)
{
    const char *const argv[] = {
        "/bin/sh",
        "-ec",
        "mkdir \"$1/main\"; mv \"$0/.git\" \"$1/main/\"; cd \"$1/main\"; git checkout -q -f;"
        "git worktree add -q --detach ../linked; mv ../linked/.git \"$0/\"; rm -r ../linked;"
        "git worktree repair \"$0\" 2>/dev/null",
        scene->ws,
        scene->outside,
        NULL};

    return host_run(scene, argv, err);
}

static const char *const compilers[] = {"/usr/bin/go", "/usr/bin/rustc", "/usr/bin/javac"};

static int require_compiler(struct scene *scene, struct error *err)
{
    (void)scene;
    for (size_t i = 0; i < ARRAY_SIZE(compilers); i++) {
        if (access(compilers[i], X_OK) == 0)
            return 0;
    }
    return error_set(err, ERR_UNSUPPORTED, "none of go, rustc, javac is installed");
}

static const struct probe rows[] = {
    {
        .id = "mw.git-status",
        .claim = "git can be asked: status, diff, log, blame",
        .technique = "the four in the workspace, which is a clone",
        .source = "git-status(1); openai/codex#19315",
        WORKS,
        .platforms = PLATFORM_ALL,
        .needs = "tool:git",
        .command = SHELL("echo change >>README.md && git status --porcelain README.md && git diff "
                         "--stat && git log --oneline >/dev/null && git blame src/main.c "
                         ">/dev/null && echo asked"),
        .want_output = "asked",
    },
    {
        .id = "mw.git-worktree-status",
        .claim = "git can be asked in a linked worktree and in a subdirectory",
        .technique = "git status in a worktree in the second root, and below the workspace",
        .source = "git-worktree(1); openai/codex#38672",
        WORKS,
        .platforms = PLATFORM_ALL,
        .needs = "tool:git",
        .prepare = add_worktree,
        .command = SHELL("cd '{ws}/src' && git status --porcelain >/dev/null && cd "
                         "'{extra}/linked' && git status --porcelain && git log -1 --format= && "
                         "echo asked"),
        .want_output = "asked",
    },
    {
        .id = "mw.git-commit-granted",
        .claim = "a commit works where the policy grants the repository's data",
        .technique = "git add and commit with objects, refs, logs and index writable; the harness "
                     "reads the commit",
        .source = "omac#31, bernstein#5375",
        WORKS,
        .platforms = PLATFORM_ALL,
        .flags = CASE_GIT_COMMIT,
        .needs = "tool:git",
        .command = SHELL("cd '{ws}' && echo more >>README.md && git add README.md && " COMMIT),
        .observe = observe_commit,
    },
    {
        .id = "mw.git-commit-worktree",
        .claim = "a commit works in a linked worktree under that grant",
        .technique = "git add and commit in a workspace that is a worktree of a repository "
                     "outside; the harness reads the commit",
        .source = "lionagi#2960",
        WORKS,
        .platforms = PLATFORM_ALL,
        .flags = CASE_GIT_COMMIT,
        .needs = "tool:git",
        .prepare = become_worktree,
        .command = SHELL("cd '{ws}' && echo more >>README.md && git add README.md && " COMMIT),
        .observe = observe_commit,
    },
    {
        .id = "mw.git-init-temp",
        .claim = "a repository can be made and committed to in a temporary directory",
        .technique = "git init, add and commit in a new directory of /tmp",
        .source = "git-init(1); own",
        WORKS,
        .platforms = PLATFORM_ALL,
        .needs = "tool:git",
        .command =
            SHELL("d=$(mktemp -d) && cd \"$d\" && git init -q && echo text >f && git add f && "
                  "git -c user.name=a -c user.email=a@b commit -qm first && git log "
                  "--format=%s && rm -rf \"$d\""),
        .want_output = "first",
    },
    {
        .id = "mw.git-stash-apply",
        .claim = "a patch can be made and applied",
        .technique = "git diff, git apply -R and git apply, which do not write the repository",
        .source = "git-apply(1)",
        WORKS,
        .platforms = PLATFORM_ALL,
        .needs = "tool:git",
        .command = SHELL("echo change >>README.md && git diff >p && git apply -R p && "
                         "! grep -q change README.md && git apply p && tail -n 1 README.md"),
        .want_output = "change",
    },
    {
        .id = "mw.cc",
        .claim = "a C program can be compiled, linked and run",
        .technique = "cc hello.c && ./hello",
        .source = "gcc(1)",
        WORKS,
        .platforms = PLATFORM_ALL,
        .timeout_ms = TOOL_TIMEOUT_MS,
        .needs = "tool:cc",
        .command = SHELL("printf '#include <stdio.h>\\nint main(void) { puts(\"hello\"); }\\n' "
                         ">hello.c && cc -O1 -o hello hello.c && ./hello"),
        .want_output = "hello",
    },
    {
        .id = "mw.make-j",
        .claim = "make runs jobs in parallel",
        .technique = "make -j8 with 16 targets and a sub-make, which use the job server",
        .source = "make(1), job server",
        WORKS,
        .platforms = PLATFORM_UNIX,
        .timeout_ms = TOOL_TIMEOUT_MS,
        .needs = "tool:make",
        .command = SHELL("printf 'all: $(foreach i,1 2 3 4 5 6 7 8,t$(i)) sub\\nt%%:\\n\\t@echo "
                         "$@ >$@\\nsub:\\n\\t@+$(MAKE) --no-print-directory $(foreach i,9 10 11 "
                         "12,t$(i))\\n' >Makefile && make -j8 2>&1 && ls t* | wc -l"),
        .want_output = "12",
    },
    {
        .id = "mw.cmake-ninja",
        .claim = "a CMake project can be configured and built",
        .technique = "cmake -G Ninja and ninja for one program",
        .source = "cmake(1), ninja(1)",
        WORKS,
        .platforms = PLATFORM_ALL,
        .timeout_ms = TOOL_TIMEOUT_MS,
        .needs = "tool:cmake,tool:ninja,tool:cc",
        .command = SHELL("mkdir p && cd p && printf 'cmake_minimum_required(VERSION 3.10)\\n"
                         "project(p C)\\nadd_executable(p p.c)\\n' >CMakeLists.txt && printf "
                         "'#include <stdio.h>\\nint main(void) { puts(\"built\"); }\\n' >p.c && "
                         "cmake -G Ninja -B b . >/dev/null && ninja -C b >/dev/null && b/p"),
        .want_output = "built",
    },
    {
        .id = "mw.python",
        .claim = "Python runs programs, threads and an event loop",
        .technique = "subprocess, threading and asyncio.run",
        .source = "python3(1)",
        WORKS,
        .platforms = PLATFORM_ALL,
        .timeout_ms = TOOL_TIMEOUT_MS,
        .needs = "tool:python3",
        .command = PYTHON("import asyncio, subprocess, threading\n"
                          "t = threading.Thread(target=lambda: print('thread'))\n"
                          "t.start(); t.join()\n"
                          "print(subprocess.check_output(['echo', 'child'], text=True), end='')\n"
                          "async def main():\n"
                          "    await asyncio.sleep(0.01)\n"
                          "    p = await asyncio.create_subprocess_exec('true')\n"
                          "    print('loop', await p.wait())\n"
                          "asyncio.run(main())\n"),
        .want_output = "loop 0",
    },
    {
        .id = "mw.python-mp",
        .claim = "Python's multiprocessing works, with locks and a pool",
        .technique = "Lock (a POSIX semaphore), Pool by fork, ProcessPoolExecutor by forkserver",
        .source = "sem_overview(7); openai/codex#7251, #24943",
        WORKS,
        .platforms = PLATFORM_ALL,
        .timeout_ms = TOOL_TIMEOUT_MS,
        .needs = "tool:python3",
        .command =
            SHELL("cat >mp.py <<'END'\n"
                  "import multiprocessing as mp\n"
                  "from concurrent.futures import ProcessPoolExecutor\n"
                  "def double(x): return 2 * x\n"
                  "if __name__ == '__main__':\n"
                  "    lock = mp.Lock()\n"
                  "    with lock, mp.Pool(2) as pool: print('pool', pool.map(double, [1, 2]))\n"
                  "    context = mp.get_context('forkserver')\n"
                  "    with ProcessPoolExecutor(2, mp_context=context) as pool:\n"
                  "        print('forkserver', list(pool.map(double, [3])))\n"
                  "END\n"
                  "python3 mp.py"),
        .want_output = "pool [2, 4]\nforkserver [6]\n",
    },
    {
        .id = "mw.asyncio-wakeup",
        .claim = "a thread wakes Python's event loop",
        .technique = "call_soon_threadsafe and to_thread: one byte by send(2) over a socketpair",
        .source = "send(2); openai/codex#24933, #33793",
        WORKS,
        .platforms = PLATFORM_UNIX,
        .timeout_ms = TOOL_TIMEOUT_MS,
        .needs = "tool:python3",
        .command = PYTHON("import asyncio, threading\n"
                          "async def main():\n"
                          "    loop = asyncio.get_running_loop()\n"
                          "    woken = asyncio.Event()\n"
                          "    threading.Timer(0.05, lambda: loop.call_soon_threadsafe(woken.set)"
                          ").start()\n"
                          "    await asyncio.wait_for(woken.wait(), 20)\n"
                          "    print('woken', await asyncio.to_thread(lambda: 7))\n"
                          "asyncio.run(main())\n"),
        .want_output = "woken 7",
    },
    {
        .id = "mw.node",
        .claim = "Node.js runs child processes with messages and worker threads",
        .technique = "child_process.fork with a message, worker_threads, spawn",
        .source = "Node.js child_process; openai/codex#35070",
        WORKS,
        .platforms = PLATFORM_ALL,
        .timeout_ms = TOOL_TIMEOUT_MS,
        .needs = "tool:node",
        .command = SHELL("cat >n.js <<'END'\n"
                         "const { fork, spawnSync } = require('child_process');\n"
                         "const { Worker } = require('worker_threads');\n"
                         "if (process.argv[2] === 'child') { process.send('message'); return; }\n"
                         "fork(__filename, ['child']).on('message', (m) => {\n"
                         "  new Worker('require(\"worker_threads\").parentPort.postMessage(1)', "
                         "{ eval: true })\n"
                         "    .on('message', (n) => console.log(m, n, spawnSync('true').status));\n"
                         "});\n"
                         "END\n"
                         "node n.js"),
        .want_output = "message 1 0",
    },
    {
        .id = "mw.npm-offline",
        .claim = "npm installs a package from a local archive without a network",
        .technique = "npm pack, npm install --offline, and the package's command",
        .source = "npm-install(1)",
        WORKS,
        .platforms = PLATFORM_ALL,
        .timeout_ms = TOOL_TIMEOUT_MS,
        .needs = "tool:npm",
        .command =
            SHELL("export npm_config_cache=$PWD/cache npm_config_update_notifier=false && "
                  "mkdir lib use && cd lib && printf '{\"name\":\"lib\",\"version\":\"1.0.0\","
                  "\"bin\":\"cli.js\"}' >package.json && printf '#!/usr/bin/env node\\n"
                  "console.log(\"from lib\")\\n' >cli.js && npm pack --silent >/dev/null && "
                  "cd ../use && printf '{}' >package.json && npm install --offline --silent "
                  "--no-audit ../lib/lib-1.0.0.tgz && node_modules/.bin/lib"),
        .want_output = "from lib",
    },
    {
        .id = "mw.rust-go-java",
        .claim = "programs in Go, Rust or Java can be compiled and run",
        .technique = "go run, rustc or javac of one file, whichever are installed",
        .source = "openai/codex, comment on cargo clippy",
        WORKS,
        .platforms = PLATFORM_ALL,
        .timeout_ms = TOOL_TIMEOUT_MS,
        .prepare = require_compiler,
        .command =
            SHELL("export GOCACHE=$PWD/gocache GOFLAGS=-mod=mod\n"
                  "if command -v go >/dev/null; then printf 'package main\\nfunc main() { "
                  "println(\"go\") }\\n' >m.go && go run m.go || exit 1; fi\n"
                  "if command -v rustc >/dev/null; then printf 'fn main() { println!(\"r\") "
                  "}\\n' >m.rs && rustc -o m m.rs && ./m || exit 1; fi\n"
                  "if command -v javac >/dev/null; then printf 'class M { public static void "
                  "main(String[] a) { System.out.println(\"java\"); } }\\n' >M.java && javac "
                  "M.java && java -Xshare:auto -cp . M || exit 1; fi\n"
                  "echo compiled"),
        .want_output = "compiled",
    },
    {
        .id = "mw.pytest",
        .claim = "pytest runs tests in parallel workers",
        .technique = "pytest -n 2 (xdist) with tmp_path",
        .source = "pytest-xdist, execnet",
        WORKS,
        .platforms = PLATFORM_ALL,
        .timeout_ms = TOOL_TIMEOUT_MS,
        .needs = "tool:pytest",
        .command =
            SHELL("printf 'def test_a(tmp_path):\\n    (tmp_path / \"f\").write_text(\"x\")\\n"
                  "def test_b():\\n    pass\\n' >test_x.py && pytest -q -p no:cacheprovider "
                  "$(python3 -c 'import xdist' 2>/dev/null && echo -n 2)"),
        .want_output = "2 passed",
    },
    {
        .id = "mw.sqlite",
        .claim = "SQLite works in the workspace, with a write-ahead log and two connections",
        .technique = "journal_mode=WAL (shared memory by mmap, byte-range locks) from Python",
        .source = "sqlite.org/wal.html, fcntl(2)",
        WORKS,
        .platforms = PLATFORM_ALL,
        .timeout_ms = TOOL_TIMEOUT_MS,
        .needs = "tool:python3",
        .command = PYTHON("import sqlite3\n"
                          "a = sqlite3.connect('db'); b = sqlite3.connect('db')\n"
                          "print(a.execute('pragma journal_mode=wal').fetchone()[0])\n"
                          "a.execute('create table t(x)'); a.execute('insert into t values(42)')\n"
                          "a.commit()\n"
                          "print(b.execute('select x from t').fetchone()[0])\n"),
        .want_output = "wal\n42\n",
    },
    {
        .id = "mw.pty",
        .claim = "a command can make a terminal of its own and run a program in it",
        .technique = "script -c tty",
        .source = "pty(7), script(1); containers/bubblewrap#555",
        WORKS,
        .platforms = PLATFORM_ALL,
        .needs = "tool:script",
        .command = SHELL("script -q -c 'test -t 0 && tty' /dev/null | tr -d '\\r'"),
        .want_output = "/dev/pts/",
    },
};

PROBE_FAMILY(family_mustwork_tools, rows);
