#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ledgers that somebody with every key wrote, good ones and such as break a rule of ledger.md §3 and §5.

forge.py EXHIBIT EXHIBIT-VERIFY FOLDER: writes each into FOLDER and asks both programs, which must agree with each
other and with what is written here. Prints TAP lines. The signatures are made by openssl."""
import base64
import datetime
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

from custody import TELL, some_id

START = datetime.datetime(2026, 1, 2, 3, 4, 5)


def b64(b):
    return base64.b64encode(b).decode()


def sha(*parts):
    return hashlib.sha256(b''.join(parts)).digest()


class Key:
    """An Ed25519 key made from a word."""
    folder = None

    def __init__(self, word):
        self.file = self.folder / f'{word}.key'
        self.file.write_bytes(bytes.fromhex('302e020100300506032b657004220420') + sha(word.encode()))
        self.public = subprocess.run(['openssl', 'pkey', '-inform', 'DER', '-in', self.file, '-pubout', '-outform', 'DER'],
                                     check=True, capture_output=True).stdout[-32:]

    def sign(self, text):
        (self.folder / 'text').write_bytes(text)
        return subprocess.run(['openssl', 'pkeyutl', '-sign', '-rawin', '-keyform', 'DER', '-inkey', self.file, '-in',
                               self.folder / 'text'], check=True, capture_output=True).stdout


def root_of(leaves):
    if not leaves:
        return sha(b'')
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha(b'\1', root_of(leaves[:k]), root_of(leaves[k:]))


class Ledger:
    def __init__(self, keys):
        self.keys, self.id = keys, some_id('vault')
        self.origin = f'exhibit-vault/{self.id}'
        self.vault = keys['vault']
        key_id = sha(self.origin.encode(), b'\n\1', self.vault.public)[:4]
        self.config = json.dumps({'format': 'exhibit-vault', 'version': 1, 'id': self.id, 'origin': self.origin,
                                  'mode': 'plain', 'created': self.time(0),
                                  'vault_key': f'{self.origin}+{key_id.hex()}+{b64(bytes([1]) + self.vault.public)}',
                                  'box': b64(self.vault.public)}).encode()
        self.key_id, self.entries, self.leaves, self.seconds = key_id, [], [], 0

    def time(self, seconds):
        return (START + datetime.timedelta(seconds=seconds)).strftime('%Y-%m-%dT%H:%M:%S.000000000Z')

    def add(self, event, signer, *lines, key=None, after=1, **change):
        """One entry; `change` gives head lines other values. Returns its index."""
        self.seconds += after
        index = len(self.entries)
        head = {'log': self.origin, 'index': index, 'tree': b64(root_of(self.leaves)), 'event': event,
                'time': self.time(self.seconds), 'zone': '+00:00', 'clock': 'kernel-synchronised',
                'monotonic': f'{"ab" * 8} {self.seconds * 10**9}', 'signer': signer}
        head.update(change)
        text = 'exhibit-entry/v1\n' + ''.join(f'{k} {v}\n' for k, v in head.items()) + ''.join(f'{l}\n' for l in lines)
        if key is None:
            word = signer.split()[0]
            key = self.vault if word == 'vault' else self.signers[signer]
        text = text.encode(errors='surrogateescape')
        text += b'signature ' + b64(key.sign(text)).encode() + b'\n'
        self.entries.append(text)
        self.leaves.append(sha(b'\0', text))
        return index

    def begin(self, first='ann'):
        """The vault, and its first officer, who may do everything."""
        self.signers = {f'officer {some_id(w)}': self.keys[w] for w in ('ann', 'ben', 'cyd', 'dan')}
        self.add('vault.create', 'vault', f'config {hashlib.sha256(self.config).hexdigest()}',
                 f'vault-key {b64(self.vault.public)}')
        self.add('officer.enrol', self.officer(first), *self.enrolment(first, 'all'))
        return self.session(first)

    def officer(self, word):
        return f'officer {some_id(word)}'

    def enrolment(self, word, *permissions):
        return [f'officer {some_id(word)}', f'officer-key {b64(self.keys[word].public)}',
                f'officer-box {b64(self.keys[word].public)}', *(f'permission {p}' for p in permissions)]

    def session(self, word, hours=12, **more):
        key = self.keys['session']
        index = self.add('session.open', self.officer(word), f'officer {some_id(word)}', f'session-key {b64(key.public)}',
                         f'expires {self.time(self.seconds + hours * 3600)}', **more)
        self.signers[f'session {index}'] = key
        return f'session {index}'

    def enrol(self, by, word, *permissions, **more):
        return self.add('officer.enrol', by, *self.enrolment(word, *permissions), **more)

    def pair(self, by, stem, *lines, result='done'):
        intent = self.add(f'{stem}.intent', by, *lines)
        return self.add(f'{stem}.outcome', by, *lines, f'intent {intent}', f'result {result}')

    def propose(self, by, word, item='i', **more):
        """A proposal in its command; returns the proposal's index."""
        line = f'item {some_id(item)}'
        intent = self.add('dispose.intent', by, line)
        index = self.add('dispose.propose', self.officer(word), line, **more)
        self.add('dispose.outcome', by, line, f'intent {intent}', 'result done')
        return index

    def approve(self, by, word, proposal, item='i', **more):
        line = f'item {some_id(item)}'
        intent = self.add('dispose.intent', by, line)
        index = self.add('dispose.approve', self.officer(word), line, f'intent {proposal}', **more)
        self.add('dispose.outcome', by, line, f'intent {intent}', 'result partial')
        return index

    def write(self, vault):
        n = len(self.entries)
        shutil.rmtree(vault, ignore_errors=True)
        for name in ('packs', 'ledger/body', 'ledger/tile/0', 'ledger/tile/entries', 'work', 'index', 'keys'):
            (vault / name).mkdir(parents=True)
        (vault / 'vault.json').write_bytes(self.config)
        assert n < 256
        for kind, data in (('0', b''.join(self.leaves)),
                           ('entries', b''.join(len(e).to_bytes(2, 'big') + e for e in self.entries))):
            path = vault / f'ledger/tile/{kind}/000.p/{n}'
            path.parent.mkdir()
            path.write_bytes(data)
        text = f'{self.origin}\n{n}\n{b64(root_of(self.leaves))}\n'.encode()
        (vault / 'ledger/checkpoint').write_bytes(
            text + f'\n— {self.origin} {b64(self.key_id + self.vault.sign(text))}\n'.encode())


# ---- the ledgers: True is good, False is not; None: the page forbids it, and `ledger verify` does not look ----

def plain(l):
    s = l.begin()
    l.add('case.create', s, f'case {some_id("c")}', 'result done')
    l.pair(s, 'verify')
    return True


def two_officers(l):
    s = l.begin()
    l.enrol(s, 'ben', 'collect', 'view')
    l.pair(l.session('ben'), 'verify')
    return True


def manage_needed(l):
    s = l.begin()
    l.enrol(s, 'ben', 'collect', 'view')
    l.enrol(l.session('ben'), 'cyd', 'view')
    return False


def manage_given(l):
    s = l.begin()
    l.enrol(s, 'ben', 'manage')
    l.enrol(l.session('ben'), 'cyd', 'view')
    return True


def same_id_again(l):
    s = l.begin()
    l.enrol(s, 'ben', 'view')
    l.enrol(s, 'ben', 'all')
    return False


def permissions_order(l):
    l.enrol(l.begin(), 'ben', 'view', 'collect')
    return False


def retired_session(l):
    s = l.begin()
    l.enrol(s, 'ben', 'view')
    t = l.session('ben')
    l.add('officer.retire', s, f'officer {some_id("ben")}')
    l.add('view.items', t)
    return False


def retired_opens(l):
    s = l.begin()
    l.enrol(s, 'ben', 'view')
    l.add('officer.retire', s, f'officer {some_id("ben")}')
    l.session('ben')
    return False


def retire_good(l):
    s = l.begin()
    l.enrol(s, 'ben', 'view')
    l.pair(l.session('ben'), 'verify')
    l.add('officer.retire', s, f'officer {some_id("ben")}')
    return True


def retire_self(l):
    s = l.begin()
    l.enrol(s, 'ben', 'all')
    l.add('officer.retire', s, f'officer {some_id("ann")}')
    return False


def retire_twice(l):
    s = l.begin()
    l.enrol(s, 'ben', 'view')
    for _ in range(2):
        l.add('officer.retire', s, f'officer {some_id("ben")}')
    return False


def retire_nobody(l):
    l.add('officer.retire', l.begin(), f'officer {some_id("ben")}')
    return False


def retire_without_manage(l):
    s = l.begin()
    l.enrol(s, 'ben', 'view')
    l.add('officer.retire', l.session('ben'), f'officer {some_id("ann")}')
    return False


def expired(l):
    s = l.begin()
    l.add('view.items', s, after=12 * 3600 + 1)
    return False


def not_expired(l):
    s = l.begin()
    l.add('view.items', s, after=12 * 3600 - 2)
    return True


def at_the_last_instant(l):
    l.begin()
    s = l.session('ann', hours=1)
    l.add('view.items', s, after=3600 - 1)
    return True


def recover(l, permissions=('view',), signer='vault', replaces='ben', retire=False):
    s = l.begin()
    l.enrol(s, 'ben', 'view')
    if retire:
        l.add('officer.retire', s, f'officer {some_id("ben")}')
    l.add('officer.recover', signer or s, *l.enrolment('cyd', *permissions), f'replaces {some_id(replaces)}')
    return s


def recover_good(l):
    recover(l)
    l.session('cyd')
    return True


def recover_more(l):
    recover(l, permissions=('all',))
    return False


def recover_by_session(l):
    recover(l, signer=None)
    return False


def recover_nobody(l):
    recover(l, replaces='dan')
    return False


def recover_retired(l):
    recover(l, retire=True)
    return False


def recovered_signs(l):
    recover(l)
    l.session('ben')
    return False


def unknown_session(l):
    s = l.begin()
    l.signers['session 1'] = l.signers[s]
    l.add('view.items', 'session 1')
    return False


def bad_signature(l):
    l.add('view.items', l.begin(), key=l.keys['dan'])
    return False


def officer_signs(l):
    l.begin()
    l.add('view.items', l.officer('ann'))
    return False


def vault_signs(l):
    l.begin()
    l.add('view.items', 'vault')
    return False


def session_for_another(l):
    s = l.begin()
    l.enrol(s, 'ben', 'view')
    l.add('session.open', l.officer('ann'), f'officer {some_id("ben")}', f'session-key {b64(l.keys["session"].public)}',
          f'expires {l.time(l.seconds + 3600)}')
    return False


def session_by_session(l):
    s = l.begin()
    l.add('session.open', s, f'officer {some_id("ann")}', f'session-key {b64(l.keys["session"].public)}',
          f'expires {l.time(l.seconds + 3600)}')
    return False


def first_by_another(l):
    l.signers = {f'officer {some_id(w)}': l.keys[w] for w in ('ann', 'ben')}
    l.add('vault.create', 'vault', f'config {hashlib.sha256(l.config).hexdigest()}', f'vault-key {b64(l.vault.public)}')
    l.add('officer.enrol', l.officer('ben'), *l.enrolment('ann', 'all'), key=l.keys['ann'])
    return False


def created_again(l):
    l.begin()
    l.add('vault.create', 'vault', f'config {hashlib.sha256(l.config).hexdigest()}', f'vault-key {b64(l.vault.public)}')
    return False


def other_config(l):
    l.config += b'\n'
    l.begin()
    l.config = l.config[:-1]
    return False


def other_key(l):
    real = l.vault
    l.signers = {}
    l.add('vault.create', 'vault', f'config {hashlib.sha256(l.config).hexdigest()}', f'vault-key {b64(l.keys["dan"].public)}')
    l.signers = {l.officer('ann'): l.keys['ann']}
    l.add('officer.enrol', l.officer('ann'), *l.enrolment('ann', 'all'))
    l.vault = real
    return False


def only_the_vault(l):
    l.signers = {}
    l.add('vault.create', 'vault', f'config {hashlib.sha256(l.config).hexdigest()}', f'vault-key {b64(l.vault.public)}')
    return True


# ---- intents and outcomes ----

def open_intent(l):
    l.add('verify.intent', l.begin())
    return True


def outcome_alone(l):
    l.add('verify.outcome', l.begin(), 'result done')
    return False


def outcome_twice(l):
    s = l.begin()
    i = l.add('verify.intent', s)
    for _ in range(2):
        l.add('verify.outcome', s, f'intent {i}', 'result done')
    return False


def outcome_of_another(l):
    s = l.begin()
    i = l.add('export.intent', s)
    l.add('verify.outcome', s, f'intent {i}', 'result done')
    return False


def outcome_of_no_intent(l):
    s = l.begin()
    i = l.add('view.items', s)
    l.add('view.outcome', s, f'intent {i}', 'result done')
    return False


def outcome_other_item(l):
    s = l.begin()
    i = l.add('export.intent', s, f'item {some_id("i")}')
    l.add('export.outcome', s, f'item {some_id("j")}', f'intent {i}', 'result done')
    return False


def outcome_other_case(l):
    s = l.begin()
    i = l.add('export.intent', s, f'case {some_id("i")}')
    l.add('export.outcome', s, f'case {some_id("j")}', f'intent {i}', 'result done')
    return False


def outcome_names_more(l):
    s = l.begin()
    i = l.add('export.intent', s)
    l.add('export.outcome', s, f'item {some_id("j")}', f'intent {i}', 'result done')
    return True


def intent_elsewhere(l):
    s = l.begin()
    i = l.add('verify.intent', s)
    l.add('view.items', s, f'intent {i}')
    return False


def intent_later(l):
    s = l.begin()
    l.add('verify.outcome', s, f'intent {len(l.entries)}', 'result done')
    return False


def stem_prefix(l):
    s = l.begin()
    i = l.add('case-x.intent', s)
    l.add('case.outcome', s, f'intent {i}', 'result done')
    return False


def outcome_by_another_officer(l):
    s = l.begin()
    l.enrol(s, 'ben', 'all')
    i = l.add('verify.intent', s)
    l.add('verify.outcome', l.session('ben'), f'intent {i}', 'result done')
    return True


# ---- disposal ----

def disposal(l, second='all', first='all'):
    s = l.begin()
    if first != 'all':
        l.enrol(s, 'cyd', first)
    l.enrol(s, 'ben', second)
    return s


def dispose_good(l):
    s = disposal(l)
    l.approve(l.session('ben'), 'ben', l.propose(s, 'ann'))
    return True


def dispose_permission(l):
    s = disposal(l, second='dispose')
    l.approve(l.session('ben'), 'ben', l.propose(s, 'ann'))
    return True


def dispose_self(l):
    s = disposal(l)
    l.approve(s, 'ann', l.propose(s, 'ann'))
    return False


def dispose_without_right(l):
    s = disposal(l, second='view')
    l.approve(l.session('ben'), 'ben', l.propose(s, 'ann'))
    return False


def propose_without_right(l):
    disposal(l, second='view')
    l.propose(l.session('ben'), 'ben')
    return False


def dispose_newcomer(l):
    s = l.begin()
    p = l.propose(s, 'ann')
    l.enrol(s, 'ben', 'all')
    l.approve(l.session('ben'), 'ben', p)
    return False


def dispose_recovered(l):
    s = disposal(l, second='dispose')
    p = l.propose(s, 'ann')
    l.add('officer.recover', 'vault', *l.enrolment('cyd', 'dispose'), f'replaces {some_id("ben")}')
    l.approve(l.session('cyd'), 'cyd', p)
    return False


def dispose_other_item(l):
    s = disposal(l)
    l.approve(l.session('ben'), 'ben', l.propose(s, 'ann'), item='j')
    return False


def dispose_late(l):
    s = disposal(l)
    p = l.propose(s, 'ann')
    l.seconds += 30 * 86400
    l.approve(l.session('ben'), 'ben', p)
    return False


def dispose_in_time(l):
    s = disposal(l)
    p = l.propose(s, 'ann')
    l.seconds += 30 * 86400 - 100
    l.approve(l.session('ben'), 'ben', p)
    return True


def dispose_twice(l):
    s = disposal(l)
    p = l.propose(s, 'ann')
    t = l.session('ben')
    l.approve(t, 'ben', p)
    l.approve(t, 'ben', p)
    return False


def dispose_two_proposals(l):
    s = disposal(l)
    l.propose(s, 'ann')
    l.approve(l.session('ben'), 'ben', l.propose(s, 'ann'))
    return True


def dispose_of_nothing(l):
    s = disposal(l)
    i = l.add('view.items', s)
    l.approve(l.session('ben'), 'ben', i)
    return False


def dispose_outside(l):
    l.begin()
    l.add('dispose.propose', l.officer('ann'), f'item {some_id("i")}')
    return None


def dispose_by_session(l):
    s = l.begin()
    l.add('dispose.intent', s, f'item {some_id("i")}')
    l.add('dispose.propose', s, f'item {some_id("i")}')
    return False


def dispose_no_item(l):
    s = l.begin()
    l.add('dispose.intent', s, f'item {some_id("i")}')
    l.add('dispose.propose', l.officer('ann'))
    return False


def tombstone_alone(l):
    l.pair(l.begin(), 'dispose', f'item {some_id("i")}', f'object {"ab" * 32}')
    return False


# ---- spelling ----

def spelled(good, **change):
    def make(l):
        l.add(change.pop('event', 'view.items'), l.begin(), **change)
        return good
    return make


def lines(good, *extra):
    def make(l):
        l.add('view.items', l.begin(), *extra)
        return good
    return make


def last(good, time):
    def make(l):
        l.begin()
        l.add('session.open', l.officer('ann'), f'officer {some_id("ann")}', f'session-key {b64(l.vault.public)}',
              f'expires {time}', time=time)
        return good
    return make


def other_tree(l):
    s = l.begin()
    l.add('view.items', s, tree=b64(sha(b'')))
    return False


def slash(l):
    """libsodium decodes the byte 0xaf as if it were a slash."""
    s = l.begin()
    while '/' not in b64(root_of(l.leaves)):
        l.add('view.items', s)
    l.add('view.items', s, tree=b64(root_of(l.leaves)).replace('/', '\udcaf', 1))
    return False


SPELLINGS = {
    'a zone': spelled(True, zone='-11:30'), 'zone -00:00': spelled(False, zone='-00:00'),
    'zone +24:00': spelled(False, zone='+24:00'), 'zone +23:59': spelled(True, zone='+23:59'),
    'zone +00:60': spelled(False, zone='+00:60'), 'a free clock': spelled(True, clock='kernel-free-running'),
    'an unknown clock': spelled(False, clock='sundial'), 'index 0 again': spelled(False, index=0),
    'index with zeros': spelled(False, index='03'), 'another log': spelled(False, log='exhibit-vault/' + '0' * 32),
    'February 30': spelled(False, time='2026-02-30T00:00:00.000000000Z'),
    'February 29 of no leap year': spelled(False, time='2026-02-29T00:00:00.000000000Z'),
    'second 60': spelled(False, time='2025-12-31T23:59:60.000000000Z'),
    'hour 24': spelled(False, time='2026-01-01T24:00:00.000000000Z'),
    'milliseconds': spelled(False, time='2026-01-02T03:04:09.000Z'),
    'a clock that went back': spelled(True, time='2025-12-31T23:59:59.000000000Z'),
    '1969': spelled(False, time='1969-12-31T23:59:59.999999999Z'), '1970': spelled(True, time='1970-01-01T00:00:00.000000000Z'),
    'the last instant': last(True, '2262-04-11T23:47:16.854775807Z'), 'the one after': last(False, '2262-04-11T23:47:16.854775808Z'),
    'the year 0000': spelled(False, time='0000-01-01T00:00:00.000000000Z'),
    'monotonic with zeros': spelled(False, monotonic='ab' * 8 + ' 007'), 'monotonic 0': spelled(True, monotonic='ab' * 8 + ' 0'),
    'boot not known': spelled(True, monotonic='0' * 16 + ' 0'), 'boot in capitals': spelled(False, monotonic='AB' * 8 + ' 7'),
    'an event in capitals': spelled(False, event='View.items'), 'an event without a dot': spelled(False, event='view'),
    'an event with two dots': spelled(False, event='view.items.all'), 'an event of nobody': spelled(True, event='x-1.y-2'),
    'a long word': spelled(False, event='v' * 33 + '.items'), '32 letters': spelled(True, event='v' * 32 + '.' + 'i' * 32),
    'two spaces': spelled(False, zone=' +00:00'), 'a space behind': spelled(False, zone='+00:00 '),
    'base64 with other last bits': spelled(False, tree='A' * 42 + 'B='), 'base64 without =': spelled(False, tree='A' * 43),
    'an unknown result': lines(None, 'result good'), 'a result': lines(True, 'result refused'),
    'an unknown line': lines(False, 'note hello'), 'lines in another order': lines(False, f'item {"0" * 32}', f'case {"0" * 32}'),
    'a line twice': lines(False, f'item {"0" * 32}', f'item {"0" * 32}'), 'an officer elsewhere': lines(None, f'officer {"0" * 32}'),
    'an empty line': lines(False, ''), 'an id in capitals': lines(False, f'item {"A" * 32}'),
    'a session key elsewhere': lines(False, 'session-key ' + b64(bytes(32)), 'expires 2027-01-01T00:00:00.000000000Z'),
    'a section without body': lines(False, f'section what {"0" * 64}'),
    'sections in another order': lines(False, f'section who {"0" * 64}', f'section what {"0" * 64}'),
    'a tree that was another': other_tree, 'base64 with 0xaf for a slash': slash,
}
RULES = [plain, two_officers, manage_needed, manage_given, same_id_again, permissions_order, retired_session, retired_opens,
         retire_good, retire_self, retire_twice, retire_nobody, retire_without_manage, expired, not_expired,
         at_the_last_instant, recover_good, recover_more, recover_by_session, recover_nobody, recover_retired,
         recovered_signs, unknown_session, bad_signature, officer_signs, vault_signs, session_for_another,
         session_by_session, first_by_another, created_again, other_config, other_key, only_the_vault, open_intent,
         outcome_alone, outcome_twice, outcome_of_another, outcome_of_no_intent, outcome_other_item, outcome_other_case,
         outcome_names_more, intent_elsewhere, intent_later, stem_prefix, outcome_by_another_officer, dispose_good,
         dispose_permission, dispose_self, dispose_without_right, propose_without_right, dispose_newcomer,
         dispose_recovered, dispose_other_item, dispose_late, dispose_in_time, dispose_twice, dispose_two_proposals,
         dispose_of_nothing, dispose_outside, dispose_by_session, dispose_no_item, tombstone_alone]


def ask(*command):
    done = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    return done.returncode, (done.stdout + done.stderr).decode(errors='replace')


def main():
    exhibit, verify, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    Key.folder = folder
    keys = {w: Key(w) for w in ('vault', 'ann', 'ben', 'cyd', 'dan', 'session')}
    ledgers = {f.__name__.replace('_', ' '): f for f in RULES} | SPELLINGS | TELL
    only, bad = os.environ.get('ONLY'), 0
    for name, make in ledgers.items():
        if only and only != name:
            continue
        vault = folder / 'vault'
        ledger = Ledger(keys)
        good = make(ledger)
        ledger.write(vault)
        theirs, said = ask(verify, 'vault', vault)
        ours, told = ask(exhibit, 'ledger', 'verify', '--vault', vault)
        right = (theirs == 0) == bool(good) and (good is None or (ours == 0) == good)
        bad += not right
        print(f'{"ok" if right else "not ok"} - ledger: {name} is {"good" if good else "not good"}, '
              f'{"for the verifier; exhibit says " + str(ours) if good is None else "for both"}')
        if not right or only:
            print(f'#   exhibit: {ours}, exhibit-verify: {theirs}')
            for who, text in (('exhibit', told), ('exhibit-verify', said)):
                print(''.join(f'#   {who}: {line}\n' for line in text.splitlines() if line)[:3000], end='')
    print(f'# {len(ledgers)} ledgers, {bad} that are not judged as they should be')
    return bad != 0


if __name__ == '__main__':
    sys.exit(main())
