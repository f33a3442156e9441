#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Volumes that are more than a stretch of the disk, against the programs that they belong to:
# tests/scripts/volumes.sh EXHIBIT; prints TAP.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scripts/tap.inc
. "$here/tap.inc" volumes "$1"
lister=$(dirname "$bin")/../../tests/unit/parsers/list_traces
PATH=$PATH:/sbin:/usr/sbin
[ -x "$lister" ] || {
    skip "all" "there is no $lister"
    echo "1..$count"
    exit 0
}
have() { command -v "$1" >/dev/null; }
make() { "$here/volumes-make.py" "$@"; }
summary() { jq -c 'select(.type == "summary").result'; }
lists() { # PARSER IMAGE PATTERN…: each pattern is in a line; !PATTERN: in none
    local parser=$1 image=$2 pattern
    shift 2
    "$lister" "$parser" "$image" --texts >out
    cat out
    for pattern in "$@"; do
        case $pattern in
        !*) ! grep -qE -- "${pattern#!}" out ;;
        *) grep -qE -- "$pattern" out ;;
        esac || {
            echo "against: $pattern"
            return 1
        }
    done
}
text() { sed -n "s/^\t$1=//p" out; }

# ---- LUKS ----

if have cryptsetup; then
    format() { # VERSION FILE OPTION…
        truncate -s 20M "$2" &&
            echo secret | cryptsetup luksFormat -q --type "luks$1" --pbkdf-force-iterations 1000 "${@:3}" "$2" -
    }
    field() { cryptsetup luksDump "$1" | sed -n "s/^$2:[[:space:]]*//p"; }
    check 'LUKS1: made' format 1 luks1.img
    check 'LUKS1: is said, and by which bytes' lists files luks1.img '^file-system.*luks' \
        'denied=encrypted, LUKS version 1 \(LUKS, BA BE, 00 01 at byte 0\)' '!format='
    same1() {
        [ "$(text uuid)" = "$(field luks1.img UUID)" ] && [ "$(text version)" = 1 ] &&
            [ "$(text cipher)" = "$(field luks1.img 'Cipher name')-$(field luks1.img 'Cipher mode')" ] &&
            [ "$(text hash)" = "$(field luks1.img 'Hash spec')" ] && [ "$(text key-slots)" = 0 ] &&
            [ "$(text key-bits)" = "$(field luks1.img 'MK bits')" ] &&
            [ "$(text content-offset)" = $(($(field luks1.img 'Payload offset') * 512)) ]
    }
    check 'LUKS1: as cryptsetup has it' same1
    check 'LUKS2: made' format 2 luks2.img --pbkdf pbkdf2 --label evidence --subsystem of-a-case
    printf 'secret\nother\n' >two && echo secret >one && echo other >other
    cryptsetup luksAddKey -q --key-file one --pbkdf pbkdf2 --pbkdf-force-iterations 1000 luks2.img other >log 2>&1
    echo '{"type":"exhibit-test","keyslots":["0"]}' | cryptsetup token import luks2.img >log 2>&1
    check 'LUKS2: is said, and by which bytes' lists files luks2.img '^file-system.*luks' \
        'denied=encrypted, LUKS version 2 \(LUKS, BA BE, 00 02 at byte 0\)' '!format=' 'checksum=fits' 'header=first'
    same2() {
        local dump
        dump=$(cryptsetup luksDump luks2.img)
        [ "$(text uuid)" = "$(field luks2.img UUID)" ] && [ "$(text label)" = evidence ] && [ "$(text subsystem)" = of-a-case ] &&
            [ "$(text cipher)" = "$(echo "$dump" | sed -n '/^Data segments/,/^Keyslots/s/^\tcipher: //p')" ] &&
            [ "$(text content-offset)" = "$(echo "$dump" | sed -n 's/^\toffset: \([0-9]*\).*/\1/p')" ] &&
            [ "$(text key-slots)" = '0 luks2 pbkdf2, 1 luks2 pbkdf2' ] && [ "$(text tokens)" = '0 exhibit-test' ]
    }
    check 'LUKS2: as cryptsetup has it' same2
    cp luks2.img hurt.img && make luks2-hurt hurt.img
    check 'LUKS2: a hurt header: the second one' lists files hurt.img 'header=second' 'checksum=fits' 'label=evidence' \
        'format=its first header is damaged: read from the second one at byte 16384' 'denied=encrypted'
    dd if=/dev/zero of=hurt.img bs=4096 count=1 conv=notrunc status=none
    check 'LUKS2: no first header' lists files hurt.img 'label=evidence' 'denied=.*\(SKUL, BA BE, 00 02 at byte 16384\)'
    cp luks2.img cut.img && truncate -s 10000 cut.img
    check 'LUKS2: cut in its header' lists files cut.img 'format=its header is damaged' 'denied=encrypted'
    python3 - <<'E2'
import hashlib, struct
d = bytearray(open("luks2.img", "rb").read(1 << 20))
def write(name, text, size=16384):
    e = bytearray(d)
    e[4096:16384] = text[:12288].ljust(12288, b"\0")
    e[448:512] = bytes(64)
    e[448:480] = hashlib.sha256(e[:16384]).digest()
    struct.pack_into(">Q", e, 8, size)
    open(name, "wb").write(e)
write("deep.img", b'{"segments":' * 1000 + b"1" + b"}" * 1000)
write("types.img", b'{"segments":[1],"keyslots":7,"tokens":{"0":3,"1":{"type":[]}}}')
write("text.img", b'{"segments":{"0":{"type":"%s"}}}' % (b"x" * 5000))
write("large.img", b"{}", 1 << 62)
E2
    check 'LUKS2: a description that is nested too deep' lists files deep.img 'denied=encrypted' 'checksum=fits'
    check 'LUKS2: another kind of everything' lists files types.img 'tokens=0 \?, 1 \?' 'segments=none' 'key-slots=none'
    check 'LUKS2: long words' lists files text.img 'segments=x{60,70} at'
    check 'LUKS2: a header of 2^62 bytes' lists files large.img 'header=second' 'denied=encrypted'
else
    skip 'LUKS' 'no cryptsetup here'
fi
printf 'LUKS\272\276' >none.img && truncate -s 1M none.img
check 'LUKS: a signature and no version' lists files none.img 'format=its header has a version that is not known' 'denied=encrypted'

# ---- BitLocker ----

for i in vista 7 togo; do make bitlocker "bde-$i.img" $i; done
ID='11223344-5566-7788-99aa-bbccddeeff00'
check 'BitLocker: of Windows 7' lists files bde-7.img '^file-system.*bitlocker' 'kind=Windows 7 or later' "volume-id=$ID" \
    'identifier=4967d63b-2e29-4ad8-8399-f6a339e3d001' 'cipher=AES-XTS 128 \(0x8004\)' 'protectors=TPM, recovery password, password$' \
    'protector.2=recovery password, 01234567-89ab-cdef-0123-456789abcdf0' 'description=DESKTOP-7 C: 5/6/2024$' \
    'encrypted-bytes=16777216' 'time=4 1714979290' 'denied=encrypted, BitLocker \(-FVE-FS- at byte 3\)' '!format='
check 'BitLocker: of Vista' lists files bde-vista.img 'kind=Windows Vista' "volume-id=$ID" 'protectors=TPM' '!encrypted-bytes' '!identifier'
check 'BitLocker: To Go' lists files bde-togo.img 'kind=To Go' "volume-id=$ID" 'denied=.*To Go \(its identifier at byte 424\)'
make bitlocker clear.img 7 clear
check 'BitLocker: a clear key' lists files clear.img 'protectors=.*, clear key$' 'denied=encrypted.*with a clear key beside it'
make bitlocker cut.img 7 cut
check 'BitLocker: metadata behind the end' lists files cut.img 'format=none of the metadata' 'denied=encrypted' '!protectors'
make bitlocker bad.img 7 bad
check 'BitLocker: an entry longer than the metadata' lists files bad.img 'protectors=TPM' 'format=its metadata at byte 1048576 are damaged'
make bitlocker many.img 7 many
check 'BitLocker: too many protectors' lists files many.img 'protector.64=' 'format=.*there may be more protectors' '!protector.65='
cp bde-7.img second.img && dd if=/dev/zero of=second.img bs=512 seek=2048 count=1 conv=notrunc status=none
check 'BitLocker: the second copy of the metadata' lists files second.img "volume-id=$ID" '!format='
if have bdeinfo; then
    bde() { # FILE: what bdeinfo prints of it
        bdeinfo "$1" </dev/null >bde.txt 2>&1
        grep -qi "Volume identifier.*$ID" bde.txt && grep -q 'Description.*: DESKTOP-7 C: 5/6/2024' bde.txt &&
            grep -qi 'Creation time.*May 06, 2024 07:08:10' bde.txt && grep -qi 'Encryption method.*AES-XTS 128' bde.txt &&
            [ "$(grep -ci 'Identifier.*: 01234567-89ab-cdef-0123-456789abcd' bde.txt)" = 3 ] && grep -qi 'Recovery password' bde.txt
    }
    for i in 7 togo; do check "BitLocker: as bdeinfo has it: $i" bde "bde-$i.img"; done
else
    skip 'BitLocker, as bdeinfo has it' 'no bdeinfo here'
fi
if have cryptsetup; then
    bitlk() {
        cryptsetup bitlkDump "$1" >bitlk.txt && grep -q "GUID.*$ID" bitlk.txt && grep -q 'Cipher name.*aes' bitlk.txt &&
            [ "$(grep -oE 'VMK protected with [A-Za-z ]*' bitlk.txt | tr '\n' ',')" = 'VMK protected with TPM,VMK protected with recovery passphrase,VMK protected with passphrase,' ]
    }
    check 'BitLocker: as cryptsetup has it' bitlk bde-7.img
fi

# ---- Apple's ----

make corestorage cs.img
check 'CoreStorage: is named, and not said to be encrypted' lists files cs.img '^file-system.*corestorage' \
    "physical-volume=$ID" 'size=1048576' 'unsupported=CoreStorage \(CS at byte 88\) is not read' '!denied='
known=${EXHIBIT_KNOWN_DATA:-}
if [ -d "$known/images" ]; then
    check 'known: APFS' lists files "$known/images/apfs.raw" 'block-size=4096' 'unsupported=APFS \(NXSB at byte 32\) is not read' '!keybag='
    check 'known: BitLocker To Go whose metadata are cut off' lists files "$known/images/bdetogo.raw" 'kind=To Go' 'denied=encrypted, BitLocker To Go'
else
    skip 'known images' 'EXHIBIT_KNOWN_DATA is not set'
fi

# ---- LVM, as lvm2 made it ----

vectors=$here/../vectors/lvm
examined() { # ITEM FILE: examines it, its traces into FILE
    exhibit examine "$1" --officer One >log 2>&1
    local got=$?
    exhibit trace export "$1" --output "$2" --officer One >>log 2>&1 || return 99
    return $got
}
{
    exhibit init vault --agency A --officer One --plain --kdf-memory 8
    exhibit case new --number 1 --title t --officer One
} >log 2>&1
mkdir tree
python3 -c 'import random
r = random.Random(5)
for i in range(6): open("tree/big-%d" % i, "wb").write(r.randbytes(700001 + i * 1000))
open("tree/small", "w").write("a few words\n")'
if have mke2fs && have pvck && have sfdisk; then
    mke2fs -q -t ext4 -O ^has_journal -b 1024 -d tree root.img 8M >log 2>&1
    mke2fs -q -t ext2 -b 1024 -d tree home.img 6M >log 2>&1
    # The places are those that "lvs -o seg_pe_ranges" gave when these were made: tests/vectors/README.md
    make place case.img "$vectors/case.gz" $((24 << 20)) root.img:0+12,32+9,44+11 home.img:12+20,55+4
    { head -c 1M /dev/zero && cat case.img && head -c 1M /dev/zero; } >disk.img
    echo 2048,49152,8e | sfdisk -q disk.img >log 2>&1
    check 'LVM: the physical volume' lists files case.img '^volume.*/case$' 'physical-volume=Hw42r9-3r7F-6eeM-40oF-AOLK-vUBF-XxCwts' \
        'group-id=SFgMXR-1ayQ-DV72-wjUG-Pytv-cuA8-5A1Awb' 'sequence=8' 'extent-size=262144' 'description=Write from lvremove .* case/swap' '!^problem'
    same_text() { # as pvck has it
        pvck --dump metadata case.img 2>/dev/null >pvck.txt
        while read -r i; do grep -q "=$i\$" out || return 1; done < <(sed -n 's/^id = "\(.*\)"$/\1/p' pvck.txt)
        [ "$(grep -c '^id = ' pvck.txt)" = 4 ] && grep -q '^seqno = 8$' pvck.txt
    }
    check 'LVM: the same ids as pvck has' same_text
    sha() { sha256sum "$1" | cut -c 1-64; }
    check 'LVM: the logical volumes, byte for byte' lists files case.img "^volume.allocated.8388608.$(sha root.img).*/case/root" \
        "^volume.allocated.6291456.$(sha home.img).*/case/home" '^space.allocated.9437184'
    exhibit collect disk.img --case 1 --officer One >log 2>&1
    check 'LVM: examined, and nothing is wrong' examined 1/1 lvm.jsonl
    check 'LVM: its places in the object' [ "$(jq -c 'select(.key == "lv:0").ranges' lvm.jsonl)" = '[[2097152,3145728],[10485760,2359296],[13631488,2883584]]' ]
    same_files() { # those of each file system, as examined alone
        for i in root home; do
            "$lister" files $i.img | cut -f 3,4,7 | grep -P '^[0-9]+\t[0-9a-f]{64}\t/' | sed 's|\t/.*/|\t/|' | sort
        done | sed 's|/||' | grep -v '<' | sort >alone
        jq -r 'select(.kind == "file" and .sha256) | "\(.size)\t\(.sha256)\t\(.name)"' lvm.jsonl | sort >inside
        [ "$(wc -l <inside)" = 14 ] && diff alone inside
    }
    check 'LVM: the files of both, as those of each alone' same_files
    by_hand() { # every content at its places, by stock tools
        local count=0 id sha256
        while read -r id sha256; do
            for range in $(jq -r "select(.id == \"$id\").ranges[] | \"\(.[0]):\(.[1])\"" lvm.jsonl); do
                if [ "${range%:*}" = null ]; then head -c "${range#*:}" /dev/zero; else tail -c "+$((${range%:*} + 1))" disk.img | head -c "${range#*:}"; fi
            done | sha256sum | grep -q "^$sha256" || return 1
            count=$((count + 1))
        done < <(jq -r 'select(.kind == "file" and .sha256 and .ranges) | "\(.id) \(.sha256)"' lvm.jsonl)
        [ $count = 14 ]
    }
    check 'LVM: the places hold what was hashed' by_hand
    seam() { [ "$(jq -c 'select(.kind == "file" and (.ranges | length) > 1).name' lvm.jsonl | wc -l)" -gt 2 ]; }
    check 'LVM: some of them cross a seam' seam
    cat_all() { # given out through the vault
        local id sha256
        while read -r id sha256; do
            rm -f given && exhibit trace cat "$id" --officer One --output given && [ "$(sha given)" = "$sha256" ] || return 1
        done < <(jq -r 'select(.kind == "file" and .sha256 and (.ranges | length) > 1) | "\(.id) \(.sha256)"' lvm.jsonl)
    }
    check 'LVM: and are given out' cat_all
    volume_cat() { exhibit trace cat "$(jq -r 'select(.key == "lv:0").id' lvm.jsonl)" --officer One --output root.given && cmp root.given root.img; }
    check 'LVM: so is a logical volume' volume_cat
    exhibit examine 1/1 --officer One --workers 1 >log 2>&1 && exhibit trace export 1/1 --output again.jsonl --officer One >log 2>&1
    check 'LVM: the same again' cmp <(sed 's/,"known":true//' lvm.jsonl) <(sed 's/,"known":true//' again.jsonl)

    # A group on two disks: the parts that are not here.
    mke2fs -q -t ext2 -b 1024 -d tree span.img 5632 >log 2>&1
    make place wide-1.img "$vectors/wide-1.gz" $((24 << 20)) span.img:0+10 root.img:10+8 home.img:18+8
    make place wide-2.img "$vectors/wide-2.gz" $((24 << 20)) span.img:-1+10,0+12
    check 'LVM: on two disks: what is elsewhere' lists files wide-1.img '^volume.allocated.5767168.nowhere.*/wide/span' \
        'io=3145728 of its bytes lie on another physical volume' 'io=2097152 of its bytes lie on another' '^volume.allocated.2097152.[0-9a-f]{64}.*/wide/here'
    check 'LVM: on two disks: the other one' lists files wide-2.img 'io=2621440 of its bytes lie on another physical volume' 'io=2097152 of its bytes'
    exhibit collect wide-1.img --case 1 --officer One >log 2>&1
    check 'LVM: what is here of it is examined' status_is 3 examined 1/2 wide.jsonl
    partly() {
        local span
        span=$(jq -c 'select(.key == "lv:0").ranges' wide.jsonl)
        cat wide.jsonl
        [ "$span" = '[[1048576,2621440],[-1,3145728]]' ] &&
            [ "$(jq -r 'select(.name == "big-0" and .sha256).sha256' wide.jsonl | sort -u)" = "$(sha tree/big-0)" ] &&
            [ "$(jq -r 'select(.name == "small").not_hashed' wide.jsonl | head -1)" = unreadable ] &&
            [ "$(jq -c 'select(.name == "big-5").not_hashed' wide.jsonl | head -1)" = '"parser"' ]
    }
    check 'LVM: and what is not is said to be unreadable' partly
else
    skip 'LVM, as lvm2 made it' 'mke2fs, pvck or sfdisk is missing'
fi

# ---- LVM, as nobody should make it ----

hostile() { # CASE PATTERN…
    local case=$1
    shift
    make lvm "$case.img" "$case" && lists files "$case.img" "$@"
}
check 'LVM: made here' hostile sane '^volume.allocated.524288.*/vg/sane' '^space.allocated.15204352' 'description=said "so"$' '!^problem'
if have pvck; then
    check 'LVM: which pvck takes' grep -q 'vgname vg seqno 3' <(pvck --dump metadata sane.img 2>/dev/null)
fi
check 'LVM: text around the end of its area' hostile wrapped '^volume.allocated.524288.*/vg/sane' '!^problem'
stripes() {
    hostile striped-here '^volume.allocated.1048576' || return 1
    python3 - both.out <<'E3'
import hashlib, random, sys
d = bytearray(open("striped-here.img", "rb").read())
r = random.Random(1)
want = r.randbytes(1 << 20)
for i in range(16):  # chunks of 64 KiB, to extents 0… and 20… of 64 KiB in turn
    at = (1 << 20) + (i // 2 + (20 if i % 2 else 0)) * 65536
    d[at : at + 65536] = want[i * 65536 : (i + 1) * 65536]
open("striped-here.img", "wb").write(d)
print(hashlib.sha256(want).hexdigest(), file=open("want", "w"))
E3
    lists files striped-here.img "^volume.allocated.1048576.$(cat want)"
}
check 'LVM: two stripes in one place' stripes
check 'LVM: volumes that overlap' hostile overlap 'format=sane and also use the same extents from 4 on' '^space.allocated.14942208'
one_error() { hostile overlaps 'use the same extents from 0 on, and 7 more such places' && [ "$(grep -c 'use the same extents' out)" = 1 ]; }
check 'LVM: one error for all places where they do' one_error
check 'LVM: extents behind the end' hostile beyond '/vg/sane$' 'format=262144 of its bytes would lie behind the end' 'format=524288 of its bytes would'
check 'LVM: sizes that no number holds' hostile huge 'format=its segments do not follow' '^volume.allocated.0.-.0.lv:0'
check 'LVM: extents of 2^63' hostile numbers 'lv:0.*' 'format=its segments do not follow' '!^volume.allocated.[1-9]'
check 'LVM: more digits than a number has' hostile overflow 'format=the metadata are no text of LVM from byte'
check 'LVM: segments with a gap' hostile gap 'format=its segments do not follow' '!^space'
check 'LVM: RAID is named, and its parts are read' hostile raid 'unsupported=it has a segment of the type raid1' \
    '^volume.allocated.524288.[0-9a-f]{64}.*/vg/root_rimage_0' 'unsupported=it is made of other logical volumes'
check 'LVM: too many pieces' hostile pieces 'limit=it lies in too many pieces: 512000000000'
check 'LVM: sections in sections' hostile deep 'limit=the metadata are nested deeper than 16 levels'
check 'LVM: much text' hostile values '/vg/sane$'
check 'LVM: too many values' hostile nodes 'limit=the metadata have more than'
check 'LVM: text that ends early' hostile open 'format=the metadata are no text|format=the text of the metadata ends early'
check 'LVM: text that is none' hostile wrong 'format=the metadata are no text of LVM from byte'
check 'LVM: another checksum' hostile sum 'format=LVM2 \(LABELONE at byte 512\): its metadata are damaged' '!lv:'
check 'LVM: a hurt label' hostile label-sum 'format=.*its label is damaged' '!lv:'
check 'LVM: a text of 2^62 bytes' hostile size 'format=.*its metadata are damaged'
check 'LVM: no group' hostile none 'unsupported=.*it belongs to no group'
check 'LVM: metadata of another physical volume' hostile stranger 'format=its metadata do not name it'
check 'LVM: too many volumes' hostile many 'lv:4095' 'limit=more than 4096 logical volumes' '!lv:4096'
cut() { truncate -s 1200000 sane.img && lists files sane.img 'format=372864 of its bytes would lie behind the end' '!^space'; }
check 'LVM: cut off in a volume' cut
loop() { # volumes that have the physical volume in them, and so themselves
    make lvm itself.img itself && exhibit collect itself.img --case 1 --officer One >log 2>&1 || return 1
    status_is 3 examined "1/$1" loop.jsonl || return 1
    [ "$(jq -r 'select(.kind == "error" and .key == "inside").error.text' loop.jsonl | grep -c 'the same bytes was examined before')" -gt 2 ] &&
        [ "$(wc -l <loop.jsonl)" -lt 1000 ] && tail -1 loop.jsonl | jq -e '.end.truncated == false'
}
n=$(exhibit item list --case 1 --officer One --json 2>/dev/null | summary | jq '.items | length')
check 'LVM: volumes in themselves' loop $((n + 1))

# ---- in an examination ----

exhibit collect clear.img --case 1 --officer One >log 2>&1
check 'an encrypted volume makes it partial' status_is 3 examined "1/$((n + 2))" t.jsonl
check 'with the reason' [ "$(jq -r 'select(.kind == "error").error.reason' t.jsonl)" = encrypted ]
check 'and what its header says' [ "$(jq -r 'select(.kind == "file-system").attributes["protector.4"]' t.jsonl)" = 'clear key, 01234567-89ab-cdef-0123-456789abcdf2' ]
echo "1..$count"
