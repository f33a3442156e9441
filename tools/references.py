#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The characters that HTML has names for, as C, from Python's table of them: references.py OUTPUT

The same table on every machine, or none, as in charsets.py.
"""

import hashlib
import html.entities
import sys

SHA256 = "d13b7a115d14c976ae333d68452bed7abab8d14d33599edd6e94b0e37b41ba6b"


def main():
    rows = []
    for name, text in sorted(html.entities.html5.items()):
        points = [ord(c) for c in text] + [0]
        rows.append('    {"%s", 0x%x, 0x%x},\n' % (name, points[0], points[1]))
    text = '/* Made by tools/references.py. */\n#include "parsers/shared/html_internal.h"\n\nconst struct html_reference html_references[%d] = {\n%s};\nconst size_t html_references_count = %d;\n' % (len(rows), "".join(rows), len(rows))
    found = hashlib.sha256(text.encode()).hexdigest()
    if found != SHA256:
        sys.exit("references.py: this Python has another table (%s)" % found)
    with open(sys.argv[1], "w", encoding="ascii") as f:
        f.write(text)


main()
