#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Disks with bad sectors, disks that are pulled out: tests/scripts/media.sh EXHIBIT. Prints TAP.
#
# The disk is a loop device on top of a file that tests/media/faulty_disk serves, so that the errors
# come from the kernel, at the place and in the size in which a disk has them. Needs root, loop
# devices and FUSE.
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" media "$1"
check_py=$(cd "$OLDPWD" && realpath "$(dirname "$0")/../media/check.py")
faulty=${FAULTY_DISK:-$(dirname "$bin")/../../tests/media/faulty_disk}

why_not() {
    [ "$(id -u)" = 0 ] || echo 'needs root'
    [ -c /dev/fuse ] || echo 'needs /dev/fuse'
    [ -x "$faulty" ] || echo 'needs tests/media/faulty_disk, which is built with libfuse3-dev'
    command -v losetup >/dev/null && losetup -f >/dev/null 2>&1 || echo 'needs loop devices'
}
reason=$(why_not | head -1)
if [ -n "$reason" ]; then
    skip 'R1 R5 R6 R7 O9 disks with faults' "$reason"
    echo "1..$count"
    exit 0
fi

loop=
disk_off() {
    [ -z "$loop" ] || losetup -d "$loop"
    loop=
    ! mountpoint -q m || umount m 2>/dev/null || { sleep 1 && umount -l m; }
}
trap 'disk_off; rm -rf "$work"' EXIT
disk_on() { # IMAGE [SECTOR]: the image as the device $loop, with faults in m/control
    disk_off
    mkdir -p m
    "$faulty" "$1" m &
    for _ in $(seq 100); do
        mountpoint -q m && break
        sleep 0.02
    done
    loop=$(losetup -f --show -r --direct-io=on -b "${2:-512}" m/disk 2>/dev/null)
}
fault() { printf '%s\n' "$@" >m/control; }
given() { cat m/control; }
member() { jq -r "$1" out; } # of the last result
work_id() { basename "$(ls -d vault/work/*/)"; }

exhibit init vault --agency A --officer O --no-recovery-sheet --kdf-memory 8 >/dev/null 2>&1 &&
    exhibit case new --number c --title t >/dev/null 2>&1 || {
    echo "not ok 1 - media: no vault could be made"
    echo "1..1"
    exit 1
}
openssl enc -aes-256-ctr -nosalt -K "$(printf '%064d' 9)" -iv 00000000000000000000000000000000 \
    </dev/zero 2>/dev/null | tr '\000' '\001' | head -c 20001280 >image # 512-byte sectors, no zeros
sum=$(sha256sum <image | cut -d' ' -f1)

collect() { timeout 120 "$bin" collect "$1" --case c --json --quiet "${@:2}" >out; }
# SOURCE SECTOR [OFFSET LENGTH]…: collected with exit 3, every readable sector, the map, the end
is_all_readable() {
    local source=$1 sector=$2 got=0
    shift 2
    # shellcheck disable=SC2086
    fault good && { [ $# = 0 ] || printf 'bad %s %s\n' "$@" >m/control; }
    collect "$source" || got=$?
    echo "exit $got"
    [ $got = 3 ] || return 1
    rm -f copy
    exhibit export "$(member .result.item.label)" --format raw --output copy --quiet || return 3
    python3 "$check_py" image copy out "$sector" "$@"
}
random_ranges() { # N SEED
    awk -v n="$1" -v seed="$2" 'BEGIN { srand(seed); while (n-- > 0)
        printf "%d %d ", int(rand() * 20000000), 1 + int(rand() * rand() * 3000) }'
}

disk_on image
clean() { collect "$loop" && [ "$(member .result.item.sha256)" = "$sum" ] && [ "$(member .result.item.source.kind)" = device ]; }
check "R1 R2 R4 a device: the SHA-256 of sha256sum" clean
check "R5 R6 R7 errors at the start" is_all_readable "$loop" 512 0 1
check "R5 R6 R7 errors in the middle" is_all_readable "$loop" 512 10000384 512 10001000 9000
check "R5 R6 R7 errors at the end" is_all_readable "$loop" 512 20001279 1
check "R5 R6 R7 errors across a 4 KiB boundary" is_all_readable "$loop" 512 4095 2 1052672 1 1052671 1
# shellcheck disable=SC2046
check "R5 R6 R7 1,000 random errors" is_all_readable "$loop" 512 $(random_ranges 1000 1)
check "R5 the errors are told by place" bash -c "'$bin' item show c/2 | grep -q 'from byte 0'"
fault good 'bad 512 512'
check "R5 exit 3, and the ledger says partial" bash -c "status=0; '$bin' collect $loop --case c --quiet >page || status=\$?; [ \$status = 3 ]"

fault good 'bad 1000000 600000'
skipped() {
    collect "$loop" --skip-region 999424+601088
    [ "$(member .result.item.skipped.bytes)" = 601088 ] &&
        [ "$(member .result.item.unreadable.bytes)" = 601088 ] &&
        [ "$(member .result.reading.bad_sectors)" = 0 ]
}
check "what is skipped is not read, and is no read error" skipped
map_of() {
    exhibit item show "$(member .result.item.label)" --map --quiet | grep -v '^#' | tr -s ' ' >map
    printf '%s\n' '0x01313200 + 1' '0x00000000 0x000F4000 +' '0x000F4000 0x00092C00 ?' \
        '0x00186C00 0x0118C600 +' | diff - map
}
check "R5 the map in the form of ddrescue" map_of
check "a region of half sectors is refused" status_is 2 exhibit collect "$loop" --case c --skip-region 1+512

resumed() {
    exhibit work resume "$(work_id)" --json --quiet "$@" >out || return 1
    [ "$(member .result.item.sha256)" = "$sum" ]
}
fault good 'bad 15000000 100000'
too_many() {
    status_is 1 collect "$loop" --max-errors 10 && exhibit work list --quiet | grep 'can be resumed at'
}
check "too many errors end it, and what was read is kept" too_many
at_once() {
    status_is 1 collect "$loop" --max-errors 0 && grep 'more sectors of the source' out &&
        "$bin" work discard "$(basename "$(ls -td vault/work/*/ | head -1)")" --reason 'the second' --quiet
}
check "--max-errors 0 ends it at the first one" at_once
ones() { echo x | "$bin" collect - --case c --quiet --"$1" 1; }
check "--retries, --max-errors, --error-time are refused where they mean nothing" bash -c "$(declare -f ones); bin='$bin'
    for flag in retries max-errors error-time; do ones \$flag; [ \$? = 2 ] || exit 1; done"
fault good
check "it is gone on with when the disk is better" resumed
# What is read is the rest, samples, and what was under way when it ended: slabs as the threads stood.
bytes_again() { [ "$(member .result.reading.bytes_read)" -lt "$1" ]; }
check "too many errors: what was read before is not read again" bytes_again 13000000

items=$(exhibit item list --json --quiet | jq '.result.items | length')
fault good 'gone-after 12000000'
check "pulled out: an error" status_is 1 collect "$loop"
check "no item of zeros" [ "$(exhibit item list --json --quiet | jq '.result.items | length')" = "$items" ]
check "the error says so" grep -q 'does not answer any more' out
fault good
check "plugged in again, it is gone on with" resumed
check "pulled out: what was read before is not read again" bytes_again 15000000
fault good gone
check "gone from the beginning: an error" status_is 1 collect "$loop"
fault good
check "and no work" bash -c "'$bin' work list --quiet | grep 'no unfinished'"

interrupted() {
    "$bin" collect "$loop" --case c --quiet >log.int 2>&1 &
    for _ in $(seq 500); do
        [ "$(given)" -gt 30000000 ] && break
        sleep 0.01
    done
    kill -INT $!
    status_is 130 wait $! && exhibit work list --quiet | grep 'can be resumed at'
}
openssl enc -aes-256-ctr -nosalt -K "$(printf '%064d' 8)" -iv 00000000000000000000000000000000 \
    </dev/zero 2>/dev/null | head -c 200000000 >image.large
sum=$(sha256sum <image.large | cut -d' ' -f1)
disk_on image.large
check "a device, interrupted by the officer" interrupted
check "O9 gone on with: the SHA-256 of sha256sum" resumed
check "O9 and hardly anything was read twice" [ "$(given)" -lt $((200000000 + 40000000)) ]
check "O9 its page says by what it was taken for the same, and that samples were compared" bash -c "
    '$bin' item show '$(member .result.item.label)' --quiet | tr -s ' \n' ' ' >page
    grep -q 'taken for the same by: path, size, sector size, backing file' page &&
    grep -q 'compared again in samples only' page && ! grep -q inode page"
check "O9 so do the warnings, in the entry too" bash -c "jq -e '.result.item.warnings + .result.device_after.warnings |
    map(select(contains(\"compared again in samples only\"))) | length == 2' out"
disk_on image.large
check "O9 cut off once more" interrupted
fault 'other 2000000 15000000'
check "O9 written to between two sittings: it is not gone on with" status_is 1 exhibit work resume "$(work_id)" --json --quiet
fault good
check "O9 as it was before, it is" resumed

# Second readings
mv image.large image && disk_on image
fault 'bad 4096 512' 'bad 5000192 1024' 'bad 150000128 900000' 'bad 199999488 512'
status_is 3 collect "$loop" >log
first=$(member .result.item.label) missing=$(member .result.item.unreadable.bytes)
fill() { collect "$loop" --fill "$first" "$@"; }
fault 'other 5000000 100' 'bad 150000128 512' 'bad 6000128 512'
check "a hole beside which other bytes come now: it is another source" status_is 1 fill
check "and the place is told" grep -q 'another byte at 5000000 ' out
fault good 'bad 150000128 512' 'bad 6000128 512'
filled_but_one() {
    status_is 3 fill || return 1
    [ "$(member .result.item.unreadable.bytes)" = 512 ] &&
        [ "$(member .result.item.filled.filled_bytes)" = $((missing - 512)) ] &&
        [ "$(member .result.item.filled.item.label)" = "$first" ] &&
        [ "$(member .result.reading.bytes_read)" -lt 3000000 ]
}
check "the holes are filled, but for one sector, and little else is read" filled_but_one
first=$(member .result.item.label)
fault good gone
check "from a disk that is gone nothing can be filled" status_is 1 fill
fault good
filled() { fill && [ "$(member .result.item.sha256)" = "$sum" ] && [ "$(member .result.item.result)" = done ]; }
check "the last one too: the SHA-256 of sha256sum" filled
first=$(member .result.item.label)
check "where nothing is missing there is nothing to fill" status_is 2 fill
check "the old items stay" exhibit verify "c/2" --quiet
fault 'bad 4096 512' 'bad 100000256 512'
status_is 3 collect "$loop" >log
first=$(member .result.item.label)
half() {
    status_is 3 fill || return 1
    [ "$(member .result.item.filled.ended.code)" = io ] && [ "$(member .result.item.untried.bytes)" -gt 0 ]
}
fault good 'gone-after 40000'
check "a disk that goes away while it is filled: what came is kept" half
fault good
fault 'bad 4096 512'
status_is 3 collect "$loop" --skip-region 50000384+1024,100000256+512 >log
first=$(member .result.item.label)
left_out_again() {
    fault good 'bad 50000384 1024' 'bad 100000256 512'
    status_is 3 fill || return 1
    [ "$(member .result.item.skipped.bytes)" = 1536 ] && [ "$(member .result.item.unreadable.bytes)" = 1536 ] &&
        [ "$(member .result.reading.bad_sectors)" = 0 ] && [ "$(member .result.item.filled.filled_bytes)" = 512 ]
}
check "what was left out on the officer's word is not asked for by a fill" left_out_again
fault good
first=$(member .result.item.label)
check "where nothing else is missing there is nothing to fill" status_is 2 fill
left_out_no_more() { fill --fill-skipped && [ "$(member .result.item.sha256)" = "$sum" ]; }
check "unless the officer says so" left_out_no_more
twice() { collect "$loop" --verify-source && [ "$(member .result.item.second_reading.differs.bytes)" = 0 ] &&
    [ "$(member .result.item.second_reading.compared_bytes)" = "$(stat -c %s image | awk '{ print $1 - $1 % 512 }')" ]; }
check "read twice: the same" twice
other_later() {
    local at got=0
    at=$(($(given) + 199999488))
    "$bin" collect "$loop" --case c --json --quiet --verify-source >out &
    while [ "$(given)" -lt $at ]; do
        sleep 0.01
    done
    fault 'other 190000000 10' 'other 195000000 1000' 'bad 180000256 512'
    wait $! || got=$?
    [ $got = 3 ] || return 1
    [ "$(member .result.item.second_reading.differs.ranges)" = 2 ] &&
        [ "$(member '.result.item.second_reading.differs.list[0].offset')" = $((190000000 / 512 * 512)) ] &&
        [ "$(member .result.item.second_reading.unread_bytes)" = 512 ] &&
        [ "$(member .result.item.unreadable.bytes)" = 0 ]
}
check "R4 read twice: where other bytes came, and what did not come" other_later

# A 4Kn disk
mv image image.512
head -c 19996672 image.512 >image # whole sectors of 4,096 bytes
sum=$(sha256sum <image | cut -d' ' -f1)
disk_on image 4096
check "R1 R2 R4 a 4Kn device" clean
# shellcheck disable=SC2046
check "R5 R6 R7 a 4Kn device with 100 random errors" is_all_readable "$loop" 4096 $(random_ranges 100 2)

# A file whose file system fails, of a size that is not a multiple of anything
head -c 9999991 image.512 >image
disk_on image
losetup -d "$loop"
loop=
sum=$(sha256sum <image | cut -d' ' -f1)
of_file() { collect m/disk && [ "$(member .result.item.sha256)" = "$sum" ]; }
check "R2 R4 a file of 9,999,991 bytes" of_file
check "R5 R6 R7 a file with errors at its start, in it, and in its short last sector" \
    is_all_readable m/disk 512 0 1 1000000 1 4095 2 9999990 1
# shellcheck disable=SC2046
check "R5 R6 R7 a file with random errors" is_all_readable m/disk 512 600000 4097 1400000 1 6000001 99999

# A file on a file system on a 4Kn disk, which is pulled out
file_on_4kn() {
    disk_off
    truncate -s 64M image.fs && mkfs.ext4 -q -F -b 4096 image.fs && mkdir -p fs || return 1
    losetup -b 4096 -f --show image.fs >name && blockdev --setrw "$(cat name)" && mount "$(cat name)" fs || return 1
    head -c 30000000 /dev/urandom >fs/file
    umount fs && losetup -d "$(cat name)"
    disk_on image.fs 4096 && mount -o ro,noload "$loop" fs || return 1
    fault 'gone-after 12000000'
    local got=0
    collect fs/file || got=$?
    umount fs
    disk_off
    echo "exit $got"
    cat out
    [ $got = 1 ] && grep -q 'does not answer any more' out
}
check "R7 a file on a 4Kn disk that is pulled out: an error, and no zeros" file_on_4kn

# ---- an image on a disk with bad sectors ----

disk_off
head -c 9999872 image >whole.raw
sum=$(sha256sum <whole.raw | cut -d' ' -f1)
ewfacquire -u -q -c none -d sha1 -f encase6 -S 2GiB -m fixed -M logical -C c -D d -e e -E 1 -N n \
    -t "$PWD/whole" whole.raw >log.acquire 2>&1
disk_on whole.E01
image_whole() {
    collect m/disk && [ "$(member .result.item.sha256)" = "$sum" ] && member '.result.item.container |
        "\(.disk_errors) \(.files.list[0].sha256)"' | grep -x "null $(sha256sum <whole.E01 | cut -d' ' -f1)"
}
check "an image on a disk" image_whole
image_bad() { # the disk is told, and not the image
    disk_on whole.E01 && fault 'bad 5000000 512'
    status_is 3 collect m/disk && jq -e '.result.item | .unreadable.bytes > 0 and .unreadable.bytes <= 65536 and
        .damaged_in_container == null and .container.damage.count == 0 and .container.disk_errors.count > 0 and
        (.container.disk_errors.list[0].why | contains("Input/output error")) and .container.files.hashed == 0 and
        (.container.files.list[0].not_hashed | contains("it could not be read at byte")) and
        (.warnings | any(contains("the disk on which the image lies")))' out
}
check "… with a bad sector: exit 3, and the image is not called damaged" image_bad
check "… nor on its page" bash -c "'$bin' item show '$(member .result.item.label)' --quiet | tr -s ' \n' ' ' >page
    grep 'not given by the disk on which the image lies' page && grep 'NOT HASHED: it could not be read' page && ! grep 'damaged, it cannot' page"
check "… and the report says it" bash -c "'$bin' item report '$(member .result.item.label)' --output - --quiet | tr -s ' \n' ' ' |
    grep 'were not given by the disk on which the image lies'"
image_at_end() {
    disk_on whole.E01 && fault "bad $(($(stat -c %s whole.E01) - 3000)) 1"
    status_is 1 collect m/disk && grep 'does not give what is needed to open it' out && grep -- '--container file' out
}
check "… where its tables are: an error, and what to do" image_at_end
image_gone() {
    disk_on whole.E01 && fault 'gone-after 5000000'
    status_is 1 collect m/disk && grep 'the disk on which the image lies' out
}
check "… pulled out: an error, and no item of zeros" image_gone
disk_on image
check "everything verifies" exhibit verify --all --linear --quiet

# ---- the vault's own disk is pulled out ----

noise() { # SEED SIZE
    openssl enc -aes-256-ctr -nosalt -K "$(printf '%064d' "$1")" -iv 00000000000000000000000000000000 \
        </dev/zero 2>/dev/null | head -c "$2"
}
home_on() {
    mkdir -p m home
    "$faulty" home.img m writable &
    for _ in $(seq 100); do
        mountpoint -q m && break
        sleep 0.02
    done
    loop=$(losetup -f --show --direct-io=on m/disk) && mount "$loop" home
}
home_off() {
    umount -l home
    disk_off
}
has_point() { # waits until the collection in $run can be gone on with
    for _ in $(seq 3000); do
        [ "$(cat home/vault/work/*/journal 2>/dev/null | wc -c)" -gt 3500 ] && return 0
        kill -0 "$run" 2>/dev/null || return 1
        sleep 0.02
    done
    return 1
}
disk_off
truncate -s 900M home.img
noise 3 1000000 >small && noise 4 420000000 >large
if mkfs.ext4 -q home.img && home_on; then
    export EXHIBIT_VAULT=$work/home/vault
    exhibit init home/vault --agency A --officer O --no-recovery-sheet --kdf-memory 8 --quiet >/dev/null
    exhibit case new --number c --title t --quiet >/dev/null
    collect small
    pulled() {
        "$bin" collect large --case c --json --quiet >out &
        run=$!
        has_point || return 1
        fault gone
        status_is 1 wait $run && jq -e '.code == "io" and .result == null' out
    }
    check "O2 the vault's disk is pulled out: one error, and nothing collected" pulled
    home_off
    check "… plugged in again" home_on
    check "… what was held is good" exhibit verify --all --quiet
    check "… the vault is sound" exhibit vault check --deep --quiet
    gone_on() {
        exhibit work list --quiet | grep 'can be resumed at' &&
            exhibit work resume "$(basename "$(ls -d home/vault/work/*/)")" --json --quiet >out &&
            [ "$(member .result.item.sha256)" = "$(sha256sum <large | cut -d' ' -f1)" ]
    }
    check "… and the collection is gone on with" gone_on
    home_off
else
    skip "O2 the vault's disk is pulled out" "no disk can be mounted here"
fi
echo "1..$count"
