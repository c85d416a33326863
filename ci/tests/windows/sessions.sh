#!/usr/bin/env bash
# Sessions of the library under Wine: standin-session (sandbox/windows/standin) embeds the library, starts
# the launcher of the same folder, which starts the runner by a stand-in logon that counts. Many commands,
# their input and output, time, what is killed, what is hostile, what is left open.
# usage: sessions.sh BUILD_DIR SOURCE_DIR
set -u
build=$1 source=$2
export HOLDFAST_WINE_TIMEOUT=600 # a busy machine takes a second for each command
standin=$build/standin
failures=0 checks=0
"$source/ci/wine" --here || exit 77

prefix=${HOLDFAST_WINEPREFIX:-$source/build/wine}
drive=$prefix/drive_c
scratch=holdfast-sessions-$$
out=$drive/$scratch/out err=$drive/$scratch/err
root="C:\\$scratch\\project"
probe=$(cd "$standin" && pwd)/standin-probe.exe
probe="Z:${probe//\//\\}"
export HOLDFAST_STATE="C:\\$scratch\\state" SESSION_TEXT="$root\\text.exe"
both="windows-elevated windows-unelevated"

wine_run() { "$source/ci/wine" "$@"; }
setup() { wine_run "$standin/holdfast-sandbox-setup.exe" "$@" </dev/null >"$out" 2>"$err"; }
clean() {
    wine_run "$standin/holdfast-sandbox.exe" teardown </dev/null >/dev/null 2>&1
    wine_run reg delete 'HKCU\Software\HoldfastStandin' /f </dev/null >/dev/null 2>&1
    wine_run reg delete 'HKLM\SOFTWARE\Holdfast' /f </dev/null >/dev/null 2>&1
    rm -rf "$drive/ProgramData/Holdfast" "${drive:?}/$scratch"
}
check() { # WHAT, status in $?
    local status=$?
    checks=$((checks + 1))
    [ $status = 0 ] || {
        failures=$((failures + 1))
        echo "sessions: FAILED: $1"
        sed 's/^/    out: /' "$out" | tail -n 12
        grep -v 'stand-in: this is' "$err" | sed 's/^/    err: /' | tail -n 5
    }
}
scenario() { # MODE SCENARIO [ARG]: exit status of standin-session
    local status try
    export SESSION_FILE="C:\\$scratch\\$1-$2"
    for try in 1 2 3; do
        status=0
        wine_run "$standin/standin-session.exe" "$1" "$root" "$probe" "$2" ${3+"$3"} </dev/null >"$out" 2>"$err" || status=$?
        # Wine gives up on a process whose start takes long, on a busy machine.
        grep -q '(1359)' "$out" || break
    done
    return $status
}
logons() { # sets $made: how many since the last time
    local now="" try
    # There has been one since set-up: an empty answer is Wine's, not the count.
    for try in 1 2 3; do
        now=$(wine_run reg query 'HKCU\Software\HoldfastStandin\count' /v logon </dev/null 2>/dev/null | tr -d '\r' | sed -n 's/.*REG_SZ *//p')
        [ -z "$now" ] || break
        sleep 1
    done
    made=$((${now:-0} - counted))
    counted=${now:-0}
}
nothing_left() { # no process of ours, no private TEMP
    local try
    for try in 1 2 3 4 5 6 7 8 9 10; do
        if ! pgrep -f "$scratch" >/dev/null && [ -z "$(ls "$drive/$scratch/state/tmp" 2>/dev/null)" ]; then return 0; fi
        sleep 1
    done
    echo "sessions: left: $(pgrep -fl "$scratch" | head -n 3) $(ls "$drive/$scratch/state/tmp")"
    return 1
}
clean
trap clean EXIT
mkdir -p "$drive/$scratch/project"
printf 'MZ no program' >"$drive/$scratch/project/text.exe"
: >"$out" >"$err"
setup install
check "set-up"
counted=0
logons # those of set-up's own proof

# --- one runner per session, or a logon per command ------------------------------------------------
scenario windows-elevated many 20
check "20 commands in a session"
logons
[ "$made" = 1 ]
check "a session of 20 commands makes one logon, and not $made"
scenario windows-elevated-as-published many 5
check "5 commands in a session, as published"
logons
[ "$made" = 5 ]
check "as published 5 commands make 5 logons, and not $made"
scenario windows-unelevated many 20
check "unelevated: 20 commands in a session"
scenario windows-unelevated-as-published many 5
check "unelevated: 5 commands, as published"
logons
[ "$made" = 0 ]
check "unelevated: no logon, and not $made"

# --- what a session is ---------------------------------------------------------------------------------
for mode in $both; do
    for name in statuses one-at-a-time leftovers names two stdio closed timeouts spawn; do
        scenario $mode $name
        check "$mode: $name"
    done
    scenario $mode handles 200
    check "$mode: 200 commands leave no handle open"
    grep handles: "$out" | tr -d '\r'
    nothing_left # also not of the launcher that "spawn" killed: the runs since have tidied up
    check "$mode: nothing is left running, no private TEMP"
done

# --- who is killed ----------------------------------------------------------------------------------------
for mode in $both; do
    scenario $mode killed-launcher
    check "$mode: a launcher that is killed is an error with a name"
    ! pgrep -f "$scratch" >/dev/null
    check "$mode: ... and takes all with it"
done
when_running_kill() { # PATTERN of the command line of what is killed, once "running" was said
    local pid try
    for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
        grep -q running "$out" && break
        sleep 1
    done
    sleep 1
    for pid in $(pgrep -f "$1"); do
        tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep -qF "HOLDFAST_STATE=C:\\$scratch" && kill -9 "$pid"
    done
}
: >"$out"
scenario windows-elevated killed-runner &
when_running_kill 'holdfast-sandbox-runner --pipe'
wait $!
check "a runner that is killed is an error with a name"
for mode in $both; do
    : >"$out"
    scenario $mode hang &
    when_running_kill "standin-session.exe $mode.*$scratch"
    wait $! 2>/dev/null
    sleep 6
    [ ! -e "$drive/$scratch/$mode-hang" ] && nothing_left
    check "$mode: when the program that embeds it is killed, launcher, runner and command end, TEMP goes"
done
scenario windows-elevated keys
status=$?
if [ $status = 77 ]; then
    echo "unverifiable: Ctrl+C in the caller's console (Wine gives none here)"
else
    (exit $status)
    check "Ctrl+C is the caller's"
fi

# --- who is hostile ------------------------------------------------------------------------------------------
scenario windows-elevated hostile-launcher
check "a hostile or foreign launcher is an error, and never a status"
for mode in $both; do
    scenario $mode hostile-library
    check "$mode: a launcher ends when it hears what may not come"
done
printf damaged >"$drive/ProgramData/Holdfast/secrets/HoldfastOffline"
scenario windows-elevated many 1
[ $? != 0 ] && grep -q "setup again" "$out"
check "a session that cannot be opened says why"
setup install
guid=$(wine_run reg query 'HKCU\Software\HoldfastStandin\filter' </dev/null 2>/dev/null | tr -d '\r' | grep 'block connect4 weight=10 user' | sed 's/^ *\({[^}]*}\).*/\1/' | head -n 1)
wine_run reg add 'HKCU\Software\HoldfastStandin\filter' /v "$guid" /d "permit connect4 weight=10" /f >/dev/null 2>&1 </dev/null
for mode in windows-elevated windows-elevated-as-published; do
    scenario $mode many 1
    [ $? != 0 ] && grep -q "NOT SO" "$out"
    check "$mode: a session whose account is not cut off runs nothing"
done
wine_run "$standin/holdfast-sandbox.exe" session --mode windows-elevated --workspace "$root" </dev/null >"$out" 2>"$err"
[ $? = 125 ] && grep -q "no session's pipe" "$err"
check "session by hand is refused with words"

cat <<'EOF'
unverifiable: the logon itself, what the second pass of a token refuses, the pipes' descriptors (not enforced here)
unverifiable: that a job with UI limits nests, or that the command leaves the jobs around it
EOF
echo "sessions: $((checks - failures)) of $checks held, $failures failed"
[ $failures = 0 ]
