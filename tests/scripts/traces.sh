#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What examinations found, through the life of a vault: the same bytes twice, a rebuild that changes nothing,
# compaction that keeps it, damage that is said, disposal that removes it, and no name in the clear: tests/scripts/traces.sh EXHIBIT; prints TAP.
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" traces "$1"
PATH=$PATH:/usr/sbin
for tool in jq mke2fs python3; do
    command -v $tool >/dev/null && continue
    skip 'all of it' "$tool is missing"
    echo "1..$count"
    exit 0
done
summary() { jq -c 'select(.type == "summary").result'; }
traces() { exhibit trace list "$1" --limit 100000 --officer One --json | summary | jq -c '[.examination.traces, .traces]'; }
rows() { # of a plain catalog: everything that comes from examinations
    python3 -c 'import sqlite3, sys
c = sqlite3.connect("file:" + sys.argv[1] + "/catalog.db?mode=ro", uri=True)
for table in "examinations", "traces":
    for row in c.execute("SELECT * FROM %s ORDER BY 1, 2" % table): print(table, row)' "$1"
}
mkdir -p tree/secrets
for n in 1 2 3 4 5 6 7 8; do seq "$n" $((n * 1000)) >"tree/secrets/whispered-name-$n.txt"; done
mke2fs -q -F -t ext4 -d tree fs.img 16M >/dev/null 2>&1
head -c 3000000 /dev/urandom >other.img

# A plain vault, where everything can be looked at.
{
    exhibit init vault --agency A --officer One --plain --kdf-memory 8
    exhibit case new --number 1 --title t --officer One
    exhibit collect fs.img --case 1 --officer One
    exhibit collect other.img --case 1 --officer One
} >log 2>&1
exhibit examine 1/1 --officer One --json --workers 1 2>/dev/null | summary >first
exhibit examine 1/1 --officer One --json --workers 2 2>/dev/null | summary >again
check 'it is examined' [ "$(jq -r .result first)" = done ]
check 'and two objects' [ "$(jq -r .object first)" != "$(jq -r .object again)" ]
check 'nothing is hashed twice' [ "$(jq -c '[.hashed.contents, .remembered.contents]' again)" = '[0,8]' ]
exhibit trace export 1/1 --output held.jsonl --officer One >log 2>&1
check 'what is given out is what is held' \
    [ "$(sha256sum <held.jsonl | cut -c 1-64)" = "$(jq -r .sha256 again)" ]
check 'twice gives the same bytes, but for what was known' \
    [ "$(sed 's/,"known":true//' held.jsonl | sha256sum | cut -c 1-64)" = "$(jq -r .sha256 first)" ]
check 'which is said of each' [ "$(jq -c 'select(.known and .sha256)' held.jsonl | wc -l)" = 8 ]
check 'the end counts the lines' \
    [ "$(tail -1 held.jsonl | jq .end.traces)" = $(($(wc -l <held.jsonl) - 2)) ]
by_hand() { # each file of one place, by the stock tools
    local count=0 offset size sha256
    while read -r offset size sha256; do
        [ "$(tail -c +$((offset + 1)) fs.img | head -c "$size" | sha256sum | cut -c 1-64)" = "$sha256" ] || return 1
        count=$((count + 1))
    done < <(jq -r 'select(.kind == "file" and .sha256 and (.ranges | length) == 1) | "\(.ranges[0][0]) \(.size) \(.sha256)"' held.jsonl)
    [ $count = 8 ]
}
check 'the places hold what was hashed' by_hand

traces 1/1 >before
rows vault >rows.before
exhibit rebuild --officer One >log 2>&1
rows vault >rows.after
check 'a rebuild gives the same rows' cmp rows.before rows.after
rm -rf vault/catalog.db* vault/index
exhibit rebuild --officer One >log 2>&1
rows vault >rows.after
check 'also from nothing' cmp rows.before rows.after
exhibit vault compact --waste 0 --officer One >log 2>&1
traces 1/1 >after
check 'compaction keeps it' cmp before after
check 'in every byte' exhibit vault check --deep --officer One
exhibit rebuild --officer One >log 2>&1
rows vault >rows.after
check 'and where it is' cmp rows.before rows.after

# Somebody writes to the catalog of a plain vault: lists count, and what is shown of one trace is from the result.
forge() { # the vault is a copy each time
    rm -rf forged
    cp -a vault forged
    python3 -c 'import sqlite3, sys
c = sqlite3.connect(sys.argv[1] + "/catalog.db")
newest = c.execute("SELECT max(entry) FROM examinations").fetchone()[0]
c.execute("PRAGMA foreign_keys=OFF")
rows = c.execute(sys.argv[2], {"newest": newest}).rowcount
c.commit()
sys.exit(rows < 1)' forged "$1"
}
same_paths() { # of every trace, as listed and as read from the result
    exhibit trace list 1/1 --officer One --json | summary | jq -r '.traces[] | "\(.id) \(.path)"' >listed
    while read -r id path; do
        [ "$(exhibit trace show "$id" --officer One --json | summary | jq -r .path)" = "$path" ] || return 1
    done <listed
    [ "$(wc -l <listed)" = "$(jq .traces again)" ]
}
check 'every path follows from the result' same_paths
id=$(jq -r 'select(.name == "whispered-name-3.txt").id' held.jsonl)
exhibit trace show "$id" --officer One >shown 2>&1
check 'a hash that was known is shown as such' grep -q 'taken from an earlier examination' shown
forged() { status_is 4 exhibit "$@" --officer One --vault forged; }
says() { # text command…
    local text=$1
    shift
    exhibit "$@" --officer One --vault forged 2>&1 | grep -q "$text"
}
check 'a catalog can be forged' forge "UPDATE traces SET name = 'another' WHERE name = 'whispered-name-3.txt'"
check 'a list says what it is made from' says 'from the catalog' trace list 1/1
check 'also for programs' [ "$(exhibit trace list 1/1 --json --officer One | summary | jq -r .listed_from)" = catalog ]
check 'a changed name is not shown' forged trace show "$id"
check 'and what to do is said' says 'exhibit rebuild' trace show "$id"
check 'nor is its content given' forged trace cat "$id" --output x
check 'not even begun' [ ! -e x ]
check 'a rebuild mends it' exhibit rebuild --officer One --vault forged
check 'for good' says 'secrets/whispered-name-3.txt' trace show "$id"
forge "UPDATE traces SET name = 'another' WHERE name = 'secrets'"
check 'nor a changed name above it' forged trace show "$id"
forge "UPDATE traces SET sha256 = zeroblob(32) WHERE name = 'whispered-name-3.txt'"
check 'nor a changed hash' forged trace show "$id"
forge "UPDATE traces SET (parent, id, kind, state, name, size, sha256, type, content_key, at, length) =
    (SELECT parent, id, kind, state, name, size, sha256, type, content_key, at, length FROM traces AS o WHERE o.name = 'lost+found' AND o.entry = traces.entry)
    WHERE name = 'secrets'"
check 'nor another line in the place of one above it' forged trace show "$id"
forge "DELETE FROM traces WHERE entry = :newest AND name = 'whispered-name-3.txt'"
check 'a row that is gone is missed' forged trace list 1/1
check 'in a tree, too' forged trace tree 1/1
check 'and what to do is said' says 'exhibit rebuild' trace list 1/1 --name 'whispered-name-3.txt'
forge "DELETE FROM examinations WHERE entry = :newest"
check 'an examination that is gone is missed' forged trace list 1/1
forge "UPDATE examinations SET object_id = zeroblob(32) WHERE entry = :newest"
check 'so is one with another result' forged trace list 1/1
rm -rf forged

# What could not be read whole makes an examination partial; what a parser guessed is called a guess.
fat() {
    mkfs.vfat -F 16 -s 1 -C fat.img 8192 && seq 1 600 >gone.txt && seq 1 900 >short.txt &&
        mcopy -i fat.img gone.txt short.txt :: && mdel -i fat.img ::gone.txt &&
        python3 -c 'import struct
b = bytearray(open("fat.img", "rb").read())
sector, per_cluster, reserved, fats, entries = struct.unpack_from("<HBHBH", b, 11)
first, size = reserved * sector, struct.unpack_from("<H", b, 22)[0] * sector
entry = b.index(b"SHORT   TXT")
cluster = struct.unpack_from("<H", b, entry + 26)[0]
for copy in range(fats): struct.pack_into("<H", b, first + copy * size + 2 * cluster, 0xFFFF) # its chain ends here
open("fat.img", "wb").write(b)'
}
if ! command -v mkfs.vfat >/dev/null || ! command -v mcopy >/dev/null; then
    skip 'a damaged FAT file system' 'mkfs.vfat or mcopy is missing'
elif fat >log 2>&1 && cp -a vault other-vault && exhibit collect fat.img --case 1 --officer One --vault other-vault >log 2>&1; then
    check 'a content that cannot be read whole makes it partial' \
        status_is 3 exhibit examine 1/3 --officer One --vault other-vault
    exhibit item show 1/3 --officer One --vault other-vault --json | summary | jq -c '.examinations[0]' >shown
    check 'without an error of its own' [ "$(jq -c '[.result, .problem_count, .not_hashed_bad]' shown)" = '["partial",0,1]' ]
    exhibit trace export 1/3 --output fat.jsonl --officer One --vault other-vault >log 2>&1
    check 'it can be found' \
        [ "$(jq -r 'select(.not_hashed | IN("damaged", "unreadable", "parser", "limit")).name' fat.jsonl)" = short.txt ]
    gone=$(jq -r 'select(.attributes.recovered == "guess").id' fat.jsonl)
    exhibit trace show "$gone" --officer One --vault other-vault >shown 2>&1
    check 'a guess is what the parser says' grep -Eq '^The parser says +recovered: guess$' shown
    exhibit trace cat "$gone" --output guessed --officer One --vault other-vault >shown 2>&1
    check 'also of its content' grep -q 'is a GUESS of the parser' shown
fi
rm -rf other-vault

# Damage of a result is no damage of the item, and is said by everything that would need it.
cp -a vault sound
exhibit collect fs.img --case 1 --officer One --label third >log 2>&1
exhibit examine 1/3 --officer One --json 2>/dev/null | summary >third
pack=$(jq -r '.stored.packs[0]' third)
file=$(find vault/packs -name "${pack:0:16}*" -o -name "$pack.pack" | head -1)
check 'the pack of the result is there' [ -f "$file" ]
python3 -c 'import sys
f = open(sys.argv[1], "r+b"); f.seek(200); f.write(b"x" * 300)' "$file"
check 'the item is good' status_is 0 exhibit verify 1/3 --officer One
exhibit vault check --deep --officer One --json 2>/dev/null | summary >checked
check 'a check names the examination' [ "$(jq -c '[.items, (.examinations | map(.label))]' checked)" = '[[],["1/3"]]' ]
check 'its traces cannot be given out' status_is 4 exhibit trace export 1/3 --output x --officer One
check 'nothing of them is left' [ ! -e x ]
exhibit rebuild --officer One >log 2>&1
check 'after a rebuild it is said' status_is 4 exhibit trace list 1/3 --officer One
check 'others are as they were' [ "$(traces 1/1)" = "$(cat before)" ]
exhibit examine 1/3 --officer One >log 2>&1
check 'examined again, there is one that is whole' status_is 0 exhibit trace list 1/3 --officer One

# Disposal.
rm -rf vault
mv sound vault
echo 'the passphrase of another' >other
{
    EXHIBIT_NEW_PASSPHRASE_FILE=$work/other exhibit officer add Other --permissions all --kdf-memory 8 --officer One
    exhibit item dispose 1/1 --officer One --legal-basis 'order 3'
} >log 2>&1
proposal=$(exhibit ledger show --officer One --json | summary |
    jq -r '.shown[] | select(.event == "dispose.propose").index')
EXHIBIT_PASSPHRASE_FILE=$work/other exhibit item dispose 1/1 --approve "$proposal" --officer Other --json 2>/dev/null |
    summary >tombstone
check 'the tombstone counts the examinations' [ "$(jq -c '[.examinations, .complete]' tombstone)" = '[2,true]' ]
check 'there are no traces any more' status_is 6 exhibit trace list 1/1 --officer One
check 'nor rows of them' [ "$(rows vault | grep -c '^traces')" = 0 ]
check 'nor their names in the catalog' eval '! grep -raq whispered-name vault/catalog.db'
exhibit rebuild --officer One >log 2>&1
check 'also after a rebuild' [ "$(rows vault | grep -c "'disposed'")" = 2 ]
check 'the vault is sound' exhibit vault check --deep --officer One
check 'the other item is whole' exhibit verify --all --officer One
check 'it cannot be examined' status_is 6 exhibit examine 1/1 --officer One

# Encrypted, the default: no name stands in the clear, whatever was done.
rm -rf vault
{
    exhibit init vault --agency A --officer One --kdf-memory 8 --no-recovery-sheet
    exhibit case new --number 1 --title t --officer One
    exhibit collect fs.img --case 1 --officer One
    exhibit examine 1/1 --officer One
    exhibit trace list 1/1 --officer One --name 'whispered-name-1*'
    exhibit rebuild --officer One
} >log 2>&1
traces 1/1 >after
check 'an encrypted vault finds as much' [ "$(jq -c '.[1] | map(.path)' after)" = "$(jq -c '.[1] | map(.path)' before)" ]
check 'and has no name in the clear' eval '! grep -raq whispered-name vault'
echo "1..$count"
