# SPDX-License-Identifier: Apache-2.0
"""The vault that is damaged, what its bytes are, and the process that judges it."""
import hashlib
import json
import os
import select
import shutil
import struct
import subprocess
import tempfile

ANSWER_SECONDS = 120


class Dead(Exception):
    """The judge crashed, or did not answer."""


# ---- the judge ----


class Judge:
    """tests/damage/judge: commands of exhibit, many in one process."""

    def __init__(self, build, top):
        self.path, self.top = os.path.join(build, "tests/damage/judge"), top
        self.process = self.log = None

    def start(self):
        self.log = tempfile.TemporaryFile(dir=self.top)
        env = {k: v for k, v in os.environ.items() if not k.startswith("EXHIBIT_")}
        env.update(LC_ALL="C.UTF-8", TZ="UTC")
        env.setdefault("UBSAN_OPTIONS", "halt_on_error=1:print_stacktrace=1")
        self.process = subprocess.Popen([self.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.log, bufsize=0, env=env)

    def ask(self, *words, officer=1, cut=0):
        """The last JSON line: a dictionary with exit, and result or text."""
        if self.process is None:
            self.start()
        line = "\x1f".join([f"{self.top}/passphrase{officer}", f"{self.top}/passphrase2", str(cut),
                            *words, "--json"])
        try:
            self.process.stdin.write(line.encode() + b"\n")
        except BrokenPipeError:
            pass
        data = b""
        while not data.endswith(b"\n"):
            ready, _, _ = select.select([self.process.stdout], [], [], ANSWER_SECONDS)
            piece = os.read(self.process.stdout.fileno(), 1 << 20) if ready else b""
            if not piece:
                raise Dead(self.stop("no answer" if not ready else "it died"))
            data += piece
        return json.loads(data)

    def stop(self, why=""):
        """What it left to say; "" when it ended as it should."""
        if self.process is None:
            return ""
        if why == "no answer":
            self.process.kill()
        self.process.stdin.close()
        status = self.process.wait()
        self.process.stdout.close()
        self.process = None
        self.log.seek(0)
        said = self.log.read().decode(errors="replace")
        self.log.close()
        return f"{why} status {status}: {said[-3000:]}" if why or status != 0 else ""


# ---- the vault ----


def noise(seed, size):
    return hashlib.shake_256(seed.encode()).digest(size)


def write(path, data):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(fd, "wb") as f:
        f.write(data)


def make_data(top):
    for i in (1, 2, 3):
        write(f"{top}/passphrase{i}", f"passphrase number {i}\n".encode())
    text = "".join(f"{i}\n" for i in range(12000)).encode()
    shared = noise("shared", 40000) + bytes(131072) + text
    write(top + "/first", shared + noise("first", 30000))
    write(top + "/second", noise("second", 30000) + shared + b"\xff" * 70000 + b"end")
    write(top + "/third", noise("third", 9000))
    write(top + "/large", noise("large", 3 << 20))


def make_vault(judge, top, vault, encrypted):
    """Two cases, three items, two officers; parity, dates, a failed unlock, unfinished work."""

    def do(*words, expect=0, **how):
        answer = judge.ask(*words, **how)
        if answer["exit"] != expect:
            raise RuntimeError(f"{' '.join(words)}: {answer}")

    mode = ["--recovery-sheet", f"{vault}.sheet"] if encrypted else ["--plain"]
    at = ["--vault", vault]
    me = [*at, "--officer", "Ama"]
    do("init", vault, "--agency", "A", "--officer", "Ama", "--kdf-memory", "8", *mode)
    do("case", "new", "--number", "c", "--title", "One", *at)
    do("case", "new", "--number", "d", "--title", "Two", *at)
    do("collect", top + "/first", "--case", "c", "--label", "a telephone", *at)
    do("officer", "add", "Ben", "--permissions", "view,verify", "--kdf-memory", "8", *at)
    do("collect", top + "/second", "--case", "c", *me)
    do("collect", top + "/third", "--case", "d", *me)
    do("vault", "scrub", *me)
    do("vault", "parity", *me)
    do("collect", top + "/large", "--case", "d", *me, cut=2 << 20, expect=130)
    do("item", "list", *me, officer=3, expect=7)


class Subject:
    """One vault and its bytes as they should be."""

    def __init__(self, path):
        self.path = path
        self.files, self.stats, self.dirs = {}, {}, set()
        for base, dirs, names in os.walk(path):
            at = os.path.relpath(base, path)
            self.dirs.update(os.path.normpath(os.path.join(at, d)) for d in dirs)
            for name in names:
                if not name.endswith("-shm") and not name.endswith("-wal"):
                    rel = os.path.normpath(os.path.join(at, name))
                    os.chmod(os.path.join(path, rel), 0o600)
                    with open(os.path.join(path, rel), "rb") as f:
                        self.files[rel] = f.read()
        self.restore()

    def put(self, rel, data):
        write(os.path.join(self.path, rel), data)

    def touched(self, rel):
        self.stats.pop(rel, None)

    def restore(self):
        """Whatever is not as it was is made so again."""
        there = set()
        for base, dirs, names in os.walk(self.path):
            at = os.path.relpath(base, self.path)
            for d in list(dirs):
                rel = os.path.normpath(os.path.join(at, d))
                if rel not in self.dirs:
                    shutil.rmtree(os.path.join(self.path, rel))
                    dirs.remove(d)
            for name in names:
                rel = os.path.normpath(os.path.join(at, name))
                if rel not in self.files:
                    os.unlink(os.path.join(self.path, rel))
                elif self.stats.get(rel) == self.stat(rel):
                    there.add(rel)
        for rel in self.dirs:
            os.makedirs(os.path.join(self.path, rel), 0o700, exist_ok=True)
        for rel in self.files.keys() - there:
            self.put(rel, self.files[rel])
            self.stats[rel] = self.stat(rel)

    def stat(self, rel):
        st = os.lstat(os.path.join(self.path, rel))
        return st.st_mtime_ns, st.st_size, st.st_ino


# ---- what the bytes are (docs/format/vault.md, ledger.md) ----

RECORD = {1: "chunk record", 2: "node record", 3: "manifest record", 5: "trailer"}
PAGE, PACKS_PER_PAGE, LINES_PER_PAGE = 4096, 102, 63


def kind_of_file(rel):
    parts = rel.split("/")
    if parts[0] in ("vault.json", "catalog.db", "verified"):
        return parts[0]
    if parts[0] == "keys" and rel.endswith(".json"):
        return "keyring" if parts[1].startswith("keyring.") else "officer's key"
    if parts[0] == "ledger":
        if parts[1] == "tile":
            return "entry bundle" if parts[2] == "entries" else "tile"
        return {"checkpoint": "checkpoint", "body": "ledger body",
                "unauthenticated": "failed unlocks"}.get(parts[1])
    if parts[0] == "work" and len(parts) == 3:
        return "journal" if parts[2] == "journal" else None
    return {"packs": "pack", "parity": "parity", "index": "index segment"}.get(parts[0]) \
        if "." in parts[-1] else None


def pack_parts(data):
    yield "pack header", 0, 128
    at = 128
    while at < len(data) - 64:
        kind, stored = data[at + 8], struct.unpack_from("<I", data, at + 16)[0]
        yield RECORD[kind], at, at + 48 + stored
        at += 48 + stored
    yield "footer", len(data) - 64, len(data)


def index_parts(data):
    lines, packs = struct.unpack_from("<QI", data, 56)
    first = 1 + -(-packs // PACKS_PER_PAGE)
    second = first + -(-lines // LINES_PER_PAGE)
    yield "index header", 0, PAGE
    yield "index packs", PAGE, first * PAGE
    yield "index filter", first * PAGE, second * PAGE
    yield "index entries", second * PAGE, len(data)


def parts(subject):
    """{kind: [(file, from, to)]}, every byte of every file with a kind."""
    found = {}
    for rel, data in sorted(subject.files.items()):
        kind = kind_of_file(rel)
        if kind is None or not data:
            continue
        pieces = pack_parts(data) if kind == "pack" else \
            index_parts(data) if kind == "index segment" else [(kind, 0, len(data))]
        for name, start, end in pieces:
            found.setdefault(name, []).append((rel, start, end))
    return found
