#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A collection that is killed at KILLS (10; 50 for the whole trial) random instants:
# tests/scripts/kills.sh EXHIBIT [KILLS]. Prints TAP.
#
# The disk counts what is read of it (tests/media/faulty_disk under a loop device): 12 GiB, of which
# 960 MiB cannot be shrunk or shared, the rest are zeros. Needs root, loop devices and FUSE.
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" kills "$1"
kills=${2:-10}
faulty=${FAULTY_DISK:-$(dirname "$bin")/../../tests/media/faulty_disk}
MIB=1048576 SIZE_MIB=12288 DATA_MIB=960 PIECES=12

why_not() {
    [ "$(id -u)" = 0 ] || echo 'needs root'
    [ -c /dev/fuse ] || echo 'needs /dev/fuse'
    [ -x "$faulty" ] || echo 'needs tests/media/faulty_disk, which is built with libfuse3-dev'
    command -v losetup >/dev/null && losetup -f >/dev/null 2>&1 || echo 'needs loop devices'
    [ "$(df --output=avail -m . | tail -1)" -gt 4000 ] || echo 'needs 4 GB of room'
}
reason=$(why_not | head -1)
if [ -n "$reason" ]; then
    skip 'O9 a collection that is killed again and again' "$reason"
    echo "1..$count"
    exit 0
fi
trap '[ -z "$loop" ] || losetup -d "$loop"; umount m 2>/dev/null; rm -rf "$work"' EXIT
loop=

exhibit init vault --agency A --officer O --no-recovery-sheet --kdf-memory 8 >/dev/null 2>&1 &&
    exhibit case new --number c --title t >/dev/null 2>&1 || {
    echo "not ok 1 - kills: no vault could be made"
    echo "1..1"
    exit 1
}
for ((i = 0; i < PIECES; i++)); do
    openssl enc -aes-256-ctr -nosalt -K "$(printf '%064d' $i)" -iv 00000000000000000000000000000000 \
        </dev/zero 2>/dev/null | dd of=image bs=1M iflag=fullblock count=$((DATA_MIB / PIECES)) \
        seek=$((i * SIZE_MIB / PIECES)) conv=notrunc status=none
done
truncate -s $((SIZE_MIB * MIB)) image
mkdir m
"$faulty" image m &
for ((i = 0; i < 100; i++)); do
    mountpoint -q m && break
    sleep 0.02
done
loop=$(losetup -f --show -r --direct-io=on m/disk)
given() { cat m/control; }

# Goes on, and is killed once a random part of the disk was read, up to 1.4 of what it takes for all
# kills to come before the end. False: it came to its end.
killed=0
run_and_kill() {
    local id until
    id=$(ls vault/work 2>/dev/null | head -1)
    until=$(($(given) + SIZE_MIB * MIB / kills * (RANDOM % 141) / 100))
    if [ -n "$id" ]; then
        "$bin" work resume "$id" --json --quiet >out 2>err &
    else
        "$bin" collect "$loop" --case c --json --quiet >out 2>err &
    fi
    while kill -0 $! 2>/dev/null && [ "$(given)" -lt $until ]; do
        sleep 0.01
    done
    kill -9 $! 2>/dev/null && killed=$((killed + 1))
    wait $! 2>/dev/null
    [ $? = 137 ]
}
# Work without a resume point cannot be gone on with: begun anew.
drop_useless() {
    local id
    id=$(ls vault/work 2>/dev/null | head -1)
    [ -z "$id" ] || exhibit work list --quiet 2>/dev/null | grep -q 'can be resumed' ||
        exhibit work discard "$id" --reason 'no resume point yet' >/dev/null 2>&1
}
RANDOM=1
while [ $killed -lt "$kills" ] && run_and_kill; do
    drop_useless
done
check "O9 killed at random instants, again and again, before its end" [ "$killed" = "$kills" ]
id=$(ls vault/work 2>/dev/null | head -1)
check "O9 gone on with to the end" bash -c "'$bin' work resume $id --json --quiet >out"
check "O9 the SHA-256 of sha256sum" [ "$(jq -r .result.item.sha256 out)" = "$(sha256sum <image | cut -d' ' -f1)" ]
again=$(($(given) - SIZE_MIB * MIB))
echo "# read again: $((again / MIB)) MiB in $killed kills, $((again / killed / MIB)) MiB a kill of $SIZE_MIB"
check "O9 under 1 % of it was read again for each kill" [ $((again / killed)) -lt $((SIZE_MIB * MIB / 100)) ]
check "O9 it is the same as one that was never interrupted" bash -c "'$bin' collect image --case c --json --quiet >whole &&
    [ \"\$(jq -c '.result.item | [.sha256, .fsverity, .size_bytes, .unreadable]' out)\" = \"\$(jq -c '.result.item | [.sha256, .fsverity, .size_bytes, .unreadable]' whole)\" ] &&
    [ \"\$(jq .result.stored.chunks_new whole)\" = 0 ]"
check "it verifies" exhibit verify --all --quiet
echo "1..$count"
