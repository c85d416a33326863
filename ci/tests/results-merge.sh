#!/usr/bin/env bash
# usage: results-merge.sh BUILD_DIR SOURCE_DIR
# Four shards joined are the unsharded run; legs of several hosts stand side by side; what cannot
# be one run is refused by name. Compare says what changed, and files of an earlier version read.
set -eu
holdfast=$1/bin/holdfast
source=$2
sample="python3 $source/ci/tests/results_sample.py"
work=$(mktemp -d "${TMPDIR:-/tmp}/results-merge.XXXXXX")
trap 'rm -rf "$work"' EXIT
failures=0

complain() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}
expect() { # STATUS PATTERN NAME COMMAND...
    local wanted=$1 pattern=$2 name=$3 status=0
    shift 3
    "$@" >"$work/out" 2>&1 || status=$?
    [ "$status" = "$wanted" ] || complain "$name: exit status $status, not $wanted: $(head -n 2 "$work/out" | cut -c1-200)"
    grep -qE -- "$pattern" "$work/out" || complain "$name: does not say '$pattern': $(head -n 2 "$work/out" | cut -c1-200)"
}

$sample run "$work/whole.json"
for i in 1 2 3 4; do
    $sample run "$work/shard$i.json" --shard $i/4
done
shards="$work/shard3.json $work/shard1.json $work/shard4.json $work/shard2.json"
# shellcheck disable=SC2086
expect 0 '4 files joined: 2262 cases of 7 sandboxes' "four shards" \
    "$holdfast" merge $shards --out "$work/merged"
# Through the program once, so that both files are in its form.
expect 0 '1 files joined' "one whole run" "$holdfast" merge "$work/whole.json" --out "$work/one"
cmp "$work/merged/conformance.json" "$work/one/conformance.json" || complain "four shards are not the whole run"
for name in conformance.junit.xml conformance.tap summary.md; do
    cmp "$work/merged/$name" "$work/one/$name" || complain "$name differs"
done
expect 0 '^0 changed, 2262 unchanged' "compare says so too" \
    "$holdfast" compare "$work/whole.json" "$work/merged/conformance.json"

# shellcheck disable=SC2086
expect 2 'duplicate shard: .*shard3.json.*both 3 of 4' "a shard twice" \
    "$holdfast" merge $shards "$work/shard3.json" --out "$work/no"
expect 2 'missing shard: 2, 4 of 4' "missing shards" \
    "$holdfast" merge "$work/shard1.json" "$work/shard3.json" --out "$work/no"
edited() { # NAME CODE
    $sample edit "$work/shard2.json" "$work/$1.json" "$2"
}
refused() { # NAME PATTERN CODE
    edited "$1" "$3"
    expect 2 "$2" "$1" "$holdfast" merge "$work/shard1.json" "$work/$1.json" "$work/shard3.json" \
        "$work/shard4.json" --out "$work/no"
}
refused digest 'mixed catalogues: [0-9a-f]+ in .*shard1.json, ff in .*digest.json' "d['catalogue']['sha256'] = 'ff'"
refused program 'mixed builds: holdfast 0.1.0 in .*, 0.2.0 in' "d['host']['holdfast'] = '0.2.0'"
refused build 'mixed builds: 5b868a6 in .*, other in' "d['host']['build'] = 'other'"
refused sandboxes 'has bwrap as root, .* has not' "
d['sandboxes'] = [s for s in d['sandboxes'] if (s['name'], s['identity']) != ('bwrap', 'root')]
d['cases'] = [c for c in d['cases'] if (c['sandbox'], c['identity']) != ('bwrap', 'root')]
d['catalogue'].update(planned=len(d['cases']), executed=len(d['cases']))"
refused interrupted 'interrupted' "d['interrupted'] = True"
refused count 'one of 4 shards, .* one of 5' "d['shard']['count'] = 5"
refused kernel 'missing shard: 2 of 4|missing shard: 1, 3, 4 of 4' "d['host']['kernel'] = '6.9'"
refused version 'version 0.1.0 in .*, 9 in' "
for s in d['sandboxes']: s['version'] = '9' if s['name'].startswith('linux') else s.get('version')"
[ ! -e "$work/no" ] || complain "a refused merge left files behind"

# Legs: the same sandboxes on two hosts.
$sample run "$work/arm.json" --host ubuntu-arm
expect 0 '2 files joined: 4524 cases of 14 sandboxes' "two hosts" \
    "$holdfast" merge "$work/whole.json" "$work/arm.json" --out "$work/legs"
grep -q '"linux-namespace:ubuntu-24.04.3-lts-aarch64-vm"' "$work/legs/conformance.json" || complain "a leg has no name"
expect 2 'is in another file too' "the same host twice" \
    "$holdfast" merge "$work/whole.json" "$work/whole.json" --out "$work/no"

# Compare: modes, runs, benchmarks, three outputs.
$sample edit "$work/whole.json" "$work/worse.json" "first('held').update(verdict='escaped', status='regression', evidence='seen')"
expect 0 '1 changed, 2261 unchanged: 1 worse' "one change" "$holdfast" compare "$work/whole.json" "$work/worse.json"
expect 0 '&rarr; escaped' "as Markdown" "$holdfast" compare --markdown "$work/whole.json" "$work/worse.json"
"$holdfast" compare --json "$work/whole.json" "$work/worse.json" | python3 -c '
import json, sys
d = json.load(sys.stdin)
assert d["schema"] == "holdfast.compare/1", d
change, = d["comparisons"][0]["changes"]
assert change["change"] == "worse" and change["a"]["verdict"] == "held" and change["b"]["verdict"] == "escaped", change
' || complain "compare --json"
expect 0 'linux-namespace -> linux-landlock' "modes of one run" "$holdfast" compare \
    "$work/whole.json@linux-namespace" "$work/whole.json@linux-landlock/user"
expect 0 'linux-namespace -> bwrap' "all modes of one run" "$holdfast" compare "$work/whole.json"
expect 0 'the hosts differ' "a caution" "$holdfast" compare "$work/whole.json" "$work/arm.json"
expect 2 'no sandbox gvisor' "an unknown mode" "$holdfast" compare "$work/whole.json@gvisor" "$work/whole.json@bwrap"
$sample bench "$work/b1.json" --seed 1 --growth
$sample bench "$work/b2.json" --seed 2 --growth
expect 0 'spawn.true +linux-landlock .* 1\.3[0-9]+ \[1\.[0-9]+, 1\.[0-9]+\]' "benchmarks of one run" "$holdfast" compare "$work/b1.json"
expect 0 'measured at different times' "benchmarks of two runs" "$holdfast" compare "$work/b1.json" "$work/b2.json"
expect 2 'one is of conformance' "cases and benchmarks" "$holdfast" compare "$work/whole.json" "$work/b1.json"

[ $failures = 0 ] && echo "merge and compare: all as expected"
[ $failures = 0 ]
