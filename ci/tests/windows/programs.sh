#!/usr/bin/env bash
# The three Windows programs together under Wine, with the stand-ins of sandbox/windows/standin for what
# Wine only pretends: set-up, the pipe between broker and runner, command lines, environment, job,
# desktop, DPAPI, time-outs, failures on the way, teardown. What Wine cannot show is listed at the end as
# unverifiable; none of it counts as passed.
# usage: programs.sh BUILD_DIR SOURCE_DIR
set -u
build=$1 source=$2
export HOLDFAST_WINE_TIMEOUT=60
standin=$build/standin
failures=0 checks=0
check() { # WHAT, status in $?
    local status=$?
    checks=$((checks + 1))
    [ $status = 0 ] || {
        failures=$((failures + 1))
        echo "programs: FAILED: $1"
        [ ! -s "$out" ] || sed 's/^/    out: /' "$out" | tail -n 5
        [ ! -s "$err" ] || sed 's/^/    err: /' "$err" | grep -v 'stand-in: this is' | tail -n 5
    }
}
"$source/ci/wine" --here || exit 77

prefix=${HOLDFAST_WINEPREFIX:-$source/build/wine}
drive=$prefix/drive_c
scratch=holdfast-programs-$$
work=$drive/$scratch/project
mkdir -p "$work"
out=$drive/$scratch/out err=$drive/$scratch/err
: >"$out" >"$err"
root="C:\\$scratch\\project"
probe=$(cd "$standin" && pwd)/standin-probe.exe
probe="Z:${probe//\//\\}"
export HOLDFAST_STATE="C:\\$scratch\\state"

wine_run() { "$source/ci/wine" "$@"; }
setup() { wine_run "$standin/holdfast-sandbox-setup.exe" "$@" </dev/null >"$out" 2>"$err"; }
# run MODE [OPTION]... -- COMMAND
run() {
    local mode=$1
    shift
    wine_run "$standin/holdfast-sandbox.exe" run --mode "$mode" --workspace "$root" --cwd "$root" "$@" >"$out" 2>"$err"
}
elevated() { run windows-elevated "$@" </dev/null; }
store() { # KIND NAME [VALUE]: what the stand-in system has
    local key="HKCU\\Software\\HoldfastStandin\\$1" try
    for try in 1 2 3; do
        if [ $# = 3 ]; then
            wine_run reg add "$key" /v "$2" /d "$3" /f >/dev/null 2>&1 </dev/null
            wine_run reg query "$key" /v "$2" </dev/null 2>/dev/null | grep -qF -- "$3" && return 0
        else
            wine_run reg delete "$key" /v "$2" /f >/dev/null 2>&1 </dev/null
            wine_run reg query "$key" /v "$2" </dev/null 2>/dev/null | grep -q REG_SZ || return 0
        fi
        sleep 1
    done
    echo "programs: the stand-in's registry does not take $1 $2" >&2
    exit 1
}
has() { # KIND
    wine_run reg query "HKCU\\Software\\HoldfastStandin\\$1" </dev/null 2>/dev/null | grep -q REG_SZ
}
said() { tr -d '\r' <"$out" | grep -qF -- "$1"; }
complained() { tr -d '\r' <"$err" | grep -qF -- "$1"; }
clean() {
    wine_run "$standin/holdfast-sandbox.exe" teardown </dev/null >/dev/null 2>&1
    wine_run reg delete 'HKCU\Software\HoldfastStandin' /f </dev/null >/dev/null 2>&1
    wine_run reg delete 'HKLM\SOFTWARE\Holdfast' /f </dev/null >/dev/null 2>&1
    wine_run reg delete "$hidden" /f </dev/null >/dev/null 2>&1
    rm -rf "$drive/ProgramData/Holdfast" "${drive:?}/$scratch"
}
hidden='HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon\SpecialAccounts'
clean
trap clean EXIT
mkdir -p "$work"
: >"$out" >"$err"

# --- the shipped programs refuse ------------------------------------------------------------------
wine_run "$build/bin/holdfast-sandbox-setup.exe" install </dev/null >"$out" 2>"$err"
[ $? = 1 ] && complained "this is Wine"
check "the shipped set-up refuses Wine"
shipped_refuses() { # MODE
    wine_run "$build/bin/holdfast-sandbox.exe" run --mode "$1" --workspace "$root" -- cmd /c exit 0 </dev/null >"$out" 2>"$err"
    [ $? = 125 ] && complained "this is Wine"
}
shipped_refuses windows-unelevated
check "the shipped windows-unelevated refuses Wine"

run windows-unelevated --log "$root\\log" -- "$probe" exit 0 </dev/null
[ $? = 125 ] && complained "where the command can write" && [ ! -e "$work/log" ]
check "a log where the command can write is refused"

# --- set-up -----------------------------------------------------------------------------------------
elevated -- "$probe" exit 0
[ $? = 125 ] && complained "not set up"
check "without a set-up the mode refuses"
store account HoldfastLocal "Made by holdfast-sandbox setup; removed by holdfast-sandbox teardown."
setup install
[ $? = 1 ] && complained "journal does not know it" && ! has filter && ! has group
check "an account of our name that we did not make is not taken over, and nothing is left"
store account HoldfastLocal
for kind in group account member right filter rule password; do
    store fail $kind 5
    setup install
    [ $? = 1 ] && complained "(5)" && ! has group && ! has account && ! has right && ! has filter && ! has rule &&
        [ ! -e "$drive/ProgramData/Holdfast/bin" ] && ! wine_run reg query 'HKLM\SOFTWARE\Holdfast' </dev/null >/dev/null 2>&1
    check "a set-up that fails at a $kind leaves nothing behind"
done
store stack account none
setup install
[ $? = 1 ] && complained "no longer answers an echo request" && complained "no-strict-rules" && ! has group && ! has filter
check "rules that silence the machine itself are undone"
setup install --no-strict-rules
[ $? = 0 ] && has filter
check "... and without the strict ones it is set up"
setup remove
[ $? = 0 ] && ! has filter
check "... and removed again"
store stack account
setup install
[ $? = 0 ] && said "HoldfastOffline is cut off (10013)" && said "set up; 57 settings changed"
check "set-up works and proves the block"
setup install
[ $? = 0 ] && said "set up; 0 settings changed"
check "a second set-up changes nothing"
filters() { wine_run reg query 'HKCU\Software\HoldfastStandin\filter' </dev/null 2>/dev/null | grep -c "$1"; }
setup install --no-strict-rules
[ $? = 0 ] && [ "$(filters 'weight=14 ')" = 0 ] && [ "$(filters 'weight=1\b')" = 0 ] && [ "$(filters 'weight=10 ')" -gt 0 ]
check "without the strict rules none of an earlier set-up stays"
setup install
[ $? = 0 ] && [ "$(filters 'weight=14 ')" = 6 ]
check "... and they come back"
setup status
said "HoldfastOffline: there; password: kept" && said "runner: there"
check "status reads back what was made, passwords by DPAPI"
! grep -qaF "$(wine_run reg query 'HKCU\Software\HoldfastStandin\password' /v HoldfastOffline </dev/null 2>/dev/null | tr -d '\r' | sed -n 's/.*REG_SZ *//p')" \
    "$drive/ProgramData/Holdfast/secrets/HoldfastOffline"
check "the kept password is not plain text"

shipped_refuses windows-elevated
check "the shipped windows-elevated refuses Wine, set up or not"

# --- a command through the pipe -------------------------------------------------------------------------
elevated -- "$probe" exit 7
[ $? = 7 ]
check "the command's exit status comes through"
elevated -- cmd /c "echo to-out & echo to-err 1>&2"
[ $? = 0 ] && said to-out && ! said to-err && complained to-err
check "the two outputs stay apart"
printf 'abc\ndef' | run windows-elevated -- "$probe" count-input
[ $? = 0 ] && said 7
check "standard input arrives, and its end"
head -c 3000000 /dev/zero | run windows-elevated -- "$probe" count-input
[ $? = 0 ] && said 3000000
check "three megabytes of input arrive"
head -c 3000000 /dev/zero | run windows-elevated -- "$probe" exit 3
[ $? = 3 ]
check "input that nobody reads holds nothing up"
elevated -- "$probe" pour 5000
[ $? = 0 ] && [ "$(tr -d '\r\n' <"$out" | wc -c)" = 5120000 ]
check "five megabytes of output come back whole"
elevated -- "$probe" arguments plain 'two words' '' 'a"b' 'c\' 'd\\"e' 'tab	x' 'grüße' '%PATH%' '^&|<>'
[ $? = 0 ] && diff <(tr -d '\r' <"$out") <(printf '<%s>\n' plain 'two words' '' 'a"b' 'c\' 'd\\"e' 'tab	x' 'grüße' '%PATH%' '^&|<>') >/dev/null
check "arguments arrive as they were given"
elevated -- "$probe" variable USERNAME
said HoldfastOffline
check "the account's own name is in the environment"
elevated -- "$probe" variable GIT_CONFIG_VALUE_0
said "C:/$scratch/project"
check "git is told that the workspace may be used by another account"
elevated -- "$probe" variable TEMP
said "C:\\$scratch\\state\\tmp\\" && [ -z "$(ls "$drive/$scratch/state/tmp" 2>/dev/null)" ]
check "TEMP is the run's own, and gone after it"
elevated -- "$probe" desktop
said holdfast-
check "the command is on a desktop of its own"
elevated -- "$probe" break-away
[ $? = 5 ]
check "nothing breaks away from the job (error 5)"
elevated -- "$probe" leave-child "C:\\$scratch\\left" 2
[ $? = 0 ] && sleep 3 && [ ! -e "$drive/$scratch/left" ]
check "what the command left running ends with it"
start=$SECONDS
elevated --timeout 1 -- "$probe" write-later "C:\\$scratch\\late" 4
[ $? = 124 ] && sleep 4 && [ ! -e "$drive/$scratch/late" ]
check "time is up: 124, and nothing survives"
run windows-elevated --network loopback -- "$probe" variable USERNAME </dev/null
said HoldfastLocal
check "network: loopback has an account of its own, tried against other machines"
run windows-elevated --network host -- "$probe" variable USERNAME </dev/null
said HoldfastOnline
check "network: host too, and nothing is tried"
elevated -- no-such-program
[ $? = 127 ]
check "a command that is not there: 127"
printf 'MZ no program' >"$work/text.exe"
elevated -- "$root\\text.exe"
[ $? = 126 ]
check "a command that is no program: 126"
rm -f "$work/text.exe"

# --- tools in the profile, in the background -----------------------------------------------------------------
tools=$(echo "$drive"/users/*/AppData | tr ' ' '\n' | grep -v Public | head -n 1)/Local/Programs/Python
tools_windows="C:${tools#"$drive"}"
tools_windows=${tools_windows//\//\\}
with_tools() { WINEPATH="$tools_windows\\Python312" "$@"; }
reading="$drive/$scratch/state/reading"
await() { # SECONDS COMMAND...
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.2
    done
}
all_read() { grep -q "^done.[6-9][0-9][0-9]" "$reading" 2>/dev/null; }
mkdir -p "$tools/Python312/Lib"
for n in $(seq 600); do : >"$tools/Python312/Lib/$n.py"; done
cp "$standin/standin-probe.exe" "$tools/Python312/tool.exe"
chmod -R go= "$tools"
with_tools elevated -- "$probe" exit 5
[ $? = 5 ] && await 30 all_read
check "a run has a process of its own let the accounts read the tools in PATH"
with_tools wine_run "$standin/holdfast-sandbox.exe" status </dev/null >"$out" 2>"$err"
said "reading: 1 of 1 folders of tools, 60" && said "roots known"
check "status says how far that is"
rm -f "$reading"
with_tools elevated -- "$tools_windows\\Python312\\tool.exe" exit 6
[ $? = 6 ] && complained "waiting until" && all_read
check "a command that lies there waits for it"
rm -f "$reading"
setup read-stop && with_tools elevated -- "$probe" exit 5
[ $? = 5 ] && sleep 2 && [ ! -e "$reading" ]
check "stopped, no run starts it"
WINEPATH="$tools_windows\\Python312" setup read
[ $? = 0 ] && said "1 of 1 folders of tools" && all_read
check "... until it is asked for again"
printf 'holdfast-reading 1\ndone\t9\t9' >"$reading"
WINEPATH="$tools_windows\\Python312" setup read
[ $? = 0 ] && all_read
check "a record that is cut off is an empty one"
chmod -R go=rX "$tools"
rm -f "$reading"
WINEPATH="$tools_windows\\Python312" setup read
[ $? = 0 ] && said "no folder of tools needs it"
check "what the accounts can read already is left alone"
wine_run "$build/bin/holdfast-sandbox-setup.exe" read </dev/null >"$out" 2>"$err"
[ $? = 1 ] && complained "this is Wine"
check "the shipped program lets nobody read anything under Wine"
rm -rf "$tools"

# --- failures on the way ----------------------------------------------------------------------------------
store password HoldfastOffline wrong
elevated -- "$probe" exit 0
[ $? = 125 ] && complained "(1326)" && complained "setup again"
check "a password that was changed: 1326, and what to do"
setup install
[ $? = 0 ] && said "new password for HoldfastOffline"
check "the next set-up mends it"
elevated -- "$probe" exit 4
[ $? = 4 ]
check "... and the account works again"
printf damaged >"$drive/ProgramData/Holdfast/secrets/HoldfastOffline"
elevated -- "$probe" exit 0
[ $? = 125 ] && complained "setup again"
check "a damaged secret is refused"
setup install && said "new password"
check "... and replaced by the next set-up"
guid=$(wine_run reg query 'HKCU\Software\HoldfastStandin\filter' </dev/null 2>/dev/null | tr -d '\r' | grep 'block connect4 weight=10 user' | sed 's/^ *\({[^}]*}\).*/\1/' | head -n 1)
store filter "$guid" "permit connect4 weight=10"
elevated -- "$probe" exit 0
[ $? = 125 ] && complained "reached 127.0.0.1"
check "a run whose account is not cut off is refused"
setup install && said "1 settings changed"
check "set-up puts back the one filter that was altered"
cp "$build/bin/holdfast-sandbox-runner.exe" "$drive/ProgramData/Holdfast/bin/holdfast-sandbox-runner.exe"
elevated -- "$probe" exit 0
[ $? = 125 ] && complained "without a restricting SID"
check "the shipped runner refuses a token that is not restricted"
setup install && said "1 settings changed"
check "set-up puts back its own runner"
: >"$drive/ProgramData/Holdfast/bin/holdfast-sandbox-runner.exe"
elevated -- "$probe" exit 0
[ $? = 125 ]
check "a runner that cannot start is a refusal"
setup install
cp "$standin/standin-probe.exe" "$drive/ProgramData/Holdfast/bin/holdfast-sandbox-runner.exe"
elevated -- "$probe" exit 0
[ $? = 125 ] && complained "before it spoke"
check "a runner that ends without a word is a refusal"
setup install

# --- the broker dies ---------------------------------------------------------------------------------------
kill_broker_in() { # MODE NAME: starts a command that would write NAME, kills the launcher alone
    local pid
    run "$1" -- "$probe" write-later "C:\\$scratch\\$2" 6 </dev/null &
    sleep 3
    for pid in $(pgrep -f "holdfast-sandbox.exe run.*$scratch"); do
        tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep -qF "HOLDFAST_STATE=C:\\$scratch" && kill -9 "$pid"
    done
    wait $! 2>/dev/null
    sleep 5
    [ ! -e "$drive/$scratch/$2" ]
}
kill_broker_in windows-elevated orphan
check "when the broker is killed, runner and command end too"
kill_broker_in windows-unelevated orphan2
check "unelevated: when the launcher is killed, so is the command"

# --- unelevated ----------------------------------------------------------------------------------------------
run windows-unelevated -- "$probe" exit 9 </dev/null
[ $? = 9 ]
check "unelevated: the command's exit status"
run windows-unelevated -- cmd /c ssh host </dev/null
[ $? = 1 ] && complained "the sandbox has no network"
check "unelevated: a stand-in for ssh is found before ssh (PATH, PATHEXT)"
[ "$(od -An -c "$drive/$scratch/state/denybin/ssh.bat" | tr -d ' \n' | grep -o '\\r\\n' | wc -l)" = 3 ]
check "unelevated: its lines end in real CR LF"
run windows-unelevated -- cmd /c "move C:\\$scratch\\state C:\\$scratch\\moved" </dev/null
[ $? != 0 ] && [ -d "$drive/$scratch/state" ] && [ ! -e "$drive/$scratch/moved" ]
check "unelevated: the folder with the journal cannot be moved away meanwhile"
run windows-unelevated --timeout 1 -- "$probe" write-later "C:\\$scratch\\late2" 4 </dev/null
[ $? = 124 ] && sleep 4 && [ ! -e "$drive/$scratch/late2" ]
check "unelevated: time is up"
run windows-unelevated -- "$probe" leave-child "C:\\$scratch\\left2" 2 </dev/null
sleep 3
[ ! -e "$drive/$scratch/left2" ]
check "unelevated: what the command left running ends with it"

# --- doctor, audit --------------------------------------------------------------------------------------------
wine_run "$build/bin/holdfast-sandbox.exe" doctor 1909 1920 </dev/null >"$out" 2>"$err"
[ $? = 0 ] && said "ACCOUNT_LOCKED_OUT" && said "app-execution alias"
check "doctor explains error numbers"
wine_run "$build/bin/holdfast-sandbox.exe" doctor </dev/null >"$out" 2>"$err"
[ $? = 125 ] && said "this is Wine" && said "secondary logon service: error 1060"
check "doctor names the missing service"
mkdir -p "$work/open" "$work/closed"
chmod 777 "$work/open"
chmod 700 "$work/closed" "$work"
wine_run "$build/bin/holdfast-sandbox.exe" audit "$root" '\\server\share' </dev/null >"$out" 2>"$err"
[ $? = 0 ] && said "Everyone" && said "project\open" && ! said closed && said "1 could not be looked at" && said "budget: 2 s"
check "audit names what Everyone may write, and asks no server"
wine_run "$build/bin/holdfast-sandbox.exe" audit --entries 2 "$root" </dev/null >"$out" 2>"$err"
[ $? = 0 ] && said "USED UP"
check "audit says when its budget was not enough"
rmdir "$work/open" "$work/closed"
chmod 777 "$work"
run windows-unelevated -- "$probe" exit 0 </dev/null
[ $? = 0 ] && complained "project can be written by Everyone"
check "a run warns when its workspace is open to everybody"
chmod 700 "$work"
run windows-unelevated -- "$probe" exit 0 </dev/null
[ $? = 0 ] && ! complained "can be written by"
check "... and only then"

# --- teardown --------------------------------------------------------------------------------------------------
store fail account 32
wine_run "$standin/holdfast-sandbox.exe" teardown </dev/null >"$out" 2>"$err"
[ $? = 3 ] && said "left: account" && said "(32)" && has account && ! has filter && [ -s "$drive/ProgramData/Holdfast/journal" ]
check "teardown goes on past what cannot be undone, lists it, and keeps the journal"
wine_run "$standin/holdfast-sandbox.exe" teardown </dev/null >"$out" 2>"$err"
[ $? = 0 ]
check "the second teardown finishes"
! has group && ! has account && ! has member && ! has right && ! has filter && ! has rule && ! has password &&
    [ ! -e "$drive/ProgramData/Holdfast" ] && [ ! -e "$drive/$scratch/state" ] &&
    ! wine_run reg query 'HKLM\SOFTWARE\Holdfast' </dev/null >/dev/null 2>&1 &&
    ! wine_run reg query "$hidden" </dev/null >/dev/null 2>&1
check "nothing of it is left: accounts, rights, filters, rules, records, folders"
[ -z "$(ls -A "$work")" ]
check "nothing is left in the workspace"

cat <<'EOF'
unverifiable: CreateRestrictedToken, WRITE_RESTRICTED (Wine accepts and ignores them)
unverifiable: CreateProcessWithLogonW, the account's profile and rights (stand-in)
unverifiable: accounts, LSA rights, WFP filters, firewall rules (stand-in)
unverifiable: access control lists on files, the pipe, the desktop, processes and threads (not enforced)
unverifiable: the UAC prompt, the window station, ConPTY, limits of the job
EOF
echo "programs: $((checks - failures)) of $checks held, $failures failed"
[ $failures = 0 ]
