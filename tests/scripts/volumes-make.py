#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Volumes that no program here makes without a disk: volumes-make.py KIND FILE [ARGUMENTS…]
"""bitlocker FILE vista|7|togo [clear] [cut|bad|many]: boot sector and metadata of a BitLocker volume
corestorage FILE: the first block of a CoreStorage volume
luks2-hurt FILE: another byte in the first header of a LUKS2 volume"""
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


if __name__ == "__main__":
    kind, path, *rest = sys.argv[1:]
    globals()[kind.replace("-", "_")](path, *rest)
