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
import fnmatch, json, re, subprocess, sys
holdfast, folder = sys.argv[1:]
def whole(*options):
    done = subprocess.run([holdfast, "list", "--json", *options], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)
def listed(*options):
    return whole(*options)["cases"]
bad = []
cases = listed()
modes = {mode["name"]: mode for mode in whole()["modes"]}
unknown = {"open", "not applicable"}
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
    good, bad_end = ("works", "overblocked") if case["area"] == "mw" else ("held", "escaped")
    at_home = {mode for mode, row in modes.items() if row["platform"] in case["platforms"].split()}
    if set(case["expected"]) != at_home:
        bad.append(f"{name}: expectations for {sorted(case['expected'])}, wanted {sorted(at_home)}")
    for mode, answers in case["expected"].items():
        limits = ("identity", "landlock_abi_below", "landlock_abi_from")
        if not answers or any(key in answers[-1] for key in limits):
            bad.append(f"{name}: {mode}: no answer fits always")
        if not all(any(key in answer for key in limits) for answer in answers[:-1]):
            bad.append(f"{name}: {mode}: an answer that is never asked for")
        bad += [f"{name}: {mode}: a word that is none: {answer['verdict']}" for answer in answers
                if answer["verdict"] not in {good, bad_end} | unknown]
        bad += [f"{name}: {mode}: {answer['verdict']} without a reason" for answer in answers
                if answer["verdict"] != good and not answer.get("reason")]
        bad += [f"{name}: {mode}: a gap without source or day" for answer in answers
                if answer["verdict"] == bad_end and not (answer.get("source") and answer.get("expires"))]
        bad += [f"{name}: {mode}: never run, and does not say so" for answer in answers
                if answer.get("unverified", False) != ("unverified" in modes[mode])]
        if case["runnable"] and modes[mode]["platform"] == "linux" and answers[-1]["verdict"] in unknown:
            bad.append(f"{name}: {mode}: runs here, and nothing is expected")
if len({c["id"] for c in cases}) != len(cases):
    bad.append("an id is there twice")
known = open(f"{folder}/../ids.txt").read().split()
bad += [f"{name}: in conformance/ids.txt, but not in the catalogue" for name in known if name not in {c["id"] for c in cases}]
# What was never run is exactly what is not Linux.
bad += [f"{name}: unverified? {row}" for name, row in modes.items() if ("unverified" in row) != (row["platform"] != "linux")]
# The expectations, counted the other way round: every case that a file names shows what the file says.
words = {"gaps": {"escaped", "overblocked"}, "open": {"open"}, "not_applicable": {"not applicable"}}
by_id = {c["id"]: c for c in cases}
for mode in modes:
    said = json.load(open(f"{folder}/{mode}.json"))
    for key in words:
        for entry in said.get(key, []):
            for pattern in entry.get("cases", [entry.get("case")]):
                hits = [c["expected"].get(mode) for i, c in by_id.items() if fnmatch.fnmatchcase(i, pattern)]
                if not hits or not all(h and words[key] & {a["verdict"] for a in h} for h in hits):
                    bad.append(f"{mode}: {pattern}: not shown as {key}")
ranks = ["info", "low", "medium", "high", "critical"]
filters = [
    (("--area", "net"), lambda c: c["area"] == "net"),
    (("--platform", "wsl"), lambda c: "wsl" in c["platforms"].split()),
    (("--platform", "linux", "--platform", "windows"), lambda c: {"linux", "windows"} & set(c["platforms"].split())),
    (("--severity", "high"), lambda c: ranks.index(c["severity"]) >= 3),
    (("--cases", "git.create*"), lambda c: c["id"].startswith("git.create")),
    (("fs.ch*", "mw.git-status"), lambda c: c["id"].startswith("fs.ch") or c["id"] == "mw.git-status"),
    (("--area", "git", "--severity", "critical", "git.*s*"),
     lambda c: c["area"] == "git" and c["severity"] == "critical" and "s" in c["id"][4:]),
]
for words, keep in filters:
    found, wanted = [c["id"] for c in listed(*words)], [c["id"] for c in cases if keep(c)]
    if found != wanted or not wanted:
        bad.append(f"holdfast list {' '.join(words)}: {len(found)} rows, wanted {len(wanted)}")
# A slip of the pen asks for nothing, and must not be taken for an answer.
for command in (["list", "fs.write-direct", "net.udp-send"], ["list", "--cases", "nosuch.*"],
                ["conformance", "--cases", "fs.write-direct,net.udp-send"]):
    done = subprocess.run([holdfast, *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if done.returncode != 2 or b"no case of the catalogue matches" not in done.stderr:
        bad.append(f"holdfast {' '.join(command)}: exit status {done.returncode}, wanted 2")
for line in bad[:20]:
    print("catalogue:", line)
sys.exit(1 if bad else 0)
PY
