#!/usr/bin/env bash
# usage: selftest.sh BUILD_DIR SOURCE_DIR
# The suite judged by sandboxes whose answers are known: one that enforces nothing, one that runs
# nothing, one that lies, and a suite that is broken on purpose.
set -u
build=$1 source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
fail() {
    echo "selftest: $*" >&2
    failures=$((failures + 1))
}

# run NAME WANTED_STATUS OPTION...: leaves $work/NAME/conformance.json
run() {
    local name=$1 wanted=$2 status
    shift 2
    "$build/bin/holdfast" conformance --out "$work/$name" "$@" >"$work/$name.txt" 2>"$work/$name.err"
    status=$?
    [ "$status" = "$wanted" ] || {
        fail "$name: exit status $status, wanted $wanted"
        head -c 2000 "$work/$name.err" >&2
    }
}

# check NAME EXPRESSION: a Python expression over `cases`, which must be a list of the offenders
check() {
    python3 - "$work/$1/conformance.json" "$1" "$2" <<'EOF' || failures=$((failures + 1))
import json, sys
path, name, expression = sys.argv[1:]
try:
    cases = json.load(open(path))["cases"]
except OSError as problem:
    sys.exit(f"selftest: {name}: {problem}")
mw = lambda case: case["id"].startswith("mw.")
bad = eval(expression)
for case in bad[:5]:
    print("selftest:", name, ":", json.dumps(case)[:600], file=sys.stderr)
sys.exit(1 if bad or not cases else 0)
EOF
}

adapters=$source/conformance/adapters

# Enforces nothing: every containment case that ran escapes, and every useful command works.
run null 1 --adapter "$adapters/null.json" --strict
check null '[c for c in cases if c["verdict"] not in ("skipped", "works" if mw(c) else "escaped")]'

# Prints that all is blocked and enforces nothing: words change no verdict.
run lying 1 --adapter "$adapters/lying.json" --strict
check lying '[c for c in cases if c["verdict"] not in ("skipped", "works" if mw(c) else "escaped")]'

# Runs nothing: nothing is held, nothing works.
run deny-all 1 --adapter "$adapters/deny-all.json"
check deny-all '[c for c in cases if c["verdict"] in ("held", "works")]'
check deny-all '[c for c in cases if mw(c) and c["verdict"] not in ("overblocked", "invalid", "skipped")]'

# Shuffled and in parts: the same verdicts, every case exactly once.
for part in 1 2 3; do
    run "shard$part" 1 --adapter "$adapters/null.json" --cases 'fs.*' --seed 7 --shard "$part/3"
done
run whole 1 --adapter "$adapters/null.json" --cases 'fs.*'
python3 - "$work" <<'EOF' || failures=$((failures + 1))
import json, sys
read = lambda name: json.load(open(f"{sys.argv[1]}/{name}/conformance.json"))["cases"]
key = lambda c: (c["id"], c["identity"], c["verdict"])
parts = sorted(key(c) for n in (1, 2, 3) for c in read(f"shard{n}"))
if parts != sorted(map(key, read("whole"))):
    sys.exit("selftest: three shuffled shards are not the whole")
EOF

# A suite that is broken on purpose proves nothing, and says so.
for broken in listener probe control; do
    cases='fs.write-direct,fs.chmod'
    [ $broken = listener ] && cases='net.tcp4-connect,net.udp-send'
    run "break-$broken" 3 --adapter "$adapters/null.json" --strict --break $broken --cases "$cases"
    check "break-$broken" '[c for c in cases if c["verdict"] != "invalid"]'
done

# A sandbox that cannot start is not runnable, in its own words; alone, that is an environment error.
cat >"$work/refusing.json" <<'EOF'
{"name": "refusing", "platforms": ["linux"],
 "command": ["/bin/sh", "-c", "echo no such mechanism here >&2; exit 125", "x", "{command...}"]}
EOF
run refusing 2 --adapter "$work/refusing.json" --cases fs.write-direct
grep -q 'not runnable: no such mechanism here' "$work/refusing.txt" || fail "refusing: not in its own words"

# Nothing is left behind.
[ -z "$(pgrep -f "$work" || true)" ] || fail "processes are left"

[ $failures -eq 0 ] || exit 1
