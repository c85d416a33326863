#!/usr/bin/env bash
# usage: flood.sh BUILD_DIR SOURCE_DIR
# A command that writes 10 GiB, and one that makes files until its time limit (at most a million), cost the
# harness neither its memory
# nor the verdict, and nothing of it stays (harness.output-flood and res.inodes in their full size).
set -u
build=$1
work=$(mktemp -d)
fixtures=$(mktemp -d /var/tmp/flood-XXXXXX)
chmod 711 "$work" "$fixtures"
export HOLDFAST_FIXTURES=$fixtures
trap 'rm -rf "$work" "$fixtures"' EXIT
cat >"$work/flood.py" <<'EOF'
import os, subprocess, sys
status = subprocess.call(sys.argv[1:])
block = b"\0\x1b]0;x\a" * 32768
left = 10 << 30
while left > 0:
    left -= os.write(1, block[:left])
sys.exit(status)
EOF
cat >"$work/files.py" <<'EOF'
import os, subprocess, sys
status = subprocess.call(sys.argv[1:])
os.mkdir("many")
os.chdir("many")
for i in range(1000000):
    os.mknod(str(i))
sys.exit(status)
EOF
for name in flood files; do
    printf '{"name": "%s", "platforms": ["linux"], "command": ["python3", "%s", "{command...}"]}\n' $name \
        "$work/$name.py" >"$work/$name.json"
done
python3 - "$build/bin/holdfast" "$work" <<'EOF'
import json, resource, subprocess, sys
holdfast, work = sys.argv[1:]
bad = []
for name in ("flood", "files"):
    subprocess.run([holdfast, "conformance", "--adapter", f"{work}/{name}.json", "--identity", "user", "--cases",
                    "harness.output-flood", "--out", f"{work}/{name}"], stdout=subprocess.DEVNULL, check=False)
    case, = json.load(open(f"{work}/{name}/conformance.json"))["cases"]
    # Of the largest of all waited-for children: the harness is among them.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(f"{name}: {case['verdict']} in {case['duration_ms'] / 1000:.1f} s; at most {peak} MiB; {case['twin'][:60]}")
    if case["verdict"] != "escaped":
        bad.append(f"{name}: {case}")
    if peak > 256:
        bad.append(f"{name}: {peak} MiB of memory")
sys.exit("flood: " + "; ".join(bad) if bad else 0)
EOF
status=$?
left=$(ls -A "$fixtures")
[ -z "$left" ] || {
    echo "flood: left behind: $left"
    status=1
}
exit $status
