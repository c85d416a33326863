#!/usr/bin/env bash
# usage: windows-predict.sh BUILD_DIR SOURCE_DIR
# What the model predicts for the catalogue's Windows rows: exactly what conformance/expectations says, the
# published design is predicted to be worse, nothing is called held, and our own readers take the file.
set -u
build=$1
work=$(mktemp -d "${TMPDIR:-/tmp}/windows-predict.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$2" || exit 1
ci/windows-predict "$build" "$work/run.json" >"$work/text" || exit 1
"$build/bin/holdfast" report "$work/run.json" --out "$work/report" >/dev/null || exit 1
grep -q 'nothing of this ran on Windows' "$work/text" || exit 1
"$build/bin/holdfast" list --json >"$work/list.json" || exit 1
for mode in windows-elevated windows-unelevated; do # the gaps that the predictions stand for are in the plans
    "$build/bin/holdfast-sandbox" explain --for $mode --workspace 'C:\work\p' >"$work/$mode.json" || exit 1
done
for trait in 'Everyone is among the restricting SIDs' 'restricting SIDs of the second account' 'one logon for each command' \
    'no filter at accept and bind' 'without a user condition' 'that exist are adopted'; do
    grep -q "^  .*$trait" "$work/text" || {
        echo "windows-predict: FAILED: the plans do not show: $trait"
        exit 1
    }
done
python3 - "$work" <<'END'
import json
import sys

work = sys.argv[1]
run = json.load(open(f"{work}/run.json", encoding="utf-8"))
# What is written down: per mode and row the last answer, which fits always.
listed = json.load(open(f"{work}/list.json", encoding="utf-8"))
ROWS = {row["id"]: row for row in listed["cases"] if "windows" in row["platforms"].split()}
UNVERIFIED = {mode["name"]: mode.get("unverified") for mode in listed["modes"]}
# The gaps of a plan that stand behind what its model lets escape.
GAPS = {"windows-elevated": {"bare-repositories", "nested-repositories"},
        "windows-unelevated": {"bare-repositories", "nested-repositories", "delete-child", "logon-session"}}
WORSE = {"fs.root-parent-rename", "fs.everyone-writable", "fs.late-everyone", "git.hook-modify", "git.create-absent",
         "git.create-absent-race", "git.case-variant", "git.agentdir-create", "git.parent-rename"}
failures = 0


def check(holds, *words):
    global failures
    if not holds:
        failures += 1
        print("windows-predict: FAILED:", *words)


def escapes(mode):
    return {c["id"] for c in run["cases"] if c["sandbox"] == mode and c.get("predicted") == "escaped"}


check(all(c["verdict"] == c["status"] == "unverifiable" for c in run["cases"]), "a verdict that nobody reached")
# Expectation and model against each other: where the model answers, what is written down is its answer, and
# nothing else; what is open is what it cannot know.
for case in run["cases"]:
    mode, name = case["sandbox"], case["id"]
    answers = ROWS[name]["expected"][mode]
    check(all(answer.get("unverified") is True for answer in answers) and UNVERIFIED[mode],
          mode, name, "does not say that it was never run")
    if "predicted" in case:
        check([answer["verdict"] for answer in answers] == [case["predicted"]],
              mode, name, "predicted", case["predicted"], "written down", answers)
for mode, gaps in GAPS.items():
    plan = {g["id"] for g in json.load(open(f"{work}/{mode}.json", encoding="utf-8"))["gaps"]}
    found = escapes(mode)
    net = {name for name in found if name.startswith("net.")}
    check(len(found - net) >= len(gaps), mode, "escapes", sorted(found - net))
    check(bool(net) == (mode == "windows-unelevated") and (not net or "network-advisory" in plan), mode, sorted(net))
    check(gaps <= plan, mode, "gaps that its plan does not name:", gaps - plan)
    published = escapes(f"{mode}-as-published")
    check(WORSE <= published - found, mode, "as published is no worse at", sorted(WORSE - (published - found)))
    count = sum(c["sandbox"] == mode and c.get("predicted") == "held" for c in run["cases"])
    check(count >= 40, mode, count, "rows predicted held")
sys.exit(1 if failures else 0)
END
