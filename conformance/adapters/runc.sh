#!/bin/sh
# runc.sh POLICY.json -- COMMAND...   runc with an OCI bundle made for the same policy.
set -eu
shift 2
bundle=$(mktemp -d "$HOLDFAST_SCRATCH/XXXX") # a case may start the sandbox several times
run=$(basename "$(dirname "$HOLDFAST_SCRATCH")")
name=holdfast-$run-$(basename "$bundle") # runc-after.sh knows it

# JSON strings for any bytes that a command line of a case can hold.
quote() {
    printf '%s' "$1" | sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/	/\\t/g' | awk 'NR > 1 { printf "\\n" } { printf "%s", $0 }' | sed 's/^/"/; s/$/"/'
}
args=""
for word in "$@"; do
    [ -n "$word" ] && text=$(quote "$word") || text='""'
    args="$args${args:+,}$text"
done
envs=""
for name_ in PATH HOME LANG USER LOGNAME; do
    eval "value=\${$name_-}"
    [ -z "$value" ] || envs="$envs${envs:+,}$(quote "$name_=$value")"
done
# Lists come as one JSON string to a line. ro and rw say nothing about mounts below; rro and rrw do.
binds() { # LIST OPTION
    printf '%s' "$1" | while IFS= read -r path; do
        printf ',{"destination":%s,"source":%s,"type":"bind","options":["rbind",%s]}' "$path" "$path" "$2"
    done
}
hides() { # LIST
    printf '%s' "$1" | while IFS= read -r path; do
        printf ',{"destination":%s,"source":"tmpfs","type":"tmpfs","options":["ro","mode=000"]}' "$path"
    done
}
# The root is an empty folder with the machine's top folders bound read-only: pivot_root(2) refuses
# "/" itself.
mkdir "$bundle/rootfs" "$bundle/rootfs/proc" "$bundle/rootfs/dev" "$bundle/rootfs/tmp"
tops=""
for top in /*; do
    if [ -L "$top" ]; then
        cp -P "$top" "$bundle/rootfs$top"
    elif [ -d "$top" ]; then
        case $top in /proc | /dev | /tmp) continue ;; esac
        mkdir "$bundle/rootfs$top"
        tops="$tops$(quote "$top")
"
    fi
done
network=',{"type":"network"}'
[ "$HOLDFAST_NETWORK" != host ] || network=''
uid=$(id -u)
gid=$(id -g)
cat >"$bundle/config.json" <<JSON
{"ociVersion":"1.0.2","root":{"path":"rootfs","readonly":true},"hostname":"holdfast",
"process":{"terminal":false,"user":{"uid":0,"gid":0},"args":[$args],"env":[$envs],
"cwd":$(quote "$HOLDFAST_CWD"),"noNewPrivileges":true,
"capabilities":{"bounding":[],"effective":[],"permitted":[],"inheritable":[],"ambient":[]}},
"mounts":[{"destination":"/proc","type":"proc","source":"proc"},
{"destination":"/dev","type":"tmpfs","source":"tmpfs","options":["nosuid","mode=755"]},
{"destination":"/dev/shm","type":"tmpfs","source":"shm","options":["nosuid","nodev","mode=1777"]},
{"destination":"/tmp","type":"tmpfs","source":"tmpfs","options":["nosuid","nodev","mode=1777"]}
$(binds "$tops" '"rro"')$(binds "$HOLDFAST_WRITABLE" '"rrw"')$(binds "$HOLDFAST_PROTECT" '"rro"')$(hides "$HOLDFAST_DENY_READ")],
"linux":{"maskedPaths":[$(printf '%s' "$HOLDFAST_DENY_READ_FILES" | paste -sd, -)],
"uidMappings":[{"containerID":0,"hostID":$uid,"size":1}],
"gidMappings":[{"containerID":0,"hostID":$gid,"size":1}],
"namespaces":[{"type":"pid"},{"type":"ipc"},{"type":"uts"},{"type":"mount"},{"type":"user"}$network]}}
JSON
unset HOLDFAST_WORKSPACE HOLDFAST_WRITABLE HOLDFAST_PROTECT HOLDFAST_DENY_READ \
    HOLDFAST_DENY_READ_FILES HOLDFAST_NETWORK HOLDFAST_CWD HOLDFAST_HOME HOLDFAST_TMP HOLDFAST_PEERS \
    HOLDFAST_SCRATCH
# To runc itself it is an order: make a socket at STATE/NAME/notify and mount it at /run, which is
# read-only here. The command never gets it: its environment is that of config.json.
unset NOTIFY_SOCKET
exec runc --root "$bundle/state" run --bundle "$bundle" "$name"
