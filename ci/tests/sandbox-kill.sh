#!/usr/bin/env bash
# usage: ci/tests/sandbox-kill.sh BUILD_DIR SOURCE_DIR
# SIGKILL of the launcher at random moments, set-up included: nothing of the sandbox may live on, and
# the workspace holds what the command wrote and nothing else. KILLS=200 for the full number.
set -u
sandbox=$1/bin/holdfast-sandbox
scene=$(mktemp -d /var/tmp/holdfast-kill.XXXXXX)
trap 'rm -rf "$scene"' EXIT
if ! "$sandbox" modes --json | grep -q '"name": "linux-namespace", "platform": "linux", "works": true'; then
    echo "linux-namespace does not work here"
    exit 77
fi
mkdir "$scene/ws" "$scene/home"
HOME=$scene/home python3 - "$sandbox" "$scene/ws" "${KILLS:-60}" <<'PY'
import os, random, subprocess, sys, time

sandbox, workspace, kills = sys.argv[1], sys.argv[2], int(sys.argv[3])
mark = "holdfast-kill-%d" % os.getpid()
script = "trap '' TERM HUP INT; (setsid sleep 600 &); echo x > made; exec sleep 600 # " + mark

def survivors(pids):
    """Processes whose command line or environment carries the mark; zombies have neither."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) in pids:
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
    return [line for line in open("/proc/self/mountinfo") if workspace in line]

random.seed(int(os.environ.get("SEED", "1")))
before, late, worst = mounts(), 0, 0.0
environment = dict(os.environ, MARK=mark)
for i in range(kills):
    child = subprocess.Popen([sandbox, "run", "--workspace", workspace, "--cwd", workspace, "--",
                              "sh", "-c", script], env=environment, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(random.random() * (0.004 if i % 2 else 0.03))
    late += os.path.exists(workspace + "/made")
    child.kill()
    child.wait()
    start = time.monotonic()
    while (left := survivors({os.getpid()})) and time.monotonic() - start < 10:
        time.sleep(0.01)
    worst = max(worst, time.monotonic() - start)
    if left:
        sys.exit("after kill %d these live on: %s" % (i + 1, " ".join(left)))
    extra = set(os.listdir(workspace)) - {"made"}
    if extra:
        sys.exit("after kill %d the workspace holds %s" % (i + 1, extra))
    if os.path.exists(workspace + "/made"):
        os.unlink(workspace + "/made")
if mounts() != before:
    sys.exit("mounts were left")
print("%d kills, %d of them after the command had begun; all gone after at most %.2f s" % (kills, late, worst))
if late == 0 or late == kills:
    print("note: the kills did not hit both set-up and run; the machine is unusually slow or fast")
PY
