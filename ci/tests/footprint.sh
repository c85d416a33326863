#!/usr/bin/env bash
# usage: footprint.sh BUILD_DIR SOURCE_DIR
# The snapshot of the footprint cases sees each kind of trace in each place: a launcher that runs a strict sandbox
# and then leaves one trace (a name, bytes, a mode, an owner, an attribute, an ACL, a time, a change that was
# taken back) in home, workspace, second root or outside is found out each time; one that leaves none is not.
set -u
build=$1 source=$2
work=$(mktemp -d /var/tmp/footprint-XXXXXX)
fixtures=$(mktemp -d /var/tmp/footprint-XXXXXX)
chmod 711 "$fixtures"
chmod 1777 "$work"
export HOLDFAST_FIXTURES=$fixtures
trap 'rm -rf "$work" "$fixtures"' EXIT
cat >"$work/trace.py" <<'EOF'
import os, struct, subprocess, sys
kind, place, workspace = sys.argv[1:4]
status = subprocess.call(sys.argv[4:])
path = os.path.join(os.path.dirname(workspace), place)
before = os.stat(path) if kind != "none" else None
# acl(5), system.posix_acl_access: version 2; user, somebody, group, mask, others.
ACL = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in (
    (1, 6, 0xffffffff), (2, 4, 12345), (4, 4, 0xffffffff), (16, 4, 0xffffffff), (32, 4, 0xffffffff)))
if kind == "name":
    open(os.path.join(os.path.dirname(path), ".left-behind"), "x").close()
elif kind == "bytes":
    open(path, "a").write("x")
elif kind == "mode":
    os.chmod(path, before.st_mode ^ 0o040)
elif kind == "owner":
    os.chown(path, 12345, -1)
elif kind == "attribute":
    os.setxattr(path, "user.left", b"behind")
elif kind == "acl":
    os.setxattr(path, "system.posix_acl_access", ACL)
elif kind == "time":
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns - 10**9))
elif kind == "restored":
    was = open(path, "rb").read()
    open(path, "ab").write(b"x")
    os.truncate(path, len(was))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
sys.exit(status)
EOF
cat >"$work/left.py" <<'EOF'
import os, socket, subprocess, sys
kind, place = sys.argv[1:3]
if kind == "socket":
    bound = socket.socket(socket.AF_UNIX)
    bound.bind(f"{place}/left-{os.getpid()}.sock")
elif kind.endswith("group"):
    group = f"{place}/left-{os.getpid()}"
    os.mkdir(group)
    open(f"{group}/cgroup.procs", "w").write("0")
status = subprocess.call(sys.argv[3:])
if kind.endswith("group"):
    open(f"{place}/cgroup.procs", "w").write("0")
if kind == "tidy-group":
    os.rmdir(group)
sys.exit(status)
EOF
# Where control groups can be made: version 2 or a hierarchy of version 1; as root only.
group=
for place in /sys/fs/cgroup/unified /sys/fs/cgroup /sys/fs/cgroup/pids; do
    [ -z "$group" ] && [ -w "$place/cgroup.procs" ] && mkdir "$place/footprint-$$" 2>/dev/null && group=$place/footprint-$$
done
clean() {
    [ -z "$group" ] || rmdir "$group"/left-* "$group" 2>/dev/null
    rm -rf "$work" "$fixtures"
}
trap clean EXIT
python3 - "$build/bin/holdfast" "$work" "$source/conformance/adapters/linux-namespace.json" "$group" <<'EOF'
import json, os, subprocess, sys
holdfast, work, strict, group = sys.argv[1:]
identity = "root" if os.geteuid() == 0 else "user"
kinds = ["name", "bytes", "mode", "attribute", "acl", "time", "restored"] + ["owner"] * (identity == "root")
# What the evidence has to say: ctime alone would show that something happened, not what.
WORDS = {"name": ".left-behind: new", "bytes": "content", "mode": " mode", "attribute": "xattr", "acl": "xattr",
         "time": "mtime", "restored": "ctime", "owner": "owner"}
places = {"home": "home/.gitconfig", "ssh": "home/.ssh/id_ed25519", "ws": "ws/README.md", "src": "ws/src/main.c",
          "git": "ws/.git/config", "outside": "outside/dir/inner.txt", "secret": "secret/token.txt", "public": "public/canary.txt"}
wanted = {"none": None}
# What stays on the host, and the same cleaned up.
left = {"socket": work}
if group:
    left.update({"group": group, "tidy-group": group})
for kind in kinds:
    wanted.update({f"{kind}-{place}": place for place in places})
command = [holdfast, "conformance", "--identity", identity, "--cases", "setup.outside-unchanged,setup.ssh-linux-mode,setup.mounts-left",
           "--out", f"{work}/out"]
for name in [*wanted, *left]:
    known = json.load(open(strict))
    kind, _, place = name.partition("-")
    if name in left:
        known["command"][0:0] = ["python3", f"{work}/left.py", name, left[name]]
    else:
        known["command"][0:0] = ["python3", f"{work}/trace.py", kind, places.get(place, "ws"), "{workspace}"]
    known.update(name=name)
    known.pop("mode")
    path = f"{work}/{name}.json"
    json.dump(known, open(path, "w"))
    command += ["--adapter", path]
done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
try:
    run = json.load(open(f"{work}/out/conformance.json"))
except OSError:
    sys.exit(f"footprint: no result: {done.stdout[-2000:]}")
if any(s.get("reason") for s in run["sandboxes"]):
    print("footprint: skipped:", run["sandboxes"][0]["reason"])
    sys.exit(77)
bad = []
seen = {(c["sandbox"], c["id"]): c for c in run["cases"]}
for name, place in wanted.items():
    found = seen[name, "setup.outside-unchanged"]
    if found["verdict"] != ("held" if place is None else "escaped"):
        bad.append(f"{name}: {found['verdict']}: {found.get('evidence')} {found.get('reason')}")
    elif place is not None and WORDS[name.partition("-")[0]] not in found["evidence"]:
        bad.append(f"{name}: does not say what: {found['evidence']}")
    found = seen[name, "setup.ssh-linux-mode"]
    if found["verdict"] != ("escaped" if place in ("home", "ssh", "outside", "secret", "public") else "held"):
        bad.append(f"{name}: ssh: {found['verdict']}: {found.get('evidence')} {found.get('reason')}")
for name in ["none", *left]:
    found = seen[name, "setup.mounts-left"]
    if found["verdict"] != ("held" if name in ("none", "tidy-group") else "escaped"):
        bad.append(f"{name}: {found['verdict']}: {found.get('evidence')} {found.get('reason')}")
print(f"{len(wanted) + len(left) - 1} traces, {len(bad)} not judged as they are")
for line in bad:
    print("footprint:", line)
sys.exit(1 if bad else 0)
EOF
