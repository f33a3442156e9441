#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check.py IMAGE COPY ITEM.json SECTOR [OFFSET LENGTH]…

Every sector of COPY that no fault (OFFSET LENGTH) touches is IMAGE's, every other one is zeros, and
the list of what was not read in ITEM.json (the last line of `exhibit collect --json`) is the list of
the faults, in whole sectors. Prints what is not so, and exits 1.
"""
import json
import sys


def merged(ranges):
    out = []
    for start, end in sorted(ranges):
        if out and start <= out[-1][1]:
            out[-1][1] = max(out[-1][1], end)
        else:
            out.append([start, end])
    return out


def main():
    image, copy, item, sector = sys.argv[1:5]
    numbers = list(map(int, sys.argv[5:]))
    image = open(image, "rb").read()
    copy = open(copy, "rb").read()
    sector = int(sector)
    size = len(copy)
    faults = merged(
        (o // sector * sector, min(-(-(o + l) // sector) * sector, size))
        for o, l in zip(numbers[::2], numbers[1::2])
    )
    expected = bytearray(image[:size])
    for start, end in faults:
        expected[start:end] = bytes(end - start)
    bad = [i for i in range(0, size, sector) if expected[i : i + sector] != copy[i : i + sector]]
    for at in bad[:5]:
        print("the sector at", at, "is not what it should be")
    last = json.loads(open(item).read().splitlines()[-1])
    unread = last["result"]["item"]["unreadable"]
    listed = [[r["offset"], r["offset"] + r["length"]] for r in unread["list"]]
    if listed != faults:
        print("listed:", listed[:5], len(listed), "expected:", faults[:5], len(faults))
    if unread["bytes"] != sum(end - start for start, end in faults):
        print("bytes:", unread["bytes"])
    return 1 if bad or listed != faults else 0


sys.exit(main())
