#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""OLE compound files that no program at hand writes, and such as none should: ole-make.py FOLDER"""

import datetime
import os
import struct
import sys

FREE, END, FATSECT, NONE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF
WHEN = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)


def filetime(when):
    return int((when.timestamp() + 11644473600) * 10000000)


def cfb(tree, shift=9):
    """tree: {name: bytes or a tree}. [MS-CFB]"""
    size = 1 << shift
    entries = [["Root Entry", 5, None, tree]]

    def number(children):
        first = previous = NONE
        for name, what in children.items():
            index = len(entries)
            entries.append([name, 1 if isinstance(what, dict) else 2, NONE, what])
            if previous == NONE:
                first = index
            else:
                entries[previous][2] = index  # all to the right: readers that trust no order take it
            previous = index
            if isinstance(what, dict):
                entries[index].append(number(what))
        return first

    root_child = number(tree)
    sectors, fat = [], []

    def put(data):
        if not data:
            return END
        first = len(sectors)
        parts = [data[i : i + size].ljust(size, b"\0") for i in range(0, len(data), size)]
        for i, part in enumerate(parts):
            sectors.append(part)
            fat.append(first + i + 1 if i + 1 < len(parts) else END)
        return first

    mini, mini_fat, starts = b"", [], {}
    for i, e in enumerate(entries):
        if e[1] != 2:
            continue
        data = e[3]
        if len(data) >= 4096:
            starts[i] = put(data)
        elif data:
            first, count = len(mini) // 64, (len(data) + 63) // 64
            starts[i] = first
            mini += data.ljust(count * 64, b"\0")
            mini_fat += [first + n + 1 for n in range(count - 1)] + [END]
        else:
            starts[i] = END
    mini_start = put(mini)
    mini_fat_data = b"".join(struct.pack("<I", n) for n in mini_fat)
    mini_fat_data += b"\xff" * (-len(mini_fat_data) % size)
    mini_fat_start = put(mini_fat_data)
    directory = b""
    for i, e in enumerate(entries):
        name = e[0].encode("utf-16-le") + b"\0\0"
        child = root_child if i == 0 else (e[4] if e[1] == 1 else NONE)
        start = mini_start if i == 0 else starts.get(i, 0)
        length = len(mini) if i == 0 else (len(e[3]) if e[1] == 2 else 0)
        directory += struct.pack(
            "<64sHBBIII16sIQQIQ", name, len(name), e[1], 1, NONE, NONE if i == 0 else e[2], child, bytes(16), 0, 0,
            filetime(WHEN) if e[1] != 2 else 0, start, length,
        )
    directory += (struct.pack("<64sHBBIII", b"", 0, 0, 0, NONE, NONE, NONE) + bytes(48)) * (-len(entries) % (size // 128))
    directory_start = put(directory)
    per = size // 4
    count = 1
    while count * per < len(fat) + count:
        count += 1
    fat_sectors = list(range(len(sectors), len(sectors) + count))
    fat += [FATSECT] * count
    fat += [FREE] * (-len(fat) % per)
    data = b"".join(struct.pack("<I", n) for n in fat)
    sectors += [data[i : i + size] for i in range(0, len(data), size)]
    head = struct.pack(
        "<8s16sHHHHH6sIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", bytes(16), 0x3E, 3 if shift == 9 else 4, 0xFFFE, shift, 6, bytes(6),
        0 if shift == 9 else len(directory) // size, count, directory_start, 0, 4096, mini_fat_start, len(mini_fat_data) // size, END, 0,
    )
    head += b"".join(struct.pack("<I", n) for n in fat_sectors) + b"\xff" * (4 * (109 - count))
    return head.ljust(size, b"\0") + b"".join(sectors)


# ---- properties of documents: [MS-OLEPS] ----


def property_set(values, page=65001):
    """values: {id: text, number, or time}."""
    values = {1: page, **values}
    offset, heads, bodies = 8 + 8 * len(values), b"", b""
    for number, value in values.items():
        if isinstance(value, datetime.datetime):
            body = struct.pack("<IQ", 0x40, filetime(value))
        elif isinstance(value, int):
            body = struct.pack("<IHH", 2, value & 0xFFFF, 0) if number == 1 else struct.pack("<II", 3, value)
        else:
            text = (value + "\0").encode({65001: "utf-8", 874: "cp874"}[page])
            body = struct.pack("<II", 0x1E, len(text)) + text + bytes(-len(text) % 4)
        heads += struct.pack("<II", number, offset + len(bodies))
        bodies += body
    section = struct.pack("<II", offset + len(bodies), len(values)) + heads + bodies
    return struct.pack("<HHI16sI16sI", 0xFFFE, 0, 0x20006, bytes(16), 1, bytes(16), 48) + section


SUMMARY = {
    2: "ចំណងជើង", 3: "a subject", 4: "An Author", 8: "Another One", 9: "7", 10: 0, 11: WHEN, 12: WHEN + datetime.timedelta(days=-3),
    13: WHEN + datetime.timedelta(hours=1), 14: 3, 18: "A Program",
}


def summary(page=65001, **more):
    values = dict(SUMMARY, **more)
    if page == 874:
        values[2] = "ชื่อเรื่อง"
    return {"\x05SummaryInformation": property_set({k: v for k, v in values.items() if v}, page), "\x05DocumentSummaryInformation": property_set({15: "A Company", 14: "A Manager"})}


# ---- PowerPoint, Word, Excel by hand ----


def atom(kind, data, version=0):
    return struct.pack("<HHI", version, kind, len(data)) + data


def ppt():
    texts = atom(0x0FA0, "Slide ភាសាខ្មែរ 😀\rline".encode("utf-16-le")) + atom(0x0FA8, b"plain caf\xe9") + atom(0x0FBA, "name".encode("utf-16-le"))
    return atom(0x03E8, atom(0x03EE, texts, 0xF) + atom(0x03E9, bytes(40)), 0xF)


def current_user(token=0xE391C05F):
    return atom(0x0FF6, struct.pack("<III", 20, token, 0))


def word(pieces, flags=0x0200, version=0xC1, ends=None):
    text, places, table = b"", [], b""
    for piece in pieces:
        place = 0x800 + len(text)
        if isinstance(piece, bytes):
            places.append((len(piece), place * 2 | 0x40000000))
            text += piece
        else:
            data = piece.encode("utf-16-le")
            places.append((len(data) // 2, place))
            text += data
    cps = [0]
    for count, _ in places:
        cps.append(cps[-1] + count)
    plc = b"".join(struct.pack("<I", n) for n in ends or cps) + b"".join(struct.pack("<HIH", 0, place, 0) for _, place in places)
    clx = b"\x01\x04\x00prms" + b"\x02" + struct.pack("<I", len(plc)) + plc
    fib = struct.pack("<HH6xH12xII", 0xA5EC, version, flags, 0x800, 0x800 + len(text)).ljust(0x1A2, b"\0") + struct.pack("<II", 0, len(clx))
    return {"WordDocument": fib.ljust(0x800, b"\0") + text, "1Table": clx}


def record(kind, body):
    return struct.pack("<HH", kind, len(body)) + body


def wide(text):
    return struct.pack("<HB", len(text), 1) + text.encode("utf-16-le")


def excel():
    shared = struct.pack("<II", 3, 3) + struct.pack("<HB", 5, 0) + b"caf\xe9!" + struct.pack("<HBH", 4, 9, 1) + "ភាសា".encode("utf-16-le") + bytes(4) + struct.pack("<HB", 6, 0) + b"abc"
    globals_ = record(0x809, struct.pack("<HH", 0x600, 5) + bytes(12)) + record(0x85, struct.pack("<IHBB", 0, 0, 5, 0) + b"Sheet") + record(0xFC, shared) + record(0x3C, b"\x01" + "សខគ".encode("utf-16-le")) + record(0x0A, b"")

    def cell(kind, row, column, body):
        return record(kind, struct.pack("<HHH", row, column, 0) + body)

    sheet = (
        record(0x809, struct.pack("<HH", 0x600, 16) + bytes(12)) + cell(0xFD, 0, 0, struct.pack("<I", 0)) + cell(0xFD, 0, 1, struct.pack("<I", 1)) + cell(0xFD, 1, 0, struct.pack("<I", 2))
        + cell(0x203, 1, 1, struct.pack("<d", -2.25)) + cell(0x27E, 2, 0, struct.pack("<I", 12345 << 2 | 3)) + record(0xBD, struct.pack("<HHHIHIH", 3, 0, 0, 7 << 2 | 2, 0, 0x3FF00000, 1))
        + cell(0x06, 4, 0, struct.pack("<BBBBBBH", 0, 0, 0, 0, 0, 0, 0xFFFF) + bytes(6)) + record(0x207, wide("result")) + cell(0x204, 5, 0, wide("label")) + record(0x0A, b"")
    )
    return globals_ + sheet


# ---- messages: [MS-OXMSG] ----


def properties(head, fixed):
    out = bytes(head)
    for (number, kind), value in fixed.items():
        out += struct.pack("<HHIQ", kind, number, 6, filetime(value) if kind == 0x40 else value)
    return out


def texts(values, ansi=None):
    out = {}
    for number, value in values.items():
        if isinstance(value, bytes):
            out["__substg1.0_%04X0102" % number] = value
        elif ansi:
            out["__substg1.0_%04X001E" % number] = value.encode(ansi)
        else:
            out["__substg1.0_%04X001F" % number] = value.encode("utf-16-le")
    return out


HEAD = (
    "Received: from a by b; Fri, 2 Jan 2026 03:04:10 +0000\r\nFrom: other@example.org\r\nTo: Third <third@example.org>\r\nCc: fourth@example.org\r\nSubject: another subject\r\nDate: Fri, 2 Jan 2026 10:04:05 +0700\r\n"
    "X-Originating-IP: [192.0.2.1]\r\nMessage-ID: <1@example.org>\r\n\r\n"
)


def message(inner=None, ansi=None, page=None, head=32, subject=None):
    fixed = {(0x39, 0x40): WHEN, (0xE06, 0x40): WHEN + datetime.timedelta(seconds=5), (0x3007, 0x40): WHEN, (0x3008, 0x40): WHEN}
    if page:
        fixed[(0x3FFD, 3)] = page
    subject = subject or "ภาษาไทย" if ansi or subject else "ភាសាខ្មែរ subject"
    out = texts({0x1A: "IPM.Note", 0x37: subject, 0x42: "The Sender", 0x65: "sender@example.org", 0xC1A: "The Sender", 0xC1F: "sender@example.org", 0x1000: "the text\r\n" + subject + "\r\n", 0x1035: "<1@example.org>", 0xE04: "shown"}, ansi)
    out["__properties_version1.0"] = properties(head, fixed)
    if not ansi:
        out.update(texts({0x7D: HEAD, 0x1013: b"<p>the text</p>"}))
    for i, (name, address, kind) in enumerate([("A Person", "a@example.org", 1), ("", "b@example.org", 1), ("C", "c@example.org", 2)]):
        out["__recip_version1.0_#%08X" % i] = dict(texts({0x3001: name, 0x39FE: address}, ansi), **{"__properties_version1.0": properties(8, {(0xC15, 3): kind})})
    out["__attach_version1.0_#00000000"] = dict(texts({0x3707: "ឯកសារ.bin", 0x370E: "application/x", 0x3701: bytes(range(256)) * 20}), **{"__properties_version1.0": properties(8, {(0x3705, 3): 1, (0x3008, 0x40): WHEN})})
    if inner:
        out["__attach_version1.0_#00000001"] = {"__properties_version1.0": properties(8, {(0x3705, 3): 5}), "__substg1.0_3701000D": inner}
    out["__nameid_version1.0"] = {"__substg1.0_00020102": b"", "__substg1.0_00030102": b"", "__substg1.0_00040102": b""}
    return out


def nested(depth):
    inner = message(head=24)
    for _ in range(depth):
        inner = {"__properties_version1.0": properties(24, {}), "__attach_version1.0_#00000000": {"__properties_version1.0": properties(8, {}), "__substg1.0_3701000D": inner}}
    return inner


def deep(depth):
    tree = {"stream": b"x"}
    for _ in range(depth):
        tree = {"a": tree}
    return tree


def patched(data, offset, form, value):
    out = bytearray(data)
    struct.pack_into(form, out, offset, value)
    return bytes(out)


def longer(data, name, size):
    """The first stream of this name says that it has so many bytes; its chain stays as it is."""
    return patched(data, data.index(name.encode("utf-16-le") + b"\0\0") + 120, "<Q", size)


def looped(data):
    """The directory's first entry behind the root is its own neighbour."""
    at = 512 + (struct.unpack_from("<I", data, 48)[0] << 9) + 128
    return patched(data, at + 68, "<I", 1)


def files():
    vba = {"VBA": {"_VBA_PROJECT": b"\xcc\x61", "dir": b"d", "Module1": b"m"}, "PROJECT": b"ID"}
    document = dict(word(["ភាសាខ្មែរ 😀\r", b"caf\xe9 \x93x\x94\x07", "last\r"]), **summary())
    plain = cfb(document)
    book = dict(summary(), Workbook=excel())
    mail = message(inner=message(head=24))
    return {
        "text.doc": plain,
        "sectors-4096.doc": cfb(document, 12),
        "macros.doc": cfb(dict(document, Macros=vba, ObjectPool={"_1": {"\x01Ole10Native": b"native" * 1000}})),
        "thai.doc": cfb(dict(word(["x\r"]), **summary(874))),
        "encrypted.doc": cfb(dict(word(["x"], 0x0300))),
        "old.doc": cfb(word([b"caf\xe9\r"], 0, 0x65)),
        "old-pieces.doc": cfb(word([b"x"], 4, 0x65)),
        "cells.xls": cfb(book),
        "encrypted.xls": cfb({"Workbook": record(0x809, struct.pack("<HH", 0x600, 5) + bytes(12)) + record(0x2F, bytes(6))}),
        "text.ppt": cfb({"PowerPoint Document": ppt(), "Current User": current_user(), **summary()}),
        "encrypted.ppt": cfb({"PowerPoint Document": ppt(), "Current User": current_user(0xF3D1C4DF)}),
        "encrypted.docx": cfb({"EncryptedPackage": bytes(5000), "EncryptionInfo": bytes(100)}),
        "mail.msg": cfb(mail),
        "ascii.msg": cfb(message(subject="plain subject")),
        "thai.msg": cfb(message(ansi="cp874", page=874)),
        "long-body.msg": longer(cfb(message()), "__substg1.0_1000001F", 3000),
        "long-subject.msg": longer(cfb(message()), "__substg1.0_0037001F", 3000),
        "long-name.msg": longer(cfb(message()), "__substg1.0_3707001F", 3000),
        "nested-30.msg": cfb(nested(30)),
        "other.ole": cfb({"one": b"1" * 100, "folder": {"two": b"2" * 10000}}),
        "deep.ole": cfb(deep(100)),
        "loop.ole": looped(cfb({"one": b"1", "two": b"2"})),
        "cut.doc": plain[: len(plain) * 2 // 3],
        "short-chain.ole": cfb({"one": b"1" * 10000})[:6000],
        "piece-behind.doc": cfb(dict(word(["x\r"], ends=[0, 100000]), **summary())),
        "pieces-back.doc": cfb(dict(word(["x\r", "y\r"], ends=[5, 3, 4]), **summary())),
        "broken-properties.doc": cfb(dict(word(["x\r"]), **{"\x05SummaryInformation": property_set(SUMMARY)[:90]})),
        "cut.xls": cfb({"Workbook": excel()[:150]}),
        "cut.ppt": cfb({"PowerPoint Document": ppt()[:75], "Current User": current_user()}),
        "fat-loop.ole": patched(plain, 76, "<I", 0),
        "sector-bits.ole": patched(plain, 30, "<H", 31),
        "no-directory.ole": patched(plain, 48, "<I", 0xFFFFFF),
        "head-only.ole": plain[:512],
        "text.ole": b"no compound file\n" * 40,
        "nothing.ole": b"",
    }


def main():
    os.makedirs(sys.argv[1], exist_ok=True)
    for name, data in files().items():
        with open(os.path.join(sys.argv[1], name), "wb") as f:
            f.write(data)


if __name__ == "__main__":
    main()
