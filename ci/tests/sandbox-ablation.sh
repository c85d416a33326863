#!/usr/bin/env bash
# usage: ci/tests/sandbox-ablation.sh BUILD_DIR SOURCE_DIR    UPDATE=1: writes sandbox/linux/ABLATION.md
# What each step of a plan is good for. Steps are taken out one at a time (holdfast-ablation):
#   row     the plan stops the attempt; without the step it goes through
#   locked  without the step it is stopped all the same, by the step that is named
#   needed  the step is there so that real work is possible: without it, it is not
#   never   is not taken out, for the reason given
# The steps come from `explain`: one that no row names fails the test, and so does a table that is not the
# committed one. Root only, as the table is root's; others run the rows.
set -u
build=$(cd "$1" && pwd)
source=$(cd "$2" && pwd)
ablation=$build/test/holdfast-ablation
sandbox=$build/bin/holdfast-sandbox
if ! "$sandbox" modes --json | grep -q '"name": "linux-namespace", "platform": "linux", "works": true'; then
    echo "linux-namespace does not work here"
    exit 77
fi
tree=$(mktemp -d /var/tmp/holdfast-ablation.XXXXXX)
mkdir -p "$tree"/{ws,home,outside,secret}
echo x >"$tree/secret/file"
echo x >"$tree/outside/file"
mkfifo "$tree/outside/fifo"
printf '[user]\n\tname = u\n\temail = u@example.org\n' >"$tree/home/.gitconfig"
(cd "$tree/ws" && HOME=$tree/home git init -q . && mkdir -p deep/g && HOME=$tree/home git init -q deep/g)
touch "/dev/shm/holdfast-ablation-$$" "/tmp/holdfast-ablation-$$"
python3 - "$tree/sock" "holdfast-ablation-$$" <<'PY' &
import socket, sys, time
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen()
a = socket.socket(socket.AF_UNIX); a.bind("\0" + sys.argv[2]); a.listen()
time.sleep(600)
PY
listener=$!
key=$((0x61000000 + $$))
segment=$(python3 -c "import ctypes; print(ctypes.CDLL(None).shmget($key, 4096, 0o1666))")
trap 'kill $listener; ipcrm -m "$segment" 2>/dev/null; rm -rf "$tree" "/dev/shm/holdfast-ablation-$$" "/tmp/holdfast-ablation-$$"' EXIT
for _ in {1..50}; do [ -S "$tree/sock" ] && break; sleep 0.1; done
failures=0 rows=0 mode=linux-namespace extra=() after=() place=()
# where no control group is in sight: limits are then kept by what each process has
no_cgroups=(unshare -m sh -c 'mount -t tmpfs none /sys/fs/cgroup && exec "$@"' sh)
table=$tree/table.md

attempt() { # STEPS COMMAND...: its status without those steps ("" for none)
    local steps=$1 options=() result
    shift
    for step in $steps; do options+=(--without "$step"); done
    (cd "$tree/ws" && HOME=$tree/home exec "${place[@]}" timeout 20 "$ablation" "${options[@]}" run --mode $mode "${extra[@]}" -- "$@") \
        >/dev/null 2>&1 7>"$tree/outside/leak" </dev/null
    result=$?
    [ ${#after[@]} = 0 ] || { sleep 0.3; "${after[@]}"; result=$?; }
    return $result
}
tell() { # KIND STEP WHAT BY
    rows=$((rows + 1))
    printf '| `%s` | `%s` | %s | %s |\n' "$mode" "$2" "$3" "$4" >>"$table"
    echo "$mode $2" >>"$tree/covered"
}
fail() {
    echo "FAILED ($mode): $*"
    failures=$((failures + 1))
}
also() { # the other steps of a set, for the table
    local rest=${1#* }
    [ "$rest" = "$1" ] || printf ' (with %s away as well)' "$(sed 's/[^ ]*/`&`/g; s/ /, /g' <<<"$rest")"
}
row() { # STEPS WHAT COMMAND...: stopped by the plan, not without the steps
    tell row "${1%% *}" "$2" "escapes$(also "$1")"
    if attempt "" "${@:3}"; then
        fail "with the whole plan this is not stopped: $2"
    elif ! attempt "$1" "${@:3}"; then
        fail "without $1 this is stopped all the same: $2"
    fi
}
locked() { # STEP BY WHAT COMMAND...: a second lock
    tell locked "$1" "$3" "still held: $2"
    if attempt "$1" "${@:4}"; then
        fail "without $1 nothing else stops: $3"
    fi
}
needed() { # STEP WHAT COMMAND...: real work
    tell needed "$1" "$2" "does not work"
    if ! attempt "" "${@:3}"; then
        fail "with the whole plan this does not work: $2"
    elif attempt "$1" "${@:3}"; then
        fail "without $1 it works all the same: $2"
    fi
}
never() { # STEP WHY
    tell never "$1" "not taken out" "$2"
}
elsewhere() { # STEP WHAT: taken out by ci/tests/sandbox-cgroup.sh, which needs a machine of its own
    tell elsewhere "$1" "$2" "escapes (shown by \`ci/tests/sandbox-cgroup.sh\`)"
    grep -q -- "without $1 " "$source/ci/tests/sandbox-cgroup.sh" || fail "no row for $1 in ci/tests/sandbox-cgroup.sh"
}
py() { printf '%s' "import socket, os, sys, ctypes, fcntl, resource; c = ctypes.CDLL(None); $1"; }

# --- linux-namespace: the step looked at, and what else must be away for it to be the last lock ----------
extra=(--deny-read "$tree/secret")
row "namespaces.pid fresh-proc landlock-scopes filter=notify-create filter=notify-connect" "send a signal to a process of the machine" kill -0 $listener
row "namespaces.ipc" "find the machine's shared memory" python3 -c "$(py "sys.exit(0 if c.shmget($key, 1, 0) >= 0 else 1)")"
locked "namespaces.uts" "the user namespace: no capability over the machine's names" "change the host name" hostname nonsense
locked "namespaces.user" "drop-capabilities, landlock" "write core_pattern" sh -c 'echo x >/proc/sys/kernel/core_pattern'
never "namespaces.mount" "the mounts of the machine itself would change"
row "read-only-root landlock" "make a file outside" touch "$tree/outside/made"
rm -f "$tree/outside/made"
needed "writable" "write to the workspace" touch made
row "protect=$tree/ws/.git" "make a file in .git" touch .git/made
row "hide" "read what deny_read names" cat "$tree/secret/file"
row "hide=/proc/keys" "list the user's keys" cat /proc/keys
row "private-tmp=/tmp" "see the machine's /tmp" ls "/tmp/holdfast-ablation-$$"
row "private-tmp=/dev/shm" "see the machine's /dev/shm" ls "/dev/shm/holdfast-ablation-$$"
needed "device=/dev/null" "write /dev/null" sh -c 'echo x >>/dev/null'
for device in zero full random urandom; do
    needed "device=/dev/$device" "read /dev/$device" head -c 1 "/dev/$device"
done
extra=(--tty)
needed "device=/dev/tty" "open the terminal of one's own" sh -c ': </dev/tty'
extra=(--deny-read "$tree/secret")
needed "ptys" "open a terminal" python3 -c "$(py 'os.openpty()')"
row "fresh-proc filter=notify-create filter=notify-connect" "see a process of the machine" ls "/proc/$$/fd"
row "landlock" "write to a FIFO outside" timeout 2 python3 -c "$(py "os.open('$tree/outside/fifo', os.O_RDWR)")"
needed "landlock-rule" "write to the workspace" touch made
locked "landlock-network" "filter=no-network" "make an internet socket" python3 -c "$(py 'socket.socket(socket.AF_INET)')"
row "landlock-scopes guard-sockets filter=notify-connect" "reach an abstract socket of the machine" python3 -c "$(py "socket.socket(socket.AF_UNIX).connect('\\0holdfast-ablation-$$')")"
row "guard-name filter=notify-create" "make a protected name" mkdir .codex
rm -rf "$tree/ws/.codex"
row "guard-root filter=notify-create" "make a protected name" mkdir .agents
rm -rf "$tree/ws/.agents"
row "guard-sockets filter=notify-connect" "reach a socket of the machine" python3 -c "$(py "socket.socket(socket.AF_UNIX).connect('$tree/sock')")"
row "new-session" "share the caller's session" sh -c '[ "$(cut -d" " -f6 /proc/self/stat)" = 0 ]'
row "limit=core_bytes" "write core files" python3 -c "$(py 'assert resource.getrlimit(resource.RLIMIT_CORE) != (1, 1)')"
row "filter=core-limit" "let the machine's core handler in" python3 -c "$(py 'resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)')"
row "close-descriptors filter=notify-create filter=notify-connect" "write to an inherited descriptor" sh -c 'echo x >&7'
row "drop-capabilities no-new-privileges" "have capabilities" sh -c '! grep -q "CapEff:.*0000000000000000" /proc/self/status'
locked "no-new-privileges" "drop-capabilities: securebits" "have capabilities" sh -c 'grep -q "CapEff:.*1" /proc/self/status'
# mov of 359 (socket), AF_INET, SOCK_STREAM, 0; int 0x80
row "filter=foreign-abi" "make a socket by the entry for 32 bits" python3 -c "$(py "
import mmap
m = mmap.mmap(-1, 4096, prot=7); m.write(bytes.fromhex('53b867010000bb02000000b90100000031d2cd805bc3'))
f = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))
sys.exit(0 if f() >= 0 else 1)")"
locked "filter=mounts" "namespaces.user, drop-capabilities" "mount" mount -t tmpfs none "$tree/ws"
row "filter=namespaces" "make a user namespace" unshare -U true
locked "filter=kernel" "namespaces.user, drop-capabilities" "change the host name" python3 -c "$(py 'assert c.syscall(170, b"x", 1) == 0')"
row "filter=keyrings" "use a keyring" python3 -c "$(py 'assert c.syscall(250, 0, -3, 1) >= 0')"
row "filter=io-uring" "set up io_uring" python3 -c "$(py 'p = ctypes.create_string_buffer(120); assert c.syscall(425, 1, p) >= 0')"
row "filter=inspection" "stall a reader by userfaultfd" python3 -c "$(py 'assert c.syscall(323, 1) >= 0')"
row "filter=setuid-bits" "make a set-ID file" sh -c 'touch s && chmod u+s s'
locked "filter=terminal" "new-session" "type into the terminal" python3 -c "$(py 'fcntl.ioctl(0, 0x5412, b"x")')"
never "filter=subvolumes" "takes a btrfs or bcachefs; the numbers are compared with the supervisor's by a unit test"
row "filter=no-network landlock-network" "make an internet socket" python3 -c "$(py 'socket.socket(socket.AF_INET)')"
row "filter=no-unix-datagram" "make a datagram pair, which names any target" python3 -c "$(py 'socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)')"
row "filter=notify-create guard-name" "make a protected name" mkdir .codex
rm -rf "$tree/ws/.codex"
row "filter=notify-connect guard-sockets" "reach a socket of the machine" python3 -c "$(py "socket.socket(socket.AF_UNIX).connect('$tree/sock')")"
extra=(--network host)
row "filter=ip-network" "make a raw socket family" python3 -c "$(py 'socket.socket(socket.AF_VSOCK)')"
extra=(--network loopback)
needed "loopback" "use 127.0.0.1" python3 -c "$(py "s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); socket.create_connection(s.getsockname(), 2)")"
row "namespaces.network loopback" "list the sockets of the machine" sh -c "grep -q 'holdfast-ablation-$$' /proc/net/unix"
extra=(--git commit)
needed "git-commit" "commit" git commit -q --allow-empty -m m
needed "filter=notify-remove" "remove a tag" sh -c 'git tag t$$ && git tag -d t$$'
extra=(--processes 4)
[ "$(id -u)" != 0 ] || place=("${no_cgroups[@]}")
row "filter=notify-fork" "make more processes than allowed" sh -c 'sleep 1 & sleep 1 & sleep 1 & sleep 1 & sleep 1 & sleep 1 & true'
row "limit=processes" "make more processes than allowed" sh -c 'sleep 1 & sleep 1 & sleep 1 & sleep 1 & sleep 1 & sleep 1 & true'
place=()
elsewhere "cgroup" "make more processes than allowed"
elsewhere "cgroup-limit=pids.max" "make more processes than allowed"
elsewhere "cgroup-limit=memory.max" "take more memory than allowed"
elsewhere "cgroup-limit=memory.oom.group" "go on with a part of the command"
elsewhere "cgroup-limit=memory.swap.max" "take memory beyond the limit, in swap"

# --- linux-landlock ---------------------------------------------------------------------------------------
mode=linux-landlock extra=()
row "landlock" "make a file outside" touch "$tree/outside/made"
rm -f "$tree/outside/made"
needed "landlock-rule" "write to the workspace" touch made2
locked "landlock-network" "filter=no-network" "make an internet socket" python3 -c "$(py 'socket.socket(socket.AF_INET)')"
row "landlock-scopes" "send a signal to a process of the machine" kill -0 $listener
row "new-session" "share the caller's session" sh -c "[ \"\$(cut -d' ' -f6 /proc/self/stat)\" = \"\$(cut -d' ' -f6 /proc/$$/stat)\" ]"
row "limit=core_bytes" "write core files" python3 -c "$(py 'assert resource.getrlimit(resource.RLIMIT_CORE) != (1, 1)')"
row "filter=core-limit" "let the machine's core handler in" python3 -c "$(py 'resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)')"
row "close-descriptors" "write to an inherited descriptor" sh -c 'echo x >&7'
row "drop-capabilities no-new-privileges" "have capabilities" sh -c '! grep -q "CapEff:.*0000000000000000" /proc/self/status'
locked "no-new-privileges" "drop-capabilities: securebits" "have capabilities" sh -c 'grep -q "CapEff:.*1" /proc/self/status'
row "filter=foreign-abi" "make a socket by the entry for 32 bits" python3 -c "$(py "
import mmap
m = mmap.mmap(-1, 4096, prot=7); m.write(bytes.fromhex('53b867010000bb02000000b90100000031d2cd805bc3'))
f = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))
sys.exit(0 if f() >= 0 else 1)")"
locked "filter=mounts" "landlock, drop-capabilities" "mount" mount -t tmpfs none "$tree/ws"
row "filter=namespaces" "make a user namespace" unshare -U true
locked "filter=kernel" "drop-capabilities" "change the host name" python3 -c "$(py 'assert c.syscall(170, b"x", 1) == 0')"
row "filter=keyrings" "use a keyring" python3 -c "$(py 'assert c.syscall(250, 0, -3, 1) >= 0')"
row "filter=io-uring" "set up io_uring" python3 -c "$(py 'p = ctypes.create_string_buffer(120); assert c.syscall(425, 1, p) >= 0')"
row "filter=inspection" "stall a reader by userfaultfd" python3 -c "$(py 'assert c.syscall(323, 1) >= 0')"
row "filter=setuid-bits" "make a set-ID file" sh -c 'touch s2 && chmod u+s s2'
locked "filter=terminal" "new-session" "type into the terminal" python3 -c "$(py 'fcntl.ioctl(0, 0x5412, b"x")')"
row "filter=no-network landlock-network" "make an internet socket" python3 -c "$(py 'socket.socket(socket.AF_INET)')"
row "filter=no-unix-socket" "reach a socket of the machine" python3 -c "$(py "socket.socket(socket.AF_UNIX).connect('$tree/sock')")"
row "filter=foreign-processes" "change limits of a process of the machine" python3 -c "$(py "l = resource.prlimit($listener, resource.RLIMIT_NOFILE); resource.prlimit($listener, resource.RLIMIT_NOFILE, l)")"
row "filter=sysv-ipc" "find the machine's shared memory" python3 -c "$(py "sys.exit(0 if c.shmget($key, 1, 0) >= 0 else 1)")"
row "filter=attributes" "change inode flags outside" chattr +A "$tree/outside/file"
extra=(--network host)
row "filter=ip-network" "make a raw socket family" python3 -c "$(py 'socket.socket(socket.AF_VSOCK)')"
extra=()
left="holdfast-left-$$"
after=(sh -c "pgrep -f '^$left' >/dev/null && pkill -f '^$left'")
row "kill-leftovers" "leave a process behind" bash -c "(exec -a $left sleep 30 >/dev/null 2>&1 &); exit 0"
after=()
elsewhere "cgroup" "make more processes than allowed"
elsewhere "cgroup-limit=pids.max" "make more processes than allowed"
elsewhere "cgroup-limit=memory.max" "take more memory than allowed"
elsewhere "cgroup-limit=memory.oom.group" "go on with a part of the command"
elsewhere "cgroup-limit=memory.swap.max" "take memory beyond the limit, in swap"

# --- every step has a row, and the table is the committed one -----------------------------------------------
steps() { # MODE OPTION...: names as in the rows
    (cd "$tree/ws" && HOME=$tree/home "${place[@]}" "$sandbox" explain --for "$@") | python3 -c '
import json, sys
plan = json.load(sys.stdin)
for step in plan["steps"]:
    name, what = step["step"], step.get("what", "")
    if name == "namespaces":
        names = ["namespaces." + bit for bit in what.split(",")]
    elif name in ("filter",):
        names = [name + "=" + what]
    elif name in ("limit", "cgroup-limit"):
        names = [name + "=" + step["text"]]
    elif name in ("private-tmp", "device") or (name, step.get("path")) == ("hide", "/proc/keys"):
        names = [name + "=" + step["path"]]
    else:
        names = [name]
    for n in names:
        print(plan["mode"], n)'
}
{
    steps linux-namespace --deny-read "$tree/secret"
    steps linux-namespace --network loopback --git commit
    steps linux-namespace --network host
    steps linux-namespace --processes 100
    [ "$(id -u)" != 0 ] || (place=("${no_cgroups[@]}") && steps linux-namespace --processes 100)
    steps linux-landlock
    steps linux-landlock --network host
} | sort -u >"$tree/steps"
while read -r step; do
    grep -q "^$step\(=\|$\)" "$tree/covered" || fail "a step of a plan that no row is about: $step"
done <"$tree/steps"
if [ "$(id -u)" = 0 ]; then
    {
        echo '# What each step of the Linux plans is good for'
        echo
        echo 'Written by `ci/tests/sandbox-ablation.sh` (`UPDATE=1`), which takes the steps out one at a time, as root,'
        echo 'and fails when a step has no row or a row is not so any more. Where other steps must be away as well for'
        echo 'the attempt to go through, they are second locks; where it is held all the same, it says by what.'
        echo
        echo '| mode | without | attempt | then |'
        echo '|---|---|---|---|'
        sed "s|$tree|S|g" "$table"
    } >"$tree/ABLATION.md"
    if [ "${UPDATE:-0}" = 1 ]; then
        cp "$tree/ABLATION.md" "$source/sandbox/linux/ABLATION.md"
    elif ! diff "$source/sandbox/linux/ABLATION.md" "$tree/ABLATION.md"; then
        fail "sandbox/linux/ABLATION.md is not this table; UPDATE=1 ci/tests/sandbox-ablation.sh writes it"
    fi
fi
echo "$rows rows, $failures failed"
[ $failures = 0 ]
