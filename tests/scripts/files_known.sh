#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Disks and file systems that other programs made, and what is found in them:
# tests/scripts/files_known.sh EXHIBIT; prints TAP.
#
# Entry by entry against fls and icat (which read through the same libtsk), and against the files
# that were put there, of which libtsk knows nothing. With EXHIBIT_KNOWN_DATA also the images there.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scripts/tap.inc
. "$here/tap.inc" files "$1"
lister=$(dirname "$bin")/../../tests/unit/parsers/list_traces
PATH=$PATH:/sbin:/usr/sbin
[ -x "$lister" ] || {
    skip "all" "there is no $lister"
    echo "1..$count"
    exit 0
}
have() { command -v "$1" >/dev/null; }
fls_agrees() { "$here/files-compare.py" "$lister" "$1"; }
source_agrees() { "$here/files-compare.py" "$lister" "$1" "${2:-tree}"; }
lists() { # PARSER IMAGE PATTERN…: each pattern is in a line
    local parser=$1 image=$2 pattern
    shift 2
    "$lister" "$parser" "$image" --texts >out
    cat out
    for pattern in "$@"; do
        grep -qE "$pattern" out || {
            echo "no line: $pattern"
            return 1
        }
    done
}
both() { # NAME IMAGE [FOLDER]
    check "$1: as fls and icat have it" fls_agrees "$2"
    check "$1: as the files that were put there" source_agrees "$2" "${3:-tree}"
}
# The same list twice, and the same in another zone.
steady() {
    "$lister" files "$1" --texts >one
    TZ=Asia/Bangkok "$lister" files "$1" --texts >two
    cmp one two
}

python3 - <<'E1'
import os, random
r = random.Random(7)
os.makedirs("tree/folder/deeper/deepest")
os.makedirs("tree/empty")
def write(name, data):
    with open("tree/" + name, "wb") as f:
        f.write(data)
write("nothing", b"")
write("small.txt", b"a few words\n")
write("block", r.randbytes(4096))
write("odd.bin", r.randbytes(123457))
write("folder/zeros", bytes(70000))
write("folder/text.txt", b"".join(b"line %d of what somebody wrote\n" % i for i in range(5000)))
write("folder/deeper/name that is rather long, as names go.dat", r.randbytes(7777))
write("folder/deeper/deepest/end", r.randbytes(513))
write("\u0e44\u0e1f\u0e25\u0e4c.txt", b"a Thai name\n")
for i in range(30):
    write("empty/.keep" if i == 0 else "folder/many-%03d" % i, b"%d\n" % i * i)
for i in range(12):
    write("gone-%02d" % i, r.randbytes(1000 + 5000 * i))
E1
find tree -exec touch -d '2024-05-06 07:08:10 UTC' {} +

# ---- ext ----

ln -s folder/text.txt tree/link
mkfifo tree/pipe
python3 -c 'f = open("tree/sparse", "wb"); f.seek(200000); f.write(b"middle"); f.truncate(900001)'
for kind in ext2 ext4; do
    mke2fs -q -t $kind -L label -d tree -E root_owner=0:0 $kind.raw 16M
    both $kind $kind.raw
    check "$kind: the label" lists files $kind.raw $'^\tlabel=label$'
    for i in 03 07 11; do debugfs -w -R "rm gone-$i" $kind.raw; done >log 2>&1
    check "$kind: deleted names" fls_agrees $kind.raw
    check "$kind: the same each time" steady $kind.raw
done
deleted_ext2() { lists files ext2.raw '^file.(deleted|orphan).*gone-0[37]$'; }
check "ext2: a deleted name" deleted_ext2
rm tree/link tree/pipe
mkdir tiny && cp tree/small.txt tree/nothing tree/block tiny/
mke2fs -q -t ext4 -O inline_data -I 256 -d tiny inline.raw 8M >log 2>&1
both "ext4, contents in inodes" inline.raw tiny

# ---- FAT ----

for bits in 12 16 32; do
    case $bits in 12) size=4M ;; 16) size=20M ;; *) size=40M ;; esac
    rm -f fat.raw && truncate -s $size fat.raw && mkfs.fat -F $bits -n LABEL fat.raw >log
    mcopy -m -s -Q -i fat.raw tree/* :: >>log 2>&1
    both "FAT$bits" fat.raw
    mdel -i fat.raw ::gone-03 ::gone-07 ::gone-08 && mdeltree -i fat.raw ::folder/deeper
    check "FAT$bits: deleted names" fls_agrees fat.raw
    check "FAT$bits: one of them, whose place is guessed" lists files fat.raw \
        "^file.deleted.36000.$(sha256sum tree/gone-07 | cut -d' ' -f1).*_one-07" $'^\trecovered=guess'
    check "FAT$bits: in a deleted folder" lists files fat.raw \
        "^file.deleted.513.$(sha256sum tree/folder/deeper/deepest/end | cut -d' ' -f1)"
    check "FAT$bits: times without a zone" lists files fat.raw 'time=1 1714979290.0* 2000000000 local fat:'
    check "FAT$bits: the same each time" steady fat.raw
    check "FAT$bits: is no partition table" lists volumes fat.raw '^failed.format'
    cp fat.raw fat$bits.raw
done

# ---- what is written through FUSE ----

mounted() { # NAME IMAGE COMMAND…: IMAGE is on ro/ after it
    local image=$2
    shift 2
    mkdir -p ro
    [ -c /dev/fuse ] && "$@" "$image" ro >log 2>&1 && mountpoint -q ro
}
truncate -s 40M exfat.raw && mkfs.exfat -L LABEL exfat.raw >log 2>&1
if have mount.exfat-fuse && mounted exfat exfat.raw mount.exfat-fuse; then
    cp -r tree/. ro/ && umount ro
    both exFAT exfat.raw
    mounted exfat exfat.raw mount.exfat-fuse && rm -r ro/gone-0[37] ro/folder/deeper && umount ro
    check "exFAT: deleted names" fls_agrees exfat.raw
    check "exFAT: the same each time" steady exfat.raw
else
    skip exFAT "no FUSE or no exfat-fuse here"
fi
truncate -s 30M ntfs.raw && mkntfs -F -q -L "NTFS label" ntfs.raw >log 2>&1
if have ntfs-3g && mounted ntfs ntfs.raw ntfs-3g -o compression,streams_interface=windows; then
    cp -r --sparse=never tree/. ro/
    cp --sparse=always tree/sparse ro/sparse
    mkdir ro/packed && setfattr -n system.ntfs_attrib_be -v 0x00000800 ro/packed 2>>log
    cp tree/folder/text.txt tree/odd.bin tree/folder/zeros ro/packed/
    cp tree/odd.bin ro/small.txt:hidden && cp tree/small.txt ro/folder:note && echo x >ro/block:x
    umount ro
    mkdir -p packed && cp tree/folder/text.txt tree/odd.bin tree/folder/zeros packed/
    check "NTFS: as fls and icat have it" fls_agrees ntfs.raw
    check "NTFS: as the files that were put there" source_agrees ntfs.raw
    check "NTFS: label, streams, of a folder as well" lists files ntfs.raw $'^\tlabel=NTFS label$' \
        "^stream.allocated.123457.$(sha256sum tree/odd.bin | cut -d' ' -f1).*small.txt:hidden" \
        "^stream.allocated.12.$(sha256sum tree/small.txt | cut -d' ' -f1).*folder:note"
    packed() { lists files ntfs.raw "^file.allocated.*$(sha256sum tree/odd.bin | cut -d' ' -f1).*/packed/odd.bin" \
        "^file.allocated.*$(sha256sum tree/folder/text.txt | cut -d' ' -f1).*/packed/text.txt" $'^\tcompressed=yes'; }
    check "NTFS: packed by the file system" packed
    mounted ntfs ntfs.raw ntfs-3g && rm -r ro/gone-0[37] ro/folder/deeper ro/small.txt && umount ro
    check "NTFS: deleted names" fls_agrees ntfs.raw
    check "NTFS: one of them" lists files ntfs.raw \
        "^file.deleted.36000.$(sha256sum tree/gone-07 | cut -d' ' -f1).*/gone-07"
    check "NTFS: the same each time" steady ntfs.raw
    check "NTFS: is no partition table" lists volumes ntfs.raw '^failed.format'
else
    skip NTFS "no FUSE or no ntfs-3g here"
fi

# ---- ISO 9660 ----

# libtsk 4.11 gives the names of ISO 9660 itself where there are those of Rock Ridge as well.
mkdir -p plain/FOLDER && cp tree/odd.bin plain/ODD.BIN && cp tree/folder/text.txt plain/FOLDER/TEXT.TXT
genisoimage -quiet -R -V VOLUME -o rock.iso plain 2>log
both "ISO 9660, Rock Ridge" rock.iso plain
check "ISO 9660: the label" lists files rock.iso $'^\tlabel=VOLUME$'
genisoimage -quiet -J -V VOLUME -input-charset utf-8 -o joliet.iso tree 2>log
check "ISO 9660, Joliet: as fls and icat have it" fls_agrees joliet.iso

# ---- times that are far away, or none ----

cp ext4.raw far.raw
debugfs -w -f - far.raw >log 2>&1 <<'E5'
set_inode_field small.txt mtime 0xDA0F8E00
set_inode_field small.txt mtime_extra 0
set_inode_field small.txt ctime 0xED000000
set_inode_field small.txt ctime_extra 1
set_inode_field small.txt atime 0
set_inode_field small.txt atime_extra 1
E5
check "times: ext in 1949, 2099, 2106" lists files far.raw '^.time=1 -636514816.0* 1 utc ext' \
    '^.time=3 3976200192.0* 1 utc ext' '^.time=2 4294967296.0* 1 utc ext'
python3 - <<'E6'
import struct
b = bytearray(open("fat16.raw", "rb").read())
for name, clock, day in (b"SMALL   TXT", 0xbf7d, 127 << 9 | 12 << 5 | 31), (b"ODD     BIN", 1, 40 << 9 | 15 << 5 | 31):
    at = b.index(name)
    struct.pack_into("<HH", b, at + 22, clock, day)
open("far-fat.raw", "wb").write(b)
b = bytearray(open("ntfs.raw", "rb").read())
cluster = b[13] * 512
record = struct.unpack_from("<Q", b, 48)[0] * cluster + 11 * 1024
at = record + struct.unpack_from("<H", b, record + 20)[0]
assert b[record:record + 4] == b"FILE" and struct.unpack_from("<I", b, at)[0] == 0x10
at += struct.unpack_from("<H", b, at + 20)[0]
struct.pack_into("<QQQQ", b, at, *(((y + 11644473600) * 10**7 + 7) for y in (-11631427200, -144720000, 5693328000, 1)))
open("far-ntfs.raw", "wb").write(b)
E6
check "times: FAT in 2107, and month 15" lists files far-fat.raw '^.time=1 4354819198.0* 2000000000 local fat' \
    '^.modified-as-stored=0100ff51$'
check "times: NTFS in 1601, 1965, 2150" lists files far-ntfs.raw '^.time=4 -11631427200.000000700 100 utc ntfs:.STANDARD' \
    '^.time=1 -144720000.000000700 100 utc ntfs' '^.time=3 5693328000.000000700 100 utc ntfs' '^.time=2 1.000000700 '
touch -d '2024-05-06 07:08:10 UTC' plain/ODD.BIN
TZ=Asia/Bangkok genisoimage -quiet -o zone.iso plain 2>log
check "times: ISO 9660 has a zone" lists files zone.iso '^.time=4 1714979290.0* 1000000000 utc iso9660'

# ---- contents that are not what their places hold ----

sum() { head -c "$1" | sha256sum | cut -d' ' -f1; }
"$here/files-crafted.py" iso crafted.iso
check "ISO 9660: behind a block of attributes" lists files crafted.iso \
    "^file.allocated.1500.$(tr '\0' C </dev/zero | sum 1500).*XAR.BIN"
check "ISO 9660: a file in parts" lists files crafted.iso '^file.allocated.4096.incomplete.*MULTI.BIN' \
    '^file.allocated.1000.incomplete.*MULTI.BIN' 'unsupported=one of several parts'
check "ISO 9660: a time east of UTC" lists files crafted.iso '^.time=4 1714979290.0* 1000000000 utc iso9660'
truncate -s 16M written.raw && mkfs.exfat written.raw >log 2>&1
"$here/files-crafted.py" exfat written.raw
written() {
    lists files written.raw "^file.allocated.12288.$({ printf 'valid data' && cat /dev/zero; } | sum 12288).*written.bin" \
        '^.time=1 1714979290.0* 10000000 utc exfat' '^.time=2 1715004490.0* 2000000000 local exfat'
}
check "exFAT: zeros behind what was written, zones" written
cp ext4.raw marked.raw
for i in 'block flags 0x80800' 'odd.bin flags 0x80204' 'small.txt flags 0x180000'; do
    debugfs -w -R "set_inode_field $i" marked.raw
done >log 2>&1
marks() { lists files marked.raw '^file.allocated.4096.encrypted.*/block$' '^.encrypted=yes$' '^.verity=yes$' \
    '^file.allocated.123457.incomplete.*/odd.bin$' '^.compressed=yes$' 'unsupported=compressed by the file system'; }
check "ext4: encrypted, compressed, verity" marks

# ---- partition tables ----

if have sfdisk; then
    truncate -s 64M mbr.raw gpt.raw
    printf '%s\n' 'label: dos' 'start=2048, size=20480, type=83' 'size=40960, type=5' \
        'start=24576, size=8192, type=c' 'start=34816, size=8192, type=7' | sfdisk -q mbr.raw
    dd if=fat32.raw of=mbr.raw bs=512 seek=24576 count=8192 conv=notrunc status=none
    check "MBR: with an extended partition" lists volumes mbr.raw '^volume.allocated.10485760.*0x83' \
        '^volume.allocated.4194304.*0x0c' '^volume.allocated.4194304.*0x07' $'^\ttype=0x83'
    parts() { mmls -aM "$1" | awk '/^[0-9]+:/ && $2 != "Meta" {print $5 * 512}' | sort >theirs
        "$lister" volumes "$1" | awk -F'\t' '$1 == "volume" {print $3}' | sort >ours
        [ -s ours ] && diff theirs ours; }
    check "MBR: as mmls has it" parts mbr.raw
    printf '%s\n' 'label: gpt' 'start=2048, size=20480, name="first part"' 'size=30000, type=U' | sfdisk -q gpt.raw
    check "GPT: names and types" lists volumes gpt.raw '^volume.allocated.10485760.*first part' \
        'type=c12a7328-f81f-11d2-ba4b-00a0c93ec93b' 'scheme=gpt'
    check "GPT: as mmls has it" parts gpt.raw
    cp gpt.raw copy.raw && dd if=/dev/zero of=copy.raw bs=512 seek=1 count=40 conv=notrunc status=none
    check "GPT: from its copy" lists volumes copy.raw 'read from its copy' 'first part'
    head -c 5M gpt.raw >cut.raw
    check "GPT: behind the end of the disk" lists volumes cut.raw 'the disk ends before'

    # ---- one table hides what another has ----
    crafted() { "$here/files-crafted.py" "$@"; }
    cp ext4.raw cover.raw && crafted entry cover.raw 0 6 20480 8192
    check "an MBR over ext4: both" lists volumes cover.raw '^volume.allocated.4194304.*0x06' \
        '^volume.virtual.16777216.*which also begins like a file system: ext4$' 'format=a partition table and a file system'
    cp fat16.raw cover.raw && crafted entry cover.raw 0 83 20480 8192
    check "a FAT over an MBR: both" lists volumes cover.raw '^volume.allocated.4194304.*0x83' '^volume.virtual.20971520.*: fat16$'
    cp crafted.iso cover.raw && crafted entry cover.raw 0 17 0 256 && crafted entry cover.raw 1 ef 240 8
    check "an ISO 9660 for sticks: volumes" lists volumes cover.raw '^volume.allocated.4096.*0xef' '^volume.virtual.131072.*: iso9660'
    cp gpt.raw hybrid.raw && crafted entry hybrid.raw 1 83 100000 2000 && crafted entry hybrid.raw 2 83 2048 20480
    hybrid() { lists volumes hybrid.raw '^volume.allocated.1024000.*hybrid-mbr:1' $'^\ttable=hybrid-mbr$' \
        'format=the MBR has volumes .*: 1' && ! grep -q hybrid-mbr:2 out; }
    check "GPT: entries of a hybrid MBR" hybrid
    cp gpt.raw hidden.raw && crafted forget hidden.raw 0
    check "GPT: what only the copy has" lists volumes hidden.raw '^volume.allocated.10485760.*gpt-copy:0' \
        $'^\ttable=gpt-copy$' 'format=the copy of a GUID partition table has volumes .*: 1'
    cp gpt.raw lacks.raw && crafted forget lacks.raw 1 $((64 * 2048 - 1))
    check "GPT: what the copy lacks" lists volumes lacks.raw '^volume.allocated.15360000' 'format=the copy of the GUID partition table lacks .*: 1'
    cp gpt.raw beside.raw && crafted entry beside.raw 0 83 40960 2048
    check "GPT: beside an MBR" lists volumes beside.raw '^volume.allocated.1048576.*0x83' '^volume.allocated.10485760.*gpt:0' \
        'format=a GUID partition table has volumes .*: 2'
    cp mbr.raw beyond.raw && crafted entry beyond.raw 0 83 4000000000 2048
    check "MBR: an entry far behind the end" lists volumes beyond.raw '^volume.allocated.20971520.*mbr:1' 'the disk ends before'
    quiet() { for i in mbr.raw gpt.raw; do lists volumes $i . && ! grep -E '^problem|whole|(gpt|mbr|copy):' out || return 1; done; }
    check "ordinary tables: nothing of the kind" quiet
else
    skip "partition tables" "no sfdisk here"
fi

# ---- what is not read ----

printf 'LUKS\272\276' >luks.raw && truncate -s 1M luks.raw
check "LUKS is said" lists files luks.raw '^file-system' 'denied='
check "nothing known is no file system" lists files tree/odd.bin '^failed.format'

# ---- what cannot be read, and what has no name ----

unread() { # IMAGE OFFSET LENGTH PATTERN…: each is in a line; !PATTERN: in none
    local image=$1 offset=$2 length=$3 pattern
    shift 3
    "$lister" files "$image" --texts "$offset" "$length" >out
    cat out
    for pattern in "$@"; do
        case $pattern in
        !*) ! grep -qE "${pattern#!}" out || return 1 ;;
        *) grep -qE "$pattern" out || return 1 ;;
        esac
    done
}
mke2fs -q -t ext4 -b 4096 -d tiny holes.raw 16M >log 2>&1
where() { debugfs -R "imap <$1>" holes.raw 2>/dev/null | sed -n 's/.*block \([0-9]*\), offset \(0x[0-9a-f]*\).*/\1 \2/p' | { read -r b o; echo $((b * 4096 + o / 512 * 512)); }; }
block() { echo $(($(dumpe2fs holes.raw 2>/dev/null | sed -n "s/.*$1 bitmap at \([0-9]*\).*/\1/p" | head -1) * 4096)); }
folder=$(($(debugfs -R "blocks /" holes.raw 2>/dev/null | tr -d ' ') * 4096))
check "unread: the root's inode" unread holes.raw "$(where 2)" 512 '^problem.*listing.*io='
check "unread: an inode of files" unread holes.raw "$(where 12)" 512 '^problem.*record.*io=' '!^file.allocated.*e3b0c44298fc1c14.*small'
check "unread: the bitmap of blocks" unread holes.raw "$(block Block)" 4096 '^problem.*io=' '!^space'
check "unread: the bitmap of inodes" unread holes.raw "$(block Inode)" 4096 '^problem.*unread1.*io='
check "unread: a folder" unread holes.raw "$folder" 512 '^problem.*listing.*io='
check "unread: nothing of it is wrong" unread holes.raw 0 0 '!^problem' 'small.txt' '^space'
check "unread: a FAT" unread fat16.raw 2048 2048 '^problem.*io='
if [ -s ntfs.raw ]; then
    record=$(python3 -c 'd = open("ntfs.raw", "rb").read(); print(int.from_bytes(d[48:56], "little") * d[13] * 512)')
    check "unread: a record of NTFS" unread ntfs.raw $((record + 66 * 1024)) 1024 '^problem.*io='
    bitmap=$(istat ntfs.raw 6 | sed -n '/\$Bitmap\|DATA (128/,$p' | grep -m1 -oE '^[0-9]+')
    check "unread: the bitmap of NTFS" unread ntfs.raw $((bitmap * 4096)) 512 'io=|^failed.io' '!^space'
fi
debugfs -w -R "unlink /small.txt" holes.raw >log 2>&1
check "a file in use that no name leads to" lists files holes.raw \
    "^file.unnamed.12.$(sha256sum tiny/small.txt | cut -d' ' -f1)"
debugfs -w -R "feature needs_recovery" holes.raw >log 2>&1
check "a journal that was not replayed" lists files holes.raw '^problem.*not replayed' 'journal=not replayed'
mke2fs -q -t ext4 -O bigalloc clusters.raw 16M >log 2>&1
check "ext with bigalloc is said" lists files clusters.raw '^file-system' 'unsupported=ext with bigalloc'
dd if=/dev/zero of=ext2.raw bs=1024 seek=1 count=1 conv=notrunc status=none
check "ext without its first superblock" lists files ext2.raw 'a copy is at byte 8389632'
mke2fs -q -t ext4 -b 4096 -I 256 -d tiny random.raw 16M >log 2>&1
python3 - <<'E5'
import random, struct, subprocess
d = bytearray(open("random.raw", "rb").read())
table = struct.unpack_from("<I", d, 4096 + 8)[0] * 4096
unused = struct.unpack_from("<H", d, 4096 + 28)[0]
count = struct.unpack_from("<I", d, 1024 + 40)[0]
first = table + (count - unused) * 256
d[first : first + 65536] = random.Random(3).randbytes(65536)
open("random.raw", "wb").write(d)
E5
quiet() { "$lister" files random.raw >out; cat out; ! grep -qE 'orphan|unnamed' out; }
check "random bytes where no inode ever was" quiet

# ---- images that others made ----

known=${EXHIBIT_KNOWN_DATA:-}
if [ -d "$known/images" ] && [ -d "$known/deleted" ]; then
    for i in hfsplus iso9660; do check "known: $i" fls_agrees "$known/images/$i.raw"; done
    cat "$known"/images/ext2.splitraw.* >known.raw
    check "known: ext2" fls_agrees known.raw
    qemu-img convert -O raw "$known/images/windows_volume.qcow2" known.raw
    check "known: NTFS of Windows" fls_agrees known.raw
    check "known: APFS" lists files "$known/images/apfs.raw" 'unsupported='
    check "known: BitLocker To Go" lists files "$known/images/bdetogo.raw" 'denied='
    for z in "$known"/deleted/*.zip; do python3 -m zipfile -e "$z" zips; done
    for i in zips/*/*.dd; do check "known: ${i##*/}" fls_agrees "$i"; done
    md5() { # IMAGE INODE MD5 PATH: the answer's MD5 is that of the inode; its SHA-256 was found
        local sum
        [ "$(icat "$1" "$2" | md5sum | cut -d' ' -f1)" = "$3" ] || return 1
        sum=$(icat "$1" "$2" | sha256sum | cut -d' ' -f1)
        "$lister" files "$1" | grep -P "^[a-z]+\t(deleted|orphan)\t[0-9]+\t$sum\t.*\t\Q$4\E\$"
    }
    ntfs=$(echo zips/7*/*.dd) fat=$(echo zips/6*/*.dd)
    while read -r sum inode path; do check "known: NTFS undelete $path" md5 "$ntfs" "$inode" "$sum" "$path"; done <<'E3'
9036637712b491904cd0bfbdbe648453 37-128-1 /res1.dat
59b20779f69ff9f0ac5fcd2c38835a79 31-128-3 /sing1.dat
ffd27bd782bdce67750b6b9ee069d2ef 32-128-3 /mult1.dat
ba1b9eedb1c091ddca253d35dde8f616 32-128-6 /mult1.dat:ADS
7a3bc5b763bef201202108f4ba128149 29-128-3 /frag1.dat
0e80ab84ef0087e60dfc67b88a1cf13e 30-128-3 /frag2.dat
59cf0e9cd107bc1e75afb7374f6e05bb 36-128-3 /dir1/mult2.dat
21121699487f3fbbdb9a4b3391b6d3e0 35-128-3 /dir1/dir2/frag3.dat
c229626f6a71b167ad7e50c4f2fccdb1 38-128-3 /sing2.dat
E3
    while read -r sum inode path; do check "known: FAT undelete $path" md5 "$fat" "$inode" "$sum" "$path"; done <<'E4'
59b20779f69ff9f0ac5fcd2c38835a79 6 /_ing.dat
ffd27bd782bdce67750b6b9ee069d2ef 7 /_ult1.dat
59cf0e9cd107bc1e75afb7374f6e05bb 870 /_ir1/mult2.dat
E4
else
    skip "known images" "EXHIBIT_KNOWN_DATA names no folder with them"
fi
echo "1..$count"
