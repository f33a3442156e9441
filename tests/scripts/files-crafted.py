#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Images that no ordinary program makes: files-crafted.py KIND FILE [FROM]."""
import struct
import sys
import zlib

SECTOR, ISO = 512, 2048


def both(code, n):
    return struct.pack("<" + code, n) + struct.pack(">" + code, n)


def iso_record(name, block, size, flags=0, attributes=0, unit=0, gap=0):
    date = bytes([124, 5, 6, 14, 8, 10, 28])  # seven hours east of UTC
    r = bytes([0, attributes]) + both("I", block) + both("I", size) + date
    r += bytes([flags, unit, gap]) + both("H", 1) + bytes([len(name)]) + name
    r += bytes(len(r) % 2)
    return bytes([len(r)]) + r[1:]


def iso(path):
    """A file behind a block of attributes, one in two parts, one whose parts lie apart."""
    b, root = bytearray(64 * ISO), 20
    b[22 * ISO:24 * ISO] = b"A" * 2 * ISO
    b[30 * ISO:30 * ISO + 1000] = b"B" * 1000
    b[50 * ISO:51 * ISO] = b"attribut" * (ISO // 8)
    b[51 * ISO:52 * ISO] = b"C" * ISO
    d = iso_record(b"\0", root, ISO, 2) + iso_record(b"\1", root, ISO, 2)
    d += iso_record(b"MULTI.BIN;1", 22, 2 * ISO, 0x80) + iso_record(b"MULTI.BIN;1", 30, 1000)
    d += iso_record(b"XAR.BIN;1", 50, 1500, 0, 1)
    b[root * ISO:root * ISO + len(d)] = d
    p = bytearray(ISO)
    p[0:7] = b"\1CD001\1"
    p[8:72] = b" " * 64
    p[80:88], p[120:124], p[124:128] = both("I", 64), both("H", 1), both("H", 1)
    p[128:132], p[132:140] = both("H", ISO), both("I", 10)
    p[140:144], p[148:152] = struct.pack("<I", 18), struct.pack(">I", 19)
    p[156:190] = iso_record(b"\0", root, ISO, 2)
    p[881] = 1
    b[16 * ISO:17 * ISO] = p
    b[17 * ISO:17 * ISO + 7] = b"\xffCD001\1"
    for at, order in (18, "<"), (19, ">"):
        b[at * ISO:at * ISO + 10] = b"\1\0" + struct.pack(order + "IH", root, 1) + b"\0\0"
    open(path, "wb").write(b)


def exfat_sum(data, start, skip=()):
    for i, byte in enumerate(data):
        if i not in skip:
            start = (((start << 15) | (start >> 1)) + byte) & 0xFFFF
    return start


def exfat(path):
    """Into the empty file system there: a file of which 10 bytes of 3 clusters were written."""
    b = bytearray(open(path, "rb").read())
    heap, root = (struct.unpack_from("<I", b, at)[0] for at in (88, 96))
    cluster = SECTOR << b[109]
    at = heap * SECTOR + (root - 2) * cluster
    while b[at] != 0:
        if b[at] == 0x81:
            bitmap = heap * SECTOR + (struct.unpack_from("<I", b, at + 20)[0] - 2) * cluster
        at += 32
    first, size = 100, 3 * cluster
    place = heap * SECTOR + (first - 2) * cluster
    b[place:place + size] = (b"valid data" + b"of another file" * size)[:size]
    for n in range(first - 2, first + 1):
        b[bitmap + n // 8] |= 1 << n % 8
    name = "written.bin"
    e = bytearray(96)
    e[0:2] = b"\x85\x02"
    e[4] = 0x20
    when = (2024 - 1980) << 25 | 5 << 21 | 6 << 16 | 14 << 11 | 8 << 5 | 5
    struct.pack_into("<III", e, 8, when, when, when)
    e[22:25] = bytes([0x80 | 28, 0x80 | 28, 0])  # seven hours east; of the last not known
    struct.pack_into("<BBxBHxxQxxxxIQ", e, 32, 0xC0, 3, len(name),
                     exfat_sum(name.upper().encode("utf-16le"), 0), 10, first, size)
    e[64:66 + 2 * len(name)] = b"\xc1\0" + name.encode("utf-16le")
    struct.pack_into("<H", e, 2, exfat_sum(e, 0, (2, 3)))
    b[at:at + 96] = e
    open(path, "wb").write(b)


def entry(path, slot, kind, start, count):
    """An entry of an MBR, whatever stands there."""
    with open(path, "r+b") as f:
        f.seek(446 + 16 * int(slot))
        f.write(struct.pack("<4sB3xII", bytes(4), int(kind, 16), int(start), int(count)))
        f.seek(510)
        f.write(b"\x55\xaa")


def forget(path, slot, sector=1):
    """Takes an entry out of the GPT whose head is in this sector; the other one keeps it."""
    b, head = bytearray(open(path, "rb").read()), int(sector) * SECTOR
    at = struct.unpack_from("<Q", b, head + 72)[0] * SECTOR
    count, each = struct.unpack_from("<II", b, head + 80)
    b[at + int(slot) * each:at + (int(slot) + 1) * each] = bytes(each)
    struct.pack_into("<I", b, head + 88, zlib.crc32(b[at:at + count * each]))
    struct.pack_into("<I", b, head + 16, 0)
    struct.pack_into("<I", b, head + 16, zlib.crc32(b[head:head + 92]))
    open(path, "wb").write(b)


globals()[sys.argv[1]](*sys.argv[2:])
