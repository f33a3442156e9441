#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tables from character sets to Unicode, as C, from Python's codecs: charsets.py OUTPUT

The same tables on every machine, or none: what comes out is compared with SHA256, for what a parser
makes of the same bytes must not depend on where it was built.
"""

import hashlib
import sys

SHA256 = "f0ae6b0a0a64c529bcbd7f326fcd69b9e8e1720b337d2c9592fb1f9ec37f9a3f"

# Python's codec, and one for what that leaves undefined.
SINGLE = ["cp437", "cp720", "cp737", "cp775", "cp850", "cp852", "cp855", "cp857", "cp858", "cp860",
          "cp861", "cp862", "cp863", "cp864", "cp865", "cp866", "cp869", "cp874", "cp1250", "cp1251",
          "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "iso8859_2",
          "iso8859_3", "iso8859_4", "iso8859_5", "iso8859_6", "iso8859_7", "iso8859_8", "iso8859_10",
          "iso8859_13", "iso8859_14", "iso8859_15", "iso8859_16", "koi8_r", "koi8_u", "mac_roman",
          "mac_cyrillic", "mac_greek", "mac_latin2", "mac_turkish"]
DOUBLE = {"cp932": ["cp932"], "gbk": ["gb18030"], "big5": ["cp950", "big5hkscs"], "uhc": ["cp949"]}
EUC = {"jisx0208": b"", "jisx0212": b"\x8f"}


def point(data, codecs):
    """The one character of the BMP that these bytes are; 0: none."""
    for codec in codecs:
        try:
            text = data.decode(codec)
        except UnicodeDecodeError:
            continue
        if len(text) == 1 and 0 < ord(text) < 0x10000:
            return ord(text)
    return 0


def rows(numbers):
    return "".join("    " + ",".join("0x%x" % n for n in numbers[i:i + 16]) + ",\n" for i in range(0, len(numbers), 16))


def array(name, numbers):
    return "const uint16_t %s[%d] = {\n%s};\n" % (name, len(numbers), rows(numbers))


def four_bytes():
    """GB18030: stretches of linear numbers that stand for characters one behind the other."""
    out, last = [], None
    for n in range(39420):
        data = bytes([0x81 + n // 12600, 0x30 + n // 1260 % 10, 0x81 + n // 10 % 126, 0x30 + n % 10])
        code = point(data, ["gb18030"])
        if code == 0:
            last = None
            continue
        if last is None or code != last + 1:
            out.append((n, code))
        last = code
    return out


def tables():
    yield "/* Made by tools/charsets.py. */\n#include \"parsers/shared/charset_internal.h\"\n"
    singles = [[point(bytes([b]), [codec]) for b in range(128, 256)] for codec in SINGLE]
    yield "const uint16_t charset_single[%d][128] = {\n" % len(SINGLE)
    for numbers in singles:
        yield "{\n" + rows(numbers) + "},\n"
    yield "};\nconst char *const charset_single_name[%d] = {%s};\n" % (len(SINGLE) + 1, ", ".join('"%s"' % s for s in SINGLE) + ", 0")
    for name, codecs in DOUBLE.items():
        yield array("charset_" + name, [point(bytes([a, b]), codecs) for a in range(0x81, 0xFF) for b in range(0x40, 0xFF)])
    for name, prefix in EUC.items():
        yield array("charset_" + name, [point(prefix + bytes([a, b]), ["euc_jp"]) for a in range(0xA1, 0xFF) for b in range(0xA1, 0xFF)])
    stretches = four_bytes()
    yield array("charset_gb18030_from", [a for a, _ in stretches])
    yield array("charset_gb18030_to", [b for _, b in stretches])
    yield "const unsigned charset_gb18030_count = %d;\n" % len(stretches)


def main():
    text = "".join(tables())
    found = hashlib.sha256(text.encode()).hexdigest()
    if found != SHA256:
        sys.exit("charsets.py: this Python's codecs give other tables (%s)" % found)
    with open(sys.argv[1], "w", encoding="ascii") as f:
        f.write(text)


main()
