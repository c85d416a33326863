#!/usr/bin/env bash
# usage: ci/tests/sandbox-kill.sh BUILD_DIR SOURCE_DIR
# SIGKILL of the launcher at random moments, set-up included: no process, mount, control group or file of
# the sandbox may live on, and the workspace is byte for byte what it was, apart from what the command
# wrote. Five kinds of run in turn: a plain one; one that makes names without end, so that the supervisor is
# in the middle of a call; one that commits; one with limits (a control group, where there can be one); one
# with a terminal. KILLS=200 for the full number.
set -u
sandbox=$1/bin/holdfast-sandbox
scene=$(mktemp -d /var/tmp/holdfast-kill.XXXXXX)
trap 'rm -rf "$scene"' EXIT
if ! "$sandbox" modes --json | grep -q '"name": "linux-namespace", "platform": "linux", "works": true'; then
    echo "linux-namespace does not work here"
    exit 77
fi
mkdir "$scene/ws" "$scene/ws/sub" "$scene/ws/out" "$scene/home" "$scene/repo"
echo text >"$scene/ws/file"
ln -s file "$scene/ws/link"
printf '[user]\n\tname = u\n\temail = u@example.org\n' >"$scene/home/.gitconfig"
(cd "$scene/repo" && HOME=$scene/home git init -q . && HOME=$scene/home git commit -q --allow-empty -m zero) || exit 1
HOME=$scene/home python3 - "$sandbox" "$scene" "${KILLS:-60}" <<'PY'
import hashlib, os, random, shutil, signal, subprocess, sys, time

sandbox, scene, kills = sys.argv[1], sys.argv[2], int(sys.argv[3])
workspace, repository = scene + "/ws", scene + "/repo"
mark = "holdfast-kill-%d" % os.getpid()
begin = "trap '' TERM HUP INT; (setsid sleep 600 &); "
end = " # " + mark
kinds = [
    ("plain", workspace, [], begin + "echo x >out/made; exec sleep 600"),
    ("names", workspace, [], begin + "echo x >out/made; while :; do mkdir out/d; mkdir .git .codex; echo y >out/d/f; "
                                     "mv out/d out/e; ln -s x .agents; rm -r out/e; done"),
    ("commits", repository, ["--git", "commit"],
     begin + "echo x >made; while :; do echo y >>f; git add f; git commit -qm m; done"),
    ("limits", workspace, ["--processes", "64", "--memory", "4294967296"], begin + "echo x >out/made; exec sleep 600"),
    ("terminal", workspace, ["--tty"], begin + "echo x >out/made; exec sleep 600"),
]

def survivors():
    """Processes whose command line or environment carries the mark; zombies have neither."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            text = open("/proc/%s/cmdline" % name, "rb").read() + open("/proc/%s/environ" % name, "rb").read()
        except OSError:
            continue
        if mark.encode() in text:
            found.append(name)
    return found

def mounts():
    """Of this test; others may mount what they like meanwhile."""
    return [line for line in open("/proc/self/mountinfo") if scene in line]

def groups():
    """Control groups that a sandbox made."""
    return sorted(d for d, _, _ in os.walk("/sys/fs/cgroup") if "holdfast" in d)

def snapshot(top, left_out):
    """Every name with its kind, mode, owner, times and content."""
    lines = []
    for directory, names, files in os.walk(top):
        if directory == top:
            names[:] = [n for n in names if n not in left_out]
        for name in names + [f for f in files if directory != top or f not in left_out]:
            path = directory + "/" + name
            s = os.lstat(path)
            content = os.readlink(path) if os.path.islink(path) else \
                hashlib.sha256(open(path, "rb").read()).hexdigest() if os.path.isfile(path) else ""
            lines.append((path, s.st_ino, s.st_mode, s.st_uid, s.st_gid, s.st_mtime_ns, content))
    return sorted(lines)

def trusted(top):
    """What no commit changes."""
    git = top + "/.git"
    return [(n, open(git + "/" + n, "rb").read() if os.path.isfile(git + "/" + n) else sorted(os.listdir(git + "/" + n)))
            for n in ("config", "hooks", "info", "description")]

random.seed(int(os.environ.get("SEED", "1")))
before = {"mounts": mounts(), "groups": groups(), "workspace": snapshot(workspace, {"out"}),
          "top": set(os.listdir(workspace)), "git": trusted(repository)}
late, worst, pairs = 0, 0.0, {}
environment = dict(os.environ, MARK=mark)
for i in range(kills):
    kind, top, options, script = kinds[i % len(kinds)]
    made = top + ("/made" if top == repository else "/out/made")
    child = subprocess.Popen([sandbox, "run", "--mode", "linux-namespace", "--workspace", top, "--cwd", top, *options,
                              "--", "sh", "-c", script + end], env=environment, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(random.random() * (0.004 if i % 8 < 4 else 0.03))
    has_begun = os.path.exists(made)
    late += has_begun
    pairs[kind] = pairs.get(kind, 0) + has_begun
    child.kill()
    child.wait()
    start = time.monotonic()
    while (left := survivors() + (groups() if groups() != before["groups"] else [])) and time.monotonic() - start < 10:
        time.sleep(0.01)
    worst = max(worst, time.monotonic() - start)
    where = "after kill %d (%s) " % (i + 1, kind)
    if left:
        sys.exit(where + "these live on: " + " ".join(left))
    if set(os.listdir(workspace)) != before["top"] or snapshot(workspace, {"out"}) != before["workspace"]:
        sys.exit(where + "the workspace is not what it was: %s" % os.listdir(workspace))
    if trusted(repository) != before["git"]:
        sys.exit(where + "the repository's configuration is not what it was")
    shutil.rmtree(workspace + "/out")
    os.mkdir(workspace + "/out")
    if top == repository:
        # git that is killed leaves its locks, inside as outside; what is there must be sound
        for name in ("made", ".git/index.lock", ".git/HEAD.lock", ".git/refs/heads/main.lock", ".git/refs/heads/master.lock"):
            if os.path.exists(top + "/" + name):
                os.unlink(top + "/" + name)
        if subprocess.run(["git", "fsck", "--connectivity-only"], cwd=top, capture_output=True).returncode != 0:
            sys.exit(where + "the repository is not sound")
if mounts() != before["mounts"]:
    sys.exit("mounts were left")
if groups() != before["groups"]:
    sys.exit("control groups were left: %s" % groups())
print("%d kills, %d of them after the command had begun (%s); all gone after at most %.2f s" %
      (kills, late, ", ".join("%s %d" % p for p in sorted(pairs.items())), worst))
if late == 0 or late == kills:
    print("note: the kills did not hit both set-up and run; the machine is unusually slow or fast")
PY
