#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""documents-other.py KIND BUILD: a document written and read by another library has the same text here."""

import os
import random
import subprocess
import sys

random.seed(7)
WORDS = ["alpha", "b\u00e9ta", "\u4f8b", "x@y.org", "<tag>", "a & b", "\U0001f600", "trailing ", " leading", "1,5"]


def words(n):
    return [random.choice(WORDS) for _ in range(n)]


def ours(build, path):
    os.makedirs("other", exist_ok=True)
    subprocess.run([build + "/tests/unit/parsers/read_document", build + "/parsers/exhibit-documents", "office", path, "other"], check=True, stdout=subprocess.DEVNULL)
    with open("other/document", encoding="utf-8", newline="") as f:
        return f.read()


def docx(build):
    import docx

    d = docx.Document()
    for _ in range(200):
        paragraph = d.add_paragraph()
        for word in words(5):
            run = paragraph.add_run(word)
            run.bold = random.random() < 0.5
    d.save("other.docx")
    read = "".join(paragraph.text + "\n" for paragraph in docx.Document("other.docx").paragraphs)
    return ours(build, "other.docx").split("\f")[0], read


def xlsx(build):
    import openpyxl

    w = openpyxl.Workbook()
    for name in ("One", "Two"):
        sheet = w.create_sheet(name)
        for _ in range(300):
            sheet.cell(random.randint(1, 400), random.randint(1, 60)).value = random.choice(WORDS + [1.5, 42, True])
    w.save("other.xlsx")
    read = ""
    for i, sheet in enumerate(openpyxl.load_workbook("other.xlsx"), 1):
        read += "\f[sheet %d: %s]\n" % (i, sheet.title)
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value is not None:
                    value = str(cell.value).upper() if isinstance(cell.value, bool) else str(cell.value)
                    read += "%s\t%s\n" % (cell.coordinate, value)
    return ours(build, "other.xlsx"), read


def odt(build):
    from odf import teletype, text
    from odf.opendocument import OpenDocumentText, load

    d = OpenDocumentText()
    for _ in range(200):
        paragraph = text.P()
        for word in words(5):
            span = text.Span()
            teletype.addTextToElement(span, word.strip())
            paragraph.addElement(span)
        d.text.addElement(paragraph)
    d.save("other.odt")
    read = "".join(teletype.extractText(e) + "\n" for e in load("other.odt").getElementsByType(text.P))
    return ours(build, "other.odt"), read


got, wanted = {"docx": docx, "xlsx": xlsx, "odt": odt}[sys.argv[1]](sys.argv[2])
if got != wanted or len(got) < 1000:
    print("got", repr(got[:600]), "\nwanted", repr(wanted[:600]))
    sys.exit(1)
