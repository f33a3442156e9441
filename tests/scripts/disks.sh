#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Disk images that qemu-img wrote, whole and damaged, and raw images in parts, read in the sandbox:
# tests/scripts/disks.sh EXHIBIT; prints TAP.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scripts/tap.inc
. "$here/tap.inc" disks "$1"
# shellcheck source=tests/scripts/disks.inc
. "$here/disks.inc"

# Text, noise, zeros that are written and zeros that are not; no multiple of any cluster.
python3 - <<'E1'
import random
r = random.Random(12)
text = b"".join(b"line %d of what somebody wrote; " % i for i in range(40000))
with open("source.raw", "wb") as f:
    f.write(text + r.randbytes(900000) + bytes(300000) + text[:200000] + b"\xff" * 70000)
    f.seek(6 << 20)
    f.write(r.randbytes(123456) + text[:300000])
    f.truncate(9000448)
E1
size=9000448
convert() { # FORMAT OPTIONS TARGET [ARGUMENT…]
    local format=$1 options=$2 target=$3
    shift 3
    qemu-img convert -q "$@" -f raw -O "$format" ${options:+-o "$options"} source.raw "$target"
}
way() { # FILE WAY [NUMBER…]: x with that done to it
    cp "$1" x
    "$here/disks-hurt.py" "$2" x "${@:3}"
}

# ---- parts of a raw image ----

split -b 1000000 -d -a 3 source.raw part.
# FILE: the parts are those of the source; that nobody knows how many there were is always said.
parts() {
    content split "$1" >out
    cat out
    ! grep '^fact warning' out | grep -v 'the parts do not say how many' && ! grep -Ev '^(size|fact|sha256|md5) ' out &&
        grep -qx "sha256 $(sha256sum source.raw | cut -d' ' -f1)" out && grep -qx "size $size" out
}
check "split: .000 …" parts part.000
check "split: how many there are is not known" says split part.000 'fact warning the parts do not say how many there are: 10 were found$'
check "split: their sizes" says split part.000 'fact part-bytes 9 x 1000000, 1 x 448$'
mkdir one && for f in part.???; do mv "$f" "one/disk.$(printf %03d $((10#${f##*.} + 1)))"; done
check "split: .001 …" parts one/disk.001
BLOCK=999 check "split: in small pieces" parts one/disk.001
split -b 300000 -a 2 source.raw part.
check "split: .aa … .bd" parts part.aa
mv part.ac away
check "split: a part is missing before others" refused split part.aa missing 'part 3 is missing, and part 4 is there'
for f in part.a[d-j]; do mv "$f" "away.$f"; done
check "split: eight are missing before others" refused split part.aa missing 'part 3 is missing, and part 11 is there'
rm part.??
split -b 300000 -a 2 source.raw part. && rm part.a[c-z] part.b?
shorter() { says split part.aa 'size 600000$' && grep -qx "sha256 $(head -c 600000 source.raw | sha256sum | cut -d' ' -f1)" out; }
check "split: the last ones are missing" shorter
check "split: … and that cannot be seen" says split part.aa 'fact warning the parts do not say how many there are: 2 were found$'
truncate -s 200000 one/disk.004
check "split: a part that was cut off" says split one/disk.001 'fact warning part 4 has 200000 bytes'
cp source.raw alone.001
check "split: one part" parts alone.001

# ---- qcow2 ----

for options in compat=0.10 compat=1.1 cluster_size=512 cluster_size=4096 cluster_size=2M lazy_refcounts=on \
    preallocation=metadata preallocation=full refcount_bits=1; do
    convert qcow2 $options "$options.qcow2"
    check "qcow2: $options" same qcow2 "$options.qcow2"
    case $options in *prealloc*) continue ;; esac
    convert qcow2 $options "$options-c.qcow2" -c
    check "qcow2: $options, compressed" same qcow2 "$options-c.qcow2"
done
for options in compression_type=zstd compression_type=zstd,cluster_size=512 compression_type=zstd,cluster_size=2M; do
    convert qcow2 $options z.qcow2 -c
    check "qcow2: $options" same qcow2 z.qcow2
done
BLOCK=1000 check "qcow2: in small pieces" same qcow2 compat=1.1-c.qcow2
q=compat=1.1.qcow2
check "qcow2: how much is stored" says qcow2 $q 'fact allocated-bytes [1-9]'
cp $q snap.qcow2 && qemu-img snapshot -c earlier snap.qcow2
active() { says qcow2 snap.qcow2 'fact snapshots 1$' && grep 'fact warning the image holds 1 earlier' out && grep "$(sha256sum source.raw | cut -d' ' -f1)" out; }
check "qcow2: earlier states are counted, and not read" active
qemu-img create -q -f qcow2 -b $q -F qcow2 layer.qcow2
check "qcow2: a layer is refused, and its backing file named" refused qcow2 layer.qcow2 unsupported 'only a layer.*"compat=1.1.qcow2"'
qemu-img create -q -f qcow2 -o data_file=data.raw external.qcow2 1M
check "qcow2: external data" refused qcow2 external.qcow2 unsupported 'another file'
qemu-img create -q -f qcow2 -o extended_l2=on sub.qcow2 1M
check "qcow2: subclusters" refused qcow2 sub.qcow2 unsupported subclusters
way $q qcow2-crypt && check "qcow2: encrypted" refused qcow2 x unsupported encrypted
way $q qcow2-shrunk 65536 && check "qcow2: clusters behind the stated size" says qcow2 x 'fact warning [1-9][0-9]* clusters and 0 whole tables of clusters are stored behind'
way cluster_size=512.qcow2 qcow2-shrunk 32768
check "qcow2: tables behind the stated size" says qcow2 x 'fact warning 0 clusters and [1-9][0-9]* whole tables of clusters are stored behind'
way $q qcow2-version && check "qcow2: version 1" refused qcow2 x unsupported 'version 1'
way $q qcow2-feature && check "qcow2: a feature that nobody knows" refused qcow2 x unsupported 'not known'
way $q qcow2-clusters && check "qcow2: clusters of 2^63 bytes" refused qcow2 x format 'clusters of 2^63'
way $q qcow2-size && check "qcow2: a size that overflows" refused qcow2 x format 'a disk of'
way $q qcow2-l1-table && check "qcow2: level 1 outside" refused qcow2 x format 'level 1 table would be at'
way $q qcow2-l1-short && check "qcow2: level 1 too short" refused qcow2 x format 'needs a level 1 table'
way $q qcow2-corrupt && check "qcow2: corrupt, as it says itself" hurt qcow2 x 'corrupt' 0 0
way $q qcow2-l1-outside && check "qcow2: level 2 outside" hurt qcow2 x 'no table' $size $size
way $q qcow2-l1-odd && check "qcow2: level 2 at an odd place" hurt qcow2 x 'no table' $size $size
way $q qcow2-l2-outside 3 && check "qcow2: a cluster outside" hurt qcow2 x 'first at byte 196608' 65536 65536
way $q qcow2-l2-reserved 3 && check "qcow2: an entry with bits that are none" hurt qcow2 x 'no cluster' 65536 65536
way $q qcow2-l2-twice 3
twice() { says qcow2 x 'fact warning 1 clusters are stored where another one is'; }
check "qcow2: two clusters in one place" twice
way $q qcow2-bomb 3 && check "qcow2: a cluster that expands without end" hurt qcow2 x 'more than 65537' 65536 65536
cp cluster_size=512.qcow2 x && "$here/disks-hurt.py" qcow2-l2-loop x
check "qcow2: one table for everything" says qcow2 x 'fact warning .*'
way compat=1.1-c.qcow2 flip $(($(stat -c %s compat=1.1-c.qcow2) - 3000))
check "qcow2: a flipped bit in compressed bytes" says qcow2 x '\(damaged\|sha256\) '
cp $q x && truncate -s 1500000 x
check "qcow2: cut off" hurt qcow2 x 'cannot be read, the first at byte' 1000000 3000000
cp compat=1.1-c.qcow2 x && truncate -s 700000 x
check "qcow2: compressed and cut off" hurt qcow2 x '' 1 $size
truncate -s 50 x && check "qcow2: fifty bytes" refused qcow2 x format 'ends early'
check "qcow2: something else" refused qcow2 source.raw format 'does not begin as'

# ---- VHD ----

for options in subformat=dynamic,force_size=on subformat=fixed,force_size=on; do
    convert vpc $options "$options.vhd"
    check "vhd: $options" same vhd "$options.vhd"
done
for options in subformat=dynamic subformat=fixed; do
    convert vpc $options "$options.vhd"
    cp source.raw larger.raw # qemu-img rounds up to what cylinders, heads and sectors can say
    truncate -s "$(content vhd $options.vhd | sed -n 's/^size //p')" larger.raw
    check "vhd: $options, rounded up" same vhd "$options.vhd" larger.raw
    check "vhd: $options, and no smaller" test "$(stat -c %s larger.raw)" -ge $size
done
v=subformat=dynamic,force_size=on.vhd
f=subformat=fixed,force_size=on.vhd
BLOCK=1000 check "vhd: in small pieces" same vhd $v
way $v vhd-layer && check "vhd: a layer is refused, and its parent named" refused vhd x unsupported 'only a layer.*"parent.vhd"'
way $v vhd-differ && check "vhd: two footers that differ" refused vhd x format 'its copy says'
way $v vhd-type && check "vhd: a type that nobody knows" refused vhd x unsupported 'type 9'
way $v vhd-size && check "vhd: larger than its table" refused vhd x format 'needs a table'
way $f vhd-size && check "vhd: fixed, and larger than its file" refused vhd x format 'stand in front of its footer'
way $v vhd-bit && check "vhd: bytes where never was written" hurt vhd x 'programs differ' 512 512
way $v vhd-table 0 && check "vhd: a block outside" hurt vhd x 'first at byte 0' 2097152 2097152
way $v vhd-twice 0 && check "vhd: two blocks in one place" says vhd x 'fact warning 1 blocks are stored where'
cp $v x && truncate -s -512 x && check "vhd: without its footer the copy is used" hurt vhd x 'its copy at the beginning is used' 0 0
cp $v x && truncate -s 3000000 x && check "vhd: cut off" hurt vhd x 'cannot be read, the first at byte' 1000000 8000000
way $v flip 100 && "$here/disks-hurt.py" flip x $(($(stat -c %s x) - 512 + 100))
check "vhd: footer and copy are changed alike" hurt vhd x 'somebody may have changed both' 0 0
"$here/disks-hurt.py" flip x 101 && check "vhd: footer and copy are damaged" refused vhd x altered checksum
way $v flip 10 && check "vhd: the copy is damaged" hurt vhd x 'the copy of the footer' 0 0
way $f flip $((size + 70)) && check "vhd: fixed, a damaged footer" refused vhd x altered 'checksum'
cp $f x && truncate -s -100 x && check "vhd: fixed, without its footer" refused vhd x format 'no footer'
(head -c $size source.raw; tail -c 512 $f | head -c 511) >x && check "vhd: a footer of 511 bytes" same vhd x

# ---- VHDX ----

for options in subformat=dynamic subformat=fixed block_size=1M block_size=32M; do
    convert vhdx $options "$options.vhdx"
    check "vhdx: $options" same vhdx "$options.vhdx"
done
v=block_size=1M.vhdx
BLOCK=1000 check "vhdx: in small pieces" same vhdx $v
way $v vhdx-log && check "vhdx: not closed, and its log is empty" hurt vhdx x 'its log is empty' 0 0
way $v vhdx-entry && check "vhdx: a log that is not empty" refused vhdx x unsupported 'not closed'
way $v vhdx-parent && check "vhdx: a layer" refused vhdx x unsupported 'only a layer'
way $v vhdx-sum 65536 && check "vhdx: a damaged header: the other is used" hurt vhdx x 'the other one is used' 0 0
"$here/disks-hurt.py" vhdx-sum x 131072 && check "vhdx: both headers" refused vhdx x altered checksum
way $v vhdx-sum 196608 && check "vhdx: a damaged table of regions: its copy is used" hurt vhdx x 'its copy is used' 0 0
"$here/disks-hurt.py" vhdx-sum x 262144 && check "vhdx: both tables of regions" refused vhdx x altered checksum
way $v vhdx-outside 1 && check "vhdx: a block outside" hurt vhdx x 'first at byte 1048576' 1048576 1048576
way $v vhdx-reserved 1 && check "vhdx: an entry with bits that are none" hurt vhdx x 'no block' 1048576 1048576
way $v vhdx-state 1 3 && check "vhdx: a block that was given up is no content" says vhdx x 'range 1048576 1048576 2'
way $v vhdx-state 1 7 && check "vhdx: a block of a layer" hurt vhdx x 'no block' 1048576 1048576
cp $v x && truncate -s 7000000 x && check "vhdx: cut off" hurt vhdx x 'cannot be read' 500000 7000000

# ---- VMDK ----

for options in monolithicSparse monolithicFlat twoGbMaxExtentSparse twoGbMaxExtentFlat streamOptimized; do
    convert vmdk subformat=$options $options.vmdk
    check "vmdk: $options" same vmdk $options.vmdk
done
convert vmdk subformat=streamOptimized x -c && check "vmdk: streamOptimized, -c" same vmdk x
m=monolithicSparse.vmdk
s=streamOptimized.vmdk
BLOCK=1000 check "vmdk: in small pieces" same vmdk $s
# A disk of five extents in four files.
python3 - <<'E2'
data = open("source.raw", "rb").read()
for i, (at, end) in enumerate(((0, 3000320), (3000320, 5000192), (6000640, 9000448))):
    open("piece%d.raw" % i, "wb").write(data[at:end])
open("flat.bin", "wb").write(bytes(1024) + data[5000192:5500416])
with open("many.vmdk", "w") as f:
    print('# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\ncreateType="custom"\n', file=f)
    print('RW 5860 SPARSE "s0.vmdk"\nRW 3906 SPARSE "s1.vmdk"\nRW 977 FLAT "flat.bin" 2\nRW 977 ZERO\n'
          'RDONLY 5859 SPARSE "s2 x.vmdk"', file=f)
data = bytearray(data)
data[5500416:6000640] = bytes(500224)
open("many.raw", "wb").write(data)
E2
i=0
for name in s0 s1 's2 x'; do
    qemu-img convert -q -f raw -O vmdk piece$i.raw "$name.vmdk"
    i=$((i + 1))
done
check "vmdk: five extents" same vmdk many.vmdk many.raw
head -c 777 source.raw >>flat.bin
check "vmdk: a flat file is longer than its extent" hurt vmdk many.vmdk '"flat.bin" has 777 bytes behind its extent' 0 0 many.raw
printf '%s\n' '# Disk DescriptorFile' 'RW 900 FLAT "flat.bin" 2' 'RW 77 FLAT "flat.bin" 902' >two.vmdk
tail -c +1025 flat.bin | head -c 500224 >two.raw
check "vmdk: two extents in a file that is longer" hurt vmdk two.vmdk 'has 777 bytes behind its extent' 0 0 two.raw
once() { [ "$(grep -c '^fact warning' out)" = 1 ]; }
check "vmdk: … which is said once" once
truncate -s -777 flat.bin
mv s1.vmdk away && check "vmdk: an extent that is missing is a gap" hurt vmdk many.vmdk 's1.vmdk.*missing' 1999872 1999872 many.raw
mv away s1.vmdk && truncate -s 200192 flat.bin
check "vmdk: one that was cut off" hurt vmdk many.vmdk '"flat.bin" has 199168 bytes' 301056 301056 many.raw
sed -i 's/"s1.vmdk"/"..\/s1.vmdk"/' many.vmdk
check "vmdk: a name that leads elsewhere" says vmdk many.vmdk 'fact warning the extent "../s1.vmdk" cannot be read.*not beside'
sed -i 's/SPARSE/SESPARSE/' many.vmdk
check "vmdk: extents of another type" says vmdk many.vmdk 'fact warning .*type SESPARSE'
rm monolithicFlat-flat.vmdk
check "vmdk: no extent at all" refused vmdk monolithicFlat.vmdk missing 'no extent can be read'
qemu-img create -q -f vmdk -b $m -F vmdk link.vmdk
check "vmdk: a link is refused, and its parent named" refused vmdk link.vmdk unsupported 'only a layer.*"monolithicSparse.vmdk"'
way $m vmdk-table && check "vmdk: a table outside: its copy is used" hurt vmdk x 'taken from their copies' 0 0
way $m vmdk-tables && check "vmdk: both outside" hurt vmdk x 'table would be at' $size $size
way $m vmdk-grain 2 && check "vmdk: a grain outside" hurt vmdk x 'first at byte 131072' 65536 65536
way $m vmdk-copy 2 && check "vmdk: a table differs from its copy" hurt vmdk x 'differ from their copies, the first for byte 131072' 0 0
way $m vmdk-text && check "vmdk: copied as if it were text" refused vmdk x altered 'as if it were text'
way $m vmdk-unclean && check "vmdk: not closed" hurt vmdk x 'not closed' 0 0
way $m vmdk-capacity && check "vmdk: a capacity that overflows" refused vmdk x format 'an extent of'
cp $m x && truncate -s 1500000 x && check "vmdk: cut off" hurt vmdk x 'cannot be read' 500000 $size
cp $s x && truncate -s 700000 x && check "vmdk: a stream that was cut off" hurt vmdk x 'cannot be read' 500000 $size
way $s vmdk-footer && check "vmdk: a stream with its directory at the end" same vmdk x
truncate -s -512 x && check "vmdk: cut off there" refused vmdk x format 'at its end, which is missing'
way $s flip 400000 && check "vmdk: a flipped bit in compressed bytes" hurt vmdk x 'checksum\|expanded\|stored bytes\|sector' 1 65536
head -c 4 $m >x && printf 'COWD' >x && truncate -s 4096 x && check "vmdk: an extent of ESX" refused vmdk x unsupported COWD
check "vmdk: something else" refused vmdk source.raw format 'does not begin as'

# ---- images with known hashes, where there are some ----

known=${EXHIBIT_KNOWN_DATA:-}/images # a folder of images that others made
ext2=196066add11fb71c4c49cf1bb50d6d24
if [ -d "$known" ]; then
    for image in ewf:ext2.E01 qcow2:ext2.qcow2 vmdk:ext2.vmdk split:ext2.splitraw.000; do
        check "known: ${image#*:}" says "${image%%:*}" "$known/${image#*:}" "md5 $ext2"
    done
    cat "$known"/ext2.splitraw.* >ext2.raw && truncate -s 4212736 ext2.raw # rounded up
    check "known: ext2.vhd" same vhd "$known/ext2.vhd" ext2.raw
    check "known: image.vhd, whose checksums are wrong" says vhd "$known/image.vhd" 'fact warning .* fail their checksums'
    for image in windows_volume.qcow2 vsstest.qcow2; do
        sum=$(qemu-img convert -f qcow2 -O raw "$known/$image" x && sha256sum x | cut -d' ' -f1)
        check "known: $image, as qemu-img reads it" says qcow2 "$known/$image" "sha256 $sum"
    done
else
    skip "known images" "EXHIBIT_KNOWN_DATA names no folder with them"
fi
echo "1..$count"
