#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stores of Outlook, made by hand from [MS-PST]: nothing in Debian writes one.

pst-make.py FOLDER: small ones with what tests/scripts/pst.sh looks for, and broken ones.

Unicode format (version 23). Numbers of sections are those of [MS-PST].
"""
import os
import struct
import sys
import zlib


# ---- §5.3 checksum: CRC-32 without the inversions at both ends ----
def crc(data):
    return zlib.crc32(data, 0xFFFFFFFF) ^ 0xFFFFFFFF


def sig(where, bid):  # §5.5
    value = (where ^ bid) & 0xFFFFFFFF
    return ((value >> 16) ^ (value & 0xFFFF)) & 0xFFFF


# ---- §2.3.1 heap on node ----
class Heap:
    """One block of a heap, at most 3580 bytes of items."""

    def __init__(self, client):
        self.client, self.items, self.root = client, [], 0

    def add(self, data):
        self.items.append(bytes(data))
        return len(self.items) << 5

    def block(self):
        body, places = b"", []
        at = 12
        for item in self.items:
            places.append(at)
            body += item
            at += len(item)
        places.append(at)
        pad = at % 2
        page_map = struct.pack("<HH", len(self.items), 0) + b"".join(struct.pack("<H", p) for p in places)
        head = struct.pack("<HBBII", at + pad, 0xEC, self.client, self.root, 0)
        out = head + body + b"\0" * pad + page_map
        assert len(out) <= 8176, len(out)
        return out


def bth(heap, key_bytes, data_bytes, records):  # §2.3.2, one level
    records = sorted(records)
    leaf = heap.add(b"".join(k.to_bytes(key_bytes, "little") + d for k, d in records)) if records else 0
    return heap.add(struct.pack("<BBBBI", 0xB5, key_bytes, data_bytes, 0, leaf))


INT, BOOL, OBJECT, TEXT, TIME, BINARY = 0x03, 0x0B, 0x0D, 0x1F, 0x40, 0x102
TEXT8, SHORT = 0x1E, 0x02
LOST = 0xFFFE1F  # a number of a subnode that there is none of


def encode(kind, value):
    if kind == TEXT:
        return value.encode("utf-16-le")
    if kind == TEXT8:
        return value if isinstance(value, bytes) else value.encode("latin-1")
    if kind == TIME:
        return struct.pack("<Q", (value + 11644473600) * 10000000)
    return value


class Node:
    """The data of a node, and its subnodes (nid: Node)."""

    def __init__(self, data, subnodes=None):
        self.data, self.subnodes = data, subnodes or {}


def property_context(properties):  # §2.3.3
    """properties: {(id, kind): value}; an OBJECT is (Node number, size)."""
    heap, records, subnodes = Heap(0xBC), [], {}
    for (ident, kind), value in properties.items():
        if value is None:
            continue
        if kind in (INT, BOOL, SHORT) or value is LOST:
            data = struct.pack("<I", int(value))
        elif kind == OBJECT:
            nid, node = value
            subnodes[nid] = node
            data = struct.pack("<I", heap.add(struct.pack("<II", nid, 1000)))
        else:
            raw = encode(kind, value)
            if len(raw) > 3000:
                nid = ((0x1000 + len(subnodes)) << 5) | 0x1F
                subnodes[nid] = Node(raw)
                data = struct.pack("<I", nid)
            else:
                data = struct.pack("<I", heap.add(raw) if raw else 0)
        records.append((ident, struct.pack("<H", kind) + data))
    heap.root = bth(heap, 2, 6, records)
    return Node(heap.block(), subnodes)


def table_context(columns, rows):  # §2.3.4; rows: (row id, {(id, kind): value})
    columns = [(0x67F2, INT), (0x67F3, INT)] + [c for c in columns if c[0] not in (0x67F2, 0x67F3)]
    wide = lambda kind: 8 if kind == TIME else 1 if kind == BOOL else 4
    order = [c for c in columns if wide(c[1]) == 8] + [c for c in columns if wide(c[1]) == 4]
    order = columns[:2] + [c for c in order if c not in columns[:2]] + [c for c in columns if wide(c[1]) == 1]
    at, places = 0, {}
    for c in order:
        places[c] = at
        at += wide(c[1])
    end4 = sum(wide(c[1]) for c in order if wide(c[1]) >= 4)
    end1 = at
    bitmap = (len(columns) + 7) // 8
    heap = Heap(0x7C)
    matrix = b""
    for row_id, values in rows:
        values = dict(values)
        values[(0x67F2, INT)] = row_id
        values[(0x67F3, INT)] = 1
        row, bits = bytearray(end1 + bitmap), 0
        for i, c in enumerate(columns):
            if c not in values:
                continue
            kind, value = c[1], values[c]
            if kind in (INT,):
                raw = struct.pack("<I", value)
            elif kind == BOOL:
                raw = bytes([int(value)])
            elif kind == TIME:
                raw = encode(kind, value)
            else:
                data = encode(kind, value)
                raw = struct.pack("<I", heap.add(data) if data else 0)
            row[places[c]:places[c] + len(raw)] = raw
            row[end1 + i // 8] |= 0x80 >> (i % 8)
        matrix += bytes(row)
    rows_at = heap.add(matrix) if matrix else 0
    index = bth(heap, 4, 4, [(r, struct.pack("<I", i)) for i, (r, _) in enumerate(rows)])
    described = b""
    for i, c in sorted(enumerate(columns), key=lambda p: p[1][0] << 16 | p[1][1]):
        described += struct.pack("<HHHBB", c[1], c[0], places[c], wide(c[1]), i)
    heap.root = heap.add(struct.pack("<BBHHHHIII", 0x7C, len(columns), end4, end4, end1, end1 + bitmap,
                                     index, rows_at, 0) + described)
    return Node(heap.block())


# ---- §2.2 nodes and blocks ----
class Store:
    def __init__(self, client=b"SM"):
        self.client = client
        self.nodes, self.blocks, self.data = [], [], bytearray(0x4800)
        self.next_bid = 4
        self.free = []  # of 64 bytes each, from 0x4400 on

    def bid(self, internal):
        bid = self.next_bid | (2 if internal else 0)
        self.next_bid += 4
        return bid

    def write_block(self, data, internal):
        bid = self.bid(internal)
        raw = data
        size = (len(raw) + 16 + 63) // 64 * 64
        at = len(self.data)
        trailer = struct.pack("<HHIQ", len(raw), sig(at, bid), crc(raw), bid)
        self.data += raw + b"\0" * (size - 16 - len(raw)) + trailer
        self.blocks.append((bid, at, len(raw)))
        return bid

    def write_data(self, data):  # one block, or an XBLOCK (§2.2.2.8.3.2.1)
        if len(data) <= 8176:
            return self.write_block(data, False)
        bids = [self.write_block(data[i:i + 8176], False) for i in range(0, len(data), 8176)]
        return self.write_block(struct.pack("<BBHI", 1, 1, len(bids), len(data)) +
                                b"".join(struct.pack("<Q", b) for b in bids), True)

    def write_node(self, node):
        data = self.write_data(node.data)
        if not node.subnodes:
            return data, 0
        entries = b""
        for nid in sorted(node.subnodes):
            inner = self.write_node(node.subnodes[nid])
            entries += struct.pack("<QQQ", nid, *inner)
        return data, self.write_block(struct.pack("<BBHI", 2, 0, len(node.subnodes), 0) + entries, True)

    def add(self, nid, parent, node):
        data, sub = self.write_node(node)
        self.nodes.append((nid, data, sub, parent))

    def page(self, kind, body, count, entry_bytes, level, most):
        self.data += b"\0" * (-len(self.data) % 512)
        at = len(self.data)
        bid = self.bid(True)
        body = body.ljust(488, b"\0") + struct.pack("<BBBBI", count, most, entry_bytes, level, 0)
        self.data += body + struct.pack("<BBHIQ", kind, kind, sig(at, bid), crc(body), bid)
        return bid, at

    def tree(self, kind, entries, entry_bytes):  # §2.2.2.7.7, of two levels
        most = 488 // entry_bytes
        leaves = []
        for i in range(0, len(entries), most):
            part = entries[i:i + most]
            leaves.append((part[0][0], self.page(kind, b"".join(e for _, e in part), len(part), entry_bytes, 0, most)))
        if len(leaves) == 1:
            return leaves[0][1]
        body = b"".join(struct.pack("<QQQ", key, *ref) for key, ref in leaves)
        return self.page(kind, body, len(leaves), 24, 1, 20)

    def bytes(self):
        nodes = [(n[0], struct.pack("<QQQII", *n, 0)) for n in sorted(self.nodes)]
        nbt = self.tree(0x81, nodes, 32)
        blocks = [(b, struct.pack("<QQHHI", b, at, size, 2, 0)) for b, at, size in sorted(self.blocks)]
        bbt = self.tree(0x80, blocks, 24)
        self.data += b"\0" * (-len(self.data) % 512)
        end = len(self.data)
        root = struct.pack("<IQQQQQQQQBBH", 0, end, 0x4400, 0, 0, *nbt, *bbt, 2, 0, 0)
        nids = b"".join(struct.pack("<I", 0x10000) for _ in range(32))
        body = (struct.pack("<2sHHBBIIQQI", self.client, 23, 19, 1, 1, 0, 0, 0, self.next_bid, 1) + nids +
                b"\0" * 8 + root + b"\0" * 4 + b"\xff" * 128 + b"\xff" * 128 +
                struct.pack("<BBHQ", 0x80, 0, 0, self.next_bid))
        assert len(body) == 516, len(body)
        head = b"!BDN" + struct.pack("<I", crc(body[:471])) + body
        head += struct.pack("<I", crc(body))
        self.data[:len(head)] = head
        # §2.2.2.7.2 and 3: maps of what is in use, by 64 and by 512 bytes
        used = bytearray(b"\xff" * 496)
        for bit in self.free:
            used[bit // 8] &= ~(0x80 >> bit % 8)
        for at, kind, bits in ((0x4400, 0x84, bytes(used)), (0x4600, 0x83, b"\xff" * 496)):
            self.data[at:at + 512] = bits + struct.pack("<BBHIQ", kind, kind, 0, crc(bits), at)
        return bytes(self.data)


# ---- what is in them ----
STORE, NAMES, ROOT = 0x21, 0x61, 0x122
HIERARCHY, CONTENTS, ASSOCIATED = 0x0D, 0x0E, 0x0F
WHEN = 1767323045  # 2026-01-02T03:04:05Z
COLUMNS = [(0x3001, TEXT), (0x3602, INT), (0x3603, INT), (0x360A, BOOL)]
MESSAGE_COLUMNS = [(0x001A, TEXT), (0x0037, TEXT), (0x0E07, INT), (0x0E06, TIME)]


def entry_id(nid):
    return b"\0" * 4 + bytes(range(16)) + struct.pack("<I", nid)


def name_map(names):  # §2.4.7; names: {property: (guid, number)}
    guids = sorted({g for g, _ in names.values()})
    entries, buckets = b"", {}
    for prop, (guid, number) in sorted(names.items()):
        which = (guids.index(guid) + 3) << 1
        record = struct.pack("<IHH", number, which, prop - 0x8000)
        entries += record
        bucket = (number ^ which) % 251
        buckets.setdefault(0x1000 + bucket, b"")
        buckets[0x1000 + bucket] += record
    properties = {(0x0001, INT): 251, (0x0002, BINARY): b"".join(guids), (0x0003, BINARY): entries,
                  (0x0004, BINARY): b""}
    for prop, value in buckets.items():
        properties[(prop, BINARY)] = value
    return property_context(properties)


def guid(first):
    return struct.pack("<IHH", first, 0, 0) + bytes.fromhex("c000000000000046")


def recipients(rows):
    columns = [(0x0C15, INT), (0x3001, TEXT), (0x3002, TEXT), (0x3003, TEXT)]
    return table_context(columns, [(i + 1, {(0x0C15, INT): kind, (0x3001, TEXT): name, (0x3002, TEXT): "SMTP",
                                            (0x3003, TEXT): address}) for i, (kind, name, address) in enumerate(rows)])


def attachments(nodes):  # {nid: Node}
    columns = [(0x0E20, INT), (0x3704, TEXT), (0x3705, INT)]
    return table_context(columns, [(nid, {(0x0E20, INT): 10, (0x3705, INT): 1}) for nid in sorted(nodes)])


def message(properties, people=(), attached=()):
    base = {(0x001A, TEXT): "IPM.Note", (0x0E07, INT): 1, (0x3007, TIME): WHEN + 2, (0x3008, TIME): WHEN + 3}
    base.update(properties)
    node = property_context(base)
    node.subnodes[0x692] = recipients(people)
    if attached:
        nodes = {(i + 0x400) << 5 | 5: n for i, n in enumerate(attached)}
        node.subnodes[0x671] = attachments(nodes)
        node.subnodes.update(nodes)
    return node


def file_attached(name, data, mime):
    return property_context({(0x3701, BINARY): data, (0x3704, TEXT): name, (0x3707, TEXT): name, (0x3705, INT): 1,
                             (0x370E, TEXT): mime, (0x0E20, INT): len(data)})


def message_attached(inner):
    nid = 0x8004 | 0x20 * 5
    return property_context({(0x3701, OBJECT): (nid, inner), (0x3001, TEXT): "an inner one", (0x3705, INT): 5,
                             (0x0E20, INT): 100})


def add_folder(store, nid, parent, name, folders, messages, associated=(), extra=None):
    unread = 0
    properties = {(0x3001, TEXT): name, (0x3602, INT): len(messages), (0x3603, INT): unread,
                  (0x360A, BOOL): bool(folders)}
    properties.update(extra or {})
    store.add(nid, parent, property_context(properties))
    base = nid & ~0x1F
    store.add(base | HIERARCHY, 0, table_context(COLUMNS, [
        (f, {(0x3001, TEXT): n, (0x3602, INT): 0, (0x3603, INT): 0, (0x360A, BOOL): False}) for f, n in folders]))
    rows = lambda list_of: [(m, {(0x001A, TEXT): "IPM.Note", (0x0E07, INT): 1}) for m, _ in list_of]
    store.add(base | CONTENTS, 0, table_context(MESSAGE_COLUMNS, rows(messages)))
    store.add(base | ASSOCIATED, 0, table_context(MESSAGE_COLUMNS, rows(associated)))
    for m, node in list(messages) + list(associated):
        store.add(m, nid, node)


PEOPLE = [(1, "A Person", "a@example.org"), (1, "", "b@example.org"), (2, "Copy", "c@example.org"),
          (3, "Blind", "d@example.org")]
SENDER = {(0x0042, TEXT): "The Sender", (0x0065, TEXT): "sender@example.org", (0x0C1A, TEXT): "The Sender",
          (0x0C1F, TEXT): "sender@example.org", (0x0064, TEXT): "SMTP", (0x0C1E, TEXT): "SMTP"}
BIG = bytes(i * 7 % 251 for i in range(20000))
HTML = "<html><head><style>p {}</style></head><body><p>caf\u00e9 in HTML</p><p>two</p></body></html>"


def messages():
    head = "From: other@example.org\r\nSubject: another subject\r\nDate: Fri, 2 Jan 2026 10:04:05 +0700\r\n\r\n"
    first = dict(SENDER)
    first.update({(0x0037, TEXT): "\x01\x05RE: Gr\u00fc\u00dfe \u0e20", (0x1000, TEXT): "the text\r\nof it \U0001F600\r\n",
                  (0x1035, TEXT): "<one@example.org>", (0x0070, TEXT): "Gr\u00fc\u00dfe", (0x007D, TEXT): head,
                  (0x0039, TIME): WHEN, (0x0E06, TIME): WHEN + 1})
    inner = message({(0x0037, TEXT): "the inner one", (0x1000, TEXT): "inside"}, PEOPLE[:1])
    html = {(0x0037, TEXT): "in HTML", (0x1013, BINARY): HTML.encode("cp1252"), (0x3FDE, INT): 1252}
    old = {(0x0037, TEXT8): b"\xcf\xf0\xe8\xe2\xe5\xf2", (0x1000, TEXT8): b"\xf2\xe5\xea\xf1\xf2", (0x3FFD, INT): 1251,
           (0x001A, TEXT): "IPM.Note"}
    return [
        (0x200004, message(first, PEOPLE, [file_attached("bytes.bin", BIG, "application/x"),
                                            file_attached("t.eml", b"From: x@example.org\nSubject: in it\n\nhello\n",
                                                          "application/octet-stream"), message_attached(inner)])),
        (0x200024, message(html)),
        (0x200044, message(old)),
    ]


def others():
    contact = {(0x001A, TEXT): "IPM.Contact", (0x0037, TEXT): "A Contact", (0x3A06, TEXT): "Given",
               (0x3A11, TEXT): "Surname", (0x3A1C, TEXT): "+66 81 234 5678", (0x3A16, TEXT): "A Company",
               (0x8001, TEXT): "contact@example.org"}
    meeting = {(0x001A, TEXT): "IPM.Appointment", (0x0037, TEXT): "A Meeting", (0x8002, TIME): WHEN + 3600,
               (0x8003, TIME): WHEN + 7200, (0x8004, TEXT): "A Place"}
    task = {(0x001A, TEXT): "IPM.Task", (0x0037, TEXT): "A Task", (0x8005, TIME): WHEN + 86400}
    note = {(0x001A, TEXT): "IPM.StickyNote", (0x0037, TEXT): "A Note", (0x1000, TEXT): "remember"}
    return [(0x200064, message(contact)), (0x200084, message(meeting)), (0x2000A4, message(task)),
            (0x2000C4, message(note))]


def store(client=b"SM", loose=False, more=()):
    s = Store(client)
    top, inbox, bin_, other = 0x8022, 0x8042, 0x8062, 0x8082
    s.add(STORE, 0, property_context({(0x3001, TEXT): "A Store", (0x0FF9, BINARY): bytes(range(16)),
                                      (0x35E0, BINARY): entry_id(top), (0x35E3, BINARY): entry_id(bin_),
                                      (0x67FF, INT): 0x12345678}))
    s.add(NAMES, 0, name_map({0x8001: (guid(0x62004), 0x8083), 0x8002: (guid(0x62002), 0x820D),
                              0x8003: (guid(0x62002), 0x820E), 0x8004: (guid(0x62002), 0x8208),
                              0x8005: (guid(0x62003), 0x8105)}))
    add_folder(s, ROOT, ROOT, "", [(top, "Top")], [])
    add_folder(s, top, ROOT, "Top", [(inbox, "In"), (bin_, "Deleted"), (other, "Other")] + list(more), [])
    add_folder(s, inbox, top, "Inbox \u0e20", [], messages(),
               [(0x200108, message({(0x0037, TEXT): "a rule", (0x001A, TEXT): "IPM.Rule.Message"}))],
               {(0x3613, TEXT): "IPF.Note"})
    add_folder(s, bin_, top, "Deleted Items", [], [(0x2000E4, message({(0x0037, TEXT): "thrown away",
                                                                       (0x1000, TEXT): "gone"}))])
    add_folder(s, other, top, "Other", [], others())
    if loose:  # its folder is not there
        s.add(0x200204, 0x9022, message({(0x0037, TEXT): "an orphan", (0x1000, TEXT): "alone"}))
    return s


def looping(kind):
    """One message whose tree leads into itself, beside others that are whole."""
    s = store()
    node = message({(0x0037, TEXT): "a loop"})
    data = s.write_data(node.data)
    own = s.next_bid | 2
    if kind == "subnodes":  # §2.2.2.8.3.3.2
        sub = s.write_block(struct.pack("<BBHI", 2, 1, 1, 0) + struct.pack("<QQ", 0x671, own), True)
    else:  # §2.2.2.8.3.2.2
        sub = 0
        data = s.write_block(struct.pack("<BBHI", 1, 2, 1, 100) + struct.pack("<Q", own), True)
    for i, n in enumerate(s.nodes):
        if n[0] == 0x2000C4:
            s.nodes[i] = (n[0], data, sub, n[3])
    return s.bytes()


def indexes_loop():
    s = bytearray(store().bytes())
    at = struct.unpack_from("<Q", s, 0xE0)[0]  # where the root of the nodes' index is said to be
    bid, body = struct.unpack_from("<Q", s, at + 504)[0], bytearray(s[at:at + 496])
    body[:24] = struct.pack("<QQQ", 0x21, bid, at)
    body[488:492] = bytes([1, 20, 24, 1])
    s[at:at + 496] = body
    struct.pack_into("<I", s, at + 500, crc(body))
    return bytes(s)


def gaps():
    """What cannot be read, or is not what it says that it is."""
    folder, search, unlisted = 0x80A2, 0x80C3, 0x80E2
    s = store(more=[(folder, "Gaps"), (search, "A Search")])
    named = lambda name, method, data: property_context({(0x3701, BINARY): data, (0x3704, TEXT): name, (0x3705, INT): method,
                                                         (0x0E20, INT): 10})
    people = [(0x10000002, "Sent Again", "again@example.org"), (7, "Of No Kind", "none@example.org")]
    add_folder(s, folder, 0x8022, "Gaps", [], [
        (0x200304, message({(0x0037, TEXT): "no body", (0x1000, TEXT): "B" * 8500, (0x0E06, TIME): LOST}, people)),
        (0x200324, message({(0x0037, TEXT): "a long class", (0x001A, TEXT): "IPM.Note." + "x" * 70000})),
        (0x200344, message({(0x0037, TEXT): "no flags", (0x1000, TEXT): "", (0x0E07, INT): None, (0x0E07, SHORT): 1, (0x0017, SHORT): 2})),
        (0x200364, message({(0x0037, TEXT): "attached"}, (), [
            named("none.txt", 0, b"method 0"), named("reference.txt", 2, b"method 2"), named("ole.bin", 6, b"method 6"),
            named("nine.txt", 9, b"method 9"), named("elsewhere.txt", 2, None), named("lost.txt", 1, LOST)])),
    ], extra={(0x3602, INT): None, (0x3602, SHORT): 5})
    # messages that no other folder has
    add_folder(s, search, 0x8022, "A Search", [], [(0x200384, message({(0x0037, TEXT): "in a search", (0x1000, TEXT): "only there"}))])
    # and a folder that the one around it does not name, with a message that it does not name
    add_folder(s, unlisted, 0x8022, "Unlisted", [], [(0x2003A4, message({(0x0037, TEXT): "listed in it", (0x1000, TEXT): "one"}))])
    s.add(0x2003C4, unlisted, message({(0x0037, TEXT): "not listed", (0x1000, TEXT): "two"}))
    s.blocks = [b for b in s.blocks if b[2] != 17000 - 2 * 8176]  # the end of the body
    return s.bytes()


def orphan_folder():
    """A folder with messages, and no folder around it."""
    s = store()
    add_folder(s, 0x90A2, 0x9082, "Lost Folder", [], [
        (0x200404, message({(0x0037, TEXT): "one in a lost folder", (0x1000, TEXT): "lost"})),
        (0x200424, message({(0x0037, TEXT): "two in a lost folder", (0x1000, TEXT): "lost, too"}))])
    return s.bytes()


def write(folder, name, data):
    with open(os.path.join(folder, name), "wb") as f:
        f.write(data)


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    plain = store().bytes()
    write(folder, "plain.pst", plain)
    write(folder, "orphan.pst", store(loose=True).bytes())
    write(folder, "plain.ost", store(client=b"SO").bytes())
    hurt = bytearray(plain)  # the heap of one message; its siblings hold
    at = hurt.rfind(b"\xec\xbc", 0, hurt.find("remember".encode("utf-16-le")))
    hurt[at:at + 2] = b"\0\0"
    write(folder, "hurt.pst", bytes(hurt))
    write(folder, "cut.pst", plain[:len(plain) // 2])
    write(folder, "head.pst", plain[:564])
    write(folder, "signature.pst", b"!BDN")
    write(folder, "loop-subnodes.pst", looping("subnodes"))
    write(folder, "loop-data.pst", looping("data"))
    write(folder, "loop-index.pst", indexes_loop())
    write(folder, "gaps.pst", gaps())
    write(folder, "orphan-folder.pst", orphan_folder())
    version = bytearray(plain)
    version[10:12] = struct.pack("<H", 36)
    write(folder, "version.pst", bytes(version))


if __name__ == "__main__":
    main()
