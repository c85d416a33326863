#!/usr/bin/env bash
# usage: ci/tests/catalogue.sh BUILD_DIR SOURCE_DIR
# conformance/CATALOGUE.md is what `holdfast list --markdown` prints today.
set -u
if ! "$1/bin/holdfast" list --markdown 2>/dev/null | diff -q - "$2/conformance/CATALOGUE.md" >/dev/null; then
    echo "conformance/CATALOGUE.md is not current; make it anew:"
    echo "    build/bin/holdfast list --markdown > conformance/CATALOGUE.md"
    exit 1
fi
