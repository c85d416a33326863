"""usage: windows_compare.py BUILD_DIR WINDOWS_BUILD_DIR    called by ci/windows

The tests of the pure core (sandbox/nt, sandbox/windows_*) as they are written, as they went here and as
they went under Wine: every one must have run in both places, with the same result.
"""
import glob
import re
import subprocess
import sys

here, there = sys.argv[1:3]
written = set()
for path in glob.glob("sandbox/nt/*_test.c") + glob.glob("sandbox/windows_*_test.c"):
    with open(path, encoding="utf-8") as file:
        written |= {f"{suite}/{name}" for suite, name in re.findall(r"^Test\((\w+),\s*(\w+)", file.read(), re.MULTILINE)}


def results(command, pattern):
    run = subprocess.run(command, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL, check=False)
    return {m["suite"] + "/" + m["name"]: m["result"] for m in re.finditer(pattern, run.stdout + run.stderr, re.MULTILINE)}


linux = results([f"{here}/test/sandbox-test", "--verbose=1"],
                r"^\[(?P<result>PASS|FAIL|SKIP)\] (?P<suite>\w+)::(?P<name>\w+)")
with open(f"{there}/Testing/Temporary/LastTest.log", encoding="utf-8", errors="replace") as log:
    wine = {m["name"]: m["result"] for m in
            re.finditer(r"^test (?P<result>PASS|FAIL|SKIP) (?P<name>\w+/\w+): status", log.read(), re.MULTILINE)}
differ = 0
for name in sorted(written):
    found = linux.get(name, "did not run"), wine.get(name, "did not run")
    if found[0] != found[1] or found[0] == "did not run":
        differ += 1
        print(f"ci/windows: {name}: {found[0]} on Linux, {found[1]} under Wine")
passed = sum(linux.get(name) == wine.get(name) == "PASS" for name in written)
print(f"ci/windows: {len(written)} tests of the core, on Linux and under Wine: {passed} pass in both, {differ} differ")
sys.exit(1 if differ or not written else 0)
