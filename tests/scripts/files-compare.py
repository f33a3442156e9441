#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# What list_traces finds in a raw image of a file system, entry by entry against other programs:
#
#   files-compare.py LIST_TRACES IMAGE            fls and icat of The Sleuth Kit: entries that are
#                                                 there, deleted and without a folder
#   files-compare.py LIST_TRACES IMAGE DIRECTORY  the files in DIRECTORY, from which it was made
#
# A line for each difference, and one with the counts; exit status 1 when there are any.
import hashlib, os, re, subprocess, sys

sys.stdout.reconfigure(errors="backslashreplace")
lister, image = sys.argv[1:3]


def run(*command):
    return subprocess.run(command, capture_output=True).stdout


def clean(name):  # fls shows what is not printable as ^; list_traces as \ooo
    name = re.sub(rb"\\([0-7]{3})", lambda m: bytes([int(m[1], 8)]), name)
    return re.sub(rb"[\x00-\x1f\x7f]", b"^", name)


def found():
    entries, problems = [], []
    for line in run(lister, "files", image).split(b"\n"):
        part = line.split(b"\t")
        if len(part) < 7:
            if part[0] == b"failed":
                problems.append(line)
            continue
        kind, state, size, sha, record, key, path = part[:7]
        if kind == b"problem":
            problems.append(line)
        elif state == b"unnamed":  # fls tells only deleted ones of those
            continue
        elif kind in (b"directory", b"file", b"link", b"special", b"stream"):
            entries.append((kind, state, int(size), sha.decode(), int(record), key, path))
    return entries, problems


differences = 0


def differs(*words):
    global differences
    differences += 1
    print("differs:", *[w.decode(errors="replace") if isinstance(w, bytes) else w for w in words])


# fls: the names it makes up for what has none, and how it shows the label of a FAT volume
def theirs():
    entries = {}
    for line in run("fls", "-r", "-p", image).split(b"\n"):
        m = re.match(rb"(./.) (\* )?([0-9]+)(-[0-9]+-[0-9]+)?(\(realloc\))?:\t(.*)$", line)
        if m is None:
            if line:
                differs("a line of fls that is not understood", line)
            continue
        types, star, inode, attr, realloc, path = m.groups()
        if path == b"$OrphanFiles":
            continue
        attr = attr or b""
        kind = attr.split(b"-")[1] if attr else b""
        stream = b""
        if kind in (b"144", b"160", b"128") and b":" in path.rsplit(b"/", 1)[-1]:
            path, stream = path.rsplit(b":", 1)
            path = path[:-2] if path.endswith(b"/.") else path  # of a folder
            if kind != b"128":  # an index with a name: the file itself has no content
                stream = b""
        if kind == b"4353":
            stream = b"RSRC"
        path = path.replace(b" (Volume Label Entry)", b"")
        path = re.sub(rb"^\$OrphanFiles/", b"", path)
        path = re.sub(rb"(^|/)OrphanFile-%s$" % inode, rb"\1", path)
        entries.setdefault((int(inode), path, stream), (types, star, attr, realloc))
    return entries


def content(inode, attr):
    data = run("icat", image, "%d%s" % (inode, attr.decode()))
    return len(data), hashlib.sha256(data).hexdigest()


def against_fls():
    expected, counts = theirs(), {"entries": 0, "contents": 0, "not hashed": 0}
    inode = {}
    entries, problems = found()
    for kind, state, size, sha, record, key, path in entries:
        path, stream, attr = clean(path)[1:], b"", b""
        if kind == b"stream":
            path, stream = path.rsplit(b":", 1)
            number = inode[path]
            attr = b"-" + key[1:]
        else:
            # a name that does not own the record that it gives has it in its key
            number = record - 1 if record > 0 else int(re.match(rb"m([0-9]+)", key)[1])
            inode[path] = number
            path = re.sub(rb"<orphan[0-9]+>", b"", path)
        path = re.sub(rb"<orphan[0-9]+>", b"", path)
        there = expected.pop((number, path, stream), None)
        if there is None and kind == b"stream":  # of HFS+, and the only one of an NTFS file
            there = (None, (state == b"deleted") or None, attr, None)
        if there is None:
            differs("fls has no", b"%d" % number, state, path, stream)
            continue
        counts["entries"] += 1
        if (state in (b"deleted", b"orphan")) != (there[1] is not None):
            differs("state", state, path)
        if kind not in (b"file", b"stream"):
            continue
        if sha == "-":  # no content
            continue
        if len(sha) != 64:
            counts["not hashed"] += 1
            if state == b"allocated":
                differs("not hashed", sha, path, stream)
            continue
        if stream == b"$Bad":  # zeros, of which icat gives none
            continue
        want = content(number, attr or (there[2] if kind == b"file" else b""))
        if want == (size, sha):
            counts["contents"] += 1
        else:
            differs("content of %d bytes, of icat %d" % (size, want[0]), path, stream)
    for number, path, stream in expected:
        differs("only fls has", b"%d" % number, path, stream)
    for line in problems:
        print("problem:", line.decode(errors="replace"))
    return counts


def against_folder(folder):
    entries, problems = found()
    ours = {
        clean(path)[1:]: (kind, size, sha)
        for kind, state, size, sha, _, _, path in entries
        if state == b"allocated"
    }
    counts = {"entries": 0, "contents": 0}
    for where, folders, files in os.walk(os.fsencode(folder)):
        for name in folders + files:
            full = os.path.join(where, name)
            path = os.path.relpath(full, os.fsencode(folder))
            have = ours.get(path)
            if have is None:
                differs("missing", path)
                continue
            counts["entries"] += 1
            if os.path.islink(full) or not os.path.isfile(full):
                continue
            with open(full, "rb") as f:
                data = f.read()
            if have[1:] == (len(data), hashlib.sha256(data).hexdigest()):
                counts["contents"] += 1
            else:
                differs("content of %d bytes, should be %d" % (have[1], len(data)), path)
    for line in problems:
        differs(line)
    return counts


counts = against_folder(sys.argv[3]) if len(sys.argv) > 3 else against_fls()
print(", ".join("%d %s" % (n, what) for what, n in counts.items()), "the same;", differences, "differences")
sys.exit(differences > 0 or counts["entries"] == 0)
