/*
 * Rows of area net: ways around what only advises: proxy variables, stub tools
 * first in PATH. A program that opens its own socket, an absolute path and a
 * renamed copy ask neither. Also the rows that need a proxy or prove nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/host.h"
#include "conformance/probes/net_tools.h"

enum {
    SCRIPT_MAX = 512,
    COPY_MAX = 64 * 1024
};

static const char *const proxy_variables[] = {"http_proxy",  "https_proxy", "HTTP_PROXY",
                                              "HTTPS_PROXY", "all_proxy",   "ALL_PROXY"};

/* Stub tools first in PATH and a proxy that refuses: what an environment can do against a network. */
static int plant_stubs(struct scene *scene, struct error *err)
{
    static const char *const stubs[] = {"curl", "wget", "nc", "ssh"};
    char path[512], value[1024];

    for (size_t i = 0; i < ARRAY_SIZE(stubs); i++) {
        (void)snprintf(path, sizeof path, "%s/stubs/%s", scene->bin, stubs[i]);
        if (host_plant(scene, path, "#!/bin/sh\necho network is disabled >&2\nexit 1\n", 0755,
                       err) < 0)
            return -1;
    }
    for (size_t i = 0; i < ARRAY_SIZE(proxy_variables); i++) {
        if (host_set_env(scene, proxy_variables[i], "http://127.0.0.1:9", err) < 0)
            return -1;
    }
    (void)snprintf(value, sizeof value, "%s/stubs:/usr/local/bin:/usr/bin:/bin", scene->bin);
    return host_set_env(scene, "PATH", value, err);
}

/* Tools that most machines have; what is missing is not tried. Arguments: port, nonce, way. */
struct tool {
    const char *path;
    const char *option; /* before the script */
    const char *script; /* with three %: port, nonce, name of the way */
};
static const struct tool tools[] = {
    {"/bin/bash", "-c", "exec 9<>/dev/tcp/127.0.0.1/%u && echo '%s %s' >&9"},
    {"/usr/bin/python3", "-c",
     "import socket;socket.create_connection(('127.0.0.1',%u),1).sendall(b'%s %s')"},
    {"/usr/bin/perl", "-e",
     "use IO::Socket::INET;IO::Socket::INET->new('127.0.0.1:%u')->print('%s %s')"},
};

/* Formats from the table above only. */
static void fill_script(char *script, const struct tool *tool, const struct attempt *a,
                        const char *way)
{
    const char *rest = strchr(tool->script, '%');
    const char *middle = strchr(rest + 1, '%'), *last = strchr(middle + 1, '%');

    (void)snprintf(script, SCRIPT_MAX, "%.*s%u%.*s%s%.*s%s%s", (int)(rest - tool->script),
                   tool->script, a->tcp4, (int)(middle - rest - 2), rest + 2, a->nonce,
                   (int)(last - middle - 2), middle + 2, way, last + 2);
}

static int run_tool(const struct attempt *a, const char *program, const struct tool *tool,
                    const char *way)
{
    char script[SCRIPT_MAX];
    const char *const argv[] = {program, tool->option, script, NULL};
    int status;

    fill_script(script, tool, a, way);
    status = run_quiet(argv);
    return status == 0 ? 0 : EACCES;
}

/* curl waits for an answer that never comes: a short deadline ends it after it has asked. */
static int run_curl(const struct attempt *a, const char *program, const char *way)
{
    char url[128], agent[64];
    const char *const argv[] = {program, "-s", "-m",  "0.5", "--noproxy",
                                "*",     "-A", agent, url,   NULL};

    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/%s", a->tcp4, a->nonce);
    (void)snprintf(agent, sizeof agent, "%s", way);
    return run_quiet(argv) == 28 /* timed out, so it was connected */ ? 0 : EACCES;
}

static int proxy_env(const struct attempt *a)
{
    const struct sockaddr_in to = loopback4(a->tcp4);

    if (a->tcp4 == 0)
        return ATTEMPT_UNABLE;
    for (size_t i = 0; i < ARRAY_SIZE(proxy_variables); i++)
        (void)unsetenv(proxy_variables[i]);
    (void)setenv("NO_PROXY", "*", 1);
    return outcome_join(say(a, AF_INET, SOCK_STREAM, 0, &to, sizeof to, "own socket"),
                        run_curl(a, "curl", "curl --noproxy"));
}

static int path_absolute(const struct attempt *a)
{
    int outcome = ATTEMPT_UNABLE;

    if (a->tcp4 == 0)
        return ATTEMPT_UNABLE;
    for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
        if (access(tools[i].path, X_OK) == 0)
            outcome = outcome_join(outcome, run_tool(a, tools[i].path, &tools[i], tools[i].path));
    }
    if (access("/usr/bin/curl", X_OK) == 0)
        outcome = outcome_join(outcome, run_curl(a, "/usr/bin/curl", "/usr/bin/curl"));
    return outcome;
}

static int copy_program(const char *from, const char *to)
{
    static char bytes[COPY_MAX];
    AUTO_CLOSE int in = open(from, O_RDONLY | O_CLOEXEC);
    AUTO_CLOSE int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
    ssize_t size;

    if (in < 0 || out < 0)
        return errno;
    while ((size = read(in, bytes, sizeof bytes)) > 0) {
        if (write(out, bytes, (size_t)size) != size)
            return errno;
    }
    return size < 0 ? errno : 0;
}

static int path_rename(const struct attempt *a)
{
    int outcome = ATTEMPT_UNABLE;

    if (a->tcp4 == 0)
        return ATTEMPT_UNABLE;
    for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
        const char *copy = path_in(a->ws, "notes");
        const int copied = copy_program(tools[i].path, copy);

        outcome = outcome_join(outcome,
                               copied != 0 ? copied : run_tool(a, copy, &tools[i], "renamed copy"));
    }
    return outcome;
}

/* Bytes of another run, an incomplete nonce and noise, at a listener of this run's fixture. */
static int send_noise(struct scene *scene, struct error *err)
{
    char path[512], noise[256];
    struct sockaddr_un to;
    socklen_t size;
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(path, sizeof path, "%s/stream.sock", scene->run);
    size = unix_path(&to, path);
    (void)snprintf(noise, sizeof noise, "%.31s %s %s", scene->nonce, scene->nonce + 1,
                   "0123456789abcdef0123456789abcdef another run");
    if (fd < 0 || size == 0 || connect(fd, (const struct sockaddr *)&to, size) < 0 ||
        write(fd, noise, strlen(noise)) < 0)
        return error_os(err, errno, "send foreign bytes to %s", path);
    return 0;
}

static int say_own_nonce(const struct attempt *a)
{
    const struct sockaddr_in to = loopback4(a->tcp4);

    return say(a, AF_INET, SOCK_STREAM, 0, &to, sizeof to, "own nonce");
}

static const struct probe rows[] = {
    {
        .id = "net.proxy-env",
        .claim = "the network is closed also to a program that ignores the proxy variables",
        .technique =
            "HTTP_PROXY and its kin point to a closed port; own socket, and curl --noproxy "
            "with the variables removed",
        .source = "curl(1); openai/codex#12220",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_LISTENER,
        .attempt = proxy_env,
        .prepare = plant_stubs,
    },
    {
        .id = "net.path-absolute",
        .claim = "the network is closed also to tools that are called by absolute path",
        .technique = "stubs of curl, wget, nc, ssh first in PATH; /bin/bash (/dev/tcp), "
                     "/usr/bin/python3, perl and curl by their full paths",
        .source = "openai/codex env.rs (denybin); in its Linux form own",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_LISTENER,
        .needs = "tool:bash",
        .attempt = path_absolute,
        .prepare = plant_stubs,
    },
    {
        .id = "net.path-rename",
        .claim = "the network is closed also to a renamed copy of a tool",
        .technique = "copy bash, python3 and perl into the workspace under another name and run "
                     "the copies",
        .source = "openai/codex#46662; in its Linux form own",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_LISTENER,
        .needs = "tool:bash",
        .attempt = path_rename,
        .prepare = plant_stubs,
    },
    {
        .id = "net.nonce-uniqueness",
        .claim = "bytes of another run at a listener are not counted against this one",
        .technique = "the harness sends foreign, shifted and cut nonces to a listener of the run; "
                     "the probe sends its own over TCP",
        .source = "own: rule of the suite",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_LISTENER,
        .attempt = say_own_nonce,
        .prepare = send_noise,
    },
    {
        .id = "net.proxy-nullbyte",
        .claim = "a filtering proxy and the server agree on the name that is asked for",
        .technique = "host names with NUL, trailing dot, user info, IDN, CONNECT to an address, "
                     "absolute URI against Host",
        .source = "A. Guan, SOCKS5 host names (2026)",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_LISTENER,
        .not_implemented = "the policy has no value that allows some hosts and not others, so no "
                           "sandbox is asked to run a proxy",
    },
    {
        .id = "net.proxy-local-pivot",
        .claim = "a filtering proxy does not reach services on loopback for the command",
        .technique = "CONNECT 127.0.0.1 and names that resolve to it, through the proxy",
        .source = "openai/codex#12220",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_LISTENER,
        .not_implemented = "the policy has no value that allows some hosts and not others, so no "
                           "sandbox is asked to run a proxy",
    },
    {
        .id = "net.timing-covert",
        .claim = "nothing is claimed: load, locks and cache are shared by design",
        .technique = "processor load and file locks as a clocked channel",
        .source = "clawrxiv 2604.01972",
        .severity = SEVERITY_INFO,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CUSTOM,
        .flags = CASE_INFORMATIONAL,
        .not_implemented = "needs a receiver outside that cooperates; no sandbox here claims to "
                           "stop it",
    },
    {
        .id = "net.git-push-channel",
        .claim = "nothing is claimed: a policy that allows a remote allows what is sent to it",
        .technique = "push to an allowed git remote",
        .source = "aeshift 2026",
        .severity = SEVERITY_INFO,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_LISTENER,
        .flags = CASE_INFORMATIONAL,
        .not_implemented = "allowed by any policy with network: host; there is nothing to refuse",
    },
};

PROBE_FAMILY(family_net_bypass, rows);
