#!/usr/bin/env bash
# usage: ci/tests/sandbox.sh BUILD_DIR SOURCE_DIR
# holdfast-sandbox from outside, as a user would: each claim is one line that is printed when it does
# not hold. Started by root it runs twice, as root and as an ordinary user.
set -u
# only directories that everybody can search: beside one that is closed "not found" would be "denied"
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
build=$1
scene=$(mktemp -d /var/tmp/holdfast-sandbox.XXXXXX) # not /tmp: that is private inside
trap 'chmod -R u+rwX "$scene" 2>/dev/null; rm -rf "$scene"' EXIT
failures=0 checks=0

mkdir -p "$scene/bin"
cp "$build/bin/holdfast-sandbox" "$scene/bin/"
chmod 755 "$scene" "$scene/bin" "$scene/bin/holdfast-sandbox"
sandbox=$scene/bin/holdfast-sandbox

identity=() # command prefix
who=$(id -un)
mode=linux-namespace

as() { # COMMAND...: with the identity of this round, a clean environment, in the workspace
    (cd "$tree/ws" && exec "${identity[@]}" env -i PATH="$PATH" HOME="$tree/home" "$@")
}
run() { # [OPTION...] -- COMMAND...
    as "$sandbox" run --mode "$mode" "$@"
}
fail() {
    echo "FAILED ($who, $mode): $*"
    failures=$((failures + 1))
}
status() { # CLAIM STATUS COMMAND...: the command's status, its output in $out
    local claim=$1 wanted=$2 got
    shift 2
    checks=$((checks + 1))
    out=$("$@" 2>&1)
    got=$?
    [ "$got" = "$wanted" ] || fail "$claim: status $got, not $wanted: ${out:0:300}"
}
holds() { # CLAIM TEST...
    local claim=$1
    shift
    checks=$((checks + 1))
    "$@" || fail "$claim"
}
says() { # CLAIM PATTERN: the last output matches
    checks=$((checks + 1))
    [[ $out == *$2* ]] || fail "$1: said: ${out:0:300}"
}

plant() {
    tree=$scene/tree
    chmod -R u+rwX "$tree" 2>/dev/null
    rm -rf "$tree"
    mkdir -p "$tree"/{ws/sub,extra,home/.ssh,secret,outside,public,main/.git/worktrees/wt,bare}
    chmod 1777 "$tree/public"
    echo outside >"$tree/outside/canary"
    echo key >"$tree/home/.ssh/id"
    echo hidden >"$tree/secret/file"
    mkfifo -m 666 "$tree/outside/fifo"
    (cd "$tree/ws" && git init -q . && echo text >file)
    if [ ${#identity[@]} -gt 0 ]; then
        chown -R "$uid:$uid" "$tree"
    fi
}

# --- both modes ------------------------------------------------------------------------------------

test_exit_status() {
    status "the command's own status" 0 run -- true
    status "the command's own status" 37 run -- sh -c 'exit 37'
    status "the command's own status" 255 run -- sh -c 'exit 255'
    status "a signal" 143 run -- sh -c 'kill -TERM $$'
    status "a signal" 137 run -- sh -c 'kill -KILL $$'
    status "a signal" 139 run -- sh -c 'kill -SEGV $$'
    status "not found" 127 run -- nonesuch
    status "not found" 127 run -- /nonesuch/x
    status "not executable" 126 run -- /etc/passwd
    status "not executable" 126 run -- "$tree/ws"
    status "time is up" 124 run --timeout 1 -- sleep 30
    status "time is up although it ignores signals" 124 run --timeout 1 -- sh -c 'trap "" TERM INT; sleep 30; sleep 30'
    status "in time" 5 run --timeout 30 -- sh -c 'exit 5'
    status "a core limit that keeps the machine's core handler away stays" 0 run -- python3 -c "
import resource as r
r.setrlimit(r.RLIMIT_CORE, (0, 0)); r.prlimit(0, r.RLIMIT_CORE, (0, 1))
assert r.getrlimit(r.RLIMIT_CORE) == (1, 1)"
    # where it may not, SIGTERM ends it at once; where it stops, nobody is there to set it going again
    status "asks its parent to trace it" 143 run --timeout 20 -- python3 -c "import ctypes, os; ctypes.CDLL(None).ptrace(0, 0, 0, 0); os.kill(os.getpid(), 15)"
}
test_refusals() {
    status "no command" 125 run
    status "unknown option" 125 run --nonesuch -- true
    status "unknown mode" 125 as "$sandbox" run --mode nonesuch -- true
    status "relative workspace" 125 run --workspace . -- true
    says "names key and value" 'workspace: "."'
    status "missing workspace" 125 run --workspace "$tree/nonesuch" -- true
    says "says what to do" "hint:"
    status "top as workspace" 125 run --workspace / -- true
    status "home as workspace" 125 run --workspace "$tree/home" -- true
    says "names the home" "home directory"
    status "what contains the home" 125 run --workspace "$tree" -- true
    as ln -s "$tree/home" "$tree/ws/homelink"
    status "a link to the home" 125 run --workspace "$tree/ws/homelink" -- true
    as rm "$tree/ws/homelink"
    ln -s "$tree/outside" "$tree/ws/turned"
    status "a root turned into a link that leads out" 125 run --writable "$tree/ws/turned" -- true
    says "by name" "leads out of the root"
    rm "$tree/ws/turned"
    status "a file as root" 125 run --writable "$tree/ws/file" -- true
    status "unknown network" 125 run --network all -- true
    status "bad timeout" 125 run --timeout 1s -- true
    status "missing policy file" 125 run --policy "$tree/nonesuch" -- true
    as sh -c 'echo "{\"workspace\": \"/x\", \"writeable\": []}" >p.json'
    status "unknown key in a policy" 125 run --policy "$tree/ws/p.json" -- true
    says "names the key" 'writeable'
    as sh -c "echo '{\"workspace\": \"$tree/ws\", \"env\": {\"set\": {\"A\": \"7\"}}}' >p.json"
    status "a policy file" 7 run --policy "$tree/ws/p.json" -- sh -c 'exit $A'
    status "root and hidden at once" 125 run --deny-read "$tree/ws" -- true
    status "missing cwd" 125 run --cwd "$tree/nonesuch" -- true
}
test_files() {
    status "writes the workspace" 0 run -- sh -c 'echo x >new && mkdir d && mv new d/n && rm -r d'
    status "writes a declared root" 0 run --writable "$tree/extra" -- sh -c "echo x >$tree/extra/f"
    status "does not write an undeclared one" 2 run -- sh -c "echo x >$tree/extra/g"
    holds "nothing was written" test ! -e "$tree/extra/g"
    status "does not write outside" 2 run -- sh -c "echo x >>$tree/outside/canary"
    status "does not write through its own root link" 2 run -- sh -c "echo x >>/proc/self/root$tree/outside/canary"
    status "does not create where everyone may" 1 run -- touch "$tree/public/f"
    status "does not rename out" 1 run -- mv file "$tree/public/f"
    status "does not link out" 1 run -- ln "$tree/outside/canary" hard
    status "does not write through a link" 2 run -- sh -c "rm -f link; ln -s $tree/outside link && echo x >link/canary"
    if as "$sandbox" explain --for "$mode" | grep -q '"id": "truncate"'; then # Landlock ABI below 3
        status "truncates, and says so" 0 run -- python3 -c "import os; os.truncate('$tree/outside/canary', 0)"
        echo outside >"$tree/outside/canary"
    else
        status "does not truncate" 1 run -- python3 -c "import os; os.truncate('$tree/outside/canary', 0)"
    fi
    status "does not write a FIFO outside" 1 run -- timeout 2 python3 -c "import os; os.open('$tree/outside/fifo', os.O_RDWR)"
    holds "the canary is unchanged" test "$(cat "$tree/outside/canary")" = outside
    status "set-ID bits cannot be made" 1 run -- chmod u+s file
    status "set-ID bits cannot be made" 1 run -- chmod g+s sub
    status "set-ID bits cannot be made" 1 run -- python3 -c "import os; os.open('s', os.O_CREAT|os.O_WRONLY, 0o4755)"
    status "other modes can" 0 run -- chmod 751 file
    status "devices work" 0 run -- sh -c 'echo x >/dev/null && head -c 9 /dev/urandom >/dev/null && head -c 9 /dev/zero >/dev/null'
}
test_deny_read() {
    status "a hidden directory" 1 run --deny-read "$tree/secret" -- cat "$tree/secret/file"
    status "cannot be listed" 2 run --deny-read "$tree/secret" -- ls "$tree/secret"
    status "also by its root link" 1 run --deny-read "$tree/secret" -- cat "/proc/self/root$tree/secret/file"
    status "a hidden file" 1 run --deny-read "$tree/home/.ssh/id" -- cat "$tree/home/.ssh/id"
    status "a missing one is nothing to hide" 0 run --deny-read "$tree/nonesuch" -- true
    status "its neighbours are readable" 0 run --deny-read "$tree/secret" --deny-read "$tree/home/.ssh" -- cat "$tree/outside/canary"
    ln -s "$tree/secret" "$tree/home/link"
    status "through a link to it" 1 run --deny-read "$tree/home/link" -- cat "$tree/secret/file"
    rm "$tree/home/link"
}
test_network() {
    status "no sockets" 1 run -- python3 -c "import socket; socket.socket(socket.AF_INET)"
    status "no sockets" 1 run -- python3 -c "import socket; socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)"
    status "no netlink" 1 run -- python3 -c "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)"
    status "no vsock" 1 run -- python3 -c "import socket; socket.socket(40)"
    status "pairs work" 0 run -- python3 -c "import socket; a, b = socket.socketpair(); a.send(b'x'); assert b.recv(1) == b'x'"
    status "the host's network on request" 0 run --network host -- python3 -c "import socket; socket.socket(socket.AF_INET)"
    status "no raw sockets even so" 1 run --network host -- python3 -c "import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)"
    status "a local socket of the host" 1 run -- python3 -c "import socket; socket.socket(socket.AF_UNIX).connect('$tree/sock')"
    status "also with its network" 1 run --network host -- python3 -c "import socket; socket.socket(socket.AF_UNIX).connect('$tree/sock')"
    status "an abstract one" 1 run -- python3 -c "import socket; socket.socket(socket.AF_UNIX).connect('\0holdfast-test-$$')"
    status "no datagrams to it" 1 run -- python3 -c "import socket; a, b = socket.socketpair(type=socket.SOCK_DGRAM); a.sendto(b'x', '$tree/sock')"
    holds "nobody came" test ! -s "$tree/visitors"
}
test_descriptors() {
    status "a leaked file" 2 as bash -c "exec 7>>'$tree/outside/canary'; exec '$sandbox' run --mode $mode -- sh -c 'echo x >&7'"
    status "a leaked directory" 2 as bash -c "exec 8<'$tree/outside'; exec '$sandbox' run --mode $mode -- ls /proc/self/fd/8/"
    status "a directory as input" 125 as bash -c "exec '$sandbox' run --mode $mode -- true <'$tree/outside'"
    status "a file as input" 0 as bash -c "exec '$sandbox' run --mode $mode -- grep -q outside <'$tree/outside/canary'"
    status "from where it was" 0 as bash -c "exec <'$tree/outside/canary'; read -r -n 3 x; [ \"\$('$sandbox' run --mode $mode -- cat)\" != outside ]"
    status "not reopened for writing" 1 as bash -c "exec '$sandbox' run --mode $mode -- python3 -c 'import os; os.open(\"/proc/self/fd/0\", os.O_RDWR)' <'$tree/outside/canary'"
    status "output to a file outside" 0 as bash -c "exec '$sandbox' run --mode $mode -- echo text >'$tree/outside/output'"
    holds "arrives" test "$(cat "$tree/outside/output")" = text
    status "a closed input stays closed" 1 as bash -c "exec '$sandbox' run --mode $mode -- python3 -c 'import os; os.fstat(0)' <&-"
    holds "the canary is unchanged" test "$(cat "$tree/outside/canary")" = outside
}
test_privileges() {
    status "no capabilities" 0 run -- sh -c 'grep CapEff /proc/self/status | grep -q 0000000000000000'
    status "no_new_privs" 0 run -- grep -q 'NoNewPrivs:.*1' /proc/self/status
    status "a filter" 0 run -- grep -q 'Seccomp:.*2' /proc/self/status
    status "no mounts" 32 run -- mount -t tmpfs none "$tree/ws/sub"
    status "no new namespaces" 1 run -- unshare -U true
    status "own session" 0 run -- sh -c '[ "$(cut -d" " -f6 /proc/self/stat)" != '"$(cut -d' ' -f6 /proc/self/stat)"' ]'
    status "the caller's identity" 0 run -- sh -c "[ \$(id -u) = $uid ]"
}
test_environment() {
    status "secrets are dropped" 0 as env A_TOKEN=x SSH_AUTH_SOCK=/s "$sandbox" run --mode $mode -- sh -c '[ -z "$A_TOKEN$SSH_AUTH_SOCK" ]'
    status "unless named" 0 as env A_TOKEN=x "$sandbox" run --mode $mode --env A_TOKEN -- sh -c '[ "$A_TOKEN" = x ]'
    status "set" 0 run --env B=c=d -- sh -c '[ "$B" = c=d ]'
    status "says where it is" 0 run -- sh -c "[ \"\$HOLDFAST_SANDBOX\" = $mode ]"
}
test_log() {
    rm -f "$tree/home/log"
    status "a log" 7 run --log "$tree/home/log" -- sh -c 'exit 7'
    status "not where the command writes" 125 run --log "$tree/ws/log" -- true
    says "and says why" "where the command can write"
    as ln -s "$tree/home" "$tree/ws/logs"
    status "nor by a link that it could turn" 125 run --log "$tree/ws/logs/log" -- true
    status "nor by a link that leads there" 125 as bash -c "ln -s '$tree/ws/log' '$tree/home/lk'; exec '$sandbox' run --mode $mode --log '$tree/home/lk' -- true"
    holds "nothing was made" test ! -e "$tree/ws/log"
    as rm "$tree/ws/logs" "$tree/home/lk"
    status "to nowhere" 0 run --log /dev/null -- true
    status "beside the workspace" 0 run --log ../home/log0 -- true
    status "of a refusal, too" 127 run --log "$tree/home/log" -- nonesuch
    status "that the command cannot reach" 1 run --log "$tree/home/log" -- sh -c "ls /proc/self/fd | grep -q '^[4-9]'"
    holds "one JSON line each" python3 - "$tree/home/log" <<'PY'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
assert [l["event"] for l in lines] == ["start", "end"] * 3, lines
assert lines[1]["status"] == 7 and "error" not in lines[1]
assert lines[3]["status"] == 127 and "nonesuch" in lines[3]["error"]
assert lines[0]["command"] == ["sh", "-c", "exit 7"]
assert len(lines[0]["plan"]) == 64 and lines[0]["plan"] == lines[0]["plan"].lower()
PY
    rm -f "$tree/home/log"
    status "a limit that is hit" 124 run --log "$tree/home/log" --timeout 1 -- sleep 30
    holds "is in the log" grep -q '"event": "limit", .*"limit": "timeout_s"' "$tree/home/log"
    rm -f "$tree/home/log"
    status "a call that the filter kills for" 159 run --log "$tree/home/log" -- python3 -c "
import ctypes, mmap # int 0x80
m = mmap.mmap(-1, 4096, prot=7); m.write(bytes.fromhex('53b814000000cd805bc3'))
ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))()"
    holds "is in the log" grep -q '"event": "refused", .*"what": "call"' "$tree/home/log"
    [ $mode = linux-namespace ] || return 0
    rm -f "$tree/home/log"
    status "what the supervisor refuses" 0 run --log "$tree/home/log" -- sh -c "mkdir .codex; mkdir sub/fine; rmdir sub/fine; for i in \$(seq 100); do mkdir .agents; done; python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect(\"$tree/sock\")'; cat .git/config >/dev/null; exit 0"
    holds "is in the log" python3 - "$tree/home/log" "$tree/ws" <<'PY'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
refused = [l for l in lines if l["event"] == "refused"]
assert lines[0]["event"] == "start" and lines[-1]["event"] == "end", lines
assert refused[0]["what"] == "name" and refused[0]["object"] == sys.argv[2] + "/.codex", refused[0]
assert len(refused) == 64 and refused[-1]["more"] == 38, (len(refused), refused[-1])
assert not any("fine" in l["object"] for l in refused)
PY
    rm -f "$tree/home/log"
    status "a connection" 1 run --log "$tree/home/log" -- python3 -c "import socket; socket.socket(socket.AF_UNIX).connect('$tree/sock')"
    holds "is in the log" grep -q "\"what\": \"connect\", \"object\": \"$tree/sock\"" "$tree/home/log"
}
test_processes() {
    local mark="holdfast-left-$RANDOM$RANDOM"
    status "leaves with children running" 0 run -- sh -c "(exec -a $mark setsid sleep 60) >/dev/null 2>&1 & exit 0"
    status "leaves with children running" 0 run -- bash -c "(exec -a $mark sleep 60 >/dev/null 2>&1 &) ; exit 0"
    sleep 0.2
    holds "nothing survived" test -z "$(pgrep -f "$mark")"
    status "signals reach the command" 9 timeout --preserve-status -s TERM 1 bash -c "cd '$tree/ws'; exec ${identity[*]} '$sandbox' run --mode $mode -- bash -c 'trap \"exit 9\" TERM; for i in {1..100}; do sleep 0.1; done'"
    holds "large output" test "$(run -- head -c 3000000 /dev/zero | wc -c)" = 3000000
    status "standard input" 0 as bash -c "printf abc | '$sandbox' run --mode $mode -- grep -q abc"
    holds "streams stay apart" test "$(run -- sh -c 'echo a; echo b >&2' 2>/dev/null)" = a
}

# --- linux-namespace only ---------------------------------------------------------------------------

test_protected_names() {
    status ".git is read-only" 2 run -- sh -c 'echo x >>.git/config'
    status "its mode too" 1 run -- chmod 700 .git/config
    status "not renamed" 1 run -- mv .git git
    status "not removed" 1 run -- rm -rf .git
    status "git status works" 0 run -- git status
    status "absent names are not made" 1 run -- mkdir .codex
    status "absent names are not made" 2 run -- sh -c 'echo x >.agents'
    status "absent names are not made" 1 run -- ln -s sub .codex
    status "absent names are not renamed into" 1 run -- mv sub .codex
    status "in other roots too" 1 run --writable "$tree/extra" -- mkdir "$tree/extra/.git"
    status "own names" 1 run --protect Makefile -- touch Makefile
    status "other names are" 0 run -- mkdir sub/x other
    holds "no stub is left" test ! -e "$tree/ws/.codex" -a ! -e "$tree/ws/.agents" -a ! -e "$tree/extra/.git"
    status "git init below" 0 run -- sh -c 'mkdir p && cd p && git init -q . && git -c user.name=a -c user.email=b commit -q --allow-empty -m m'
    as mv "$tree/ws/.git" "$tree/ws/real"
    as ln -s real "$tree/ws/.git"
    status "a link is protected" 1 run -- rm .git
    status "and what it leads to" 2 run -- sh -c 'echo x >>real/config'
    as rm "$tree/ws/.git"
    as sh -c 'echo "gitdir: real" >.git'
    status "a pointer is protected" 2 run -- sh -c 'echo "gitdir: sub" >.git'
    status "and what it points to" 2 run -- sh -c 'echo x >>real/config'
    as sh -c 'echo "gitdir: nonesuch" >.git'
    status "a pointer to nothing is refused" 125 run -- true
    as rm "$tree/ws/.git"
    as ln -s nonesuch "$tree/ws/.git"
    status "a link to nothing is refused" 125 run -- true
    as rm "$tree/ws/.git"
    as mv "$tree/ws/real" "$tree/ws/.git"
    as sh -c 'git -c user.name=a -c user.email=b commit -q --allow-empty -m m && git worktree add -q wt'
    status "a worktree's pointer" 2 run -- sh -c 'echo x >wt/.git'
    status "git status in a worktree" 0 run -- git -C wt status
    as rm -rf wt
    as git worktree prune
    as sh -c 'printf "[submodule \"m\"]\n\tpath = m\n" >.gitmodules && mkdir m && echo "gitdir: ../.git" >m/.git'
    status "a submodule's pointer" 2 run -- sh -c 'echo x >m/.git'
    as sh -c 'mkdir -p lib/deep && mv m/.git lib/deep/.git && printf "[submodule \"m\"]\n\tpath = lib/deep\n" >.gitmodules'
    status "nor a directory above it moved" 1 run -- mv lib lib-old
}
test_metadata_outside() {
    status "chmod" 1 run -- chmod 777 "$tree/outside/canary"
    status "touch" 1 run -- touch "$tree/outside/canary"
    status "of the input file" 1 as bash -c "exec '$sandbox' run --mode $mode -- python3 -c 'import os; os.fchmod(0, 0o600)' <'$tree/outside/canary'"
}
test_private_world() {
    status "a private /tmp" 0 run -- sh -c 'echo x >/tmp/f && [ "$(ls -A /tmp)" = f ]'
    status "a private /dev/shm" 0 run -- sh -c 'echo x >/dev/shm/f && [ "$(ls -A /dev/shm)" = f ]'
    status "only own processes" 0 run -- sh -c '[ "$(ls /proc | grep -c "^[0-9]")" -le 6 ]'
    status "init cannot be looked into" 1 run -- cat /proc/1/environ
    status "the names of the user's keys" 1 run -- cat /proc/keys
    status "init cannot be killed" 0 run -- sh -c 'kill -9 1; true'
    status "sysctls cannot be written" 2 run -- sh -c 'echo x >/proc/sys/kernel/core_pattern'
    status "terminals" 0 run -- python3 -c 'import pty, os; a, b = os.openpty(); os.write(a, b"x\n"); assert os.read(b, 2) == b"x\n"'
    local ws=/tmp/holdfast-ws.$$
    as mkdir $ws
    status "a workspace below /tmp" 0 run --workspace $ws --cwd $ws -- sh -c 'echo x >f'
    holds "arrives" test -e $ws/f
    as rm -rf $ws
    status "a root below a hidden directory" 0 run --deny-read "$tree" --workspace "$tree/ws" -- sh -c 'echo x >through'
    status "and the rest stays hidden" 1 run --deny-read "$tree" --workspace "$tree/ws" -- cat "$tree/outside/canary"
    status "its parent cannot be listed" 2 run --deny-read "$tree" --workspace "$tree/ws" -- ls "$tree"
    status "a hidden place inside a root" 2 run --deny-read "$tree/ws/sub" -- ls "$tree/ws/sub/."
    status "local sockets inside" 0 run -- python3 -c "
import socket
for name in ('/tmp/s', '$tree/ws/s', '\0inside'):
    s = socket.socket(socket.AF_UNIX); s.bind(name); s.listen()
    c = socket.socket(socket.AF_UNIX); c.connect(name)"
    status "loopback of its own" 0 run --network loopback -- python3 -c "
import socket
for family, host in ((socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '::1')):
    s = socket.socket(family); s.bind((host, 0)); s.listen()
    c = socket.socket(family); c.connect(s.getsockname())
    d = socket.socket(family, socket.SOCK_DGRAM); d.bind((host, 0)); d.sendto(b'x', d.getsockname()); assert d.recv(1) == b'x'"
    status "the host's loopback stays away" 1 run --network loopback -- python3 -c "import socket; socket.create_connection(('127.0.0.1', $port), 2)"
    status "SysV IPC of its own" 0 run -- python3 -c "
import ctypes; c = ctypes.CDLL(None)
assert c.shmget(0x$$, 4096, 0o1600) >= 0 and c.shmget($ipc_key, 1, 0) < 0"
    status "processes are limited" 2 run --processes 4 -- sh -c 'sleep 1 & sleep 1 & sleep 1 & sleep 1 & sleep 1 & sleep 1 & wait'
    status "enough are enough" 0 run --processes 4 -- sh -c 'for i in 1 2 3 4 5 6 7 8 9; do /bin/true & wait; done'
    [ "$uid" != 0 ] || status "threads count" 0 run --processes 20 -- python3 -c "
import threading, time
made = 0
try:
    for i in range(40):
        threading.Thread(target=time.sleep, args=(1,), daemon=True).start(); made += 1
except RuntimeError: pass
assert 10 <= made <= 20, made"
    status "so are forks" 0 run --processes 30 -- python3 -c "
import os, time
made = 0
try:
    while made < 100:
        if os.fork() == 0:
            time.sleep(2); os._exit(0)
        made += 1
except BlockingIOError: pass
assert made <= 30, made"
}
test_nested_roots() { # linux-namespace: a root inside a root is as protected as the outer one
    as mkdir -p "$tree/ws/deep/nested/.git" "$tree/ws/near/.git"
    local nested=(--writable "$tree/ws/near" --writable "$tree/ws/deep/nested")
    status "a nested root is writable" 0 run "${nested[@]}" -- touch deep/nested/new near/new
    status "its .git is not" 1 run "${nested[@]}" -- sh -c 'touch near/.git/x || touch deep/nested/.git/x'
    status "it cannot be renamed" 1 run "${nested[@]}" -- mv near near-old
    status "nor what lies above it" 1 run "${nested[@]}" -- mv deep deep-old
    rm -rf "$tree/ws/deep" "$tree/ws/near"
}
test_landlock_limits() {
    status "loopback is refused" 125 run --network loopback -- true
    says "with a hint" "linux-namespace"
    status "hiding inside a root is refused" 125 run --deny-read "$tree/ws/sub" -- true
    [ ${#identity[@]} -gt 0 ] || return 0
    mkdir -p "$scene/unlistable/denied"
    chmod 711 "$scene/unlistable"
    chmod 755 "$scene/unlistable/denied"
    status "hiding below what cannot be listed is refused" 125 run --deny-read "$scene/unlistable/denied" -- true
    says "by name" "cannot be listed"
}
test_explain() {
    status "explains" 0 as "$sandbox" explain --for $mode
    holds "as JSON" python3 -c "import json, sys; p = json.loads(sys.argv[1]); assert p['mode'] == '$mode' and len(p['steps']) > 10" "$out"
    status "modes" 0 as "$sandbox" modes --json
    holds "as JSON" python3 -c "import json, sys; p = json.loads(sys.argv[1]); assert any(m['name'] == '$mode' and m['works'] for m in p['modes'])" "$out"
    status "doctor" 0 as "$sandbox" doctor
    status "nothing to set up" 0 as "$sandbox" setup
    status "nothing to set up" 0 as "$sandbox" status
    status "help" 0 as "$sandbox" run --help
    status "version" 0 as "$sandbox" --version
}

# --- the rounds -------------------------------------------------------------------------------------

start_listeners() { # a local socket, an abstract one and a TCP port that note who comes
    python3 - "$tree" "$$" >"$scene/port" <<'PY' &
import os, selectors, socket, sys
tree, pid = sys.argv[1], sys.argv[2]
os.chmod(tree, 0o755)
stream = socket.socket(socket.AF_UNIX); stream.bind(tree + "/sock"); os.chmod(tree + "/sock", 0o777)
abstract = socket.socket(socket.AF_UNIX); abstract.bind("\0holdfast-test-" + pid)
tcp = socket.socket(); tcp.bind(("127.0.0.1", 0))
print(tcp.getsockname()[1], flush=True)
selector = selectors.DefaultSelector()
for s in (stream, abstract, tcp):
    s.listen(); selector.register(s, selectors.EVENT_READ)
while True:
    for key, _ in selector.select():
        key.fileobj.accept()
        with open(tree + "/visitors", "a") as f:
            f.write("came\n")
PY
    listeners=$!
    for _ in {1..100}; do
        [ -s "$scene/port" ] && break
        sleep 0.05
    done
    port=$(cat "$scene/port")
    ipc_key=$((0x60000000 + $$))
    ipc_id=$(ipcmk -M 64 -p 0666 2>/dev/null | grep -o '[0-9]*$')
}
stop_listeners() {
    kill $listeners
    wait $listeners 2>/dev/null
    [ -z "$ipc_id" ] || ipcrm -m "$ipc_id"
}

round() {
    plant
    start_listeners
    for mode in linux-namespace linux-landlock; do
        if ! as "$sandbox" modes --json | grep -q "\"name\": \"$mode\", \"platform\": \"linux\", \"works\": true"; then
            echo "$who: $mode does not work here: not tested"
            continue
        fi
        for part in exit_status refusals files deny_read network descriptors privileges environment \
            log processes explain; do
            test_$part
        done
        if [ $mode = linux-namespace ]; then
            for part in metadata_outside private_world protected_names nested_roots; do
                test_$part
            done
        else
            test_landlock_limits
        fi
    done
    stop_listeners
}

uid=$(id -u)
round
if [ "$uid" = 0 ]; then
    uid=1777
    identity=(setpriv --reuid=$uid --regid=$uid --clear-groups --inh-caps=-all)
    who="uid $uid"
    round
fi
echo "$checks checks, $failures failed"
[ $failures = 0 ]
