#!/usr/bin/env bash
# holdfast-evidence.exe under Wine, with the stand-ins: it runs to its end in both modes, its controls and
# oracles work, it tears down, and it calls nothing shown, because Wine enforces nothing.
# usage: evidence.sh BUILD_DIR SOURCE_DIR
set -u
build=$1 source=$2
export HOLDFAST_WINE_TIMEOUT=500 # a busy machine takes seconds for each case
"$source/ci/wine" --here || exit 77
prefix=${HOLDFAST_WINEPREFIX:-$source/build/wine}
drive=$prefix/drive_c
scratch=holdfast-evidence-test-$$
standin=$build/standin
sandbox=$(cd "$standin" && pwd)/holdfast-sandbox.exe
sandbox="Z:${sandbox//\//\\}"
export HOLDFAST_STATE="C:\\$scratch\\state"
failures=0
fail() {
    failures=$((failures + 1))
    echo "evidence: FAILED: $*"
}
run() { "$source/ci/wine" "$@" </dev/null; }
clean() {
    run "$standin/holdfast-sandbox-setup.exe" remove >/dev/null 2>&1
    run reg delete 'HKCU\Software\HoldfastStandin' /f >/dev/null 2>&1
    run reg delete 'HKLM\SOFTWARE\Holdfast' /f >/dev/null 2>&1
    rm -rf "$drive/ProgramData/Holdfast" "${drive:?}/$scratch" "$drive"/holdfast-evidence-[0-9]*
}
clean
trap clean EXIT
mkdir -p "$drive/$scratch"

run "$build/bin/holdfast-evidence.exe" --mode sideways >/dev/null 2>&1
[ $? = 2 ] || fail "a mode that is none is not understood"
run "$build/bin/holdfast-evidence.exe" --standard-user >/dev/null 2>&1
[ $? = 2 ] || fail "an administrator is refused as a standard user" # Wine's user is one
for mode in windows-unelevated windows-elevated; do
    for try in 1 2 3; do
        # teardown, at the end of each, removes it
        run "$standin/holdfast-sandbox-setup.exe" install >/dev/null 2>&1 || fail "the stand-in set-up"
        run "$build/bin/holdfast-evidence.exe" --mode $mode --sandbox "$sandbox" --out "C:\\$scratch\\$mode.json" \
            >"$drive/$scratch/$mode" 2>&1
        status=$?
        # Wine gives up on a process whose start takes long, on a busy machine.
        grep -q '(1359)' "$drive/$scratch/$mode" || break
        run "$standin/holdfast-sandbox.exe" teardown >/dev/null 2>&1
    done
    [ $status = 3 ] || {
        fail "$mode: not exit 3"
        tail -n 5 "$drive/$scratch/$mode"
    }
    python3 - "$drive/$scratch/$mode.json" $mode <<'END' || fail "$mode: not the record that was expected"
import json
import sys

record = json.load(open(sys.argv[1], encoding="utf-8"))
mode = sys.argv[2]
bad = []


def check(holds, *words):
    if not holds:
        bad.append(words)


check(record["schema"] == "holdfast.windows-evidence/1" and record["mode"] == mode, "head")
check(record["host"]["wine"] is True, "Wine is not named")
for name in ("window_station", "desktop", "named_objects", "null_device", "console_device", "socket_device", "in_a_job"):
    check(name in record["host"], name, "is not described")
cases = {case["id"]: case for case in record["cases"]}
check(len(cases) == len(record["cases"]) >= 40, len(cases), "cases")
check(record["unexpected"] == len(cases), "something was believed under Wine")
for case in cases.values():
    check(case["verdict"] == "unverifiable" and not case["expected"], case["id"], case["verdict"])
# What Wine does itself: the control of each of these must have worked, and been seen.
TRUE_UNDER_WINE = ["work.run", "work.write", "work.create", "work.delete", "work.rename", "fs.write", "fs.append", "fs.create",
                   "fs.delete", "fs.delete-on-close", "fs.rename-in", "fs.rename-out", "fs.link", "fs.dacl", "fs.read-secret",
                   "git.write", "git.create", "git.delete", "git.rename-out", "git.replace", "git.move", "git.dacl", "name.mkdir",
                   "name.create", "name.rename", "job.leave", "job.break-away", "net.loopback", "net.v6", "net.udp", "net.listen",
                   "process.read", "process.write", "process.handle", "ui.clipboard", "work.temp", "work.named-pipe", "work.named-event",
                   "work.token"]
for name in TRUE_UNDER_WINE:
    check(cases[name]["control"]["seen"], name, "control not seen", cases[name]["control"])
for name in ("work.run", "work.write", "work.create", "work.delete", "work.rename", "work.read-git"):
    check(cases[name]["inside"]["status"] == 0 and cases[name]["inside"]["seen"], name, cases[name]["inside"])
# Names and jobs are kept by Wine, too: these are refused inside even there.
for name in ("git.move", "name.mkdir", "name.create", "name.rename", "job.leave", "job.break-away", "process.handle"):
    check(not cases[name]["inside"]["seen"], name, "seen inside")
check(cases["process.handle"]["inside"]["status"] == 77, "process.handle", cases["process.handle"]["inside"])
# ... and what needs a token's restriction is not, or the oracle is blind.
for name in ("fs.write", "git.delete", "git.replace", "process.read", "process.write", "ui.clipboard", "net.udp", "net.listen"):
    check(cases[name]["inside"]["seen"], name, "not seen though nothing is enforced")
check(cases["teardown.descriptors"]["reason"] == "nothing differs", cases["teardown.descriptors"]["reason"])
check(("teardown.residue" in cases) == (mode == "windows-elevated"), "residue")
for words in bad:
    print("evidence:", *words)
sys.exit(1 if bad else 0)
END
    ls "$drive" | grep -q '^holdfast-evidence-[0-9]' && fail "$mode: its fixture is left"
    [ ! -e "$drive/$scratch/state" ] || fail "$mode: state is left after teardown"
done
mkdir -p "$drive/users/HoldfastOffline.$scratch"
run "$build/bin/holdfast-evidence.exe" --residue >"$drive/$scratch/residue" 2>&1
[ $? = 1 ] && tr -d '\r' <"$drive/$scratch/residue" | grep -qx "left: profile: HoldfastOffline.$scratch" ||
    fail "a profile that is left is not reported"
rmdir "$drive/users/HoldfastOffline.$scratch"
echo "evidence: $failures failed; everything it says under Wine is unverifiable"
[ $failures = 0 ]
