#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trees for tests/scripts/folder.sh.

make DIR     a tree with everything that a file system can hold and a collector can trip over
list DIR     every attribute of everything in it, one line each, to be compared; with "bsdtar" behind
             it without what libarchive 3.6 reads otherwise (times before 1970, = and % in names of
             attributes), with "gnu" without what GNU tar does not set (times of access)
deep DIR N   a chain of directories whose path has N bytes, with a file at its end
check RAW    listing.jsonl of an exported stream against the stream itself
"""
import base64, errno, hashlib, json, os, socket, stat, struct, sys, tarfile

NOATIME = getattr(os, "O_NOATIME", 0)
ROOT = os.geteuid() == 0


def write(path, data=b"", mode=0o644):
    with open(path, "wb") as f:
        f.write(data)
    os.chmod(path, mode)


def attribute(path, name, value):
    try:
        os.setxattr(path, name, value, follow_symlinks=False)
    except OSError as e:
        if e.errno not in (errno.ENOTSUP, errno.EPERM):
            raise


def acl(entries):
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in entries)


NOBODY = 0xFFFFFFFF
ACCESS = acl([(1, 6, NOBODY), (2, 4, 1000), (4, 4, NOBODY), (8, 5, 1001), (16, 5, NOBODY), (32, 0, NOBODY)])


def make(top):
    os.mkdir(top)
    os.chdir(top)
    top = os.fsencode(os.getcwd())
    noise = b"".join(hashlib.sha256(b"%d" % i).digest() for i in range(9000))
    for size in (0, 1, 511, 512, 513, 4095, 4096, 4097, 20000, 131072, 131073, 280000):
        write("of-%d" % size, noise[:size])
    os.mkdir("empty")
    os.mkdir("d")
    os.chmod("d", 0o1750)
    for name in (b"bytes\xff\xfe", b"line\nfeed", b"tab\there", "ភាសាខ្មែរ ü 日本".encode(), b" space ",
                 b"-rf", b"*", b"back\\slash", b'quo"te', b"c:name", b"\x01\x7f", b"n" * 255):
        write(os.path.join(top, b"d", name), name)
    os.symlink("nowhere", "dangling")
    os.symlink("loop-b", "loop-a")
    os.symlink("loop-a", "loop-b")
    os.symlink("..", "d/up")
    os.symlink(os.path.join(b"/", b"t" * 200, b"\xff"), b"long-link")
    os.link("of-4096", "hard-1")
    os.link("of-4096", "d/hard-2")
    os.link("of-280000", "hard-large")
    os.link("dangling", "hard-link-to-a-link")
    os.mkfifo("fifo", 0o600)
    with open("sparse", "wb") as f:
        f.seek(1 << 20)
        f.write(noise[:10000])
        f.seek(5 << 20)
        f.write(b"end")
        f.truncate(9 << 20)
    with open("all-hole", "wb") as f:
        f.truncate(3 << 20)
    os.chmod("of-1", 0o4711 if ROOT else 0o711)
    attribute("of-512", "user.comment", b"binary \0\xff value")
    attribute("of-512", "user.a=b%c", b"=")
    attribute("of-512", "user.empty", b"")
    attribute("of-513", "system.posix_acl_access", ACCESS)
    attribute("d", "system.posix_acl_default", ACCESS)
    attribute("d", "user.of-a-directory", b"yes")
    if ROOT:
        attribute("of-4097", "security.capability", bytes.fromhex("0100000200200000000000000000000000000000"))
        attribute("dangling", "trusted.of-a-link", b"1")
        os.chown("of-511", 1234, 4294967290)
        os.lchown("dangling", 3000000, 7)
        os.chown("d", 12, 34)
        os.mknod("null", 0o622 | stat.S_IFCHR, os.makedev(1, 3))
        os.mknod("block", 0o600 | stat.S_IFBLK, os.makedev(259, 70000))
    n = 0
    for at, directories, files in os.walk(b".", topdown=False):
        for name in files + directories:
            n += 1
            # some before 1970, all with nanoseconds that no double can hold
            s = -1000 * n if n % 7 == 0 else 1500000000 + n
            os.utime(os.path.join(at, name), ns=(s * 10**9 + 123456789, s * 10**9 + 987654321 + n),
                     follow_symlinks=False)
    os.utime(b".", ns=(5, 1234567890123456789))


def walk(fd, path, emit):
    for name in sorted(os.fsencode(e) for e in os.listdir(fd)):
        st = os.lstat(name, dir_fd=fd)
        here = path + b"/" + name
        emit(fd, name, here, st)
        if stat.S_ISDIR(st.st_mode):
            down = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | NOATIME, dir_fd=fd)
            walk(down, here, emit)
            os.close(down)


def data_map(fd, size):
    ranges, at = [], 0
    while at < size:
        try:
            start = os.lseek(fd, at, os.SEEK_DATA)
        except OSError:
            break
        at = os.lseek(fd, start, os.SEEK_HOLE)
        ranges.append((start, at - start))
    return ranges


def describe(inodes, without):
    def emit(fd, name, path, st):
        words = [repr(path), oct(st.st_mode), "owner", st.st_uid, st.st_gid, "links", st.st_nlink]
        if without != "bsdtar" or st.st_mtime_ns >= 0:
            words += ["mtime", st.st_mtime_ns]
            # reading a directory or a link may itself change this
            if without != "gnu" and not stat.S_ISDIR(st.st_mode) and not stat.S_ISLNK(st.st_mode):
                words += ["atime", st.st_atime_ns]
        through = b"/proc/self/fd/%d/%s" % (fd, name)
        for x in sorted(os.listxattr(through, follow_symlinks=False)):
            if without == "bsdtar" and ("=" in x or "%" in x):
                continue
            words += [x, os.getxattr(through, x, follow_symlinks=False).hex()]
        if stat.S_ISLNK(st.st_mode):
            words += ["->", repr(os.readlink(name, dir_fd=fd))]
        if stat.S_ISCHR(st.st_mode) or stat.S_ISBLK(st.st_mode):
            words += [os.major(st.st_rdev), os.minor(st.st_rdev)]
        if st.st_nlink > 1 and not stat.S_ISDIR(st.st_mode):
            words += ["as", repr(inodes.setdefault(st.st_ino, path))]
        if stat.S_ISREG(st.st_mode):
            f = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | NOATIME, dir_fd=fd)
            h = hashlib.sha256()
            while piece := os.read(f, 1 << 20):
                h.update(piece)
            words += [st.st_size, h.hexdigest()]
            if st.st_blocks * 512 < st.st_size:
                words += ["data", data_map(f, st.st_size)]
            os.close(f)
        print(*words)
    return emit


def show(top, without):
    sys.setrecursionlimit(100000)
    up = os.open(os.path.dirname(os.path.abspath(top)), os.O_RDONLY)
    st = os.stat(top)
    fd = os.open(top, os.O_RDONLY | os.O_DIRECTORY | NOATIME)
    print("top", oct(st.st_mode), st.st_uid, st.st_gid, st.st_mtime_ns)
    walk(fd, b"", describe({}, without))
    os.close(up)


def deep(top, size):
    os.mkdir(top)
    fd = os.open(top, os.O_RDONLY)
    left = size - len("content/") - len("file")
    while left > 0:
        part = b"d" * (min(left, 200) - 1)
        left -= len(part) + 1
        if not part:
            break
        os.mkdir(part, dir_fd=fd)
        down = os.open(part, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = down
    f = os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=fd)
    os.write(f, b"at the end\n")


def check(raw):
    """Offsets and hashes of the listing, by nothing but the stream."""
    with tarfile.open(raw, errors="surrogateescape") as t, open(raw, "rb") as f:
        lines = [json.loads(l) for l in t.extractfile("exhibit/listing.jsonl")]
        files = 0
        for line in lines:
            if line["type"] != "file" or "offset" not in line:
                continue
            ranges = line.get("data", [[0, line["size"]]])
            f.seek(line["offset"])
            h, at = hashlib.sha256(), 0
            for start, length in ranges:
                h.update(bytes(start - at) + f.read(length))
                at = start + length
            h.update(bytes(line["size"] - at))
            assert h.hexdigest() == line["sha256"], line
            assert line["size"] < 4096 or line["offset"] % 4096 == 0, line
            files += 1
        names = {base64.b64decode(l["path_base64"]) if "path_base64" in l else l["path"].encode() for l in lines}
        assert len(names) == len(lines)
        inside = {os.fsencode(m.name)[len(b"content/"):] for m in t.getmembers() if m.name.startswith("content")}
        assert {n.rstrip(b"/") for n in inside} == names, inside ^ names
        print(files, "files")
        assert files > 0


if __name__ == "__main__":
    command, where = sys.argv[1:3]
    if command == "make":
        make(where)
    elif command == "list":
        show(where, "".join(sys.argv[3:]))
    elif command == "deep":
        deep(where, int(sys.argv[3]))
    elif command == "check":
        check(where)
    elif command == "socket":
        socket.socket(socket.AF_UNIX).bind(where)
