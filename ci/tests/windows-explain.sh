#!/usr/bin/env bash
# The plans of the Windows modes are printed on any platform, as JSON, and say that they are
# unverified; places that must stay as they are get refused.
set -u
sandbox=$1/bin/holdfast-sandbox
work=$(mktemp -d "${TMPDIR:-/tmp}/windows-explain.XXXXXX")
trap 'rm -rf "$work"' EXIT
failures=0
fail() {
    echo "windows-explain: $*"
    failures=$((failures + 1))
}
for mode in windows-elevated windows-unelevated windows-elevated-as-published windows-unelevated-as-published; do
    "$sandbox" explain --for $mode --workspace 'C:\work\project' | python3 -c "
import json, sys
plan = json.load(sys.stdin)
steps = [s['step'] for s in plan['steps']]
assert plan['mode'] == '$mode', plan['mode']
assert 'unverified' in [g['id'] for g in plan['gaps']]
for step in ('ace', 'token', 'token-restrict', 'desktop', 'job', 'handles'):
    assert step in steps, step
assert ('setting' in steps) == ('windows-elevated' in '$mode')
assert any(s.get('path', '').endswith('project') for s in plan['steps'])
" || fail "$mode: not the plan that was expected"
done
for place in 'C:\' 'D:\' 'C:\Users\u' 'C:\Windows' 'relative' 'C:\Users\u\.ssh' 'C:\x\.ssh.\y' 'C:\Users\u\NTUSER.DAT' \
    'C:\work\..\Users\u' '\\server\share\x' '\\localhost\C$\Users\u' '\\?\C:\Users\u' 'C:\Documents and Settings\u'; do
    "$sandbox" explain --for windows-unelevated --workspace "$place" >/dev/null 2>&1
    [ $? = 125 ] || fail "$place was not refused with 125"
done
# As text: the same steps and gaps, one per line, and what the published design does otherwise.
for mode in windows-elevated windows-unelevated; do
    for variant in $mode $mode-as-published; do
        "$sandbox" explain --for $variant --text --workspace 'C:\work\project' >"$work/$variant" || fail "$variant --text"
        "$sandbox" explain --for $variant --json --workspace 'C:\work\project' | python3 -c "
import json, sys
plan = json.load(sys.stdin)
text = open('$work/$variant', encoding='utf-8').read()
lines = text.splitlines()
assert lines[0] == plan['mode'] and len(lines) == 1 + len(plan['steps']) + len(plan['gaps']), len(lines)
for step, line in zip(plan['steps'], lines[1:]):
    assert line.split()[0] == step['step'] and step.get('path', '').replace(chr(9), chr(92) + 't') in line and step.get('text', '') in line, line
" || fail "$variant: text and JSON differ"
    done
    diff "$work/$mode" "$work/$mode-as-published" >"$work/diff" && fail "$mode: as published is no different"
    grep -q '^> .*token-restrict .*S-1-1-0.*as published' "$work/diff" || fail "$mode: Everyone in the published list is not shown"
    grep -q '^< .*hold-name' "$work/diff" || fail "$mode: held names are not shown as a difference"
    grep -q '^< .*take-name' "$work/diff" || fail "$mode: taken names are not shown as a difference"
    grep -q '^<   *desktop .*desktop-per-session' "$work/diff" && grep -q '^>   *desktop .*desktop-per-command' "$work/diff" ||
        fail "$mode: one desktop per session or per command is not shown as a difference"
    grep -q '^<   *token-default-ace .*OW' "$work/diff" || fail "$mode: the objects of workspaces are not kept apart"
    grep -q '^> .*gap: everyone-writable' "$work/diff" || fail "$mode: the gap of the published list is not shown"
done
grep -q '^  *account .*runner-per-session' "$work/windows-elevated" || fail "the default is not one runner per session"
grep -q '^  *account .*runner-per-command' "$work/windows-elevated-as-published" || fail "as published is not a logon per command"
grep -q 'gap: logon-sessions' "$work/windows-elevated-as-published" && ! grep -q 'gap: logon-sessions' "$work/windows-elevated" ||
    fail "what a logon per command leaks is not told from what one per session does"
"$sandbox" run --mode windows-elevated -- true >/dev/null 2>&1
[ $? = 125 ] || fail "run in a mode of another platform was not refused with 125"
for code in 5 740 1312 1314 1326 1385 1907 1909 1920; do
    said=$("$sandbox" doctor $code)
    [ $? = 0 ] && grep -q 'means: ..' <<<"$said" && grep -q 'do: ..' <<<"$said" || fail "doctor $code has no cause and remedy"
done
"$sandbox" doctor 4 | grep -q 'not one that is known' || fail "doctor knows an error that it should not"
"$sandbox" doctor five >/dev/null 2>&1
[ $? = 125 ] || fail "doctor took a word for a number"
[ $failures = 0 ]
