"""usage: table.py FOLDER   the results of ci/kernels as a Markdown table"""
import collections, json, os, re, sys

def read(path):
    try:
        return open(path, errors="replace").read()
    except OSError:
        return ""

rows = []
for name in os.listdir(sys.argv[1]):
    folder = sys.argv[1] + "/" + name
    jobs = dict((line.split()[0], line.split()[1:]) for line in read(folder + "/jobs").splitlines())
    if not jobs:
        continue
    release = read(folder + "/facts.txt").split("\n")[0]
    doctor = read(folder + "/doctor.txt").split("--- as an ordinary user") if "doctor" in jobs else []
    modes = []
    for who, text in zip(("root", "user"), doctor):
        works = re.findall(r'"name": "(linux-\w+)".*?"works": (\w+)', text)
        modes.append(who + ": " + (", ".join(m[6:] for m, yes in works if yes == "true") or "none"))
    abi, cases = "".join(re.findall(r"^Landlock ABI (\d+)$", read(folder + "/facts.txt"), re.M)), []
    text = read(folder + "/conformance/conformance.json")
    if text:
        data = json.loads(text)
        count = collections.Counter((c["sandbox"], c["status"]) for c in data["cases"])
        for box in sorted({c["sandbox"] for c in data["cases"]}):
            bad = [c for c in data["cases"] if c["sandbox"] == box and c["status"] in ("regression", "fixed-gap", "invalid")]
            cases.append("%s: %s ok, %s known gaps, %s skipped, **%s unexpected**%s" % (
                box[6:], count[box, "ok"], count[box, "known-gap"], count[box, "skipped"], len(bad),
                " (" + ", ".join(sorted({c["id"] for c in bad})) + ")" if bad else ""))
    tests = ", ".join("%s %s" % (job, {"0": "passed", "77": "skipped"}.get(result[0], "**failed**"))
                      for job, result in jobs.items() if job.startswith("sandbox"))
    rows.append((([int(n) for n in re.findall(r"\d+", name)] + [0, 0])[:2], name,
                 "| %s | %s | %s | %s | %s | %s |" % (name, release, abi, "; ".join(modes) or "not asked", "; ".join(cases), tests)))
print("| kernel | release | Landlock ABI | modes that work | cases | tests |\n|---|---|---|---|---|---|")
print("\n".join(row for _, _, row in sorted(rows)))
