#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tokens of damaged pages, against those of html5lib: html-check.py LIST_TOKENS FOLDER PAGES [SEED]

PAGES pages are made of pieces of markup, cut and joined at random. html5lib's own tokenizer reads each;
LIST_TOKENS has to tell the same, whatever the size of the pieces it reads. Heads of pages likewise, by
html5lib's prescan for the encoding.
Every label of WHATWG Encoding is asked for, too (python3-webencodings has the list).
"""

import os
import random
import subprocess
import sys

import webencodings.labels
from html5lib._inputstream import EncodingParser
from html5lib._tokenizer import HTMLTokenizer
from html5lib.constants import tokenTypes

RCDATA, RAW = ("title", "textarea"), ("style", "xmp", "iframe", "noembed", "noframes")
WORDS = ["<!--", "-->", "--!>", "<!-->", "<!--->", "--", "-", "!", ">", "<", "</", "/", "<!", "<?", "<![CDATA[", "]]>", "]", "<!DOCTYPE html>", "<!doctype",
         "<script>", "</script>", "<script", "</script x>", "</scripty>", "</SCRIPT\n>", "<style>", "</style x>", "</style", "<title>", "</title>", "</title/>", "<textarea>", "</textarea>",
         "<xmp>", "</xmp>", "<iframe>", "</iframe>", "<noembed>", "</noembed>", "<noframes>", "</noframes>", "<noscript>", "</noscript>", "<p>", "</p>", "<p class=x>", "<a href='",
         "<a href=\"", "<a href=it's>", "<a href=", "<img alt=\"a>b\" src=x/>", "<br/>", "<b/ x>", "<A B=C D>", "<a =x>", "<a x=>", "<a a=1 a=2 b>", "</p x=\"", "</>", "</ x>", "<x\"y>", "'", "\"", "=",
         "&amp;", "&amp", "&not", "&notit;", "&notin;", "&lt", "&AMP", "&#65;", "&#65", "&#x41;", "&#X;", "&#;", "&#0;", "&#x80;", "&#xD800;", "&#1114112;", "&#99999999999999999999;", "&zz;", "&", "&NotEqualTilde;",
         "<a b=&amp c=&ampx d=&amp= e='&lt' f=\"&notit;\">", "\r\n", "\r", "\n", "\f", "\t", " ", "word", "x", "\u00e9", "\u65e5", "\U0001f600"]
METAS = ["<meta charset=%s>", "<meta charset='%s'>", "<META CHARSET=\"%s\">", "<meta content='text/html; charset=%s'>", "<meta http-equiv=content-type content='text/html; charset=%s'>",
         "<meta content=\"charset = '%s'\" http-equiv=Content-Type>", "<metacharset=%s>", "<!-- <meta charset=%s> -->", "<p title='<meta charset=%s>'>", "<meta name=x charset=%s/>"]
# Where the standard says something else than html5lib does.
HEADS = [("<META/CHARSET=koi8-r>", "koi8-r"), ("<meta http-equiv=content-type content='charsetx charset=koi8-r'>", "koi8-r"), ("<p<meta charset=koi8-r>x", "-"),
         ("<meta charset=none http-equiv=content-type content='charset=koi8-r'>", "-"), ("<meta charset=koi8-r charset=utf-8>", "koi8-r"), ("<meta content='charset=koi8-r' charset=utf-8>", "utf-8"),
         ("<meta charset=koi8-r", "-"), ("<meta charset=utf-16><meta charset=koi8-r>", "utf-8"), ("<!--><meta charset=koi8-r>-->", "koi8-r"), ("<!--- ><meta charset=koi8-r>-->x", "-"),
         (" " * 4069 + "<meta charset=koi8-r>x", "koi8-r"), (" " * 4090 + "<meta charset=koi8-r>x", "-")]
LABELS = sorted(webencodings.labels.LABELS) + ["utf-7", "ibm037", "none", "", " utf-8 ", "UTF-16"]


class Driven(HTMLTokenizer):
    """As a tree builder drives it, for elements that decide what follows them."""

    def emitCurrentToken(self):
        token = self.currentToken
        super().emitCurrentToken()
        if token["type"] != tokenTypes["StartTag"]:
            return
        name = token["name"]
        if name in RCDATA:
            self.state = self.rcdataState
        elif name in RAW:
            self.state = self.rawtextState
        elif name == "script":
            self.state = self.scriptDataState


def cut(name):
    """Names are told up to HTML_NAME_BYTES."""
    return name.encode()[:31].decode(errors="replace")


def wanted(text):
    out, inside = [], "-"
    for token in Driven(text):
        kind = token["type"]
        if kind in (tokenTypes["Characters"], tokenTypes["SpaceCharacters"]):
            if out and out[-1][0] == "text":
                out[-1][2] += token["data"]
            else:
                out.append(["text", inside, token["data"]])
        elif kind == tokenTypes["Comment"]:
            out.append(["comment", token["data"]])
        elif kind == tokenTypes["Doctype"]:
            out.append(["doctype"])
        elif kind == tokenTypes["StartTag"]:
            attributes = {}
            for name, value in token["data"].items():
                attributes.setdefault(cut(name), value)
            out.append(["open", cut(token["name"]), list(attributes.items())])
            inside = token["name"] if token["name"] in RCDATA + RAW + ("script",) else "-"
        elif kind == tokenTypes["EndTag"]:
            out.append(["close", cut(token["name"])])
            inside = "-"
    return out


def text_of(hexes):
    return bytes.fromhex(hexes).decode(errors="replace")


def told(tool, piece, path):
    encoding, *lines, left = subprocess.run([tool, str(piece), path], stdout=subprocess.PIPE, check=True).stdout.decode(errors="replace").split("\n")[:-1]
    out = []
    for line in lines:
        what, *rest = line.split(" ")
        if what == "text":
            out.append(["text", rest[0], text_of(rest[1])])
        elif what == "comment":
            data = text_of(rest[0])
            out.append(["doctype"] if data[:7].lower() == "doctype" else ["comment", data])
        elif what == "open":
            attributes = {}
            for a in rest[1:]:
                name, value = a.split("=")
                attributes.setdefault(text_of(name), text_of(value))
            out.append(["open", rest[0], list(attributes.items())])
        else:
            out.append(["close", rest[0]])
    return encoding.split(" ")[1], out, int(left.split(" ")[1])


def now(name):
    """Those that browsers show no more since the list was made."""
    return "replacement" if name in ("hz-gb-2312", "iso-2022-kr", "iso-2022-cn") else name


def as_meta(name):
    return "utf-8" if name.startswith("utf-16") else "windows-1252" if name == "x-user-defined" else now(name)


def named(data):
    found = EncodingParser(data[:4096]).getEncoding()
    return "-" if found is None else as_meta(found.name)


def page(rng):
    pieces = [rng.choice(WORDS) for _ in range(rng.randrange(1, 40))]
    text = "".join(pieces)
    if rng.random() < 0.2:
        text = text[: rng.randrange(len(text) + 1)]
    return text


def head(rng):
    """What html5lib's prescan reads as the standard of today does: whole tags, no `<` in them."""
    pieces = [rng.choice(("<!doctype html>", "<html>", "<head x=y>", "<!-- c -->", "<!---->", "</p>", "<?php x?>", "</ x>", "< ", "a > b", "<p title=\">\">", "\n", "<title>t</title>")) for _ in range(rng.randrange(8))]
    for _ in range(rng.randrange(3)):
        pieces.insert(rng.randrange(len(pieces) + 1), rng.choice(METAS) % rng.choice(LABELS))
    return "".join(pieces)


def check_head(tool, folder, number, text):
    path = os.path.join(folder, "head-%d.html" % number)
    with open(path, "wb") as f:
        f.write(text.encode())
    name, expected = told(tool, 99, path)[0], named(text.encode())
    assert name == expected, "%s\n%r\nencoding %s, html5lib's prescan says %s" % (path, text, name, expected)


def check(tool, folder, number, text, rng):
    path = os.path.join(folder, "page-%d.html" % number)
    data = text.encode()
    with open(path, "wb") as f:
        f.write(data)
    name, tokens, left = told(tool, len(data) + 1, path)
    for piece in (1, rng.randrange(2, 9)):
        assert told(tool, piece, path) == (name, tokens, left), "%s reads otherwise %d bytes at a time" % (path, piece)
    expected = wanted(text)
    assert tokens == expected, "%s\n%r\ntold   %r\nwanted %r" % (path, text, tokens, expected)
    assert left <= len(data), left


def labels(tool, folder):
    path = os.path.join(folder, "label.html")
    for label in LABELS:
        with open(path, "w", encoding="ascii") as f:
            f.write('<meta charset="%s">' % label)
        expected = as_meta(webencodings.labels.LABELS.get(label.strip().lower(), "-"))
        got = told(tool, 99, path)[0]
        assert got == expected, (label, got, expected)


def heads(tool, folder):
    path = os.path.join(folder, "head.html")
    for text, expected in HEADS:
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        got = told(tool, 99, path)[0]
        assert got == expected, (text, got, expected)


def main():
    tool, folder, pages = sys.argv[1], sys.argv[2], int(sys.argv[3])
    rng = random.Random(int(sys.argv[4]) if len(sys.argv) > 4 else 1)
    os.makedirs(folder, exist_ok=True)
    labels(tool, folder)
    heads(tool, folder)
    for number in range(pages):
        check(tool, folder, number, page(rng), rng)
        check_head(tool, folder, number, head(rng))
    print("%d pages and as many heads, %d labels" % (pages, len(LABELS)))


main()
