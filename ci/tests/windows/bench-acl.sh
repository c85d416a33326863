#!/usr/bin/env bash
# bench-acl under Wine: it runs, plants and removes its trees, and its report is one that this project
# reads. Wine keeps of a descriptor what fits into a mode, so that entries for Everyone can be seen to
# change and those for an unknown account cannot: both are looked at. No figure of it is believed.
# usage: bench-acl.sh BUILD_DIR SOURCE_DIR
set -u
build=$1 source=$2
export HOLDFAST_WINE_TIMEOUT=120
"$source/ci/wine" --here || exit 77
prefix=${HOLDFAST_WINEPREFIX:-$source/build/wine}
"$source/ci/wine" cmd /c exit 0 >/dev/null 2>&1 </dev/null # makes the prefix where there is none
scratch=holdfast-bench-acl-$$
work=$prefix/drive_c/$scratch
mkdir -p "$work"
trap 'rm -rf "$work"' EXIT
fail() {
    echo "bench-acl.sh: $*" >&2
    sed 's/^/    /' "$work/err" "$work/out" >&2
    exit 1
}
: >"$work/out" >"$work/err"
acl() { "$source/ci/wine" "$build/bin/bench-acl.exe" "$@" </dev/null >"$work/out" 2>"$work/err"; }
sandbox=$(cd "$build/standin" && pwd)/holdfast-sandbox.exe

acl && fail "no directory was accepted"
acl "C:\\$scratch" --roots 0 && fail "no root was accepted"
grep -q 'from 1 to' "$work/err" || fail "the error does not say what it takes"
acl --sid S-1-1-0 --files 120 --roots 3 --rounds 2 --sandbox "Z:${sandbox//\//\\}" \
    --export-json "C:\\$scratch\\seen.json" "C:\\$scratch" || fail "does not run"
grep -q 'Wine: unverified' "$work/out" || fail "its table does not say that it is of Wine"
acl --files 120 --roots 3 --rounds 2 --export-json "C:\\$scratch\\blind.json" "C:\\$scratch" || fail "does not run"
grep -q 'not counted' "$work/err" || fail "it counts what Wine does not show"
[ -z "$(find "$work" -mindepth 1 -maxdepth 1 -type d)" ] || fail "left behind: $(ls "$work")"

python3 - "$work/seen.json" "$work/blind.json" <<'PYTHON' || fail "its report is not as it should be"
import json, sys
seen, blind = (json.load(open(name)) for name in sys.argv[1:])
for document in (seen, blind):
    assert document["x_holdfast"]["schema"] == "holdfast.bench/1"
    assert document["x_holdfast"]["host"]["os"] == "windows" and document["x_holdfast"]["host"]["machine"] == "wine"
    for row in document["results"]:
        assert len(row["times"]) == 2 and all(t > 0 for t in row["times"]), row["command"]
rows = {(r["x_holdfast"]["benchmark"][4:], r["x_holdfast"]["subject"]): r["x_holdfast"]["counts"]
        for r in seen["results"]}
assert not seen["x_holdfast"].get("skipped"), seen["x_holdfast"]["skipped"]
for act in ("apply", "reapply", "change", "undo"):
    assert "descriptors_changed" not in rows[act, "holdfast"] and rows[act, "holdfast"]["objects"] == 169
# The tree, three roots, the spare, four directories in them, and 160 files.
assert rows["apply", "walk"]["objects"] == 1 + 4 + 4 + 160
for act, changed, asked in (("apply", 126, 126), ("reapply", 0, 126), ("change", 42, 126), ("undo", 126, 126)):
    counts = rows[act, "walk"]
    assert (counts["descriptors_changed"], counts["descriptors_asked"]) == (changed, asked), (act, counts)
for act, changed in (("apply", 3), ("reapply", 0), ("change", 1), ("undo", 3)):
    assert rows[act, "root"]["descriptors_changed"] == changed, (act, rows[act, "root"])
assert all("descriptors_changed" not in r["x_holdfast"]["counts"] for r in blind["results"])
PYTHON
reader=$source/build/bin/holdfast
if [ -x "$reader" ]; then
    "$reader" compare "$work/seen.json" "$work/seen.json" >"$work/out" 2>"$work/err" || fail "holdfast compare does not read it"
fi
echo "bench-acl.sh: ok; every figure is unverified, Wine is not Windows"
