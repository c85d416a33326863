#!/usr/bin/env bash
# The plans of the Windows modes are printed on any platform, as JSON, and say that they are
# unverified; places that must stay as they are get refused.
set -u
sandbox=$1/bin/holdfast-sandbox
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
for place in 'C:\' 'C:\Users\u' 'C:\Windows' 'relative'; do
    "$sandbox" explain --for windows-unelevated --workspace "$place" >/dev/null 2>&1
    [ $? = 125 ] || fail "$place was not refused with 125"
done
"$sandbox" run --mode windows-elevated -- true >/dev/null 2>&1
[ $? = 125 ] || fail "run in a mode of another platform was not refused with 125"
[ $failures = 0 ]
