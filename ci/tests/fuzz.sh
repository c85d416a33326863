#!/usr/bin/env bash
# usage: ci/tests/fuzz.sh BUILD_DIR SOURCE_DIR
# Each fuzz harness for two seconds: enough to see that it builds, starts and finds nothing at once.
# `ci/fuzz 600` looks longer. Skipped without Clang, unless HOLDFAST_REQUIRE_FUZZ=1.
set -u
source=$2
if ! command -v clang >/dev/null || ! echo 'int LLVMFuzzerTestOneInput(void); int LLVMFuzzerTestOneInput(void) { return 0; }' |
    clang -x c -fsanitize=fuzzer -o /dev/null - 2>/dev/null; then
    [ "${HOLDFAST_REQUIRE_FUZZ:-0}" = 1 ] && {
        echo "fuzz: no Clang with libFuzzer here, and HOLDFAST_REQUIRE_FUZZ=1"
        exit 1
    }
    echo "fuzz: skipped: no Clang with libFuzzer here (apt: clang; ci/deps --check installs it)"
    exit 77
fi
out=$("$source/ci/fuzz" 2 2>&1)
result=$?
[ $result = 0 ] || echo "$out" | tail -40
echo "$out" | grep -c '^fuzz:' | sed 's/$/ harnesses/'
exit $result
