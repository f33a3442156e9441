#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Machine reports, held against the exported result as jq counts it, against debugfs and sfdisk, and against what was
# put there: tests/scripts/machine.sh EXHIBIT; prints TAP.

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scripts/tap.inc
. "$here/tap.inc" machine "$1"
PATH=$PATH:/sbin:/usr/sbin
for tool in jq python3 mke2fs debugfs sfdisk xmllint zip; do
    command -v $tool >/dev/null && continue
    skip 'all of it' "$tool is missing"
    echo "1..$count"
    exit 0
done
export EXHIBIT_OFFICER=One
summary() { jq -c 'select(.type == "summary").result'; }
give() { # FILE ITEM [ARGUMENT…]
    local file=$1
    shift
    rm -f "$file"
    exhibit report machine "$@" --output "$file" --json 2>/dev/null | summary
}
same() { # FILTER-OF-THE-REPORT FILTER-OF-THE-LINES
    jq -cS "$1" r.json >ours
    jq -ncS "[inputs] | $2" traces.jsonl >theirs
    cat ours theirs
    [ -s ours ] && cmp ours theirs
}

# ---- a disk: two partitions, one with home folders, mail, a locked archive, deleted files, and names meant to mislead; an
# archive between the partitions, which a system's files are in ----

system() { printf 'ID=%s\nNAME="%s"\nVERSION_ID="1"\nPRETTY_NAME="%s"\n' "$1" "$1" "$1"; }
login() { # a record of wtmp, which is one of btmp, too: bits/utmp.h
    python3 -c 'import struct, sys
sys.stdout.buffer.write(struct.pack("<hxxi32s4s32s256shhiii16s20x", 7, 99, b"pts/0", b"0", sys.argv[1].encode(), b"host", 0, 0, 0, 1700000000, 0, b""))' "$1"
}
disk() {
    mkdir -p tree/home/alice tree/home/bob tree/srv/home/nobody tree/etc tree/var/log tree/srv/old || return 1
    system its-own >tree/etc/os-release
    system planted >tree/home/alice/os-release
    system deleted >tree/srv/old/os-release
    mkdir zipped && system zipped >zipped/os-release && system carved >os-release || return 1
    zip -q -j tree/srv/backup.zip zipped/os-release && zip -q carved.zip os-release && login ann >tree/var/log/wtmp || return 1
    login eve >tree/var/log/btmp && login bob >tree/home/bob/wtmp || return 1
    login gone >tree/srv/old/wtmp || return 1
    echo text >tree/home/alice/a.txt
    echo gone >tree/home/alice/gone.txt
    zip -q -j -P secret tree/home/alice/locked.zip tree/home/alice/a.txt || return 1
    printf 'From a@b\nFrom: a@b\nTo: c@d\nSubject: x\nDate: Mon, 1 Jan 2024 10:00:00 +0000\n\nhello\n' >tree/home/bob/mail.mbox
    mkdir "$(printf 'tree/home/<script>evil\033[31m\n\xe2\x80\xaegpj&amp;')"
    mke2fs -q -F -t ext4 -E root_owner=0:0 -L 'ROOT<b>' -d tree fs.img 8M || return 1
    {
        echo 'sif /home/alice/a.txt mtime 19991231235958'
        echo 'sif /home/alice/a.txt mtime_extra 0'
        echo 'sif /home/bob/mail.mbox mtime @0xf0000000'
        echo 'sif /home/bob/mail.mbox mtime_extra 1'
        echo 'rm /home/alice/gone.txt'
        echo 'rm /srv/old/os-release'
        echo 'rm /srv/old/wtmp'
    } | debugfs -w -f - fs.img
    truncate -s 14M disk.img && printf 'label: gpt\n2048,16384\n20480,4096\n' | sfdisk -q disk.img &&
        dd if=fs.img of=disk.img bs=512 seek=2048 conv=notrunc status=none &&
        dd if=carved.zip of=disk.img bs=512 seek=18500 conv=notrunc status=none
}
if ! disk >log 2>&1; then
    sed 's/^/# /' log
    exit 1
fi
sha256sum <tree/home/alice/a.txt | cut -c 1-64 >wanted.txt
{
    exhibit init vault --agency 'A <i>' --officer One --plain --kdf-memory 8
    exhibit case new --number 1 --title 'a case &amp; more'
    exhibit collect disk.img --case 1
    exhibit item register --case 1 --description 'a phone'
} >log 2>&1
check 'not before it was examined' status_is 6 exhibit report machine 1/1 --output r.json
exhibit examine 1/1 --json 2>/dev/null | summary >examined
check 'as JSON' [ "$(give r.json 1/1 | jq -r .format)" = json ]
exhibit trace export 1/1 --output all.jsonl >log 2>&1
# `now`: how a trace stands by what it was found in, worked out here once more
sed '1d;$d' all.jsonl | jq -nc 'def rank: {allocated: 0, virtual: 1, deleted: 2, orphan: 3, carved: 5}[.];
    [inputs] as $l | (reduce $l[] as $t ([]; ($t.state // "allocated") as $own |
        (if $t.parent == 0 then "allocated" else .[$t.parent - 1] end) as $above |
        . + [if $above != "virtual" and ($above | rank) > ($own | rank) then $above else $own end])) as $now |
    range($l | length) | $l[.] + {now: $now[.]}' >traces.jsonl

# ---- counted by another program ----

check 'as many traces' same '.found.traces' 'length'
check 'by kind and state' same '[.found.kinds[] | {kind, count, allocated, deleted, orphan, virtual, carved, other, bytes}] | sort_by(.kind)' \
    'def of(s): map(select(.now == s)) | length;
        group_by(.kind) | map({kind: .[0].kind, count: length, bytes: (map(.size // 0) | add), allocated: of("allocated"),
        deleted: of("deleted"), orphan: of("orphan"), virtual: of("virtual"), carved: of("carved"), other: 0})'
check 'some of each' jq -e '[.found.kinds[] | select(.kind == "record") | .allocated, .deleted, .carved] | length == 3 and all(. > 0)' r.json
check 'by type' same '[.found.types[] | {type, contents, bytes}] | sort_by(.type)' \
    'map(select(.size != null and (.kind | IN("file", "stream", "member", "link")))) | group_by(.type) |
        map({type: .[0].type, contents: length, bytes: (map(.size) | add)}) | sort_by(.type)'
check 'errors by reason and parser' same '[.not_examined.errors[] | {reason, count}] | sort_by(.reason)' \
    'map(select(.kind == "error")) | group_by(.error.reason) | map({reason: .[0].error.reason, count: length})'
check 'what has no hash' same '[.not_examined.not_hashed[] | {reason, count, bytes}] | sort_by(.reason)' \
    'map(select(.not_hashed and (.not_hashed != "profile" or (.kind | IN("volume", "space") | not)))) | group_by(.not_hashed) |
        map({reason: .[0].not_hashed, count: length, bytes: (map(.size // 0) | add)})'
check 'space' same '[.disk.space[].bytes] | add' 'map(select(.kind == "space").size) | add'
check 'every time' same '.found.times.count' 'map(.times // [] | length) | add'
ends() { # NAME-IN-THE-REPORT STATES
    same "[.found.times.$1[] | {what, e: .earliest.time[:19], l: .latest.time[:19]}] | sort_by(.what)" \
        "map(select(.now | IN($2)) | .times // [] | .[] | select(.zone == \"UTC\" and .time)) | group_by(.what) |
        map({what: .[0].what, e: (map(.time[:19]) | min), l: (map(.time[:19]) | max)})"
}
check 'the earliest and the latest in use' ends ends '"allocated","virtual"'
check 'and of what is not' ends ends_not_in_use '"deleted","orphan","carved"'
check 'of which there are' jq -e '.found.times.ends_not_in_use | length > 0' r.json
check 'which this test set' [ "$(jq -r '.found.times.ends[] | select(.what == "modified") | .earliest.time[:19]' r.json)" = 1999-12-31T23:59:58 ]
check 'of this file' [ "$(jq -r '.found.times.ends[] | select(.what == "modified") | .earliest.path' r.json)" = '[volume 2]/ext4/home/alice/a.txt' ]
check 'and after the collection' [ "$(jq '.found.times.after_collection' r.json)" -ge 1 ]
check 'messages and mail boxes' [ "$(jq -c '[.found.messages, .found.mailbox.count, .found.mailbox.shown[0].name]' r.json)" = '[1,1,"mail.mbox"]' ]
check 'a locked archive, by its path' [ "$(jq -r '.disk.encrypted.shown[0].path' r.json)" = '[volume 2]/ext4/home/alice/locked.zip' ]
volumes() { # as sfdisk has them
    jq -c '.disk.volume.shown[] | [.offset, .size]' r.json | sort >ours
    sfdisk -J disk.img | jq -c '.partitiontable.partitions[] | [.start * 512, .size * 512]' | sort >theirs
    cat ours theirs
    cmp ours theirs
}
check 'volumes as sfdisk has them' volumes

# ---- what is in use, and what is not ----

standings() { jq -c ".$1.shown[] | [.attributes.id // .attributes.user, .state, .standing${3-}]" r.json | tee /dev/stderr | tr '\n' ' ' | grep -qxF "$2 "; }
check 'a system by what its record was found in' standings 'machine."operating-system"' '["its-own","allocated","usual-place"] ["planted","allocated","in-use"] ["zipped","allocated","inside"] ["deleted","deleted","not-in-use"] ["carved","carved","carved"]'
check 'counted so' [ "$(jq -c '.machine."operating-system" | [.count, .not_allocated, .standings[]]' r.json)" = '[5,2,1,1,1,1,1]' ]
check 'logins, and what may be none' standings 'users.login' '["eve","allocated","usual-place","failed-by-its-path"] ["ann","allocated","usual-place","login-by-its-path"] ["bob","allocated","in-use","not-told"] ["gone","deleted","not-in-use","not-told"]' ', .outcome'
timeline() { exhibit timeline 1/1 --json "$@" 2>/dev/null | summary | jq -c '[.times[] | [(.path | sub(".*/"; "")), .state, .confidence]] | sort'; }
check 'the timeline says the same' [ "$(timeline --what added)" = \
    '[["ann","allocated","by-program"],["bob","allocated","by-program"],["eve","allocated","by-program"],["gone","deleted","deleted-record"]]' ]
check 'also when it is asked' [ "$(timeline --what added --state deleted)" = '[["gone","deleted","deleted-record"]]' ]
check 'and of what was carved' [ "$(timeline --state carved --what modified)" = '[["os-release","carved","carved"]]' ]
exhibit timeline export 1/1 --format bodyfile --zone +00:00 --output body.txt >log 2>&1
check 'in a bodyfile, too' grep -q '/os-release (carved)|' body.txt
source=$(realpath "$here/../../src") # what is looked into by which parser stands there
listed() { tr '\n' ' ' <"$source/report/machine.c" | grep -o "$1\[\] = {[^}]*}" | grep -o '"[^"]*"' | sort; }
opened() { grep -oE "\{\"[a-z0-9-]+\", EXAMINER_($1)\}" "$source/examine/inside.c" | grep -o '"[^"]*"' | sort; }
types_are() { # LIST PARSERS TYPES-THAT-ARE-ELSEWHERE TYPES-BESIDES
    opened "$2" | grep -vwE "$3" >theirs
    [ -z "$4" ] || echo "\"$4\"" >>theirs
    listed "$1" >ours
    sort -o theirs theirs
    cat theirs
    [ -s ours ] && diff ours theirs
}
check 'every type of archive is counted as one' types_are MACHINE_ARCHIVES ARCHIVE 'ooxml|odf' '' # these are documents
check 'every type of mail box is listed' types_are MACHINE_MAILBOXES PST none mbox
homes() { # as debugfs has them; the evil one by its inode
    jq -r '.users."home-folder".shown[].attributes.inode' r.json | sort >ours
    debugfs -R 'ls -p /home' fs.img 2>/dev/null | tr -d '\n' | grep -oE '/[0-9]+/040[0-7]{3}/' | cut -d/ -f2 | sort -u >theirs # . and .. are among them
    jq -r '.users."home-folder".shown[].name' r.json | grep -qx alice || return 1
    comm -23 ours theirs >missing
    cat ours theirs missing
    [ ! -s missing ] && [ "$(wc -l <ours)" = $(($(wc -l <theirs) - 2)) ]
}
check 'home folders as debugfs has them' homes
ids() { # every trace that is named is one of the result, with this path
    jq -r '.. | objects | .trace? // empty' r.json | sort -u >ours
    jq -r .id traces.jsonl | sort -u >theirs
    comm -23 ours theirs >missing
    [ -s ours ] && [ ! -s missing ] || return 1
    exhibit trace show "$(jq -r '.found.mailbox.shown[0].trace' r.json)" --json | summary >shown
    [ "$(jq .path shown)" = "$(jq '.found.mailbox.shown[0].path' r.json)" ]
}
check 'every trace is one of the result, and at its path' ids
check 'the item as the ledger has it' [ "$(jq -r .item.sha256 r.json)" = "$(sha256sum <disk.img | cut -c 1-64)" ]
check 'the result by its hash' [ "$(jq -r .examination.sha256 r.json)" = "$(sha256sum <all.jsonl | cut -c 1-64)" ]
check 'the limits of its head' [ "$(jq -cS .examination.limits r.json)" = "$(head -1 all.jsonl | jq -cS .limits)" ]

# ---- parsers ----

parsers() { # the report has what the examination said, which is what the ledger has
    jq -cS '[.parsers[] | {name, jobs, traces, problems, seconds, cpu_seconds, crashed, killed, too_long}]' r.json >ours
    jq -cS '[.parsers[] | {name, jobs, traces, problems, seconds, cpu_seconds, crashed, killed, too_long}]' examined >theirs
    cat ours theirs
    cmp ours theirs && jq -e '[.parsers[] | select(.name == "files") | .cpu_seconds > 0 and .seconds > 0] | all and length == 1' r.json
}
check 'how long each took' parsers

# ---- as HTML and text ----

give r.html 1/1 >report
check 'as HTML, by its name' [ "$(jq -r .format report)" = html ]
check 'with the hash that was entered' [ "$(jq -r .sha256 report)" = "$(sha256sum <r.html | cut -c 1-64)" ]
check 'which a parser of HTML reads' eval 'xmllint --html --noout r.html 2>&1 | grep -v "Tag bdi invalid\|Tag section invalid\|<bdi>\|^ *^$" | tee bad | grep -q error && exit 1; true'
check 'no script, nothing loaded' eval '! grep -qiE "<script|<img|<link|<iframe|src=|href=|url\(|javascript:" r.html'
check 'what is hidden in names is shown' grep -qF '&lt;script&gt;evil\x1b[31m\x0a\u{202e}gpj&amp;amp;' r.html
check 'and in no other way' eval '! grep -qP "\x1b|\xe2\x80\xae" r.html'
give r.txt 1/1 >report
check 'as text' grep -q '^== What it says of who used it ==$' r.txt
check 'without control characters' eval '! LC_ALL=C grep -qP "[\x00-\x09\x0b-\x1f\x7f]" r.txt'
check 'on standard output' eval 'exhibit report machine 1/1 --format json --output - 2>/dev/null | jq -e ".format == \"exhibit-machine-report\"" >log'
check 'an empty list says what it proves' grep -q 'That is no proof that there is none' r.txt
said_before() { # WORDS NAME: the last of these words in front of a name
    awk -v words="$1" -v name="$2" 'index($0, "In use, ") || index($0, "Inside of other files") || index($0, "NOT IN USE") || index($0, "CARVED: ") { last = $0 }
        index($0, "id: " name) { found = 1; print last; ok = index(last, words) > 0 } END { exit !(found && ok) }' r.txt
}
check 'what is in use stands first' said_before 'In use, at a path where systems keep it' its-own
check 'what is deleted is said to be' said_before 'NOT IN USE' deleted
check 'what was carved, too' said_before 'CARVED' carved
check 'what is in an archive' said_before 'Inside of other files' zipped
check 'that space was searched' eval 'grep -q "searched for whole files of some types" r.txt && grep -q "at the beginnings of sectors" r.txt && ! grep -q "was not searched.*nothing claims\|counted, and not searched\|unallocated in file systems) was not" r.txt'
check 'and slack was not' grep -q 'behind the ends of files (slack) was not searched' r.txt

# ---- known files ----

check 'no set, and it says so' grep -q 'The vault has no hash set' r.txt
exhibit hashset add wanted.txt --name wanted --meaning notable >log 2>&1
jq -r 'select(.sha256) | .sha256' traces.jsonl | sort -u >seen.txt
exhibit hashset add seen.txt --name seen --meaning known >log 2>&1
give r.json 1/1 >report
check 'what a notable set lists' [ "$(jq -c '[.found.notable.count, .found.notable.shown[0].name, .found.notable.shown[0].sha256]' r.json)" = "[1,\"a.txt\",\"$(cat wanted.txt)\"]" ]
check 'and a known one' same '.found.known_files.sets[] | select(.name == "seen").listed' 'map(select(.sha256)) | length'
check 'what was not asked' same '.found.known_files.not_asked' 'map(select(.size != null and .sha256 == null)) | length'
file=$(find vault/sets -type f -size +0 | head -1)
cp "$file" kept && head -c 100 /dev/zero | dd of="$file" bs=1 seek=0 conv=notrunc status=none
rm -f r2.json
check 'a set that is not sound is a fault' status_is 4 exhibit report machine 1/1 --output r2.json
check 'whose counts are not known' [ "$(jq '[.found.known_files.sets[] | select(.state != "sound") | .listed] | length > 0 and all(. == null)' r2.json)" = true ]
cp kept "$file"

# ---- profiles ----

exhibit examine 1/1 --profile triage >log 2>&1
give r3.json 1/1 >report
check 'the latest one answers' [ "$(jq -r .examination.profile r3.json)" = triage ]
check 'and says what it never looks at' [ "$(jq '.not_examined.never[0] | startswith("Profile triage")' r3.json)" = true ]
check 'space among it' [ "$(jq -c '[.disk.space_searched, (.not_examined.never[1] | test("nothing claims .* was not searched"))]' r3.json)" = '[false,true]' ]
exhibit examine 1/1 --profile deep >log 2>&1
give r6.json 1/1 >report
check 'in deep each byte of it was' [ "$(jq -c '[.disk.space_searched, (.not_examined.never[0] | test("at each of its bytes"))]' r6.json)" = '[true,true]' ]
exhibit examine 1/1 >log 2>&1

# ---- refused ----

check 'a word that is none' status_is 2 exhibit report machine 1/1 --format pdf --output r.pdf
check 'an ending that says nothing' status_is 2 exhibit report machine 1/1 --output r.doc
check 'into the vault' status_is 2 exhibit report machine 1/1 --output vault/r.html
echo there >there.txt
check 'over a file' status_is 1 exhibit report machine 1/1 --output there.txt
check 'which stays' [ "$(cat there.txt)" = there ]
check 'of a phone' status_is 9 exhibit report machine 1/2 --output r4.txt
check 'of nothing' status_is 6 exhibit report machine 1/9 --output r4.txt
check 'nothing is left lying' [ -z "$(find . -name '*.part' -o -name r4.txt)" ]

# ---- in the ledger ----

entered() { exhibit ledger show --json | summary | jq -c "[.shown[] | select(.event == \"$1\")][-1] | $2"; }
give r5.html 1/1 >report
check 'announced' [ "$(entered export.intent '[.body.what.format, .body.what.label]')" = '["machine-html","1/1"]' ]
check 'and entered with its hash' [ "$(entered export.outcome '[.result, .body.what.sha256]')" = "[\"done\",\"$(sha256sum <r5.html | cut -c 1-64)\"]" ]
check 'in the history of the item' [ "$(exhibit custody log 1/1 --json | summary | jq '[.history[] | select(.event == "export.outcome")] | length > 0')" = true ]
echo 'the passphrase of another' >other
EXHIBIT_NEW_PASSPHRASE_FILE=$work/other exhibit officer add Other --permissions view --kdf-memory 8 >log 2>&1
as_other() { EXHIBIT_PASSPHRASE_FILE=$work/other exhibit "$@" --officer Other; }
check 'who may only look' status_is 7 as_other report machine 1/1 --output x.txt

# ---- through the life of a vault ----

body() { give "$1" 1/1 >log && jq -S 'del(.made)' "$1"; }
body before.json >before
rm -rf vault/catalog.db* vault/index
exhibit rebuild >log 2>&1
body after.json >after
check 'a rebuild changes nothing' cmp before after
# The catalog is no witness: what it says is not what stands in the report.
python3 -c 'import sqlite3, sys
c = sqlite3.connect(sys.argv[1] + "/catalog.db")
c.execute("UPDATE traces SET name = ?", ("forged",))
c.commit()' vault
check 'a catalog is forged' eval 'exhibit trace list 1/1 --quiet 2>/dev/null | grep -q forged'
body forged.json >after
check 'and the report is not' cmp before after
echo "1..$count"
