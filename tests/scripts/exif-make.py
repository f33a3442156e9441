#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Pictures that say something, made byte by byte: exif-make.py FOLDER. They have headers and no picture."""

import os
import struct
import sys
import zlib

THUMBNAIL = b"\xff\xd8\xff\xc0\x00\x11\x08\x00\x02\x00\x03\x03" + bytes(9) + b"\xff\xd9"
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'
ASCII, SHORT, LONG, RATIONAL, BYTE, UNDEFINED = 2, 3, 4, 5, 1, 7


def exif(order="<", make=b"Maker\0", extra=(), gps=None, original=b"2026:01:02 03:04:05\0", thumbnail=True, whole=False, second=None, huge=False, offset=b"+07:00\0"):
    """A TIFF structure: IFD0, Exif, GPS, IFD1."""

    def rational(*pairs):
        return RATIONAL, len(pairs), b"".join(struct.pack(order + "II", *p) for p in pairs)

    def text(t):
        return ASCII, len(t), t

    def short(n):
        return SHORT, 1, struct.pack(order + "H", n)

    def long(n):
        return LONG, 1, struct.pack(order + "I", n)

    wide = "caf\u00e9".encode("utf-16-le" if order == "<" else "utf-16-be")
    first = {0x010F: text(make), 0x0110: text(b"Model 7\0"), 0x0112: short(6), 0x0132: text(b"2026:01:02 03:34:05\0"), 0x9C9D: (BYTE, 8, "\u00c9ve\0".encode("utf-16-le")), 0x8769: long(0), 0x8825: long(0)}
    if huge:
        first[0x0131] = (ASCII, 0xFFFFFFFF, b"....")
    if whole:
        first.update({0x0100: short(7), 0x0101: short(5), 700: (BYTE, len(XMP), XMP)})
    own = {0x9003: text(original), 0x9291: text(b"25\0\0"), 0x9010: text(offset), 0x829A: rational((1, 100)), 0x9286: (UNDEFINED, 8 + len(wide), b"UNICODE\0" + wide), 0xA431: text(b"SN-1\0")}
    place = gps or {1: text(b"N\0"), 2: rational((51, 1), (30, 1), (2646, 100)), 3: text(b"W\0"), 4: rational((0, 1), (7, 1), (3990, 100)), 5: (BYTE, 1, b"\x01"), 6: rational((25, 2)), 7: rational((3, 1), (4, 1), (6, 1)), 29: text(b"2026:01:02\0")}
    if order == ">":
        first[0x0132] = text(b"2026:01:02 03:34:05\0")
    for directory, tag, value in extra: # a tag over 65535: the same once more
        (first, own, place)[directory][tag] = text(value)
    thumb = {0x0201: long(0), 0x0202: long(len(THUMBNAIL))} if thumbnail else {}
    directories = [first, own, place] + ([thumb] if thumb else [])
    at, starts = 8, []
    for d in directories:
        starts.append(at)
        at += 2 + 12 * len(d) + 4
    first[0x8769], first[0x8825] = long(starts[1]), long(starts[2])
    data = b""
    end = at

    def keep(value):
        nonlocal data
        kind, count, content = value
        if len(content) <= 4 and count < 100:
            return struct.pack(order + "HI", kind, count) + content.ljust(4, b"\0")
        offset = end + len(data)
        data += content + b"\0" * (len(content) % 2)
        return struct.pack(order + "HII", kind, count, offset)

    if thumb:
        data += THUMBNAIL + b"\0" * (len(THUMBNAIL) % 2)
        thumb[0x0201] = long(end)
    out = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    for i, d in enumerate(directories):
        out += struct.pack(order + "H", len(d))
        for tag in sorted(d):
            out += struct.pack(order + "H", tag % 65536) + keep(d[tag])
        following = starts[3] if i == 0 and thumb else 0
        out += struct.pack(order + "I", second if i == 0 and second is not None else following)
    return out + data


def jpeg(*segments, comment=None):
    out = b"\xff\xd8"
    for mark, data in segments:
        out += b"\xff" + bytes([mark]) + struct.pack(">H", len(data) + 2) + data
    if comment:
        out += b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment
    return out + b"\xff\xc0\x00\x11\x08\x00\x05\x00\x07\x03" + bytes(9) + b"\xff\xda\x00\x02" + b"data" * 9 + b"\xff\xd9"


def app1(data):
    return 0xE1, b"Exif\0\0" + data


def png(*chunks):
    out = b"\x89PNG\r\n\x1a\n"
    for kind, data in ((b"IHDR", struct.pack(">IIBBBBB", 7, 5, 8, 0, 0, 0, 0)),) + chunks + ((b"IDAT", zlib.compress(bytes(40))), (b"IEND", b"")):
        out += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return out


def webp(*chunks):
    body = b"WEBP"
    for kind, data in ((b"VP8X", b"\x0c\0\0\0\x06\0\0\x04\0\0"),) + chunks:
        body += kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def box(kind, data):
    return struct.pack(">I", 8 + len(data)) + kind + data


def heif(data, version=1):
    item = struct.pack(">I", 6) + b"Exif\0\0" + data
    brands = box(b"ftyp", b"heic\0\0\0\0mif1heic")
    hdlr = box(b"hdlr", bytes(8) + b"pict" + bytes(13))
    pitm = box(b"pitm", struct.pack(">IH", 0, 1))
    infe = box(b"infe", b"\2\0\0\0" + struct.pack(">HH", 1, 0) + b"hvc1\0") + box(b"infe", b"\2\0\0\0" + struct.pack(">HH", 2, 0) + b"Exif\0")
    iinf = box(b"iinf", struct.pack(">IH", 0, 2) + infe)
    iprp = box(b"iprp", box(b"ipco", box(b"ispe", struct.pack(">III", 0, 3, 2)) + box(b"ispe", struct.pack(">III", 0, 7, 5))) + box(b"ipma", struct.pack(">IIHBBB", 0, 1, 1, 2, 1, 2)))

    def iloc(at):
        rows = struct.pack(">HHHHII", 1, 0, 0, 1, at + len(item), 4) + struct.pack(">HHHHII", 2, 0, 0, 1, at, len(item))
        return box(b"iloc", b"\1\0\0\0\x44\0" + struct.pack(">H", 2) + rows)

    size = len(brands) + 12 + len(hdlr + pitm + iinf + iprp + iloc(0)) + 8
    meta = box(b"meta", bytes(4) + hdlr + pitm + iinf + iprp + iloc(size))
    return brands + meta + box(b"mdat", item + bytes(4))


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    small, big = exif(), exif(">")
    xmp = (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP)
    wrong = {1: (ASCII, 2, b"N\0"), 2: (RATIONAL, 3, struct.pack("<6I", 95, 1, 0, 1, 0, 1)), 3: (ASCII, 2, b"E\0"), 4: (RATIONAL, 3, struct.pack("<6I", 1, 0, 0, 1, 0, 1))}
    texts = ((b"tEXt", b"Author\0\xc9ve"), (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP), (b"zTXt", b"k\0\0" + zlib.compress(b"v")), (b"tIME", struct.pack(">HBBBBB", 2026, 1, 2, 3, 4, 5)))
    heic = heif(big)
    degrees = (RATIONAL, 3, struct.pack("<6I", 1, 1, 0, 1, 0, 1))
    sides = {1: (ASCII, 2, b"E\0"), 2: degrees, 3: (ASCII, 2, b"N\0"), 4: degrees}
    again = ((0, 65536 + 0x010F, b"Other\0"), (0, 131072 + 0x010F, b"Third\0"), (1, 65536 + 0x9003, b"2020:01:01 00:00:00\0"), (2, 65536 + 1, b"S\0"))
    files = {
        "again.jpg": jpeg(app1(exif(extra=again))), "sides.jpg": jpeg(app1(exif(gps=sides))), "offset.jpg": jpeg(app1(exif(offset=b"+07:00x\0"))), "spaces.jpg": jpeg(app1(exif(offset=b"+07:00  \0"))),
        "thumbnail": THUMBNAIL, "xmp": XMP,
        "little.jpg": jpeg((0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"), app1(small), xmp),
        "big.jpg": jpeg(app1(big)), "bare.jpg": jpeg(comment=b"a remark"), "plain.tif": exif(whole=True, thumbnail=False),
        "exif.png": png((b"eXIf", small), *texts), "exif.webp": webp((b"EXIF", small), (b"XMP ", XMP)), "jpeg-mark.webp": webp((b"EXIF", b"Exif\0\0" + big)),
        "exif.heic": heic, "noplace.jpg": jpeg(app1(exif(gps=wrong))), "notime.jpg": jpeg(app1(exif(original=b"2026:13:40 99:00:00\0"))),
        "twice.jpg": jpeg(app1(small), app1(exif(make=b"Other\0"))), "cut.jpg": jpeg(app1(small[:200])), "loop.jpg": jpeg(app1(exif(second=8, thumbnail=False))),
        "huge.jpg": jpeg(app1(exif(huge=True))), "none.jpg": jpeg(app1(b"not a TIFF at all")), "empty.jpg": jpeg(app1(b"")),
        "short.jpg": b"\xff\xd8\xff", "fill.jpg": b"\xff\xd8" + b"\xff" * 200000, "half.jpg": jpeg(app1(small))[:150],
        "cut.png": png((b"eXIf", small))[:70], "long.png": b"\x89PNG\r\n\x1a\n" + b"\xff\xff\xff\xffeXIf", "cut.webp": webp((b"EXIF", small))[:60],
        "cut.heic": heic[:200], "zero.heic": heic.replace(b"iloc", b"xloc"), "box.heic": box(b"ftyp", b"heic") + struct.pack(">I", 1) + b"meta" + b"\xff" * 8,
        "first.tif": b"II*\0\xff\xff\xff\xff", "count.tif": b"MM\0*\0\0\0\x08\xff\xff",
    }
    for i in range(0, len(small), 7):
        files["bad%03d.jpg" % i] = jpeg(app1(small[:i] + b"\xff" + small[i + 1 :]))
    for name, data in files.items():
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data)


main()
