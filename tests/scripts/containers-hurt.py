#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Changes one section of an E01, with right checksums: containers-hurt.py WAY FILE [NUMBER…]"""
import struct
import sys
import zlib

way, path = sys.argv[1:3]
numbers = [int(n) for n in sys.argv[3:]]
data = bytearray(open(path, "rb").read())
HEAD, TABLE_HEAD = 76, 24


def section(name):
    """Where the last section of this type begins, and its size."""
    at = data.rfind(name.encode().ljust(16, b"\0"))
    return at, struct.unpack_from("<Q", data, at + 24)[0]


def resum(at, size):
    struct.pack_into("<I", data, at + size, zlib.adler32(bytes(data[at:at + size])))


def volume(change, right=True):
    at, _ = section("volume" if b"volume".ljust(16, b"\0") in data else "data")
    change(at + HEAD)
    if right:
        resum(at + HEAD, 1048)


def another_set(at):
    data[at + 64:at + 80] = bytes([numbers[0]] * 16)


def another_size(at):
    struct.pack_into("<Q", data, at + 16, struct.unpack_from("<Q", data, at + 16)[0] + 1)


def nothing_stated(at):
    data[at + 8:at + 24] = bytes(16)
    data[at + 64:at + 80] = bytes(16)


def flip(at):
    data[at + 500] ^= 1


def copy():
    """Another place for one chunk."""
    at, _ = section("table2")
    count, = struct.unpack_from("<I", data, at + HEAD)
    entries = at + HEAD + TABLE_HEAD
    value, = struct.unpack_from("<I", data, entries + 4 * numbers[0])
    struct.pack_into("<I", data, entries + 4 * numbers[0], value + 1)
    resum(entries, 4 * count)


def copy_count():
    at, _ = section("table2")
    count, = struct.unpack_from("<I", data, at + HEAD)
    struct.pack_into("<I", data, at + HEAD, count - 1)
    resum(at + HEAD, 20)
    resum(at + HEAD + TABLE_HEAD, 4 * (count - 1))


def copy_sum():
    at, _ = section("table2")
    flip(at + HEAD + TABLE_HEAD - 500 + 9)


def listed():
    """In front of the last section: numbers[1] sectors from numbers[0] on were not readable."""
    at, _ = section("done")
    body = bytearray(520) + struct.pack("<II", *numbers)
    struct.pack_into("<I", body, 0, 1)
    struct.pack_into("<I", body, 516, zlib.adler32(bytes(body[:516])))
    body += struct.pack("<I", zlib.adler32(bytes(body[520:])))
    next_at = at + HEAD + len(body)
    head = b"error2".ljust(16, b"\0") + struct.pack("<QQ", next_at, HEAD + len(body)) + bytes(40)
    done = bytearray(data[at:at + HEAD])
    struct.pack_into("<Q", done, 16, next_at)
    data[at:] = head + struct.pack("<I", zlib.adler32(head)) + body + done
    resum(next_at, 72)


WAYS = {
    "set": lambda: volume(another_set),
    "sectors": lambda: volume(another_size),
    "nothing-stated": lambda: volume(nothing_stated),
    "data-sum": lambda: volume(flip, False),
    "copy": copy,
    "copy-count": copy_count,
    "copy-sum": copy_sum,
    "listed": listed,
}
WAYS[way]()
open(path, "wb").write(data)
