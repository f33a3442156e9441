#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Image containers that other programs wrote, whole and damaged, read in the sandbox:
# tests/scripts/containers.sh EXHIBIT; prints TAP.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scripts/tap.inc
. "$here/tap.inc" containers "$1"
build=$(dirname "$bin")/../..
read_container=$build/tests/unit/parsers/read_container
parser=$build/parsers/exhibit-parser

content() { "$read_container" "$parser" "$@"; } # PARSER FILE
same() { # FILE: its content is that of source.raw, without a word of damage
    content "$1" "$2" >out || return 1
    cat out
    ! grep -Ev '^(size|fact|sha256|md5) |^fact warning' out >/dev/null && ! grep '^fact warning' out &&
        grep -qx "sha256 $sum" out && grep -qx "size $size" out
}

# Text, noise and zeros; of a size that is no multiple of a chunk.
python3 - >source.raw <<'E1'
import random, sys
r = random.Random(11)
text = b"".join(b"line %d of what somebody wrote; " % i for i in range(40000))
sys.stdout.buffer.write(text + r.randbytes(1500000) + bytes(900000) + text[:300000] + b"\xff" * 70144)
E1
truncate -s 4000256 source.raw
sum=$(sha256sum source.raw | cut -d' ' -f1)
size=4000256

acquire() { # FORMAT COMPRESSION TARGET SEGMENT-SIZE [SOURCE]
    ewfacquire -u -q -c "$2" -d sha1 -f "$1" -S "$4" -m fixed -M logical -C 'case 7' -D 'a disk' -e 'An Officer' \
        -E 7/1 -N 'found in room 4' -t "$work/$3" "$work/${5:-source.raw}" >log.acquire 2>&1
}

for format in smart ftk encase1 encase2 encase3 encase4 encase5 encase6 linen5 linen6 ewf ewfx; do
    for compression in none fast best; do
        name=$format-$compression
        acquire $format $compression $name 1MiB
        first=$(ls $name.?01)
        check "$name, $(find . -name "$name.*" | wc -l) segments" same ewf "$first"
    done
done
acquire encase6 fast one 2GiB
check "one segment" same ewf one.E01
BLOCK=1000 check "in small pieces" same ewf one.E01
says() { content ewf one.E01 | grep -qxF "$1"; }
check "what it says of its case" says 'fact header2.case-number case 7'
check "… and who made it" says 'fact header2.examiner An Officer'
check "its hashes are claims" says "fact sha1 $(sha1sum source.raw | cut -d' ' -f1)"
: >empty.raw
head -c 512 source.raw >sector.raw
sector() { acquire encase6 best sector 2GiB sector.raw && content ewf sector.E01 | grep "$(sha256sum sector.raw | cut -d' ' -f1)"; }
check "a single sector" sector

# ---- damage: what can be read is read, the rest is named ----

set_of() { # a fresh set of segments x.E01 …, of noise, so that there are several
    rm -f x.E??
    local f
    for f in encase5-none.E??; do cp "$f" "x.${f##*.}"; done
}
# Bytes that come although something is broken are those of the source.
honest() {
    content ewf x.E01 >out
    cat out
    python3 - <<'E2'
import re
size, bad = 0, []
for line in open("out"):
    word = line.split()
    if word[0] == "size":
        size = int(word[1])
    if word[0] == "range":
        bad.append((int(word[1]), int(word[2])))
    if word[0] == "damaged":
        bad.append((int(word[1]), int(word[2])))
    if word[0] == "sha256":
        said = word[1]
import hashlib
data = bytearray(open("source.raw", "rb").read())
assert size == len(data), size
for at, length in bad:
    data[at:at + length] = bytes(length)
assert hashlib.sha256(data).hexdigest() == said, "other bytes than the source's"
covered = sum(l for _, l in set(bad))
open("lost", "w").write(str(covered))
E2
}
warned() { honest && grep "^fact warning .*$1" out; }
lost_less() { [ "$(cat lost)" -gt 0 ] && [ "$(cat lost)" -lt "$1" ]; }

set_of && rm x.E02
check "a missing segment is named" warned 'x.E02 is missing'
check "… and the others are read" lost_less 2200000
set_of && cp x.E02 x.E03
check "a segment that stands twice is named" warned 'segment 3 says that it is segment 2'
check "… and the others are read" lost_less 2200000
set_of && mv x.E02 y && mv x.E03 x.E02 && mv y x.E03
check "two that changed places are named" warned 'segment 2 says that it is segment 3'
set_of && truncate -s 500000 x.E02
check "one that was cut off is named" warned 'segment 2'
check "… and the others are read" lost_less 2200000
set_of && rm x.E02 x.E04 2>/dev/null
check "with two gaps nothing is guessed" warned 'x.E02 is missing'
edit() { # FILE SECTION OFFSET: flips a bit there, behind the head of the last section of this type
    python3 - "$@" <<'E3'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
name = sys.argv[2].encode()
at = data.rfind(name + bytes(16 - len(name)))
data[at + int(sys.argv[3])] ^= 4
open(sys.argv[1], "wb").write(data)
E3
}
set_of && edit x.E01 table 110
whole_with_warning() { warned "$1" && [ "$(cat lost)" = 0 ]; }
check "a damaged table: its copy is used" whole_with_warning 'its copy is looked for'
whole() { honest && [ "$(cat lost)" = 0 ] && ! grep '^fact warning' out; }
edit x.E01 table2 110
check "its copy is damaged too: that segment is lost" warned 'the entries of a table fail'
check "… and the others are read" lost_less 2200000
hurt() { # WAY: on a fresh set
    rm -f x.E?? && for f in encase6-none.E??; do cp "$f" "x.${f##*.}"; done
    "$here/containers-hurt.py" "$@"
}
hurt set x.E01 1 && "$here/containers-hurt.py" set x.E02 1 && "$here/containers-hurt.py" set x.E03 1
check "segments that name their set, or do not" whole
"$here/containers-hurt.py" set x.E02 2
check "a segment of another set is not taken" warned 'segment 2, byte 13: its data section says that it belongs to another set'
check "… and the others are read" lost_less 2200000
hurt set x.E01 1 && "$here/containers-hurt.py" set x.E02 1 && "$here/containers-hurt.py" sectors x.E02
check "one of the same set that states another size is taken, and told" whole_with_warning \
    'segment 2, byte 13: its data section states 7814 sectors, and the volume section 7813; it names the same set'
"$here/containers-hurt.py" set x.E02 0
check "where it names no set it is not" warned 'segment 2, byte 13: its data section states 7814 sectors of'
check "… and the others are read" lost_less 2200000
hurt set x.E01 0 && "$here/containers-hurt.py" sectors x.E03
check "nor where the image names none" warned 'segment 3, byte 13: its data section states 7814 sectors'
check "… and the others are read" lost_less 2200000
hurt nothing-stated x.E02
check "what a segment does not state is not compared" whole
hurt data-sum x.E02
check "a data section that fails its checksum is told" whole_with_warning 'the data section fails its checksum'
hurt copy x.E02 3
check "a table and its copy differ, both sound" warned 'a table and its copy differ in 1 entries, the first of chunk [0-9]*: '
two_chunks() { [ "$(cat lost)" = 65536 ] && grep 'say different places' out; }
check "… and what hangs on that entry is lost" two_chunks
hurt copy-count x.E02
check "a copy of another length: that segment is lost" warned 'a table has [0-9]* entries, and its copy [0-9]*'
check "… and the others are read" lost_less 2200000
hurt copy-sum x.E02
check "a damaged copy is told" whole_with_warning 'the copy of a table: the entries of a table fail'
last=$(ls encase5-none.E?? | tail -n 1) last=${last##*.}
one_end() { warned 'behind segment . nothing was found: whether more' && [ "$(grep -c '^fact warning' out)" = "$1" ] && ! grep 'x.E.. is missing' out; }
set_of && rm "x.$last"
check "without its last segment: nothing is said of others" one_end 1
set_of && truncate -s -200 "x.$last"
check "the last one was cut off: nothing is said of others" one_end 2
# A range that the image lists as unreadable holds what it holds.
hurt listed "x.$last" 100 7
listed() { content ewf x.E01 >out; cat out; grep -qx 'range 51200 3584 1' out && grep -qx "sha256 $sum" out; }
check "what the image lists as unreadable is named, and its bytes come" listed
set_of && edit x.E02 sectors 5000
flipped() { honest && grep -c '^damaged' out | grep -qx 1 && grep 'its checksum does not fit' out; }
check "a flipped bit: one chunk is lost, and named" flipped
set_of && edit x.E01 sectors 20
check "a section's size and the next one's place disagree" warned 'the head of a section fails'
resum() { # the same, with a right checksum
    python3 - <<'E4'
import struct, zlib
data = bytearray(open("x.E01", "rb").read())
at = data.rfind(b"sectors" + bytes(9))
next_at, size = struct.unpack_from("<QQ", data, at + 16)
struct.pack_into("<Q", data, at + 24, size - 100)
struct.pack_into("<I", data, at + 72, zlib.adler32(bytes(data[at:at + 72])))
open("x.E01", "wb").write(data)
E4
}
set_of && resum
check "… also with a right checksum" warned 'says that it has'
refused() { # CODE TEXT
    content ewf x.E01 >out
    cat out
    grep "^error $1: ewf: .*$2" out
}
set_of && edit x.E01 volume 90
check "without a volume section there is no content" refused altered 'volume section'
set_of && truncate -s 5 x.E01
check "five bytes" refused format 'behind the end'
set_of && cp source.raw x.E01
check "something else" refused format 'does not begin as an E01'
set_of && printf 'LVF' | dd of=x.E01 conv=notrunc 2>/dev/null
check "a logical evidence file is said to be one" refused unsupported 'logical'
echo "1..$count"
