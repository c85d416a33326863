#!/bin/sh
# docker.sh POLICY.json -- COMMAND...   docker run with the same policy.
# The image is an empty root with the top folders' names; they are bound from the machine, read-only.
set -eu
shift 2
socket=$HOLDFAST_PEERS/docker.sock # ci/peers starts an engine there for the time of its run
[ ! -S "$socket" ] || export DOCKER_HOST="unix://$socket"
DOCKER_CONFIG=$HOLDFAST_SCRATCH # the client reads ~/.docker otherwise, which is the scene's
export DOCKER_CONFIG
own=$(mktemp -d "$HOLDFAST_SCRATCH/XXXX") # a case may start the sandbox several times
name=holdfast-$(basename "$(dirname "$HOLDFAST_SCRATCH")")-$(basename "$own")
echo "${DOCKER_HOST:-}" >"$HOLDFAST_SCRATCH/engine" # for docker-after.sh

docker image inspect holdfast-root >/dev/null 2>"$own/error" || {
    grep -qi 'no such image' "$own/error" || {
        cat "$own/error" >&2
        exit 125
    }
    mkdir "$own/root" "$own/root/proc" "$own/root/dev" "$own/root/tmp" "$own/root/sys"
    chmod 1777 "$own/root/tmp" # runc gives a tmpfs the mode of the folder it covers
    for top in /*; do
        if [ -L "$top" ]; then cp -P "$top" "$own/root$top"; elif [ -d "$top" ]; then mkdir -p "$own/root$top"; fi
    done
    tar -C "$own/root" -c . | docker import - holdfast-root >/dev/null
}

# Lists come as one JSON string to a line. --mount takes CSV: a quote in a field is doubled. The words stay
# as JSON has them until they are read back, so that each has a line of its own.
body() { # JSON-STRING
    text=${1#?}
    printf '%s' "${text%?}"
}
bind() { # PATH [readonly]
    field=$1
    case $field in *'\"'*) field=$(printf '%s' "$field" | sed 's/\\"/\\"\\"/g') ;; esac
    printf '%s\n%s\n' --mount "\"type=bind\",\"source=$field\",\"target=$field\"${2:+,$2}"
}
{
    for top in /*; do
        case $top in /proc | /dev | /tmp | /sys) continue ;; esac
        [ -L "$top" ] || [ ! -d "$top" ] || bind "$top" readonly
    done
    # "readonly" says nothing about mounts below, before engine 25: each is named.
    awk '$2 !~ "^/(proc|dev|tmp|sys)(/|$)" && $2 != "/" && $3 != "nsfs" && $2 !~ /[\\",]/ { print $2 }' /proc/self/mounts |
        sort -u | while IFS= read -r mount; do
            [ ! -d "$mount" ] || [ ! -x "$mount" ] || bind "$mount" readonly
        done
    printf '%s' "$HOLDFAST_WRITABLE" | while IFS= read -r path; do bind "$(body "$path")"; done
    printf '%s' "$HOLDFAST_PROTECT" | while IFS= read -r path; do bind "$(body "$path")" readonly; done
    printf '%s' "$HOLDFAST_DENY_READ" | while IFS= read -r path; do
        printf '%s\n%s\n' --tmpfs "$(body "$path"):ro,mode=000"
    done
    printf '%s' "$HOLDFAST_DENY_READ_FILES" | while IFS= read -r path; do
        printf '%s\n%s\n' --mount "type=bind,source=/dev/null,target=$(body "$path"),readonly"
    done
} >"$own/words"

network=none
[ "$HOLDFAST_NETWORK" != host ] || network=host
terminal=""
[ ! -t 0 ] || terminal=-t
cwd=$HOLDFAST_CWD
unset HOLDFAST_WORKSPACE HOLDFAST_WRITABLE HOLDFAST_PROTECT HOLDFAST_DENY_READ \
    HOLDFAST_DENY_READ_FILES HOLDFAST_NETWORK HOLDFAST_CWD HOLDFAST_HOME HOLDFAST_TMP HOLDFAST_PEERS \
    HOLDFAST_SCRATCH
set -- --network "$network" --workdir "$cwd" holdfast-root "$@"
# The words of the file go in front, in their order.
count=$#
while IFS= read -r word; do
    case $word in
    *\\*)
        word=$(printf '%b.' "$(printf '%s' "$word" | sed 's/\\"/"/g')")
        word=${word%.}
        ;;
    esac
    set -- "$@" "$word"
done <"$own/words"
while [ "$count" -gt 0 ]; do
    first=$1
    shift
    set -- "$@" "$first"
    count=$((count - 1))
done
exec docker run --rm -i $terminal --name "$name" --read-only --tmpfs /tmp:exec,mode=1777 --cap-drop ALL \
    --security-opt no-new-privileges --user "$(id -u):$(id -g)" \
    -e PATH -e HOME -e LANG -e USER -e LOGNAME "$@"
