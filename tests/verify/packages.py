#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Do the program and the independent verifier agree about damaged packages?

packages.py EXHIBIT EXHIBIT-VERIFY DIR KEY   N, SEED, KEEP in the environment

DIR is an opened package, KEY the vault key of its sender. Each of N tries changes one thing in a copy of it and asks
both. In half of them the manifests are made good again, as somebody would who alters evidence, so that only the
object's hashes and the ledger's proofs are left. Of a directory both say 3 at best, for the signatures lie beside
the file that it was opened from; that may be open, and what E01 images hold, and nothing else. Every disagreement is printed; those of
KNOWN are no failure."""
import hashlib
import os
import pathlib
import random
import shutil
import sys

from agree import run

TAGS = 'tagmanifest-sha256.txt'
# What the verifier says and the program does not: a name that a package never has; hashes in capitals, and a bagit.txt
# without its last LF, which RFC 8493 allows.
KNOWN = ('manifest-sha256.txt: a line is not', 'bagit.txt: it is no bag')
OPEN = ('partly-checked: the signatures over the encrypted file', 'partly-checked: of images only the hashes')


def files_of(bag):
    return sorted(str(p.relative_to(bag)) for p in bag.rglob('*') if p.is_file() and not p.is_symlink())


def sha(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def fsverity(data):
    def block(b):
        return hashlib.sha256(b + bytes(-len(b) % 4096)).digest()
    level = [block(data[i:i + 4096]) for i in range(0, len(data), 4096)] or [bytes(32)]
    while len(level) > 1:
        level = [block(b''.join(level[i:i + 128])) for i in range(0, len(level), 128)]
    head = bytes([1, 1, 12, 0]) + bytes(4) + len(data).to_bytes(8, 'little') + level[0]
    return hashlib.sha256(head + bytes(256 - len(head))).hexdigest()


def write(path, text):
    if path.is_file() and not path.is_symlink():
        path.write_text(text, errors='surrogateescape')


def images_of(bag):
    head = bag / 'exhibit/package'
    text = head.read_text(errors='surrogateescape') if head.is_file() and not head.is_symlink() else ''
    return {line.split(' ')[-1] for line in text.splitlines() if line.startswith('image ')}


def mend(bag):
    """Manifests of exactly what is there."""
    files = files_of(bag)
    data = [f for f in files if f.startswith('data/')]
    items = [f for f in data if f not in images_of(bag)]
    write(bag / 'manifest-sha256.txt', ''.join(f'{sha(bag / f)}  {f}\n' for f in data))
    write(bag / 'fsverity-sha256.txt', ''.join(f'sha256:{fsverity((bag / f).read_bytes())} {f}\n' for f in items))
    tags = [f for f in files if f not in data and f != TAGS]
    write(bag / TAGS, ''.join(f'{sha(bag / f)}  {f}\n' for f in tags))


def mend_tags(bag):
    """The hashes of the files that tagmanifest-sha256.txt lists."""
    if (bag / TAGS).is_file():
        lines = [line[66:] for line in (bag / TAGS).read_text(errors='surrogateescape').splitlines()]
        write(bag / TAGS, ''.join(f'{sha(bag / f)}  {f}\n' for f in lines if f in files_of(bag)))


# ---- one change ----

def change_bytes(data, rng):
    way = rng.choice(['flip'] * 5 + ['cut', 'append', 'zero', 'insert', 'delete'])
    at = rng.randrange(len(data)) if data else 0
    if way == 'flip' and data:
        data[at] ^= 1 << rng.randrange(8)
    elif way == 'cut':
        at = rng.choice([0, at, max(len(data) - 1, 0)])
        del data[at:]
    elif way == 'append':
        data += rng.choice([b'\0', b'\n', rng.randbytes(100), bytes(data[-64:])])
    elif way == 'zero':
        data[at:at + 16] = bytes(len(data[at:at + 16]))
    elif way == 'insert':
        data[at:at] = rng.choice([b'\n', b' ', b'0', rng.randbytes(3)])
    else:
        del data[at:at + 1]
    return f'{way} at {at}'


def change_lines(data, rng):
    """Lines of a text; of an excerpt, in half of the tries, the three lines of an entry."""
    lines = bytes(data).splitlines(keepends=True)
    step, first, last = 1, 0, len(lines)
    if lines[0] == b'exhibit-excerpt/v1\n' and rng.random() < 0.5:
        step, first, last = 3, 3, lines.index(b'checkpoint\n')
    places = range(first, last, step)
    at, other = rng.choice(places), rng.choice(places)
    part = lines[at:at + step]
    way = rng.choice(['remove', 'double', 'swap', 'move'] + (['bodiless', 'bare'] if step == 3 else []))
    if way == 'remove':
        del lines[at:at + step]
    elif way == 'double':
        lines[at:at] = part
    elif way == 'swap':
        lines[at:at + step], lines[other:other + step] = lines[other:other + step], part
    elif way == 'move':
        del lines[at:at + step]
        lines[other:other] = part
    elif way == 'bodiless':
        lines[at + 2] = b'body none\n'
    else:
        lines[at + 1] = b'proof\n'
    data[:] = b''.join(lines)
    return f'{way} of line {at + 1}{f" and {other + 1}" if way in ("swap", "move") else ""}{", an entry" if step == 3 else ""}'


def change_place(bag, path, rng):
    """Something about the file as such."""
    way = rng.choice(['remove', 'copy', 'swap', 'rename', 'link', 'dir', 'fifo', 'hard', 'add', 'add', 'add'])
    other = rng.choice([f for f in files_of(bag) if f != path])
    target = bag / path
    if way == 'add':
        path = rng.choice(['data/x.raw', 'x.txt', 'exhibit/objects/' + '0' * 64, '.x', 'data/.x', 'data/d/x', 'exhibit/x', 'x/y'])
        (bag / path).parent.mkdir(exist_ok=True)
        (bag / path).write_bytes(b'x')
    elif way == 'copy':
        shutil.copyfile(bag / other, target)
    elif way == 'swap':
        mine = target.read_bytes()
        shutil.copyfile(bag / other, target)
        (bag / other).write_bytes(mine)
    elif way in ('rename', 'hard'):
        (target.parent / 'renamed').hardlink_to(target)
        if way == 'rename':
            target.unlink()
    else:
        mine = target.read_bytes()
        target.unlink()
        if way == 'link':
            (bag.parent / 'outside').write_bytes(mine)
            target.symlink_to(bag.parent / 'outside')
        elif way == 'dir':
            target.mkdir()
        elif way == 'fifo':
            os.mkfifo(target)
    return f'{way} of {path}{f" with {other}" if way in ("copy", "swap") else ""}'


def change(bag, rng):
    kinds = [['exhibit/excerpt'], ['exhibit/package'], files_of(bag)]
    path = rng.choice(rng.choice(kinds))
    way = rng.random()
    if way < 0.25:
        return change_place(bag, path, rng)
    data = bytearray((bag / path).read_bytes())
    text = path.startswith('exhibit/') or path.endswith('.txt')
    what = change_lines(data, rng) if text and way < 0.55 else change_bytes(data, rng)
    (bag / path).write_bytes(data)
    return f'{path}: {what}'


def main():
    exhibit, verify, source, key = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]), sys.argv[4]
    tries, seed = int(os.environ.get('N', '60')), int(os.environ.get('SEED', '1'))
    rng = random.Random(seed)
    bag = source.parent / 'mutated' / 'bag'
    differ, good, known = 0, 0, 0
    for number in range(tries):
        shutil.rmtree(bag.parent, ignore_errors=True)
        shutil.copytree(source, bag)
        run('chmod', '-R', 'u+w', bag)
        what = change(bag, rng)
        mended = rng.choice(['no', 'no', 'tags', 'all'])
        if mended != 'no' and not what.startswith(TAGS):
            (mend if mended == 'all' else mend_tags)(bag)
            what += f'; hashes mended: {mended}'
        theirs, said = run(verify, 'package', bag, '--key', key)
        ours, text = run(exhibit, 'package', 'verify', bag, '--key', key, '--quiet')
        # findings come before the items
        findings = [line for line in said.splitlines() if line.startswith(('altered', 'missing', 'bad-', 'failed', 'partly-')) and not line.startswith(OPEN)]
        content = theirs == 3 and not findings
        good += content and ours == 3
        if content != (ours == 3) or 0 in (theirs, ours):
            differ += 1
            # the program compares the comment of officer.pub too, and reads all of bag-info.txt, which proves nothing
            is_known = theirs > 3 and all(any(k in line for k in KNOWN) for line in findings) or content and any(f in what for f in ('officer.pub', 'bag-info.txt'))
            known += is_known
            print(f'# {number}: {what}\n#   exhibit: {ours}, exhibit-verify: {theirs}{"; known" if is_known else ""}')
            told = '' if is_known else text if ours != 3 else said
            print(''.join(f'#     {line}\n' for line in told.splitlines()[:6]), end='')
            if os.environ.get('KEEP'):
                shutil.copytree(bag, pathlib.Path(os.environ['KEEP']) / f'{seed}-{number}', symlinks=True)
    shutil.rmtree(bag.parent, ignore_errors=True)
    print(f'# seed {seed}: {tries} changes, {tries - good - differ} that both noticed, {good} that neither did, '
          f'{differ} disagreements, {known} of these known')
    return differ != known


if __name__ == '__main__':
    sys.exit(main())
