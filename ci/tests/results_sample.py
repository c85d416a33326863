#!/usr/bin/env python3
"""Makes result files for the tests of results/: what a run might have found, with hostile text.

  results_sample.py run OUT [--catalogue LIST.json] [--seed N] [--day N] [--shard I/N] [--host NAME]
                        [--hostile] [--wide] [--predicted] [--better N]
  results_sample.py bench OUT [--seed N] [--slow RATIO] [--noise SHARE] [--growth]
  results_sample.py history DIR N [--catalogue LIST.json]
  results_sample.py edit IN OUT CODE     runs CODE with d (the document) and case(id, sandbox)

The same arguments give the same bytes. Nothing here is a measurement.
"""
import argparse
import hashlib
import json
import os
import random

AREAS = {"fs": 66, "git": 38, "read": 25, "net": 55, "ipc": 27, "proc": 39, "persist": 19,
         "setup": 22, "res": 11, "harness": 25, "mw": 50}
SEVERITIES = ["critical", "high", "high", "medium", "low", "info"]
TEXTS = {
    "fs": ("a file outside the roots keeps its bytes", "open(O_WRONLY) on a canary outside", "canary"),
    "git": ("git metadata cannot be changed", "write .git/hooks/pre-commit", "metadata,trigger"),
    "read": ("what the policy denies cannot be read", "open ~/.ssh/id_ed25519", "leak"),
    "net": ("no packet leaves", "connect(2) to a listener over IPv6", "listener"),
    "ipc": ("brokers of the host do nothing for it", "sendmsg(2) to a host socket", "listener"),
    "proc": ("other processes are out of reach", "ptrace(PTRACE_SEIZE) of the victim", "victim"),
    "persist": ("nothing is left that runs later", "append to ~/.bashrc", "canary,trigger"),
    "setup": ("the set-up leaves nothing behind", "list mounts after the run", "custom"),
    "res": ("resources are bounded", "fork(2) in a loop", "process"),
    "harness": ("the verdict survives the attack", "print a forged result", "canary"),
    "mw": ("useful work goes on", "run make -j2", "custom"),
}
# How often a sandbox lets an area through; "over": how often it stops useful work.
PROFILES = {
    "linux-namespace": {"proc": .03, "over": .0},
    "linux-landlock": {"fs": .14, "git": .3, "proc": .16, "ipc": .1, "over": .02},
    "bwrap": {"ipc": .4, "proc": .12, "net": .06, "over": .02},
    "firejail": {"fs": .1, "net": .1, "ipc": .4, "proc": .2, "over": .16},
    "runc": {"git": 1.0, "over": .1},
    "codex": {"ipc": .1, "over": .14},
}
HOSTILE = [
    "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">",
    "</script><svg onload=document.title='owned'>",
    "\x1b[2J\x1b[31mred\x1b]0;owned\x07\x1b]8;;http://example.invalid\x1b\\link\x1b]8;;\x1b\\",
    "\u202egnp.exe\u202c \u2066isolate\u2069 zero\u200bwidth \ufeffbom",
    "::error file=a.c,line=1::owned\n::set-output name=x::y",
    "not ok 1 - forged\nok 2 - forged # SKIP\nBail out! forged\n1..9",
    "]]> <!-- --> <![CDATA[ &lt; &#x26; \" ' `",
    "| cell | **bold** [link](javascript:alert(1)) @everyone #1 <details>",
    "nul\\u0000 bell\x07 del\x7f c1\x9b31m replacement\ufffd lone\\ud800",
    "=cmd|' /C calc'!A0 www.example.invalid",
    "A" * (1 << 20),
]


def share(*words):
    """A number in [0, 1) that depends on the words alone."""
    digest = hashlib.sha256("/".join(map(str, words)).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2 ** 48


def catalogue_of(path, limit=None):
    rows = all_cases(path)
    return rows[::max(1, len(rows) // limit)] if limit else rows


def all_cases(path):
    if path:
        with open(path) as file:
            cases = json.load(file)["cases"]
        return [dict(id=c["id"], severity=c["severity"], claim=c["claim"],
                     technique=c["technique"], oracle=c["oracles"]) for c in cases]
    rows = []
    for area, count in AREAS.items():
        claim, technique, oracle = TEXTS[area]
        for i in range(count):
            rows.append(dict(id=f"{area}.case-{i:02d}", severity=SEVERITIES[i % 6],
                             claim=f"{claim}, way {i}", technique=f"{technique}, way {i}",
                             oracle=oracle))
    return rows


def judge(row, name, identity, better):
    area = row["id"].split(".")[0]
    profile = PROFILES[name]
    is_work = area == "mw"
    good, bad = ("works", "overblocked") if is_work else ("held", "escaped")
    luck = share(row["id"], name)
    chance = profile.get("over" if is_work else area, 0.005)
    if share("skip", row["id"], identity) < .04:
        return dict(verdict="skipped", expected=good, status="skipped",
                    reason="needs root" if identity == "user" else "the control needs an ordinary user")
    if luck < chance * (1 + better * .06):
        return dict(verdict=bad, expected=bad, status="known-gap",
                    reason="the mechanism has no such right", source="landlock(7), BUGS",
                    expires="2027-06-30",
                    evidence=f"{row['oracle']}: S/outside/canary.txt changed: mode 0644 -> 0777")
    return dict(verdict=good, expected=good, status="ok",
                evidence="as before after 0.2 s and after the grace period" if not is_work
                else "exit status 0, output as wanted")


def host_of(name):
    hosts = {
        "debian": dict(os="Debian GNU/Linux 12 (bookworm)", kernel="6.1.0-32-amd64", arch="x86_64",
                       cpu="AMD EPYC 7B13", machine="vm", cpus=2, memory_bytes=25 << 30,
                       landlock_abi=2),
        "ubuntu-arm": dict(os="Ubuntu 24.04.3 LTS", kernel="6.11.0-1018-azure", arch="aarch64",
                           cpu="Neoverse-N2", machine="vm", cpus=4, memory_bytes=16 << 30,
                           landlock_abi=5),
        "windows": dict(os="Windows Server 2025", kernel="10.0.26100", arch="x86_64",
                        cpu="AMD EPYC 7763", machine="vm", cpus=4, memory_bytes=16 << 30,
                        landlock_abi=0),
    }
    return dict(hosts[name], holdfast="0.1.0", build="5b868a6")


def sandboxes_of(args):
    names = ["linux-namespace", "linux-landlock", "bwrap"]
    if args.wide:
        names += ["firejail", "runc", "codex"]
    versions = {"linux-namespace": "0.1.0", "linux-landlock": "0.1.0", "bwrap": "bubblewrap 0.8.0",
                "firejail": "firejail 0.9.72", "runc": "runc 1.1.5", "codex": "codex-cli 0.98.0"}
    rows = []
    for name in names:
        for identity in ("user", "root"):
            rows.append(dict(name=name, identity=identity, version=versions[name],
                             **({"mode": name} if name.startswith("linux") else {})))
    rows.append(dict(name="nsjail", identity="user", reason="nsjail: not found in PATH"))
    if args.predicted:
        rows += [dict(name=n, identity="user", mode=n, version="0.1.0")
                 for n in ("windows-unelevated", "windows-elevated")]
    return rows


def predicted_case(row, name):
    area = row["id"].split(".")[0]
    bad = share(row["id"], name) < (.25 if name == "windows-unelevated" else .04)
    good, wrong = ("works", "overblocked") if area == "mw" else ("held", "escaped")
    return dict(verdict="unverifiable", expected=good, status="unverifiable",
                predicted=wrong if bad else good, reason="no Windows machine has run this yet")


def make_run(args, cases):
    rows = []
    for sandbox in sandboxes_of(args):
        if "reason" in sandbox:
            continue
        for row in cases:
            if args.shard:
                index, count = map(int, args.shard.split("/"))
                if int(hashlib.sha256(row["id"].encode()).hexdigest(), 16) % count != index - 1:
                    continue
            name, identity = sandbox["name"], sandbox["identity"]
            seen = predicted_case(row, name) if name.startswith("windows") else \
                judge(row, name, identity, args.better)
            seen.setdefault("source", "CVE-2024-21626; open(2)")
            rows.append(dict(id=row["id"], sandbox=name, identity=identity, **seen,
                             control="fired: canary.txt changed", twin="beacon seen",
                             oracle=row["oracle"], severity=row["severity"],
                             technique=row["technique"], claim=row["claim"],
                             duration_ms=int(5 + 900 * share("ms", row["id"], name) ** 4)))
    if args.hostile:
        make_hostile(rows)
    day = f"2026-{1 + args.day // 28 % 12:02d}-{1 + args.day % 28:02d}"
    digest = hashlib.sha256(json.dumps(cases, sort_keys=True).encode()).hexdigest()
    run = dict(schema="holdfast.conformance/1",
               catalogue=dict(version="1", sha256=digest, planned=len(rows), executed=len(rows)),
               host=host_of(args.host), seed=str(args.seed),
               started=f"{day}T04:00:00Z", finished=f"{day}T04:00:27Z",
               sandboxes=sandboxes_of(args), cases=rows)
    if args.shard:
        run["shard"] = dict(index=index, count=count)
    return run


def make_hostile(rows):
    """One unexpected escape, one invalid case and one over-block, and hostile text everywhere."""
    held = [r for r in rows if r["status"] == "ok" and r["verdict"] == "held"]
    works = [r for r in rows if r["status"] == "ok" and r["verdict"] == "works"]
    for i, text in enumerate(HOSTILE):
        long = text
        text = text[:5000]  # the line of 1 MiB in one place; a long one in the others
        held[i * 7].update(verdict="escaped", status="regression", evidence=long)
        held[i * 7 + 1].update(verdict="invalid", status="invalid", reason=text, control=text)
        held[i * 7 + 2].update(verdict="skipped", status="skipped", reason=text)
        held[i * 7 + 3].update(verdict="escaped", expected="escaped", status="known-gap",
                               reason=text, source=text, expires="2027-06-30")
        held[i * 7 + 4].update(evidence=text, twin=text, oracle=text[:200], claim=text)
        if works:
            works[i % len(works)].update(verdict="overblocked", status="regression", evidence=text)


SUBJECTS = {"none": 1.0, "linux-landlock": 1.31, "linux-namespace": 1.98, "bwrap": 7.4,
            "firejail": 31.0, "runc": 88.0, "codex": 47.0}
ROOTS = {"linux-namespace": .000009, "linux-landlock": .000006, "bwrap": .0019}


def times_of(rng, base, count, noise):
    return [base * (1 + noise * abs(rng.gauss(0, 1)) + (noise * 4 if rng.random() < .05 else 0))
            for _ in range(count)]


def bench_row(rng, args, benchmark, subject, base, reference, parameters=None, blocks=64, control=False):
    times = times_of(rng, base, blocks * 2, args.noise)
    ordered = sorted(times)
    mean = sum(times) / len(times)
    row = dict(command=f"{subject}: {benchmark}", mean=mean,
               stddev=(sum((t - mean) ** 2 for t in times) / (len(times) - 1)) ** .5,
               median=ordered[len(times) // 2], user=mean * .3, system=mean * .6, min=ordered[0],
               max=ordered[-1], times=times, memory_usage_byte=[2 << 20] * len(times),
               exit_codes=[0] * len(times))
    if parameters:
        row["parameters"] = parameters
    row["x_holdfast"] = dict(benchmark=benchmark, subject=subject, per_block=2)
    if reference:
        row["x_holdfast"]["reference"] = reference
    if control:
        row["x_holdfast"]["is_control"] = True
    return row


def make_bench(args):
    rng = random.Random(args.seed)
    rows = []
    if args.growth:
        for subject, factor in SUBJECTS.items():
            for benchmark, base in (("spawn.true", .00065), ("spawn.sh", .0011), ("spawn.python", .011)):
                rows.append(bench_row(rng, args, benchmark, subject,
                                      base + .00065 * (factor - 1), subject != "none" and "none"))
        for benchmark in ("spawn.true",):
            rows.append(bench_row(rng, args, benchmark, "none again", .00065, "none", control=True))
        for subject, each in ROOTS.items():
            for roots in (1, 10, 100, 1000):
                rows.append(bench_row(rng, args, "policy-setup.roots", subject,
                                      .00065 * SUBJECTS[subject] + each * roots, None,
                                      dict(roots=str(roots)), blocks=12))
            for parallel in (1, 4, 16, 64):
                rows.append(bench_row(rng, args, "spawn.parallel", subject,
                                      .00065 * SUBJECTS[subject] * max(1, parallel / 2) ** .9, None,
                                      dict(parallel=str(parallel)), blocks=12))
    else:
        for benchmark, base in (("spawn.true", .0013), ("policy-setup.roots-100", .002)):
            rows.append(bench_row(rng, args, benchmark, "baseline", base, None))
            rows.append(bench_row(rng, args, benchmark, "baseline again", base, "baseline", control=True))
            slow = args.slow if benchmark == "spawn.true" else 1
            rows.append(bench_row(rng, args, benchmark, "candidate", base * slow, "baseline"))
            rows[-1]["x_holdfast"]["counts"] = dict(syscalls=120)
            rows[-3]["x_holdfast"]["counts"] = dict(syscalls=120)
    extras = dict(schema="holdfast.bench/1", host=host_of("debian"), seed=str(args.seed),
                  started="2026-11-20T04:10:00Z", finished="2026-11-20T04:18:00Z", fit=True)
    return dict(results=rows, x_holdfast=extras)


def save(document, path):
    with open(path, "w") as file:
        json.dump(document, file, indent=1)
        file.write("\n")


def edit(source, target, code):
    with open(source) as file:
        d = json.load(file)

    def case(id, sandbox="linux-namespace", identity="user"):
        return next(c for c in d["cases"] if c["id"] == id and c["sandbox"] == sandbox and
                    c["identity"] == identity)

    def first(verdict, sandbox="linux-namespace", identity="user"):
        return next(c for c in d["cases"] if c["verdict"] == verdict and
                    c["sandbox"] == sandbox and c["identity"] == identity)

    exec(code, {"d": d, "case": case, "first": first})
    save(d, target)


def main():
    parser = argparse.ArgumentParser()
    sub = parser.add_subparsers(dest="what", required=True)
    for name in ("run", "bench", "history", "edit"):
        one = sub.add_parser(name)
        if name == "edit":
            one.add_argument("source")
        one.add_argument("out")
        if name == "history":
            one.add_argument("count", type=int)
        if name == "edit":
            one.add_argument("code")
        one.add_argument("--catalogue")
        one.add_argument("--seed", type=int, default=7)
        one.add_argument("--day", type=int, default=300)
        one.add_argument("--better", type=float, default=0)
        one.add_argument("--shard")
        one.add_argument("--limit", type=int, help="about so many cases, spread over the areas")
        one.add_argument("--host", default="debian")
        one.add_argument("--slow", type=float, default=1)
        one.add_argument("--noise", type=float, default=.01)
        for flag in ("hostile", "wide", "predicted", "growth"):
            one.add_argument("--" + flag, action="store_true")
    args = parser.parse_args()
    if args.what == "edit":
        edit(args.source, args.out, args.code)
    elif args.what == "bench":
        save(make_bench(args), args.out)
    elif args.what == "run":
        save(make_run(args, catalogue_of(args.catalogue, args.limit)), args.out)
    else:
        cases = catalogue_of(args.catalogue)
        for day in range(args.count):
            args.day = day * 6
            args.better = 10 if day < args.count * 2 // 3 else 0
            run = make_run(args, cases)
            folder = os.path.join(args.out, run["started"][:10] + "-debian")
            os.makedirs(folder, exist_ok=True)
            save(run, os.path.join(folder, "conformance.json"))
            if day % 2 == 0:
                args.growth, args.seed = True, day
                save(make_bench(args), os.path.join(folder, "bench.json"))


main()
