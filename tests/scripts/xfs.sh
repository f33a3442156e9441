#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# XFS as mkfs.xfs makes it, against the files that were put there and against xfs_db, which reads by
# another program's code; and XFS as it should not be: tests/scripts/xfs.sh EXHIBIT; prints TAP.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scripts/tap.inc
. "$here/tap.inc" xfs "$1"
lister=$(dirname "$bin")/../../tests/unit/parsers/list_traces
PATH=$PATH:/sbin:/usr/sbin
for tool in mkfs.xfs xfs_db python3 jq; do
    command -v $tool >/dev/null && [ -x "$lister" ] && continue
    skip 'all of it' "$tool or $lister is missing"
    echo "1..$count"
    exit 0
done
make() { "$here/xfs-make.py" "$@"; }
lists() { # IMAGE PATTERN…: each pattern is in a line; !PATTERN: in none
    local image=$1 pattern
    shift
    "$lister" files "$image" --texts >out
    cut -c 1-300 out | head -200
    for pattern in "$@"; do
        case $pattern in
        !*) ! grep -qaE -- "${pattern#!}" out ;;
        *) grep -qaE -- "$pattern" out ;;
        esac || {
            echo "against: $pattern"
            return 1
        }
    done
}
make tree tree
make proto tree proto
python3 - <<'E1'
import hashlib, os
with open("want", "wb") as out:
    for folder, folders, files in os.walk(b"tree"):
        for name in files:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not os.path.islink(path):
                data = open(path, "rb").read()
                out.write(b"%d\t%s\t%s\n" % (len(data), hashlib.sha256(data).hexdigest().encode(), path[4:]))
E1
LC_ALL=C sort -o want want
# mkfs.xfs 6.1 writes the block of a long link without its head, which version 5 has.
as_put_there() { # IMAGE: every file, by its path, and nothing else
    "$lister" files "$1" >plain
    ! grep -a '^problem' plain | grep -v '/long-link/<content>' || return 1
    grep -a '^file	' plain | cut -f 3,4,7 | LC_ALL=C sort >got
    [ "$(wc -l <want)" = 3472 ] && diff want got >different || {
        head -5 different
        return 1
    }
}
as_xfs_db() { # IMAGE: what each inode says, times in nanoseconds
    "$lister" files "$1" --texts >texts
    python3 - "$1" <<'E2'
import calendar, re, subprocess, sys, time
told, one = {}, None
for line in open("texts", "rb").read().split(b"\n"):
    if not line.startswith(b"\t"):
        one = line.split(b"\t")
        one = told.setdefault(int(one[4]), {"size": one[2]}) if len(one) > 5 and one[4] != b"0" else {}
    else:
        key, value = line[1:].split(b"=", 1)
        one[key + b" " + value.split(b" ")[0] if key == b"time" else key] = value
wanted = sorted(told)[:400] + sorted(told)[-400:]
commands = []
for n in wanted:
    commands += ["-c", "inode %d" % n, "-c", "print core.mode core.uid core.gid core.nlinkv2 core.size core.mtime.sec core.mtime.nsec"]
text = subprocess.run(["xfs_db", "-r", *commands, sys.argv[1]], stdout=subprocess.PIPE,
    env={"TZ": "UTC", "LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}).stdout.decode()
rows = [dict(line.split(" = ", 1) for line in part.strip().split("\n")) for part in re.split(r"(?m)^(?=core\.mode)", text) if part.strip()]
assert len(rows) == len(wanted) == 800, (len(rows), len(wanted))
for n, row in zip(wanted, rows):
    t = told[n]
    seconds = calendar.timegm(time.strptime(row["core.mtime.sec"], "%a %b %d %H:%M:%S %Y"))
    stamp = b"1 %d.%09d" % (seconds, int(row["core.mtime.nsec"]))
    assert t[b"mode"] == b"%04o" % (int(row["core.mode"], 8) & 0o7777), (n, t, row)
    assert (int(t[b"uid"]), int(t[b"gid"]), int(t[b"links"])) == (int(row["core.uid"]), int(row["core.gid"]), int(row["core.nlinkv2"])), (n, t, row)
    assert t[b"time 1"].startswith(stamp), (n, t, row)
    assert t["size"] == b"0" or int(t["size"]) == int(row["core.size"]), (n, t, row)
E2
}
variant() { # NAME OPTION…
    local name=$1
    shift
    truncate -s 320M image && mkfs.xfs -f -q -L a-label -p proto "$@" image >log 2>&1 || {
        skip "$name" "this mkfs.xfs does not make it"
        return
    }
    check "$name: the files that were put there" as_put_there image
    check "$name: as xfs_db has it" as_xfs_db image
}
variant 'version 4' -m crc=0
check 'version 4: is said' lists image 'version=4' 'target=x{250}' '!^problem'
variant 'blocks of 1 KiB' -b size=1024
variant 'blocks of folders of 16 KiB' -n size=16384
variant 'inodes of 1 KiB' -i size=1024
variant 'times of 32 bits' -m bigtime=0
variant 'many extents' -i nrext64=1
variant 'version 5' -m bigtime=1
check 'the file system' lists image 'version=5' 'label=a-label' "uuid=$(xfs_db -r -c 'sb 0' -c 'print uuid' image | cut -d' ' -f3)" \
    'block-size=4096' 'block-count=81920' 'format=its target is damaged'
check 'links and what is no file' lists image '^link.*/link$' 'target=small.txt$' '^special.*/pipe$' '^directory.*/empty$'
inode() { grep -a "/$1\$" plain | cut -f 5; }
as_put_there image >log
long() { cp image long.img && make target long.img "$(inode long-link)" && lists long.img 'target=x{250}' '!^problem'; }
check 'a long link' long
large=$(inode large.bin) folder=$(inode block)
tree_folder() { [ "$(xfs_db -r -c "inode $(inode very-many)" -c 'print core.format' image)" = 'core.format = 3 (btree)' ]; }
check 'a folder whose places are in a tree is among them' tree_folder
make_pieces() { cp image pieces.img && make pieces pieces.img "$large" 8000; }
check 'a file in 768 pieces, listed in a tree' make_pieces
same_map() { [ "$(xfs_db -r -c "inode $large" -c bmap pieces.img | grep -c 'count 1 ')" = 768 ]; }
check 'which xfs_db takes' same_map
check 'is whole' as_put_there pieces.img

cases() { # CASE INODE PATTERN…
    local case=$1 inode=$2
    shift 2
    cp image hurt.img && make hurt hurt.img "$case" "$inode" && lists hurt.img "$@"
}
good=$(sha256sum tree/large.bin | cut -c 1-64)
check 'an inode with another checksum' cases sum "$large" "^file.allocated.3145728.$good" 'format=the checksum of its inode does not fit'
check 'a size over 2^63' cases size "$large" '^file.allocated.0.-.*/large.bin' 'format=its inode says a size that no content has'
check 'a place outside of the file system' cases outside "$large" '^file.allocated.3145728.nowhere.*/large.bin' 'format=some of the content lies outside'
check 'a place across two groups' cases across "$large" '/large.bin' 'format=some of the content lies outside'
check 'a place that was never written' cases unwritten "$large" "^file.allocated.3145728.$(head -c 3M /dev/zero | sha256sum | cut -c 1-64)"
check 'places that are not in order' cases order "$large" 'format=its list of places is not in order'
check 'a tree that is below itself' cases loop "$large" 'format=a block of the tree of its places is damaged'
check 'no inode where one is named' cases gone "$large" '^file.*/large.bin' "format=there is no inode where number $large lies"
check 'a block of a folder with another checksum' cases block-sum "$folder" 'format=the checksum of a block of the folder does not fit'
check 'an entry longer than its block' cases block-length "$folder" 'format=a block of the folder is damaged'
check 'a folder in itself' cases self "$folder" '^directory.*/block/entry-number-00005$'
check 'a feature that is not known' cases feature "$large" 'unsupported=XFS \(XFSB at byte 0\) with features that are not known \(0x40\)' '!^file	'
cp image cut.img && truncate -s 100M cut.img
check 'cut off' lists cut.img 'format=the file system has 335544320 bytes, and what it lies in ends before' "$good"
head -c 512 image >head.img && truncate -s 1M head.img
check 'nothing but a superblock' lists head.img 'format=there is no inode where number 128 lies'

# ---- in an examination ----

mv long.img image
{
    exhibit init vault --agency A --officer One --plain --kdf-memory 8
    exhibit case new --number 1 --title t --officer One
    exhibit collect image --case 1 --officer One
    make hurt hurt.img feature "$large"
    exhibit collect hurt.img --case 1 --officer One
    cp image hole.img && make hurt hole.img sparse "$large"
    exhibit collect hole.img --case 1 --officer One
} >log 2>&1
check 'an examination' status_is 0 exhibit examine 1/1 --officer One --workers 2
exhibit trace export 1/1 --output t.jsonl --officer One >log 2>&1
hashes() {
    jq -r 'select(.kind == "file").sha256' t.jsonl | sort >hashed
    cut -f 2 want | sort | cmp - hashed
}
check 'every file is hashed' hashes
exhibit examine 1/1 --officer One --workers 1 >log 2>&1
exhibit trace export 1/1 --output again.jsonl --officer One >log 2>&1
check 'the same again, by one worker' cmp <(sed 's/,"known":true//g' t.jsonl) <(sed 's/,"known":true//g' again.jsonl)
by_hand() {
    local count=0 offset size sha256
    while read -r offset size sha256; do
        [ "$(tail -c +$((offset + 1)) image | head -c "$size" | sha256sum | cut -c 1-64)" = "$sha256" ] || return 1
        count=$((count + 1))
    done < <(jq -r 'select(.kind == "file" and .sha256 and (.ranges | length) == 1) | "\(.ranges[0][0]) \(.size) \(.sha256)"' t.jsonl | tail -30)
    [ $count = 30 ]
}
check 'the places hold what was hashed' by_hand
check 'a feature that is not known makes it partial' status_is 3 exhibit examine 1/2 --officer One
check 'a size of 2^62' status_is 3 exhibit examine 1/3 --officer One
exhibit trace export 1/3 --output hole.jsonl --officer One >log 2>&1
limited() { grep '"name":"large.bin"' hole.jsonl | grep '"size":4611686018427387904,' | grep -F ',[null,4611686018424242176]]' | grep '"not_hashed":"limit"'; }
check 'which nobody hashes' limited
echo "1..$count"
