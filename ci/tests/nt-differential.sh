#!/usr/bin/env bash
# The Windows access check against Samba's, a portion: `ci/nt-differential` alone is a million cases.
set -u
build=$1 source=$2
[ -x /usr/bin/python3 ] || {
    echo "nt-differential: skipped: no /usr/bin/python3, which python3-samba belongs to"
    exit 77
}
exec /usr/bin/python3 "$source/ci/nt-differential" --tool "$build/bin/nt-access" --cases 100000
