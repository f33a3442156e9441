#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Requirement O12: a folder is collected with all that is in it, and restored; what is not is said.
# tests/scripts/folder.sh EXHIBIT   (TAP)
# shellcheck disable=SC2016 # `bash -c` expands
tree=$(cd "$(dirname "$0")" && pwd)/folder-tree.py
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" folder "$1"
umask 022
root=no
[ "$(id -u)" = 0 ] && root=yes
export bin tree

exhibit init vault --agency A --officer O --no-recovery-sheet --kdf-memory 8 >/dev/null 2>&1 &&
    exhibit case new --number c --title t >/dev/null 2>&1 || {
    echo "not ok 1 - folder: no vault could be made"
    echo "1..1"
    exit 1
}
collect() { # STATUS FOLDER FLAGS…
    local want=$1
    shift
    local code=0
    timeout 120 "$bin" collect "$@" --case c --json --quiet >out || code=$?
    cat out
    label=$(tail -n 1 out | jq -r '.result.item.label // "none"')
    [ $code = "$want" ]
}
raw() { exhibit export "$label" --format raw --output "$1" --quiet >/dev/null; }
member() { tar -xOf "$1" "exhibit/$2"; } # RAW NAME
same_tree() { # A B [WITHOUT]
    python3 "$tree" list "$1" "${@:3}" >a.list && python3 "$tree" list "$2" "${@:3}" >b.list && diff a.list b.list
}

python3 "$tree" make tree || exit 1

# ---- there and back ----

check "O12: a folder with every kind of file is collected" collect 0 tree
restored() {
    status_is 0 exhibit export "$label" --format files --special --output back --quiet && same_tree tree back/content
}
not_live() { # on a machine that is used: nothing that gives power there, and it is listed
    status_is 3 exhibit export "$label" --format files --output tame >said; cat said
    grep -q '^ *4 of them are device nodes' said && [ ! -e tame/content/null ] && [ ! -e tame/content/block ] &&
        [ -z "$(find tame -type f -perm /6000)" ] && [ -z "$(getfattr -Rhm security.capability tame 2>/dev/null)" ] &&
        jq -es 'map(.path + " " + .what + " " + .error) == ["content/block entry not-asked-for", "content/null entry not-asked-for",
            "content/of-1 mode not-asked-for", "content/of-4097 attribute not-asked-for"]' tame/not-restored.jsonl
}
check "O12: restored with every attribute, compared one by one" restored
if [ $root = yes ]; then
    check "O12: device nodes, set-user-ID and capabilities are restored only with --special, and listed otherwise" not_live
else
    skip "O12: device nodes, set-user-ID and capabilities are restored only with --special, and listed otherwise" "needs root: owners, devices"
fi
check "O12: the listing is restored beside the files" test -s back/exhibit/listing.jsonl
check "O12: an existing directory is not touched" status_is 1 exhibit export "$label" --format files --output back
check "O12: nothing is restored into a pipe" status_is 2 exhibit export "$label" --format files --output -
check "O12: raw is the stream that was hashed" bash -c "'$bin' export $label --format raw --output raw.tar --quiet &&
    grep -q \$(sha256sum <raw.tar | cut -c1-64) out"
check "O12: every offset and hash of the listing is that of the stream" python3 "$tree" check raw.tar
twice() { # once the time of access of its links does not change any more
    collect 0 tree && first=$(tail -n 1 out | jq -r .result.item.sha256) &&
        collect 0 tree && [ "$(tail -n 1 out | jq -r .result.item.sha256)" = "$first" ]
}
check "R10: the same folder gives the same stream" twice

# ---- stock tools ----

# GNU tar 1.34 does not know the record by which POSIX says that a name is no UTF-8, and finds times before 1970 odd.
unpacked() { # WHAT COMMAND…: as it was, without a warning
    local what=$1
    shift
    rm -rf out.d && mkdir out.d && "$@" 2>said || { cat said; return 1; }
    ! grep -v -e "keyword 'hdrcharset'" -e 'implausibly old' said && same_tree tree out.d/content $what
}
if [ $root = yes ]; then
    check "O12: GNU tar extracts an equal tree, without a warning" \
        unpacked gnu tar -C out.d --xattrs --xattrs-include='*' --acls -xpf raw.tar
    check "O12: bsdtar extracts an equal tree, without a warning" \
        unpacked bsdtar bsdtar -C out.d --acls --xattrs -xpf raw.tar
else
    skip "O12: GNU tar extracts an equal tree, without a warning" "needs root: owners, devices"
    skip "O12: bsdtar extracts an equal tree, without a warning" "needs root: owners, devices"
fi
check "O12: GNU tar and bsdtar list as many names as the listing and exhibit/ have" bash -c '
    n=$(tar -xOf raw.tar exhibit/listing.jsonl | wc -l)
    [ "$(tar -tf raw.tar | wc -l)" = $((n + 3)) ] && [ "$(bsdtar -tf raw.tar | wc -l)" -ge $((n + 3)) ]'

# ---- odd places ----

python3 "$tree" deep deep 4090 && python3 "$tree" deep deeper 9000
deep() { # FOLDER
    rm -rf back.deep
    collect 0 "$1" && status_is 0 exhibit export "$label" --format files --output back.deep --quiet &&
        same_tree "$1" back.deep/content
}
check "O12: a path of 4,096 bytes comes back" deep deep
check "O12: a path of 9,000 bytes comes back" deep deeper
sockets() {
    mkdir s && (cd s && python3 "$tree" socket here && mkfifo fifo) && collect 0 s && raw s.tar &&
        member s.tar omitted.jsonl | jq -e 'select(.path == "here" and .why == "socket" and .type == "socket")' &&
        member s.tar listing.jsonl | jq -es 'any(.path == "fifo" and .type == "fifo")'
}
check "O12: a FIFO does not hold it up, and a socket is listed" sockets
proc() {
    collect 0 /proc/sys/kernel/random || collect 3 /proc/sys/kernel/random || return 1
    raw proc.tar && [ "$(tar -xOf proc.tar content/poolsize)" = "$(cat /proc/sys/kernel/random/poolsize)" ]
}
check "O12: files of /proc, which say that they are empty, are read to their end" proc
check "O12: a file is no folder for the flags of one" status_is 2 exhibit collect passphrase --case c --exclude x

# ---- what was left out is said ----

mkdir -p sel/keep sel/cache && echo a >sel/keep/a.txt && echo b >sel/keep/b.jpg && echo c >sel/cache/c.txt &&
    head -c 9999 /dev/zero >sel/keep/large.txt && ln -s a.txt sel/keep/link && touch -d 2001-01-01 sel/keep/b.jpg
omitted() { member sel.tar omitted.jsonl | jq -r '.path + " " + .why' | sort | tr '\n' ';'; }
selects() { # WANTED FLAGS…
    local want=$1
    shift
    rm -f sel.tar
    collect 0 sel "$@" && raw sel.tar && omitted && [ "$(omitted)" = "$want" ]
}
check "O12: excluded by pattern, and said" selects "cache pattern;" --exclude cache
check "O12: included by pattern, and said" selects "cache/c.txt pattern;keep/a.txt pattern;keep/large.txt pattern;keep/link pattern;" --include '*.jpg'
check "O12: left out by time, and said" selects "keep/b.jpg time;" --newer 2010-01-01
check "O12: left out by size, and said" selects "keep/large.txt size;" --max-size 5000
check "O12: left out by type, and said" selects "keep/link type;" --type file
says_counts() {
    collect 0 sel --exclude cache && tail -n 1 out | jq -e '.result.item.folder |
        .selection == {"exclude": "cache", "other_file_systems": false} and .omitted == {"pattern": 1}' &&
        exhibit ledger show --json --quiet | tail -n 1 | jq -e '[.result.shown[] | select(.event == "collect.intent")][-1].body.what.selection.exclude == "cache"'
}
check "O12: the ledger has the selection and the counts" says_counts

# ---- what could not be read ----

unreadable() {
    mkdir u && echo secret >u/secret && echo open >u/open && mkdir u/closed && echo x >u/closed/x &&
        chmod 000 u/secret u/closed && chmod 755 u && chmod 711 . && mkdir v && chmod 777 v &&
        cp passphrase v/passphrase && age-keygen -o v/age.key 2>/dev/null && chmod 600 v/passphrase && chown -R 65534 v || return 1
    setpriv --reuid=65534 --regid=65534 --clear-groups env EXHIBIT_VAULT="$work/v/vault" \
        EXHIBIT_PASSPHRASE_FILE="$work/v/passphrase" bash -c '
        "$bin" init v/vault --agency A --officer O --no-recovery-sheet --kdf-memory 8 --quiet >/dev/null &&
        "$bin" case new --number c --title t --quiet >/dev/null
        "$bin" collect u --case c --json --quiet; echo "exit $?"
        "$bin" export c/1 --format raw --output v/u.tar >v/exported
        "$bin" item list >v/listed; "$bin" item show c/1 >v/shown; "$bin" verify c/1 >v/verified
        "$bin" verify c/1 --json --quiet >v/verified.json
        "$bin" custody form c/1 --format text --output v/form.txt --quiet >/dev/null
        "$bin" package create c/1 --to "$(age-keygen -y v/age.key)" --output v/p.age --quiet >/dev/null
        "$bin" package open v/p.age --identity v/age.key --output v/open >v/opened
        "$bin" package verify v/p.age --identity v/age.key --json --quiet >v/opened.json
        "$bin" export c/1 --format raw --output v/u2.tar --json --quiet >v/exported.json' >said 2>&1
    cat said
    for page in exported listed verified; do
        grep -q "READ ONLY IN PART" v/$page && grep -q "^ *2 that may not be read" v/$page || { cat v/$page; return 1; }
    done
    grep -q "2 that may not be read" v/shown || return 1
    grep -q "item c/1 was read only in part when it was collected: not-permitted 2" v/verified || return 1
    tail -n 1 v/verified.json | jq -e '.result.items[0].not_read == {"omitted": {"not-permitted": 2}}' || return 1
    grep -q "read only in part.*not-permitted 2" v/open/README.txt && tr -d "\n" <v/form.txt | tr -s " " | grep -q "read only in part when it was collected: not-permitted 2" || { cat v/form.txt; return 1; }
    tr "\n" " " <v/opened | tr -s " " | grep -q "read only in part when it was collected: not-permitted 2" || { cat v/opened; return 1; }
    tail -n 1 v/opened.json | jq -e '.result.package.items[0].not_read == {"omitted": {"not-permitted": 2}}' || return 1
    tail -n 1 v/exported.json | jq -e '.result.not_read == {"omitted": {"not-permitted": 2}}' || return 1
    grep -q "^exit 3" said && tar -xOf v/u.tar exhibit/omitted.jsonl | jq -e -s '
        length == 2 and all(.[]; .why == "not-permitted" and .error == "EACCES")'
}
if [ $root = yes ] && command -v setpriv >/dev/null; then
    check "O12: what may not be read is listed, the result is partial, and every later page says so" unreadable
else
    skip "O12: what may not be read is listed, the result is partial, and every later page says so" "needs root and setpriv"
fi
changing() {
    mkdir -p ch && head -c 80000000 /dev/urandom >ch/busy && echo quiet >ch/quiet
    (while [ -e ch/busy ]; do echo x >>ch/busy; sleep 0.01; done) &
    local writer=$! code
    collect 3 ch
    code=$?
    kill $writer
    wait $writer 2>/dev/null
    [ $code = 0 ] && raw ch.tar &&
        member ch.tar listing.jsonl | jq -es 'map(select(.changed_while_read) | .path) == ["busy"]'
}
check "O12: a file that changes while it is read is named, and the result is partial" changing

mounts() {
    mkdir -p m/inner m/other && mount -t tmpfs none m/inner && echo x >m/inner/x &&
        mount --bind m m/other && touch m/zfile && mount --bind passphrase m/zfile || return 1
    others() { member m.tar omitted.jsonl | jq -e -s 'map(.path + " " + .why) == ["inner '$1'", "other '$1'", "zfile '$1'"]'; }
    collect 3 m && raw m.tar && others other-file-system && rm m.tar &&
        exhibit item show "$label" | grep "3 other file systems, left out by default" &&
        collect 0 m --one-file-system && raw m.tar && others one-file-system &&
        collect 3 m --other-file-systems && raw m2.tar &&
        member m2.tar omitted.jsonl | jq -e -s 'map(.path + " " + .why) == ["other loop"]' &&
        status_is 2 exhibit collect m --case c --other-file-systems --one-file-system
    local code=$?
    umount m/zfile m/other m/inner
    return $code
}
if [ $root = yes ] && mkdir -p mt && mount -t tmpfs none mt 2>/dev/null; then
    umount mt
    check "O12: other file systems are left out unless asked for, and a loop ends" mounts
else
    skip "O12: other file systems are left out unless asked for, and a loop ends" "mounting is not allowed here"
fi
# A file system on a disk with a bad block: through tests/media/faulty_disk and a loop device.
faulty=${FAULTY_DISK:-$(dirname "$bin")/../../tests/media/faulty_disk}
bad_block() {
    local at loop code
    mkdir -p bad/fs bad/disk bad/mnt && seq 1 40000 >bad/fs/large && seq 1 800 >bad/fs/small && echo fine >bad/fs/fine &&
        truncate -s 16M bad/image && mkfs.ext4 -q -b 4096 -d bad/fs bad/image || return 1
    at=$(debugfs -R 'bmap /large 30' bad/image 2>/dev/null)
    small=$(debugfs -R 'bmap /small 0' bad/image 2>/dev/null)
    "$faulty" bad/image bad/disk &
    local server=$!
    for _ in $(seq 100); do [ -e bad/disk/disk ] && break; sleep 0.05; done
    loop=$(losetup --show -rf --direct-io=on bad/disk/disk) && mount -o ro,noload "$loop" bad/mnt &&
        echo "bad $((at * 4096)) 4096" >bad/disk/control && echo "bad $((small * 4096)) 4096" >bad/disk/control &&
        collect 3 bad/mnt --exclude lost+found && raw bad.tar && member bad.tar listing.jsonl | jq -es '
            (map(select(.path == "large") | .unreadable) == [[[122880, 4096]]]) and
            (map(select(.path == "small") | .unreadable) == [[[0, 3092]]]) and
            (map(select(.path == "fine") | .unreadable) == [null])' &&
        tar -xOf bad.tar content/large >large && cmp -n 122880 bad/fs/large large &&
        cmp -i 126976 bad/fs/large large && [ "$(tail -c +122881 large | head -c 4096 | tr -d '\0' | wc -c)" = 0 ]
    code=$?
    status_is 3 exhibit export "$label" --format files --output bad/back >bad/said || code=1
    grep -q "^ZEROS" bad/said || { cat bad/said; code=1; }
    status_is 3 exhibit export "$label" --format files --output bad/back2 --json --quiet >bad/said || code=1
    grep '"result"' bad/said | tail -n 1 | jq -e '.result.restored | .unread_files == 2 and .unread_bytes == 7188' || code=1
    umount bad/mnt
    [ -z "$loop" ] || losetup -d "$loop"
    fusermount3 -u bad/disk || umount bad/disk
    wait $server
    tail -n 1 out | jq -e '.result.item.unreadable.ranges == 2 and .result.item.folder.unreadable_files == 2' && return $code
}
if [ $root = yes ] && [ -x "$faulty" ] && [ -e /dev/fuse ] && losetup -f >/dev/null 2>&1; then
    check "O12: a file on a bad block is taken but for that block, and both it and the result say so" bad_block
else
    skip "O12: a file on a bad block is taken but for that block, and both it and the result say so" "needs root, /dev/fuse, a loop device, and tests/media/faulty_disk"
fi
# What lies beneath goes away: that is no folder of bad blocks.
goes_away() {
    mkdir -p gone/disk && truncate -s 3G gone/image && head -c 1000000 /dev/urandom | dd of=gone/image bs=1M seek=2000 conv=notrunc status=none || return 1
    "$faulty" gone/image gone/disk &
    local server=$! code=0 held
    for _ in $(seq 100); do [ -e gone/disk/disk ] && break; sleep 0.05; done
    held=$(exhibit item list --json --quiet | tail -n 1 | jq '.result.items | length')
    (sleep 0.4; kill -9 $server) &
    timeout 120 "$bin" collect gone/disk --case c --quiet >said 2>&1 || code=$?
    wait
    umount -l gone/disk
    cat said
    [ $code = 1 ] && grep -q 'gone/disk" does not answer any more' said &&
        [ "$(exhibit item list --json --quiet | tail -n 1 | jq '.result.items | length')" = "$held" ]
}
pulled_out() {
    mkdir -p pull/fs pull/mnt pull/disk && head -c 100000000 /dev/urandom >pull/fs/large && truncate -s 160M pull/image &&
        mkfs.ext4 -q -b 4096 -d pull/fs pull/image || return 1
    "$faulty" pull/image pull/disk &
    local server=$! code=0 loop
    for _ in $(seq 100); do [ -e pull/disk/disk ] && break; sleep 0.05; done
    loop=$(losetup --show -rf --direct-io=on pull/disk/disk) && mount -o ro,noload "$loop" pull/mnt || return 1
    echo "gone-after 30000000" >pull/disk/control
    timeout 120 "$bin" collect pull/mnt --exclude lost+found --case c --quiet >said 2>&1 || code=$?
    umount pull/mnt
    losetup -d "$loop"
    fusermount3 -u pull/disk || umount pull/disk
    wait $server
    cat said
    [ $code = 1 ] && grep -q 'pull/mnt" does not answer any more' said
}
if [ $root = yes ] && [ -x "$faulty" ] && [ -e /dev/fuse ] && losetup -f >/dev/null 2>&1; then
    check "O12: a folder whose file system goes away is not held, and the message says it" goes_away
    check "O12: a folder whose disk is pulled out is not held, and the message says it" pulled_out
else
    skip "O12: a folder whose file system goes away is not held, and the message says it" "needs root, /dev/fuse, and tests/media/faulty_disk"
    skip "O12: a folder whose disk is pulled out is not held, and the message says it" "needs root, /dev/fuse, and tests/media/faulty_disk"
fi
holds_vault() {
    mkdir -p hv/sub && echo x >hv/sub/x && cp passphrase hv/pass && chmod 600 hv/pass && (
        export EXHIBIT_VAULT="$PWD/hv/vault"
        exhibit init hv/vault --agency A --officer O --no-recovery-sheet --kdf-memory 8 --quiet >/dev/null &&
            exhibit case new --number c --title t --quiet >/dev/null && collect 3 hv && raw hv.tar &&
            member hv.tar omitted.jsonl | jq -e -s 'map(.path + " " + .why) == ["vault this-vault"]' &&
            exhibit item list | grep "1 this vault itself" &&
            status_is 2 exhibit collect hv/vault --case c && status_is 2 exhibit collect hv/vault/packs --case c
    )
}
check "O12: the vault leaves itself out and says so, and a folder inside it is refused" holds_vault
holes_end() {
    local code=0
    mkdir holes && truncate -s 60G holes/a && { timeout --foreground -k 300 -s INT 8 "$bin" collect holes --case c --quiet >said 2>&1 || code=$?; }
    cat said
    [ $code = 124 ] && grep -q interrupted said
}
check "O12: a collection that hashes holes can be interrupted" holes_end
exabytes() {
    mkdir ex && mount -t tmpfs none ex && truncate -s 8000P ex/a && truncate -s 8000P ex/b && echo fine >ex/c || return 1
    local code=0
    collect 0 ex && raw ex.tar && member ex.tar selection.json | jq -e '.content_bytes == null' || code=1
    tail -n 1 out | jq -e '.result.item.folder.content_bytes == null' || code=1
    umount ex
    [ $code = 0 ] && status_is 3 exhibit export "$label" --format files --output ex.back --quiet &&
        [ "$(cat ex.back/content/c)" = fine ] && [ ! -e ex.back/content/a ] &&
        jq -es 'map(.path + " " + .what + " " + .error) == ["content/a entry EFBIG", "content/b entry EFBIG"]' ex.back/not-restored.jsonl
}
if [ $root = yes ] && mount -t tmpfs none mt 2>/dev/null; then
    umount mt
    check "O12: files of exabytes are taken by their holes, and what no disk takes is listed" exabytes
else
    skip "O12: files of exabytes are taken by their holes, and what no disk takes is listed" "mounting is not allowed here"
fi
interrupted() {
    mkdir slow && for i in $(seq 300); do head -c 300000 /dev/urandom >slow/$i; done
    "$bin" collect slow --case c --quiet >/dev/null 2>&1 &
    local i
    for ((i = 0; i < 500; i++)); do
        ls vault/work/*/journal >/dev/null 2>&1 && break
        sleep 0.01
    done
    kill -9 $!
    wait $! 2>/dev/null
    local id
    id=$(basename "$(ls -d vault/work/*/)")
    status_is 4 exhibit work resume "$id" 2>said || { cat said; return 1; }
    grep -q 'collect again, which shares what was stored' said && exhibit work discard "$id" --reason test --quiet && collect 0 slow
}
check "O12: one that was cut off is not gone on with, and begins again" interrupted
echo "1..$count"
