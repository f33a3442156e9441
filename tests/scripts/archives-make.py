#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Archives that no program at hand writes, and such as none should: archives-make.py FOLDER

Formats whose packers are not free are written here, with members that are stored as they are:
RAR 4, RAR 5, LHA, cab. Each has the member `stored.txt` with CONTENT. The others are wrong in one way each.
"""

import gzip
import io
import os
import struct
import sys
import tarfile
import zlib

CONTENT = b"stored as it is\n" * 8
NAME = b"stored.txt"
DOS = (2026 - 1980) << 25 | 5 << 21 | 3 << 16 | 12 << 11 | 30 << 5 | 4


def crc16(data):
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def rar4(content=CONTENT, size=None, name=NAME):
    def block(kind, flags, body, extra=b""):
        head = struct.pack("<BHH", kind, flags, 7 + len(body)) + body
        return struct.pack("<H", zlib.crc32(head) & 0xFFFF) + head + extra

    size = len(content) if size is None else size
    entry = struct.pack("<IIBIIBBHI", len(content), size, 3, zlib.crc32(content), DOS, 20, 0x30, len(name), 0o100644)
    return (
        b"Rar!\x1a\x07\x00"
        + block(0x73, 0, bytes(6))
        + block(0x74, 0x8000, entry + name, content)
        + block(0x7B, 0x4000, b"")
    )


def vint(n):
    out = b""
    while n > 0x7F:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def rar5(content=CONTENT, size=None, name=NAME):
    def block(body, data=b""):
        head = vint(len(body)) + body
        return struct.pack("<I", zlib.crc32(head)) + head + data

    size = len(content) if size is None else size
    entry = vint(2) + vint(2) + vint(len(content)) + vint(4 | 2) + vint(size) + vint(0o100644)
    entry += struct.pack("<II", 1777811404, zlib.crc32(content)) + vint(0) + vint(1) + vint(len(name)) + name
    return b"Rar!\x1a\x07\x01\x00" + block(vint(1) + vint(0) + vint(0)) + block(entry, content) + block(vint(5) + vint(0) + vint(0))


def lha(content=CONTENT, size=None, name=NAME):
    size = len(content) if size is None else size
    body = b"-lh0-" + struct.pack("<III", len(content), size, DOS) + b"\x20\x00" + bytes([len(name)]) + name + struct.pack("<H", crc16(content))
    return bytes([len(body), sum(body) & 0xFF]) + body + content + b"\x00"


def cab(content=CONTENT, size=None, name=NAME):
    size = len(content) if size is None else size
    file = struct.pack("<IIHHHH", size, 0, 0, DOS >> 16, DOS & 0xFFFF, 0x20) + name + b"\x00"
    data_at = 36 + 8 + len(file)
    folder = struct.pack("<IHH", data_at, 1, 0)
    data = struct.pack("<IHH", 0, len(content), len(content)) + content
    head = struct.pack("<4sIIIIIBBHHHHH", b"MSCF", 0, data_at + len(data), 0, 44, 0, 3, 1, 1, 1, 0, 7, 0)
    return head + folder + file + data


# ---- ZIP by hand ----


def zip_local(name, data, size, flags=0, method=8, crc=0, packed=None):
    packed = len(data) if packed is None else packed
    return struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, flags, method, DOS & 0xFFFF, DOS >> 16, crc, packed, size, len(name), 0) + name + data


def zip_central(name, packed, size, at, flags=0, method=8, crc=0):
    return (
        struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, flags, method, DOS & 0xFFFF, DOS >> 16, crc, packed, size, len(name), 0, 0, 0, 0, 0, at)
        + name
    )


def zip_end(count, size, at, comment=b""):
    return struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, size, at, len(comment)) + comment


def zip_of(members, flags=0):
    """(name, content, size that is said) each, stored."""
    out, central = b"", b""
    for name, content, size in members:
        crc = zlib.crc32(content)
        central += zip_central(name, len(content), size, len(out), flags, 0, crc)
        out += zip_local(name, content, size, flags, 0, crc)
    return out + central + zip_end(len(members), len(central), len(out), b"a comment")


def zip_names(flags):
    names = [b"..\\..\\up", b"../../up", b"a\x00b", b"\xff\xfe", b"/etc/passwd", b"C:\\x", "u\u0308".encode(), b"", b"a" * 300]
    return zip_of([(name, b"%d" % i, 1) for i, name in enumerate(names)], flags)


def zip_overlap(count=20):
    """Each member's data holds the local headers behind it, and all end in one kernel."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    kernel = squeeze.compress(bytes(100000)) + squeeze.flush()
    crc, size, data, rows = zlib.crc32(bytes(100000)), 100000, kernel, []
    plain = bytes(100000)
    out = zip_local(b"0", kernel, size, crc=crc)
    rows.append((b"0", len(kernel), size, crc, len(out)))
    for i in range(1, count):
        # a stored deflate block in front, whose content is the header of the next member
        head = out[: 30 + len(rows[-1][0])]
        plain = head + plain
        data = struct.pack("<BHH", 0, len(head), len(head) ^ 0xFFFF) + out[: len(head)] + data
        name = b"%d" % i
        out = zip_local(name, data, len(plain), crc=zlib.crc32(plain))
        rows.append((name, len(data), len(plain), zlib.crc32(plain), len(out)))
    central = b"".join(zip_central(n, p, s, len(out) - left, crc=c) for n, p, s, c, left in rows)
    return out + central + zip_end(count, len(central), len(out))


def zip_disagrees():
    content = b"one thing or another"
    local = zip_local(b"local", content, len(content), 0, 0, zlib.crc32(content))
    central = zip_central(b"central", len(content), len(content) + 5, 0, 0, 0, 1)
    return local + central + zip_end(1, len(central), len(local))


# ---- tar by hand ----


def tar_header(name, size_field, kind=b"0", magic=b"ustar\x0000"):
    head = bytearray(512)
    head[0 : len(name)] = name
    head[100:108], head[108:116], head[116:124] = b"0000644\0", b"0000000\0", b"0000000\0"
    head[124 : 124 + len(size_field)] = size_field
    head[136:148], head[148:156], head[156:157] = b"00000000000\0", b" " * 8, kind
    head[257 : 257 + len(magic)] = magic
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head)


def tar_sparse():
    """GNU 1.0: 8 bytes at 1 MiB, then 3 GiB of nothing."""
    body = (b"2\n1048576\n8\n3222274048\n0\n").ljust(512, b"\0") + b"not zero".ljust(512, b"\0")
    rows = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "sparse", "GNU.sparse.realsize": "3222274048"}
    pax = b""
    for key, value in rows.items():
        line = " %s=%s\n" % (key, value)
        n = len(line)
        while len(str(n)) + len(line) != n:
            n = len(str(n)) + len(line)
        pax += (str(n) + line).encode()
    head = tar_header(b"pax", b"%011o\0" % len(pax), b"x") + pax.ljust((len(pax) + 511) // 512 * 512, b"\0")
    return head + tar_header(b"sparse", b"%011o\0" % 520) + body + bytes(1024)


def tar_plain():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in ("a", "d/b"):
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(CONTENT), 1777811404
            tar.addfile(info, io.BytesIO(CONTENT))
    return out.getvalue()[: 1536 * 3]


def gzip_quine_like():
    """A gzip of a gzip of a gzip …, each with a name."""
    data = b"the innermost\n"
    for i in range(12):
        out = io.BytesIO()
        with gzip.GzipFile("level%d" % i, "wb", 9, out, 1777811404) as z:
            z.write(data)
        data = out.getvalue()
    return data


def wrong():
    tar, whole = tar_plain(), zip_of([(NAME, CONTENT, len(CONTENT)), (b"two", CONTENT, len(CONTENT))])
    return {
        "names.zip": zip_names(0),
        "names-utf8.zip": zip_names(0x800),
        "overlap.zip": zip_overlap(),
        "disagrees.zip": zip_disagrees(),
        "cut.zip": whole[: len(whole) // 3],
        "no-directory.zip": whole[: whole.index(b"PK\x01\x02")],
        "broken-directory.zip": whole.replace(b"PK\x01\x02", b"PK\x01\x00"),
        "miscounted.zip": whole.replace(b"\x02\0\x02\0", b"\x03\0\x03\0"),
        "large.zip": zip_of([(NAME, CONTENT, 0xFFFFFFF0)]),
        "small.zip": zip_of([(NAME, CONTENT, 3)]),
        "not-deflate.zip": zip_local(b"x", CONTENT, 200) + zip_central(b"x", len(CONTENT), 200, 0) + zip_end(1, 47, 31 + len(CONTENT)),
        "cut.tar": tar[:1600],
        "negative.tar": tar_header(b"x", b"\xff" * 12) + bytes(1536),
        "huge.tar": tar_header(b"x", b"\x80\0\0\0\x7f" + b"\xff" * 7) + CONTENT,
        "sparse.tar": tar_sparse(),
        "loop.tar": tar_header(b"a", b"00000000000\0", b"2") + bytes(1024),
        "long-name.tar": tar_header(b"././@LongLink", b"%011o\0" % 70000, b"L", b"ustar  \0") + b"n" * 70000 + bytes(144) + tar_header(b"n", b"00000000000\0") + bytes(1024),
        "zeros.tar": bytes(10240),
        "cut.gz": gzip.compress(CONTENT * 50, 9, mtime=0)[:40],
        "nested.gz": gzip_quine_like(),
        "tar.gz": gzip.compress(tar, 9, mtime=0),
        "tail.gz": gzip.compress(CONTENT, 9, mtime=0) + b"what follows",
        "like-cpio.gz": gzip.compress(b"\xc7\x71" + CONTENT, 9, mtime=0),
        "sum.gz": gzip.compress(CONTENT, 9, mtime=0)[:-8] + bytes(8),
        "large.rar": rar4(size=1 << 31),
        "large.rar5": rar5(size=1 << 40),
        "large.lha": lha(size=1 << 31),
        "large.cab": cab(size=1 << 30),
        "nothing": b"",
        "text": b"no archive at all\n",
    }


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    good = {"stored.rar": rar4(), "stored.rar5": rar5(), "stored.lha": lha(), "stored.cab": cab()}
    for name, data in {**good, **wrong()}.items():
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data)


main()
