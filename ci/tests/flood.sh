#!/usr/bin/env bash
# usage: flood.sh BUILD_DIR SOURCE_DIR
# What a command can flood the harness with, in full size: 10 GiB of output, and a million files in the
# workspace, without a sandbox and in ours. The verdict is still right (escaped, held), the harness stays
# small, and nothing of it stays. That there were a million files is counted from outside: the scenes lie on a
# tmpfs of this test's own, whose used inodes are watched while it runs.
# (harness.output-flood, and res.inodes, which the suite itself does not run.)
set -u
build=$1 source=$2
work=$(mktemp -d /var/tmp/flood-XXXXXX)
fixtures=$(mktemp -d /var/tmp/flood-XXXXXX)
finish() {
    umount "$fixtures" 2>/dev/null
    rm -rf "$work" "$fixtures"
}
trap finish EXIT
is_watched=0
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o nr_inodes=3000000,size=2g flood "$fixtures" 2>/dev/null; then
    is_watched=1
fi
chmod 711 "$work" "$fixtures"
export HOLDFAST_FIXTURES=$fixtures
cat >"$work/flood.py" <<'EOF'
import os, subprocess, sys
status = subprocess.call(sys.argv[1:])
block = b"\0\x1b]0;x\a" * 32768
left = 10 << 30
while left > 0:
    left -= os.write(1, block[:left])
sys.exit(status)
EOF
# Many directories: one of a million names is slow on some file systems.
cat >"$work/files.py" <<'EOF'
import os, subprocess, sys
status = subprocess.call(sys.argv[1:])
makers = 2
for maker in range(makers):
    if os.fork() == 0:
        for d in range(maker, 1000, makers):
            os.mkdir(f"many-{d}")
            at = os.open(f"many-{d}", os.O_RDONLY | os.O_DIRECTORY)
            for i in range(1000):
                os.mknod(str(i), 0o644, dir_fd=at)
            os.close(at)
        os._exit(0)
for maker in range(makers):
    os.wait()
sys.exit(status)
EOF
python3 - "$build/bin/holdfast" "$work" "$source/conformance/adapters" "$fixtures" $is_watched <<'EOF'
import json, os, resource, subprocess, sys, threading
holdfast, work, adapters, fixtures, is_watched = sys.argv[1:]
MILLION = 1000000
bad = []


def adapter(name, script, base):
    """The sandbox of a file of ours, in which `script` runs the command; returns where it is."""
    known = json.load(open(f"{adapters}/{base}.json"))
    at = known["command"].index("{command...}")
    known["command"][at:at] = ["python3", f"{work}/{script}.py"]
    known.update(name=name)
    known.pop("mode", None)  # weakened or not, it is none of the product's
    path = f"{work}/{name}.json"
    with open(path, "w") as file:
        json.dump(known, file)
    return path


class Watcher(threading.Thread):
    """The most inodes in use at once."""

    def __init__(self):
        super().__init__(daemon=True)
        self.over, self.most, self.before = threading.Event(), 0, self.used()

    @staticmethod
    def used():
        found = os.statvfs(fixtures)
        return found.f_files - found.f_ffree

    def run(self):
        while not self.over.wait(0.01):
            self.most = max(self.most, self.used() - self.before)

    def stop(self):
        self.over.set()
        self.join()
        return self.most


def judge(name, path):
    watcher = Watcher()
    watcher.start()
    subprocess.run([holdfast, "conformance", "--adapter", path, "--identity", "user", "--cases",
                    "harness.output-flood", "--out", f"{work}/{name}"], stdout=subprocess.DEVNULL, check=False)
    most = watcher.stop()
    case, = json.load(open(f"{work}/{name}/conformance.json"))["cases"]
    # Of the largest of all waited-for children: the harness is among them.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    files = f"{most} files at once" if is_watched == "1" else "files not counted (needs root)"
    print(f"{name}: {case['verdict']} in {case['duration_ms'] / 1000:.1f} s; at most {peak} MiB; {files}; {case['twin'][:60]}")
    return case, most, peak


for name, script, base, wanted in (("flood", "flood", "null", "escaped"), ("files", "files", "null", "escaped"),
                                   ("files-held", "files", "linux-namespace", "held")):
    path = adapter(name, script, base)
    for attempt in range(3):  # a machine under load may reach the case's time limit before the million
        case, most, peak = judge(name, path)
        if case["verdict"] != wanted:
            bad.append(f"{name}: {case}")
        if peak > 256:
            bad.append(f"{name}: {peak} MiB of memory")
        if script != "files" or is_watched != "1" or most >= MILLION:
            break
    else:
        bad.append(f"{name}: never more than {most} files at once")
sys.exit("flood: " + "; ".join(bad) if bad else 0)
EOF
status=$?
left=$(ls -A "$fixtures")
[ -z "$left" ] || {
    echo "flood: left behind: $left"
    status=1
}
exit $status
