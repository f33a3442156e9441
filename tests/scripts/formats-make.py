# SPDX-License-Identifier: Apache-2.0
"""Tar archives that a package must not be, for formats.sh: formats-make.py DIRECTORY

Writes DIRECTORY/NAME.tar, and DIRECTORY/list: a line "NAME<tab>what the refusal says" for each.
"""
import io
import os
import sys
import tarfile

root = sys.argv[1]
os.makedirs(root)
index = open(os.path.join(root, "list"), "w", encoding="utf-8")


def archive(name, text, *members, form=tarfile.PAX_FORMAT, behind=b""):
    """Members: (path, content, {attributes of TarInfo})."""
    path = os.path.join(root, name + ".tar")
    with tarfile.open(path, "w", format=form) as tar:
        for member, content, more in members:
            info = tarfile.TarInfo(member)
            info.size = len(content)
            for key, value in more.items():
                setattr(info, key, value)
            tar.addfile(info, io.BytesIO(content))
    if behind:
        with open(path, "ab") as file:
            file.write(behind)
    index.write(f"{name}\t{text}\n")


def one(name, text, path, **more):
    archive(name, text, (path, b"hello", more))


def linked(name, text, kind, target):
    archive(name, text, ("data/x", b"", {"type": kind, "linkname": target}))


one("parent", "..", "../x")
one("parent-inside", "..", "data/../../x")
one("absolute", "absolute", "/etc/passwd")
one("home", "home directory", "~/x")
one("home-of-root", "home directory", "~root/x")
one("dot", "part \".\"", "./data/x")
one("drive", "drive", "C:\\x")
one("backslash", "backslash", "data/..\\x")
one("control", "control character", "data/a\nb")
one("decomposed", "another spelling", "data/u\u0301")
one("direction", "direction", "data/\u202egnp.exe")
linked("symbolic-link", "symbolic link", tarfile.SYMTYPE, "../../etc/passwd")
linked("hard-link", "hard link", tarfile.LNKTYPE, "data/y")
linked("character-device", "device", tarfile.CHRTYPE, "")
linked("block-device", "device", tarfile.BLKTYPE, "")
linked("fifo", "FIFO", tarfile.FIFOTYPE, "")
archive("twice", "both", ("data/x", b"1", {}), ("data/x", b"2", {}))
archive("case", "one on many systems", ("data/x", b"1", {}), ("data/X", b"2", {}))
archive("case-above", "one on many systems", ("data/x", b"1", {}), ("Data/y", b"2", {}))
archive("file-and-directory", "both", ("data/x", b"1", {}), ("data/x/y", b"2", {}))
archive("long-name-of-gnu", "long name", ("data/" + "x" * 120, b"1", {}), form=tarfile.GNU_FORMAT)
archive("link-in-pax", "linkpath", ("data/x", b"1", {"pax_headers": {"linkpath": "/etc/passwd"}}))
archive("size-in-pax", "two different sizes", ("data/x", b"12345", {"pax_headers": {"size": "4"}}))
archive("path-in-pax", "..", ("data/x", b"1", {"pax_headers": {"path": "../x"}}))
archive("behind-the-end", "behind the end", ("data/x", b"1", {}), behind=b"hidden" + bytes(506))


def resized(name, text, size):
    """The header of the only member says another size, with a right checksum."""
    one(name, text, "data/x")
    path = os.path.join(root, name + ".tar")
    with open(path, "r+b") as file:
        block = bytearray(file.read(512))
        block[124:136] = b"%011o\0" % size
        block[148:156] = b" " * 8
        block[148:156] = b"%06o\0 " % sum(block)
        file.seek(0)
        file.write(block)


resized("longer-than-the-archive", "cut short", 1 << 30)
resized("shorter-than-it-is", "hides bytes", 4)
index.close()
