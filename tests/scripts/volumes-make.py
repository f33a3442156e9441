#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Volumes that no program here makes without a disk: volumes-make.py KIND FILE [ARGUMENTS…]
"""bitlocker FILE vista|7|togo [clear] [cut|bad|many]: boot sector and metadata of a BitLocker volume
corestorage FILE: the first block of a CoreStorage volume
luks2-hurt FILE: another byte in the first header of a LUKS2 volume
place FILE HEAD SIZE IMAGE:FIRST+COUNT,……: a physical volume that lvm2 made (its first MiB), with images in its extents of 256 KiB
lvm FILE CASE: a physical volume whose text says CASE"""
import gzip
import struct
import sys
import uuid

FILETIME = (1714979290 + 11644473600) * 10**7  # 2024-05-06 07:08:10
VOLUME = uuid.UUID("11223344-5566-7788-99aa-bbccddeeff00")
KEYS = [uuid.UUID(int=0x0123456789ABCDEF0123456789ABCDEF + i) for i in range(4)]


def entry(kind, value, data):
    return struct.pack("<HHHH", 8 + len(data), kind, value, 1) + data


def key(guid, protection, properties=b""):
    return entry(2, 8, guid.bytes_le + struct.pack("<QHH", FILETIME, 0, protection) + properties)


def bitlocker(path, flavour, *flags):
    size, places = 16 << 20, [0x100000, 0x200000, 0x300000]
    image = bytearray(size)
    if flavour == "vista":
        image[0:11] = b"\xeb\x52\x90-FVE-FS-"
        struct.pack_into("<HB", image, 11, 512, 8)
        struct.pack_into("<Q", image, 56, places[0] // 4096)
    elif flavour == "7":
        image[0:11] = b"\xeb\x58\x90-FVE-FS-"
        struct.pack_into("<HB", image, 11, 512, 8)
        image[160:176] = uuid.UUID("4967d63b-2e29-4ad8-8399-f6a339e3d001").bytes_le
        struct.pack_into("<QQQ", image, 176, *places)
    else:
        image[0:11] = b"\xeb\x58\x90MSWIN4.1"
        struct.pack_into("<HB", image, 11, 512, 8)
        image[424:440] = uuid.UUID("4967d63b-2e29-4ad8-8399-f6a339e3d001").bytes_le
        struct.pack_into("<QQQ", image, 440, *places)
    image[510:512] = b"\x55\xaa"
    sealed = entry(0, 5, struct.pack("<QI", FILETIME, 1) + bytes(60))
    stretch = entry(0, 3, struct.pack("<I", 0x1000) + bytes(range(16)) + sealed)
    entries = [entry(7, 2, "DESKTOP-7 C: 5/6/2024\0".encode("utf-16-le"))]
    entries.append(key(KEYS[0], 0x0100, entry(0, 6, bytes(40)) + sealed))
    entries.append(key(KEYS[1], 0x0800, entry(0, 2, "DiskPassword\0".encode("utf-16-le")) + stretch + sealed))
    entries.append(key(KEYS[2], 0x2000, stretch + sealed))
    if "clear" in flags:
        entries.append(key(KEYS[3], 0, entry(0, 1, struct.pack("<I", 0x2000) + bytes(32)) + sealed))
    entries.append(entry(3, 5, struct.pack("<QI", FILETIME, 2) + bytes(60)))
    entries.append(entry(15, 15, struct.pack("<QQ", 0x400000, 8192)))
    if "many" in flags:
        entries += [key(KEYS[0], 0x2000)] * 500
    data = b"".join(entries)
    if "bad" in flags:  # an entry longer than what is left
        data += struct.pack("<HHHH", 60000, 2, 8, 1)
    header = struct.pack("<IIII", 48 + len(data), 1, 48, 48 + len(data)) + VOLUME.bytes_le
    header += struct.pack("<IIQ", 7, 0x8004, FILETIME)
    version = 1 if flavour == "vista" else 2
    block = b"-FVE-FS-" + struct.pack("<HHHHQII", (64 + 48 + len(data)) // 16 + 1, version, 4, 4, size, 0, 16)
    block += struct.pack("<QQQQ", *places, 0x400000)
    for at in places:
        whole = block + header + data
        image[at : at + len(whole)] = whole
    if "cut" in flags:
        del image[0x80000:]
    open(path, "wb").write(image)


def corestorage(path):
    image = bytearray(1 << 20)
    struct.pack_into("<IIHHI", image, 0, 0, 0xFFFFFFFF, 1, 0x10, 5)
    struct.pack_into("<IIQQ", image, 48, 512, 0, 0, 1 << 20)
    image[88:90] = b"CS"
    struct.pack_into("<IHII", image, 90, 1, 4, 4096, 8192)
    struct.pack_into("<II", image, 168, 16, 2)
    image[304:320], image[320:336] = VOLUME.bytes, KEYS[0].bytes
    open(path, "wb").write(image)


def luks2_hurt(path):
    with open(path, "r+b") as f:
        f.seek(5000)
        f.write(b"!")


def place(path, head, size, *images):
    extent, start = 256 << 10, 1 << 20
    data = bytearray(gzip.open(head).read().ljust(int(size), b"\0"))
    for image in images:
        name, places = image.split(":")
        with open(name, "rb") as f:
            for piece in places.split(","):
                first, count = (int(n) for n in piece.split("+"))
                part = f.read(count * extent)
                if first >= 0:  # -1: on another disk
                    data[start + first * extent : start + first * extent + len(part)] = part
    open(path, "wb").write(data)


def crc(data):
    c = 0xF597A6CF
    for b in data:
        c ^= b
        for _ in range(8):
            c = c >> 1 ^ (0xEDB88320 if c & 1 else 0)
    return c


ID = "AAAAAAbbbbccccddddeeeeffffgggggg"


def dashes(text):
    return "-".join([text[:6]] + [text[i : i + 4] for i in range(6, 26, 4)] + [text[26:]])


def segment(number, first, count, *stripes, kind="striped", size=128):
    pairs = ", ".join('"%s", %d' % s for s in stripes)
    wide = "stripe_size = %d\n" % size if len(stripes) > 1 else ""
    return "segment%d {\nstart_extent = %d\nextent_count = %d\ntype = \"%s\"\nstripe_count = %d\n%sstripes = [%s]\n}\n" % (
        number, first, count, kind, len(stripes), wide, pairs)


def volume(name, *segments):
    return '%s {\nid = "%s"\nstatus = ["READ", "VISIBLE"]\nsegment_count = %d\n%s}\n' % (
        name, dashes("%-6s" % name[:6].ljust(6, "0") + ID[6:]), len(segments), "".join(segments))


def group(volumes, extent=128, start=2048, count=240):
    return ('vg {\nid = "%s"\nseqno = 3\nformat = "lvm2"\nextent_size = %d\nphysical_volumes {\npv0 {\nid = "%s"\ndevice = "/dev/sdz"\n'
            'pe_start = %d\npe_count = %d\n}\npv1 {\nid = "other"\npe_start = 2048\npe_count = 240\n}\n}\nlogical_volumes {\n%s}\n}\n'
            '# a comment\ndescription = "said \\"so\\""\ncreation_host = "test"\ncreation_time = 1714979290\n'
            % (dashes("vg0000" + ID[6:]), extent, dashes(ID), start, count, "".join(volumes)))


def lvm(path, case):
    size, area, area_bytes = 16 << 20, 4096, 1 << 20
    area_bytes -= area
    sane = volume("sane", segment(1, 0, 8, ("pv0", 0)))
    at, hurt, claimed = 512, None, None
    if case == "sane":
        text = group([sane])
    elif case == "striped-here":  # as with --alloc anywhere
        text = group([volume("both", segment(1, 0, 16, ("pv0", 0), ("pv0", 20)))])
    elif case == "overlap":
        text = group([sane, volume("also", segment(1, 0, 8, ("pv0", 4)))])
    elif case == "overlaps":
        text = group([sane, volume("also", *[segment(i + 1, i, 1, ("pv0", 7 - i)) for i in range(8)])])
    elif case == "beyond":
        text = group([sane, volume("far", segment(1, 0, 8, ("pv0", 236))), volume("farther", segment(1, 0, 8, ("pv0", 4294967295)))])
    elif case == "huge":
        text = group([volume("huge", segment(1, 0, 4294967295, ("pv0", 0)))], extent=4294967295)
    elif case == "numbers":
        text = group([volume("much", segment(1, 0, 1 << 63, ("pv0", 1 << 63))), volume("more", segment(1, 0, 8, ("pv0", 1 << 63)))])
    elif case == "overflow":
        text = group([sane]).replace("seqno = 3", "seqno = 99999999999999999999")
    elif case == "gap":
        text = group([volume("gap", segment(1, 0, 8, ("pv0", 0)), segment(2, 9, 8, ("pv0", 9)))])
    elif case == "raid":
        text = group([volume("root", segment(1, 0, 8, ("root_rimage_0", 0), kind="raid1")), volume("root_rimage_0", segment(1, 0, 8, ("pv0", 0))),
                      volume("stacked", segment(1, 0, 8, ("root_rimage_0", 0)))])
    elif case == "pieces":
        text = group([volume("wide", segment(1, 0, 4000000000, ("pv0", 0), ("pv1", 0), size=1))])
    elif case == "deep":
        text = group([sane]) + "a {" * 1000 + "}" * 1000
    elif case == "values":
        text, area_bytes = group([sane], start=16384, count=100) + "x = 1\n" * 600000, (8 << 20) - area
    elif case == "nodes":  # more values than are taken
        text, area_bytes = group([sane], start=16384, count=100) + "x=[" + "1," * 1100000 + "]", (8 << 20) - area
    elif case == "open":
        text = group([sane])[:-200]
    elif case == "wrong":
        text = group([sane]).replace("pe_start = 2048", "pe_start = = 2048")
    elif case == "sum":
        text, hurt = group([sane]), area + 700
    elif case == "label-sum":
        text, hurt = group([sane]), 512 + 60
    elif case == "size":
        text, claimed = group([sane]), 1 << 62
    elif case == "wrapped":  # around the end of its area
        text, at = group([sane]), area_bytes - 300
    elif case == "none":
        text, claimed = "", 0
    elif case == "stranger":
        text = group([sane]).replace(dashes(ID), dashes("B" + ID[1:]))
    elif case == "itself":  # its extents begin where the physical volume does
        text = group([volume("itself", segment(1, 0, 256, ("pv0", 0))), volume("part", segment(1, 0, 255, ("pv0", 0))),
                      volume("less", segment(1, 0, 254, ("pv0", 0)))], start=0, count=256)
    elif case == "many":
        text = group([volume("v%d" % i, segment(1, 0, 1, ("pv0", 0))) for i in range(5000)])
    text = text.encode()
    image = bytearray(size)
    sector = bytearray(512)
    sector[0:8], sector[24:32] = b"LABELONE", b"LVM2 001"
    struct.pack_into("<Q", sector, 8, 1)
    struct.pack_into("<I", sector, 20, 32)
    sector[32:64] = ID.encode()
    struct.pack_into("<QQQQQQQQQ", sector, 64, size, 1 << 20, 0, 0, 0, area, area_bytes, 0, 0)
    struct.pack_into("<I", sector, 16, crc(sector[20:]))
    head = bytearray(512)
    head[4:20] = b" LVM2 x[5A%r0N*>"
    locations = (at, len(text) + 1 if claimed is None else claimed, zcrc(text + b"\0"), 0)
    struct.pack_into("<IQQ", head, 20, 1, area, area_bytes)
    struct.pack_into("<QQII", head, 40, *locations)
    struct.pack_into("<I", head, 0, crc(head[4:]))
    image[512:1024] = sector
    image[area : area + 512] = head
    ring = bytearray(max(area_bytes, at + len(text) + 1))
    ring[at : at + len(text)] = text
    over = ring[area_bytes:] if case == "wrapped" else b""
    image[area + 512 : area + area_bytes] = ring[512:area_bytes]
    image[area + 512 : area + 512 + len(over)] = over
    if hurt is not None:
        image[hurt] ^= 1
    open(path, "wb").write(image)


def zcrc(data):
    """The same, for much: zlib begins with another value and turns the result."""
    import zlib

    return zlib.crc32(data, 0xF597A6CF ^ 0xFFFFFFFF) ^ 0xFFFFFFFF


if __name__ == "__main__":
    kind, path, *rest = sys.argv[1:]
    globals()[kind.replace("-", "_")](path, *rest)
