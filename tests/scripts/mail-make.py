#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Mail for mail.sh: mail-make.py FOLDER

good/: what Python's email package writes, and what is written by hand after the standards;
mail-check.py compares what is told of them with what Python reads. hostile/: what breaks the rules.
"""

import base64
import mailbox
import os
import sys
from email.message import EmailMessage
from email.mime.application import MIMEApplication
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.header import Header

BYTES = bytes(range(256)) * 40
HEAD = b"From: a@example.org\r\nTo: b@example.org\r\nSubject: x\r\n"

TEXTS = {
    "utf-8": "ភាសាខ្មែរ និង é ภาษาไทย\n", "tis-620": "ภาษาไทย สวัสดี\n", "gb18030": "中文字符 𠀀 €\n",
    "gb2312": "中文\n", "big5": "繁體中文\n", "iso-2022-jp": "日本語テキスト abc\n", "shift_jis": "日本語 ｱｲｳ\n",
    "windows-1258": "Viê\u0323t Nam\n", "euc-jp": "日本語\n", "euc-kr": "한국어\n", "koi8-r": "Привет\n",
    "windows-1252": "\u20ac \u201cquoted\u201d\n", "iso-8859-15": "\u20ac\n", "cp874": "ไทย\n", "iso-8859-2": "łódź\n",
}


def fields(m, subject="a subject", **more):
    m["From"] = '"Doe, John (x)" <john@example.org>'
    m["To"] = "a@example.org, Someone Else <b@example.net>"
    m["Subject"] = subject
    m["Date"] = "Fri, 2 Jan 2026 10:04:05 +0700"
    m["Message-ID"] = "<1@example.org>"
    for key, value in more.items():
        m[key.replace("_", "-")] = value
    return m


def plain():
    m = fields(EmailMessage(), "plain \u2014 ភាសាខ្មែរ and a long subject that is folded over more than one line, as it should be")
    m["Cc"] = "Gruppe: c@example.org, d@example.org;, e@example.org"
    m["In-Reply-To"] = "<0@example.org>"
    m["References"] = "<0@example.org> <-1@example.org>"
    m["X-Mailer"] = "a mailer"
    m["Received"] = "from a by b; Fri, 2 Jan 2026 03:04:10 +0000"
    m["Received"] = "from c by a; Fri, 2 Jan 2026 03:04:08 GMT"
    m.set_content("the text\nភាសាខ្មែរ\n")
    return m.as_bytes()


def mixed():
    m = fields(EmailMessage())
    m.set_content("plain words\n")
    m.add_alternative("<html><body><p>other &lt;words&gt;</p></body></html>", subtype="html")
    m.add_attachment(BYTES, maintype="application", subtype="octet-stream", filename="bytes.bin")
    m.add_attachment("a,b\n1,2\n", subtype="csv", filename="ตาราง.csv")
    m.add_attachment(b"\x89PNG\r\n\x1a\n", maintype="image", subtype="png", filename='quote" and \\ back.png', disposition="inline")
    return m.as_bytes()


def forwarded():
    inner = fields(EmailMessage(), "the inner one")
    inner.set_content("inner text\n")
    inner.add_attachment(b"inside", maintype="application", subtype="octet-stream", filename="inside.bin")
    m = fields(MIMEMultipart(), "the outer one")
    m.attach(MIMEText("outer text\n"))
    m.attach(MIMEMessage(inner))
    m.attach(MIMEApplication(b"after", Name="after.bin"))
    return m.as_bytes()


def in_charset(charset, text):
    data = text.encode({"tis-620": "cp874", "windows-1258": "cp1258"}.get(charset, charset))
    word = b"=?%s?B?%s?=" % (charset.encode(), base64.b64encode(data.rstrip(b"\n")))
    return (
        b"From: a@example.org\nSubject: " + word + b"\nDate: 1 Feb 2025 00:00:00 GMT\nMIME-Version: 1.0\nContent-Type: text/plain; charset=" + charset.encode()
        + b"\nContent-Transfer-Encoding: base64\n\n" + base64.encodebytes(data)
    )


def names():
    part = b"--b\r\nContent-Type: application/octet-stream%s\r\nContent-Disposition: attachment%s\r\nContent-Transfer-Encoding: base64\r\n\r\neA==\r\n"
    return HEAD + b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + b"".join(
        part % (a, b)
        for a, b in [
            (b"", b"; filename*=utf-8''%E1%9E%80%20x.bin"),
            (b"", b"; filename*0=\"long \"; filename*1=name; filename*2=.bin"),
            (b"", b";\r\n filename*0*=utf-8''%E4%B8%AD;\r\n filename*1*=%E6%96%87;\r\n filename*2=.bin"),
            (b"; name=\"=?utf-8?B?4LmE4LiX4Lii?=.bin\"", b""),
            (b"", b"; filename=\"semi;colon.bin\""),
            (b"", b"; filename=bare.bin"),
        ]
    ) + b"--b--\r\n"


def quoted():
    return HEAD + b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nsoft=\r\nbreak =E1=9E=80 equals=3D\r\nend"


def html():
    return HEAD + (
        b"MIME-Version: 1.0\r\nContent-Type: text/html; charset=windows-1252\r\n\r\n<html><head><title>T</title><style>p{}</style>"
        b"<script>if (a<b) x('</p>');</script></head><body><p>one &amp; two</p><!-- hidden > --><div>three<br>four \x93x\x94 &#x1F600;</div></body></html>\r\n"
    )


def digest():
    inner = b"From: %d@example.org\nSubject: number %d\n\ntext %d\n"
    return HEAD.replace(b"\r", b"") + b"MIME-Version: 1.0\nContent-Type: multipart/digest; boundary=\"=_d:1\"\n\npreamble\n" + b"".join(
        b"--=_d:1\n\n" + inner % (i, i, i) for i in range(3)
    ) + b"--=_d:1--\nepilogue\n"


def good():
    out = {"plain.eml": plain(), "mixed.eml": mixed(), "forwarded.eml": forwarded(), "names.eml": names(), "quoted.eml": quoted(), "html.eml": html(), "digest.eml": digest()}
    nested = multipart(b"Content-Type: multipart/mixed; boundary=c\n\nbefore in\n\n--c\n\nin\n--c--\nbehind in\n\n", b"\nout\n")
    out["around.eml"] = b"Subject: s\n" + nested.replace(b"To: c\n", b"To: c@d\n").replace(b"\n\n--b", b"\n\nbefore out\n--b", 1) + b"behind out\n"
    out.update({"charset-%s.eml" % c: in_charset(c, t) for c, t in TEXTS.items()})
    return out


def boxes(folder):
    box = mailbox.mbox(os.path.join(folder, "three.mbox"))
    for data in (plain(), mixed(), forwarded()):
        box.add(mailbox.mboxMessage(data))
    text = fields(EmailMessage(), "From in text")
    text.set_content("\nFrom here on\nand\n\nFrom there\n")
    box.add(mailbox.mboxMessage(text))
    box.close()


def box_of(*mails, end=b"\n"):
    return b"".join(b"From x@y Fri Jan  2 03:04:05 2026\n" + m + end for m in mails)


def nested(depth):
    head = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i) for i in range(depth))
    return b"From: a@b\nTo: c\n" + head + b"\ninnermost\n"


def nested_mail(depth):
    return b"From: a@b\nTo: c\nSubject: s\n" + b"Content-Type: message/rfc822\n\nFrom: a@b\nTo: c\n" * depth + b"\ninnermost\n"


def multipart(*parts, boundary=b"b", close=b"--b--\n"):
    return b"From: a@b\nTo: c\nContent-Type: multipart/mixed; boundary=" + boundary + b"\n\n" + b"".join(b"--b\n" + p for p in parts) + close


def hostile():
    attached = b"Content-Type: application/x\nContent-Transfer-Encoding: base64\n\n%s\n"
    text = b"From: a@b\nTo: c\nContent-Type: text/plain; charset=%s\n\n%s\n"
    small = b"From: a@b\nTo: c\nSubject: %d\n\ntext %d\n"
    return {
        "nested-1000.eml": nested(1000),
        "nested-mail-1000.eml": nested_mail(1000),
        "nested-20.eml": nested(20),
        "no-boundary.eml": multipart(b"\none\n", boundary=b"other"),
        "unclosed.eml": multipart(b"\none\n", close=b""),
        "no-parameter.eml": b"From: a@b\nTo: c\nContent-Type: multipart/mixed\n\n--b\n\none\n--b--\n",
        "cut-base64.eml": multipart(attached % b"QUJDREVGR0g"),
        "cut-short.eml": multipart(attached % b"QUJDRE", close=b""),
        "noisy-base64.eml": multipart(attached % b"QU!JD\nRE*VG\nR0g=\n-----\nlist footer"),
        "no-end.eml": b"From: a@b\nTo: c\nSubject: s",
        "no-empty-line.eml": b"From: a@b\nTo: c\nSubject: s\nthis is no field\n\nmore\n",
        "eight-bit.eml": b"From: a@b\nTo: c\nSubject: caf\xe9\n\ncaf\xe9\n",
        "eight-bit-utf8.eml": "From: a@b\nTo: c\nSubject: ខ្មែរ\n\nខ្មែរ\n".encode(),
        "lying.eml": text % (b"gb2312", "ភាសាខ្មែរ".encode()),
        "lying-ascii.eml": text % (b"us-ascii", "ภาษาไทย".encode()),
        "maybe.eml": text % (b"iso-8859-1", "é".encode()),
        "unknown-charset.eml": text % (b"x-nothing", b"plain"),
        "broken-words.eml": b"From: =?utf-8?B?4LmE?= =?utf-8?B?4LiX4Lii?= <t@example.org>\nTo: =?nothing?B?QQ==?=\nSubject: =?utf-8?Q?=E1=9E?=\n =?utf-8?Q?=80=ZZ?= =?utf-8?B?!?=\n\nx\n",
        "spoof.eml": b"From: =?utf-8?Q?boss=40bank.example_=3Cboss=40bank.example=3E=2C?= <thief@example.org>\nFrom: second@example.org\nTo: \"a, b <c@d>\" <e@f>, (comment <g@h>) i@j\nDate: 31 Feb 2026 00:00:00 GMT\n\nx\n",
        "zones.eml": b"From: a@b\nTo: c\nDate: Thu, 1 Jan 70 00:00:00 EST\nReceived: x; 1 Jan 2026 00:00:00 Q\n\nx\n",
        "many-fields.eml": b"From: a@b\nTo: c\n" + b"X: y\n" * 1000000 + b"Subject: last\n\nx\n",
        "many-hops.eml": b"From: a@b\nTo: c\n" + b"Received: by x; 1 Jan 2026 00:00:00 GMT\n" * 1000 + b"\nx\n",
        "long-field.eml": b"From: a@b\nTo: c\nSubject: " + b"s" * 3000000 + b"\n\nx\n",
        "folded.eml": b"From: a@b\nTo: c\nSubject: s\n" + b" s\n" * 300000 + b"\nx\n",
        "many-parts.eml": multipart(*[b"\n%d\n" % i for i in range(20000)]),
        "damaged-html.eml": b"From: a@b\nTo: c\nContent-Type: text/html\n\n<!-- <meta charset=koi8-r> --><p>a<script><!--<script>gone</script>gone--></script>b<style>gone</style x><a href=it's>c</a><!-->d caf\xc3\xa9 &hearts;&#x80;",
        "comment-hop.eml": b"From: a@b\nTo: c\nReceived: by x; Thu, 1 Jan 2026 00:00:00 +0000 (a; 2 Jan 2026 00:00:00 GMT)\nReceived: from \"q;\" by x (c;d); 3 Jan 2026 10:00:00 PM +9959\nReceived: by y (; 4 Jan 2026 00:00:00 GMT\n\nx\n",
        "blank-around.eml": multipart(b"\none\n") .replace(b"\n\n--b", b"\n\n \n--b", 1) + b"\r\n \t\n",
        "inner-boundary.eml": multipart(b"Content-Type: message/rfc822\n\nFrom: i@b\nTo: c\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\ninner\n--b--\n", b"\nlast\n"),
        "nul.eml": b"From: a@b\nTo: c\nSubject: a\0b\n\nx\0y\n",
        "boundary-prefix.eml": multipart(b"\none\n--bb\n--b-\ntwo\n"),
        "same-boundary.eml": multipart(b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nin\n--b--\n--b\n\nout\n"),
        "boundary-in-head.eml": b"From: a@b\nTo: c\nContent-Type: multipart/mixed; boundary=\"x:y\"\n\n--x:y\nContent-Type: text/plain\n--x:y\n\ntwo\n--x:y--\n",
        "encrypted.eml": b"From: a@b\nTo: c\nContent-Type: multipart/encrypted; boundary=b\n\n--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b\nContent-Type: application/octet-stream\n\nx\n--b--\n",
        "encoded-mail.eml": multipart(b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" + base64.encodebytes(small % (1, 1))),
        "hidden.mbox": box_of(b"From: a@b\nTo: c\nContent-Length: 200\n\nx\n", small % (2, 2), small % (3, 3)),
        "quoted-from.mbox": box_of(b"From: a@b\nTo: c\n\nx\n\n>From here\n\nFrom there it is no head\n\nFrom y\nSubject: but this\n\nx\n"),
        "no-last-line.mbox": box_of(small % (1, 1), small % (2, 2), end=b"\n").rstrip(b"\n"),
        "crlf.mbox": box_of(small % (1, 1), small % (2, 2)).replace(b"\n", b"\r\n"),
        "only-from.mbox": b"From x\n",
        "empty": b"",
        "text": b"no mail at all\n",
        "cr.eml": b"From: a@b\rTo: c\r\rx",
    }


def main():
    folder = sys.argv[1]
    for name, files in (("good", good()), ("hostile", hostile())):
        os.makedirs(os.path.join(folder, name))
        for file, data in files.items():
            with open(os.path.join(folder, name, file), "wb") as f:
                f.write(data)
    boxes(os.path.join(folder, "good"))


main()
