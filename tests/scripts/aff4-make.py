#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes AFF4 volumes of source.raw, sound and broken: aff4-make.py WAY TARGET

The content is expected.raw: the source, and behind it a run of 'a', unknown and unreadable data, which
stand there as zeros."""
import hashlib
import struct
import sys
import zipfile
import zlib

import lz4.block
import snappy

way, target = sys.argv[1:3]
CHUNK, IN_BEVY = 32768, 16
VOLUME = "aff4://11111111-0000-0000-0000-000000000001"
STREAM = "aff4://22222222-0000-0000-0000-000000000002"
MAP = "aff4://33333333-0000-0000-0000-000000000003"
IMAGE = "aff4://44444444-0000-0000-0000-000000000004"
SCHEMA = "http://aff4.org/Schema#"
source = open("source.raw", "rb").read()


def raw_deflate(data):
    c = zlib.compressobj(6, zlib.DEFLATED, -15)
    return c.compress(data) + c.flush()


CODECS = {
    "snappy": ("http://code.google.com/p/snappy/", snappy.compress),
    "deflate": ("https://tools.ietf.org/html/rfc1951", raw_deflate),
    "zlib": ("https://tools.ietf.org/html/rfc1951", zlib.compress),
    "zlib-1950": ("https://www.ietf.org/rfc/rfc1950.txt", zlib.compress),
    "lz4": ("https://code.google.com/p/lz4/", lambda d: lz4.block.compress(d, store_size=False)),
    "lz4-size": ("https://code.google.com/p/lz4/", lz4.block.compress),
    "stored": (SCHEMA + "NullCompressor", lambda d: d),
    "other": ("https://example.org/a-codec", lambda d: d),
    "bomb": ("http://code.google.com/p/snappy/", snappy.compress),
}
codec, compress = CODECS.get(way, CODECS["snappy"])
relative = way == "relative"
if relative:
    STREAM, MAP = VOLUME + "/disk", VOLUME + "/disk/map of it"


def member(urn, name):
    if urn.startswith(VOLUME + "/"):
        return urn[len(VOLUME) + 1:] + "/" + name
    return urn.replace(":", "%3A").replace("/", "%2F") + "/" + name


members = []  # (name, bytes)


def add_bevies():
    chunks = [source[i:i + CHUNK] for i in range(0, len(source), CHUNK)]
    chunks[-1] += bytes(CHUNK - len(chunks[-1]))
    for bevy in range(0, len(chunks), IN_BEVY):
        data, index, md5, sha1 = b"", b"", b"", b""
        for chunk in chunks[bevy:bevy + IN_BEVY]:
            packed = compress(chunk)
            if len(packed) >= CHUNK - 16:
                packed = chunk
            if way == "bomb" and bevy == 0 and data == b"":
                packed = compress(bytes(1 << 24))
                packed = packed[:60000]
            index += struct.pack("<QI", len(data), len(packed))
            data += packed
            md5 += hashlib.md5(chunk).digest()
            sha1 += hashlib.sha1(chunk).digest()
        number = "%08d" % (bevy // IN_BEVY)
        if way == "index" and bevy == 0:
            index = index[:12] + struct.pack("<QI", 1 << 40, 100) + index[24:]
        if way == "short-index" and bevy == 0:
            index = index[:24]
        if way == "hash" and bevy == 0:
            sha1 = bytes(20) + sha1[20:]
        if way == "no-bevy" and bevy == IN_BEVY:
            continue
        members.append((member(STREAM, number), data))
        members.append((member(STREAM, number + ".index"), index))
        if way != "no-hashes":
            members.append((member(STREAM, number + ".blockHash.md5"), md5))
            members.append((member(STREAM, number + ".blockHash.sha1"), sha1))


EXTRA = 131072
idx = [STREAM, SCHEMA + "SymbolicStream61", SCHEMA + "UnknownData", SCHEMA + "UnreadableData"]
half = len(source) // 2 // 512 * 512
runs = [(half, len(source) - half, half, 0), (0, half, 0, 0)]  # the order of acquisition is free
end = len(source)
for stream in (1, 2, 3):
    runs.append((end, EXTRA, 0, stream))
    end += EXTRA
size = end + EXTRA  # the rest is the default
expected = source + b"a" * EXTRA + bytes(3 * EXTRA)
if way == "overlap":
    runs.append((half + 512, 512, 0, 0))
if way == "behind":
    runs[-1] = (end, 1 << 40, 0, 0)
if way == "past-stream":
    runs[0] = (half, len(source) - half, half + 4096, 0)
if way == "no-stream":
    runs.append((end, 512, 0, 9))
if way == "volumes":
    idx[0] = "aff4://99999999-0000-0000-0000-000000000009"
if way == "identity":
    runs, size, expected = runs[:2], len(source), source
map_bytes = b"".join(struct.pack("<QQQI", *r) for r in runs)
idx_bytes = ("\n".join(idx) + "\n").encode()
hash_of = hashlib.sha512(map_bytes + (b"x" if way == "map-hash" else b"")).hexdigest()

turtle = """@prefix : <%s> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix aff4: <%s> .
# a comment; with "quotes"
<%s> a aff4:DiskImage , aff4:Image , aff4:ContiguousImage ;
    aff4:dataStream <%s> ; aff4:diskSerial "S \\"1\\" \\u00e9" ; aff4:size "%d"^^xsd:long ; aff4:stored : .
<%s> a aff4:Map ; aff4:mapGapDefaultStream aff4:Zero ; aff4:size %d ;
    aff4:mapPointHash "%s"^^aff4:SHA512 .
<%s> a aff4:ImageStream ; aff4:chunkSize "%d"^^xsd:int ; aff4:chunksInSegment "%d"^^xsd:int ;
    aff4:compressionMethod <%s> ; aff4:size "%d"^^xsd:long ;
    aff4:hash "%s"^^aff4:MD5 , "%s"^^aff4:SHA1 .
<%s/case> a aff4:CaseDetails ; aff4:caseName '''Case "7" ''' ; aff4:examiner "An Officer"@en .
""" % (VOLUME, SCHEMA, IMAGE, STREAM if way == "no-map" else MAP, len(source) if way == "no-map" else size, MAP, size,
       hash_of, STREAM, CHUNK, IN_BEVY, codec, len(source), hashlib.md5(source).hexdigest(),
       hashlib.sha1(source).hexdigest(), IMAGE)
if way == "encrypted":
    turtle += "<%s/e> a aff4:EncryptedStream .\n" % IMAGE
if way == "logical":
    turtle += "<%s/f> a aff4:FileImage .\n" % IMAGE
if way == "two":
    turtle += "<%s/two> a aff4:Image ; aff4:dataStream <%s> .\n" % (IMAGE, STREAM)
if way == "turtle":
    turtle += "<%s/x> a aff4:Image\n" % IMAGE
if way == "blank":
    turtle += "[] a aff4:Image .\n"
if way == "chunk-size":
    turtle = turtle.replace('"%d"^^xsd:int' % CHUNK, '"99999999"^^xsd:int')
if way == "no-map":
    expected = source

members.append(("container.description", VOLUME.encode()))
members.append(("version.txt", b"major=%d\nminor=0\ntool=a test\n" % (2 if way == "version" else 1)))
add_bevies()
members.append((member(MAP, "map"), map_bytes))
members.append((member(MAP, "idx"), idx_bytes))
members.append(("information.turtle", turtle.encode()))
if way == "twice":
    members.append((member(MAP, "idx").replace("%3A", "%3a"), idx_bytes))


class Pipe:
    """What cannot go back: sizes and checksums stand behind their members, not in front."""

    def __init__(self, path):
        self.file = open(path, "wb")

    def write(self, data):
        return self.file.write(data)

    def flush(self):
        self.file.flush()


with zipfile.ZipFile(Pipe(target) if way == "streamed" else target, "w") as z:
    for name, data in members:
        packed = name.endswith(("turtle", "map", "index")) and way != "stored"
        z.writestr(name, data, zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED)
    z.comment = VOLUME.encode() + b"\0"
    infos = z.infolist()
data = bytearray(open(target, "rb").read())


def central(at):
    """Where the entry of the directory for member `at` stands."""
    where = data.index(b"PK\1\2")
    for _ in range(at):
        lengths = struct.unpack_from("<HHH", data, where + 28)
        where += 46 + sum(lengths)
    return where


turtle_at = [i.filename for i in infos].index("information.turtle")
bevy_at = [i.filename for i in infos].index(member(STREAM, "00000000"))
if way == "local-name":
    data[infos[turtle_at].header_offset + 30] ^= 1
if way == "local-size":
    data[infos[bevy_at].header_offset + 22] ^= 1
if way == "local-method":
    data[infos[turtle_at].header_offset + 8] ^= 8
if way == "crc":
    at = data.index(map_bytes) if map_bytes in data else infos[turtle_at].header_offset + 60
    data[at + 40] ^= 1
if way == "flip":
    data[infos[bevy_at].header_offset + 30 + len(infos[bevy_at].filename) + 200] ^= 4
if way == "overlapping":
    struct.pack_into("<I", data, central(bevy_at) + 20, 1 << 28)
    struct.pack_into("<I", data, central(bevy_at) + 24, 1 << 28)
if way == "directory":
    struct.pack_into("<I", data, data.rindex(b"PK\5\6") + 16, 100)
if way == "cut":
    del data[len(data) // 2:]
if way == "zip64":  # the record of the end in 64 bits
    end = data.rindex(b"PK\5\6")
    count, = struct.unpack_from("<H", data, end + 10)
    length, at = struct.unpack_from("<II", data, end + 12)
    wide = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, count, count, length, at)
    wide += struct.pack("<IIQI", 0x07064B50, 0, end, 1)
    data[end + 8:end + 20] = b"\xff" * 12
    data[end:end] = wide
if way == "zip64-member":  # sizes and place of a member in 64 bits
    entry = central(bevy_at)
    stored, whole = struct.unpack_from("<II", data, entry + 20)
    where, = struct.unpack_from("<I", data, entry + 42)
    name, extra = struct.unpack_from("<HH", data, entry + 28)
    data[entry + 20:entry + 28] = b"\xff" * 8
    data[entry + 42:entry + 46] = b"\xff" * 4
    at = entry + 46 + name + extra
    data[at:at] = struct.pack("<HHIHHQQQ", 99, 4, 7, 1, 24, whole, stored, where)
    struct.pack_into("<H", data, entry + 30, extra + 36)
    end = data.rindex(b"PK\5\6")
    struct.pack_into("<I", data, end + 12, end - struct.unpack_from("<I", data, end + 16)[0])
open(target, "wb").write(data)
open("expected.raw", "wb").write(expected)
