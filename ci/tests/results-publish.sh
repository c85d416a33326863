#!/usr/bin/env bash
# usage: results-publish.sh BUILD_DIR SOURCE_DIR
# The static site of published runs: a page per run, the newest with the trend and its changes, a
# badge per sandbox, a list; nothing points outside.
set -eu
build=$(cd "$1" && pwd)
source=$(cd "$2" && pwd)
sample="python3 $source/ci/tests/results_sample.py"
work=$(mktemp -d "${TMPDIR:-/tmp}/results-publish.XXXXXX")
trap 'rm -rf "$work"' EXIT
failures=0
complain() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

$sample history "$work/published" 9 --limit 60
mkdir "$work/published/2026-12-01-broken"
echo '{' >"$work/published/2026-12-01-broken/conformance.json"
"$build/bin/holdfast" report --history "$work/published" --out "$work/alone" || complain "the trend alone"
grep -q '2026-12-01-broken' "$work/alone/report.html" || complain "a broken run is not named"
rm -r "$work/published/2026-12-01-broken"

"$source/ci/publish" --build "$build" --from "$work/published" --out "$work/site" >"$work/log" || complain "ci/publish: $(cat "$work/log")"
count=$(find "$work/site" -name report.html | wc -l)
[ "$count" = 9 ] || complain "$count pages for 9 runs"
newest=$(ls "$work/site" | grep '^20' | tail -n 1)
grep -q 'id="trend"' "$work/site/$newest/report.html" || complain "the newest page has no trend"
grep -q 'class="change"' "$work/site/$newest/report.html" || complain "no change is marked"
grep -q 'escaped → held' "$work/site/$newest/report.html" || complain "no changed case is named"
[ -f "$work/site/badges/linux-namespace-user.svg" ] || complain "no badge of a mode"
[ -f "$work/site/badge.svg" ] || complain "no badge of the run"
for run in "$work"/site/20*; do
    grep -q "href=\"$(basename "$run")/report.html\"" "$work/site/index.html" || complain "$run is not in the list"
done
if grep -rlE '(src|href)="(https?:)?//' "$work/site" --include='*.html'; then
    complain "a page points outside"
fi
status=0
"$source/ci/publish" --build "$build" --from "$work/nothing" --out "$work/site2" >"$work/log" 2>&1 || status=$?
[ $status = 2 ] || complain "no runs: exit status $status"

# A run of one's own: a dated folder with its README, once.
mkdir "$work/mine"
$sample run "$work/mine/conformance.json" --limit 60
$sample bench "$work/mine/bench.json"
add() { # STATUS OPTION...
    local wanted=$1 status=0
    shift
    "$source/ci/publish" --build "$build" --from "$work/published" --out "$work/site" --run "$work/mine" "$@" >"$work/log" 2>&1 || status=$?
    [ $status = "$wanted" ] || complain "--add $*: exit status $status, not $wanted: $(cat "$work/log")"
}
add 0 --add debian-12
folder=$(ls -d "$work"/published/*-debian-12)
for file in conformance.json bench.json README.md; do
    [ -s "$folder/$file" ] || complain "--add leaves no $file"
done
grep -q '^| linux-namespace (user) | ' "$folder/README.md" || complain "the README has no table of modes"
grep -q '^| spawn.true | candidate | ' "$folder/README.md" || complain "the README has no benchmarks"
[ -f "$work/site/$(basename "$folder")/report.html" ] || complain "an added run has no page"
add 2 --add debian-12
add 0 --add debian-12 --replace
add 2 --add ../../elsewhere
add 2 --add 'two words'
$sample edit "$work/mine/conformance.json" "$work/mine/conformance.json" "d['interrupted'] = True; d['catalogue']['planned'] += 5"
add 2 --add half

[ $failures = 0 ] && echo "publish: all as expected"
[ $failures = 0 ]
