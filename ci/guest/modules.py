"""usage: modules.py FOLDER MODULE...   the files of these modules and of what they need, from modules.dep"""
import os, sys

folder, wanted = sys.argv[1], sys.argv[2:]
needs, places = {}, {}
for line in open(folder + "/modules.dep"):
    path, _, others = line.partition(":")
    places[os.path.basename(path).split(".ko")[0].replace("-", "_")] = path
    needs[path] = others.split()
files, left = set(), [places[m.replace("-", "_")] for m in wanted if m.replace("-", "_") in places]
while left:
    path = left.pop()
    if path not in files:
        files.add(path)
        left += needs[path]
print("\n".join(sorted(files)))
