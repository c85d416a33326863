#!/bin/sh
# runc-after.sh SCRATCH   removes the control groups of a run whose runc was killed before it could.
name=holdfast-$(basename "$(dirname "$1")")
for group in /sys/fs/cgroup/"$name" /sys/fs/cgroup/*/"$name"; do
    [ ! -d "$group" ] || rmdir "$group"
done
