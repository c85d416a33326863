#!/usr/bin/env bash
# usage: false-verdicts.sh BUILD_DIR SOURCE_DIR
# Sandboxes that enforce nothing, and in which nothing can be seen to escape all the same: they end the
# probe, start it late, start it without its attempt, let it work on a copy, and say that all went well.
# None may get a single `held`. The other way round: what is about to end, and what crashed, is judged for
# what it is.
set -u
build=$1 source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work" # an ordinary user starts what is in it
failures=0

# adapter NAME: the text of a program, called with the command as its arguments
adapter() {
    cat >"$work/$1"
    chmod 755 "$work/$1"
    printf '{"name": "%s", "platforms": ["linux"], "command": ["%s", "{command...}"]}\n' "$1" "$work/$1" >"$work/$1.json"
}

# Ends the probe, and all that it started, when its beacon is there and before its attempt is over, and
# says that all went well; the last one passes on how it ended.
for way in 'KILL 0' 'TERM 0' 'SEGV 0' 'KILL 137'; do
    adapter "cuts-off-${way/ /-}" <<EOF
#!/usr/bin/env python3
import glob, os, signal, subprocess, sys, time
child = subprocess.Popen(sys.argv[1:])
nonce = [w for w in sys.argv if w.startswith("nonce=")][0]
workspace = [w for w in sys.argv if w.startswith("ws=")][0][3:]
while child.poll() is None and not os.path.exists(f"{workspace}/beacon-{nonce[6:]}"):
    pass
time.sleep(0.2)
for place in glob.glob("/proc/[0-9]*/cmdline"):
    try:
        words = open(place, "rb").read().decode(errors="replace").split("\0")
        if words[0].endswith("/holdfast-probe") and nonce in words:
            os.kill(int(place.split("/")[2]), signal.SIG${way% *})
    except OSError:
        pass
child.wait()
sys.exit(${way#* })
EOF
done
# The probe says that it could not try (exit status 3: its facts are gone); nobody hears it.
adapter hides-unable <<'EOF'
#!/bin/sh
rm -f agent.pid
"$@"
exit 0
EOF
# The beacon without the attempt: the same program, asked for nothing.
adapter asks-for-nothing <<'EOF'
#!/bin/sh
program=$1
shift 2
exec "$program" --run "$@"
EOF
# Says it is over and starts the command when everybody has looked.
adapter starts-late <<'EOF'
#!/bin/sh
(sleep 6; exec "$@") </dev/null >/dev/null 2>&1 &
exit 0
EOF
# Says it is over and starts the command a little later.
adapter starts-soon <<'EOF'
#!/bin/sh
(sleep 0.2; exec "$@") </dev/null >/dev/null 2>&1 &
exit 0
EOF
# Everything happens in a copy of the scene that nobody looks at.
adapter works-on-a-copy <<'EOF'
#!/bin/sh
exec unshare -Urm sh -c 'root=${PWD%/ws} && mount -t tmpfs copy /mnt && cp -a "$root" /mnt/ 2>/dev/null
    mount --rbind "/mnt/${root##*/}" "$root" && cd "$root/ws" && exec "$@"' copy "$@"
EOF
# Nothing but a good exit status.
adapter does-nothing <<'EOF'
#!/bin/sh
exit 0
EOF

cases='fs.write-direct,fs.chmod,net.tcp4-connect,proc.kill-victim,proc.early-return,proc.signal-harness,read.ssh-key,harness.hang'
options=()
for file in "$work"/*.json; do options+=(--adapter "$file"); done
"$build/bin/holdfast" conformance "${options[@]}" --identity user --cases "$cases" --out "$work/out" >"$work/text" 2>&1

# Whatever waits outside for the command must still be there when a sandbox takes its time to start.
mkdir "$work/slow"
cat >"$work/slow/starts-slowly.json" <<'EOF'
{"name": "starts-slowly", "platforms": ["linux"],
 "command": ["/bin/sh", "-c", "sleep 6; exec \"$@\"", "slow", "{command...}"],
 "each": {"processes": [], "memory": [], "git_commit": []}}
EOF
"$build/bin/holdfast" conformance --adapter "$work/slow/starts-slowly.json" --identity user --jobs 40 \
    --cases 'fs.*,git.*,read.*,net.*,ipc.*,proc.*,persist.*,setup.*,res.*,harness.*' --out "$work/slow.out" >"$work/text" 2>&1

# A crash, a death and silence are no refusals: rows that allow a sandbox to refuse take words only.
for end in 'kill -SEGV $$' 'kill -KILL $$' 'exit 1' 'exit 0'; do
    name=$(printf 'ends-by-%s' "$end" | tr -c 'a-zA-Z0-9\n' -)
    adapter "$name" <<EOF
#!/bin/sh
case "\$*" in *setup.reparse-roots*) $end ;; esac
exec "\$@"
EOF
    "$build/bin/holdfast" conformance --adapter "$work/$name.json" --identity user --cases setup.reparse-roots \
        --out "$work/$name.out" >"$work/text" 2>&1
done
adapter refuses-in-words <<'EOF'
#!/bin/sh
case "$*" in *setup.reparse-roots*) echo "this root is a link" >&2; exit 1 ;; esac
exec "$@"
EOF
"$build/bin/holdfast" conformance --adapter "$work/refuses-in-words.json" --identity user \
    --cases setup.reparse-roots --out "$work/words.out" >"$work/text" 2>&1

python3 - "$work" <<'EOF' || failures=1
import glob, json, sys
work = sys.argv[1]
bad = []
run = json.load(open(f"{work}/out/conformance.json"))
cases = run["cases"]
for sandbox in run["sandboxes"]:
    if sandbox.get("reason"):
        print(f"{sandbox['name']}: not runnable: {sandbox['reason'][:100]}")
for case in cases:
    # What sleeps can be cut off; what is over in a moment was over before, and has then escaped.
    if case["verdict"] == "held":
        bad.append(f"{case['sandbox']}: {case['id']}: held: {case['twin']}")
names = {c["sandbox"] for c in cases if c["verdict"] == "invalid"} | \
    {s["name"] for s in run["sandboxes"] if s.get("reason")}
for name in ("cuts-off-KILL-0", "cuts-off-TERM-0", "cuts-off-SEGV-0", "cuts-off-KILL-137", "hides-unable",
             "asks-for-nothing", "starts-late", "works-on-a-copy", "does-nothing"):
    if name not in names:
        bad.append(f"{name}: no case is invalid: nothing was tested")
if not any(c["sandbox"] == "starts-soon" and c["verdict"] == "escaped" for c in cases):
    bad.append("starts-soon: what happened between the looks was not seen")
slow = json.load(open(f"{work}/slow.out/conformance.json"))["cases"]
bad += [f"starts-slowly: {c['id']}: held" for c in slow if c["verdict"] == "held"]
if sum(c["verdict"] == "escaped" for c in slow) < 150:
    bad.append("starts-slowly: hardly anything escaped: nothing was tested")
for path in glob.glob(f"{work}/ends-by-*.out/conformance.json"):
    for case in json.load(open(path))["cases"]:
        if case["verdict"] != "invalid":
            bad.append(f"{case['sandbox']}: {case['verdict']}, wanted invalid: {case['twin']}")
for case in json.load(open(f"{work}/words.out/conformance.json"))["cases"]:
    if case["verdict"] != "held":
        bad.append(f"refuses-in-words: {case['verdict']}, wanted held: {case.get('reason')}")
for line in bad:
    print("false-verdicts:", line)
sys.exit(1 if bad else 0)
EOF
[ $failures = 0 ]
