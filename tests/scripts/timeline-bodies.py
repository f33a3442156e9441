#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares bodyfiles: tests/scripts/timeline-bodies.py OURS THEIRS. THEIRS is what `TZ=UTC fls -r -m LABEL/NAME/` printed.

Names, sizes of files, and four times modulo 2^32 (fls counts in 32 bits). Left out are what libtsk makes up, names with
"evil" in them (fls writes their | as it is), and lines without any time. A stream has the times of its file. Records
without a name are all one. With --no-access the last access is not compared (a FAT date has no place in ours), with
--but-access=NAME that of one file. Says how many there are; exit 1 when one differs or is missing on either side."""
import re
import sys


NEVER = 3373865674  # what fls makes of an NTFS time of 0


def read(path, but):
    rows = {}
    for line in open(path, encoding="utf-8", errors="surrogateescape"):
        if "evil" in line:
            continue
        md5, name, inode, mode, uid, gid, size, *times = line.rstrip("\n").split("|")
        if len(times) != 4:
            sys.exit(f"{path}: not 11 fields: {line!r}")
        times = [0 if int(t) == NEVER else int(t) % 2**32 for t in times]
        if but == "" or (but and name.endswith("/" + but)):
            times[0] = 0
        name = name.replace(" (deleted-realloc)", " (deleted)")
        name = re.sub(r"(\$OrphanFiles/OrphanFile-\d+|\[file \d+\])", "ORPHAN", name)
        stream = re.fullmatch(r"(.*):\$?\w+", name)
        if mode[0] in "vV" or not any(times):
            continue
        # a folder's size, that of a name alone, and that of a stream are another matter
        if stream:
            name = stream.group(1)
        elif mode[2] == "r" and "($FILE_NAME)" not in name and "$Extend" not in name and "$Secure" not in name:
            times.append(int(size))
        rows.setdefault(name, set()).add(tuple(times))
    return {name: {r for r in s if len(r) > 4} or s for name, s in rows.items()}


def main():
    but = None
    paths = []
    for a in sys.argv[1:]:
        if a == "--no-access":
            but = ""
        elif a.startswith("--but-access="):
            but = a.partition("=")[2]
        else:
            paths.append(a)
    ours, theirs = (read(p, but) for p in paths)
    bad = 0
    for name in sorted(set(ours) | set(theirs)):
        if ours.get(name) != theirs.get(name):
            bad += 1
            print(f"{name}\n  ours   {ours.get(name)}\n  theirs {theirs.get(name)}")
    print(f"{len(ours)} names, {bad} differ")
    sys.exit(bad > 0 or not ours)


main()
