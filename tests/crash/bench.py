# SPDX-License-Identifier: Apache-2.0
"""Scenarios, how they are recorded, and how a state after a crash is judged."""
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile

import model

DEFAULT_INIT = "--agency A --officer O --plain --kdf-memory 8"


class Fault(Exception):
    """What is wrong with a state, or with the machinery."""


class Scenario:
    def __init__(self, name):
        self.name = name
        self.init = DEFAULT_INIT
        self.lines = {"before": [], "crash": [], "always": [], "recover": [], "end": [],
                      "then": []}

    def encrypted(self):
        return "--plain" not in (self.lines["crash"][0] if self.init == "none" else self.init)


def read_scenarios(path):
    scenarios = []
    with open(path) as f:
        for line in f:
            word, _, rest = line.strip().partition(" ")
            rest = rest.strip()
            if not word or word.startswith("#"):
                continue
            if word == "scenario":
                scenarios.append(Scenario(rest))
            elif word == "init":
                scenarios[-1].init = rest
            else:
                scenarios[-1].lines[word].append(rest)
    return scenarios


class Bench:
    """A folder with the program, a passphrase and data to collect; boxes are made beside them. A
    box holds what a crash may hurt: the vault, and the folder out/ for exports."""

    def __init__(self, build):
        self.build = os.path.abspath(build)
        self.top = tempfile.mkdtemp(prefix="exhibit-crash.")
        # Judging needs no disk; recording does, for direct I/O.
        fast = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.fast = tempfile.mkdtemp(prefix="exhibit-crash.", dir=fast)
        self.data = os.path.join(self.top, "data")
        os.mkdir(self.data)
        os.mkdir(os.path.join(self.top, "bin"))
        os.symlink(os.path.join(self.build, "src/cli/exhibit"),
                   os.path.join(self.top, "bin", "exhibit"))
        for name in ("passphrase", "passphrase2"):
            self.write(os.path.join(self.top, name), f"the {name} for a test\n".encode())
        self._make_data()

    @staticmethod
    def write(path, data):
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(fd, "wb") as f:
            f.write(data)

    def _make_data(self):
        def noise(seed, size):
            return hashlib.shake_256(seed.encode()).digest(size)

        text = "".join(f"{i}\n" for i in range(20000)).encode()
        shared = noise("shared", 60000) + bytes(131072) + text
        self.write(self.data + "/first", shared + noise("first", 90000))
        self.write(self.data + "/second", noise("second", 70000) + shared + b"\xff" * 70000 + b"end")
        self.write(self.data + "/third", noise("third", 20000))
        self.write(self.data + "/large", noise("large", 1500000))

    def close(self):
        shutil.rmtree(self.top, ignore_errors=True)
        shutil.rmtree(self.fast, ignore_errors=True)

    def environment(self, box):
        env = {k: v for k, v in os.environ.items() if not k.startswith("EXHIBIT_")}
        env.update(PATH=self.top + "/bin:" + env["PATH"], LC_ALL="C.UTF-8", TZ="UTC", BOX=box,
                   DATA=self.data, TOP=self.top, BUILD=self.build, EXHIBIT_VAULT=box + "/vault",
                   EXHIBIT_PASSPHRASE_FILE=self.top + "/passphrase", EXHIBIT_OFFICER="O")
        return env

    def shell(self, box, command, extra=None):
        done = subprocess.run(["sh", "-c", command], cwd=box, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
                              env={**self.environment(box), **(extra or {})})
        if done.returncode != 0:
            raise Fault(f"`{command}` exits {done.returncode}: "
                        f"{done.stdout.decode(errors='replace').strip()}")

    def exhibit(self, box, *args, expect=(0,), wants_json=True):
        done = subprocess.run([self.top + "/bin/exhibit", *args] + ["--json"] * wants_json, cwd=box,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
                              env=self.environment(box))
        if done.returncode not in expect:
            raise Fault(f"exhibit {' '.join(args)} exits {done.returncode}: {said_by(done)}")
        if not wants_json:
            return None
        return json.loads(done.stdout.splitlines()[-1]).get("result", {})


def said_by(done):
    """What a failed command said, short: its talk, or what its result says of damage."""
    text = (done.stderr or done.stdout).decode(errors="replace").strip()
    found = re.findall(r'"(?:problems|findings|damaged)":(\[.+?\])[,}]', text)
    return " ".join(found)[:500] if found else text[-500:]


class Promise:
    """What is acknowledged at a moment: the items, and the ledger's head."""

    def __init__(self, bench, box):
        self.items, self.checkpoint = {}, None
        if not os.path.exists(box + "/vault"):
            return
        with open(box + "/vault/ledger/checkpoint", "rb") as f:
            self.checkpoint = f.read()
        copy = tempfile.mkdtemp(dir=bench.fast) + "/box"
        shutil.copytree(box, copy)
        self.items = items_of(bench, copy)
        shutil.rmtree(os.path.dirname(copy))


def items_of(bench, box):
    found = bench.exhibit(box, "item", "list")["items"]
    return {i["label"]: i["sha256"] for i in found
            if i.get("result", "done") == "done" and "disposed" not in i}


def disposed_of(bench, box):
    """Labels of the items that two officers agreed to dispose of."""
    return [i["label"] for i in bench.exhibit(box, "item", "list")["items"] if "disposed" in i]


class Recording:
    """A scenario, run once: the box before it, the operations, and what was promised when."""

    def __init__(self, bench, scenario):
        self.bench, self.scenario = bench, scenario
        self.home = tempfile.mkdtemp(prefix=scenario.name + ".", dir=bench.top)
        self.box, self.before = self.home + "/box", self.home + "/before"
        os.makedirs(self.box + "/out")
        if scenario.init != "none":
            bench.shell(self.box, f"exhibit init vault {scenario.init} --quiet && "
                                  "exhibit case new --number c --title t --quiet")
        for line in scenario.lines["before"]:
            bench.shell(self.box, line)
        # The box itself is recorded, and its inodes stand in the log: the copy is for comparison.
        self.start = model.read_tree(self.box)
        self.inodes = inode_map(self.box)
        self.promises = [(0, Promise(bench, self.box))]
        for line in scenario.lines["crash"]:
            bench.shell(self.box, line, {
                "LD_PRELOAD": bench.build + "/tests/crash/record.so",
                "CRASH_RECORD_DIR": self.box, "CRASH_RECORD_LOG": self.home + "/log"})
            self.promises.append((len(model.read_log(self.home + "/log")),
                                  Promise(bench, self.box)))
        self.ops = model.read_log(self.home + "/log")
        model.check_faithful(self.disk(), self.ops, self.box)
        if not self.ops:
            raise model.Unfaithful("nothing was recorded")

    def disk(self, relaxed=False):
        return model.Disk(self.start, self.inodes, relaxed)

    def record_then(self, k):
        """The disk and the promise after: kill -9 before operation k, then the next command to its
        end. What the first had not made durable yet is its business now."""
        disk = self.disk()
        for op in self.ops[:k]:
            disk.apply(op)
        home = tempfile.mkdtemp(prefix="then.", dir=self.bench.fast)
        box = home + "/box"
        model.write_tree(disk.tree(), box)
        disk.adopt(inode_map(box))
        for line in self.scenario.lines["then"]:
            self.bench.shell(box, line, {
                "LD_PRELOAD": self.bench.build + "/tests/crash/record.so",
                "CRASH_RECORD_DIR": box, "CRASH_RECORD_LOG": home + "/log"})
        for op in model.read_log(home + "/log"):
            disk.apply(op)
        if disk.tree() != model.read_tree(box):
            raise model.Unfaithful("the second log does not give what is on the disk")
        promise = Promise(self.bench, box)
        shutil.rmtree(home)
        return disk, promise

    def promise_at(self, k):
        return [p for end, p in self.promises if end <= k][-1]


def inode_map(top):
    """{path: inode}; the top itself is "."."""
    found = {".": os.stat(top).st_ino}
    for base, dirs, files in os.walk(top):
        for name in dirs + files:
            path = os.path.join(base, name)
            found[os.path.relpath(path, top)] = os.lstat(path).st_ino
    return found


# ---- judging ----


class Judge:
    def __init__(self, recording):
        self.recording, self.bench = recording, recording.bench
        self.scenario = recording.scenario

    def judge(self, tree, k, thoroughly=True, promise=None):
        """None when the vault recovers from this state, or what is wrong. promise: what must be held
        then, if it is not what the scenario acknowledged before operation k."""
        home = tempfile.mkdtemp(dir=self.bench.fast)
        box = home + "/box"
        try:
            model.write_tree(tree, box)
            if promise is not None:
                self._judge_vault(box, tree, promise, thoroughly)
            else:
                self._judge(box, tree, k, thoroughly)
        except (Fault, subprocess.TimeoutExpired, json.JSONDecodeError, KeyError) as e:
            return str(e) or repr(e)
        finally:
            shutil.rmtree(home, ignore_errors=True)
        return None

    def _judge(self, box, tree, k, thoroughly):
        promise = self.recording.promise_at(k)
        end = k == len(self.recording.ops)
        os.makedirs(box + "/out", exist_ok=True)
        for line in self.scenario.lines["always"] + self.scenario.lines["end"] * end:
            self.bench.shell(box, line)
        for line in self.scenario.lines["recover"] * (not end):
            self.bench.shell(box, line)
        if self.scenario.init != "none":
            self._judge_vault(box, tree, promise, thoroughly)
        elif not end:
            # Nothing was promised: the vault is whole, or can be made again at the same place.
            self._make_again(box)
            self._go_on(box, {})
        else:
            self.bench.exhibit(box, "case", "new", "--number", "c", "--title", "t")
            self._judge_vault(box, tree, promise, thoroughly)

    def _make_again(self, box):
        try:
            self.bench.exhibit(box, "vault", "check")
            self.bench.exhibit(box, "item", "list")
        except Fault:
            self.bench.shell(box, self.scenario.lines["crash"][0])
        self.bench.exhibit(box, "case", "new", "--number", "c", "--title", "t")

    def _judge_vault(self, box, tree, promise, thoroughly):
        run = lambda *a: self.bench.exhibit(box, *a)
        check = run("vault", "check")
        named = json.dumps(check)
        for path in tree:
            parts = path.split("/")
            # What `recover` did may have tidied it up.
            unfinished = (tree[path] is None and parts[:2] == ["vault", "work"] and len(parts) == 3
                          and os.path.isdir(box + "/" + path))
            if unfinished and parts[2] not in named:
                raise Fault(f"vault check does not name {path}")
        Bench.write(box + "/promised", promise.checkpoint)
        # It asks for no passphrase, so of an encrypted vault it does not see the bodies (3).
        self.bench.exhibit(box, "ledger", "verify", "--checkpoint", box + "/promised",
                           expect=(0, 3) if self.scenario.encrypted() else (0,))
        items = items_of(self.bench, box)
        gone = disposed_of(self.bench, box)
        if gone and "dispose" not in self.scenario.name:
            raise Fault(f"{gone} was disposed of by nobody")
        for label, sha256 in promise.items.items():
            if items.get(label) != sha256 and label not in gone:
                raise Fault(f"item {label} was acknowledged and is not listed as it was")
        if items:
            run("verify", "--all")
        if thoroughly:
            self._go_on(box, items)

    def _go_on(self, box, items):
        run = lambda *a: self.bench.exhibit(box, *a)
        for label, sha256 in items.items():
            copy = box + "/out/" + label.replace("/", "-") + ".judged"
            run("export", label, "--format", "raw", "--output", copy)
            with open(copy, "rb") as f:
                if hashlib.sha256(f.read()).hexdigest() != sha256:
                    raise Fault(f"item {label} is given out with other bytes")
        if self.scenario.init == "none":
            self.bench.exhibit(box, "collect", self.bench.data + "/first", "--case", "c")
        third = run("collect", self.bench.data + "/third", "--case", "c")["item"]
        run("verify", "--all")
        before = items_of(self.bench, box)
        if before.get(third["label"]) != third["sha256"]:
            raise Fault("a new item is not listed")
        run("rebuild")
        if items_of(self.bench, box) != before:
            raise Fault("after a rebuild other items are listed")
        run("verify", "--all")
        run("vault", "check")
