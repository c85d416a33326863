#!/usr/bin/env bash
# usage: results-formats.sh BUILD_DIR SOURCE_DIR
# Our schemas accept what the programs write and refuse what they refuse (ajv); JUnit, TAP, CTRF and
# the badge are accepted by parsers that were not written here (ci/validators, from npm, installed
# into BUILD_DIR); hostile text is inert in every format. SARIF's own validator and the browser are
# in ci/report-check. Without npm the foreign judges are skipped; HOLDFAST_REQUIRE_NODE=1 makes that
# a failure.
set -eu
build=$(cd "$1" && pwd)
source=$(cd "$2" && pwd)
holdfast=$build/bin/holdfast
sample="python3 $source/ci/tests/results_sample.py"
work=$(mktemp -d "${TMPDIR:-/tmp}/results-formats.XXXXXX")
trap 'rm -rf "$work"' EXIT
failures=0
complain() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# Reports of a plain and of a hostile run ------------------------------------------------------------
$sample run "$work/run.json" --predicted
$sample run "$work/hostile-text.json" --hostile
# Names are hostile, too: this one would turn failures into skipped tests, and markup into markup.
$sample edit "$work/hostile-text.json" "$work/hostile.json" "
name = 'bwrap # SKIP \\\\ <b onclick=alert(1)>\u202e | [x](y) {0}'
first('held', 'bwrap').update(verdict='escaped', status='regression', id='fs.case # Todo <i>')
for row in d['cases'] + d['sandboxes']:
    key = 'sandbox' if 'id' in row else 'name'
    if row[key] == 'bwrap': row[key] = name"
$sample bench "$work/bench.json" --growth
for name in run hostile; do
    mkdir "$work/out-$name"
    cp "$work/$name.json" "$work/out-$name/run.json"
    "$holdfast" report "$work/$name.json" "$work/bench.json" --out "$work/out-$name"
done
# Published runs are hostile, too: names of folders, subjects and benchmarks, and what changed.
$sample edit "$work/bench.json" "$work/hostile-bench.json" "
evil = '<img src=x onerror=alert(1)>\u202e\x1b[31m</script>'
for r in d['results']:
    x = r['x_holdfast']
    if x['subject'] == 'bwrap': x['subject'] = evil
    if x['benchmark'] == 'spawn.sh': x['benchmark'] = 'spawn.' + evil
d['x_holdfast']['host']['os'] = evil
d['x_holdfast']['skipped'] = [dict(benchmark=evil, subject=evil, reason=evil)]"
for day in 1 2 3; do
    folder="$work/history/2026-01-0$day-<b onclick=alert(1)>"
    mkdir -p "$folder"
    cp "$work/hostile-bench.json" "$folder/bench.json"
    cp "$work/$([ $day = 2 ] && echo hostile || echo run).json" "$folder/conformance.json"
done
mkdir "$work/history/2026-01-09-<i>broken"
printf '{"<script>alert(1)": "\033[31m' >"$work/history/2026-01-09-<i>broken/bench.json"
"$holdfast" report "$work/hostile.json" "$work/hostile-bench.json" --history "$work/history" --out "$work/trend"
mv "$work/trend/report.html" "$work/out-hostile/trend.html"
for piece in 'id="trend"' 'id="growth"' 'onclick=alert' 'broken'; do
    grep -q "$piece" "$work/out-hostile/trend.html" || complain "the hostile trend does not have $piece: nothing was tried"
done
"$holdfast" compare --markdown "$work/hostile-bench.json" >"$work/out-hostile/compare-bench.md"
"$holdfast" compare "$work/hostile-bench.json" >"$work/out-hostile/compare-bench.txt"
"$holdfast" compare --markdown "$work/run.json" "$work/hostile.json" >"$work/out-hostile/compare.md"
"$holdfast" compare "$work/run.json" "$work/hostile.json" >"$work/out-hostile/compare.txt"
"$holdfast" gate --baseline "$work/run.json" --current "$work/hostile.json" >"$work/out-hostile/gate.txt" || true
"$holdfast" gate --baseline "$work/run.json" --current "$work/hostile.json" --markdown >"$work/out-hostile/gate.md" || true

# Whatever a child printed acts nowhere: checked on the bytes.
python3 - "$work/out-hostile" <<'PY' || complain "hostile text acts"
import os, re, sys
folder = sys.argv[1]
bad = 0
def complain(name, what):
    global bad
    bad += 1
    print(f"{name}: {what}")
deceptive = re.compile("[\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u00ad\u061c]")
controls = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
for name in sorted(os.listdir(folder)):
    if name == "run.json":
        continue
    with open(os.path.join(folder, name), "rb") as file:
        raw = file.read()
    text = raw.decode("utf-8")  # strict
    if controls.search(text):
        complain(name, f"control byte {controls.search(text).group()!r}")
    if deceptive.search(text):
        complain(name, f"deceptive character {deceptive.search(text).group()!r}")
    if len(raw) > 16 << 20:
        complain(name, f"{len(raw)} bytes")
    if name.endswith(".md"):
        if len(raw) >= 1 << 20:
            complain(name, "a step summary of 1 MiB or more")
        for pattern in (r"^::", r"(?i)www\.", "<script", "<img", r"\]\(", "@everyone", r"^#\d"):
            if re.search(pattern, text, re.M):
                complain(name, f"live {pattern}")
    if name.endswith(".html"):
        if text.count("<script") != 1 or text.count("</script") != 1 or "<img" in text or "<b onclick" in text or "<i>" in text or "onload=" in text.replace("onload=document", ""):
            complain(name, "markup of a child")
        if re.search(r"(?:src|href)=\"(?!#|data:image/svg)", text):
            complain(name, "a link out of the page")
    if name.endswith((".json", ".sarif")):
        if any(byte > 126 for byte in raw):
            complain(name, "not ASCII")
    if name.endswith(".txt") and "\x1b" in text:
        complain(name, "an escape sequence on a terminal")
    if name.endswith(".tap") and re.search(r"^(ok 2 - forged|Bail out! forged|1\.\.9)", text, re.M):
        complain(name, "a forged line")
sys.exit(1 if bad else 0)
PY

# Documents for the schemas: what our reader accepts, and what it refuses ------------------------------
mkdir "$work/accepted" "$work/refused"
for name in run hostile; do
    cp "$work/$name.json" "$work/accepted/conformance.$name.json"
done
$sample run "$work/accepted/conformance.shard.json" --shard 2/4
$sample run "$work/arm.json" --host ubuntu-arm
"$holdfast" merge "$work/run.json" "$work/arm.json" --out "$work/merged" >"$work/log"
cp "$work/merged/conformance.json" "$work/accepted/conformance.merged.json"
cp "$work/bench.json" "$work/accepted/bench.growth.json"
"$holdfast" gate --update --baseline "$work/accepted/baseline.run.json" --current "$work/run.json" >"$work/log"
$sample bench "$work/accepted/bench.gate.json"
"$holdfast" gate --update --bench --baseline "$work/accepted/bench-baseline.one.json" \
    --current "$work/accepted/bench.gate.json" >"$work/log"

refuse() { # KIND.NAME CODE: both the schema and our reader must refuse the edited document
    local source_file=$work/accepted/conformance.run.json
    [ "${1%%.*}" = baseline ] && source_file=$work/accepted/baseline.run.json
    $sample edit "$source_file" "$work/refused/$1.json" "$2"
    local status=0
    if [ "${1%%.*}" = baseline ]; then
        "$holdfast" gate --baseline "$work/refused/$1.json" --current "$work/run.json" >"$work/log" 2>&1 || status=$?
    else
        "$holdfast" compare "$work/refused/$1.json" "$work/run.json" >"$work/log" 2>&1 || status=$?
    fi
    [ "$status" = 2 ] || complain "$1: our reader does not refuse it (status $status)"
}
refuse conformance.schema "d['schema'] = 'holdfast.conformance/2'"
refuse conformance.key "d['cases'][0]['verdickt'] = 'held'"
refuse conformance.verdict "d['cases'][0]['verdict'] = 'fine'"
refuse conformance.status "first('held')['status'] = 'regression'"
refuse conformance.identity "d['cases'][0]['identity'] = 'admin'"
refuse conformance.severity "d['cases'][0]['severity'] = 'severe'"
refuse conformance.expires "first('escaped', 'bwrap')['expires'] = 'soon'"
refuse conformance.predicted "first('held')['predicted'] = 'held'"
refuse conformance.seed "d['seed'] = 7"
refuse conformance.planned "d['catalogue']['planned'] = -1"
refuse conformance.missing "del d['host']"
refuse conformance.shard "d['shard'] = dict(index=0, count=4)"
refuse conformance.duration "d['cases'][0]['duration_ms'] = 1.5"
refuse conformance.type "d['cases'][0]['evidence'] = ['held']"
refuse baseline.verdict "d['sandboxes'][0]['cases']['fs.case-00'] = 'fine'"
refuse baseline.gap "d['gaps'][0]['verdict'] = 'held'"
refuse baseline.expires "d['gaps'][0]['expires'] = 'never'"
refuse baseline.key "d['gapz'] = []"

# Files of the first versions, frozen: they must be read for ever.
for old in "$source"/ci/tests/data/conformance-1*.json; do
    "$holdfast" compare "$old" "$old" >"$work/log" 2>&1 || complain "$old is not read any more"
    cp "$old" "$work/accepted/conformance.$(basename "$old")"
done
for old in "$source"/ci/tests/data/bench-[0-9]*.json; do
    "$holdfast" compare "$old" "$old" >"$work/log" 2>&1 || complain "$old is not read any more"
    cp "$old" "$work/accepted/bench.$(basename "$old")"
done
for old in "$source"/ci/tests/data/baseline-[0-9]*.json; do
    status=0
    "$holdfast" gate --baseline "$old" --current "$work/run.json" >"$work/log" 2>&1 || status=$?
    [ $status -le 1 ] || complain "$old is not read any more: $(head -n 1 "$work/log")"
    cp "$old" "$work/accepted/baseline.$(basename "$old")"
done
for old in "$source"/ci/tests/data/bench-baseline-[0-9]*.json; do
    "$holdfast" gate --bench --baseline "$old" --current "$work/accepted/bench.gate.json" >"$work/log" 2>&1 ||
        complain "$old is not read any more: $(head -n 1 "$work/log")"
    cp "$old" "$work/accepted/bench-baseline.$(basename "$old")"
done
# What this repository holds is of these formats, too.
for file in "$source"/results/baselines/*.json; do
    [ ! -f "$file" ] || cp "$file" "$work/accepted/baseline.$(basename "$file")"
done
for file in "$source"/results/published/*/conformance.json "$source"/results/published/*/bench.json; do
    name=$(basename "$file" .json)
    [ ! -f "$file" ] || cp "$file" "$work/accepted/$name.$(basename "$(dirname "$file")").json"
done
# A key of anybody's own is fine; a file that is not UTF-8, or not JSON, is not.
$sample edit "$work/run.json" "$work/own.json" "d['x_ours'] = 1; d['cases'][0]['x_theirs'] = {}"
"$holdfast" compare "$work/own.json" "$work/run.json" >"$work/log" || complain "x_ keys are refused"
printf '{"schema": "holdfast.conformance/1", "a": "\xff"}' >"$work/bytes.json"
status=0
"$holdfast" compare "$work/bytes.json" "$work/run.json" >"$work/log" 2>&1 || status=$?
[ $status = 2 ] || complain "bytes that are not UTF-8: status $status"

[ $failures = 0 ] || exit 1

# Judges that were not written here ---------------------------------------------------------------------
skip() {
    echo "skipped the foreign judges (ajv, tap-parser, ctrf, junit2json, xmllint): $1"
    [ "${HOLDFAST_REQUIRE_NODE:-0}" = 1 ] && exit 1
    exit 77
}
command -v npm >/dev/null || skip "npm is not here"
judges=$build/validators
if ! cmp -s "$source/ci/validators/package-lock.json" "$judges/package-lock.json" || [ ! -d "$judges/node_modules/ajv" ]; then
    rm -rf "$judges"
    mkdir -p "$judges"
    cp "$source"/ci/validators/package*.json "$judges/"
    (cd "$judges" && npm ci --silent --no-audit --no-fund --ignore-scripts >"$work/npm" 2>&1) || {
        rm -rf "$judges"
        skip "npm could not install them: $(tail -n 1 "$work/npm")"
    }
fi
cp "$source/ci/validators/validate.mjs" "$judges/"
node "$judges/validate.mjs" "$source/results" "$work"
