# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random moments, again and again, of one vault that goes on living."""
import os
import random
import shutil
import subprocess
import tempfile
import time

import bench as benches

COLLECTED_BYTES = 6 << 20
VERIFY_ALL_EVERY = 10
MEASURE_EVERY = 10


class Target:
    def __init__(self, bench, name):
        self.bench, self.name = bench, name
        self.home = tempfile.mkdtemp(dir=bench.top)
        self.box = self.home + "/box"
        os.makedirs(self.box + "/out")
        bench.shell(self.box, f"exhibit init vault {benches.DEFAULT_INIT} --quiet && "
                              "exhibit case new --number c --title t --quiet && "
                              "exhibit collect $DATA/first --case c --quiet")
        self.acknowledged = benches.items_of(bench, self.box)
        self.rng = random.Random(name)

    def command(self):
        if self.name == "kill-rebuild":
            return ["rebuild"]
        # Half of it is known already, half is new each time.
        with open(self.home + "/source", "wb") as f:
            f.write(random.Random("known").randbytes(COLLECTED_BYTES // 2))
            f.write(os.urandom(COLLECTED_BYTES // 2))
        return ["collect", self.home + "/source", "--case", "c"]

    def start(self):
        return subprocess.Popen([self.bench.top + "/bin/exhibit", *self.command(), "--json"],
                                cwd=self.box, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, env=self.bench.environment(self.box))

    def run_for(self, seconds):
        """True when it ended and acknowledged before it was killed."""
        process = self.start()
        try:
            said, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            said, _ = process.communicate()
        if not said:
            return False
        if process.returncode not in (0, -9):
            raise benches.Fault(f"{self.name} exits {process.returncode}: {said.decode()[-600:]}")
        return True

    def check(self, whole):
        run = lambda *a: self.bench.exhibit(self.box, *a)
        run("vault", "check")
        run("ledger", "verify")
        items = benches.items_of(self.bench, self.box)
        for label, sha256 in self.acknowledged.items():
            if items.get(label) != sha256:
                raise benches.Fault(f"item {label} was acknowledged and is not listed as it was")
        # Now it was listed, so it must stay.
        new = [i for i in items if i not in self.acknowledged]
        self.acknowledged = items
        if whole:
            run("verify", "--all")
        for label in [] if whole else new + [self.rng.choice(sorted(items))]:
            run("verify", label)
        return len(new)


    def time_undisturbed(self):
        started = time.monotonic()
        if not self.run_for(120):
            raise benches.Fault(f"{self.name}: the command does not work undisturbed")
        return time.monotonic() - started


def run(bench, name, runs):
    """(runs, failures, what came of them)"""
    target = Target(bench, name)
    usual = target.time_undisturbed()
    target.check(True)
    killed = ended = held = tried = 0
    failures = []
    while tried < runs and len(failures) < 3:
        if tried % MEASURE_EVERY == MEASURE_EVERY - 1:  # the history grows, and the machine changes
            usual = target.time_undisturbed()
            target.check(False)
        acknowledged = target.run_for(target.rng.uniform(0, 1.2 * usual))
        tried, killed, ended = tried + 1, killed + (not acknowledged), ended + acknowledged
        try:
            new = target.check(tried % VERIFY_ALL_EVERY == 0 or tried == runs)
            held += new
            if acknowledged and name == "kill-collect" and new != 1:
                raise benches.Fault("an item was acknowledged and is not listed")
        except benches.Fault as e:
            failures.append(f"run {tried}: {e}" + keep(target))
    unfinished = len(bench.exhibit(target.box, "vault", "check")["unfinished"])
    shutil.rmtree(target.home)
    return tried, failures, (f"{killed} killed, {ended} ended first, {held} came to be held; "
                             f"{unfinished} unfinished in the end")


def keep(target):
    if os.environ.get("KEEP") != "1":
        return ""
    top = tempfile.mkdtemp(prefix="exhibit-kill.")
    shutil.copytree(target.box, top + "/box")
    return f" — kept in {top}"
