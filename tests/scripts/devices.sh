#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Block devices: tests/scripts/devices.sh EXHIBIT. Loop devices stand for disks, so it needs root;
# what only a real disk can answer is mocked in tests/unit/source/test_device.c. Prints TAP.
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" devices "$1"
loops=() mounts=()
tidy() {
    local i
    for ((i = ${#mounts[@]} - 1; i >= 0; i--)); do umount "${mounts[$i]}" 2>/dev/null; done
    [ -n "${swap:-}" ] && swapoff "$swap" 2>/dev/null
    for ((i = ${#loops[@]} - 1; i >= 0; i--)); do losetup -d "${loops[$i]}" 2>/dev/null; done
    rm -rf "$work"
}
trap tidy EXIT

attach() { # OPTION… FILE: the new loop device in $loop
    loop=$(losetup -f --show "$@") && loops+=("$loop") && blockdev --setrw "$loop"
}
random() { # BYTES SEED
    openssl enc -aes-256-ctr -nosalt -K "$(printf '%064d' "$2")" -iv "$(printf '%032d' 0)" \
        </dev/zero 2>/dev/null | head -c "$1"
}
refused_with() { # STATUS TEXT COMMAND…: with this exit status and text
    local status=$1 text=$2 got=0
    shift 2
    "$@" >out 2>&1 || got=$?
    cat out
    [ "$got" = "$status" ] && grep -qF -- "$text" out
}
refused() { refused_with 8 "$@"; }
result() { # JQ: of the summary in out
    jq -e "select(.type == \"summary\").result | $1" out
}

random 1049088 1 >probe
if [ "$(id -u)" != 0 ] || ! command -v jq losetup mkfs.ext4 >/dev/null || ! attach probe; then
    skip 'R1, R2, R3, R8, R9: devices' 'no loop device can be made here (not root, or not allowed), or jq is missing'
    echo "1..$count"
    exit 0
fi
exhibit init vault --agency A --officer O --no-recovery-sheet --kdf-memory 8 >/dev/null 2>&1 &&
    exhibit case new --number c --title t >/dev/null 2>&1 || {
    echo "not ok 1 - devices: no vault could be made"
    echo "1..1"
    exit 1
}
sync

# ---- R1, R2, R8: the bytes, and that they stay ----

writes() { awk '{print "writes:", $5, $7, $12, $13}' "/sys/block/${loop##*/}/stat"; }
whole() { # OPTION… FILE: the item equals the backing file, which stays what it was, and the kernel
    # counts no write and no discard
    local file=${!#} sum before after
    sum=$(sha256sum "$file" | cut -d' ' -f1)
    attach "$@" || return 1
    before="$sum $(stat -c '%s %X %Y %Z' "$file") $(writes)"
    exhibit collect "$loop" --case c --json --quiet >out || return 1
    after="$(sha256sum "$file" | cut -d' ' -f1) $(stat -c '%s %X %Y %Z' "$file") $(writes)"
    echo "$before"
    echo "$after"
    [ "$(result .item.sha256)" = "\"$sum\"" ] && [ "$before" = "$after" ]
}
random 3000320 2 >odd # 5,860 sectors of 512 bytes: no whole number of blocks of 4,096
random 3002368 3 >large
check 'R1, R2, R8: a device with sectors of 512 bytes, as many as there are' whole odd
check 'R1, R2, R8: a device with sectors of 4,096 bytes' whole -b 4096 large
check 'R9: sizes and sectors are in the entry' bash -c 'jq -e "
    select(.type == \"summary\").result.device |
    .logical_sector_bytes == 4096 and .size_bytes == 3002368 and .transport == \"loop\" and .claimed and
    (.backing_file | endswith(\"/large\"))" out'
check 'R3: that it could not be asked for a hidden area is said' result \
    '.device.asked.hidden.known == false and (.device.asked.native_max.why | contains("could not be asked"))'
check 'O14: so are its counters' result '.device_after.asked.smart.given == false'
check 'R8: the read-only flag was set, and checked again' result \
    '.device.read_only_flag.before == false and .device.read_only_flag.now and .device_after.read_only_flag.now'
check 'R8: a loop device, which outlives what it showed, gets it back' [ "$(blockdev --getro "$loop")" = 0 ]
check 'the ledger has it: before, and after' bash -c "
    '$bin' ledger show --json --quiet >l && jq -e '[select(.type == \"summary\").result.shown[].body.what |
    select(.device.read_only_flag or .device_after.read_only_flag)] | length == 4' l"
check 'the item shows that it was a device' bash -c "'$bin' item show c/2 --quiet | grep -q 'block device'"

reported() { # TEXT…: the acquisition report of c/2 says each
    local text
    exhibit item report c/2 --output - --quiet 2>/dev/null | tr -s ' \n' ' ' >report || return 1
    for text; do grep -qF -- "$text" report || { echo "missing: $text"; return 1; }; done
}
check 'R9: its report says method, flag and sectors' reported 'a block device' 'past the page cache' \
    'Read-only then: yes' 'Logical sector: 4096 bytes' 'Size: 3002368 bytes'
check 'R3: and that a hidden area is not known of' reported 'Hidden area: NOT KNOWN'

# ---- R8: refusal ----

truncate -s 64M fs && mkfs.ext4 -q -F fs 2>/dev/null
attach fs
mkdir m && mount "$loop" m 2>/dev/null && mounts+=("$work/m")
if mountpoint -q m; then
    check 'R8: a mounted device is refused' refused "is mounted at $work/m" exhibit collect "$loop" --case c
    check 'R8: a file system that is mounted is not touched' [ "$(blockdev --getro "$loop")" = 0 ]
    check 'R8: the refusal is in the ledger' bash -c \
        "'$bin' ledger show --quiet | tr -s ' \n' ' ' | grep -q 'is in use'"
    exhibit collect "$loop" --case c --in-use-reason 'the machine must not be stopped' --json --quiet >out 2>log
    check 'R8: unless the officer says why' result \
        '.device.in_use_reason == "the machine must not be stopped" and .device.in_use[0].kind == "mounted"'
    check 'R8: then it is not made read-only, and both are said' result \
        '(.device.read_only_flag.tried == false) and (.device_after.warnings | length == 3) and
        (.device_after.warnings | any(contains("may have been written to while it was read")))'
    exhibit init m/vault --agency A --officer O --no-recovery-sheet --kdf-memory 8 >/dev/null 2>&1
    exhibit case new --number c --title t --vault m/vault >/dev/null 2>&1
    check 'R8: a device on which the vault lies is refused, whatever the reason' refused_with 2 'the vault itself lies on' \
        exhibit collect "$loop" --case c --vault m/vault --in-use-reason 'no other disk'
    once=$loop
    attach fs
    check 'R8: a second loop device on the file of a mounted one is refused' refused 'is also the loop device' \
        exhibit collect "$loop" --case c
    check 'R8: and by what the file is used is said' exhibit collect "$loop" --case c --in-use-reason 'r' --json --quiet
    cp log out
    check 'R8: the mount is among it' result '.device.in_use | any(.kind == "mounted")'
    losetup -d "$loop"
    loop=$once
    umount m
else
    skip 'R8: a mounted device is refused' 'nothing can be mounted here'
fi
(
    exec 7<"$loop"
    "$bin" collect "$loop" --case c --json --quiet >out 2>&1
)
check 'R8: that somebody else reads it is no use' result .device.claimed

python3 - "$loop" >ready <<'END' &
import os, sys, time
fd = os.open(sys.argv[1], os.O_RDONLY | os.O_EXCL)
print("held", flush=True)
time.sleep(60)
END
holder=$!
for _ in $(seq 100); do [ -s ready ] || sleep 0.05; done
check 'R8: a device that something else has claimed is refused' refused 'exclusively' exhibit collect "$loop" --case c
kill $holder
wait $holder 2>/dev/null

truncate -s 64M table
attach -P table && addpart "$loop" 1 2048 40960 2>/dev/null && addpart "$loop" 2 43008 40960 2>/dev/null
if [ -b "${loop}p2" ] && mkfs.ext4 -q "${loop}p2" 2>/dev/null && mkdir p && mount "${loop}p2" p; then
    mounts+=("$work/p")
    check 'R8: a device whose partition is mounted is refused' refused "p2 is mounted at $work/p" exhibit collect "$loop" --case c
    check 'R8: its other partition is not' exhibit collect "${loop}p1" --case c --json --quiet
    cp log out
    check 'R9: a partition says what it is a part of' result \
        ".device.partition == 1 and .device.whole == \"$(basename "$loop")\" and .device.start_bytes == 1048576"
    umount p
    exhibit collect "$loop" --case c --json --quiet >out 2>&1
    check 'R8: once it is unmounted, it is collected' result '.device.in_use == []'
    check 'R8: its partitions are read-only with it' [ "$(blockdev --getro "${loop}p2")" = 1 ]
else
    skip 'R8: a device whose partition is mounted is refused' 'no partitions of loop devices here'
fi

truncate -s 16M swapped && mkswap -q swapped 2>/dev/null
attach swapped
if swapon "$loop" 2>/dev/null; then
    swap=$loop
    check 'R8: swap space is refused' refused 'is used as swap space' exhibit collect "$loop" --case c
    swapoff "$loop"
    swap=
else
    skip 'R8: swap space is refused' 'no swap can be added here'
fi

cp odd below && attach below && below=$loop && attach "$loop"
check 'R8: a device that a loop device shows again is refused' refused "is also the loop device $(basename "$loop")" \
    exhibit collect "$below" --case c

# ---- while it is read ----

truncate -s 160M busy && mkfs.ext4 -q -F busy 2>/dev/null && mkdir b && attach busy
"$bin" collect "$loop" --case c --json >progress 2>&1 &
collecting=$!
got_in=0 during=0
while kill -0 $collecting 2>/dev/null; do
    [ -n "$(ls vault/work)" ] || continue
    mount "$loop" b 2>/dev/null && [ -n "$(ls vault/work)" ] && got_in=1
    during=$((during + 1))
done
wait $collecting
mountpoint -q b && umount b
check 'R8: while it is read, nobody can mount it' [ "$got_in" = 0 -a "$during" -gt 0 -a -s progress ]

# ---- another medium ----

random 150000128 6 >first && cp first second && printf x | dd of=second conv=notrunc status=none
attach -r first && blockdev --setro "$loop"
another_medium() { # the file behind the loop device is exchanged while it is read
    rm -f out
    "$bin" collect "$loop" --case c --json --quiet >out 2>&1 &
    for _ in $(seq 500); do [ -n "$(ls vault/work 2>/dev/null)" ] && break; sleep 0.01; done
    python3 -c 'import fcntl, os, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x4C06, os.open("second", os.O_RDONLY))' "$loop" || return 1
    status=0
    wait $! || status=$?
    echo "exit $status"
    cat out
    [ "$status" = 1 ] && grep -q 'another medium' out
}
check 'R8: another medium in the device while it is read: nothing is held' another_medium
check 'R9: the number of the medium is in the entry' bash -c "'$bin' ledger show --json --quiet >l && jq -e '
    [select(.type == \"summary\").result.shown[].body.what.source.disk_sequence | numbers] | length > 0' l"

# ---- not root ----

random 300032 5 >plain
attach plain
if setpriv --reuid 65534 --regid 65534 --clear-groups true 2>/dev/null && chmod o+r "$loop" && chmod 755 "$work"; then
    install -d -o 65534 -g 65534 nobody && install -o 65534 -m 600 passphrase nobody/passphrase
    nobody() { EXHIBIT_PASSPHRASE_FILE=$work/nobody/passphrase EXHIBIT_VAULT=$work/nobody/vault \
        setpriv --reuid 65534 --regid 65534 --clear-groups "$bin" "$@"; }
    nobody init nobody/vault --agency A --officer O --no-recovery-sheet --kdf-memory 8 >/dev/null 2>&1
    nobody case new --number c --title t >/dev/null 2>&1
    nobody collect "$loop" --case c --json --quiet >out 2>log
    check 'R1: who may only read the device collects it' result \
        ".item.sha256 == \"$(sha256sum plain | cut -d' ' -f1)\" and .device.claimed"
    check 'R8: that the flag could not be set is said' result \
        '(.device.read_only_flag.why | contains("could not be set")) and .device_after.read_only_flag.now == false'
    chmod o-r "$loop"
else
    skip 'R1: who may only read the device collects it' 'setpriv is missing'
fi
echo "1..$count"
