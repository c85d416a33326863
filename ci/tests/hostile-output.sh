#!/usr/bin/env bash
# usage: hostile-output.sh BUILD_DIR SOURCE_DIR
# What a hostile command prints and names is inert in every report and on the terminal
# (harness.output-escape, harness.csv-html-md): no control byte, no markup, nothing unreadable.
set -u
build=$1 source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Under null the hostile names are made outside, where they are evidence that every report shows.
"$build/bin/holdfast" conformance --adapter "$source/conformance/adapters/null.json" \
    --cases 'harness.output-escape,harness.csv-html-md,harness.forge-result-file' \
    --out "$work/out" >"$work/terminal.txt" 2>&1
[ $? = 1 ] || {
    echo "hostile-output: the run did not end as null does" >&2
    cat "$work/terminal.txt" >&2
    exit 1
}
python3 - "$work" <<'EOF'
import json, pathlib, re, sys, xml.etree.ElementTree as tree
work = pathlib.Path(sys.argv[1])
bad = []
shown = ("terminal.txt", "conformance.json", "conformance.junit.xml", "report.html", "summary.md")
for path in [work / "terminal.txt", *sorted((work / "out").iterdir())]:
    data = path.read_bytes()
    try:
        text = data.decode()
    except UnicodeDecodeError as problem:
        bad.append(f"{path.name}: {problem}")
        continue
    # C0 without newline and tab, DEL, C1, bidi controls
    for match in re.finditer("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text):
        bad.append(f"{path.name}: {match.group()!r} at {match.start()}")
        break
    if "hostile" not in text and path.name in shown:
        bad.append(f"{path.name}: the hostile name is not in it, so nothing was tried")
    if re.search("<script>alert|<img src=x", text) and path.suffix in (".html", ".md", ".svg", ".xml"):
        bad.append(f"{path.name}: markup")
    if re.search("^(::set-output|##vso)", text, re.M):
        bad.append(f"{path.name}: a command for the CI server")
    if path.suffix == ".json":
        json.loads(text)
    if path.suffix == ".xml":
        tree.fromstring(text)
cases = json.loads((work / "out/conformance.json").read_text())["cases"]
if {c["verdict"] for c in cases} != {"escaped"} or len({c["id"] for c in cases}) != 3:
    bad.append("a verdict was changed: " + str([(c["id"], c["verdict"]) for c in cases]))
for line in bad:
    print("hostile-output:", line, file=sys.stderr)
sys.exit(1 if bad else 0)
EOF
