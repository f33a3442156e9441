#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the examiner of OLE files tells, against olefile: ole-check.py LIST_TOLD WORKER FILE…

Every stream that is told has olefile's bytes, none of olefile's is missing (those that a document's text and properties
are made of excepted), and the properties are the same.
"""

import importlib.util
import os
import sys

import olefile

spec = importlib.util.spec_from_file_location("check", os.path.join(os.path.dirname(__file__), "mail-check.py"))
mail = importlib.util.module_from_spec(spec)
spec.loader.exec_module(mail)

MADE = {"WordDocument", "1Table", "0Table", "Workbook", "PowerPoint Document", "Current User", "\x05SummaryInformation", "\x05DocumentSummaryInformation", "EncryptedPackage"}
NAMES = {"title": "title", "subject": "subject", "author": "author", "last-saved-by": "last_saved_by", "revision": "revision_number", "company": "company", "manager": "manager", "application": "creating_application"}


def text(value, page):
    return value.decode("cp%d" % page if page not in (None, 65001) else "utf-8").rstrip("\0") if isinstance(value, bytes) else value


def check(tool, worker, file):
    traces = mail.told(tool, worker, file, "ole")
    ole = olefile.OleFileIO(file)
    streams = {"/".join(path): ole.openstream(path).read() for path in ole.listdir()}
    if "__properties_version1.0" not in streams:
        got = {t.name.decode(): t.content for t in traces if t.kind == "member"}
        mail.compare("streams", got, {k: v for k, v in streams.items() if k not in MADE})
    about = ole.get_metadata()
    page = about.codepage if about.codepage is None or about.codepage >= 0 else about.codepage + 65536
    if traces[1].flags & 16:
        return
    for key, name in NAMES.items():
        wanted = text(getattr(about, name), page if key not in ("company", "manager") else 65001)
        if wanted not in (None, ""):
            mail.compare(key, traces[1].texts.get(key, b"").decode(), wanted)
    for what, name in (("4", "create_time"), ("1", "last_saved_time"), ("10", "last_printed")):
        when = getattr(about, name)
        if when is not None and when.year > 1601:
            seconds = int((when - olefile.olefile.datetime.datetime(1970, 1, 1)).total_seconds())
            assert (what, "%d.000000000" % seconds, "utc", "oleps") in traces[1].times, (name, traces[1].times)


for path in sys.argv[3:]:
    check(sys.argv[1], sys.argv[2], path)
