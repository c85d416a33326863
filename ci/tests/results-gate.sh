#!/usr/bin/env bash
# usage: results-gate.sh BUILD_DIR SOURCE_DIR
# The gate is green on the same run and on harmless changes, red on each planted regression with a
# message that names the case and the reason; --update, --strict and --bench do what they say.
set -eu
holdfast=$1/bin/holdfast
source=$2
sample="python3 $source/ci/tests/results_sample.py"
work=$(mktemp -d "${TMPDIR:-/tmp}/results-gate.XXXXXX")
trap 'rm -rf "$work"' EXIT
failures=0
checks=0

complain() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# expect STATUS PATTERN NAME COMMAND...: the exit status, and an extended regex in the output
expect() {
    local wanted=$1 pattern=$2 name=$3 status=0
    shift 3
    checks=$((checks + 1))
    "$@" >"$work/out" 2>&1 || status=$?
    [ "$status" = "$wanted" ] || complain "$name: exit status $status, not $wanted: $(head -n 2 "$work/out" | cut -c1-200)"
    grep -qE -- "$pattern" "$work/out" || complain "$name: does not say '$pattern': $(head -n 2 "$work/out" | cut -c1-200)"
}

# The baseline is made from a run, as a team would.
$sample run "$work/run.json"
base=$work/base.json
today=2026-11-21
expect 0 '377|new' "--update makes a baseline" \
    "$holdfast" gate --baseline "$base" --current "$work/run.json" --update --today $today
gate() { # FILE OPTION...
    local file=$1
    shift
    "$holdfast" gate --baseline "$base" --current "$file" --today $today "$@"
}
expect 0 'pass$' "the same run" gate "$work/run.json"
expect 0 'pass$' "a run as its own baseline" \
    "$holdfast" gate --baseline "$work/run.json" --current "$work/run.json" --today $today

changed() { # NAME CODE: an edited copy of the run
    $sample edit "$work/run.json" "$work/$1.json" "$2"
}
drop='d["cases"] = [c for c in d["cases"] if not (%s)]
d["catalogue"]["planned"] = d["catalogue"]["executed"] = len(d["cases"])'
without() { # NAME CONDITION-ON-c
    # shellcheck disable=SC2059
    changed "$1" "$(printf "$drop" "$2")"
}

# Planted regressions: each red, each message with the case and why ------------------------------
fs='"fs.case-00"'
changed escaped "case($fs).update(verdict='escaped', status='regression', evidence='canary changed')"
expect 1 'escaped +fs\.case-00, linux-namespace \(user\): held in the baseline, now escaped: canary changed' \
    "held -> escaped" gate "$work/escaped.json"

changed invalid "case($fs).update(verdict='invalid', status='invalid', evidence='the listener died')"
expect 1 'invalid +fs\.case-00.*held in the baseline, now it proves nothing: the listener died' \
    "held -> invalid" gate "$work/invalid.json"

changed over "case('mw.case-01').update(verdict='overblocked', status='regression', evidence='exit status 1')"
expect 1 'overblocked +mw\.case-01.*works in the baseline, now overblocked: exit status 1' \
    "works -> overblocked" gate "$work/over.json"

without vanished "c['id'] == 'net.case-03' and c['sandbox'] == 'bwrap' and c['identity'] == 'root'"
expect 1 'vanished +net\.case-03, bwrap \(root\): .* in the baseline, not in this run' \
    "a vanished case" gate "$work/vanished.json"

without sandbox "c['sandbox'] == 'bwrap'"
$sample edit "$work/sandbox.json" "$work/sandbox.json" "
for s in d['sandboxes']:
    if s['name'] == 'bwrap': s['reason'] = 'bwrap: not found'"
expect 1 'sandbox-gone +bwrap \(root\): in the baseline, but not runnable now: bwrap: not found' \
    "a vanished sandbox" gate "$work/sandbox.json"

changed skipped "case($fs).update(verdict='skipped', status='skipped', reason='no xattrs here', evidence=None)"
expect 1 'skipped +fs\.case-00.*1 new skips, 0 allowed\): no xattrs here' "more skips" gate "$work/skipped.json"

changed fixed "c = first('escaped', 'linux-landlock'); c.update(verdict='held', status='fixed-gap')"
expect 1 'fixed-gap +[a-z]+\.case-[0-9]+, linux-landlock \(user\): held, but its expectation still documents a gap' \
    "a fixed gap the expectations do not know" gate "$work/fixed.json"

changed improved "c = first('escaped', 'bwrap'); c.update(verdict='held', expected='held', status='ok')"
expect 1 'fixed-gap +.*bwrap \(user\): escaped in the baseline, now held' \
    "a fixed gap the baseline does not know" gate "$work/improved.json"

changed unverifiable "case($fs).update(verdict='unverifiable', status='unverifiable', evidence='under Wine')"
expect 1 'unverifiable +fs\.case-00.*held in the baseline, now it cannot be observed: under Wine' \
    "held -> unverifiable" gate "$work/unverifiable.json"

changed newcase "d['cases'].append(dict(case($fs), id='fs.new', verdict='escaped', status='regression', evidence='new hole'))
d['catalogue'].update(planned=len(d['cases']), executed=len(d['cases']))"
expect 1 'escaped +fs\.new.*new case, escaped, not accepted in the baseline: new hole' \
    "a new case that escapes" gate "$work/newcase.json"

changed expired "first('escaped', 'linux-landlock').update(expires='2026-11-20')"
expect 1 'gap-expired .*linux-landlock \(user\): its expectation \(escaped\) expired on 2026-11-20' \
    "an expired expectation" gate "$work/expired.json"

expect 1 'gap-expired .*: accepted until 2027-06-30: look at the gap again' "an expired acceptance" \
    "$holdfast" gate --baseline "$base" --current "$work/run.json" --today 2027-07-01

for key in reason link expires; do
    $sample edit "$base" "$work/base-$key.json" "d['gaps'][0]['$key'] = ''"
    expect 1 "gap-unexplained .*: accepted gap without (a|an) (reason|link|expiry date)" "a gap without $key" \
        "$holdfast" gate --baseline "$work/base-$key.json" --current "$work/run.json" --today $today
done
$sample edit "$base" "$work/base-unknown.json" "d['gaps'][0]['case'] = 'fs.never'"
expect 1 'gap-unknown +fs\.never' "a gap of an unknown case" \
    "$holdfast" gate --baseline "$work/base-unknown.json" --current "$work/run.json" --today $today
$sample edit "$base" "$work/base-nogap.json" "d['gaps'] = d['gaps'][1:]"
expect 1 'escaped as in the baseline, but no accepted gap says so' "a gap nobody accepted" \
    "$holdfast" gate --baseline "$work/base-nogap.json" --current "$work/run.json" --today $today

changed interrupted "d['interrupted'] = True; d['catalogue']['planned'] += 5"
expect 1 'interrupted +the run was interrupted' "an interrupted run" gate "$work/interrupted.json"

# Inconclusive is a verdict of its own -------------------------------------------------------------
$sample edit "$base" "$work/base-invalid.json" \
    "next(s for s in d['sandboxes'] if s['name'] == 'linux-namespace' and s['identity'] == 'user')['cases'][$fs] = 'invalid'"
for strict in "" --strict; do
    status=0
    [ -z "$strict" ] || status=3
    # shellcheck disable=SC2086
    expect $status 'inconclusive$' "invalid before and now $strict" "$holdfast" gate $strict \
        --baseline "$work/base-invalid.json" --current "$work/invalid.json" --today $today
done

# Harmless changes: all green ----------------------------------------------------------------------
changed order "d['cases'].reverse()"
changed time "d.update(started='2027-01-01T00:00:00Z', finished='2027-01-01T00:01:00Z', seed='99')
for c in d['cases']: c['duration_ms'] += 7"
changed words "
for c in d['cases']:
    if c['verdict'] == 'held': c['evidence'] = 'other words'"
changed host "d['host'].update(kernel='6.1.0-33-amd64', cpu='another', cpus=64)"
changed more "d['cases'].append(dict(case($fs), id='fs.new'))
d['catalogue'].update(planned=len(d['cases']), executed=len(d['cases']), sha256='00')"
changed unskip "c = first('skipped'); c.update(verdict=c['expected'], status='ok', reason=None)"
changed version "
for s in d['sandboxes']: s['version'] = 'next'"
changed another "d['sandboxes'].append(dict(name='minijail', identity='user'))
d['cases'].append(dict(case($fs), sandbox='minijail'))
d['catalogue'].update(planned=len(d['cases']), executed=len(d['cases']))"
for name in order time words host more unskip version another; do
    expect 0 'pass$' "harmless: $name" gate "$work/$name.json" --strict
done

# --update ------------------------------------------------------------------------------------------
cp "$base" "$work/base2.json"
expect 0 'fs\.case-00 .*held -> escaped' "--update shows what it changes" "$holdfast" gate \
    --baseline "$work/base2.json" --current "$work/escaped.json" --update --today $today
expect 1 'gap-unexplained +fs\.case-00' "an escape taken over silently still fails" "$holdfast" gate \
    --baseline "$work/base2.json" --current "$work/escaped.json" --today $today
cp "$base" "$work/base2.json"
"$holdfast" gate --baseline "$work/base2.json" --current "$work/escaped.json" --update --today $today \
    --reason "kernel bug" --link "https://example.invalid/1" --expires 2026-12-31 >/dev/null
expect 0 'pass$' "accepted with words" "$holdfast" gate --baseline "$work/base2.json" \
    --current "$work/escaped.json" --today $today
expect 1 'gap-expired +fs\.case-00' "until its day" "$holdfast" gate --baseline "$work/base2.json" \
    --current "$work/escaped.json" --today 2027-01-01
"$holdfast" gate --baseline "$work/base2.json" --current "$work/run.json" --update --today $today >/dev/null
cmp -s "$base" "$work/base2.json" || complain "--update back to the first run is not the first baseline"

# Benchmarks: one slow file alone proves nothing, a repeat does --------------------------------------
for seed in 1 2; do
    $sample bench "$work/same-$seed.json" --seed $seed
    $sample bench "$work/slow-$seed.json" --seed $seed --slow 1.10
done
$sample bench "$work/noisy.json" --seed 3 --noise 3
benchgate() { # CURRENT OPTION...
    local file=$1
    shift
    "$holdfast" gate --bench --current "$file" --today $today "$@"
}
expect 0 'pass$' "bench: the same build" benchgate "$work/same-1.json" --repeat "$work/same-2.json" --strict
expect 1 'slower +spawn\.true, candidate: slower: p10 ratio 1\.[01]' "bench: slower twice" \
    benchgate "$work/slow-1.json" --repeat "$work/slow-2.json"
expect 0 'pass$' "bench: slower once, not again" benchgate "$work/slow-1.json" --repeat "$work/same-2.json"
expect 3 'slower once.*--repeat' "bench: slower, never repeated" benchgate "$work/slow-1.json" --strict
expect 3 'too noisy|unfit' "bench: noise is inconclusive" benchgate "$work/noisy.json" --repeat "$work/noisy.json" --strict
# What bench --against leaves: the repeat is in the same file, under a name of its own.
for again in same slow; do
    python3 - "$work/slow-1.json" "$work/$again-2.json" "$work/against-$again.json" <<'PY'
import json, sys
first, again = (json.load(open(name)) for name in sys.argv[1:3])
first["results"] = [r for r in first["results"] if r["x_holdfast"]["benchmark"] == "spawn.true"]
for prefix, results in (("against", first["results"]), ("against-again", again["results"])):
    for r in results:
        if r["x_holdfast"]["benchmark"] == "spawn.true":
            r["x_holdfast"]["benchmark"] = prefix + ".linux-namespace"
first["results"] += [r for r in again["results"] if r["x_holdfast"]["benchmark"].startswith("against")]
json.dump(first, open(sys.argv[3], "w"))
PY
done
expect 1 'slower +against\.linux-namespace, candidate: slower: p10 ratio' "bench --against: slower twice" benchgate "$work/against-slow.json"
expect 0 'gate: 1 judged.*pass$' "bench --against: slower once" benchgate "$work/against-same.json" --strict
$sample edit "$work/same-1.json" "$work/count.json" \
    "next(r for r in d['results'] if r['x_holdfast']['subject'] == 'candidate')['x_holdfast']['counts']['syscalls'] = 121"
expect 1 'count +spawn\.true, candidate: syscalls: 121, was 120' "bench: one more system call" benchgate "$work/count.json"
$sample edit "$work/slow-1.json" "$work/unfit.json" "
for r in d['results']:
    if r['x_holdfast'].get('is_control'): r['times'] = [t * 1.2 for t in r['times']]"
expect 3 'this machine was unfit' "bench: an A/A alarm judges nothing" \
    benchgate "$work/unfit.json" --repeat "$work/slow-2.json" --strict
expect 2 'no benchmark ran interleaved' "bench: no reference" benchgate "$work/same-1.json" --reference nobody
for seed in 1 2 3 4; do
    $sample bench "$work/aa.json" --seed $((seed + 10))
    "$holdfast" gate --bench --update --baseline "$work/noise.json" --current "$work/aa.json" >"$work/out"
done
grep -qE 'spawn.true: noise floor [0-9.]+ % from 4 A/A ratios' "$work/out" || complain "bench --update: $(cat "$work/out")"
expect 0 'pass$' "bench: with a noise floor" benchgate "$work/same-1.json" --baseline "$work/noise.json"
$sample edit "$work/same-1.json" "$work/less.json" \
    "d['results'] = [r for r in d['results'] if 'spawn' in r['command']]"
expect 1 'vanished +policy-setup\.roots-100' "bench: a vanished benchmark" \
    benchgate "$work/less.json" --baseline "$work/noise.json"
$sample edit "$work/noise.json" "$work/noise2.json" "d['accepted'] = [dict(benchmark='spawn.true', subject='candidate', parameters='', ratio_max=1.2, reason='safer', link='https://example.invalid/2', expires='2026-12-01')]"
expect 0 'slower, as accepted' "bench: an accepted slow-down" \
    benchgate "$work/slow-1.json" --repeat "$work/slow-2.json" --baseline "$work/noise2.json"
expect 1 'acceptance has expired' "bench: an expired acceptance" "$holdfast" gate --bench \
    --current "$work/slow-1.json" --repeat "$work/slow-2.json" --baseline "$work/noise2.json" --today 2026-12-02

# What cannot be judged is exit 2 ---------------------------------------------------------------------
expect 2 'baseline FILE is needed' "no baseline" "$holdfast" gate
expect 2 'No such file' "a missing file" gate "$work/nothing.json"
echo '{"schema":"holdfast.conformance/2"}' >"$work/new.json"
expect 2 'schema: holdfast.conformance/2' "a newer schema" gate "$work/new.json"
head -c 5000 "$work/run.json" >"$work/cut.json"
expect 2 'cut.json: line' "a cut file" gate "$work/cut.json"
$sample run "$work/shard.json" --shard 1/4
expect 2 'shard 1 of 4 is not a whole run' "a shard" gate "$work/shard.json"

echo "$checks checks, $failures failed"
[ $failures = 0 ]
