#!/usr/bin/env bash
# usage: reflink.sh BUILD_DIR SOURCE_DIR
# fs.reflink-dedupe needs a file system that shares blocks between files; where scenes usually lie (memory,
# ext4) there is none. Root has one made in a file and judges the case there.
set -u
build=$1 source=$2
[ "$(id -u)" = 0 ] || {
    echo "only root can mount"
    exit 77
}
PATH=$PATH:/usr/sbin:/sbin
command -v mkfs.xfs >/dev/null || {
    echo "mkfs.xfs is not installed (ci/deps --tools)"
    exit 77
}
work=$(mktemp -d /var/tmp/reflink-XXXXXX)
trap 'umount "$work/scenes" 2>/dev/null; rm -rf "$work"' EXIT
mkdir "$work/scenes"
truncate -s 400M "$work/image" # the least that mkfs.xfs takes is 300 MiB
mkfs.xfs -q -m reflink=1 "$work/image" && mount -o loop "$work/image" "$work/scenes" || {
    echo "no xfs in a file here"
    exit 77
}
chmod 755 "$work" "$work/scenes" # linux-landlock lists what lies above a denied path
export HOLDFAST_FIXTURES=$work/scenes
modes=()
for mode in linux-namespace linux-landlock; do
    ! "$build/bin/holdfast-sandbox" modes --json | grep -q "\"name\": \"$mode\", \"platform\": \"linux\", \"works\": true" ||
        modes+=(--mode "$mode")
done
"$build/bin/holdfast" conformance "${modes[@]}" --adapter "$source/conformance/adapters/null.json" \
    --cases fs.reflink-dedupe --out "$work/out" >"$work/text" 2>&1
python3 - "$work/out/conformance.json" <<'EOF'
import json, sys
run = json.load(open(sys.argv[1]))
cases = run["cases"]
bad = [c for c in cases if c["verdict"] != ("escaped" if c["sandbox"] == "null" else "held")]
for case in bad:
    print("reflink:", json.dumps(case)[:600])
print(", ".join(f"{c['sandbox']} {c['identity']}: {c['verdict']}" for c in cases))
sys.exit(1 if bad or len(cases) != len(run["sandboxes"]) else 0)
EOF
