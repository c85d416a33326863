#!/usr/bin/env bash
# usage: ci/tests/catalogue.sh BUILD_DIR SOURCE_DIR
# Every id of conformance/ids.txt is still there: results outlive code, so an id is never taken away or
# used again (the list is brought up to date when a version is released). conformance/CATALOGUE.md is what
# `holdfast list --markdown` prints today; every row says all it must; the filters choose what their words
# say.
set -u
holdfast=$1/bin/holdfast
if ! "$holdfast" list --markdown 2>/dev/null | diff -q - "$2/conformance/CATALOGUE.md" >/dev/null; then
    echo "conformance/CATALOGUE.md is not current; make it anew:"
    echo "    build/bin/holdfast list --markdown > conformance/CATALOGUE.md"
    exit 1
fi
python3 - "$holdfast" "$2/conformance/expectations" <<'PY'
import json, re, subprocess, sys
holdfast, folder = sys.argv[1:]
def listed(*options):
    done = subprocess.run([holdfast, "list", "--json", *options], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)["cases"]
bad = []
cases = listed()
modes = ("linux-namespace", "linux-landlock")
texts = ("id", "area", "claim", "technique", "source", "severity", "platforms", "oracles", "control")
for case in cases:
    name = case["id"]
    bad += [f"{name}: no {key}" for key in texts if key != "oracles" and not case[key]]
    if not case["oracles"] and case["runnable"]:
        bad.append(f"{name}: no oracle")
    if not re.fullmatch(case["area"] + r"\.[a-z0-9-]+", name):
        bad.append(f"{name}: not area.name")
    if not case["runnable"] and not case["not_implemented"]:
        bad.append(f"{name}: not run, and no reason")
    wanted = "works" if case["area"] == "mw" else "held"
    for mode in modes if case["runnable"] else ():
        answers = case["expected"][mode]
        if answers[-1] != {"verdict": wanted}:
            bad.append(f"{name}: {mode}: what is expected in the end is not {wanted}")
        bad += [f"{name}: {mode}: a gap without {key}" for answer in answers[:-1]
                for key in ("reason", "source") if not answer.get(key)]
if len({c["id"] for c in cases}) != len(cases):
    bad.append("an id is there twice")
known = open(f"{folder}/../ids.txt").read().split()
bad += [f"{name}: in conformance/ids.txt, but not in the catalogue" for name in known if name not in {c["id"] for c in cases}]
# The expectations, counted the other way round.
for mode in modes:
    gaps = json.load(open(f"{folder}/{mode}.json"))["gaps"]
    if sum(len(c["expected"].get(mode, [0])) - 1 for c in cases) < len(gaps):
        bad.append(f"{mode}: gaps that no case shows")
ranks = ["info", "low", "medium", "high", "critical"]
filters = [
    (("--area", "net"), lambda c: c["area"] == "net"),
    (("--platform", "wsl"), lambda c: "wsl" in c["platforms"].split()),
    (("--platform", "linux", "--platform", "windows"), lambda c: {"linux", "windows"} & set(c["platforms"].split())),
    (("--severity", "high"), lambda c: ranks.index(c["severity"]) >= 3),
    (("--cases", "git.create*"), lambda c: c["id"].startswith("git.create")),
    (("fs.ch*", "mw.git"), lambda c: c["id"].startswith("fs.ch") or c["id"] == "mw.git"),
    (("--area", "git", "--severity", "critical", "git.*s*"),
     lambda c: c["area"] == "git" and c["severity"] == "critical" and "s" in c["id"][4:]),
]
for words, keep in filters:
    found, wanted = [c["id"] for c in listed(*words)], [c["id"] for c in cases if keep(c)]
    if found != wanted or not wanted:
        bad.append(f"holdfast list {' '.join(words)}: {len(found)} rows, wanted {len(wanted)}")
for line in bad[:20]:
    print("catalogue:", line)
sys.exit(1 if bad else 0)
PY
