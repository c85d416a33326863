#!/usr/bin/env bash
# usage: nt-access.sh BUILD_DIR SOURCE_DIR
# nt-access keeps its contract: one answer per line, at once; a hostile line gets an error that names
# what is wrong, never a crash, and the lines after it are answered as if it had not been there.
set -u
exec python3 "$2/ci/tests/nt_access.py" "$1/bin/nt-access"
