#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Timelines, held against what fls, istat, mactime, debugfs and mdir say of the same images, and against what was put
# there: tests/scripts/timeline.sh EXHIBIT; prints TAP.
# shellcheck disable=SC2016 # NTFS calls its structures $STANDARD_INFORMATION

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scripts/tap.inc
. "$here/tap.inc" timeline "$1"
PATH=$PATH:/sbin:/usr/sbin
for tool in jq mke2fs debugfs python3 fls istat mactime mkfs.vfat mcopy mdir; do
    command -v $tool >/dev/null && continue
    skip 'all of it' "$tool is missing"
    echo "1..$count"
    exit 0
done
export EXHIBIT_OFFICER=One
summary() { jq -c 'select(.type == "summary").result'; }
times() { exhibit timeline "$@" --limit 100000 --json | summary; }
give() { # FORM FILE ITEM…
    local form=$1 file=$2
    shift 2
    rm -f "$file"
    exhibit timeline export "$@" --format "$form" --output "$file" --json 2>/dev/null | summary
}
bodies() { # ITEM IMAGE NAME [ARGUMENT]: as fls has it
    give bodyfile ours "$1" --zone +00:00 >report
    TZ=UTC fls -r -m "$1/$3/" "$2" >theirs
    # shellcheck disable=SC2086 # none, or one word
    "$here/timeline-bodies.py" ours theirs ${4:-}
}

# ---- images ----

# FAT: local times, two seconds for modified, a date for accessed. Made as if at seven hours east.
fat() {
    mkfs.vfat -F 16 -s 1 -C fat.img 8192 && mkdir -p put/folder || return 1
    for n in 1 2 3 4; do echo "$n" >"put/file$n.txt"; done
    echo deep >put/folder/deep.txt
    touch -d '2024-05-06 07:08:11 +07:00' put/file1.txt
    touch -d '2024-02-29 23:59:59 +07:00' put/file2.txt
    touch -d '1999-12-31 23:59:58 +07:00' put/file3.txt
    touch -d '2024-05-06 12:00:00 +07:00' put/file4.txt put/folder/deep.txt put/folder
    TZ=UTC-7 mcopy -s -m -i fat.img put/file?.txt put/folder :: && mdel -i fat.img ::file4.txt
}
# ext4: nanoseconds, years behind 2038, a deleted file.
ext() {
    mkdir -p tree/folder || return 1
    echo fine >tree/fine.txt
    echo late >tree/late.txt
    echo gone >tree/gone.txt
    echo deep >tree/folder/deep.txt
    echo formula >'tree/=HYPERLINK(1)'
    echo evil >"$(printf 'tree/evil\n0|x|1|r|0|0|1|2|3|4|5\n\xe2\x80\xaegpj.\x1b[31m,"\xff')"
    mke2fs -q -F -t ext4 -I 256 -E root_owner=0:0 -d tree ext.img 16M || return 1
    {
        for field in m a c; do
            echo "sif /fine.txt ${field}time 20240506070809"
            echo "sif /fine.txt ${field}time_extra 0x1d6f3454"
        done
        echo 'sif /fine.txt crtime 20010203040506'
        echo 'sif /fine.txt crtime_extra 0xee6b27fc'
        echo 'sif /late.txt mtime @0x10000000'
        echo 'sif /late.txt mtime_extra 1'
        echo 'sif /late.txt atime @0x80000000'
        echo 'sif /late.txt atime_extra 0'
        echo 'rm /gone.txt'
    } | debugfs -w -f - ext.img
}
# NTFS: two structures, 100 ns; one file whose first structure was set back, and beyond the year 9999.
ntfs() {
    truncate -s 8M ntfs.img && mkntfs -q -F -c 4096 -s 512 -p 0 -H 16 -S 63 ntfs.img || return 1
    echo one >one.txt
    ntfscp -f ntfs.img one.txt honest.txt && sleep 1 && ntfscp -f ntfs.img one.txt set-back.txt &&
        python3 - <<'P'
import struct
b = bytearray(open("ntfs.img", "rb").read())
name = "set-back.txt".encode("utf-16-le")
at = b.index(b"FILE", b.index(name) // 1024 * 1024)
assert name in b[at:at + 1024]
attribute = at + struct.unpack_from("<H", b, at + 20)[0]
assert struct.unpack_from("<I", b, attribute)[0] == 16  # $STANDARD_INFORMATION
times = attribute + struct.unpack_from("<H", b, attribute + 20)[0]
filetime = lambda s: (s + 11644473600) * 10000000
struct.pack_into("<QQQQ", b, times, filetime(1000000000) + 7, filetime(1000000001), filetime(1000000002), 2**63 - 1)
open("ntfs.img", "wb").write(b)
P
}
if ! fat >log 2>&1 || ! ext >log 2>&1; then
    sed 's/^/# /' log
    exit 1
fi
with_ntfs=no
command -v mkntfs >/dev/null && command -v ntfscp >/dev/null && ntfs >log 2>&1 && with_ntfs=yes
mkdir packed && echo m >packed/member.txt && touch -d '2011-01-02 03:04:05 UTC' packed/member.txt
mkdir outer && tar -cf outer/packed.tar -C packed member.txt && mke2fs -q -F -t ext4 -d outer packed.img 8M >log 2>&1
head -c 100000 /dev/zero >empty.img
{
    exhibit init vault --agency A --officer One --plain --kdf-memory 8
    exhibit case new --number 1 --title t
    for source in fat.img ext.img packed.img empty.img; do exhibit collect $source --case 1; done
    exhibit item register --case 1 --description 'a phone'
    for item in 1/1 1/2 1/3; do exhibit examine $item; done
    if [ $with_ntfs = yes ]; then
        exhibit collect ntfs.img --case 1
        exhibit examine 1/6
    fi
} >log 2>&1

# ---- as others have them ----

check 'FAT: as fls has it' bodies 1/1 fat.img fat16 --no-access
check 'every kind of time has its place or is counted' \
    [ "$(jq '[.matched - .times, .no_place.date_only, .no_place.zone_unknown] | join(" ")' report)" = '"6 6 0"' ]
fat_dates() { # the last access is the date that fls has at midnight
    times 1/1 --what accessed --zone +00:00 | jq -r '.times[] | "1/1/" + .path + (if .state == "deleted" then " (deleted)" else "" end) + "|" + .time' | sort >one
    awk -F'|' '$8 > 0 && $4 !~ /^[vV]/ { print $2 "|" strftime("%Y-%m-%d", $8, 1) }' theirs | sort >two
    diff one two && [ -s one ]
}
check 'FAT: dates of access are dates' fat_dates
by_mdir() { # NAME DATE TIME
    TZ=UTC mdir -i fat.img ::"$1" | grep -Eq "$2 +$3" || return 1
    times 1/1 --name "$1" --what modified | jq -r '.times[].time' | grep -q "^$2T0*$3"
}
check 'FAT: as mdir has it' by_mdir file1.txt 2024-05-06 7:08
check 'FAT: and at the end of a leap day' by_mdir file2.txt 2024-02-29 23:59
fat_when() { times 1/1 --name file1.txt --what modified "$@" | jq -c '.times[] | [.time, .utc, .zone, .resolution_ns, .confidence]'; }
check 'FAT: two seconds, of no known zone' \
    [ "$(fat_when)" = '["2024-05-06T07:08:10",null,"local",2000000000,"zone-unknown"]' ]
check 'FAT: of the zone that the officer knows' \
    [ "$(fat_when --zone +07:00)" = '["2024-05-06T07:08:10","2024-05-06T00:08:10Z","local",2000000000,"zone-assumed"]' ]
check 'which is when the file was put there' \
    [ "$(date -u -d "$(fat_when --zone +07:00 | jq -r '.[1]')" +%s)" = $(($(stat -c %Y put/file1.txt) / 2 * 2)) ]
check 'FAT: a deleted record is called so' \
    [ "$(times 1/1 --state deleted | jq -r '[.times[].confidence] | unique | join(" ")')" = deleted-record ]

# fls cuts to 32 bits, so does the comparison: what lies behind 2038 is held against debugfs alone
check 'ext4: as fls has it' bodies 1/2 ext.img ext4
by_mactime() {
    for body in ours theirs; do
        TZ=UTC mactime -b $body -d -y | grep -v "evil\|late" | cut -d , -f 1,3,8 | sort >$body.times
    done
    cat ours.times
    diff ours.times theirs.times && [ "$(wc -l <ours.times)" -ge 8 ]
}
# fls counts late.txt wrong, and mactime shows nothing before 1970
check 'ext4: mactime makes the same of both' by_mactime
ext_time() { times 1/2 --name "$1" --what "$2" | jq -r '.times[].utc'; }
by_debugfs() { # NAME FIELD WHAT: from the two halves that debugfs prints
    local low high
    read -r low high < <(debugfs -R "stat /$1" ext.img 2>/dev/null | sed -n "s/^ *$2: 0x\([0-9a-f]*\):\([0-9a-f]*\).*/\1 \2/p")
    [ -n "$low" ] && [ -n "$high" ] || return 1
    low=$((16#$low)) high=$((16#$high))
    [ $low -ge $((1 << 31)) ] && low=$((low - (1 << 32)))
    printf '%s.%09dZ\n' "$(date -u -d "@$((low + ((high & 3) << 32)))" +%Y-%m-%dT%H:%M:%S)" $((high >> 2)) >wanted
    ext_time "$1" "$3" >got
    cat wanted got
    cmp wanted got
}
for what in 'mtime modified' 'atime accessed' 'ctime changed' 'crtime created'; do
    # shellcheck disable=SC2086 # two words
    check "ext4: $what to the nanosecond, as debugfs has it" by_debugfs fine.txt $what
done
check 'ext4: known beforehand' [ "$(ext_time fine.txt modified)" = 2024-05-06T07:08:09.123456789Z ]
check 'ext4: behind 2038' by_debugfs late.txt mtime modified
check 'ext4: which is this year' [ "$(ext_time late.txt modified | cut -c 1-4)" = 2114 ]
check 'ext4: before 1970' [ "$(ext_time late.txt accessed)" = 1901-12-13T20:45:52.000000000Z ]
deleted_at() {
    local at
    at=$(times 1/2 --state deleted --what deleted | jq -r '.times[].utc')
    debugfs -R 'stat <16>' ext.img >log 2>&1
    [ -n "$at" ] && [ $(($(date +%s) - $(date -u -d "$at" +%s))) -lt 600 ]
}
check 'ext4: when it was deleted' deleted_at
check 'ext4: only the system sets some' \
    [ "$(times 1/2 --name fine.txt | jq -r '[.times[] | .what + ":" + .confidence] | sort | join(" ")')" = \
        'accessed:settable changed:by-system created:by-system modified:settable' ]
check 'an archive: its maker says so' \
    [ "$(times 1/3 --what modified --kind member | jq -rc '.times[] | [.utc, .source, .confidence, .path]')" = \
        '["2011-01-02T03:04:05Z","tar","by-program","ext4/packed.tar/member.txt"]' ]

if [ $with_ntfs = yes ]; then
    check 'NTFS: both structures, as fls has them' bodies 1/6 ntfs.img ntfs --but-access=set-back.txt
    check 'NTFS: what no clock shows has no place in it' [ "$(jq '.no_place.out_of_range' report)" -ge 1 ]
    istat_says() { # the eight times of a file, in the order of istat
        local inode
        inode=$(fls -r ntfs.img | sed -n 's/^r\/r \([0-9]*\)-.*honest.txt$/\1/p')
        TZ=UTC istat ntfs.img "$inode" | sed -n 's/^\(Created\|File Modified\|MFT Modified\|Accessed\):\t\(.*\) \(.*\) (UTC)$/\1 \2T\3/p' |
            sed 's/00$/Z/; s/File Modified/modified/; s/MFT Modified/changed/; s/^./\L&/' >wanted
        times 1/6 --name honest.txt >got
        for source in 'ntfs:$STANDARD_INFORMATION' 'ntfs:$FILE_NAME'; do
            for what in created modified changed accessed; do
                jq -r --arg s "$source" --arg w $what '.times[] | select(.source == $s and .what == $w) | .what + " " + .utc' got
            done
        done >ours
        cat wanted ours
        [ "$(wc -l <ours)" = 8 ] && cmp wanted ours
    }
    check 'NTFS: to 100 ns, as istat has it' istat_says
    set_back() {
        times 1/6 --name set-back.txt --what created | jq -r '.times[] | .source + " " + .utc[0:4]' >got
        cat got
        [ "$(sed -n 1p got)" = 'ntfs:$STANDARD_INFORMATION 2001' ] && [ "$(sed -n '2s/ .*//p' got)" = 'ntfs:$FILE_NAME' ] && [ "$(wc -l <got)" = 2 ]
    }
    check 'NTFS: what was set back stands beside what was not' set_back
    check 'NTFS: what lies beyond the year 9999 is not lost' \
        [ "$(times 1/6 --name set-back.txt --what accessed | jq -c '[.times[] | select(.seconds) | [.time, .utc, .shown, .seconds, .confidence]]')" = \
            '[[null,null,null,910692730085,"out-of-range"]]' ]
    check 'and is the last of all' [ "$(times 1/6 1/2 1/1 | jq '.times[-1].seconds')" = 910692730085 ]
    exhibit timeline 1/6 --name set-back.txt >page 2>&1
    check 'on the page, too' grep -q '^after the year 9999$' page
    check 'with its seconds' grep -q '  910692730085 s since 1970  *accessed' page
else
    skip 'NTFS' 'mkntfs or ntfscp is missing'
fi

# ---- complete, and in order ----

everything() { # as many as the results have, each once
    give csv all.csv 1/1 1/2 1/3 >report
    for item in 1/1 1/2 1/3; do
        rm -f t.jsonl
        exhibit trace export $item --output t.jsonl >log 2>&1
        jq -r --arg i $item 'select(.times) | .id as $id | .times[] | [$i, $id, .what, .source] | join(",")' t.jsonl
    done | sort >wanted
    python3 -c 'import csv
for r in csv.DictReader(open("all.csv", newline="")): print(r["item"], r["trace"], r["what"], r["source"], sep=",")' | sort >got
    diff wanted got && [ "$(jq .times report)" = "$(wc -l <wanted)" ]
}
check 'all times of three items' everything
in_order() {
    give jsonl all.jsonl 1/1 1/2 1/3 --zone +07:00 >report
    jq -r 'select(.utc) | .utc' all.jsonl | sed 's/\.[0-9]*//' >got
    sort -c got && [ -s got ]
}
check 'in order' in_order
check 'a date comes before the times of its day' \
    [ "$(jq -r 'select(.item == "1/1" and (.shown | startswith("2024-05-06"))) | .shown | length' all.jsonl | head -1)" = 10 ]
check 'no date looks like midnight' eval '! jq -r "select(.resolution_ns >= 86400000000000) | .shown, .time" all.jsonl | grep -q T'
sketch() {
    give timesketch sketch.csv 1/1 1/2 1/3 --zone +07:00 >report
    python3 - <<'P'
import csv, datetime
rows = list(csv.DictReader(open("sketch.csv", newline="", encoding="utf-8")))
assert rows
for r in rows:
    assert r["message"] and r["timestamp_desc"].split()[0] in ("modified", "accessed", "changed", "created", "deleted")
    at = datetime.datetime.fromisoformat(r["datetime"])
    assert at.utcoffset() == datetime.timedelta(0)
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    assert (at - epoch) // datetime.timedelta(microseconds=1) == int(r["timestamp"])
    assert (r["resolution_ns"] == "86400000000000") == r["timestamp_desc"].endswith(" (date only)")
P
}
check 'Timesketch: microseconds and ISO 8601 agree' sketch
check 'and all have a place' [ "$(jq '.times == .matched' report)" = true ]
give timesketch sketch.csv 1/1 1/2 1/3 >report
check 'without a zone local ones have none' [ "$(jq '.no_place.zone_unknown == .matched - .times and .no_place.zone_unknown > 0' report)" = true ]

many() { # more results than are read at once
    for _ in 1 2 3 4; do exhibit collect ext.img --case 1; done >log 2>&1
    mapfile -t items < <(exhibit item list --json | summary | jq -r '.items[-4:][].label')
    for item in "${items[@]}"; do exhibit examine "$item" --profile triage; done >log 2>&1
    give csv many.csv 1/1 1/2 1/3 "${items[@]}" >report
    [ "$(grep -c ,ext4/fine.txt, many.csv)" = 20 ] && [ "$(cut -d , -f 1 many.csv | sed '1d; /^$/d; s/[.Z].*//' | sort -c; echo $?)" = 0 ]
}
check 'more items than results that are open at once' many

# ---- spans and filters ----

spans() { # ARGUMENT…: how many
    times 1/2 --name fine.txt "$@" | jq .matched
}
check 'from an instant on' [ "$(spans --from 2024-05-06T07:08:09.123456789)" = 3 ]
check 'and the one after it' [ "$(spans --from 2024-05-06T07:08:09.123456790)" = 0 ]
check 'until the end of a day' [ "$(spans --from 2024-05-06 --until 2024-05-06)" = 3 ]
check 'in a zone' [ "$(spans --from 2024-05-06T14:08:09+07:00 --until 2024-05-06T14:08:10+07:00)" = 3 ]
check 'in that of --zone' [ "$(spans --zone -05:00 --from 2024-05-06T02:08 --until 2024-05-06T02:09)" = 3 ]
check 'a FAT date is inside on any hour of its day' \
    [ "$(times 1/1 --name file1.txt --from 2024-05-06T20:00 --until 2024-05-06T21:00 | jq -c '[.times[].what]')" = '["accessed"]' ]
check 'what is near in some zone is counted' [ "$(times 1/1 --name file1.txt --from 2024-05-06T19:00 --until 2024-05-06T20:00 | jq .near_ends)" = 2 ]
check 'with a zone nothing is' [ "$(times 1/1 --zone +07:00 --from 2024-05-06T20:00 --until 2024-05-06T21:00 | jq .near_ends)" = 0 ]
check 'by what, kind and state' [ "$(times 1/1 --what modified --kind file --state deleted | jq -c '[.times[].path]')" = '["fat16/_ile4.txt"]' ]
exhibit timeline 1/2 --limit 2 >page 2>&1
check 'what is left out is said' grep -Eq '^… and [0-9]+ more: --limit' page
check 'and counted' [ "$(exhibit timeline 1/2 --limit 2 --json | summary | jq -c '[(.times | length), .matched - .left_out]')" = '[2,2]' ]

# ---- hostile names ----

give csv ext.csv 1/2 >report
give bodyfile ext.body 1/2 >report
one_line_each() {
    [ "$(grep -c 'evil' ext.csv)" = 4 ] && [ "$(grep -c 'evil' ext.body)" = 1 ] &&
        [ "$(awk -F'|' 'NF != 11' ext.body | wc -l)" = 0 ] && ! LC_ALL=C grep -q $'[\x01-\x09\x0b-\x0c\x0e-\x1f]' ext.csv ext.body &&
        ! grep -q $'\xe2\x80\xae' ext.csv ext.body
}
check 'a name is no line, no field, no escape' one_line_each
check 'and no formula' python3 -c 'import csv
for r in csv.reader(open("ext.csv", newline="", encoding="utf-8")):
    assert len(r) == 16 and not any(f[:1] in "=+-@" and f[:1] for f in r), r'

# ---- what cannot be had ----

refused() { # STATUS TEXT ARGUMENT…
    local status=$1 text=$2
    shift 2
    status_is "$status" exhibit timeline "$@" >said 2>&1
    local as_wanted=$?
    cat said
    [ $as_wanted = 0 ] && grep -q -- "$text" said
}
check 'not examined' refused 6 'exhibit examine 1/4 does that' 1/1 1/4
check 'physical' refused 9 'is physical' 1/5
check 'unknown' refused 6 'there is no item' 1/99
check 'twice' refused 2 'named twice' 1/1 1/1
check 'no such day' refused 2 'no date and no time' 1/1 --from 2024-02-30
check 'no such zone' refused 2 'no offset of a zone' 1/1 --zone Asia/Bangkok
check 'no such time' refused 2 'no list of kinds of times' 1/1 --what modified,seen
check 'no such limit' refused 2 'takes a number' 1/1 --limit 0
check 'no such form' status_is 9 exhibit timeline export 1/1 --format xml --output x
check 'into the vault' status_is 2 exhibit timeline export 1/1 --format csv --output vault/x
echo there >there
check 'over a file' status_is 1 exhibit timeline export 1/1 --format csv --output there
check 'which stays' [ "$(cat there)" = there ]
check 'nothing is left lying' [ -z "$(find . -name '*.part')" ]

# ---- in the ledger ----

exhibit timeline 1/1 1/2 >log 2>&1
entered() { exhibit ledger show --json | summary | jq -c "[.shown[] | select(.event == \"$1\")][-1] | $2"; }
check 'looking is entered, with the items' [ "$(entered view.traces '[.result, (.body.what.items | length)]')" = '["done",2]' ]
rm -f given.csv
exhibit timeline export 1/1 1/2 --format csv --output given.csv >log 2>&1
check 'giving out is announced' [ "$(entered export.intent '[.body.what.format, (.body.what.items | map(.label))]')" = '["timeline-csv",["1/1","1/2"]]' ]
check 'and entered with its hash' [ "$(entered export.outcome '[.result, .body.what.sha256]')" = "[\"done\",\"$(sha256sum <given.csv | cut -c 1-64)\"]" ]
check 'in the history of each' [ "$(exhibit custody log 1/2 --json | summary | jq '[.history[] | select(.event == "export.outcome")] | length > 0')" = true ]
check 'which is no damage' [ "$(exhibit item show 1/2 --json | summary | jq .item.damage_found)" = null ]
echo 'the passphrase of another' >other
EXHIBIT_NEW_PASSPHRASE_FILE=$work/other exhibit officer add Other --permissions view --kdf-memory 8 >log 2>&1
as_other() { EXHIBIT_PASSPHRASE_FILE=$work/other exhibit "$@" --officer Other; }
check 'who may look, may look' status_is 0 as_other timeline 1/1
check 'and not give out' status_is 7 as_other timeline export 1/1 --format csv --output x

# ---- through the life of a vault ----

output() {
    exhibit timeline 1/1 1/2 1/3 --limit 100000 --quiet >"$1" 2>&1
    for form in csv jsonl timesketch bodyfile; do
        exhibit timeline export 1/1 1/2 1/3 --format $form --output - 2>/dev/null
    done >>"$1"
}
output before
rm -rf vault/catalog.db* vault/index
exhibit rebuild >log 2>&1
output after
check 'a rebuild changes nothing' cmp before after
exhibit vault compact --waste 0 >log 2>&1
output after
check 'nor does compaction' cmp before after

# A damaged later result: before a rebuild the reading of it fails, after it the earlier one answers.
exhibit examine 1/1 --json 2>/dev/null | summary >again
exhibit timeline 1/1 --quiet 2>/dev/null | sed 1,2d >before
file=$(find vault/packs -name "$(jq -r '.stored.packs[0]' again | cut -c 1-16)*" | head -1)
[ -n "$file" ] && python3 -c 'import sys
f = open(sys.argv[1], "r+b"); f.seek(200); f.write(b"x" * 300)' "$file"
later=$(jq -r .object again)
if [ "$(exhibit item show 1/1 --json | summary | jq '[.examinations[].object] | unique | length')" = 2 ] && [ -n "$later" ]; then
    check 'half a result is none' status_is 4 exhibit timeline 1/1
    check 'nor is it given out' status_is 4 exhibit timeline export 1/1 --format csv --output half.csv
    check 'and nothing is left of it' [ ! -e half.csv ]
    exhibit rebuild >log 2>&1
    check 'the one before it answers' status_is 4 exhibit timeline 1/1
    check 'and says why' refused 4 'A LATER EXAMINATION OF ITEM 1/1 FOUND' 1/1
    exhibit timeline 1/1 --quiet 2>/dev/null | sed 1,5d >after
    check 'with the same times' [ "$(grep -c directory-entry before)" = "$(grep -c directory-entry after)" ]
else
    skip 'a damaged result' 'both examinations have the same'
fi

# A partial one says so.
python3 -c 'b = bytearray(open("fat.img", "rb").read())
first = int.from_bytes(b[14:16], "little") * 512
entry = b.index(b"FILE1   TXT")
cluster = int.from_bytes(b[entry + 26:entry + 28], "little")
b[entry + 28:entry + 32] = (5000).to_bytes(4, "little")
open("hurt.img", "wb").write(b)'
exhibit collect hurt.img --case 1 >log 2>&1
hurt=1/$(exhibit item list --json | summary | jq '.items | length')
check 'a partial examination' status_is 3 exhibit examine "$hurt"
check 'says that times may be missing' refused 0 'so times may be missing' "$hurt"

# Disposal.
EXHIBIT_PASSPHRASE_FILE=$work/passphrase exhibit officer list >log 2>&1
echo 'a third passphrase here' >third
EXHIBIT_NEW_PASSPHRASE_FILE=$work/third exhibit officer add Third --permissions all --kdf-memory 8 >log 2>&1
exhibit item dispose 1/3 --legal-basis 'order 3' >log 2>&1
proposal=$(exhibit ledger show --json | summary | jq -r '.shown[] | select(.event == "dispose.propose").index')
EXHIBIT_PASSPHRASE_FILE=$work/third exhibit item dispose 1/3 --approve "$proposal" --officer Third >log 2>&1
check 'disposed of' status_is 6 exhibit timeline 1/3
check 'also among others' status_is 6 exhibit timeline 1/1 1/3

# Encrypted, the default.
rm -rf vault
{
    exhibit init vault --agency A --officer One --kdf-memory 8 --no-recovery-sheet
    exhibit case new --number 1 --title t
    exhibit collect ext.img --case 1
    exhibit examine 1/1
} >log 2>&1
check 'an encrypted vault gives the same' [ "$(times 1/1 | jq -c '[.times[] | [.utc, .path]]' | sha256sum)" = "$(give jsonl again.jsonl 1/1 >log && jq -sc 'map([.utc, .path])' again.jsonl | sha256sum)" ]
check 'and has no name in the clear' eval '! grep -raq "fine.txt" vault'
echo "1..$count"
