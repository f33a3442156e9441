# SPDX-License-Identifier: Apache-2.0
"""Is a damage told? Which answers does it change?"""
import os

import proof
from subject import Dead

DERIVED = {"index segment", "index header", "index packs", "index filter", "index entries",
           "catalog.db", "verified", "parity"}
EVIDENCE = {"pack", "pack header", "chunk record", "node record", "manifest record", "trailer",
            "footer"}
# Damage that nobody is told of, and that changes nothing anybody relies on: why.
HARMLESS = {
    "journal": "the end of a journal may be torn; the work goes on from an earlier point",
    "ledger body": "of no entry, and beyond a gap: an append that comes there sets it aside",
    "officer's key": "of nobody whom the ledger enrols: it is not looked at",
    "failed unlocks": "not protected until a session signs them (ledger.md §6)",
}
CARRIES_NOTHING = ("a bit of compressed data that carries nothing: what it decompresses to is the same, "
                   "byte for byte")
ONLY_COPIES = {"ledger body", "officer's key"}
ANSWERS_EVERY, VERIFY_EVERY, REBUILD_EVERY = 5, 10, 13
CHANGING = ("checked_at", "time", "verified", "collected_at", "seconds", "entries", "timestamp",
            "oldest_verified", "monotonic")


def other_name(kind, rel, number, entries):
    """Under which name a copy of it would be taken for another of its kind; None: there is none."""
    folder, _, name = rel.rpartition("/")
    if kind in ("pack", "parity"):
        return f"{folder}/{folder[-2:]}{number:062x}.{name.rsplit('.')[-1]}"
    if kind == "index segment":
        return f"{folder}/{number:016x}.idx"
    if kind == "officer's key":
        return f"{folder}/{number:032x}.json"
    if kind == "ledger body":
        return f"{folder}/{entries + number % 2 * 100:03}"
    if kind in ("tile", "entry bundle"):
        return f"{folder}/{number + 100}" if folder.endswith(".p") else f"{folder}/{number + 100:03}"
    return None


def plain(value):
    """Without what is another one each time."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if k not in CHANGING}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value


class Outcome:
    def __init__(self):
        self.detected = self.named = self.crashed = False
        self.harmless, self.failure = "", ""


class Bench:
    """A vault and its judge, and what it answers while it is whole."""

    def __init__(self, judge, subject):
        self.judge, self.subject, self.changed = judge, subject, {}
        self.ama = ["--vault", subject.path, "--officer", "Ama"]
        self.ben = ["--vault", subject.path, "--officer", "Ben"]
        self.whole_check = self.check()
        self.whole_history = self.ledger()
        self.whole_keys, self.whole_work = self.keys(), self.unfinished()
        self.items, self.whole_answers = [], []
        self.items = [i["label"] for i in self.recorded(self.answers)[1]["result"]["items"]]
        self.whole_answers = self.recorded(self.answers)
        self.answers_one_later = self.recorded(self.answers_behind_a_leftover)
        if self.whole_check["exit"] != 0 or any(a["exit"] != 0 for a in self.whole_answers):
            raise RuntimeError(f"the vault is not sound: {self.whole_check} {self.whole_answers}")

    # ---- the judges; those that write entries put the vault back ----

    def recorded(self, judges):
        try:
            return judges()
        finally:
            self.put_back()

    def put_back(self):
        """As it was when the try began: whole, but for the damage."""
        self.subject.restore()
        for rel, data in self.changed.items():
            self.apply(rel, data)

    def apply(self, rel, data):
        if data is None:
            os.unlink(f"{self.subject.path}/{rel}")
        else:
            self.subject.put(rel, data)
            self.subject.touched(rel)

    def check(self):
        answer = self.judge.ask("vault", "check", "--deep", *self.ama)
        if answer["exit"] == 7:
            self.put_back()
        return answer

    def ledger(self):
        return self.judge.ask("ledger", "verify", "--vault", self.subject.path)

    def keys(self):
        """Each officer opens the vault, and so does nobody else."""
        return self.recorded(lambda: [
            self.judge.ask("key", "list", *self.ama),
            self.judge.ask("item", "list", *self.ben, officer=2)])

    def unfinished(self):
        return self.recorded(lambda: self.judge.ask("work", "list", *self.ama))

    def answers(self):
        show = [["item", "show", label] for label in self.items]
        return [self.judge.ask(*words, *self.ama)
                for words in (["case", "list"], ["item", "list"], *show, ["verify", "--all"])]

    def answers_behind_a_leftover(self):
        """Of the whole vault, when the session that opens enters ledger.leftover for another reason:
        so the answers are where that entry stands, and all that it changes."""
        entries = int(self.subject.files["ledger/checkpoint"].split(b"\n")[1])
        self.apply(f"ledger/body/{entries:03}", b"cut off")
        answers = self.answers()
        if self.leftovers("bodies_set_aside") != 1:
            raise RuntimeError("a body beyond the head is not told")
        return answers

    def leftovers(self, member):
        """Entries that say what lay beyond the head: bodies, or what the catalog remembered."""
        shown = self.judge.ask("ledger", "show", *self.ama)
        return sum(e["event"] == "ledger.leftover" and bool(e["body"]["what"][member])
                   for e in (shown.get("result") or {}).get("shown", []))

    # ---- one try ----

    def try_one(self, kind, what, change, number):
        o = Outcome()
        if isinstance(change, tuple):
            rel, at, bit = change
            data = bytearray(self.subject.files[rel])
            data[at] ^= 1 << bit
            change = [(rel, bytes(data))]
        self.changed = dict(change)
        try:
            for rel, data in change:
                self.apply(rel, data)
            self.judge_it(o, kind, number)
        except Dead as e:
            o.crashed, o.failure = True, f"CRASH {e}"
        finally:
            self.changed = {}
            self.subject.restore()
        if o.failure:
            o.failure = f"{what}: {o.failure[:600]}"
        return o

    def judge_it(self, o, kind, number):
        check = self.check()
        o.detected = check["exit"] != self.whole_check["exit"]
        if o.detected and not self.says_something(check):
            o.failure = f"a status without a word: {check}"
        elif kind in EVIDENCE and check["exit"] == 4:
            self.judge_items(o, check["result"], number)
        elif kind in DERIVED:
            self.judge_derived(o, number)
        elif not o.detected:
            self.judge_further(o, kind, self.changed.keys() - self.subject.files.keys())

    @staticmethod
    def says_something(answer):
        return bool(answer.get("text") or answer["result"]["problems"])

    def judge_items(self, o, result, number):
        """The items that the check names are those that a verification finds."""
        named = {i["label"] for i in result.get("items", [])}
        o.named = bool(named)
        if named and number % VERIFY_EVERY != 0:
            return
        verify = self.recorded(lambda: self.judge.ask("verify", "--all", *self.ama))
        if verify["exit"] not in (0, 4):
            o.failure = f"verify: {self.short(verify)}"
            return
        hurt = {i["label"] for i in verify["result"]["items"] if i["verdict"] != "good"}
        if hurt != named:
            o.failure = f"the check names {sorted(named)}, a verification {sorted(hurt)}"

    def judge_derived(self, o, number):
        told = o.detected and number % ANSWERS_EVERY != 0
        answers, entered = ([], 0) if told else \
            self.recorded(lambda: (self.answers(), self.leftovers("catalog_was_at")))
        o.detected = o.detected or entered == 1
        for whole, now in zip(self.answers_one_later if entered == 1 else self.whole_answers, answers):
            if now["exit"] != whole["exit"]:
                o.detected = True
                if not self.blames_the_derived(now):
                    o.failure = f"it changes a status: {self.short(now)}"
            elif plain(now) != plain(whole):
                if "catalog differs" in str(now):
                    o.detected = True
                else:
                    o.failure = f"it changes an answer: {difference(plain(whole), plain(now))}"
        if not o.detected and not o.failure:
            o.harmless = "derived: no answer changed"
        if number % REBUILD_EVERY == 0 and not o.failure:
            self.judge_rebuilt(o)

    @staticmethod
    def blames_the_derived(answer):
        """Altered or missing, or an error: for what is derived, and not for evidence, it says."""
        said = [answer] if answer["type"] == "error" else \
            [d for i in answer["result"].get("items", []) for d in i.get("damaged", [])]
        return answer["exit"] in (1, 4) and said and all(
            "index" in str(one) or "catalog" in str(one) for one in said)

    def judge_rebuilt(self, o):
        def rebuild():
            done = self.judge.ask("rebuild", *self.ama)
            return done, self.answers(), self.judge.ask("vault", "check", "--deep", *self.ama)

        done, answers, check = self.recorded(rebuild)
        if done["exit"] != 0:
            o.failure = f"rebuild: {done}"
        elif [plain(a) for a in answers[:2]] != [plain(a) for a in self.whole_answers[:2]]:
            o.failure = "after rebuild the answers are others"
        elif answers[-1]["exit"] != 0 or check["exit"] != 0 and self.is_no_parity(check):
            o.failure = f"after rebuild: {self.short(answers[-1])}, {self.short(check)}"

    @staticmethod
    def short(answer):
        """What it says that is not good."""
        result = answer.get("result") or {}
        claims = result.get("claims", {})
        return {"exit": answer["exit"], "text": answer.get("text"),
                "problems": result.get("problems"),
                "findings": [f for c in claims.values() for f in c["findings"]],
                "items": [i.get("damaged") for i in result.get("items", [])],
                "verdicts": [c["verdict"] for c in claims.values()]}

    @staticmethod
    def is_no_parity(check):
        return any("parity" not in p for p in check["result"]["problems"])

    def judge_further(self, o, kind, copied):
        """The check is content: does anything else tell?"""
        history = self.ledger()
        if history["exit"] != self.whole_history["exit"] or \
                plain(history) != plain(self.whole_history):
            o.detected = True
            return
        keys = self.keys()
        if [k["exit"] for k in keys] != [k["exit"] for k in self.whole_keys]:
            o.detected = True
            if not all(k["exit"] in (0, 1, 4, 5, 7, 9) for k in keys):
                o.failure = f"unlocking: {keys}"
            return
        if kind == "journal" and plain(self.unfinished()) != plain(self.whole_work):
            o.detected = True
            return
        if all(proof.carries_nothing(self.subject.files.get(rel, b""), data)
               for rel, data in self.changed.items()):
            o.harmless = CARRIES_NOTHING
        elif copied or kind not in ONLY_COPIES:
            o.harmless = HARMLESS.get(kind, "")
        if not o.harmless:
            o.failure = "nobody tells"


def difference(a, b):
    if isinstance(a, dict) and isinstance(b, dict):
        for k in a.keys() | b.keys():
            if a.get(k) != b.get(k):
                return f"{k}: {difference(a.get(k), b.get(k))}"
    if isinstance(a, list) and isinstance(b, list):
        if len(a) != len(b):
            return f"{len(a)} → {len(b)}: {str(b)[:300]}"
        for x, y in zip(a, b):
            if x != y:
                return difference(x, y)
    return f"{str(a)[:200]} → {str(b)[:300]}"
