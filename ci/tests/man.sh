#!/usr/bin/env bash
# usage: ci/tests/man.sh BUILD_DIR SOURCE_DIR
# The manual pages and the programs name the same options: holdfast(1) is made from --help (ci/man) and must be
# current; holdfast-sandbox(1) is written by hand and compared, both ways.
set -u
build=$(cd "$1" && pwd)
source=$(cd "$2" && pwd)
failures=0
fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

if ! "$source/ci/man" "$build" | diff -q - "$source/man/holdfast.1" >/dev/null; then
    fail "man/holdfast.1 is not current; make it anew: ci/man build > man/holdfast.1"
fi

# --terminal and --report are said to be for the library; --help and --version explain themselves
programs() {
    for command in run explain modes doctor audit; do
        "$build/bin/holdfast-sandbox" $command --help
    done | grep -oE '^ *(-., )?--[a-z-]+' | grep -oE -e '--[a-z-]+' | grep -vxE -e '--(help|version|terminal|report)' | sort -u
}
page() {
    tr -d '\\' <"$source/man/holdfast-sandbox.1" | grep -v systemd-run | grep -oE -e '--[a-z][a-z-]*' | sort -u
}
[ "$(programs | wc -l)" -gt 15 ] || fail "the programs say too few options: $(programs)"
difference=$(diff <(programs) <(page)) || fail "holdfast-sandbox(1) and the program differ:
$difference"
for page in holdfast holdfast-sandbox; do
    [ -s "$source/man/$page.1" ] || fail "there is no $page(1)"
done
if command -v mandoc >/dev/null; then
    for page in "$source"/man/*.1 "$source"/man/*.3; do
        mandoc -T lint -W error "$page" >/dev/null || fail "mandoc does not like $page"
    done
fi
echo "$failures failed"
[ $failures = 0 ]
