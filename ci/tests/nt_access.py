"""usage: nt_access.py COMMAND [SEED [short]]    the cases of nt-access.sh; COMMAND may have blanks

Three parts: lines with known answers; hostile lines, each with a word that its error must hold; and
lines changed at random (the seed is printed), of which every single one must be answered.
"""
import json
import os
import random
import shlex
import subprocess
import sys

TOOL = shlex.split(sys.argv[1])
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else int.from_bytes(os.urandom(4), "big")
USER, ROOT = "S-1-5-21-1-2-3-1001", "S-1-5-21-9-9-9-9"
SDDL = f"O:SYG:SYD:(A;;FA;;;{USER})(A;;FRFW;;;{ROOT})"
TOKEN = {"user": USER, "groups": [{"sid": "S-1-1-0", "deny_only": False}], "restricted": [],
         "write_restricted": False}
GOOD = {"sddl": SDDL, "token": TOKEN, "desired": 2}
IS_SHORT = len(sys.argv) > 3  # under Wine: reading takes time there
failures = []


def check(is_right, *words):
    if not is_right:
        failures.append(words)
        print("nt-access: FAILED:", *words)


def ask(lines):
    """The answers to lines of bytes, and the exit status."""
    run = subprocess.run(TOOL, input=b"".join(line + b"\n" for line in lines), capture_output=True, timeout=120,
                         check=False)
    check(run.stderr == b"", "stderr:", run.stderr[:200])
    return [json.loads(x) for x in run.stdout.splitlines()], run.returncode


def with_token(**changes):
    return dict(GOOD, token=dict(TOKEN, **changes))


def known():
    plain_none = {"user": USER}
    cases = [
        (GOOD, True, 2),
        (dict(GOOD, desired=0x40000000), True, 0x120116),
        (dict(GOOD, desired=0x02000000), True, 0x1F01FF),
        (dict(GOOD, desired=0), False, 0),
        (dict(GOOD, token=plain_none), True, 2),
        (with_token(restricted=[ROOT]), True, 2),
        (dict(with_token(restricted=[ROOT]), desired=0x40), False, 0),
        (with_token(restricted=["S-1-1-0"]), False, 0),
        (dict(with_token(restricted=["S-1-1-0"]), desired=1), False, 0),
        (dict(with_token(restricted=["S-1-1-0"], write_restricted=True), desired=1), True, 1),
        (with_token(restricted=["S-1-1-0"], write_restricted=True), False, 0),
        (with_token(write_restricted=True), False, 0),
        (with_token(user_deny_only=True), False, 0),
        (dict(GOOD, sddl="O:SYG:SYD:(A;;FA;;;WD)", token=dict(TOKEN, groups=[{"sid": "S-1-1-0", "deny_only": True}])),
         False, 0),
        (dict(GOOD, sddl="O:SYG:SYD:(A;;FA;;;WD)"), True, 2),
    ]
    answers, status = ask([json.dumps(case).encode() for case, _, _ in cases])
    check(status == 0 and len(answers) == len(cases), "exit", status, len(answers), "answers")
    for (case, allowed, granted), answer in zip(cases, answers):
        check(answer == {"allowed": allowed, "granted": granted}, json.dumps(case), answer)
    answers, status = ask([json.dumps({"op": "encode", "sddl": SDDL}).encode()])
    answers, status = ask([json.dumps({"op": "decode", "hex": answers[0]["hex"]}).encode()])
    plain = SDDL.replace("FRFW", "0x12019f")
    check(status == 0 and answers[0]["sddl"] == plain, "decode undoes encode:", answers)


def hostile():
    def dump(value):
        return json.dumps(value).encode()

    deep = b"[" * 100_000
    cases = [
        (b"", "JSON"), (b"{", "JSON"), (b"null", "JSON"), (b"\xff\xfe", "JSON"), (b"{} x", "JSON"), (deep, "JSON"),
        (b'{"a":1,"a":2}', "JSON"), (dump(GOOD) + b"\0", "JSON"), (dump(GOOD)[:-1], "JSON"), (b"[]", "object"),
        (dump(dict(GOOD, desired=2 ** 70)), "JSON"), (b'{"sddl":"O:SY\\u0000","desired":1}', "JSON"),
        (b"{}", "desired"),
        (dump(dict(GOOD, surprise=1)), "surprise"), (dump(dict(GOOD, op="x")), "op"), (dump(dict(GOOD, op=1)), "op"),
        (dump({"sddl": SDDL, "token": TOKEN}), "desired"), (dump({"desired": 1, "token": TOKEN}), "sddl"),
        (dump({"sddl": SDDL, "desired": 1}), "token"),
        (dump(dict(GOOD, token=None)), "token"), (dump(dict(GOOD, token=[])), "token"),
        (dump(dict(GOOD, token={})), "token.user"), (dump(with_token(user="root")), "token.user"),
        (dump(with_token(user=5)), "token.user"), (dump(with_token(user="S-1-5-" + "9" * 40)), "token.user"),
        (dump(with_token(user="S-1-5" + "-1" * 300)), "token.user"),
        (dump(with_token(groups="S-1-1-0")), "token.groups"), (dump(with_token(groups=None)), "token.groups"),
        (dump(with_token(groups=[1])), "token.groups[0]"), (dump(with_token(groups=[{}])), "token.groups[0]"),
        (dump(with_token(groups=[{"sid": "S-1-1-0"}, {"sid": "WD"}])), "token.groups[1]"),
        (dump(with_token(groups=[{"sid": "S-1-1-0", "deny_only": "yes"}])), "deny_only"),
        (dump(with_token(groups=[{"sid": "S-1-1-0", "deny_olny": True}])), "deny_olny"),
        (dump(with_token(restricted="S-1-1-0")), "token.restricted"),
        (dump(with_token(restricted=None)), "token.restricted"),
        (dump(with_token(restricted=[None])), "token.restricted[0]"),
        (dump(with_token(write_restricted="yes")), "write_restricted"),
        (dump(with_token(write_restricted=1)), "write_restricted"),
        (dump(with_token(user_deny_only=0)), "user_deny_only"),
        (dump(with_token(write_restriced=True)), "write_restriced"),
        (dump(with_token(privileges=["SeNoSuch"])), "token.privileges[0]"),
        (dump(with_token(integrity="low")), "integrity"),
        (dump(dict(GOOD, desired="2")), "desired"), (dump(dict(GOOD, desired=2.0)), "desired"),
        (dump(dict(GOOD, desired=True)), "desired"), (dump(dict(GOOD, desired=-1)), "desired"),
        (dump(dict(GOOD, desired=2 ** 32)), "desired"), (dump(dict(GOOD, extra_write="x")), "extra_write"),
        (dump(dict(GOOD, sddl=5)), "sddl"), (dump(dict(GOOD, sddl="O:SYD:(A;;FA;;;WD")), "SDDL"),
        (dump(dict(GOOD, sddl="rubbish")), "SDDL"), (dump(dict(GOOD, sddl="D:(A;;FA;;;ZZ)")), "SDDL"),
        (dump(dict(GOOD, sddl="D:(Q;;FA;;;WD)")), "SDDL"), (dump(dict(GOOD, sddl="D:(A;QQ;FA;;;WD)")), "SDDL"),
        (dump(dict(GOOD, sddl="D:(A;;0xfffffffff;;;WD)")), "SDDL"), (dump(dict(GOOD, sddl="D:D:")), "SDDL"),
        (dump({"op": "encode", "sddl": "D:" + "(A;;FA;;;WD)" * 4000}), "65532"),
        (dump({"op": "decode", "hex": "0"}), "hex"), (dump({"op": "decode", "hex": "zz"}), "hex"),
        (dump({"op": "decode", "hex": "01"}), "descriptor"),
        (dump({"op": "inherit", "sddl": SDDL, "container": "yes", "owner": USER, "group": USER}), "container"),
        (dump({"op": "inherit", "sddl": SDDL, "owner": USER}), "group"),
    ]
    if not IS_SHORT:
        cases.append((b"x" * (17 << 20), "longer"))
    lines = [line for case, _ in cases for line in (case, dump(GOOD))]
    answers, status = ask(lines)
    check(status == 1 and len(answers) == len(lines), "exit", status, len(answers), "of", len(lines), "answers")
    for i, (case, word) in enumerate(cases):
        error, after = answers[2 * i:2 * i + 2]
        check(list(error) == ["error"] and word in error["error"], case[:120], "->", error, "lacks", word)
        check(after == {"allowed": True, "granted": 2}, case[:120], "spoils the next line:", after)


def at_once():
    """Each line is answered before the next is written."""
    with subprocess.Popen(TOOL, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        for _ in range(3):
            run.stdin.write(json.dumps(GOOD).encode() + b"\n")
            run.stdin.flush()
            check(json.loads(run.stdout.readline())["allowed"], "no answer while the pipe is open")
        run.stdin.write(json.dumps(GOOD).encode())
        run.stdin.close()
        check(json.loads(run.stdout.readline())["allowed"], "a last line without an end")
        check(run.stdout.read() == b"" and run.wait() == 0, "exit")


def mutated(count):
    rng = random.Random(SEED)
    tokens = [b"S-1-", b"(A;;", b"0x", b'"', b"{", b"}", b"[", b"]", b"-1", b"9" * 30, b"\\u0041", b"\x00", b"\xc3\x28",
              b"null", b"true", b"1e999", b"D:", b"OICI", b";;;", b"(XA;;FR;;;WD;(x))", b"NO_ACCESS_CONTROL"]
    seeds = [json.dumps(x).encode() for x in (
        GOOD, with_token(restricted=[ROOT], write_restricted=True, privileges=["SeSecurityPrivilege"], integrity=4096),
        dict(GOOD, sddl="O:SYG:SYD:PAI(D;OICIIO;0xd0156;;;OW)(A;ID;GA;;;CO)S:(ML;;NW;;;LW)(AU;SAFA;FA;;;WD)"),
        {"op": "encode", "sddl": SDDL}, {"op": "decode", "hex": "01000480" + "14000000" * 4 + "0102" * 20},
        {"op": "inherit", "sddl": SDDL, "container": True, "owner": USER, "group": USER})]
    lines = []
    for _ in range(count):
        line = bytearray(rng.choice(seeds))
        for _ in range(rng.choice([1, 1, 1, 2, 3, 8])):
            at = rng.randrange(len(line) + 1)
            kind = rng.random()
            here = bytes(line[at:at + 1])
            if here.isalnum() and kind < 0.7:  # most of what stays sense
                line[at:at + 1] = rng.choice([b"0", b"1", b"7", b"9"] if here.isdigit() else [b"A", b"D", b"O", b"W"])
            elif kind < 0.4:
                line[at:at + 1] = bytes([rng.randrange(256)])
            elif kind < 0.6:
                del line[at:at + rng.choice([1, 2, 5, 40])]
            elif kind < 0.9:
                line[at:at] = rng.choice(tokens)
            else:
                line[at:at] = line[rng.randrange(len(line) + 1):][:rng.choice([5, 50])]
        lines.append(bytes(line).replace(b"\n", b" ").replace(b"\x1a", b" "))  # ^Z ends text on Windows
    answers, status = ask(lines)
    check(status in (0, 1) and len(answers) == count, "exit", status, len(answers), "of", count, "answers")
    errors = sum("error" in answer for answer in answers)
    odd = [a for a in answers if set(a) not in ({"error"}, {"hex", "sddl"}, {"allowed", "granted"},
                                               {"allowed", "granted", "unmodelled"})]
    check(not odd, "not an answer:", odd[:3])
    check(0 < errors < count, errors, "errors of", count, "show that some lines were still sense")
    print(f"nt-access: {count} changed lines, {errors} refused, seed {SEED}")


known()
hostile()
at_once()
mutated(500 if IS_SHORT else 20_000)
sys.exit(1 if failures else 0)
