#!/usr/bin/env bash
# usage: ci/tests/sandbox-session.sh BUILD_DIR SOURCE_DIR
# Many commands through one session: memory and descriptors of client, launcher and init stay flat.
# SPAWNS=100000 for the full number (some minutes); 2000 otherwise.
set -u
exec "$1/test/holdfast-session" "$1/bin/holdfast-sandbox" "${SPAWNS:-2000}"
