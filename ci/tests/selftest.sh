#!/usr/bin/env bash
# usage: selftest.sh BUILD_DIR SOURCE_DIR
# The suite judged by sandboxes whose answers are known: one that enforces nothing, one that runs
# nothing, one that lies, and a suite that is broken on purpose.
set -u
build=$1 source=$2
work=$(mktemp -d)
# A place of its own, so that runs of others on this machine are not mistaken for ours.
fixtures=$(mktemp -d /var/tmp/selftest-XXXXXX)
[ "$(id -u)" != 0 ] || mount -t tmpfs selftest "$fixtures" || true
chmod 711 "$fixtures"
export HOLDFAST_FIXTURES=$fixtures
finish() {
    rm -rf "$work"
    umount "$fixtures" 2>/dev/null
    rm -rf "$fixtures"
}
trap finish EXIT
containment='fs.*,git.*,read.*,net.*,ipc.*,proc.*,persist.*,setup.*,res.*,harness.*'
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

# Enforces nothing: every containment case that ran escapes.
run null 1 --adapter "$adapters/null.json" --cases "$containment" --strict
check null '[c for c in cases if c["verdict"] not in ("skipped", "escaped")]'

# A skip proves nothing: each is on the list of those that are known here, and one that is not fails a
# strict run. (The null run has every containment case and both identities.)
grep 'a skip that no list allows' "$work/null.err" >&2 && fail "null: skips that expectations/skips.json does not allow"
echo '{"skips": [{"cases": ["harness.mock-open"], "reason": "a test of the runner: *"}]}' >"$work/skips.json"
run skip-listed 0 --adapter "$adapters/null.json" --identity user --strict --cases harness.mock-open \
    --skips "$work/skips.json"
check skip-listed '[c for c in cases if c["verdict"] != "skipped" or c["status"] != "skipped" or not c["reason"]]'
run skip-unlisted 3 --adapter "$adapters/null.json" --identity user --strict --cases 'harness.mock-*' \
    --skips "$work/skips.json"
[ "$(grep -c 'a skip that no list allows: harness.mock-deny-all ' "$work/skip-unlisted.err")" = 1 ] ||
    fail "skip-unlisted: does not name the one skip that is not allowed"
run skip-no-list 2 --adapter "$adapters/null.json" --identity user --strict --cases harness.mock-open \
    --skips "$work/no-such-list.json"

# Prints that all is blocked and enforces nothing: words change no verdict. (One identity from here
# on: the others differ in nothing that is tested.)
run lying 1 --adapter "$adapters/lying.json" --identity user --cases "$containment" --strict
check lying '[c for c in cases if c["verdict"] not in ("skipped", "escaped")]'

# Runs nothing: nothing is held, nothing works.
run deny-all 1 --adapter "$adapters/deny-all.json" --identity user --strict
check deny-all '[c for c in cases if c["verdict"] in ("held", "works")]'
grep 'a skip that no list allows' "$work/deny-all.err" >&2 && fail "deny-all: skips that are not allowed"
check deny-all '[c for c in cases if mw(c) and c["verdict"] not in ("overblocked", "invalid", "skipped")]'

# Shuffled and in parts: the same verdicts, every case exactly once.
for part in 1 2 3; do
    run "shard$part" 1 --adapter "$adapters/null.json" --identity user --cases 'fs.*' \
        --seed 7 --shard "$part/3"
done
run whole 1 --adapter "$adapters/null.json" --identity user --cases 'fs.*'
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
    [ $broken = listener ] && cases='net.tcp4-connect,net.udp4-send'
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

# Ctrl-C half way: what is known is written, and said to be incomplete.
"$build/bin/holdfast" conformance --adapter "$adapters/null.json" --out "$work/stopped" \
    >"$work/stopped.txt" 2>"$work/stopped.err" &
pid=$!
for _ in $(seq 200); do
    [ "$(ls "$fixtures"/*/ 2>/dev/null | wc -l)" -gt 3 ] && break
    sleep 0.05
done
sleep 0.5
kill -INT $pid
wait $pid
status=$?
[ $status = 1 ] || [ $status = 2 ] || fail "Ctrl-C: exit status $status"
python3 - "$work/stopped/conformance.json" <<'EOF' || failures=$((failures + 1))
import json, sys
run = json.load(open(sys.argv[1]))
counts = run["catalogue"]
if not run.get("interrupted") and counts["executed"] == counts["planned"]:
    sys.exit("selftest: Ctrl-C came too late to test anything")
if counts["executed"] != len(run["cases"]):
    sys.exit("selftest: after Ctrl-C executed is not the number of cases")
EOF

# Killed without a chance to clean up: its processes end with it, and the next start removes the rest.
"$build/bin/holdfast" conformance --adapter "$adapters/null.json" >/dev/null 2>&1 &
pid=$!
sleep 2
kill -KILL $pid
wait $pid 2>/dev/null
run after-kill 1 --adapter "$adapters/null.json" --cases fs.write-direct --identity user

# Nothing is left behind.
sleep 0.5
left=$(ls "$fixtures")
[ -z "$left" ] || fail "left in the fixtures: $left"
left=$(pgrep -f "^$fixtures" || true)
[ -z "$left" ] || fail "processes are left: $left"

[ $failures -eq 0 ] || exit 1
