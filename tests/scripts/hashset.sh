#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Hash sets and known files beside other programs: sort, sha256sum, sqlite3, hashdeep, fsverity and hfind say what must
# come out; damage to a set must never change an answer: tests/scripts/hashset.sh EXHIBIT; prints TAP.
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" hashset "$1"
PATH=$PATH:/usr/sbin
for tool in jq python3 mke2fs fsverity; do
    command -v $tool >/dev/null && continue
    skip 'all of it' "$tool is missing"
    echo "1..$count"
    exit 0
done
summary() { jq -c 'select(.type == "summary").result'; }
export EXHIBIT_OFFICER=One
add() { exhibit hashset add "$@" --json 2>/dev/null | summary; }
hashes_of() { # SET: in hex, from its pages
    local n
    n=$(od -An -tu8 -j16 -N8 "$1")
    tail -c +4097 "$1" | head -c $((32 * n)) | xxd -p -c 32
}
file_of() { echo "vault/sets/$1.set"; }
is() { diff <(echo "$1") <(echo "$2"); }

# ---- things that were made, and lists of them ----

python3 - <<'E1'
import hashlib, os, random
r = random.Random(5)
os.makedirs("tree/folder")
for i in range(60):
    with open("tree/folder/file-%d" % i, "wb") as f:
        f.write(r.randbytes(r.randrange(1, 30000)))
with open("tree/nothing", "wb"):
    pass
hashes = [hashlib.sha256(b"%d" % i).hexdigest() for i in range(20000)]
r.shuffle(hashes)
with open("many", "w") as f:
    for i, h in enumerate(hashes + hashes[:500]):
        f.write((h.upper() if i % 3 == 0 else h) + ("  name %d\n" % i if i % 2 else "\r\n"))
E1
{
    exhibit init vault --agency A --officer One --kdf-memory 8 --no-recovery-sheet
    exhibit case new --number 1 --title t
    mke2fs -q -F -t ext4 -d tree fs.img 16M
    exhibit collect fs.img --case 1
} >log 2>&1

check 'before there is a set, none is asked' status_is 6 exhibit hashset look "$(sha256sum passphrase | cut -c 1-64)"
check 'nor is a list left empty' status_is 6 exhibit trace list 1/1 --notable
add many --name Many --set-version 1 --meaning known >made
id=$(jq -r .set.id made)
set=$(file_of "$id")
check 'a list becomes a set' [ "$(jq -c '[.set.hashes, .set.sources[0].hashes, .set.sources[0].unread_lines]' made)" = '[20000,20500,0]' ]
check 'its identity is what fsverity says' is "sha256:$id $set" "$(fsverity digest "$set")"
check 'its pages are what sort says' is "$(cut -c 1-64 many | tr A-F a-f | sort -u | sha256sum)" "$(hashes_of "$set" | sha256sum)"
check 'it names the list' is "$(sha256sum <many | cut -c 1-64)" "$(jq -r '.set.sources[0].sha256' made)"
by_hand() { # docs/format/hash-set.md §6
    local n p
    n=$(od -An -tu8 -j16 -N8 "$set")
    p=$(((n + 127) / 128))
    dd if="$set" bs=1 skip=288 count=32 status=none | xxd -p -c 32 | grep -x "$(sha256sum <many | cut -c 1-64)" &&
        [ "$(tail -c +4097 "$set" | head -c 4096 | sha256sum | cut -c 1-64)" = \
            "$(tail -c +$((4096 * (1 + p) + 33)) "$set" | head -c 32 | xxd -p -c 32)" ]
}
check 'and is checked by hand' by_hand
check 'the same set is not added twice' status_is 1 exhibit hashset add many --name Many --set-version 1 --meaning known
cp "$set" kept
exhibit hashset remove Many >log 2>&1
check 'removed, its file is gone' [ ! -e "$set" ]
add many --name Many --set-version 1 --meaning known >again
check 'made again, it is the same bytes' cmp kept "$(file_of "$(jq -r .set.id again)")"

# ---- every way to write a list ----

python3 - <<'E2'
import hashlib, os
files = sorted(os.listdir("tree/folder"))
digest = lambda name: [hashlib.new(k, open("tree/folder/" + name, "rb").read()).hexdigest() for k in ("md5", "sha1", "sha256")]
with open("columns.csv", "w") as f:
    f.write('"file_name","SHA-256","MD5"\r\n')
    for name in files:
        m, s, h = digest(name)
        f.write('"a ""quoted"", name %s","%s","%s"\r\n' % (name, h.upper(), m))
with open("nsrl-of-old.csv", "w") as f:
    f.write('"SHA-1","MD5","CRC32","FileName"\n')
    for name in files:
        m, s, h = digest(name)
        f.write('"%s","%s","00000000","%s"\n' % (s.upper(), m.upper(), name))
E2
sha256sum tree/folder/* >plain
sha256sum --tag tree/folder/* >tagged
md5sum tree/folder/* >md5
sort plain | cut -c 1-64 | sort -u >expected
same_set() { # FILE…: a set of exactly the 60 files
    add "$@" --name "of $1" --meaning known >made || return 1
    diff expected <(hashes_of "$(file_of "$(jq -r .set.id made)")")
}
check 'sha256sum' same_set plain
check 'sha256sum --tag' same_set tagged
check 'CSV with a named column' same_set columns.csv
check 'several at once, doubles once' same_set plain tagged columns.csv
check 'in another order the same set' status_is 1 exhibit hashset add tagged columns.csv plain --name 'of plain' --meaning known
if command -v openssl >/dev/null; then
    openssl dgst -sha256 tree/folder/* >openssl
    check 'openssl' same_set openssl
fi
if command -v hashdeep >/dev/null; then
    hashdeep -c md5,sha256 -r tree/folder >deep
    check 'hashdeep' same_set deep
else
    skip 'hashdeep' 'hashdeep is missing'
fi
check 'standard input' same_set - <plain
check 'another set' same_set "$(file_of "$(jq -r .set.id made)")"
check 'not one of another meaning' status_is 2 exhibit hashset add "$(file_of "$(jq -r .set.id made)")" --name x --meaning notable
if command -v sqlite3 >/dev/null; then
    sqlite3 rds.db 'CREATE TABLE FILE (sha256 VARCHAR NOT NULL, sha1 VARCHAR, md5 VARCHAR, crc32 VARCHAR, file_name VARCHAR, file_size INTEGER, package_id INTEGER)'
    while read -r hash name; do echo "INSERT INTO FILE VALUES (upper('$hash'), '', '', '', '$name', 1, 1);"; done <plain | sqlite3 rds.db
    sqlite3 -readonly -safe rds.db 'SELECT sha256 FROM FILE' >RDS.txt
    check 'what sqlite3 takes out of an RDS' same_set RDS.txt
    refused_database() { exhibit hashset add rds.db --name x --meaning known 2>said; [ $? = 4 ] && grep -q 'sqlite3 -readonly' said; }
    check 'an RDS itself is refused, with the line that helps' refused_database
else
    skip 'an RDS' 'sqlite3 is missing'
fi
refused() { exhibit hashset add "$1" --name x --meaning known 2>said; local got=$?; cat said; [ $got = 4 ] && grep -q "$2" said; }
check 'MD5 alone is refused' refused md5 'no SHA-256'
check 'columns without SHA-256 are refused' refused nsrl-of-old.csv 'no SHA-256'
check 'an image is no list' refused fs.img 'holds a SHA-256'
gzip -k plain && check 'nor is what is compressed' refused plain.gz 'compressed'
: >empty && check 'nor what is empty' refused empty 'holds a SHA-256'
check 'a name must fit' status_is 2 exhibit hashset add plain --name "$(printf 'x%.0s' {1..128})" --meaning known
check 'a meaning is one of two' status_is 2 exhibit hashset add plain --name x --meaning good
check 'a file that is not there' status_is 6 exhibit hashset add nowhere --name x --meaning known
{ head -20 plain; echo "not a hash"; sed -n '21,$p' plain; md5sum plain; } >faulty
partial() {
    status_is 3 exhibit hashset add faulty --name Faulty --meaning known --json >out &&
        [ "$(grep -v '^exit' out | summary | jq -c '.set.sources[0] | [.hashes, .unread_lines, .unread_first]')" = '[60,2,[21,62]]' ]
}
check 'lines that cannot be read are counted and told' partial
check 'nothing is left of what failed' [ "$(ls vault/sets | grep -vc '\.set$')" = 1 ]
for i in $(exhibit hashset list --json 2>/dev/null | summary | jq -r '.sets[] | select(.name != "Many").id'); do
    exhibit hashset remove "$i" >log 2>&1 || cat log
done
check 'removed, one is left' [ "$(ls vault/sets/*.set)" = "$set" ]

# ---- answers ----

python3 - <<'E3'
import hashlib, random
r = random.Random(9)
asked = [hashlib.sha256(b"%d" % i).hexdigest() for i in range(15000, 25000)]
r.shuffle(asked)
open("asked", "w").write("".join(h + "\n" for h in asked))
E3
check 'many are asked at once' status_is 0 exhibit hashset look --list asked --output answers
answers_agree() { # by comm
    diff <(awk '$2 == "listed" { print $1 }' answers | sort) <(comm -12 <(sort asked) <(cut -c 1-64 many | tr A-F a-f | sort -u)) &&
        diff <(cut -d' ' -f1 answers) asked && [ "$(grep -c not-listed answers)" = 5000 ]
}
check 'the answers are what comm says, in the order of the questions' answers_agree
check 'one that is listed' status_is 0 exhibit hashset look "$(head -1 many | cut -c 1-64)"
check 'one that is not' status_is 6 exhibit hashset look "$(sha256sum passphrase | cut -c 1-64)"
check 'an MD5 is no question' status_is 2 exhibit hashset look "$(md5sum passphrase | cut -c 1-32)"
check 'no question at all' status_is 2 exhibit hashset look
check 'a file in the way of the answers' status_is 1 exhibit hashset look --list asked --output answers
if command -v hfind >/dev/null; then
    # hfind knows no SHA-256, so it is asked about the same things by MD5.
    for i in $(seq 1 200); do
        m=$(echo -n "$i" | md5sum | cut -c 1-32) h=$(echo -n "$i" | sha256sum | cut -c 1-64)
        [ $((i % 2)) = 0 ] && echo "$m  $i" >&3 && echo "$h" >&4
        echo "$m" >&5
        echo "$h" >&6
    done 3>half.md5 4>half.sha256 5>all.md5 6>all.sha256
    hfind -i md5sum half.md5 >log 2>&1
    hfind -f all.md5 half.md5 | awk '{ print !/Not Found/ }' >theirs
    add half.sha256 --name Half --meaning notable >log
    exhibit hashset remove Many >log 2>&1
    exhibit hashset look --list all.sha256 --output ours >log 2>&1
    check 'as hfind answers' diff theirs <(awk '{ print $2 == "listed" }' ours)
    exhibit hashset remove Half >log 2>&1
    add many --name Many --set-version 1 --meaning known >log
else
    skip 'as hfind answers' 'hfind is missing'
fi

# ---- traces ----

exhibit examine 1/1 --profile files >log 2>&1
head -40 plain >known
sed -n '36,45p' plain >notable
list() { exhibit trace list 1/1 --limit 100000 --json "$@" 2>/dev/null | summary; }
list --kind file >all
add known --name Ordinary --meaning known >log
add notable --name Wanted --meaning notable >log
list --kind file --not-known >rest
list --kind file --notable >wanted
paths() { jq -r '.traces[].path | split("/")[-1]' | sort; }
names() { sed 's/.*\///' "$@" | sort; }
check 'not-known leaves out what is known and not notable' \
    diff <(paths <all | grep -vxF "$(head -35 plain | names)") <(paths <rest)
check 'and counts it, by sets' [ "$(jq -c '[.known_files.left_out, (.known_files.sets[] | [.name, .left_out])]' rest)" = \
    '[35,["Many",0],["Ordinary",35],["Wanted",0]]' ]
check 'matched and left out are all of them' [ "$(jq .matched all)" = "$(jq '.matched + .known_files.left_out' rest)" ]
check 'notable shows what is notable' diff <(names notable) <(paths <wanted)
check 'and says by which sets' [ "$(jq -c '[.traces[].listed_by | map(.name)] | group_by(.) | map([.[0], length])' wanted)" = \
    '[[["Ordinary","Wanted"],5],[["Wanted"],5]]' ]
limit() {
    exhibit trace list 1/1 --kind file --not-known --limit 3 --json | summary | jq -c "[(.traces | length), .matched, .left_out]" >three
    diff three <(jq -c "[3, .matched, .matched - 3]" rest)
}
check "a limit limits what is shown alone" limit
check 'what has no hash stays' [ "$(list --not-known | jq '[.traces[] | select(.kind == "directory")] | length')" = "$(list | jq '[.traces[] | select(.kind == "directory")] | length')" ]
one=$(jq -r '.traces[0].id' wanted)
check 'a trace says which sets list it' [ "$(exhibit trace show "$one" --json 2>/dev/null | summary | jq -c '.known_files.listed_by | map(.name) | index("Wanted") != null')" = true ]
check 'the ledger has which sets were asked' [ "$(exhibit ledger show --json 2>/dev/null | summary |
    jq '[.shown[] | select(.event == "view.traces").body.what.hash_sets // empty | length] | max')" = 3 ]
exhibit trace list 1/1 >before 2>/dev/null
exhibit rebuild >log 2>&1
exhibit trace list 1/1 >after 2>/dev/null
check 'a rebuild changes nothing' cmp before after
check 'nor do sets change what was examined' cmp <(list --kind file | jq -c .traces) <(jq -c .traces all)

# ---- damage ----

exhibit vault compact --waste 0 >log 2>&1
check 'compaction leaves sets alone' [ "$(ls vault/sets/*.set | wc -l)" = 3 ]
check 'the vault is sound' status_is 0 exhibit vault check --deep
ordinary=$(file_of "$(exhibit hashset list --json 2>/dev/null | summary | jq -r '.sets[] | select(.name == "Ordinary").id')")
cp "$ordinary" sound
python3 - "$ordinary" 4200 <<'E4'
import sys
with open(sys.argv[1], "r+b") as f:
    f.seek(int(sys.argv[2])); b = f.read(1)[0]; f.seek(int(sys.argv[2])); f.write(bytes([b ^ 1]))
E4
altered_page() { status_is 4 exhibit trace list 1/1 --kind file --not-known --limit 100000 --json >out && grep -v '^exit' out | summary >damaged; }
check 'an altered page is noticed' altered_page
check 'and hides nothing' cmp <(paths <damaged) <(paths <all)
check 'which is said' [ "$(jq -c '.known_files | [.left_out, (.sets[] | select(.name == "Ordinary").state)]' damaged)" = '[0,"altered"]' ]
check 'of one trace too' status_is 4 exhibit trace show "$one"
check 'and by vault check --deep' status_is 4 exhibit vault check --deep
check 'a look-up says so' status_is 4 exhibit hashset look "$(head -1 plain | cut -c 1-64)"
cp sound "$ordinary"
dd if=/dev/zero of="$ordinary" bs=1 seek=33 count=1 conv=notrunc status=none
check 'an altered header is noticed' status_is 4 exhibit hashset list
check 'and by vault check' status_is 4 exhibit vault check
cp kept "$ordinary"
check 'another set in its place is noticed' status_is 4 exhibit hashset list
ln -sf "$work/sound" "$ordinary"
check 'a link is no set' status_is 4 exhibit hashset list
rm "$ordinary"
missing() { status_is 4 exhibit hashset list --json >out && grep -v '^exit' out | summary | jq -e '[.sets[].state] | index("missing") != null'; }
check 'a set that is gone is said' missing
check 'and hides nothing' [ "$(list --kind file --not-known | jq .known_files.left_out)" = 0 ]
wanted_file=$(file_of "$(exhibit hashset list --json 2>/dev/null | summary | jq -r '.sets[] | select(.name == "Wanted").id')")
cp sound "$ordinary" && mv "$wanted_file" away
check 'without a notable set nothing is left out' [ "$(list --kind file --not-known | jq -c '[.matched, .known_files.left_out, .known_files.may_leave_out]')" = \
    "[$(jq .matched all),0,false]" ]
mv away "$wanted_file"
check 'with it again, it is' cmp <(list --kind file --not-known | jq .traces) <(jq .traces rest)
exhibit hashset remove Ordinary >log 2>&1
add known --name Ordinary --meaning known >log
check 'made again, it is sound' cmp sound "$ordinary"
cp sound vault/sets/0000000000000000000000000000000000000000000000000000000000000000.set
echo x >vault/sets/new.tmp
check 'a file that nobody named is no set' [ "$(exhibit hashset list --json 2>/dev/null | summary | jq '.sets | length')" = 3 ]
check 'vault check says what it is' status_is 4 exhibit vault check
exhibit hashset add plain --name More --meaning known >log 2>&1
check 'the next change takes it away' [ "$(ls vault/sets | wc -l)" = 5 ]
exhibit hashset remove More >log 2>&1

# ---- a crash, wherever it comes ----

cut_off() { # kill -9 after so many milliseconds: it is there and sound, or it is not there
    local ms
    for ms in 5 10 15 20 25 30 40 50 60 80 100 150; do
        exhibit hashset add many --name Crash --meaning known >crash.log 2>&1 &
        sleep "0.$(printf %03d $ms)"
        kill -9 $! 2>/dev/null
        wait $! 2>/dev/null
        status_is 0 exhibit hashset list || return 1
        exhibit hashset remove Crash >crash.log 2>&1
        status_is 0 exhibit hashset list || return 1
    done
    status_is 0 exhibit hashset add many --name Crash --meaning known && status_is 0 exhibit vault check --deep &&
        status_is 3 exhibit ledger verify && ls vault/sets && [ "$(ls vault/sets | wc -l)" = 5 ]
}
check 'killed at any time' cut_off

echo "1..$count"
