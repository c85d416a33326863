#!/bin/sh
# runc-after.sh SCRATCH   removes the control groups of a run whose runc was killed before it could.
run=holdfast-$(basename "$(dirname "$1")")
for group in /sys/fs/cgroup/"$run"-* /sys/fs/cgroup/*/"$run"-*; do
    [ ! -d "$group" ] || rmdir "$group"
done
