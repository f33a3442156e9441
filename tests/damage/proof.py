# SPDX-License-Identifier: Apache-2.0
"""Proves of a flipped bit that it carries nothing: vault.md §3.2, RFC 8878."""
import struct
import subprocess

HEADER, RECORD_HEADER, FOOTER = 128, 48, 64
ZSTD = 1
# Bit 4 of the descriptor of a frame: no decoder looks at it (RFC 8878 §3.1.1.1.1.4).
UNUSED_BYTE, UNUSED_BIT = 4, 4


def is_plain_pack(data):
    """A pack, a ledger body, a journal: of mode 0."""
    return len(data) > HEADER and data[:8] == b"EXHPACK\x01" and data[12:16] == bytes(4)


def coded_parts(data):
    """[(from, to, plain length)] of the compressed data of each record of a plain pack."""
    at, found = HEADER, []
    while data[at:at + 4] == b"EXR\x01" and at + RECORD_HEADER <= len(data):
        plain, stored, table = struct.unpack_from("<III", data, at + 12)
        end = at + RECORD_HEADER + stored
        if data[at + 9] == ZSTD:
            found.append((at + RECORD_HEADER + table, end, plain))
        at = end
    return found


def decode(frame):
    """By the zstd of the system; None: it refuses."""
    done = subprocess.run(["zstd", "-dcq"], input=frame, capture_output=True)
    return done.stdout if done.returncode == 0 else None


def carries_nothing(whole, now):
    """Is all that differs compressed data that gives, byte for byte, what it gave before?"""
    if now is None or len(now) != len(whole) or now == whole or not is_plain_pack(whole):
        return False
    parts = coded_parts(whole)
    differs = {next((p for p in parts if p[0] <= i < p[1]), None)
               for i in range(len(whole)) if whole[i] != now[i]}
    if None in differs:
        return False
    for start, end, plain in differs:
        before = decode(whole[start:end])
        if before is None or len(before) != plain or decode(now[start:end]) != before:
            return False
    return True


def unused_bit(data):
    """(byte, bit) of a file that carries nothing; None: nothing in it is compressed."""
    parts = coded_parts(data) if is_plain_pack(data) else []
    return (parts[0][0] + UNUSED_BYTE, UNUSED_BIT) if parts else None


def flipped(data, at, bit):
    data = bytearray(data)
    data[at] ^= 1 << bit
    return bytes(data)


def self_test(data):
    """What it says that is not so, of a pack with something compressed."""
    at, bit = unused_bit(data)
    start, end, _ = coded_parts(data)[0]
    wrong = []
    if not carries_nothing(data, flipped(data, at, bit)):
        wrong.append("the unused bit of a frame carries something")
    for i in (0, 64, HEADER + 8, HEADER + 40, start - 1, start, (start + end) // 2, end - 9):
        if carries_nothing(data, flipped(data, i, 0)):
            wrong.append(f"byte {i} carries nothing")
    if carries_nothing(data, flipped(flipped(data, at, bit), 64, 0)) or carries_nothing(data, data):
        wrong.append("a bit that carries nothing excuses another one")
    return wrong
