#!/usr/bin/env bash
# usage: ci/tests/fuzz.sh BUILD_DIR SOURCE_DIR
# Each fuzz harness for two seconds: enough to see that it builds, starts and finds nothing at once.
# `ci/fuzz 600` looks longer.
set -u
source=$2
if ! command -v clang >/dev/null || ! echo 'int LLVMFuzzerTestOneInput(void); int LLVMFuzzerTestOneInput(void) { return 0; }' |
    clang -x c -fsanitize=fuzzer -o /dev/null - 2>/dev/null; then
    echo "fuzz: skipped: no Clang with libFuzzer here (apt: clang; ci/deps --check installs it)"
    exit 77
fi
out=$("$source/ci/fuzz" 2 2>&1)
result=$?
[ $result = 0 ] || echo "$out" | tail -40
echo "$out" | grep -c '^fuzz:' | sed 's/$/ harnesses/'
exit $result
