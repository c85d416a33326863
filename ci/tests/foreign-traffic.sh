#!/usr/bin/env bash
# usage: foreign-traffic.sh BUILD_DIR SOURCE_DIR
# A stranger on the machine talks to the listeners while cases are judged (harness.foreign-traffic).
#   noise    bytes that are not a run's nonce change no verdict
#   forgery  the nonce of a run, read from /proc and said by somebody else, is neither an escape nor
#            silence: a sandbox that held is `invalid` then, with the stranger's pid, and one that lets
#            things escape is `escaped` all the same
set -u
build=$1 source=$2
if ! "$build/bin/holdfast-sandbox" modes --json |
    grep -q '"name": "linux-namespace", "platform": "linux", "works": true'; then
    echo "linux-namespace does not work here"
    exit 77
fi
work=$(mktemp -d)
fixtures=$(mktemp -d /var/tmp/foreign-XXXXXX) # only runs below it are spoken to
chmod 711 "$fixtures"
export HOLDFAST_FIXTURES=$fixtures
stranger=""
finish() {
    [ -z "$stranger" ] || kill "$stranger" 2>/dev/null
    rm -rf "$work" "$fixtures"
}
trap finish EXIT

cat >"$work/stranger.py" <<'EOF'
"""usage: stranger.py noise|forgery FIXTURES    says its words to the listeners of every run there is"""
import os, re, socket, sys
mode, fixtures = sys.argv[1:]
done, held = set(), []
while True:
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = open(f"/proc/{pid}/cmdline", "rb").read().decode(errors="replace")
        except OSError:
            continue
        if fixtures not in words:
            continue
        found = dict(re.findall(r"\0(nonce|tcp4|udp4|unix_stream)=([^\0]*)", words))
        if len(found) < 4 or (mode == "forgery" and found["nonce"] in done):
            continue
        word = found["nonce"] if mode == "forgery" else "0" * 32 + " of somebody else"
        for family, kind, to in ((socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", int(found["tcp4"]))),
                                 (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", int(found["udp4"]))),
                                 (socket.AF_UNIX, socket.SOCK_STREAM, found["unix_stream"])):
            end = socket.socket(family, kind)
            held.append(end)  # nobody can find a sender that is gone
            try:
                end.settimeout(2)
                end.connect(to)
                end.send(word.encode())
                done.add(found["nonce"])
                if kind == socket.SOCK_STREAM:
                    end.shutdown(socket.SHUT_WR)
                    end.recv(1)  # until it was heard
            except OSError:
                pass
        del held[:-200]
EOF

# judge NAME STRANGER: leaves $work/NAME/conformance.json
judge() {
    python3 "$work/stranger.py" "$2" "$fixtures" &
    stranger=$!
    "$build/bin/holdfast" conformance --mode linux-namespace --adapter "$source/conformance/adapters/null.json" \
        --cases 'net.tcp4-connect,net.udp4-send,net.unix-path' --out "$work/$1" >"$work/$1.txt" 2>&1
    kill "$stranger"
    wait "$stranger" 2>/dev/null
    stranger=""
}
judge noise noise
judge forgery forgery
python3 - "$work" <<'EOF'
import json, sys
bad = []
def cases(name):
    found = json.load(open(f"{sys.argv[1]}/{name}/conformance.json"))["cases"]
    return found or bad.append(f"{name}: no cases") or []
for case in cases("noise"):
    wanted = "escaped" if case["sandbox"] == "null" else "held"
    if case["verdict"] != wanted:
        bad.append(f"noise: {case['sandbox']} {case['id']}: {case['verdict']}, wanted {wanted}: {case.get('reason')}")
forged = 0
for case in cases("forgery"):
    name = f"forgery: {case['sandbox']} {case['id']}: {case['verdict']}: {case.get('reason')}; {case.get('evidence')}"
    if case["sandbox"] == "null":
        bad += [name] * (case["verdict"] != "escaped")
    elif case["verdict"] == "invalid" and "which is not of the run" in case["reason"]:
        forged += 1
    elif case["verdict"] != "held":  # held: the stranger was too late for this one
        bad.append(name)
if forged == 0:
    bad.append("forgery: the stranger was heard in no case: nothing was tested")
print(f"{forged} verdicts withdrawn for a stranger's word")
for line in bad:
    print("foreign-traffic:", line)
sys.exit(1 if bad else 0)
EOF
