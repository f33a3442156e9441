# SPDX-License-Identifier: Apache-2.0
"""Do the crash tests catch a program that writes wrongly? Programs that do, on purpose (wrong.c),
and this product with its fsyncs forgotten."""
import os
import shutil
import tempfile

import bench as benches
import model

OLD, NEW = b"o" * 10000, b"n" * 10000
RIGHT = ("right", "openat2", "in-a-new-directory")
WRONG = ("no-fsync", "late-fsync", "no-fsync-of-directory", "fsync-of-another", "fsync-then-write",
         "unlink-first", "in-place", "in-a-lost-directory")


def states_of(bench, way):
    home = tempfile.mkdtemp(dir=bench.top)
    box = home + "/box"
    os.mkdir(box)
    bench.write(box + "/data", OLD)
    tree, inodes = model.read_tree(box), benches.inode_map(box)
    bench.shell(box, f"$BUILD/tests/crash/wrong {way}", {
        "LD_PRELOAD": bench.build + "/tests/crash/record.so",
        "CRASH_RECORD_DIR": box, "CRASH_RECORD_LOG": home + "/log"})
    ops = model.read_log(home + "/log")
    model.check_faithful(model.Disk(tree, inodes), ops, box)
    shutil.rmtree(home)
    return ops, model.states(model.Disk(tree, inodes), ops)


def first_fault(ops, states, name):
    """The first state in which `name` is neither old nor new, or at the end not new."""
    count = 0
    for k, what, tree in states:
        count += 1
        data = tree.get(name)
        allowed = [NEW] if k == len(ops) else [OLD, NEW] if name == "data" else [None, b"", NEW]
        if k < len(ops) and name != "data":
            continue  # a new file may be there in part until its program has ended
        if data not in allowed:
            return count, f"{what} before operation {k}"
    return count, None


def run(bench):
    tried, failures = 0, []
    for way in RIGHT + WRONG:
        ops, states = states_of(bench, way)
        _, fault = first_fault(ops, states, "sub/data" if "directory" in way and way.startswith(
            "in-a") else "data")
        tried += 1
        if way in RIGHT and fault:
            failures.append(f"the right program \"{way}\" is blamed: {fault}")
        if way in WRONG and not fault:
            failures.append(f"the wrong program \"{way}\" is not caught")
    tried += 1
    if not forgetting_is_caught(bench):
        failures.append("a collection whose fsyncs are all forgotten is not caught")
    return tried, failures


def forgetting_is_caught(bench):
    scenario = benches.Scenario("forgetful")
    scenario.lines["crash"] = ["exhibit collect $DATA/first --case c"]
    recording = benches.Recording(bench, scenario)
    judge = benches.Judge(recording)
    forget = lambda k: recording.ops[k].op == model.SYNC
    end = len(recording.ops)
    return any(judge.judge(tree, k, False) is not None for k, _, tree in model.states(
        recording.disk(), recording.ops, forget=forget) if k == end)
