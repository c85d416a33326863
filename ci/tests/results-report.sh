#!/usr/bin/env bash
# usage: results-report.sh BUILD_DIR SOURCE_DIR
# The report as a reader meets it: ci/report-check, where Chromium and npm are installed (ci/deps
# --browser installs them; a test does not). HOLDFAST_REQUIRE_BROWSER=1 makes their lack a failure.
set -eu
skip() {
    echo "skipped the report in a browser: $1; ci/deps --browser installs what is missing"
    [ "${HOLDFAST_REQUIRE_BROWSER:-0}" = 1 ] && exit 1
    exit 77
}
command -v npm >/dev/null || skip "npm is not here"
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null ||
    skip "Chromium is not here"
tools=$1/browser
if [ ! -d "$tools/node_modules/axe-core" ] && ! npm ping --silent >/dev/null 2>&1; then
    skip "axe-core is not installed and npm reaches no registry"
fi
exec "$2/ci/report-check" "$1"
