"""usage: closure.py PACKAGE...   the files of these installed packages and of what they depend on"""
import re, subprocess, sys

fields = subprocess.run(["dpkg-query", "-W", "-f", "${Package}\t${Provides}\t${Pre-Depends}, ${Depends}\n"],
                        capture_output=True, text=True, check=True).stdout
needs, provided = {}, {}
for line in fields.splitlines():
    name, provides, depends = line.split("\t")
    needs[name] = [[re.split(r"[ (:]", word.strip())[0] for word in group.split("|")] for group in depends.split(",")]
    for word in provides.split(","):
        provided.setdefault(re.split(r"[ (:]", word.strip())[0], name)
packages, left = set(), [p for p in sys.argv[1:] if p in needs or p in provided]
while left:
    name = left.pop()
    name = name if name in needs else provided.get(name)
    if name is None or name in packages:
        continue
    packages.add(name)
    for group in needs[name]:
        left += [word for word in group if word in needs or word in provided][:1]
listed = subprocess.run(["dpkg-query", "-L", *sorted(packages)], capture_output=True, text=True, check=True).stdout
skipped = re.compile(r"/usr/share/(doc|man|locale|info|lintian|i18n|zoneinfo)/|/usr/lib/python3/.*/test/")
files = {re.sub(r"^/(bin|sbin|lib|lib64)(?=/|$)", r"/usr/\1", f) for f in listed.splitlines() if f.startswith("/") and f != "/."}
print("\n".join(sorted(f for f in files if not skipped.match(f + "/"))))
