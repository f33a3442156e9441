#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Collecting what is in an image that somebody made: tests/scripts/images.sh EXHIBIT; prints TAP.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scripts/tap.inc
. "$here/tap.inc" images "$1"
export EXHIBIT_OFFICER=O
"$bin" init vault --agency A --officer O --no-recovery-sheet --kdf-memory 8 >/dev/null 2>&1
"$bin" case new --number c --title t >/dev/null 2>&1 || {
    echo "Bail out! no vault"
    exit 1
}

collect() { "$bin" collect "$@" --case c --json --quiet >out; }
member() { jq -r "$1" out; }
item_is() { # JQ-EXPRESSION: true of the item
    jq -e ".result.item | $1" out >/dev/null || { jq .result.item out; return 1; }
}

python3 - >source.raw <<'E1'
import random, sys
r = random.Random(12)
text = b"".join(b"line %d of what somebody wrote; " % i for i in range(40000))
sys.stdout.buffer.write(text + r.randbytes(9500000) + bytes(900000) + text[:300000] + b"\xff" * 70144)
E1
truncate -s 12000256 source.raw
sum=$(sha256sum source.raw | cut -d' ' -f1)
md5=$(md5sum source.raw | cut -d' ' -f1)
acquire() { # TARGET SEGMENT-SIZE
    ewfacquire -u -q -c fast -d sha1 -f encase6 -S "$2" -m fixed -M logical -C 'case 7' -D 'a disk' -e 'An Officer' \
        -E 7/1 -N 'found in room 4' -t "$work/$1" "$work/source.raw" >log.acquire 2>&1
}
acquire one 2GiB
acquire many 3MiB

# ---- whole ----

check "an E01: what is in it" collect one.E01
check "O6: an E01: the SHA-256 of what it was made from" item_is ".sha256 == \"$sum\" and .size_bytes == 12000256"
check "… is whole" item_is '.result == "done" and .unreadable.bytes == 0 and .warnings == null'
check "… its hashes were compared" item_is "[.container.hashes[] | select(.verdict == \"agrees\")] |
    length == 3 and any(.algorithm == \"md5\" and .stated == \"$md5\" and .found == \"$md5\")"
check "… its words are kept as its own" item_is '.container.stated |
    any(.name == "header2.case-number" and .value == "case 7") and any(.name == "header2.examiner")'
check "… and say each thing once" item_is '.container.stated | (map({name, value}) | unique | length) == length'
check "… the source is the file" item_is '.source.kind == "container" and .source.path == "one.E01" and
    .source.write_guarded and (.source | has("size_bytes") | not)'
check "… and the intent knew" bash -c "'$bin' ledger show --json --quiet | jq -e '[.result.shown[] |
    select(.event == \"collect.intent\")][0].body.what.container | .format == \"ewf\" and .files.count == 1'"
check "… its page says that the image is not held" bash -c "'$bin' item show c/1 --quiet | tr -s ' \n' ' ' |
    grep 'an image (ewf) in 1 file of .* which is not held itself'"
sum_one=$(sha256sum one.E01 | cut -d' ' -f1)
check "… and has its SHA-256" bash -c "'$bin' item show c/1 --quiet | grep -A1 SHA-256 | grep $sum_one"
check "… as the item has" item_is ".container.files | .hashed == 1 and .list[0].sha256 == \"$sum_one\""
check "… and what came of its hashes" bash -c "'$bin' item show c/1 --quiet | grep 'sha1: what it states is what came'"
check "… its report says both" bash -c "'$bin' item report c/1 --output - --quiet | tr -s ' \n' ' ' >report
    grep -q 'own files are not held with it' report && grep -q $sum_one report && grep -q 'with what came: the same' report && grep -q 'case-number: case 7' report"
exported() { rm -f copy && "$bin" export c/1 --format raw --output copy --quiet && cmp copy source.raw; }
check "O6: byte for byte" exported
check "… it verifies" "$bin" verify c/1 --quiet

check "several segments" collect many.E01
check "… the same content" item_is ".sha256 == \"$sum\" and .result == \"done\""
check "… all files are listed" item_is ".container.files |
    .count == $(find . -name 'many.E*' | wc -l) and .bytes == $(cat many.E* | wc -c) and (.list | length) == .count"
check "… and hashed" item_is ".container.files | .hashed == .count"
files_check() { member '.result.item.container.files.list[] | "\(.sha256)  \(.path)"' | sha256sum -c; }
check "… as sha256sum does" files_check
check "… and nothing of it was stored again" jq -e '.result.stored.new_bytes == 0' out
check "as the file that it is" collect one.E01 --container file
check "… the file's SHA-256" item_is ".sha256 == \"$(sha256sum one.E01 | cut -d' ' -f1)\" and .container == null and
    .source.kind == \"file\" and .looks_like.kind == \"ewf\""
check "named by its format" collect one.E01 --container ewf
check "by its first bytes" collect one.E01 --container auto
check "a raw file is one still" collect source.raw
check "… with no word of images" item_is '.source.kind == "file" and .container == null'

# ---- damaged ----

flip() { # FILE OFFSET
    python3 -c "import sys
d = bytearray(open('$1', 'rb').read()); d[$2] ^= 1; open('$1', 'wb').write(d)"
}
cp one.E01 bad.E01
flip bad.E01 6000000
check "a damaged chunk: exit 3" status_is 3 collect bad.E01
check "… it alone is lost, and named" item_is '.result == "partial" and .unreadable.bytes == 32768 and
    .damaged_in_container == .unreadable and .container.damage.count == 1 and .container.damage.list[0].length == 32768 and
    (.container.damage.list[0].why | contains("checksum"))'
check "… from its hashes nothing follows, and that is said" item_is '(.container.hashes | all(.verdict == "no-conclusion" and .found != .stated)) and
    (.warnings | any(contains("nothing follows from it")))'
check "… the rest is the source's" bash -c "'$bin' export c/$(member .result.item.label | cut -d/ -f2) --format raw --output bad.raw --quiet
    python3 - '$(member .result.item.unreadable.list[0].offset)' <<'E2'
import sys
a, b, at = bytearray(open('source.raw', 'rb').read()), open('bad.raw', 'rb').read(), int(sys.argv[1])
a[at:at + 32768] = bytes(32768)
sys.exit(a != b)
E2"
check "… and the page says where it lies" bash -c "'$bin' item show '$(member .result.item.label)' --quiet |
    grep 'damaged, it cannot be read from the image: 32'"
mkdir gap && cp many.E* gap && rm gap/many.E02
check "a missing segment: exit 3" status_is 3 collect gap/many.E01
check "… is named" item_is '.warnings | any(contains("many.E02"))'
gap_files() { files_check && item_is ".container.files.count == $(find gap -name 'many.E*' | wc -l)"; }
check "… the files that are there are hashed, and no other listed" gap_files
check "… what is behind it is read" item_is '.unreadable.bytes > 2000000 and .unreadable.bytes < 4000000 and
    .damaged_in_container == .unreadable'

python3 - <<'E3'
import zlib, struct
data = bytearray(open("one.E01", "rb").read())
at = data.rfind(b"digest" + bytes(10))
data[at + 76] ^= 1
struct.pack_into("<I", data, at + 152, zlib.adler32(bytes(data[at + 76:at + 152])))
open("other.E01", "wb").write(data)
E3
check "a hash that is another: exit 3" status_is 3 collect other.E01
check "… all bytes are held" item_is ".sha256 == \"$sum\" and .unreadable.bytes == 0 and .result == \"partial\""
check "… and it is said loudly" item_is '.warnings | any(contains("THE CONTENT IS NOT WHAT THE IMAGE SAYS OF IT"))'
check "… also on its page" bash -c "'$bin' item show '$(member .result.item.label)' --quiet | grep 'md5: IT STATES ANOTHER'"

# ---- other formats ----

fails_as() { status_is "$1" "$bin" collect "$2" --case c --quiet; }
taken() { # FORMAT FILES FILE [FLAGS]: its content is that of source.raw
    local format=$1 files=$2
    shift 2
    collect "$@" && item_is ".sha256 == \"$sum\" and .result == \"done\" and .container.format == \"$format\" and
        .container.files.count == $files and .unreadable.bytes == 0"
}
convert() { qemu-img convert -f raw "$@"; }
mkdir other
convert -O qcow2 -c source.raw other/a.qcow2
convert -O vhdx source.raw other/a.vhdx
convert -O vpc -o force_size=on source.raw other/a.vhd
convert -O vpc -o subformat=fixed,force_size=on source.raw other/fixed.img
convert -O vmdk source.raw other/a.vmdk
convert -O vmdk -o subformat=monolithicFlat source.raw other/flat.vmdk
split -b 5000192 -d -a 3 source.raw other/parts.
split -b 5000192 -a 2 source.raw other/letters.
check "QCOW2" taken qcow2 1 other/a.qcow2
check "VHDX" taken vhdx 1 other/a.vhdx
check "VHD, dynamic" taken vhd 1 other/a.vhd
asks() { status_is 2 "$bin" collect "$1" --case c --quiet; }
check "VHD, fixed: a raw disk may end like that, so the officer is asked" asks other/fixed.img
check "… and says it" taken vhd 1 other/fixed.img --container vhd
check "… or that it is a file" collect other/fixed.img --container file
check "… of which all bytes are held" item_is ".sha256 == \"$(sha256sum other/fixed.img | cut -d' ' -f1)\""
check "VMDK" taken vmdk 1 other/a.vmdk
check "VMDK of a descriptor and a flat file" taken vmdk 2 other/flat.vmdk
check "split, by numbers" taken split 3 other/parts.000
check "split, by letters" taken split 3 other/letters.aa
mkdir parts && split -b 100352 -d -a 3 source.raw parts/p.
check "of 120 parts" taken split 120 parts/p.000
check "… all are listed and hashed" item_is '.container.files | .hashed == 120 and (.list | length) == 120'
check "… as sha256sum does" files_check
first_ones() { "$bin" ledger show --json --quiet | jq -e '[.result.shown[] | select(.event == "collect.intent")][-1].body.what.container.files |
    .count == 120 and (.list | length) == 100 and (.list[0] | has("sha256") | not)'; }
check "… of which the intent lists the first 100" first_ones
check "… the page the first 24" bash -c "'$bin' item show '$(member .result.item.label)' --quiet | grep 'and 96 more: --json lists them'"
check "the second part alone is a file" collect other/parts.001
check "… as which it is held" item_is '.source.kind == "file" and .size_bytes == 5000192'
check "the first one alone, when that is wanted" collect other/parts.000 --container file
check "… as which it is held" item_is '.source.kind == "file" and .size_bytes == 5000192'
cp other/letters.aa other/hole.aa && cp other/letters.ac other/hole.ac
check "a part that is missing in the middle is an error" fails_as 4 other/hole.aa
printf 'a page\n' >other/scan.001 && printf 'another\n' >other/scan.002
check "two letters with numbers are no image" collect other/scan.001
check "… but files" item_is '.source.kind == "file" and .size_bytes == 7'
mkdir elsewhere links && cp other/letters.aa links/x.aa && cp other/letters.ab elsewhere/ && ln -s ../elsewhere/letters.ab links/x.ab
check "a part that is a link is not followed" bash -c "! '$bin' collect links/x.aa --case c --quiet"
rm other/flat-flat.vmdk
check "a VMDK without its flat file is an error" fails_as 4 other/flat.vmdk
qemu-img create -q -f qcow2 -b a.qcow2 -F qcow2 other/layer.qcow2
check "a layer over another image is refused" fails_as 9 other/layer.qcow2

# ---- there and back ----

back() { # LABEL: out as E01, and in again
    rm -rf back && mkdir back && "$bin" export "$1" --format e01 --output back/x.E01 --quiet && collect back/x.E01
}
check "an E01 of ours is taken in again" back c/1
check "… with the same SHA-256" item_is ".sha256 == \"$sum\" and .result == \"done\" and
    (.container.hashes | all(.verdict == \"agrees\")) and (.container.hashes | length > 1)"
collect bad.E01
lost=$(member '.result.item.unreadable | {bytes, list} | tojson') sum_bad=$(member .result.item.sha256)
check "one with a gap, out and in" status_is 3 back "$(member .result.item.label)"
stated() { [ "$(member '.result.item.stated_unreadable | {bytes, list} | tojson')" = "$lost" ] && [ "$(member .result.item.sha256)" = "$sum_bad" ]; }
check "… the gap is where it was, and now the image states it" stated

python3 - <<'E4'
import struct, zlib
data = bytearray(open("back/x.E01", "rb").read())
at = data.rfind(b"error2" + bytes(10)) + 76 + 520
struct.pack_into("<I", data, at, 100) # the list names another place, where there are bytes
struct.pack_into("<I", data, at + 8, zlib.adler32(bytes(data[at:at + 8])))
open("stated.E01", "wb").write(data)
E4
check "listed as not readable, and there all the same" collect stated.E01
check "… the bytes are kept" item_is ".sha256 == \"$sum_bad\" and .result == \"done\" and .unreadable.bytes == 0 and
    .container.stated_but_there == 32768 and (.container.hashes | all(.verdict == \"agrees\"))"
check "… and that is said" item_is '.warnings | any(contains("holds bytes for them all the same"))'

collect other.E01
check "one whose hash differs, out again" "$bin" export "$(member .result.item.label)" --format e01 --output told.E01 --quiet
check "… says so beside it" jq -e '.item.result == "partial" and (.item.warnings | any(contains("IS NOT WHAT THE IMAGE SAYS"))) and
    .item.taken_from.format == "ewf" and (.item.taken_from.hashes | any(.verdict == "differs"))' told.E01.exhibit.json
check "… and in it" bash -c "ewfinfo told.E01 | grep 'taken from an image that somebody else made. THERE ARE WARNINGS'"

# ---- refused ----

before=$("$bin" item list --json --quiet | jq '.result.items | length')
fails() { # STATUS TEXT ARGUMENTS…
    local want=$1 text=$2
    shift 2
    status_is "$want" "$bin" collect "$@" --case c --quiet 2>err && { cat err; false; } && false
    cat err
    grep -q "$text" err
}
head -c 3000 one.E01 >stump.E01
check "a stump is an error, and no item of zeros" fails 6 'nothing of the content of' stump.E01
check "… with a way out" grep -q -- '--container file' err
check "the second segment alone is an error" fails 1 'segment' many.E02
check "no such format" fails 2 'does not take "vdi"' one.E01 --container vdi
check "something else is no E01" fails 1 'does not begin as an E01' source.raw --container ewf
check "standard input is no image" fails 2 'is for files' - --container ewf
check "a folder is no image" fails 2 'is for files' gap --container ewf
check "nothing can be skipped" fails 1 'nothing can be skipped' one.E01 --skip-region 0+512
check "nor read twice" fails 2 'verify-source' one.E01 --verify-source
check "nothing was held of all that" [ "$("$bin" item list --json --quiet | jq '.result.items | length')" = "$before" ]
interrupted() {
    "$bin" collect many.E01 --case c --quiet &
    sleep 0.05
    kill -INT $!
    wait $!
    got=$?
    [ $got = 130 ] || [ $got = 0 ]
}
check "an interruption leaves no process" bash -c "$(declare -f interrupted); bin='$bin'; interrupted; sleep 0.3; ! pgrep -f 'exhibit-parser' -P 1"
list() {
    printf 'source,label\none.E01,first\nmany.E01,second\n' >list.csv
    "$bin" collect --queue list.csv --case c --json --quiet >out && "$bin" collect --queue list.csv --case c --json --quiet >out
}
check "a list of images, twice" list
check "… the second time they are held already" jq -e '.result.sources | all(.already)' out
rebuilt() { "$bin" item show c/1 --json --quiet | jq .result.item >one.before && "$bin" rebuild --quiet && "$bin" item show c/1 --json --quiet | jq .result.item | cmp - one.before; }
check "a rebuilt catalog says the same" rebuilt
echo "1..$count"
