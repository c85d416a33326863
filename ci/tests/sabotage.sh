#!/usr/bin/env bash
# usage: sabotage.sh BUILD_DIR SOURCE_DIR
# The kill table tells a weakened sandbox from one that is not: a sabotage that weakens nothing
# survives, an escape that nobody explained is named, an edit that does not apply is an error.
# The table itself is `make sabotage`; here two lines of it.
set -u
build=$(cd "$1" && pwd) source=$(cd "$2" && pwd)
if ! "$build/bin/holdfast-sandbox" modes --json |
    grep -q '"name": "linux-namespace", "platform": "linux", "works": true'; then
    echo "linux-namespace does not work here"
    exit 77
fi
work=$(mktemp -d /var/tmp/holdfast-sabotage-test.XXXXXX)
trap 'rm -rf "$work"' EXIT
failures=0
fail() {
    echo "sabotage: $*" >&2
    failures=$((failures + 1))
}

# table NAME STATUS WORD...: the exit status, and what must be printed
table() {
    local name=$1 wanted=$2 status
    shift 2
    "$source/ci/sabotage" "$build" --folder "$work/$name" --keep "$work/kept" >"$work/$name.txt" 2>&1 "${options[@]}"
    status=$?
    [ $status = "$wanted" ] || {
        fail "$name: exit status $status, wanted $wanted"
        cat "$work/$name.txt" >&2
    }
    for words in "$@"; do
        grep -qF -- "$words" "$work/$name.txt" || fail "$name: does not say: $words"
    done
}
plan() { # NAME: the sabotage file on standard input
    mkdir "$work/$1"
    sed "s#@ADAPTERS@#$source/conformance/adapters#" >"$work/$1/plan.json"
}

options=(--no-strict)
plan caught <<'JSON'
{"base": "@ADAPTERS@/linux-namespace.json", "real_escapes": {}, "weak": [
 {"name": "t-unprotected", "area": "git", "cases": ["git.config-write"], "why": "nothing is protected",
  "ablate": ["--without", "protect"]},
 {"name": "t-hole", "area": "fs", "cases": ["fs.write-direct"], "why": "a folder outside is writable",
  "ablate": ["--writable", "{workspace}/../outside"]}]}
JSON
table caught 0 '2 of 2 weakened sandboxes caught'

# Not weak at all: the table must go red.
plan harmless <<'JSON'
{"base": "@ADAPTERS@/linux-namespace.json", "real_escapes": {}, "weak": [
 {"name": "t-harmless", "area": "fs", "cases": ["fs.write-direct"], "why": "nothing is missing",
  "ablate": ["--without", "landlock-network"]}]}
JSON
table harmless 1 'SURVIVED' 'survived: t-harmless' '0 of 1'

# Weak, but not where it is said to be.
plan misplaced <<'JSON'
{"base": "@ADAPTERS@/linux-namespace.json", "real_escapes": {}, "weak": [
 {"name": "t-misplaced", "area": "fs", "cases": ["git.config-write"], "why": "", "ablate": ["--without", "protect"]}]}
JSON
table misplaced 2 'is not of area fs'

plan no-such-words <<'JSON'
{"base": "@ADAPTERS@/linux-namespace.json", "real_escapes": {}, "weak": [
 {"name": "t-edit", "area": "fs", "cases": ["fs.write-direct"], "why": "", "drop": [["--no-such-word"]]}]}
JSON
table no-such-words 2 'not in the base'

# A base with an escape of its own that no list explains, and a list that explains nothing.
options=(--bases-by 'fs.write-direct,fs.chmod')
plan loose-base <<'JSON'
{"base": "@ADAPTERS@/null.json", "real_escapes": {"fs.chmod": "explained", "fs.truncate-path": "stale"}, "weak": [
 {"name": "t-none", "area": "fs", "cases": ["fs.write-direct"], "why": "", "wrap": ["env"]}]}
JSON
table loose-base 1 'nobody explained: null: fs.write-direct' 'explained, but no escape: null: fs.truncate-path'
grep -q 'nobody explained: null: fs.chmod' "$work/loose-base.txt" && fail "loose-base: fs.chmod is explained"

[ $failures = 0 ]
