#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""requirements.py PAGE ROOT: does the table of the page (docs/requirements.md) name only tests that there are?

Each of R1 to R10 and O1 to O14 has one row, `| NAME | what | tests | how far |`, and at least one test.
Tests: a file under tests/ in backquotes, then the names of its TAP lines in “quotes”. Each file is
there and holds each of these lines, and each line bears the name. Prints what is not so, and exits 1.
"""
import os
import re
import sys

WANTED = [f"R{i}" for i in range(1, 11)] + [f"O{i}" for i in range(1, 15)]


def bears(line, name):
    return re.search(rf"(?<![A-Za-z0-9]){name}(?![A-Za-z0-9])", line)


def faults_of_row(root, name, tests):
    path, text, lines = None, "", 0
    for file, line in re.findall(r"`([^`]+)`|“([^”]+)”", tests):
        if file:
            path = os.path.join(root, "tests", file)
            text = open(path, encoding="utf-8").read() if os.path.isfile(path) else ""
            if not text:
                yield f"{name}: there is no tests/{file}"
            continue
        lines += 1
        if path is None:
            yield f"{name}: a line before the first file: {line}"
        elif line not in text:
            yield f"{name}: not in {path}: {line}"
        if not bears(line, name):
            yield f"{name}: does not bear the name: {line}"
    if lines == 0:
        yield f"{name}: no test"


def faults(page, root):
    rows = {}
    for line in open(page, encoding="utf-8"):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and re.fullmatch(r"[RO]\d+", cells[0]):
            if len(cells) != 4 or cells[0] in rows:
                yield f"{cells[0]}: not one row of four cells"
            rows[cells[0]] = cells
    for name in WANTED:
        if name not in rows:
            yield f"{name}: no row"
        elif len(rows[name]) == 4:
            yield from faults_of_row(root, name, rows[name][2])
    yield from (f"{name}: not known" for name in rows if name not in WANTED)


found = list(faults(sys.argv[1], sys.argv[2]))
print("\n".join(found))
sys.exit(1 if found else 0)
