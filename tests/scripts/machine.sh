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

# ---- a disk: two partitions, one with home folders, mail, a locked archive, a deleted file, and names meant to mislead ----

disk() {
    mkdir -p tree/home/alice tree/home/bob tree/srv/home/nobody tree/etc || return 1
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
    } | debugfs -w -f - fs.img
    truncate -s 14M disk.img && printf 'label: gpt\n2048,16384\n20480,4096\n' | sfdisk -q disk.img &&
        dd if=fs.img of=disk.img bs=512 seek=2048 conv=notrunc status=none
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
sed '1d;$d' all.jsonl >traces.jsonl

# ---- counted by another program ----

check 'as many traces' same '.found.traces' 'length'
check 'by kind and state' same '[.found.kinds[] | {kind, count, allocated, deleted, orphan, virtual, bytes}] | sort_by(.kind)' \
    'group_by(.kind) | map({kind: .[0].kind, count: length, bytes: (map(.size // 0) | add),
        allocated: map(select(.state == null)) | length, deleted: map(select(.state == "deleted")) | length,
        orphan: map(select(.state == "orphan")) | length, virtual: map(select(.state == "virtual")) | length})'
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
check 'the earliest and the latest' same '[.found.times.ends[] | {what, e: .earliest.time[:19], l: .latest.time[:19]}] | sort_by(.what)' \
    'map(.times // [] | .[] | select(.zone == "UTC" and .time)) | group_by(.what) |
        map({what: .[0].what, e: (map(.time[:19]) | min), l: (map(.time[:19]) | max)})'
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
check 'as text' grep -q '^== Who used it ==$' r.txt
check 'without control characters' eval '! LC_ALL=C grep -qP "[\x00-\x09\x0b-\x1f\x7f]" r.txt'
check 'on standard output' eval 'exhibit report machine 1/1 --format json --output - 2>/dev/null | jq -e ".format == \"exhibit-machine-report\"" >log'
check 'an empty list says what it proves' grep -q 'That is no proof that there is none' r.txt

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
