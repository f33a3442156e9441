#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Do the program and the independent verifier agree about damaged vaults?

agree.py EXHIBIT EXHIBIT-VERIFY VAULT OFFICER...   N, SEED, KEEP in the environment

Each of N tries changes one thing in a copy of VAULT and asks both. They agree when both say that it is good
(exit status 0 everywhere) or both say that it is not. What is changed are the files that are in the scope of
both: vault.json, ledger/ and packs/. The passphrase comes from EXHIBIT_PASSPHRASE_FILE. Every disagreement is
printed with what was changed; those of KNOWN are no failure."""
import hashlib
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys


# Somebody changed these and made the hashes over them good again; decay cannot. The pages forbid them, and the
# verifier says so; `vault check --deep` does not look at them.
KNOWN = {
    'footer of a pack: 16 to 31': 'vault.md §3.3: the epoch, which is 0, and zeros',
    'trailer of a pack: lengths in a row': 'vault.md §3.3: those of the record',
    'record of a body: 4 to 7': 'vault.md §3.2: the number, which is 0',
    'header of a pack: 8 to 11': 'vault.md §3.1: the kind, which is 1',
}


def le32(b, at):
    return struct.unpack_from('<I', b, at)[0]


def files_of(vault):
    """All files in scope by kind."""
    kinds = {'config': [vault / 'vault.json'], 'head': [vault / 'ledger/checkpoint'], 'tile': [], 'entries': [],
             'body': [], 'pack': []}
    for path in sorted((vault / 'ledger/tile').rglob('*')):
        if path.is_file():
            kinds['entries' if 'entries' in path.parts else 'tile'].append(path)
    kinds['body'] = sorted(p for p in (vault / 'ledger/body').rglob('*') if p.is_file())
    kinds['pack'] = sorted((vault / 'packs').rglob('*.pack'))
    return {k: v for k, v in kinds.items() if v}


# ---- packs and bodies that are changed by somebody who can compute hashes (vault.md §3) ----

def records(data, end):
    at = 128
    while at + 48 <= end and data[at:at + 4] == b'EXR\x01':
        yield at
        at += 48 + le32(data, at + 16)


def seal_header(data):
    data[96:128] = hashlib.sha256(data[:96]).digest()


def seal_record(data, at):
    table = data[at + 48:at + 48 + le32(data, at + 20)]
    tag = hashlib.sha256(b'exhibit-record-v1\0' + data[16:48] + data[at:at + 32] + table).digest()
    data[at + 32:at + 48] = tag[:16]


def seal_footer(data):
    foot = len(data) - 64
    at = struct.unpack_from('<Q', data, foot + 8)[0]
    data[foot + 32:] = hashlib.sha256(bytes(data[16:48]) + bytes(data[foot:foot + 32]) + bytes(data[at:foot])).digest()


def trailer_part(data, end, at):
    """What stands at `at` in the trailer record that begins at `end`."""
    row = end + 48 + 4 + 12
    while row + 20 <= len(data) - 64:
        if row + 8 <= at < row + 16:
            return 'lengths in a row'
        row += 20 + 36 * le32(data, row + 16)
    return 'another place'


def forge(data, rng, is_pack):
    """Flips a bit and makes the hashes over it good again."""
    end = struct.unpack_from('<Q', data, len(data) - 64 + 8)[0] if is_pack else len(data)
    part = rng.choice(['header', 'record', 'table', 'trailer', 'footer'] if is_pack else ['header', 'record', 'table'])
    record = rng.choice(list(records(data, end)))
    start, size = {'header': (0, 96), 'record': (record, 32), 'table': (record + 48, le32(data, record + 20)),
                   'trailer': (end, len(data) - 64 - end), 'footer': (len(data) - 64, 32)}[part]
    at = start + rng.randrange(size)
    name = f'{part} of a {"pack" if is_pack else "body"}: '
    name += trailer_part(data, end, at) if part == 'trailer' else f'{(at - start) // 4 * 4} to {(at - start) // 4 * 4 + 3}'
    if part == 'footer' and at - start >= 16:
        name = 'footer of a pack: 16 to 31'
    data[at] ^= 1 << rng.randrange(8)
    if part == 'header':
        seal_header(data)
    for record in records(data, end) if part == 'header' else [record]:
        seal_record(data, record)
    if is_pack and part in ('header', 'trailer'):
        seal_record(data, end)
    if is_pack and (part != 'footer' or not 8 <= at - start < 16):
        seal_footer(data)
    return f'forge at {at}, {name}', name


# ---- one change ----

def change(vault, rng):
    kinds = files_of(vault)
    kind = rng.choice([k for k in kinds if os.environ.get('KINDS', k).find(k) >= 0])
    path = rng.choice(kinds[kind])
    data = bytearray(path.read_bytes())
    ways = ['flip'] * 6 + ['cut', 'append', 'remove', 'swap', 'copy', 'zero', 'link', 'dir']
    if kind in ('pack', 'body'):
        ways += ['forge'] * 6
    if os.environ.get('WAYS'):
        ways = os.environ['WAYS'].split()
    way = rng.choice(ways)
    what, name = way, ''
    if way == 'flip':
        at = rng.randrange(len(data))
        data[at] ^= 1 << rng.randrange(8)
        what = f'flip at {at}'
    elif way == 'cut':
        size = rng.choice([0, 1, len(data) // 2, len(data) - 1, rng.randrange(len(data))])
        data = data[:size]
        what = f'cut to {size}'
    elif way == 'append':
        data += rng.choice([b'\0', b'\n', rng.randbytes(100), bytes(data[-64:])])
    elif way == 'zero':
        at = rng.randrange(len(data))
        n = rng.choice([1, 16, 512, 4096])
        if not any(data[at:at + n]):
            data[at] = 255
        else:
            data[at:at + n] = bytes(len(data[at:at + n]))
        what = f'zero {n} at {at}'
    elif way == 'forge':
        what, name = forge(data, rng, kind == 'pack')
    elif way in ('swap', 'copy'):
        other = rng.choice(kinds[kind])
        if other == path or other.read_bytes() == bytes(data):
            return change(vault, rng)
        what = f'{way} with {other.relative_to(vault)}'
        mine, data = bytes(data), other.read_bytes()
        if way == 'swap':
            other.write_bytes(mine)
    if way == 'remove':
        path.unlink()
    elif way == 'link':
        outside = vault.parent / 'outside'
        outside.write_bytes(bytes(data))
        path.unlink()
        path.symlink_to(outside)
    elif way == 'dir':
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes(bytes(data))
    return f'{path.relative_to(vault)}: {what}', name


# ---- both are asked ----

def run(*command):
    done = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
    text = done.stdout.decode(errors='replace') + done.stderr.decode(errors='replace')
    if done.returncode < 0 or 'Sanitizer' in text or 'runtime error' in text:
        sys.exit(f'not ok - agree: a crash of {command[0]}: {done.returncode}\n{text}')
    return done.returncode, text


def ask_program(exhibit, vault, officer):
    """The first answer that is not 0, or 0. `verify` comes last: it writes into the ledger."""
    for words in (['vault', 'check', '--deep'], ['ledger', 'verify'], ['verify', '--all', '--linear', '--officer', officer]):
        status, text = run(exhibit, *words, '--vault', vault, '--quiet')
        if status != 0:
            return status, ' '.join(words[:2]), text
    return 0, 'all', text


def main():
    exhibit, verify, officer = sys.argv[1], sys.argv[2], sys.argv[4]
    source = pathlib.Path(sys.argv[3])
    tries, seed = int(os.environ.get('N', '60')), int(os.environ.get('SEED', '1'))
    rng = random.Random(seed)
    vault = source.parent / 'mutated' / 'vault'
    differ, good, known = 0, 0, 0
    for number in range(tries):
        shutil.rmtree(vault.parent, ignore_errors=True)
        shutil.copytree(source, vault, symlinks=True)
        what, name = change(vault, rng)
        theirs, said = run(verify, 'vault', vault)
        ours, asked, text = ask_program(exhibit, vault, officer)
        good += theirs == 0 and ours == 0
        if (theirs == 0) != (ours == 0):
            differ += 1
            is_known = name in KNOWN and ours == 0
            known += is_known
            print(f'# {number}: {what}\n#   exhibit: {ours} ({asked}), exhibit-verify: {theirs}'
                  f'{"; known: " + KNOWN[name] if is_known else ""}')
            told = '' if is_known else text if ours != 0 else said
            print(''.join(f'#     {line}\n' for line in told.splitlines()[:6]), end='')
            if os.environ.get('KEEP'):
                shutil.copytree(vault, pathlib.Path(os.environ['KEEP']) / f'{seed}-{number}', symlinks=True)
        if number % 500 == 499:
            print(f'# {number + 1} tries, {differ} disagreements', flush=True)
    shutil.rmtree(vault.parent, ignore_errors=True)
    print(f'# seed {seed}: {tries} changes, {tries - good - differ} that both noticed, {good} that neither did, '
          f'{differ} disagreements, {known} of these known')
    return differ != known


if __name__ == '__main__':
    sys.exit(main())
