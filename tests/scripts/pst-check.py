#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the examiner of Outlook's stores tells, against what readpst (libpst) makes of them.

pst-check.py LIST_TOLD WORKER FILE FOLDER: FOLDER is what `readpst -j 0 -e -D -o FOLDER FILE` wrote. Folder by
folder, message by message: subjects, texts, and the bytes that are attached.
"""
import collections
import email
import email.policy
import hashlib
import importlib.util
import os
import sys

spec = importlib.util.spec_from_file_location("mail", os.path.join(os.path.dirname(os.path.realpath(__file__)), "mail-check.py"))
mail = importlib.util.module_from_spec(spec)
spec.loader.exec_module(mail)


def words(text):
    return " ".join(text.split())


def digest(data):
    return hashlib.sha256(data).hexdigest()


def theirs(folder):
    """(name of the folder, subject, text, attachments), of what readpst wrote as mail."""
    found = []
    for at, _, files in os.walk(folder):
        for name in files:
            if not name.endswith(".eml"):
                continue
            with open(os.path.join(at, name), "rb") as f:
                m = email.message_from_binary_file(f, policy=email.policy.default)
            text, attached, inner, rtf = None, [], 0, None
            for part in mail.leaves(m):
                if part.get_content_type() == "message/rfc822" and part.get_filename() is None:
                    inner += 1
                elif part.get_content_type() == "text/calendar":  # made by readpst
                    continue
                elif part.get_filename() == "rtf-body.rtf":  # readpst's own name
                    rtf = digest(part.get_payload(decode=True).rstrip(b"\0"))
                elif part.get_content_disposition() == "attachment" or part.get_filename():
                    attached.append(digest(part.get_payload(decode=True) if part.get_content_maintype() != "message"
                                           else part.get_payload(0).as_bytes()))
                elif part.get_content_type() == "text/plain" and text is None:
                    text = words(part.get_content())
            found.append((os.path.basename(at), words(m["subject"] or ""), text, tuple(sorted(attached)), inner, rtf))
    return found


def ours(traces):
    found = []
    for t in traces[1:]:
        if t.kind != "message" or traces[t.parent].kind != "directory" or t.flags != 128 or "associated" in t.texts:
            continue
        kind = t.texts.get("message-class", b"IPM.Note").decode()
        if not (kind.startswith("IPM.Note") or kind.startswith("REPORT") or kind.startswith("IPM.Schedule")):
            continue
        attached = [digest(m.content) for m in t.under(traces, "member") if m.key.startswith("p")]
        inner = len(t.under(traces, "message"))
        rtf = [digest(m.content) for m in t.under(traces, "member") if m.key == "rtf"] + [None]
        subject = t.texts.get("head-subject", t.name)  # readpst takes the head that was kept
        plain = not any(m.key == "html" for m in t.under(traces, "member")) or len(t.content) > 0
        found.append((traces[t.parent].name.decode(), words(subject.decode()), words(t.content.decode()) if plain else None,
                      tuple(sorted(attached)), inner, rtf[0]))
    return found


def main():
    traces = mail.told(*sys.argv[1:4], "pst")
    told, wanted = collections.defaultdict(list), theirs(sys.argv[4])
    if not wanted:
        raise AssertionError("readpst found no mail")
    for folder, subject, *rest in ours(traces):
        told[folder, subject].append(rest)
    for folder, subject, text, *rest in wanted:
        same = [r for r in told[folder, subject] if r[1:3] == rest[:2] and rest[2] in (None, r[3]) and text in (None, r[0])]
        if not same:
            raise AssertionError("%r: readpst reads %r, told %r" % ((folder, subject), (text, *rest),
                                                                     told[folder, subject]))
        told[folder, subject].remove(same[0])
    left = [k for k, v in told.items() if v]
    if left:
        raise AssertionError("readpst reads none of %r" % left)
    print("%d messages, %d attachments" % (len(wanted), sum(len(w[3]) for w in wanted)))


main()
