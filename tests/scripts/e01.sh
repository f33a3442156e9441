#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Items exported as E01, given to other programs: libewf's, The Sleuth Kit, ssh-keygen, jq; and to
# our own reader. tests/scripts/e01.sh EXHIBIT; prints TAP.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scripts/tap.inc
. "$here/tap.inc" e01 "$1"
build=$(dirname "$bin")/../..
content() { "$build/tests/unit/parsers/read_container" "$build/parsers/exhibit-parser" ewf "$1"; }
export EXHIBIT_OFFICER='Sok Dara'

for tool in ewfverify ewfinfo ewfexport jq ssh-keygen; do
    command -v $tool >/dev/null || { skip 'all of it' "$tool is missing"; echo "1..$count"; exit; }
done
exhibit init vault --agency 'Police, A' --officer 'Sok Dara' --no-recovery-sheet --kdf-memory 8 --quiet >/dev/null 2>&1
exhibit case new --number 2026-014 --title 'Compound 7' --quiet >/dev/null 2>&1
# item NAME LABEL [FLAG…]: collects NAME; its label is in $item
items=0
item() {
    local name=$1 label=$2
    shift 2
    exhibit collect "$name" --case 2026-014 --label "$label" --quiet "$@" >/dev/null 2>log.collect
    items=$((items + 1))
    item=2026-014/$items
}
result() { jq -c 'select(.type == "summary").result'; }
e01() {
    exhibit export "$item" --format e01 --output "$@" --json --quiet >said || return
    result <said >result
}
hash_of() { sha256sum "$1" | cut -d' ' -f1; }

# Text, noise and runs of one value.
python3 - >mixed.raw <<'E1'
import random, sys
r = random.Random(7)
text = b"".join(b"line %d of what somebody wrote; " % i for i in range(60000))
sys.stdout.buffer.write(text + r.randbytes(2600000) + bytes(3000000) + text[:300000] + b"\xff" * 400000)
E1
truncate -s 8000000 mixed.raw

# back FILE SOURCE: libewf finds it whole, and gives the bytes of the source back.
back() {
    ewfverify -q -d sha1 "$1" >out 2>&1
    grep 'ewfverify: SUCCESS' out || { cat out; return 1; }
    rm -f back.raw*
    ewfexport -u -q -f raw -t back "$1" >out 2>&1 || { cat out; return 1; }
    cmp "$2" back.raw
}
# ours FILE SOURCE: so does our own reader, without a word of damage.
ours() {
    content "$1" >out || return 1
    cat out
    grep -qx "sha256 $(hash_of "$2")" out && ! grep -E '^(range|damaged|fact warning)' out
}
# beside FILE SOURCE: the file beside it is signed, and says what is so.
beside() {
    exhibit officer list --json --quiet | result | jq -r '.officers[0].ssh' >key && echo "officer $(cat key)" >signers
    ssh-keygen -Y verify -f signers -I officer -n exhibit-export -s "$1.exhibit.json.sig" <"$1.exhibit.json" || return 1
    sed 's/Sok/Sak/' "$1.exhibit.json" | ssh-keygen -Y verify -f signers -I officer -n exhibit-export -s "$1.exhibit.json.sig" && return 1
    jq -r '.image.segments[] | "\(.sha256)  \(.name)"' "$1.exhibit.json" | sha256sum -c --strict --quiet || return 1
    jq -r '.image.segments[] | "\(.size_bytes) \(.name)"' "$1.exhibit.json" | while read -r size name; do
        [ "$(stat -c %s "$name")" = "$size" ] || return 1
    done
    jq -e --arg sha "$(hash_of "$2")" --arg md5 "$(md5sum "$2" | cut -d' ' -f1)" --arg sha1 "$(sha1sum "$2" | cut -d' ' -f1)" \
        --arg item "$item" --argjson size "$(stat -c %s "$2")" --arg case 2026-014 \
        '.format == "exhibit-e01" and .version == 1 and .item.sha256 == $sha and .image.md5 == $md5 and .image.sha1 == $sha1
        and .item.label == $item and .item.size_bytes == $size and .case.number == $case and .agency == "Police, A"
        and .officer.name == "Sok Dara" and (.item.fsverity | length) == 64 and (.does_not_prove | length) > 3' "$1.exhibit.json"
}
recorded() { # FILE: in the ledger stands what the file beside it says
    exhibit ledger show --json --quiet | result | jq -e --slurpfile side "$1.exhibit.json" --arg hash "$(hash_of "$1.exhibit.json")" \
        '[.shown[] | select(.event == "export.outcome") | .body.what.image] | last |
        .segments == ($side[0].image.segments | length) and .md5 == $side[0].image.md5 and .sha1 == $side[0].image.sha1 and
        .side_sha256 == $hash and .segment_size > 0'
}

item mixed.raw 'A disk'
check 'one segment is written' e01 one.E01
check 'O1 O6 libewf finds it good, and gives the bytes of the source back' back one.E01 mixed.raw
check '… and our own reader' ours one.E01 mixed.raw
check 'O10 a signed file beside it has SHA-256 of the content and of each segment' beside one.E01 mixed.raw
check '… and its hashes in the ledger' recorded one.E01
check 'nothing else was left there' test "$(ls one*)" = "$(printf 'one.E01\none.E01.exhibit.json\none.E01.exhibit.json.sig')"
says() { ewfinfo one.E01 >out 2>&1; cat out; grep -qE "^[[:space:]]*$1:[[:space:]]*$2\$" out; }
check 'ewfinfo: the case' says 'Case number' 2026-014
check 'ewfinfo: the item' says 'Evidence number' 2026-014/1
check 'ewfinfo: the label' says 'Description' 'A disk'
check 'ewfinfo: the officer' says 'Examiner name' 'Sok Dara'
check 'ewfinfo: the format' says 'File format' 'EnCase 6'
check 'ewfinfo: the size' says 'Media size' '7.6 MiB \(8000000 bytes\)'
check 'ewfinfo: MD5' says MD5 "$(md5sum mixed.raw | cut -d' ' -f1)"
check 'ewfinfo: SHA1' says SHA1 "$(sha1sum mixed.raw | cut -d' ' -f1)"

check 'small segments are written' e01 many.E01 --segment-size 1048576
small() { ls many.E??; [ "$(find . -name 'many.E??' | wc -l)" -ge 3 ] && [ -z "$(find . -name 'many.E??' -size +1024k)" ]; }
check 'O4 no segment is larger than was asked for' small
check '… which libewf gives back' back many.E01 mixed.raw
check '… and our own reader' ours many.E01 mixed.raw
check '… each with its hash in the signed file' beside many.E01 mixed.raw
check '… and in the ledger' recorded many.E01

# What ewfacquire makes of the same bytes: the same sections in the same order, of the same sizes where
# nothing is compressed, and the same hashes.
outline() {
    python3 - "$@" <<'E2'
import struct, sys
for name in sys.argv[1:]:
    data = open(name, "rb").read()
    at = 13
    while True:
        kind = data[at:at + 16].rstrip(b"\0").decode()
        next_at, size = struct.unpack_from("<QQ", data, at + 16)
        print(kind, size if kind in ("volume", "data", "digest", "hash", "next", "done") else "")
        if kind in ("digest", "hash"):
            print(data[at + 76:next_at].hex())
        if next_at == at:
            break
        at = next_at
E2
}
like_ewfacquire() {
    ewfacquire -u -q -c fast -f encase6 -S 2GiB -d sha1 -m fixed -M physical -t theirs mixed.raw >/dev/null 2>&1
    outline theirs.E01 >a && outline one.E01 >b && diff a b
}
check 'the layout is that of ewfacquire' like_ewfacquire

# ---- sizes ----

for size in 1 511 512 513 4097 32768 32769 1048577; do
    head -c $size mixed.raw >odd.raw
    item odd.raw "$size bytes"
    rm -f odd.E01*
    check "$size bytes are written" e01 odd.E01
    check 'O6 … and given back by libewf' back odd.E01 odd.raw
    check '… and by our own reader' ours odd.E01 odd.raw
done
warned() { jq -e '.image.warnings | length == 1' result && jq -e '.warnings[0] | test("sectors of one byte")' odd.E01.exhibit.json; }
check 'sectors of one byte come with a warning' warned
: >empty.raw
item empty.raw 'nothing'
check 'nothing at all is written' e01 empty.E01
verified() { ewfverify -q -d sha1 "$1" 2>&1 | tee out && grep -q 'ewfverify: SUCCESS' out; }
check '… and verified by libewf' verified empty.E01
check '… and read by our own reader' ours empty.E01 empty.raw
truncate -s 2304M sparse.raw
printf 'the end' | dd of=sparse.raw bs=1 seek=$((2415919104 - 512)) conv=notrunc 2>/dev/null
item sparse.raw 'mostly holes' --readback none
check '2.25 GiB, most of it a hole' e01 sparse.E01
sparse() {
    [ "$(stat -c %s sparse.E01)" -lt 20000000 ] && jq -e --arg sha "$(jq -r .sha256 result)" '.item.sha256 == $sha' sparse.E01.exhibit.json &&
        ewfinfo sparse.E01 | grep '2415919104 bytes' && jq -e '.matches and .image.segments == 1' result
}
check '… is small, and of that size' sparse
rm -f sparse.raw sparse.E01

# ---- a file system ----

if command -v img_stat fls mkfs.ext4 >/dev/null; then
    mkdir -p tree/papers && echo 'a letter' >tree/papers/letter.txt
    mkfs.ext4 -q -d tree fs.raw 8M >log.mkfs 2>&1
    item fs.raw 'A stick'
    check 'a file system is written' e01 fs.E01 --segment-size 1048576
    stat_of() { img_stat fs.E01 2>&1 | tee out && grep -q 'Size of data in bytes:.*8388608' out; }
    check 'img_stat knows its size' stat_of
    listed() { fls -r fs.E01 2>&1 | tee out && grep -q 'letter.txt' out; }
    check 'O1 The Sleuth Kit lists what is in it' listed
else
    skip 'The Sleuth Kit' 'img_stat, fls or mkfs.ext4 is missing'
fi

# ---- what was not read ----

item mixed.raw 'A damaged disk' --skip-region 1048576+65536,4096000+512
check 'an item with parts that were not read' e01 unread.E01
errors() { ewfinfo -e unread.E01 >out 2>&1; cat out; grep -q 'total number: 2' out && grep -qE 'at sector\(s\): 2048 - 2176|2048 - 2175' out; }
check '… ewfinfo lists them' errors
ours_lists() { content unread.E01 | tee out | grep -qx 'range 1048576 65536 1' && grep -qx 'range 4096000 512 1' out; }
check '… our own reader too' ours_lists
in_side() {
    jq -e '.unread == {ranges: 2, bytes: 66048, listed_in_image: 2, list: [
        {offset: 1048576, length: 65536, why: "skipped"}, {offset: 4096000, length: 512, why: "skipped"}]}' unread.E01.exhibit.json
}
check '… and the signed file, with why' in_side

# ---- refusals ----

refused() { # STATUS TEXT COMMAND…
    local want=$1 text=$2 got
    shift 2
    "$@" >said 2>&1
    got=$?
    cat said
    [ "$got" = "$want" ] && tr -s '\n ' ' ' <said | grep -q -- "$text"
}
export_to() { exhibit export "$item" --format e01 "$@"; }
item mixed.raw again
check 'an image that is there is not touched' refused 1 'is there already' export_to --output one.E01
cp many.E02 stray.E02
check 'nor is a segment that would be taken for ours' refused 1 'would be taken for a part' export_to --output stray.E01
: >left.E01.exhibit.json
check 'nor a file that a cut off run left beside it' refused 1 'left from a run' export_to --output left.E01
check 'standard output is no place' refused 2 'which cannot go to standard output' export_to --output -
check 'nor is another name' refused 2 'ends in .E01' export_to --output image.e01
check 'a segment is at least 1 MiB' refused 2 'at least 1048576 bytes (1 MiB)' export_to --output s.E01 --segment-size 1000000
check 'and a number' refused 2 'no number of bytes' export_to --output s.E01 --segment-size 1G
check 'raw has no segments' refused 2 'for --format e01 alone' exhibit export "$item" --format raw --output raw --segment-size 2000000
mkdir folder && echo x >folder/x
item folder 'A folder'
check 'a folder is no disk' refused 9 'is a folder' export_to --output folder.E01
truncate -s 20G huge.raw
item huge.raw 'huge' --skip-region 0+21474836480
check 'more segments than names: it says so at once' refused 1 'names for 14971' export_to --output huge.E01 --segment-size 1048576
rm -f huge.raw
nothing_left() { ls -A; [ -z "$(find . -name '*.part' -o -name 'huge.E*' -o -name 's.E*' -o -name 'image.*' -o -name 'stray.E01*' -o -name 'left.E01')" ]; }
check 'none of them left anything' nothing_left

# ---- a full disk ----

mkdir small
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=2m,mode=700 tmpfs small 2>/dev/null; then
    trap 'umount "$work/small" 2>/dev/null; rm -rf "$work"' EXIT
    item=2026-014/1
    check 'O3 the disk is full: it says so' refused 1 'No space' export_to --output small/x.E01
    check '… in a later segment' refused 1 'No space' export_to --output small/x.E01 --segment-size 1048576
    check 'O3 … and nothing is left on it' test -z "$(ls -A small)"
    mount -o remount,size=16m small
    check '… and then it goes' e01 small/x.E01 --segment-size 1048576
    umount small
else
    skip 'a full disk' 'not root, or no tmpfs can be mounted here'
fi
echo "1..$count"
