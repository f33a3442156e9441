#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Texts of every character that a set has, as the examiner of mail and as iconv reads them:
mail-charsets.py LIST_TOLD WORKER FOLDER

The tables come from Python; iconv() of the C library has its own. Where the two are known to differ, SAME_NOT says how
many characters, and no other number passes.
"""

import importlib.util
import os
import subprocess
import sys

spec = importlib.util.spec_from_file_location("check", os.path.join(os.path.dirname(__file__), "mail-check.py"))
check = importlib.util.module_from_spec(spec)
spec.loader.exec_module(check)

# The label in the mail: what iconv calls it.
SETS = {
    "tis-620": "CP874", "windows-1250": "CP1250", "windows-1251": "CP1251", "windows-1252": "CP1252", "iso-8859-1": "ISO-8859-1",
    "windows-1253": "CP1253", "windows-1254": "CP1254", "windows-1256": "CP1256", "windows-1257": "CP1257",
    "iso-8859-2": "ISO-8859-2", "iso-8859-5": "ISO-8859-5", "iso-8859-7": "ISO-8859-7", "iso-8859-15": "ISO-8859-15",
    "koi8-r": "KOI8-R", "koi8-u": "KOI8-U", "cp437": "CP437", "cp850": "CP850", "ibm866": "CP866",
    "shift_jis": "CP932", "gb2312": "GB2312", "gbk": "GBK", "gb18030": "GB18030", "big5": "BIG5", "euc-kr": "EUC-KR", "ks_c_5601-1987": "UHC",
    "euc-jp": "EUC-JP", "iso-2022-jp": "ISO-2022-JP", "iso-2022-kr": "ISO-2022-KR", "utf-8": "UTF-8", "utf-16": "UTF-16", "utf-7": "UTF-7",
}
SAME_NOT = {"gb2312": 2, "gb18030": 19, "euc-kr": 1, "iso-2022-kr": 1, "euc-jp": 1}
ALL = "".join(chr(c) + ("\n" if c % 64 == 63 else "") for c in range(0xA0, 0xFFFE) if not 0xD800 <= c < 0xE000 and not 0xE000 <= c < 0xF900)
ALL += "".join(chr(c) for c in (0x1F600, 0x20000, 0x10FFFD)) + "\n"


def iconv(data, *options):
    return subprocess.run(["iconv", *options], input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout


def main():
    tool, worker, folder = sys.argv[1:]
    failed = 0
    for label, name in SETS.items():
        data = iconv(ALL.encode(), "-c", "-f", "UTF-8", "-t", name)
        file = os.path.join(folder, label + ".eml")
        with open(file, "wb") as f:
            f.write(b"From: a@b\nTo: c\nContent-Type: text/plain; charset=" + label.encode() + b"\nContent-Transfer-Encoding: binary\n\n" + data)
        got = check.told(tool, worker, file)[1].content.decode()
        wanted = iconv(data, "-f", name, "-t", "UTF-8").decode()
        lost = sum(a != b for a, b in zip(got, wanted)) + abs(len(got) - len(wanted))
        print(label, len(wanted), "characters,", lost, "read in another way",
              [(hex(ord(a)), hex(ord(b))) for a, b in zip(got, wanted) if a != b][:6])
        failed += lost != SAME_NOT.get(label, 0)
    return failed


sys.exit(main())
