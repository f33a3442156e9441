#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Changes a disk image so that it is wrong in one way, with right checksums: disks-hurt.py WAY FILE [NUMBER]"""
import struct
import sys

way, path = sys.argv[1:3]
number = int(sys.argv[3], 0) if len(sys.argv) > 3 else 0
data = bytearray(open(path, "rb").read())


def be32(at, value=None):
    if value is not None:
        struct.pack_into(">I", data, at, value)
    return struct.unpack_from(">I", data, at)[0]


def be64(at, value=None):
    if value is not None:
        struct.pack_into(">Q", data, at, value)
    return struct.unpack_from(">Q", data, at)[0]


def le32(at, value=None):
    if value is not None:
        struct.pack_into("<I", data, at, value)
    return struct.unpack_from("<I", data, at)[0]


def le64(at, value=None):
    if value is not None:
        struct.pack_into("<Q", data, at, value)
    return struct.unpack_from("<Q", data, at)[0]


# ---- qcow2 ----

def l2(index):
    """Where the entry of cluster `index` stands, in the first table of level 2."""
    return (be64(be64(40)) & 0x00FFFFFFFFFFFE00) + 8 * index


def qcow2_bomb():
    """A compressed cluster that expands without end."""
    import zlib
    c = zlib.compressobj(9, zlib.DEFLATED, -12)
    packed = c.compress(bytes(1 << 24)) + c.flush()
    packed += bytes(-len(packed) % 512)
    bits = 62 - (be32(20) - 8)
    be64(l2(number), 1 << 62 | (len(packed) // 512 - 1) << bits | len(data))
    data.extend(packed)


# ---- VHD ----

def vhd_sum(at, size, sum_at):
    be32(at + sum_at, 0)
    be32(at + sum_at, ~sum(data[at:at + size]) & 0xFFFFFFFF)


def vhd_footers(at, value, size=4):
    """Both footers, or the only one."""
    ends = [len(data) - 512] + ([0] if data[:8] == b"conectix" else [])
    for end in ends:
        data[end + at:end + at + size] = value.to_bytes(size, "big")
        vhd_sum(end, 512, 64)


def vhd_table(index):
    return be64(be64(len(data) - 512 + 16) + 16) + 4 * index


def vhd_layer():
    dynamic = be64(16)
    data[dynamic + 64:dynamic + 64 + 20] = "parent.vhd".encode("utf-16-be")
    vhd_sum(dynamic, 1024, 36)
    vhd_footers(60, 4)


def vhd_differ():
    be64(48, be64(48) - 512)
    vhd_sum(0, 512, 64)


def vhd_bit():
    """A sector with bytes is marked as never written."""
    block = be32(vhd_table(0)) * 512
    data[block] &= 0x7F


# ---- VHDX ----

def crc32c(block):
    crc = 0xFFFFFFFF
    for byte in block:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def vhdx_resum(at, size):
    le32(at + 4, 0)
    le32(at + 4, crc32c(data[at:at + size]))


def vhdx_log():
    for at in (65536, 131072):
        data[at + 48:at + 64] = bytes(range(1, 17))
        vhdx_resum(at, 4096)


def vhdx_entry():
    vhdx_log()
    at = le64(65536 + 72) + 8192
    data[at:at + 64] = b"loge" + bytes(28) + bytes(range(1, 17)) + bytes(16)


def vhdx_region(first):
    """Where the table of blocks begins, or the metadata."""
    guid = bytes.fromhex("6677c22d23f60042" if first else "06a27c8b90479a4b")
    return le64(data.index(guid, 196608) + 16)


def vhdx_parent():
    at = data.index(bytes.fromhex("3767a1ca36fa434d"), vhdx_region(False))
    item = vhdx_region(False) + le32(at + 16)
    le32(item + 4, le32(item + 4) | 2)


def vhdx_state():
    at = vhdx_region(True) + 8 * number
    le64(at, le64(at) & ~7 | int(sys.argv[4]))


# ---- VMDK ----

def vmdk_table(spare):
    """Where the first table of grains begins."""
    directory = le64(48 if spare else 56) * 512
    return le32(directory) * 512


def vmdk_footer():
    """As VMware writes streams: the header in front does not know yet where the directory will be."""
    footer = bytes(data[:512])
    data.extend(bytes(-len(data) % 512) + struct.pack("<QII", 1, 0, 3).ljust(512, b"\0") + footer + bytes(512))
    le64(56, (1 << 64) - 1)


WAYS = {
    "qcow2-l1-outside": lambda: be64(be64(40), 1 << 40),
    "qcow2-l1-odd": lambda: be64(be64(40), be64(be64(40)) + 512),
    "qcow2-l1-table": lambda: be64(40, 1 << 41),
    "qcow2-l1-short": lambda: be32(36, 0),
    "qcow2-l2-outside": lambda: be64(l2(number), 1 << 40),
    "qcow2-l2-reserved": lambda: be64(l2(number), be64(l2(number)) | 4),
    "qcow2-l2-twice": lambda: be64(l2(number), be64(l2(number + 1))),
    "qcow2-l2-loop": lambda: [be64(be64(40) + 8 * i, be64(be64(40))) for i in range(be32(36))],
    "qcow2-bomb": qcow2_bomb,
    "qcow2-crypt": lambda: be32(32, 2),
    "qcow2-feature": lambda: be64(72, 1 << 40),
    "qcow2-corrupt": lambda: be64(72, 2),
    "qcow2-clusters": lambda: be32(20, 63),
    "qcow2-size": lambda: be64(24, 0xFFFFFFFFFFFFFE00),
    "qcow2-shrunk": lambda: be64(24, number),
    "qcow2-version": lambda: be32(4, 1),
    "vhd-layer": vhd_layer,
    "vhd-differ": vhd_differ,
    "vhd-bit": vhd_bit,
    "vhd-type": lambda: vhd_footers(60, 9),
    "vhd-size": lambda: vhd_footers(48, 1 << 50, 8),
    "vhd-table": lambda: be32(vhd_table(number), 0x7FFFFFFF),
    "vhd-twice": lambda: be32(vhd_table(number), be32(vhd_table(number + 1)) + 1),
    "vhdx-log": vhdx_log,
    "vhdx-entry": vhdx_entry,
    "vhdx-parent": vhdx_parent,
    "vhdx-state": vhdx_state,
    "vhdx-outside": lambda: le64(vhdx_region(True) + 8 * number, 1 << 50 | 6),
    "vhdx-reserved": lambda: le64(vhdx_region(True) + 8 * number, le64(vhdx_region(True) + 8 * number) | 8),
    "vhdx-sum": lambda: data.__setitem__(number + 100, data[number + 100] ^ 1),
    "vmdk-table": lambda: le32(le64(56) * 512, 0x7FFFFFFF),
    "vmdk-tables": lambda: [le32(le64(at) * 512, 0x7FFFFFFF) for at in (48, 56)],
    "vmdk-grain": lambda: [le32(vmdk_table(s) + 4 * number, 0x7FFFFFFF) for s in (False, True)],
    "vmdk-copy": lambda: le32(vmdk_table(True) + 4 * number, 7),
    "vmdk-text": lambda: data.__setitem__(75, 10),
    "vmdk-unclean": lambda: data.__setitem__(72, 1),
    "vmdk-footer": vmdk_footer,
    "vmdk-capacity": lambda: le64(12, 1 << 60),
    "flip": lambda: data.__setitem__(number, data[number] ^ 4),
}
WAYS[way]()
open(path, "wb").write(data)
