#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# XFS without mounting one: xfs-make.py WORD ARGUMENTS…
"""tree FOLDER: files and folders of many sizes
proto FOLDER FILE: what mkfs.xfs -p makes a file system of FOLDER from (names without blanks)
pieces IMAGE INODE [AWAY]: the file's blocks one by one, in turned order, listed in a tree of two levels
target IMAGE INODE: the head that the block of a long link should have in version 5
hurt IMAGE CASE INODE: an inode, or a block of a folder, as it should not be
seed IMAGE FILE: its first 4 MiB as fuzz_xfs.c takes them"""
import os
import random
import stat
import struct
import sys


def tree(folder):
    r = random.Random(11)
    os.makedirs(folder + "/one/two/three")
    os.makedirs(folder + "/empty")
    for name in "short", "block", "many", "very-many":
        os.makedirs(folder + "/" + name)

    def write(name, data):
        with open(os.path.join(folder.encode(), name), "wb") as f:
            f.write(data)

    write(b"nothing", b"")
    write(b"small.txt", b"a few words\n")
    write(b"odd.bin", r.randbytes(123457))
    write(b"large.bin", r.randbytes(3 << 20))
    write(b"one/two/three/end", r.randbytes(4096))
    write(b"not-utf-8-\xe9\xff", b"of another character set\n")
    write("\u0e44\u0e1f\u0e25\u0e4c.txt".encode(), b"a Thai name\n")
    write(b"n" * 255, b"the longest name\n")
    for name, count in ("short", 4), ("block", 60), ("many", 400), ("very-many", 3000):
        for i in range(count):
            write(b"%s/entry-number-%05d" % (name.encode(), i), b"%d\n" % i)
    os.symlink("small.txt", folder + "/link")
    os.symlink("x" * 900, folder + "/long-link")
    os.mkfifo(folder + "/pipe")


def proto(folder, path):
    out = open(path, "wb")

    def entry(name, full):
        s = os.lstat(full)
        kind = {stat.S_IFDIR: "d", stat.S_IFREG: "-", stat.S_IFLNK: "l", stat.S_IFIFO: "p"}[stat.S_IFMT(s.st_mode)]
        out.write(name + b" %s--%03o 1000 100 " % (kind.encode(), s.st_mode & 0o777))
        if kind == "l":
            out.write(os.readlink(full))
        if kind == "-":
            out.write(full)
        out.write(b"\n")
        if kind == "d":
            inside(full)

    def inside(full):
        for name in sorted(os.listdir(full)):
            entry(name, os.path.join(full, name))
        out.write(b"$\n")

    out.write(b"/stage1\n0 0\nd--755 0 0\n")
    inside(os.fsencode(os.path.abspath(folder)))
    out.close()


class Image:
    def __init__(self, path):
        self.file = open(path, "r+b")
        s = self.read(0, 264)
        self.block, self.blocks = struct.unpack_from(">IQ", s, 4)
        self.ag_blocks, self.ag_count = struct.unpack_from(">II", s, 84)
        self.five = struct.unpack_from(">H", s, 100)[0] & 15 == 5
        self.inode_bytes, = struct.unpack_from(">H", s, 104)
        self.inodes_log, self.ag_log = s[123], s[124]

    def read(self, at, size):
        self.file.seek(at)
        return bytearray(self.file.read(size))

    def write(self, at, data):
        self.file.seek(at)
        self.file.write(data)

    def place(self, block):
        return ((block >> self.ag_log) * self.ag_blocks + (block & (1 << self.ag_log) - 1)) * self.block

    def inode_place(self, number):
        return self.place(number >> self.inodes_log) + (number & (1 << self.inodes_log) - 1) * self.inode_bytes

    def put_inode(self, number, data, sum=True):
        if self.five and sum:
            seal(data, 100)
        self.write(self.inode_place(number), data)


def crc32c(data):
    table = []
    for i in range(256):
        for _ in range(8):
            i = i >> 1 ^ (0x82F63B78 if i & 1 else 0)
        table.append(i)
    c = 0xFFFFFFFF
    for b in data:
        c = table[(c ^ b) & 255] ^ c >> 8
    return c ^ 0xFFFFFFFF


def seal(data, at):
    data[at : at + 4] = bytes(4)
    struct.pack_into("<I", data, at, crc32c(data))


def record(offset, block, count, unwritten=0):
    return struct.pack(">QQ", unwritten << 63 | offset << 9 | block >> 43, (block << 21 | count) & (1 << 64) - 1)


def records(data, at):
    high, low = struct.unpack_from(">QQ", data, at)
    return high << 1 >> 10 & (1 << 54) - 1, (high & 511) << 43 | low >> 21, low & 0x1FFFFF


def pieces(path, number, away=4096):
    m, number, away = Image(path), int(number), int(away)
    i = m.read(m.inode_place(number), m.inode_bytes)
    core = 176 if m.five else 100
    _, first, count = records(i, core)
    data = m.read(m.place(first), count * m.block)
    free = first + away  # nothing is there in a file system that was just made
    head = 72 if m.five else 24
    fits = (m.block - head) // 16
    turned = [free + count - 1 - n for n in range(count)]
    for n in range(count):
        m.write(m.place(turned[n]), data[n * m.block : (n + 1) * m.block])
    m.write(m.place(first), bytes(count * m.block))

    def node(block, level, body, entries):
        b = bytearray(m.block)
        struct.pack_into(">4sHHQQ", b, 0, b"BMA3" if m.five else b"BMAP", level, entries, (1 << 64) - 1, (1 << 64) - 1)
        if m.five:
            struct.pack_into(">Q", b, 24, m.place(block) // 512)
            b[40:56] = m.read(32, 16)
            struct.pack_into(">Q", b, 56, number)
        b[head : head + len(body)] = body
        if m.five:
            seal(b, 64)
        m.write(m.place(block), b)

    leaves = []
    for from_ in range(0, count, 200):
        part = range(from_, min(from_ + 200, count))
        leaves.append((from_, free + away + 1 + len(leaves)))
        node(leaves[-1][1], 0, b"".join(record(n, turned[n], 1) for n in part), len(part))
    root = free + away
    body = b"".join(struct.pack(">Q", k) for k, _ in leaves).ljust(fits * 8, b"\0")
    node(root, 1, body + b"".join(struct.pack(">Q", b) for _, b in leaves), len(leaves))
    fork = m.inode_bytes - core
    room = (fork - 4) // 16
    i[core:] = bytes(fork)
    struct.pack_into(">HHQ", i, core, 2, 1, 0)
    struct.pack_into(">Q", i, core + 4 + room * 8, root)
    i[5] = 3
    struct.pack_into(">I", i, 76, count)
    m.put_inode(number, i)


def target(path, number):
    m, number = Image(path), int(number)
    i = m.read(m.inode_place(number), m.inode_bytes)
    size, = struct.unpack_from(">Q", i, 56)
    block = records(i, 176)[1]
    b = bytearray(56) + m.read(m.place(block), m.block - 56)
    struct.pack_into(">4sII", b, 0, b"XSLM", 0, size)
    b[16:32] = m.read(32, 16)
    struct.pack_into(">QQ", b, 32, number, m.place(block) // 512)
    seal(b, 12)
    m.write(m.place(block), b)


def hurt(path, case, number):
    m, number = Image(path), int(number)
    i = m.read(m.inode_place(number), m.inode_bytes)
    core = 176 if m.five else 100
    first = m.place(records(i, core)[1])
    if case == "sum":
        i[20] ^= 1
        m.put_inode(number, i, sum=False)
    elif case == "size":
        struct.pack_into(">Q", i, 56, (1 << 63) + 5)
        m.put_inode(number, i)
    elif case == "sparse":  # as large as a number is, and nothing there
        struct.pack_into(">Q", i, 56, 1 << 62)
        m.put_inode(number, i)
    elif case == "outside":
        i[core : core + 16] = record(0, (1 << 52) - 5, 100)
        m.put_inode(number, i)
    elif case == "across":  # from one group into the next
        i[core : core + 16] = record(0, m.ag_blocks - 2, 100)
        m.put_inode(number, i)
    elif case == "unwritten":
        o, b, c = records(i, core)
        i[core : core + 16] = record(o, b, c, 1)
        m.put_inode(number, i)
    elif case == "order":
        o, b, c = records(i, core)
        i[core : core + 32] = record(1, b + 1, 1) + record(0, b, 1)
        struct.pack_into(">I", i, 76, 2)
        m.put_inode(number, i)
    elif case == "loop":  # a tree whose root is below itself
        room = (m.inode_bytes - core - 4) // 16
        i[5] = 3
        struct.pack_into(">HH", i, core, 15, 1)
        struct.pack_into(">Q", i, core + 4 + room * 8, records(i, core)[1])
        m.put_inode(number, i)
    elif case == "gone":
        m.write(m.inode_place(number), bytes(2))
    elif case == "block-sum":
        b = m.read(first, m.block)
        b[m.block // 2] ^= 1
        m.write(first, b)
    elif case == "block-length":  # an entry longer than the block
        b = m.read(first, m.block)
        head = 64 if m.five else 16
        b[head + 8 + (16 if m.five else 16)] = 255
        if m.five:
            seal(b, 4)
        m.write(first, b)
    elif case == "self":  # a folder in itself
        b = m.read(first, m.block)
        at = b.index(b"entry-number-00005") - 9
        struct.pack_into(">Q", b, at, number)
        if m.five:
            seal(b, 4)
        m.write(first, b)
    elif case == "feature":
        s = m.read(0, 512)
        s[219] |= 0x40
        seal(s, 224)
        m.write(0, s)


def wanted(unit):
    return unit.strip(b"\0") and unit[:4] != b"IN\0\0"  # an inode that is not in use


def seed(path, to):
    data = open(path, "rb").read(4 << 20)
    with open(to, "wb") as f:
        at = 0
        while at < len(data):
            if wanted(data[at : at + 512]):
                end = at
                while end - at < 64512 and wanted(data[end : end + 512]):
                    end += 512
                f.write(struct.pack("<IH", at // 512, end - at) + data[at:end])
                at = end
            else:
                at += 512


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
