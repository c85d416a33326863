#!/usr/bin/env bash
# usage: ci/tests/sandbox-git.sh BUILD_DIR SOURCE_DIR
# "git": "commit" from outside: real git works inside with the grant, the user's git works afterwards, and
# nothing of the repository changes but what a commit needs. As root and as an ordinary user.
set -u
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
build=$1
scene=$(mktemp -d /var/tmp/holdfast-git.XXXXXX) # not /tmp: that is private inside
trap 'rm -rf "$scene"' EXIT
mkdir -p "$scene/bin"
cp "$build/bin/holdfast-sandbox" "$scene/bin/"
chmod 755 "$scene" "$scene/bin"
sandbox=$scene/bin/holdfast-sandbox
if ! "$sandbox" modes --json | grep -q '"name": "linux-namespace", "platform": "linux", "works": true'; then
    echo "linux-namespace does not work here"
    exit 77
fi
failures=0 checks=0 identity=() who=$(id -un) uid=$(id -u)

# From a terminal mv and rm ask before they touch what cannot be written, and wait for an answer.
as() { (cd "$at" && exec "${identity[@]}" env -i PATH="$PATH" HOME="$tree/home" "$@" </dev/null); }
run() { as "$sandbox" run --mode linux-namespace --git commit "$@"; }
inside() { run -- sh -ec "$1"; }
fail() {
    echo "FAILED ($who): $*"
    failures=$((failures + 1))
}
status() { # CLAIM STATUS COMMAND...
    local claim=$1 wanted=$2 got
    shift 2
    checks=$((checks + 1))
    out=$("$@" 2>&1)
    got=$?
    [ "$got" = "$wanted" ] || fail "$claim: status $got, not $wanted: ${out:0:400}"
}
holds() {
    local claim=$1
    shift
    checks=$((checks + 1))
    "$@" || fail "$claim"
}
trusted() { # what no commit changes, as one text
    (cd "$git" && find . \( -path ./objects -o -path ./refs -o -path ./logs \) -prune -o \
        ! -name index ! -name HEAD ! -name ORIG_HEAD ! -name COMMIT_EDITMSG ! -name packed-refs \
        ! -name 'MERGE_*' ! -name AUTO_MERGE ! -name . -printf '%p %y %m %l\n' | sort
    cat config hooks/* info/* 2>/dev/null
    find . -type l
    ls objects/info 2>/dev/null | grep -i alternates)
}
refuses() { # CLAIM SCRIPT: it fails, and what is trusted is as before
    local claim=$1 before
    before=$(trusted)
    checks=$((checks + 1))
    if out=$(inside "$2" 2>&1); then
        fail "$claim: went through: ${out:0:300}"
    fi
    [ "$before" = "$(trusted)" ] || fail "$claim: $(diff <(echo "$before") <(trusted) | head -5)"
    as git -C "$at" status >/dev/null 2>&1 || fail "$claim: git outside does not work any more"
}

plant() {
    tree=$scene/tree
    rm -rf "$tree"
    mkdir -p "$tree"/{ws,home,wts}
    printf '[user]\n\tname = u\n\temail = u@example.org\n[init]\n\tdefaultBranch = main\n[protocol "file"]\n\tallow = always\n[advice]\n\tdetachedHead = false\n' >"$tree/home/.gitconfig"
    [ ${#identity[@]} = 0 ] || chown -R "$uid:$uid" "$tree"
    at=$tree/ws git=$tree/ws/.git
    as sh -ec 'git init -q . && echo a >f && git add f && git commit -qm zero'
}

# Whoever starts this at a terminal, or at a machine's console, is not asked anything.
test_terminal() {
    local name
    coproc python3 -c 'import os, sys; m, s = os.openpty(); print(os.ttyname(s), flush=True); sys.stdin.read()'
    read -r name <&"${COPROC[0]}"
    holds "a terminal to test with" test -t 0 <"$name"
    status "none is handed on" 0 inside '! [ -t 0 ]' <"$name"
    eval "exec ${COPROC[1]}>&-"
    wait "$COPROC_PID"
}
test_work() {
    status "commit" 0 inside 'echo b >g; git add g; git commit -qm one'
    status "branch, merge, tag" 0 inside '
        git checkout -q -b side; echo c >h; git add h; git commit -qm two
        git checkout -q main; git merge -q --no-ff -m merged side; git tag -a v1 -m tag; git tag light
        git branch -d side'
    status "stash" 0 inside 'echo d >>f; git stash -q; git stash pop -q; git checkout -q f'
    status "amend, reset, revert, cherry-pick" 0 inside '
        echo e >i; git add i; git commit -qm three; git commit -q --amend -m four
        git revert --no-edit HEAD; git cherry-pick HEAD~1; git reset -q --hard HEAD~1'
    status "a conflict" 0 inside '
        git checkout -q -b left; echo l >f; git commit -qam left
        git checkout -q main; echo r >f; git commit -qam right
        ! git merge -q left; git merge --abort
        ! git merge -q left; echo both >f; git commit -qam resolved'
    status "parts of it" 0 inside 'echo p >>f; echo q >>g; git commit -qm part f; git commit -qam rest'
    status "packing" 0 inside 'git pack-refs --all; git repack -qad; git prune'
    status "a detached head" 0 inside 'git checkout -q --detach; git checkout -q main'
    status "fsck outside" 0 as git fsck --strict
    status "nothing is left over" 0 as sh -c '[ -z "$(git status --porcelain)" ]'
    status "a commit outside" 0 as git commit -q --allow-empty -m outside
    status "and inside again" 0 inside '[ "$(git log -1 --format=%s)" = outside ]; git commit -q --allow-empty -m again'
    status "hooks run inside" 0 as sh -c 'printf "#!/bin/sh\ntouch hooked\n" >.git/hooks/pre-commit; chmod +x .git/hooks/pre-commit'
    status "hooks run inside" 0 inside 'git commit -q --allow-empty -m hooked; [ -e hooked ]; rm hooked'
    as rm .git/hooks/pre-commit
    status "without the grant nothing" 128 as "$sandbox" run --mode linux-namespace -- git commit -q --allow-empty -m no
    status "by a policy file" 0 as sh -c "echo '{\"workspace\": \"$at\", \"git\": \"commit\"}' >../home/p.json"
    status "by a policy file" 0 as "$sandbox" run --policy "$tree/home/p.json" -- git commit -q --allow-empty -m policy
}
test_attacks() {
    refuses "a hook" 'echo x >.git/hooks/pre-commit'
    refuses "a hook moved there" 'echo x >h; mv h .git/hooks/pre-commit'
    refuses "hooks moved away" 'mv .git/hooks .git/hooks2'
    refuses "a hook made runnable" 'chmod 777 .git/hooks/*'
    refuses "config" 'git config core.fsmonitor evil'
    refuses "config appended to" 'echo x >>.git/config'
    refuses "config removed" 'rm -f .git/config'
    refuses "config moved" 'mv .git/config .git/COMMIT_EDITMSG'
    refuses "a second name for config" 'ln .git/config .git/COMMIT_EDITMSG2 || ln .git/config .git/ORIG_HEAD.lock'
    refuses "another config" 'echo "[core]" >.git/config.worktree'
    refuses "an include" 'git config include.path ../evil'
    refuses "a lock of config moved over it" 'echo x >.git/index.lock; mv .git/index.lock .git/config || { rm .git/index.lock; exit 1; }'
    refuses "another common directory" 'echo ../evil >.git/commondir'
    refuses "info" 'mkdir -p .git/info && echo "* filter=x" >.git/info/attributes'
    refuses "alternates" 'mkdir -p .git/objects/info; echo /x >.git/objects/info/alternates'
    refuses "alternates by another way" 'mkdir -p .git/objects/y; echo /x >.git/objects/y/alternates; mv .git/objects/info .git/objects/z || mv .git/objects/y .git/objects/info'
    refuses "alternates moved there" 'mkdir -p .git/objects/info; echo /x >.git/refs/a; mv .git/refs/a .git/objects/info/alternates || { rm .git/refs/a; exit 1; }'
    refuses "a link" 'ln -s /etc/passwd .git/TAG_EDITMSG'
    refuses "a link among refs" 'ln -s /etc .git/refs/heads/x'
    refuses "a link among logs" 'rm -f .git/logs/refs/heads/x; ln -s ../../../../../home/.bashrc .git/logs/refs/heads/x'
    refuses "a link moved there" 'ln -s /etc l; mv l .git/refs/l'
    refuses "a tree with a link moved there" 'mkdir t; ln -s /etc t/l; mv -T t .git/refs/t'
    refuses "a FIFO" 'mkfifo .git/HEAD.lock'
    refuses "a socket" 'python3 -c "import socket; socket.socket(socket.AF_UNIX).bind(\".git/fsmonitor--daemon.ipc\")"'
    # bind is carried out by pid 1, whose descriptors a path must not lead to
    refuses "a socket through the supervisor's descriptors" "$(printf '%s\n' "python3 - <<'PY'" \
        'import itertools, socket, sys' 'made = 1' \
        'for who, fd, name in itertools.product(["self", "thread-self", "1", "1/task/1"], range(20),' \
        '                                       ["hooks/post-checkout", "refs/heads/socket"]):' \
        '    try:' '        socket.socket(socket.AF_UNIX).bind("/proc/%s/fd/%d/%s" % (who, fd, name))' \
        '        made = 0' '    except OSError:' '        pass' 'sys.exit(made)' 'PY')"
    refuses "a rebase with commands" 'mkdir .git/rebase-merge'
    refuses "a sequence with commands" 'mkdir .git/sequencer'
    refuses "resolutions with paths" 'mkdir .git/rr-cache || echo x >.git/MERGE_RR'
    refuses "a worktree" 'git worktree add -q ../wt || mkdir .git/worktrees'
    refuses "a module" 'mkdir .git/modules'
    refuses ".git moved" 'mv .git git2'
    refuses ".git removed" 'rm -rf .git/config .git/hooks; exit 1'
    refuses ".git replaced" 'mkdir new; mv -T --exchange new .git 2>/dev/null || python3 -c "
import ctypes, sys
sys.exit(0 if ctypes.CDLL(None).renameat2(-100, b\"new\", -100, b\".git\", 2) == 0 else 1)"'
    refuses "HEAD removed" 'rm -f .git/HEAD; [ ! -e .git/HEAD ]'
    refuses "HEAD moved away" 'mv .git/HEAD .git/ORIG_HEAD; [ ! -e .git/HEAD ]'
    refuses "HEAD emptied" ': >.git/HEAD'
    refuses "HEAD replaced by nonsense" 'echo nonsense >.git/HEAD.lock; mv .git/HEAD.lock .git/HEAD || { rm .git/HEAD.lock; exit 1; }'
    refuses "refs removed" 'git pack-refs --all; rm -rf .git/refs; [ ! -e .git/refs ] || { git branch -q keep; git branch -q -D keep; exit 1; }'
    refuses "the index written in place" 'echo x >.git/index'
    refuses "in other letters" 'mkdir .git/HOOKS || echo x >.git/Config'
    as sh -c 'rm -rf l t h new; git checkout -q -- . ; git clean -qfd'
    status "still a sound repository" 0 as git fsck
}
# An index whose path leads into .git: `git checkout .` outside would write the hook.
test_index() {
    cat >"$tree/home/forge.py" <<'PY'
import hashlib, os, struct, subprocess, sys
kind, hash_size = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 20
def oid(text):
    return bytes.fromhex(subprocess.run(["git", "hash-object", "-w", "--stdin"], input=text,
                                        capture_output=True, check=True).stdout.decode().strip())
def entry(name, mode, sha):
    e = struct.pack(">10I", 0, 0, 0, 0, 0, 0, mode, 0, 0, 0) + sha + struct.pack(">H", len(name)) + name
    return e + b"\0" * (8 - len(e) % 8)
evil = oid(b"#!/bin/sh\ntouch ran\n"); fine = oid(b"a\n")
names = {"plain": [(b".git/hooks/post-checkout", 0o100755)], "case": [(b".GiT/hooks/post-checkout", 0o100755)],
         "up": [(b"../evil", 0o100644)], "top": [(b"/evil", 0o100644)], "deep": [(b"a/.git/hooks/x", 0o100755)],
         "module": [(b".gitmodules", 0o120000)], "tree": [(b"d/", 0o40000)], "good": [], "held": [],
         "table": []}[kind]
rows = [entry(n, m, evil) for n, m in names] + [entry(b"f", 0o100644, fine)]
body = b"DIRC" + struct.pack(">II", 2, len(rows)) + b"".join(rows)
if kind == "table": # a table of blocks that says the entries are somewhere else
    hidden = entry(b".git/hooks/post-checkout", 0o100755, evil)
    end = len(body)
    body += b"IEOT" + struct.pack(">I", 12) + struct.pack(">III", 1, end + 28, 1)
    body += b"ZZZZ" + struct.pack(">I", len(hidden)) + hidden
data = body + (hashlib.sha1 if hash_size == 20 else hashlib.sha256)(body).digest()
fd = os.open(".git/index.lock", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
os.write(fd, data)
try:
    os.rename(".git/index.lock", ".git/index")
finally:
    if os.path.exists(".git/index.lock"):
        os.unlink(".git/index.lock")
if kind == "held": # the old file is still open
    os.pwrite(fd, b"XXXX", 0)
PY
    for kind in plain case up top deep module tree table; do
        refuses "an index with a path that is not one ($kind)" "python3 '$tree/home/forge.py' $kind"
    done
    as git checkout -q .
    holds "nothing ran" test ! -e "$at/ran"
    holds "no hook" test ! -e "$git/hooks/post-checkout"
    status "a good one passes" 0 inside "python3 '$tree/home/forge.py' good"
    status "the same, still open" 0 inside "python3 '$tree/home/forge.py' held"
    status "is not changed any more" 0 as git ls-files
    as git reset -q --hard
    # 40 000 entries in blocks, as git with several threads writes them, versions 2 to 4
    for version in 2 4; do
        status "a large index, version $version" 0 inside "
            blob=\$(git hash-object -w f)
            seq -f '100644 '\$blob' 0	d/n%.0f' 40000 | git -c index.threads=4 -c index.version=$version update-index --index-info
            git -c index.threads=4 update-index --index-version $version
            grep -q IEOT .git/index"
        holds "is read outside" test "$(as git -c index.threads=4 ls-files | wc -l)" -ge 40000
        as sh -c 'rm -f .git/index && git reset -q --hard'
    done
}
test_elsewhere() {
    # a linked worktree: its git directory lies in the main one, outside every root
    as git worktree add -q "$tree/wts/wt"
    at=$tree/wts/wt git=$tree/ws/.git
    status "commit in a worktree" 0 inside 'echo w >w; git add w; git commit -qm worktree; git stash list'
    status "seen from the main one" 0 as sh -c '[ "$(git -C ../../ws log -1 --format=%s wt)" = worktree ]'
    refuses "the main hooks" "echo x >'$git/hooks/pre-commit'"
    refuses "the main index" "git -C '$tree/ws' update-index --force-remove f; ! git -C '$tree/ws' diff --cached --quiet"
    refuses "its own pointers" "echo x >'$git/worktrees/wt/commondir' || echo x >'$git/worktrees/wt/gitdir' || echo x >'$git/worktrees/wt/config.worktree'"
    refuses "the main work tree" "echo x >'$tree/ws/f'"
    # what comes with a project proves nothing
    as sh -c "rm -rf '$tree/evil'; mkdir -p '$tree/evil/fake' && cd '$tree/evil' && echo 'gitdir: fake' >.git && echo 'ref: refs/heads/main' >fake/HEAD && echo '$tree/ws/.git' >fake/commondir && echo '$tree/evil/.git' >fake/gitdir"
    at=$tree/evil
    status "a made-up worktree of it" 125 run -- true
    holds "says why" grep -q "lies in no root" <<<"$out"
    as sh -c "mkdir '$tree/apart' && cd '$tree/apart' && git init -q --separate-git-dir='$tree/far.git' ."
    at=$tree/apart git=$tree/far.git
    status "a git directory elsewhere" 125 run -- true
    status "is granted when declared" 0 run --writable "$tree/far.git" -- sh -ec 'echo x >x; git add x; git commit -qm apart'
    status "its hooks stay" 2 run --writable "$tree/far.git" -- sh -c "echo x >'$tree/far.git/hooks/x'"
    # a submodule
    at=$tree/ws git=$tree/ws/.git
    as sh -ec "git submodule --quiet add '$tree/far.git' lib/sub && git commit -qm sub"
    status "commit in a submodule" 0 inside 'cd lib/sub; echo y >y; git add y; git commit -qm sub; cd ../..; git add lib/sub; git commit -qm bump'
    refuses "its hooks" 'echo x >.git/modules/lib/sub/hooks/x'
    refuses "its config" 'echo x >>.git/modules/lib/sub/config'
    as sh -c "rm -rf '$tree/sha256' && mkdir '$tree/sha256' && cd '$tree/sha256' && git init -q --object-format=sha256 . && echo a >f && git add f && git commit -qm zero"
    at=$tree/sha256 git=$tree/sha256/.git
    status "with SHA-256" 0 inside 'echo b >>f; git commit -qam one; git fsck'
    refuses "a forged index there" "python3 '$tree/home/forge.py' plain 32"
}
test_landlock() {
    at=$tree/ws
    status "linux-landlock refuses" 125 as "$sandbox" run --mode linux-landlock --git commit -- true
    holds "in words" grep -q "hooks and configuration" <<<"$out"
}

round() {
    plant
    test_terminal
    test_work
    test_attacks
    test_index
    test_elsewhere
    test_landlock
}
round
if [ "$uid" = 0 ]; then
    uid=1777
    identity=(setpriv --reuid=$uid --regid=$uid --clear-groups --inh-caps=-all)
    who="uid $uid"
    round
fi
echo "$checks checks, $failures failed"
[ $failures = 0 ]
