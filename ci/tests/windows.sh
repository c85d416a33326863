#!/usr/bin/env bash
# usage: windows.sh BUILD_DIR SOURCE_DIR
# The cross build for Windows and its tests under Wine (ci/windows). Skipped, and counted as such, where
# the tools are not installed; HOLDFAST_REQUIRE_WINDOWS=1 makes that a failure, HOLDFAST_TEST_WINDOWS=0
# leaves it out.
set -u
cd "$2" || exit 1
if [ "${HOLDFAST_TEST_WINDOWS:-1}" = 0 ]; then
    echo "windows: skipped: HOLDFAST_TEST_WINDOWS=0"
    exit 77
fi
status=0
ci/windows --compare "$1" || status=$?
if [ $status = 77 ]; then
    echo "windows: skipped: the tools are missing, see above (ci/deps --windows)"
    [ "${HOLDFAST_REQUIRE_WINDOWS:-0}" != 1 ] || status=1
fi
exit $status
