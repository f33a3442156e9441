#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the examiner of PDF tells, against mutool (the text) and qpdf (all else): pdf-check.py LIST_TOLD WORKER FILE…; with --show FILE, what is told

Neither shares code with Poppler. Texts are compared character by character, page by page, without white space, for where lines end is
each program's own opinion.
"""

import importlib.util
import json
import os
import subprocess
import sys
import unicodedata

spec = importlib.util.spec_from_file_location("check", os.path.join(os.path.dirname(os.path.abspath(__file__)), "mail-check.py"))
check = importlib.util.module_from_spec(spec)
spec.loader.exec_module(check)


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout


def plain(text):
    return "".join(text.decode().split())


def is_khmer(text):
    return any("\u1780" <= c <= "\u17ff" for c in text)


def compare(what, got, wanted):
    if got != wanted:
        raise AssertionError("%s: told %r, the other reads %r" % (what, got, wanted))


def info_of(file):
    """Strings of Info, as qpdf reads them."""
    data = json.loads(run("qpdf", "--json=2", "--json-key=qpdf", file))["qpdf"][1]
    info = data["trailer"]["value"].get("/Info")
    if isinstance(info, str):
        info = data["obj:" + info]["value"]
    return {key: value[2:] for key, value in (info or {}).items() if isinstance(value, str) and value.startswith("u:")}


def check_text(file, document):
    pages = document.content.split(b"\f")
    compare("pages of text", pages.pop(), b"")
    compare("pages", len(pages), int(run("qpdf", "--show-npages", file)))
    for number, page in enumerate(pages):
        other = run("mutool", "draw", "-q", "-F", "txt", file, str(number + 1))
        got, other = plain(page), plain(other)
        if is_khmer(got):  # mutool gives a vowel that stands before its letter by its place
            got, other = sorted(got), sorted(other)
        compare("page %d" % (number + 1), got, other)


def check_info(file, document):
    names = {"/Title": "title", "/Author": "author", "/Subject": "subject", "/Keywords": "keywords", "/Creator": "application",
             "/Producer": "producer", "/CreationDate": "created-as-written", "/ModDate": "modified-as-written"}
    other = info_of(file)
    for key, name in names.items():
        if other.get(key):
            compare(name, document.texts.get(name, b"").decode(), other[key])


def check_files(file, traces):
    data = json.loads(run("qpdf", "--json=2", "--json-key=attachments", file))["attachments"]
    told = sorted(t.content for t in traces if t.kind == "member" and t.texts.get("from") == b"names")
    compare("attached files", told, sorted(run("qpdf", "--show-attachment=" + key, file) for key in data))
    names = sorted(unicodedata.normalize("NFC", one["preferredname"]) for one in data.values())
    compare("their names", sorted(t.name.decode() for t in traces if t.kind == "member" and t.texts.get("from") == b"names"), names)


def show(traces):
    for t in traces:
        print(t.kind, t.key, t.name.decode(errors="replace"))
        for name, value in t.texts.items():
            print("  %s = %s" % (name, value.decode(errors="replace")))
        for time in t.times:
            print("  time", *time)
        for problem in t.problems:
            print("  problem", *problem)
        print("  content", t.content[:10000].decode(errors="replace"))


def main():
    if sys.argv[3] == "--show":
        show(check.told(sys.argv[1], sys.argv[2], sys.argv[4], "pdf"))
        return
    for file in sys.argv[3:]:
        traces = check.told(sys.argv[1], sys.argv[2], file, "pdf")
        document = [t for t in traces if t.kind == "document" and t.parent == 0][0]
        check_text(file, document)
        check_info(file, document)
        check_files(file, traces)


main()
