#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Compares a result of `exhibit rules run` with what the stock yara says of the same contents, match
# by match: rules-compare.py RESULT.jsonl CONTENTS RULES…; CONTENTS has a file for each content, by
# the id of its first trace. Every content must be in one of the two lists or in neither of both.
import json, os, re, subprocess, sys

result, contents, *rules = sys.argv[1:]
head, *lines, end = [json.loads(line) for line in open(result, encoding="utf-8")]
assert head["exhibit_rule_matches"] == 1 and "end" in end
ours, skipped, counts = {}, set(), {}
for line in lines:
    if "not_scanned" in line:
        skipped.add(line["trace"])
        continue
    places = set()
    for string in line["strings"]:
        assert string["count"] >= len(string["at"])
        for offset, length, text in string["at"]:
            places.add((string["id"], offset, length))
            data = open(os.path.join(contents, line["trace"]), "rb").read()
            want = data[offset:offset + min(length, head["limits"]["place_bytes"])]
            assert bytes.fromhex(text) == want, (line["trace"], offset)
        counts[line["trace"], line["rule"], string["id"]] = string["count"]
        if string["count"] <= head["limits"]["places"]:
            assert string["count"] == len(string["at"]), string
    meta = [(m["name"], m["value"]) for m in line["meta"]]
    ours.setdefault(line["trace"], {})[line["rule"]] = (line["namespace"], line["tags"], meta, places)

theirs = {}
for name in sorted(os.listdir(contents)):
    if name in skipped:
        continue
    path = os.path.join(contents, name)
    run = subprocess.run(["yara", "-w", "-e", "-g", "-s", "-L", *rules, path],
                         capture_output=True, check=True)
    rule = None
    for line in run.stdout.decode("latin-1").split("\n"):
        m = re.fullmatch(r"0x([0-9a-f]+):(\d+):(\$\w*): .*", line)
        if m:
            theirs[name][rule].add((m[3], int(m[1], 16), int(m[2])))
            continue
        m = re.match(r"(\w+):(\w+) \[([^]]*)\] ", line)
        if m and line.endswith(path):
            rule = (m[1], m[2], m[3])
            theirs.setdefault(name, {})[rule] = set()
count = 0
for name in set(ours) | set(theirs):
    a = {(v[0], r, ",".join(v[1])): v[3] for r, v in ours.get(name, {}).items()}
    b = theirs.get(name, {})
    for key, places in b.items():  # of a string that matches often the first ones are listed
        for string in {p[0] for p in places}:
            all_of_it = sorted(p for p in places if p[0] == string)
            if counts.get((name, key[1], string)) != len(all_of_it):
                sys.exit("%s %s %s: yara counts %d" % (name, key[1], string, len(all_of_it)))
            places -= set(all_of_it[head["limits"]["places"]:])
    if a != b:
        print("differs:", name, "ours", a, "yara", b)
        sys.exit(1)
    count += len(a)
if count != end["end"]["matches"]:
    sys.exit("the end counts %d matches, and there are %d" % (end["end"]["matches"], count))
print(count, "matches are the same in", len(os.listdir(contents)), "contents")
sys.exit(0 if count > 0 else 1)
