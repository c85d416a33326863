#!/usr/bin/env bash
# usage: ci/tests/sandbox-doctor.sh BUILD_DIR SOURCE_DIR
# doctor on machines that lack something, really: made with unshare. Each time the cause is named with a
# remedy, the mode asked for refuses instead of doing less, and auto says what it takes. Machines that
# cannot be made here (AppArmor, yama, old kernels, WSL 1) are made up in linux_doctor_test.c.
set -u
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
build=$(cd "$1" && pwd)
scene=$(mktemp -d /var/tmp/holdfast-doctor.XXXXXX)
trap 'rm -rf "$scene"' EXIT
mkdir "$scene/ws" "$scene/home"
export HOME=$scene/home sandbox=$build/bin/holdfast-sandbox
cd "$scene/ws" || exit 1
checks=0 failures=0
if ! unshare -Urmp --fork true 2>/dev/null; then
    echo "user namespaces cannot be made here: nothing to take away"
    exit 77
fi
check() { # CLAIM STATUS PATTERN COMMAND...
    local claim=$1 wanted=$2 pattern=$3 got
    shift 3
    checks=$((checks + 1))
    out=$("$@" 2>&1)
    got=$?
    if [ "$got" != "$wanted" ] || [[ $out != *$pattern* ]]; then
        echo "FAILED: $claim: status $got, said: ${out:0:500}"
        failures=$((failures + 1))
    fi
}
poor() { # SET-UP COMMAND: in namespaces of its own, where the set-up was done first
    unshare -Urmp --fork --mount-proc sh -c "$1 && $2"
}
three() { # NAME SET-UP PATTERN
    check "$1: cause" 0 "$3" poor "$2" '"$sandbox" doctor'
    check "$1: remedy" 0 "  do: " poor "$2" '"$sandbox" doctor'
    check "$1: linux-namespace refuses" 125 "hint:" poor "$2" '"$sandbox" run --mode linux-namespace -- true'
    check "$1: modes says why" 0 '"works": false' poor "$2" '"$sandbox" modes --json'
    if "$sandbox" modes --json | grep -q '"name": "linux-landlock", "platform": "linux", "works": true'; then
        check "$1: auto says that it takes less" 0 "which is weaker" poor "$2" '"$sandbox" run -- true'
    fi
}
three "no user namespaces" 'echo 0 >/proc/sys/user/max_user_namespaces' "max_user_namespaces is 0"
three "a masked /proc" 'mount -t tmpfs none /proc/irq' "mounted on /proc/irq"
three "no /proc" 'mount -t tmpfs none /proc' "/proc is not mounted"
check "a noexec /tmp: said" 0 "noexec" poor 'mount -t tmpfs -o noexec none /tmp' '"$sandbox" doctor'
check "a noexec /tmp: works" 0 "" poor 'mount -t tmpfs -o noexec none /tmp' '"$sandbox" run --mode linux-namespace -- sh -c "cp /bin/true /tmp/t && /tmp/t"'
check "a read-only home: said" 0 "home directory" poor "mount --bind '$HOME' '$HOME' && mount -o remount,bind,ro '$HOME'" '"$sandbox" doctor'
check "a read-only home: works" 0 "" poor "mount --bind '$HOME' '$HOME' && mount -o remount,bind,ro '$HOME'" '"$sandbox" run --mode linux-namespace -- touch made'
echo "$checks checks, $failures failed"
[ $failures = 0 ]
