#!/usr/bin/env bash
# The workflow of GitHub Actions, as far as it can be checked here: it is YAML, jobs need jobs that are
# there, every script that a step runs is there and can be run, and what a leg leaves is uploaded even when
# the leg fails.
# usage: workflow.sh BUILD_DIR SOURCE_DIR
set -u
cd "$2" || exit 1
python3 -c 'import yaml' 2>/dev/null || {
    echo "workflow: skipped: python3 has no yaml"
    exit 77
}
python3 - .github/workflows/*.yml <<'END'
import os
import re
import subprocess
import sys

import yaml

failures = []


def check(holds, *words):
    if not holds:
        failures.append(" ".join(str(word) for word in words))


def check_script(where, line):
    # A script of this tree: here; one of the Windows leg: where ci/leg-windows-build puts it.
    found = re.match(r"(?:bash )?((?:ci|leg)/[\w.-]+)", line)
    if not found:
        return
    path = found.group(1)
    source = re.sub("^leg/", "ci/", path)
    check(os.path.isfile(source), where, path, "is not there")
    check(line.startswith("bash ") or os.access(source, os.X_OK), where, path, "cannot be run")
    check(subprocess.run(["bash", "-n", source], check=False).returncode == 0, where, path, "is no shell script")
    if path != source:
        with open("ci/leg-windows-build", encoding="utf-8") as file:
            check(source in file.read(), where, source, "is not put into the leg")


for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as file:
        workflow = yaml.safe_load(file)
    jobs = workflow["jobs"]
    check(workflow.get("permissions") == {"contents": "read"}, name, "may do more than read")
    for job, body in jobs.items():
        where = f"{name}: {job}:"
        needs = body.get("needs", [])
        for other in [needs] if isinstance(needs, str) else needs:
            check(other in jobs, where, "needs", other)
        check("timeout-minutes" in body and "runs-on" in body, where, "no time limit, or no machine")
        check("continue-on-error" not in str(body), where, "a failure would not be seen")
        ran = False
        for step in body["steps"]:
            check(("run" in step) != ("uses" in step), where, step)
            if "uses" in step:
                check(re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"]), where, step["uses"])
                if "upload-artifact" in step["uses"] and ran and job not in ("windows-build",):
                    check(step.get("if") == "always()", where, "what a failed leg left is lost")
            for line in step.get("run", "").splitlines():
                ran = True
                check_script(where, line.strip())
for failure in failures:
    print("workflow:", failure)
sys.exit(1 if failures else 0)
END
