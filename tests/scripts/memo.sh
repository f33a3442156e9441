#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What was found once is not looked for again, and nothing of that shows but the words that say so; a forged catalog gains
# nothing by it: tests/scripts/memo.sh EXHIBIT; prints TAP.
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" memo "$1"
PATH=$PATH:/usr/sbin
for tool in jq mke2fs python3 zip; do
    command -v $tool >/dev/null && continue
    skip 'all of it' "$tool is missing"
    echo "1..$count"
    exit 0
done
summary() { jq -c 'select(.type == "summary").result'; }
plainly() { sed 's/,"known":true//; s/,"inside_known":true//' "$1"; }

# A tree with archives in archives, one that is damaged, one with a password, one that holds nothing.
mkdir -p tree/a tree/b in
for n in 1 2 3 4 5 6 7 8 9; do seq "$n" $((n * 3000)) >"in/text-$n.txt"; done
(cd in && zip -q ../tree/a/plain.zip text-*.txt && tar -czf ../tree/a/whole.tar.gz text-1.txt text-2.txt)
(cd in && zip -q -P secret ../tree/a/locked.zip text-3.txt)
mkdir outer && cp tree/a/plain.zip tree/a/whole.tar.gz outer && (cd outer && zip -q -0 ../tree/b/outer.zip plain.zip whole.tar.gz)
head -c $(($(stat -c %s tree/a/plain.zip) / 2)) tree/a/plain.zip >tree/b/cut.zip
printf 'PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0' >tree/b/nothing.zip
cp in/text-9.txt tree/b
mke2fs -q -F -t ext4 -b 4096 -d tree first.img 16M >/dev/null 2>&1
# the same files, elsewhere on another disk, and one more
mkdir -p other/x other/y
cp tree/b/* other/x && cp tree/a/* other/y
(cd in && zip -q ../other/x/new.zip text-5.txt text-6.txt)
mke2fs -q -F -t ext4 -b 4096 -d other second.img 24M >/dev/null 2>&1
archives=$(find tree -type f ! -name '*.txt' | wc -l)

new_vault() {
    {
        exhibit init "$1" --agency A --officer One --plain --kdf-memory 8
        export EXHIBIT_VAULT=$PWD/$1
        exhibit case new --number 1 --title t --officer One
        exhibit collect first.img --case 1 --officer One
        exhibit collect second.img --case 1 --officer One
    } >log 2>&1
}
# examined VAULT ITEM NAME [FLAG…]: NAME.json, NAME.jsonl
examined() {
    local item=$2 name=$3
    export EXHIBIT_VAULT=$PWD/$1
    shift 3
    exhibit examine "$item" --officer One --json "$@" 2>/dev/null | summary >"$name.json"
    exhibit trace export "$item" --officer One --output "$name.jsonl" >log 2>&1
}
unnamed() { plainly "$1" | sed '1d; s/^{"id":"[0-9a-f]*",/{/'; } # an object has another id in another vault
counts() { jq -c '[.looked_into, .looked_into_before]' "$1"; }

new_vault alone
examined alone 1/2 alone
new_vault vault
examined vault 1/1 first
check 'each archive is looked into' [ "$(counts first.json)" = "[$((archives + 2)),0]" ] # two are in one of them
check 'the result counts what is in each' [ "$(jq -r 'select(.name == "outer.zip").inside' first.jsonl)" = \
    "$(jq -s '(map({(.id // "-"): .}) | add) as $by | (map(select(.name == "outer.zip"))[0].inside)' first.jsonl)" ]
inside_is_true() { # `inside` of each is the number of those that have it above them, and come from the archive parser
    python3 - "$1" <<'P'
import json, sys
lines = [json.loads(l) for l in open(sys.argv[1])]
parsers = [p["name"] for p in lines[0]["parsers"]]
traces = lines[1:-1]
found = [0] * (len(traces) + 1)
for number, t in enumerate(traces, 1):
    at = t
    while at["parent"] and parsers[at["parser"]] not in ("volumes", "files"):
        found[at["parent"]] += 1
        at = traces[at["parent"] - 1]
wrong = [t for n, t in enumerate(traces, 1) if "inside" in t and t["inside"] != found[n]]
sys.exit(bool(wrong) or not any(found))
P
}
check 'which is so of every one' inside_is_true first.jsonl

examined vault 1/1 again
check 'a second time none is' [ "$(counts again.json)" = "[$((archives + 2)),$((archives + 2))]" ]
check 'and nothing else differs' cmp <(plainly first.jsonl) <(plainly again.jsonl)
check 'that is said of each' [ "$(jq -c 'select(.inside_known)' again.jsonl | wc -l)" = "$archives" ]
examined vault 1/1 third
check 'nor does it in what was taken from what was taken' cmp again.jsonl third.jsonl

examined vault 1/2 clone
check 'on another disk only what is new is looked into' [ "$(counts clone.json)" = "[$((archives + 3)),$((archives + 2))]" ]
check 'and the result is as if nothing had been known' cmp <(unnamed clone.jsonl) <(unnamed alone.jsonl)
check 'its exit status too' [ "$(jq -r .result clone.json)" = "$(jq -r .result alone.json)" ]
member=$(jq -r 'select(.kind == "member" and .name == "text-7.txt").id' clone.jsonl | head -1)
check 'each can be shown' exhibit trace show "$member" --officer One

# What has no place of its own is made again: a member, one in an archive in an archive, one of a name that is there twice.
id_of() { jq -r --arg name "$2" 'select(.kind == "member" and .name == $name).id' "$1" | sed -n "${3:-1}p"; }
same_content() { # TRACE FILE
    rm -f made
    exhibit trace cat "$1" --output made --officer One && cmp made "$2"
}
for n in 1 2 3 4; do check "the content of a member is made again ($n)" same_content "$(id_of first.jsonl text-1.txt $n)" in/text-1.txt; done
check 'an archive in an archive too' same_content "$(id_of first.jsonl plain.zip)" tree/a/plain.zip
check 'into a pipe as well' cmp <(exhibit trace cat "$(id_of first.jsonl text-6.txt)" --output - --officer One 2>/dev/null) in/text-6.txt
check 'and it is said who made it' [ "$(rm -f made; exhibit trace cat "$(jq -r 'select(.name == "plain.zip" and .kind == "member").id' first.jsonl)" --output made --officer One --json 2>/dev/null | summary | jq -c '[.made_by, .matches]')" = '[["archive"],true]' ]
locked=$(jq -r --slurp 'map(select(.name == "text-3.txt" and .not_hashed == "encrypted"))[0].id' first.jsonl)
check 'what could not be had is not given' status_is 9 exhibit trace cat "$locked" --output locked --officer One
check 'and leaves no file' [ ! -e locked ]

exhibit rebuild --officer One >log 2>&1
examined vault 1/2 rebuilt
check 'after a rebuild likewise' cmp <(plainly clone.jsonl) <(plainly rebuilt.jsonl)
check 'and from the result alone' [ "$(counts rebuilt.json)" = "[$((archives + 3)),$((archives + 3))]" ]

# Of another profile there is nothing to be taken.
new_vault files
examined files 1/1 structure --profile files
examined files 1/1 then
check 'an examination that did not look inside is no source' [ "$(counts then.json)" = "[$((archives + 2)),0]" ]

# Whoever can write to the catalog of a plain vault can make it slower, and nothing else.
forged() { # TEXT SQL
    rm -rf copy
    cp -r files copy
    python3 -c 'import sqlite3, sys
c = sqlite3.connect(sys.argv[1]); c.execute("PRAGMA foreign_keys = OFF"); c.execute(sys.argv[2]); c.commit()' copy/catalog.db "$2"
    examined copy 1/1 forged
    check "$1" cmp <(plainly then.jsonl) <(plainly forged.jsonl)
}
forged 'a member that the catalog hides is found' "DELETE FROM traces WHERE kind = 'member' AND name = 'text-7.txt'"
forged 'one that it moves is where it was' "UPDATE traces SET parent = parent - 1 WHERE kind = 'member'"
forged 'lines that are others are not taken' "UPDATE traces SET at = (SELECT at FROM traces t WHERE t.kind = 'member' LIMIT 1), length = (SELECT length FROM traces t WHERE t.kind = 'member' LIMIT 1) WHERE kind = 'member'"
forged 'errors that it hides are said' "DELETE FROM traces WHERE kind = 'error'"
forged 'a content is no other one' "UPDATE traces SET content_key = (SELECT content_key FROM traces t WHERE t.name = 'nothing.zip') WHERE name = 'plain.zip'"
forged 'what it makes up is not believed' "INSERT INTO traces SELECT entry, number + 10000, parent, randomblob(16), kind, state, 'forged', size, sha256, type, content_key, at, length, inside FROM traces WHERE kind = 'member'"
forged 'a line that stands for another is not taken' "UPDATE traces SET (id, at, length) = (SELECT id, at, length FROM traces t WHERE t.kind = 'member' AND t.name = 'text-1.txt' AND t.parent = traces.parent) WHERE kind = 'member' AND name = 'text-2.txt'"

# Damage of the vault is no damage of the evidence: it is said as what it is, and gone when the vault is whole again.
new_vault whole
examined whole 1/1 structure --profile files
cp -r whole hurt
python3 - hurt <<'P'
import glob, sys
for path in glob.glob(sys.argv[1] + "/packs/*/*.pack"):
    with open(path, "r+b") as f:
        size = f.seek(0, 2)
        for at in range(40000, size - 40000, 60000):
            f.seek(at)
            old = f.read(16)
            f.seek(at)
            f.write(bytes(b ^ 0xFF for b in old))
P
examined hurt 1/1 hurt
check 'what the vault cannot give is unreadable' [ "$(jq -c 'select(.error.reason == "unreadable")' hurt.jsonl | wc -l)" -gt 0 ]
(cd whole && find packs -name '*.pack' -exec cp {} ../hurt/{} \;)
examined hurt 1/1 healed
check 'and nothing of that is left when the vault is whole again' cmp <(unnamed then.jsonl) <(unnamed healed.jsonl)
echo "1..$count"
