#!/usr/bin/env bash
# usage: results-roundtrip.sh BUILD_DIR SOURCE_DIR
# Real runs: four shards joined are the unsharded run, and the gate is green on the same build. A few
# quick cases of the first mode that this machine can run; a second try, since a loaded machine may
# turn a case invalid.
set -eu
build=$(cd "$1" && pwd)
holdfast=$build/bin/holdfast
work=$(mktemp -d "${TMPDIR:-/tmp}/results-roundtrip.XXXXXX")
trap 'rm -rf "$work"' EXIT

run() { # OUT OPTION...
    local out=$1 status=0
    shift
    "$holdfast" conformance --mode "$mode" --identity "$identity" --cases 'fs.write*' --cases 'fs.*link*' \
        --cases 'git.c*' --seed 5 --out "$out" "$@" >"$work/log" 2>&1 || status=$?
    [ $status -le 1 ] || { cat "$work/log"; return 1; }
}

identity=user
mode=""
for candidate in linux-namespace linux-landlock; do
    mode=$candidate
    run "$work/probe" && ! grep -q '"reason": ".*",$' <(sed -n '/"sandboxes"/,/\]/p' "$work/probe/conformance.json") && break
    mode=""
done
if [ -z "$mode" ]; then
    echo "skipped: neither linux-namespace nor linux-landlock runs here"
    exit 77
fi

try() {
    rm -rf "$work"/whole "$work"/s[1-4] "$work"/merged "$work/base.json"
    run "$work/whole" || return 1
    for i in 1 2 3 4; do
        run "$work/s$i" --shard $i/4 || return 1
    done
    "$holdfast" merge "$work"/s[1-4]/conformance.json --out "$work/merged" || return 1
    "$holdfast" compare "$work/whole/conformance.json" "$work/merged/conformance.json" | tee "$work/diff"
    grep -q '^0 changed' "$work/diff" || return 1
    for file in whole merged; do
        [ -s "$work/$file/report.html" ] || { echo "no report of $file"; return 1; }
    done
    # Whatever escapes here is accepted, so that the gate is about what changed.
    "$holdfast" gate --update --baseline "$work/base.json" --current "$work/whole/conformance.json" \
        --reason "this test" --link "this test" >/dev/null || return 1
    "$holdfast" gate --baseline "$work/base.json" --current "$work/merged/conformance.json" || return 1
    "$holdfast" gate --baseline "$work/base.json" --current "$work/whole/conformance.json"
}
try || { echo "once more"; try; }
