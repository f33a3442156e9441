# SPDX-License-Identifier: Apache-2.0
"""What a disk may hold after a crash: the log of record.c, applied to a model of a file system.

The model knows what each file and directory holds now ("live") and what was made durable by fsync
("stable"). It is stricter than any file system in use: nothing survives but what was fsynced, fsync
of a file does not make its name durable, and each directory stands for itself. A rename is atomic,
and a sector of 512 bytes is written whole or not at all; nothing else is.
"""
import hashlib
import os
import random
import struct
from collections import namedtuple

(CREATE, MKDIR, WRITE, TRUNCATE, ALLOCATE, RENAME, LINK, UNLINK, RMDIR, SYNC, SYNC_ALL,
 UNKNOWN) = range(1, 13)
NAMES = ("", "create", "mkdir", "write", "truncate", "allocate", "rename", "link", "unlink",
         "rmdir", "fsync", "syncfs", "unknown")
EXCHANGE = 2  # RENAME_EXCHANGE
SECTOR, PAGE = 512, 4096
HEAD = struct.Struct("<IIQQIIQ")

Op = namedtuple("Op", "op path path2 inode a data")


class Unfaithful(Exception):
    """The recorder or the model does not do what the disk did."""


def read_log(path):
    ops = []
    with open(path, "rb") as f:
        while head := f.read(HEAD.size):
            op, size, inode, a, size2, _, data_size = HEAD.unpack(head)
            name, name2 = f.read(size).decode(), f.read(size2).decode()
            ops.append(Op(op, name, name2, inode, a, f.read(data_size)))
            if op == UNKNOWN:
                raise Unfaithful(f"the model does not know: {name}")
    return ops


def describe(op):
    text = NAMES[op.op]
    if op.op == WRITE:
        return f"{text} {len(op.data)} bytes at {op.a} of inode {op.inode}"
    if op.op in (TRUNCATE, ALLOCATE):
        return f"{text} inode {op.inode} to {op.a}"
    if op.op == SYNC:
        return f"{text} inode {op.inode}"
    return f"{text} {op.path}" + (f" → {op.path2}" if op.path2 else "")


class File:
    def __init__(self, data=b""):
        self.live = self.stable = data
        self.pending = []  # writes (offset, bytes) and truncations (size, None) since the last fsync

    def write(self, offset, data):
        self.pending.append((offset, data))
        self.live = overlay(self.live, offset, data)

    def truncate(self, size):
        self.pending.append((size, None))
        self.live = resized(self.live, size)

    def sync(self):
        self.stable = self.live
        self.pending = []

    def zeroed(self):
        """The new length is known, the data are not."""
        return resized(self.stable, len(self.live))

    def some(self, rng):
        """Any of the pages written since may have reached the disk, and any of the lengths."""
        data = self.stable
        for at, piece in self.pending:
            if piece is None:
                data = resized(data, at) if rng.random() < 0.5 else data
                continue
            start = at
            while start < at + len(piece):
                end = min(at + len(piece), (start // PAGE + 1) * PAGE)
                if rng.random() < 0.5:
                    data = overlay(data, start, piece[start - at:end - at])
                start = end
        return data


class Directory:
    def __init__(self, entries=None):
        self.live = dict(entries or {})
        self.stable = dict(self.live)
        self.pending = []  # each one atomic: {name: node, or None for gone}

    def change(self, what):
        self.pending.append(what)
        apply_entries(self.live, what)

    def sync(self):
        self.stable = dict(self.live)
        self.pending = []

    def some(self, rng):
        entries = dict(self.stable)
        for what in self.pending:
            if rng.random() < 0.5:
                apply_entries(entries, what)
        return entries


def overlay(data, offset, piece):
    if offset > len(data):
        data = data + bytes(offset - len(data))
    return data[:offset] + piece + data[offset + len(piece):]


def resized(data, size):
    return data[:size] + bytes(max(0, size - len(data)))


def apply_entries(entries, what):
    for name, node in what.items():
        if node is None:
            entries.pop(name, None)
        else:
            entries[name] = node


def read_tree(top):
    """{path: bytes, or None for a directory}; SQLite's -shm files are no part of it."""
    tree = {}
    for base, dirs, files in os.walk(top):
        at = os.path.relpath(base, top)
        for name in dirs:
            tree[os.path.normpath(os.path.join(at, name))] = None
        for name in files:
            if not name.endswith("-shm"):
                with open(os.path.join(base, name), "rb") as f:
                    tree[os.path.normpath(os.path.join(at, name))] = f.read()
    return tree


def write_tree(tree, top):
    os.makedirs(top, 0o700)
    for path in sorted(tree):
        if tree[path] is None:
            os.mkdir(os.path.join(top, path), 0o700)
    for path, data in tree.items():
        if data is not None:
            fd = os.open(os.path.join(top, path), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(fd, "wb") as f:
                f.write(data)


def digest(tree):
    h = hashlib.sha256()
    for path in sorted(tree):
        data = tree[path]
        h.update(path.encode() + b"\0")
        h.update(b"d" if data is None else hashlib.sha256(data).digest())
    return h.digest()


class Disk:
    """relaxed: fsync of a new file also makes its name durable, as ext4, XFS and btrfs do."""

    def __init__(self, tree, inodes, relaxed=False):
        self.relaxed = relaxed
        self.nodes = {}
        self.created = {}  # inode → the directory and name that it was created under
        self.root = self.nodes[inodes["."]] = Directory()
        for path in sorted(tree):
            parent, name = self._parent(path)
            node = Directory() if tree[path] is None else File(tree[path])
            parent.live[name] = self.nodes[inodes[path]] = node
        for node in self.nodes.values():
            node.sync()

    def adopt(self, inodes):
        """What is live was copied elsewhere, where these are its inodes."""
        old = {id(node): inode for inode, node in self.nodes.items()}
        self.nodes, created = {}, self.created
        self.created = {}
        for path, inode in inodes.items():
            node = self._at(path)
            self.nodes[inode] = node
            if old[id(node)] in created:
                self.created[inode] = created[old[id(node)]]

    def _at(self, path):
        node = self.root
        for part in path.split("/") if path != "." else []:
            node = node.live[part]
        return node

    def _parent(self, path):
        node = self.root
        parts = path.split("/")
        for part in parts[:-1]:
            node = node.live[part]
        return node, parts[-1]

    def _add(self, op, node):
        self.nodes[op.inode] = node
        if op.path:
            parent, name = self._parent(op.path)
            parent.change({name: node})
            self.created[op.inode] = (parent, name)

    def _sync(self, inode):
        node = self.nodes[inode]
        node.sync()
        if self.relaxed and inode in self.created:
            parent, name = self.created[inode]
            if parent.live.get(name) is node:
                parent.stable[name] = node

    def _rename(self, op):
        parent, name = self._parent(op.path)
        parent2, name2 = self._parent(op.path2)
        node = parent.live[name]
        other = parent2.live.get(name2) if op.a & EXCHANGE else None
        if parent is parent2:
            parent.change({name: other, name2: node})
        else:
            parent2.change({name2: node})
            parent.change({name: other})

    def apply(self, op):
        if op.op == CREATE:
            self._add(op, File())
        elif op.op == MKDIR:
            self._add(op, Directory())
        elif op.op == WRITE:
            self.nodes[op.inode].write(op.a, op.data)
        elif op.op == TRUNCATE:
            self.nodes[op.inode].truncate(op.a)
        elif op.op == ALLOCATE:
            node = self.nodes[op.inode]
            node.truncate(max(op.a, len(node.live)))
        elif op.op == RENAME:
            self._rename(op)
        elif op.op == LINK:
            parent, name = self._parent(op.path2)
            parent.change({name: self.nodes[op.inode]})
        elif op.op in (UNLINK, RMDIR):
            parent, name = self._parent(op.path)
            parent.change({name: None})
        elif op.op == SYNC:
            self._sync(op.inode)
        elif op.op == SYNC_ALL:
            for node in self.nodes.values():
                node.sync()

    def tree(self, entries=lambda d: d.live, data=lambda f: f.live):
        """The tree as `entries` and `data` see directories and files."""
        found = {}

        def walk(node, prefix, above):
            for name, child in entries(node).items():
                if isinstance(child, File):
                    found[prefix + name] = data(child)
                elif child not in above:
                    found[prefix + name] = None
                    walk(child, prefix + name + "/", above + [child])

        walk(self.root, "", [self.root])
        return found


LIVE, STABLE = (lambda n: n.live), (lambda n: n.stable)
VIEWS = (
    ("all", LIVE, LIVE),
    ("data lost", LIVE, STABLE),
    ("data zero", LIVE, File.zeroed),
    ("names lost", STABLE, LIVE),
    ("names and data lost", STABLE, STABLE),
    ("names lost, data zero", STABLE, File.zeroed),
)


def torn(op):
    """The ways in which a write may stop at a sector's border: (what, offset, bytes, length)."""
    middle = (op.a + len(op.data) // 2) // SECTOR * SECTOR - op.a
    if middle <= 0:
        middle = SECTOR - op.a % SECTOR
    if op.op != WRITE or middle >= len(op.data):
        return
    yield "first half", op.a, op.data[:middle], 0
    yield "first half, then zeros", op.a, op.data[:middle], op.a + len(op.data)
    yield "second half", op.a + middle, op.data[middle:], 0


def views_after(disk, seed, some):
    for what, entries, data in VIEWS:
        yield what, disk.tree(entries, data)
    for i in range(some):
        rng = random.Random(f"{seed}/{i}")
        kept = {}

        def choose(node):
            if node not in kept:
                kept[node] = node.some(rng)
            return kept[node]

        yield f"some of it, {i}", disk.tree(choose, choose)
        rng, kept = random.Random(f"{seed}/data {i}"), {}
        yield f"all names, some of the data, {i}", disk.tree(LIVE, choose)


def views_of_torn(disk, op):
    node = disk.nodes[op.inode] if op.op == WRITE else None
    for what, offset, piece, length in (torn(op) if node is not None else ()):
        live = node.live
        node.live = overlay(live, offset, piece)
        node.live = resized(node.live, max(len(node.live), length))
        yield f"torn write: {what}", disk.tree()
        node.live = live


def end_states(disk, seed, some=2):
    """Each different state that a loss of power may leave now."""
    seen = set()
    for what, tree in views_after(disk, seed, some):
        d = digest(tree)
        if d not in seen:
            seen.add(d)
            yield what, tree


def states(disk, ops, some=2, forget=lambda k: False):
    """Each different state once: (k, what, tree) with the first k operations behind the crash.

    forget(k): leave operation k out, to see whether anybody notices a missing fsync."""
    seen = set()

    def new(tree):
        d = digest(tree)
        return not (d in seen or seen.add(d))

    for k in range(len(ops) + 1):
        last = k == len(ops)
        if last:
            seen.clear()  # more is promised now than before: what was tried is tried again
        for what, tree in views_after(disk, k, some):
            if new(tree):
                yield k, what, tree
        if last:
            return
        for what, tree in views_of_torn(disk, ops[k]):
            if new(tree):
                yield k, what, tree
        if not forget(k):
            disk.apply(ops[k])


def check_faithful(disk, ops, top):
    """Does the whole log, replayed, give what is on the disk?"""
    for op in ops:
        disk.apply(op)
    model, real = disk.tree(), read_tree(top)
    if model != real:
        wrong = [p for p in sorted(model.keys() | real.keys())
                 if model.get(p, "") != real.get(p, "")]
        raise Unfaithful("replayed, the log does not give what is on the disk: " +
                         ", ".join(wrong[:5]))
