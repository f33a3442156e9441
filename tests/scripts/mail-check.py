#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the examiner of mail tells, against Python's own readers: mail-check.py LIST_TOLD WORKER FILE…

Each FILE, an .eml or an .mbox: the messages and those in them, their fields, texts, times and attachments.
With --show FILE, what is told, in words.
"""

import email
import email.policy
import email.utils
import mailbox
import subprocess
import sys

KINDS = ["", "volume", "file-system", "directory", "file", "link", "special", "stream", "member", "space", "problem", "document", "message", "record"]


class Trace:
    def __init__(self, number, parent, kind, flags, key, name):
        self.number, self.parent, self.kind, self.key, self.name = number, parent, kind, key, name
        self.flags, self.texts, self.times, self.content, self.problems = flags, {}, [], b"", []

    def under(self, traces, kind):
        return [t for t in traces if t.parent == self.number and t.kind == kind]


def told(tool, worker, file, parser="mail"):
    """All traces, number 0 being the file."""
    out = subprocess.run([tool, worker, parser, file], stdout=subprocess.PIPE, check=False).stdout.decode()
    traces = [Trace(0, None, "file", 0, "", b"")]
    for line in out.splitlines():
        what, *rest = line.split("\t")
        if what == "trace":
            number, parent, kind, flags, key, _, name = rest
            traces.append(Trace(int(number), int(parent), KINDS[int(kind)], int(flags), key, bytes.fromhex(name)))
        elif what == "text":
            assert rest[0] not in traces[-1].texts, rest
            traces[-1].texts[rest[0]] = bytes.fromhex(rest[1])
        elif what == "time":
            traces[-1].times.append(tuple(rest))
        elif what == "content":
            traces[-1].content += bytes.fromhex(rest[0])
        elif what == "problem":
            traces[int(rest[0])].problems.append(tuple(rest[1:]))
        else:
            traces[0].problems.append(tuple(rest))
    return traces


def lines(data):
    return data.replace(b"\r\n", b"\n").strip(b"\n")


def compare(what, got, wanted):
    if got != wanted:
        raise AssertionError("%s: told %r, Python reads %r" % (what, got, wanted))


def leaves(message):
    """The parts of this message alone, not those of messages in it."""
    for part in message.iter_parts() if message.is_multipart() and message.get_content_maintype() == "multipart" else [message]:
        if part.get_content_maintype() == "multipart":
            yield from leaves(part)
        else:
            yield part


def multiparts(message):
    """Those of this message alone."""
    if message.get_content_maintype() == "multipart":
        yield message
        for part in message.iter_parts():
            yield from multiparts(part)


def is_text(part, kind):
    return part.get_content_type() == kind and part.get_content_disposition() != "attachment" and part.get_filename() is None


def payload(part):
    return part.get_payload(decode=True)


def check_message(t, traces, message):
    for key in ("subject", "from", "to", "cc", "message-id", "in-reply-to", "references", "x-mailer"):
        value = message[key]
        if value is None:
            assert key not in t.texts, key
        elif key in ("from", "to", "cc"):
            wanted = ", ".join(a for _, a in email.utils.getaddresses([value]))
            compare(key, t.texts[key + "-addresses"].decode(), wanted)
        else:
            compare(key, t.texts[key].decode(), str(value))
    compare("name", t.name.decode(), message["subject"] or "")
    if message["date"]:
        seconds = int(email.utils.parsedate_to_datetime(message["date"]).timestamp())
        assert ("8", "%d.000000000" % seconds, "utc", "rfc5322:date") in t.times, t.times
    for i, hop in enumerate(message.get_all("received") or []):
        compare("hop", t.texts["received-%d" % (i + 1)].decode(), hop)
    parts = list(leaves(message))
    plain = [p for p in parts if is_text(p, "text/plain")]
    if plain:
        wanted = b"\n".join(p.get_content().encode() for p in plain)
        compare("text", lines(t.content), lines(wanted))
    else:
        wanted = None
    attached = [p for p in parts if p.get_content_type() != "message/rfc822" and p not in plain]
    around = [m.content.strip() for m in t.under(traces, "member") if "part" in m.texts]
    compare("what stands around parts", around, [a.strip().encode() for m in multiparts(message) for a in (m.preamble, m.epilogue) if a and a.strip()])
    members = [m for m in t.under(traces, "member") if "part" not in m.texts]
    compare("how many are attached", len(members), len(attached))
    for m, p in zip(members, attached):
        compare("a name", m.name.decode(), p.get_filename() or "")
        compare("a type", m.texts["content-type"].decode(), p.get_content_type())
        assert not m.problems, m.problems
        if p.get_content_maintype() == "text":
            compare("a text in " + m.name.decode(), lines(m.content), lines(payload(p)))
        else:
            compare("bytes of " + m.name.decode(), m.content, payload(p))
    inner = [p.get_content() for p in parts if p.get_content_type() == "message/rfc822"]
    messages = t.under(traces, "message")
    compare("how many messages are inside", len(messages), len(inner))
    for m, p in zip(messages, inner):
        check_message(m, traces, p)


def check(tool, worker, file):
    traces = told(tool, worker, file)
    assert not traces[0].problems, traces[0].problems
    if file.endswith(".mbox"):
        box = mailbox.mbox(file, create=False)
        wanted = [email.message_from_bytes(box.get_bytes(k), policy=email.policy.default) for k in box.keys()]
    else:
        with open(file, "rb") as f:
            wanted = [email.message_from_bytes(f.read(), policy=email.policy.default)]
    messages = traces[0].under(traces, "message")
    compare("how many messages", len(messages), len(wanted))
    for t, message in zip(messages, wanted):
        check_message(t, traces, message)


def show(traces, parent=0, depth=0):
    for t in traces:
        if t.number == parent:
            for p in t.problems:
                print("  " * depth + "problem", *p)
        if t.parent != parent:
            continue
        print("  " * depth + t.kind, t.key, repr(t.name)[1:])
        for key, value in t.texts.items():
            print("  " * depth + "  " + key + "=" + repr(value[:200])[1:])
        for time in t.times:
            print("  " * depth + "  time", *time)
        print("  " * depth + "  %d bytes" % len(t.content), repr(t.content[:200])[1:])
        show(traces, t.number, depth + 1)


def main():
    if sys.argv[3] == "--show":
        show(told(sys.argv[1], sys.argv[2], sys.argv[4], *sys.argv[5:]))
        return
    for file in sys.argv[3:]:
        check(sys.argv[1], sys.argv[2], file)


if __name__ == "__main__":
    main()
