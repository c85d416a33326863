#!/usr/bin/env bash
# usage: parallel.sh BUILD_DIR SOURCE_DIR
# Eight sandboxes at once on one workspace, in every mode that works here (mw.parallel): each writes
# its own file and a common one, none disturbs another, and nothing is left running.
set -u
build=$1
work=$(mktemp -d /var/tmp/holdfast-parallel-XXXXXX)
trap 'rm -rf "$work"' EXIT
failures=0
fail() {
    echo "parallel: $*" >&2
    failures=$((failures + 1))
}

modes=$("$build/bin/holdfast-sandbox" modes | awk '$2 == "works" { print $1 }')
[ -n "$modes" ] || {
    echo "parallel: no mode works here"
    exit 77
}
for mode in $modes; do
    workspace=$work/$mode
    mkdir "$workspace"
    pids=()
    for i in 1 2 3 4 5 6 7 8; do
        # shellcheck disable=SC2016 # expanded inside
        "$build/bin/holdfast-sandbox" run --mode "$mode" --workspace "$workspace" --cwd "$workspace" -- \
            /bin/sh -c 'echo "$1" >>all; echo "$1" >"own-$1"; sleep 0.2; exit "$1"' sh "$i" &
        pids+=($!)
    done
    for i in 1 2 3 4 5 6 7 8; do
        wait "${pids[$((i - 1))]}"
        status=$?
        [ $status = "$i" ] || fail "$mode: sandbox $i ended with $status"
        [ "$(cat "$workspace/own-$i" 2>&1)" = "$i" ] || fail "$mode: own-$i is not whole"
    done
    [ "$(sort "$workspace/all" | tr '\n' ' ')" = "1 2 3 4 5 6 7 8 " ] || fail "$mode: lines are lost"
done
[ $failures -eq 0 ] || exit 1
