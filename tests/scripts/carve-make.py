#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Files to be found in space, in the folder that is named: what stock tools write, and, where none is
# at hand, what the formats' descriptions say (rar, evtx, regf, heic, mp4).
import os
import random
import shutil
import sqlite3
import struct
import subprocess
import sys
import zipfile
import zlib

rng = random.Random(33)


def run(*command, **more):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more)


def put(name, data):
    with open(name, "wb") as f:
        f.write(data)


def noise(width, height):
    put("noise.ppm", b"P6 %d %d 255\n" % (width, height) + rng.randbytes(width * height * 3))
    return "noise.ppm"


def pictures():
    if shutil.which("convert") is None:
        return
    source = noise(160, 120)
    for name, options in (
        ("plain.jpg", ()),
        ("progressive.jpg", ("-interlace", "JPEG")),
        ("picture.png", ()),
        ("picture.gif", ()),
        ("picture.webp", ()),
    ):
        try:
            run("convert", source, *options, name)
        except subprocess.CalledProcessError:
            print("# not made:", name)
    os.remove(source)
    if shutil.which("exiftool") and os.path.exists("plain.jpg"):
        run("convert", "plain.jpg", "-resize", "40x30", "small.jpg")
        shutil.copy("plain.jpg", "thumbnail.jpg")
        run("exiftool", "-overwrite_original", "-Model=Carved", "-ThumbnailImage<=small.jpg", "thumbnail.jpg")
        os.remove("small.jpg")


def documents():
    if shutil.which("gs"):
        put("page.ps", b"%!PS\n/Helvetica findfont 40 scalefont setfont 72 700 moveto (Carved) show showpage\n")
        run("gs", "-q", "-dBATCH", "-dNOPAUSE", "-sDEVICE=pdfwrite", "-sOutputFile=plain.pdf", "page.ps")
        os.remove("page.ps")
    if shutil.which("qpdf") and os.path.exists("plain.pdf"):
        run("qpdf", "--linearize", "plain.pdf", "linear.pdf")
        run("qpdf", "--object-streams=generate", "plain.pdf", "streams.pdf")
    put("text.rtf", b"{\\rtf1\\ansi {\\b a \\{ brace} {\\*\\bin5 }}}}}} \\'e9 " + b"words " * 800 + b"}")
    try:
        import docx

        document = docx.Document()
        document.add_paragraph("carved words")
        document.save("text.docx")
    except ImportError:
        print("# not made: text.docx")


def archives():
    with zipfile.ZipFile("several.zip", "w", zipfile.ZIP_DEFLATED) as z:
        for i in range(9):
            z.writestr("folder/%d.txt" % i, rng.randbytes(3000) + b"text " * 300)
    with zipfile.ZipFile("inner.zip", "w") as z:  # stored: its own directory stands in the middle
        z.write("several.zip", "several.zip")
    with open("stream.zip", "wb") as f:  # sizes behind the contents
        class Pipe:
            def write(self, data):
                return f.write(data)

            def flush(self):
                pass

        with zipfile.ZipFile(Pipe(), "w", zipfile.ZIP_DEFLATED) as z:
            z.writestr("a.bin", rng.randbytes(50000))
            z.writestr("b.txt", b"text " * 3000)
    if shutil.which("7z"):
        put("member.bin", rng.randbytes(30000))
        run("7z", "a", "some.7z", "member.bin")
        os.remove("member.bin")
    rar4()
    rar5()


def rar4():
    def block(kind, flags, rest, data=b""):
        head = struct.pack("<BHH", kind, flags, 7 + len(rest)) + rest
        return struct.pack("<H", zlib.crc32(head) & 0xFFFF) + head + data

    content = rng.randbytes(5000)
    rest = struct.pack("<IIBIIBBHI", len(content), len(content), 3, zlib.crc32(content), 0x5A210000, 20, 0x30, 5, 32) + b"a.bin"
    put("stored.rar", b"Rar!\x1a\x07\x00" + block(0x73, 0, bytes(6)) + block(0x74, 0x8000, rest, content) + block(0x7B, 0x4000, b""))


def rar5():
    def vint(n):
        out = b""
        while n > 0x7F:
            out += bytes([n & 0x7F | 0x80])
            n >>= 7
        return out + bytes([n])

    def block(body, data=b""):
        rest = vint(len(body)) + body
        return struct.pack("<I", zlib.crc32(rest)) + rest + data

    content = rng.randbytes(7000)
    member = vint(2) + vint(2) + vint(len(content)) + vint(4) + vint(len(content)) + vint(0) + struct.pack("<I", zlib.crc32(content)) + vint(0) + vint(1) + vint(5) + b"b.bin"
    put("stored5.rar", b"Rar!\x1a\x07\x01\x00" + block(vint(1) + vint(0) + vint(0)) + block(member, content) + block(vint(5) + vint(0) + vint(0)))


def databases():
    db = sqlite3.connect("rows.sqlite")
    db.execute("pragma page_size=1024")
    db.execute("create table messages (id integer primary key, text, at)")
    db.execute("create index by_text on messages (text)")
    db.execute("create view v as select text from messages")
    db.executemany("insert into messages (text, at) values (?, ?)", ((rng.randbytes(rng.randrange(2000)), i) for i in range(150)))
    db.commit()
    db.execute("delete from messages where id % 3 = 0")
    db.commit()
    db.close()


def windows():
    chunks = b""
    for number in range(2):
        events = rng.randbytes(20000)
        body = bytearray(65536)
        body[0:8] = b"ElfChnk\0"
        struct.pack_into("<QQQQIIII", body, 8, 1, 9, 1, 9, 128, 512, 512 + len(events), zlib.crc32(events))
        body[512 : 512 + len(events)] = events
        struct.pack_into("<I", body, 124, zlib.crc32(bytes(body[128:512]), zlib.crc32(bytes(body[:120]))))
        chunks += bytes(body)
    head = bytearray(4096)
    head[0:8] = b"ElfFile\0"
    struct.pack_into("<QQQIHHHH", head, 8, 0, 1, 19, 128, 1, 3, 4096, 2)
    struct.pack_into("<I", head, 124, zlib.crc32(bytes(head[:120])))
    put("log.evtx", bytes(head) + chunks)
    head = bytearray(4096)
    head[0:4] = b"regf"
    struct.pack_into("<IIQIIIIII", head, 4, 7, 7, 0, 1, 5, 0, 1, 32, 12288)
    total = 0
    for word in struct.unpack("<127I", bytes(head[:508])):
        total ^= word
    struct.pack_into("<I", head, 508, total)
    bins = b""
    for at, size in ((0, 4096), (4096, 8192)):
        bins += b"hbin" + struct.pack("<II", at, size) + bytes(20) + rng.randbytes(size - 32)
    put("hive.regf", bytes(head) + bins)


def box(kind, data):
    return struct.pack(">I", 8 + len(data)) + kind + data


def media():
    mvhd = box(b"mvhd", bytes(100))
    moov = box(b"moov", mvhd + box(b"trak", box(b"tkhd", bytes(84))))
    put("late.mp4", box(b"ftyp", b"isom\0\0\2\0isomiso2") + box(b"free", b"") + box(b"mdat", rng.randbytes(90000)) + moov)
    put("early.mov", box(b"ftyp", b"qt  \0\0\2\0qt  ") + moov + box(b"wide", b"") + box(b"mdat", rng.randbytes(30000)))
    hdlr = box(b"hdlr", bytes(8) + b"pict" + bytes(13))
    put("still.heic", box(b"ftyp", b"heic\0\0\0\0mif1heic") + box(b"meta", bytes(4) + hdlr + box(b"pitm", bytes(6))) + box(b"mdat", rng.randbytes(20000)))


os.makedirs(sys.argv[1], exist_ok=True)
os.chdir(sys.argv[1])
pictures()
documents()
archives()
databases()
windows()
media()
