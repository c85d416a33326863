#!/usr/bin/env bash
# usage: bench.sh BUILD_DIR SOURCE_DIR    `holdfast bench` with commands, as a user of hyperfine would
set -u
build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
bench() { "$build/bin/holdfast" bench --style basic "$@"; }
fail() {
    echo "bench.sh: $*" >&2
    exit 1
}

# Exit status and words of errors.
bench 'false' >out 2>&1 && fail "a failing command was accepted"
grep -q -- 'use -i' out || fail "no hint to -i: $(cat out)"
bench -r 2 -i 'false' >out 2>&1 || fail "-i: $(cat out)"
bench -r 2 --ignore-failure=3 'exit 3' >out 2>&1 || fail "--ignore-failure=3: $(cat out)"
bench -r 2 --ignore-failure=3 'exit 4' >out 2>&1 && fail "status 4 was accepted for 3"
bench -N holdfast-no-such >out 2>&1
[ $? = 2 ] || fail "a missing program does not exit 2"
bench >out 2>&1
[ $? = 2 ] || fail "no command does not exit 2"
bench -r 2 --timeout 0.2 'sleep 20' >out 2>&1 && fail "a timeout was accepted"
grep -q timeout out || fail "the timeout is not named: $(cat out)"

# What is wrong with a file or a command is told before anything runs.
for wrong in '--output banana' '--output /nonexistent/x' '--input /nonexistent' '--export-json /nonexistent/x.json' \
    '--export-csv /' '--plots /nonexistent'; do
    # shellcheck disable=SC2086
    bench -r 2 $wrong 'echo ran >ran' >out 2>&1 && fail "$wrong was accepted"
    [ ! -e ran ] || fail "$wrong was found out after a run"
    grep -q -- "${wrong%% *}:" out || fail "the error does not name ${wrong%% *}: $(cat out)"
done
bench -r 2 true ' ' >out 2>&1 && fail "an empty command was accepted"
grep -q 'command 2 of 2' out || fail "the empty command is not named: $(cat out)"
bench -r 2 -p 'exit 3' -n named true >out 2>&1 && fail "a failing --prepare was accepted"
grep -q 'prepare of named: ended with status 3' out || fail "a failing --prepare is not named: $(cat out)"
# Around the runs: how often and in which order.
: >log
bench -r 3 -w 1 -s 'echo setup >>log' -p 'echo prepare >>log' -C 'echo conclude >>log' \
    -c 'echo cleanup >>log' 'echo run >>log' >out 2>&1 || fail "$(cat out)"
expected=$(printf 'setup\n%scleanup' "$(printf 'prepare\nrun\nconclude\n%.0s' 1 2 3 4 | tr '\n' '~')" | tr '~' '\n')
[ "$(cat log)" = "$expected" ] || fail "order of the commands around runs: $(tr '\n' ' ' <log)"

# One file with everything: two commands, a parameter, names, a seed that repeats the order.
bench -r 6 -N --seed 7 -L n 1,2 -n 'one {n}' -n 'two {n}' 'sleep 0.00{n}' 'sleep 0.01' \
    --export-json all.json --export-csv all.csv --export-markdown all.md --export-asciidoc all.adoc \
    --export-orgmode all.org >out 2>&1 || fail "$(cat out)"
grep -q 'Summary' out || fail "no summary"
grep -q 'A/A arm' out || fail "no word on the machine"
for file in all.csv all.md all.adoc all.org; do
    [ "$(grep -c 'one 2' $file)" = 1 ] || fail "$file: $(cat $file)"
done
bench -r 10 -N 'sleep 0.002' --export-json single.json --output null --style none >out 2>&1
[ -s out ] && fail "--style none printed: $(cat out)"
bench -r 5 --json 'sleep 0.01' >stdout.json 2>/dev/null || fail "--json"
bench -r 10 -N -P t 1 3 'sleep 0.00{t}' --export-json scan.json >out 2>&1 || fail "$(cat out)"
bench -r 10 -N 'sleep 0.001' 'sleep 0.002' --export-json two.json >out 2>&1 || fail "$(cat out)"

bench -r 1 -N 'sleep 0.001' --export-json once.json --style none >out 2>&1 || fail "-r 1: $(cat out)"
bench spawn api -L target true --mode linux-landlock --quick -r 4 --export-json builtin.json \
    --export-action action.json >out 2>&1 || fail "spawn: $(cat out)"

# An adapter that is a script finds an empty folder at every run.
cat >box.json <<'JSON'
{"name": "box", "version": ["true"], "platforms": ["linux", "wsl"], "exec": "box.sh"}
JSON
cat >box.sh <<'SH'
#!/bin/sh
shift 2
[ -d "$HOLDFAST_SCRATCH" ] && mkdir "$HOLDFAST_SCRATCH/mine" || exit 9
exec "$@"
SH
bench spawn -L target noop --adapter box.json -r 4 --export-json box-out.json >out 2>&1 || fail "box: $(cat out)"
grep -q '"subject": "box"' box-out.json || fail "an adapter's script does not run: $(cat out)"

# The life of a policy: each act has a row with its time and what it touched; nothing is left.
bench policy-setup -L roots 2 -L names 1 -L files 10 -L depth 2 --mode linux-landlock --quick -r 4 \
    --export-json policy.json >out 2>&1 || fail "policy-setup: $(cat out)"
python3 - policy.json <<'PYTHON' || exit 1
import json, sys
document = json.load(open(sys.argv[1]))
rows = {(r["x_holdfast"]["benchmark"], r["x_holdfast"]["subject"], *r["parameters"].items()): r["x_holdfast"]
        for r in document["results"]}
skipped = {(s["benchmark"], s["subject"]): s["reason"] for s in document["x_holdfast"].get("skipped", [])}
for parameter, value in (("roots", "2"), ("names", "1"), ("files", "10"), ("depth", "2")):
    for subject in ("linux-landlock", "session"):
        if (None, subject) in skipped or (f"policy.{parameter}", subject) in skipped:
            print("bench.sh: not checked, does not run here:", subject)
            continue
        for act in ("apply", "reapply", "change", "undo"):
            row = rows[f"policy.{parameter}.{act}", subject, (parameter, value)]
            assert row["p10"] > 0, (parameter, act, row)
            counts = row.get("counts", {})
            if act == "undo" and "objects_left" in counts:
                assert counts["objects_left"] == counts["objects_written"] == counts["mounts_left"] == 0, counts
            if "system_calls" in counts and act != "undo":
                assert counts["system_calls"] > 10, (act, counts)
    for strategy in ("rewrite", "compare", "record", "inherit"):
        if ("acl", strategy) in skipped:
            continue
        acts = {act: rows[f"acl.{act}", strategy, (parameter, value)]["counts"]["descriptors_written"]
                for act in ("apply", "reapply", "change", "undo")}
        assert acts["apply"] > 0 and acts["undo"] > 0, (strategy, acts)
        assert (acts["reapply"] == 0) == (strategy != "rewrite"), (strategy, acts)
        assert 0 < acts["change"] < acts["apply"] or strategy == "rewrite" or parameter == "roots", (strategy, acts)
    for strategy in ("landlock", "mounts"):
        if ("rules", strategy) in skipped:
            continue
        for act in ("apply", "reapply", "change", "undo"):
            assert (rows[f"rules.{act}", strategy, (parameter, value)]["counts"]["system_calls"] > 0) == (act != "undo")
PYTHON

# What hyperfine's own scripts read, as they read it (its scripts/ folder), and what bencher's and
# github-action-benchmark's adapters need.
python3 - all.json single.json stdout.json scan.json two.json <<'PYTHON' || exit 1
import json, math, statistics, sys

KEYS = ["command", "mean", "stddev", "median", "user", "system", "min", "max", "times",
        "memory_usage_byte", "exit_codes"]
for name in sys.argv[1:]:
    with open(name) as file:
        document = json.load(file)
    assert list(document)[0] == "results", name
    for key in document:
        assert key in ("results", "x_holdfast"), (name, key)
    for result in document["results"]:
        keys = list(result)
        assert keys[:len(KEYS)] == KEYS, (name, keys)
        assert set(keys) - set(KEYS) <= {"parameters", "x_holdfast"}, (name, keys)
        times = result["times"]
        # plot_whisker, plot_histogram, plot_progression, advanced_statistics, welch_ttest
        assert all(isinstance(t, float) and t > 0 for t in times), (name, times)
        assert len(times) == len(result["exit_codes"]) == len(result["memory_usage_byte"])
        assert abs(statistics.mean(times) - result["mean"]) < 1e-12
        assert abs(statistics.stdev(times) - result["stddev"]) < 1e-9
        assert abs(statistics.median(times) - result["median"]) < 1e-12
        assert result["min"] == min(times) and result["max"] == max(times)
        assert result["user"] >= 0 and result["system"] >= 0
        assert all(isinstance(m, int) and m >= 0 for m in result["memory_usage_byte"])
        assert all(isinstance(c, int) for c in result["exit_codes"])
        for key, value in result.get("parameters", {}).items():
            assert isinstance(key, str) and isinstance(value, str)
        extras = result["x_holdfast"]
        assert len(extras["user_times"]) == len(times)
    assert document["x_holdfast"]["schema"] == "holdfast.bench/1"
    assert document["x_holdfast"]["seed"].isdigit()

# bencher's adapter for hyperfine (lib/bencher_adapter/src/adapters/shell/hyperfine.rs) takes a file as
# a whole or not at all: names that are neither empty nor long, numbers where a number is wanted,
# stddev a number or null, exit codes 32-bit integers or null. Names are its benchmarks: no two alike.
def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)

for name in [*sys.argv[1:], "once.json", "builtin.json"]:
    results = json.load(open(name))["results"]
    assert len({r["command"] for r in results}) == len(results) > 0, name
    for r in results:
        assert 0 < len(r["command"]) <= 1024, r["command"]
        for key in ("mean", "median", "user", "system", "min", "max"):
            assert is_number(r[key]), (name, r["command"], key, r[key])
        assert r["stddev"] is None or is_number(r["stddev"]), (name, r["command"])
        assert all(is_number(t) for t in r["times"]), (name, r["command"])
        assert all(c is None or (isinstance(c, int) and -2**31 <= c < 2**31) for c in r["exit_codes"])
assert json.load(open("once.json"))["results"][0]["stddev"] is None

# github-action-benchmark has no reader of hyperfine's JSON; its tool customSmallerIsBetter takes an
# array of {name, value, unit, range?, extra?} (src/extract.ts), which --export-action writes.
action = json.load(open("action.json"))
assert isinstance(action, list) and len(action) > 0
for entry in action:
    assert set(entry) == {"name", "value", "unit", "range", "extra"}, entry
    assert is_number(entry["value"]) and entry["unit"] == "ms"
    assert all(isinstance(entry[key], str) for key in ("name", "range", "extra"))
spawn = {r["command"]: r for r in json.load(open("builtin.json"))["results"]}
for policy in ("plain", "full"):
    row = spawn[f"spawn.true policy={policy} linux-landlock"]
    assert row["parameters"] == {"policy": policy} and row["x_holdfast"]["ratio"] is not None

scan = json.load(open("scan.json"))["results"]  # plot_parametrized: one numeric parameter
assert [float(r["parameters"]["t"]) for r in scan] == [1, 2, 3]
assert all(len(r["parameters"]) == 1 for r in scan)
assert len(json.load(open("two.json"))["results"]) == 2  # welch_ttest: exactly two
everything = json.load(open("all.json"))
assert [r["command"] for r in everything["results"]] == ["one 1", "two 1", "one 2", "two 2"]
assert len(everything["x_holdfast"]["controls"]) == 1
assert everything["x_holdfast"]["seed"] == "7"
ratios = [r["x_holdfast"].get("ratio") for r in everything["results"]]
assert sum(r is not None for r in ratios) == 3, ratios
assert ratios[1]["low"] <= ratios[1]["ratio"] <= ratios[1]["high"] and ratios[1]["ratio"] > 1.5
PYTHON

# A result file is replaced at once, and a broken disk is an error.
bench -r 2 -N true --export-json missing/x.json >out 2>&1
[ $? = 2 ] || fail "an export that cannot be written does not exit 2"

# Ctrl-C: what was measured is written.
python3 - "$build/bin/holdfast" <<'PYTHON' || exit 1
import json, os, signal, subprocess, sys, time

started = subprocess.Popen([sys.argv[1], "bench", "-N", "--min-benchmarking-time", "60", "sleep 0.01",
                            "--export-json", "stopped.json"], start_new_session=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
time.sleep(1.5)
os.killpg(started.pid, signal.SIGINT)
errors = started.communicate(timeout=60)[1]
assert started.returncode == 2, started.returncode
assert b"stopped" in errors, errors
stopped = json.load(open("stopped.json"))
assert stopped["x_holdfast"]["interrupted"] is True
assert len(stopped["results"][0]["times"]) > 0
PYTHON
echo "bench.sh: ok"
