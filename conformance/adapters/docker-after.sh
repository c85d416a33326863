#!/bin/sh
# docker-after.sh SCRATCH   removes the containers of a run whose client was killed before it could.
DOCKER_HOST=$(head -n 1 "$1/engine" 2>/dev/null) || exit 0
DOCKER_CONFIG=$1
export DOCKER_CONFIG
[ -z "$DOCKER_HOST" ] && unset DOCKER_HOST || export DOCKER_HOST
left=$(docker ps -aq --filter "name=^/holdfast-$(basename "$(dirname "$1")")-")
[ -z "$left" ] || docker rm -f $left >/dev/null 2>&1
