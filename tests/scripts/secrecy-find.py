# SPDX-License-Identifier: Apache-2.0
"""Looks for planted secrets in every file of a directory, as a thief with the disk would.

    secrecy-find.py find DIRECTORY LIST   each hit: SECRET, FORM, PLACE (with tabs); 1 when there is one
    secrecy-find.py forms LIST DIRECTORY  writes each form of each secret into a file of its own: SECRET, FORM, FILE
    secrecy-find.py ids DIRECTORY         the ids of chunks and nodes that the packs of a plain vault hold

A line of LIST is SECRET, KIND and VALUE with tabs between them; KIND is text, name (a short name
in JSON, searched between quotes), hex (bytes) or file (a file's first 4096 bytes). Searched are contents, names, targets of links
and extended attributes; and what stands in zstd frames, because a plain vault compresses too.
"""

import base64
import ctypes
import os
import re
import struct
import subprocess
import sys
import tempfile

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


def base64_forms(data):
    """The part of the base64 that is the same whatever stands around it, for each of three alignments."""
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + data).rstrip(b"=")
        yield "base64+%d" % shift, text[(0, 2, 3)[shift] : len(text) - (1 if (shift + len(data)) % 3 else 0)]


def forms_of(kind, value):
    if kind == "file":
        with open(value, "rb") as f:
            block = f.read(4096)
        yield "its first 16 bytes", block[:16]
        yield "bytes 2048 to 2063", block[2048:2064]
        yield "its last 16 bytes", block[-16:]
        return
    if kind == "name":
        yield "json", b'"' + value.encode() + b'"'
        return
    if kind == "hex":
        data = bytes.fromhex(value)
        yield "bytes", data
        yield "first 16 bytes", data[:16]
        yield "hex", value.lower().encode()
        yield "upper-case hex", value.upper().encode()
    else:
        data = value.encode()
        yield "text", data
        yield "utf-16le", value.encode("utf-16-le")
        yield "utf-16be", value.encode("utf-16-be")
        yield "hex", data.hex().encode()
        if len(data) >= 12:
            yield "text, beginning", data[:10]
    yield from base64_forms(data)


def read_list(path):
    forms = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            secret, kind, value = line.rstrip("\n").split("\t")
            for form, data in forms_of(kind, value):
                assert len(data) >= 5, (secret, form)
                forms.setdefault(data, (secret, form))
    return forms


class Finder:
    def __init__(self, forms):
        self.forms = forms
        # Longest first, so that a whole is not reported as its beginning alone.
        parts = sorted(forms, key=len, reverse=True)
        self.any = re.compile(b"|".join(re.escape(p) for p in parts), re.DOTALL)
        # grep is many times as fast, but its patterns are lines: the longest piece without an end of a line stands
        # for each, and only what grep finds something in is looked at closely.
        self.pieces = tempfile.NamedTemporaryFile()
        self.pieces.write(b"".join(max(p.split(b"\n"), key=len) + b"\n" for p in parts))
        self.pieces.flush()
        self.zstd = ctypes.CDLL("libzstd.so.1")
        self.zstd.ZSTD_decompress.restype = ctypes.c_size_t
        self.zstd.ZSTD_findFrameCompressedSize.restype = ctypes.c_size_t
        self.zstd.ZSTD_getFrameContentSize.restype = ctypes.c_ulonglong
        self.hits = set()

    def maybe(self, data):
        grep = ["grep", "-q", "-a", "-F", "-f", self.pieces.name]
        status = subprocess.run(grep, input=data, env={"LC_ALL": "C", "PATH": os.environ["PATH"]}).returncode
        assert status in (0, 1)
        return status == 0

    def look(self, place, data):
        for hit in self.any.finditer(data):
            self.hits.add(self.forms[hit.group()] + (place,))

    def frames(self, data):
        at = data.find(ZSTD_MAGIC)
        while at >= 0:
            frame = data[at:]
            size = self.zstd.ZSTD_findFrameCompressedSize(frame, len(frame))
            plain = self.zstd.ZSTD_getFrameContentSize(frame[:64], min(64, len(frame)))
            if size <= len(frame) and plain <= 64 << 20:
                out = ctypes.create_string_buffer(max(plain, 1))
                if self.zstd.ZSTD_decompress(out, len(out), frame, size) == plain:
                    yield out.raw[:plain]
            at = data.find(ZSTD_MAGIC, at + 4)

    def pieces_of(self, top):
        """Where, and what: first the names, then the contents."""
        for folder, folders, names in os.walk(top):
            for name in folders + names:
                path = os.path.join(folder, name)
                shown = os.path.relpath(path, top)
                yield shown + " (name)", os.fsencode(name)
                for attribute in os.listxattr(path, follow_symlinks=False):
                    value = os.getxattr(path, attribute, follow_symlinks=False)
                    yield shown + " (attribute)", os.fsencode(attribute) + b"\0" + value
                if os.path.islink(path):
                    yield shown + " (link)", os.fsencode(os.readlink(path))
                elif os.path.isfile(path):
                    self.files += 1
                    with open(path, "rb") as f:
                        data = f.read()
                    yield shown, data
                    for frame in self.frames(data):
                        yield shown, frame

    def walk(self, top):
        self.files = 0
        pieces = list(self.pieces_of(top))
        if self.maybe(b"\n".join(data for _, data in pieces)):
            for place, data in pieces:
                self.look(place, data)
        return self.files


def find(top, secrets):
    finder = Finder(read_list(secrets))
    files = finder.walk(top)
    for hit in sorted(finder.hits):
        print("\t".join(hit))
    print("# %d forms of secrets looked for in %d files" % (len(finder.forms), files))
    if files == 0:
        return 2
    return 1 if finder.hits else 0


def forms(secrets, top):
    for number, (data, (secret, form)) in enumerate(sorted(read_list(secrets).items())):
        with open(os.path.join(top, str(number)), "wb") as f:
            f.write(b"\xa5" * 7 + data + b"\x5a" * 5)
        print("%s\t%s\t%d" % (secret, form, number))
    return 0


def ids(top):
    """format/vault.md §3.2: walks the records of plain packs."""
    for folder, _, names in os.walk(os.path.join(top, "packs")):
        for name in names:
            with open(os.path.join(folder, name), "rb") as f:
                data = f.read()
            at = 128
            while data[at : at + 4] == b"EXR\x01":
                kind, stored, entries = data[at + 8], *struct.unpack_from("<I", data, at + 16), *struct.unpack_from("<I", data, at + 48)
                if kind in (1, 2):
                    for i in range(entries):
                        print(data[at + 52 + 36 * i : at + 84 + 36 * i].hex())
                at += 48 + stored
    return 0


if __name__ == "__main__":
    sys.exit({"find": find, "forms": forms, "ids": ids}[sys.argv[1]](*sys.argv[2:]))
