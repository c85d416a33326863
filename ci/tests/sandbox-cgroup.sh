#!/usr/bin/env bash
# usage: ci/tests/sandbox-cgroup.sh BUILD_DIR SOURCE_DIR
# Limits kept by a control group (v2), for real: as root, and as an ordinary user in a subtree that was
# delegated, in both modes. What is limited, what the log and `explain` say, that nothing inside can change
# it, that no group is left, whoever is killed, and what each step is good for. Needs root and a machine
# whose pids and memory controllers are of version 2; ci/kernels boots one, with swap.
set -u
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
build=$(cd "$1" && pwd)
sandbox=$build/bin/holdfast-sandbox ablation=$build/test/holdfast-ablation
groups=/sys/fs/cgroup
for word in pids memory; do
    if ! grep -qw $word $groups/cgroup.controllers 2>/dev/null; then
        echo "no $word controller of version 2 at $groups (ci/kernels boots machines that have it)"
        exit 77
    fi
done
[ "$(id -u)" = 0 ] || { echo "only root can delegate"; exit 77; }
uid=1999 nest=$groups/delegated-$$
tree=$(mktemp -d /var/tmp/holdfast-groups.XXXXXX)
# The test's own group: it may have been started in one from which nothing can be handed on.
before=$groups$(sed -n 's/^0:://p' /proc/self/cgroup)
mkdir "$nest" "$nest/leaf"
end() {
    echo $$ >"$before/cgroup.procs"
    rmdir "$nest/leaf" "$nest"
    rm -rf "$tree"
}
trap end EXIT
echo "+pids +memory" >$groups/cgroup.subtree_control
chown $uid "$nest" "$nest"/cgroup.{procs,subtree_control,threads} "$nest/leaf" "$nest/leaf/cgroup.procs"
chmod 755 "$tree"
mkdir "$tree/ws"
chown $uid "$tree/ws"
cat >"$tree/forks.py" <<'PY'
import os, sys, time
made = 0
for _ in range(int(sys.argv[1])):
    try:
        if os.fork() == 0:
            time.sleep(1)
            os._exit(0)
        made += 1
    except OSError:
        pass
print(made)
PY
cat >"$tree/eats.py" <<'PY'
import sys, time
held = bytearray(int(sys.argv[1]) << 20)
for i in range(0, len(held), 4096):
    held[i] = 1
time.sleep(float(sys.argv[2]))
PY
cat >"$tree/swapped.py" <<'PY'
# Takes MIB of memory: without a name, or as a file in memory.
import mmap, os, sys
mib, kind = int(sys.argv[1]), sys.argv[2]
fd = -1 if kind == "memory" else os.memfd_create("held")
if fd >= 0:
    os.ftruncate(fd, mib << 20)
held = mmap.mmap(fd, mib << 20, flags=mmap.MAP_SHARED if fd >= 0 else mmap.MAP_PRIVATE)
for i in range(0, len(held), 4096):
    held[i:i + 8] = os.urandom(8)
print("took it")
PY
checks=0 failures=0 mode=linux-namespace who=root

fail() {
    echo "FAILED ($who, $mode): $*"
    failures=$((failures + 1))
}
become() { # COMMAND...: this process, as root, or as the user in the leaf of what was delegated
    cd "$tree/ws" || exit 1
    if [ $who = root ]; then
        HOME=$tree exec "$@"
    else
        echo $BASHPID >"$nest/leaf/cgroup.procs" &&
            HOME=$tree exec setpriv --reuid $uid --regid $uid --clear-groups "$@"
    fi
}
as() { (become "$@"); }
run() { as timeout 60 "$sandbox" run --mode $mode "$@"; }
check() { # CLAIM STATUS PATTERN COMMAND...
    local claim=$1 wanted=$2 pattern=$3 got out
    shift 3
    checks=$((checks + 1))
    out=$("$@" 2>&1)
    got=$?
    if [ "$got" != "$wanted" ] || [[ $out != $pattern ]]; then
        fail "$claim: status $got, not $wanted; said: ${out:0:400}"
    fi
    [ -z "$(left)" ] || fail "$claim: a group was left: $(left)"
}
left() { find $groups -name 'holdfast-*' -type d; }
gone() { # within 20 s
    for _ in {1..200}; do
        [ -n "$(left)" ] || return 0
        sleep 0.1
    done
    return 1
}
swap_free() { sed -n 's/^SwapFree: *\([0-9]*\) kB/\1/p' /proc/meminfo; }
none() { ! pgrep -f "$1" >/dev/null; }

# What would fit there: without room in it, nothing shows that swap is closed.
has_swap=0
[ "$(swap_free)" -lt 262144 ] || has_swap=1
if [ ! -e "$nest/memory.swap.max" ] && [ $has_swap = 1 ]; then
    mode=linux-landlock # on the kernels that can be started so, namespace refuses for another reason
    check "swap that is not counted: refused" 125 "*swapaccount=1*" run --memory 67108864 -- true
    check "and only what needs it" 0 "" run --processes 8 -- true
    echo "memory limits: not tried, swap is not counted here (swapaccount=0)"
    echo "$checks checks, $failures failed"
    [ $failures = 0 ]
    exit
fi
for who in root user; do
    for mode in linux-namespace linux-landlock; do
        log=$tree/ws/log
        check "explain names the group" 0 '*"step": "cgroup-limit", "text": "pids.max", "value": 8*"step": "cgroup-limit", "text": "memory.max", "value": 67108864*' \
            as "$sandbox" explain --for $mode --processes 8 --memory 67108864
        check "and no limit of a process beside it" 1 "" \
            as sh -c "'$sandbox' explain --for $mode --processes 8 --memory 67108864 | grep -E 'RLIMIT_(AS|NPROC)|notify-fork'"
        check "a run without such limits asks for none" 1 "" as sh -c "'$sandbox' explain --for $mode --timeout 9 | grep -i cgroup"
        rm -f "$log"
        check "processes: exactly as many as allowed" 0 7 run --processes 8 --log "$log" -- python3 "$tree/forks.py" 20
        check "processes: in the log, with their number" 0 '*"limit": "processes", "times": 13*' cat "$log"
        check "processes: enough are enough" 0 6 run --processes 8 -- python3 "$tree/forks.py" 6
        rm -f "$log"
        check "memory: one that takes too much" 137 "" run --memory 67108864 --log "$log" -- python3 "$tree/eats.py" 200 0
        check "memory: in the log" 0 '*"limit": "memory_bytes", "times": *' cat "$log"
        check "memory: all processes together" 137 "" run --memory 67108864 -- \
            sh -c "python3 $tree/eats.py 40 3 & python3 $tree/eats.py 40 3 & python3 $tree/eats.py 40 3 & wait"
        check "memory: the command ends as a whole" 137 "" run --memory 67108864 -- sh -c "python3 $tree/eats.py 200 0; echo lives on"
        [ $mode = linux-landlock ] || check "memory: a private /tmp is counted" 137 "" run --memory 67108864 -- \
            sh -c "head -c 200m /dev/zero >/dev/shm/big"
        check "memory: address space is not memory" 0 "" run --memory 67108864 -- python3 -c 'import mmap; mmap.mmap(-1, 1 << 32, flags=0x4022, prot=0)'
        check "memory: enough is enough" 0 "" run --memory 67108864 -- python3 "$tree/eats.py" 30 0
        [ $has_swap = 0 ] || for kind in memory file; do
            check "swap: is no memory beyond the limit ($kind)" 137 "" run --memory 67108864 -- python3 "$tree/swapped.py" 200 $kind
            check "swap: enough is enough ($kind)" 0 "took it" run --memory 67108864 -- python3 "$tree/swapped.py" 30 $kind
        done
        inside='own='$groups'$(sed -n s/^0:://p /proc/self/cgroup)'
        check "inside: the group is the run's own" 0 "*/holdfast-*" run --processes 8 -- sh -c "$inside; echo \$own"
        check "inside: limits cannot be raised" 2 "*" run --processes 8 -- sh -c "$inside; echo max >\$own/pids.max"
        check "inside: no way out of the group" 2 "*" run --processes 8 -- sh -c "echo \$\$ >$groups/cgroup.procs"
        check "inside: no way out into one beside it" 1 "*" run --processes 8 -- sh -c "$inside; mkdir \${own%/*}/other"
        check "a command that is not there" 127 "*" run --processes 8 -- nonesuch
        check "the time is up" 124 "*" run --processes 8 --timeout 1 -- sleep 60

        # SIGKILL of the launcher, at several moments
        mark=holdfast-cgroup-mark-$$
        for pause in 0.01 0.05 0.2 1; do
            checks=$((checks + 1))
            become "$sandbox" run --mode $mode --processes 50 -- sh -c "(setsid sleep 601 &); (trap '' HUP; exec sh -c 'sleep 602; : $mark' &); sleep 600; : $mark" >/dev/null 2>&1 &
            sleep $pause
            kill -KILL $!
            wait $! 2>/dev/null
            gone || fail "SIGKILL after $pause s leaves a group: $(left)"
            none "$mark" || fail "SIGKILL after $pause s leaves a process"
        done
        checks=$((checks + 1))
        become "$sandbox" run --mode linux-namespace --processes 50 -- sleep 600 >/dev/null 2>&1 &
        launcher=$!
        for _ in {1..100}; do [ -n "$(left)" ] && pgrep -P $launcher holdfast-watch >/dev/null && break; sleep 0.1; done
        kill -KILL "$(pgrep -P $launcher holdfast-watch)" $launcher
        wait $launcher 2>/dev/null
        sleep 0.5
        [ -n "$(left)" ] || fail "with launcher and watcher killed something had to be left"
        check "the next run removes what nobody was left to remove" 0 "" run --processes 50 -- true
    done
done

# --- what each step is good for ----------------------------------------------------------------------
who=root
for mode in linux-namespace linux-landlock; do
    without() { # STEP OPTION... -- COMMAND...
        local step=$1
        shift
        as timeout 60 "$ablation" --without "$step" run --mode $mode "$@"
    }
    check "without pids.max" 0 20 without cgroup-limit=pids.max --processes 8 -- python3 "$tree/forks.py" 20
    check "without memory.max" 0 "" without cgroup-limit=memory.max --memory 67108864 -- python3 "$tree/eats.py" 200 0
    check "without memory.oom.group" 0 "*lives on*" without cgroup-limit=memory.oom.group --memory 67108864 -- sh -c "python3 $tree/eats.py 200 0; echo lives on"
    [ $has_swap = 0 ] || for kind in memory file; do
        check "without memory.swap.max ($kind)" 0 "took it" without cgroup-limit=memory.swap.max --memory 67108864 -- python3 "$tree/swapped.py" 200 $kind
    done
    check "without the group" 0 20 without cgroup --processes 8 -- python3 "$tree/forks.py" 20
done

[ $has_swap = 1 ] || echo "swap: not tried, 256 MiB of it are not free here"
echo "$checks checks, $failures failed"
[ $failures = 0 ]
