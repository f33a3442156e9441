#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The requirements of docs/requirements.md that no other test bears the name of, from end to end on
# small images; and that the page names only tests that there are. tests/scripts/requirements.sh EXHIBIT
# Prints TAP.
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" requirements "$1"
loops=()
tidy() {
    local loop
    umount "$work/small" "$work/far" "$work/under" 2>/dev/null
    for loop in "${loops[@]}"; do losetup -d "$loop" 2>/dev/null; done
    umount "$work/under" 2>/dev/null
    rm -rf "$work"
}
trap tidy EXIT

# ---- the page and the tests ----

page=$root/docs/requirements.md table=$root/tests/scripts/requirements.py
notices() { # SED: the page with this change does not pass
    sed "$1" "$page" >planted.md && ! cmp "$page" planted.md && ! python3 "$table" planted.md "$root"
}
check "the page has R1 to R10 and O1 to O14, and each test that it names is there" python3 "$table" "$page" "$root"
check "a test that is not there would be noticed" notices '/^| O7 /s/“O7: /“O7: not /'
check "a test that does not bear the name would be noticed" notices '/^| O8 /s/“O8: [^”]*/“O4: segments are of an E01 alone: refused otherwise, and nothing is written/'
check "a requirement that is missing would be noticed" notices '/^| R6 /d'

# ---- a vault, and what it is asked ----

result() { tail -n 1 out | jq -r ".result$1"; } # JQ: of the command whose JSON is in out
collect() { exhibit collect "$@" --case c --json --quiet >out; }
export_raw() { rm -f copy && exhibit export "$(result .item.label)" --format raw --output copy --quiet; }
random() { # BYTES SEED
    openssl enc -aes-256-ctr -nosalt -K "$(printf '%064d' "$2")" -iv "$(printf '%032d' 0)" \
        </dev/zero 2>/dev/null | head -c "$1"
}
sha256() { sha256sum <"$1" | cut -d' ' -f1; }
refuses() { # STATUS TEXT COMMAND…: refused with this exit status and these words
    local status=$1 text=$2 got=0
    shift 2
    "$@" >said 2>&1 || got=$?
    cat said
    echo "exit $got"
    [ $got = "$status" ] && tr -s '\n ' ' ' <said | grep -qF -- "$text"
}
new_vault() { # DIR MODE
    exhibit init "$1" --agency A --officer O "$2" --kdf-memory 8 --quiet >/dev/null &&
        exhibit case new --number c --title 'a title' --vault "$1" --quiet >/dev/null
}
random 3000001 1 >random
new_vault vault --no-recovery-sheet && collect random --label first || {
    echo "not ok $((count + 1)) - requirements: no vault could be made"
    echo "1..$((count + 1))"
    exit 1
}

both_ways() {
    collect random && [ "$(result .item.sha256)" = "$(sha256 random)" ] &&
        collect - <random && [ "$(result .item.sha256)" = "$(sha256 random)" ] &&
        [ "$(result .item.source.kind)" = stdin ] && export_raw && cmp random copy
}
check "R1: a file and standard input" both_ways

# Each sector holds nothing but its own number.
stamped() { # write|check BYTES
    python3 -c '
import sys
size = int(sys.argv[2])
want = b"".join(i.to_bytes(8, "big") * 64 for i in range(size // 512 + 1))[:size]
if sys.argv[1] == "write":
    sys.stdout.buffer.write(want)
else:
    got = sys.stdin.buffer.read()
    if len(got) != size:
        print("bytes:", len(got))
    bad = [i for i in range(0, size, 512) if got[i:i + 512] != want[i:i + 512]]
    for at in bad[:5]:
        print("at sector", at // 512, "there is", int.from_bytes(got[at:at + 8], "big"))
    sys.exit(bool(bad) or len(got) != size)' "$@"
}
every_sector() {
    local size
    for size in 0 1 511 512 513 4095 4096 4097 65537 524289 1048577 3000001 4999680; do
        stamped write "$size" >stamps && collect stamps && [ "$(result .item.size_bytes)" = "$size" ] &&
            export_raw && stamped check "$size" <copy || { echo "of $size bytes" && return 1; }
    done
}
check "R2: every sector once and in its order, of 13 sizes that are no multiple of anything" every_sector

# ---- R4, R10: the same bytes, however they are stored ----

random 2000000 2 >kind.random
seq 400000 >kind.text
head -c 2000001 /dev/zero >kind.zeros
head -c 700000 /dev/zero | tr '\0' '\377' >kind.ones
{ cat kind.text kind.zeros kind.random kind.ones kind.text && echo end; } >kind.mixed
accurate() {
    local kind readback
    for kind in kind.*; do
        for readback in none new all; do
            collect "$kind" --readback $readback && [ "$(result .item.sha256)" = "$(sha256 "$kind")" ] &&
                export_raw && cmp "$kind" copy || { echo "$kind, read back: $readback" && return 1; }
        done
        taskset -c 0 "$bin" collect "$kind" --case c --json --quiet >out && export_raw && cmp "$kind" copy || return 1
    done
}
check "R4: byte for byte, of data that shrinks and does not, of constant data, with each read-back, on one processor" accurate
stored_anew() {
    local level
    collect kind.mixed || return 1
    for level in 1 19; do
        exhibit vault compact --waste 0 --level $level --quiet && export_raw && cmp kind.mixed copy || return 1
    done
    exhibit verify --all --linear --quiet
}
check "R4: byte for byte after the vault was compressed anew" stored_anew
hashes() { result '.item | [.size_bytes, .sha256, .fsverity] | join(" ")'; }
again() {
    local first
    collect kind.mixed && first=$(hashes) && echo "$first" &&
        collect kind.mixed --readback all && [ "$(hashes) $(result .stored.chunks_new)" = "$first 0" ] &&
        collect - <kind.mixed && [ "$(hashes) $(result .stored.chunks_new)" = "$first 0" ] &&
        new_vault other --plain || return 1
    taskset -c 0 "$bin" collect kind.mixed --case c --json --quiet --vault other >out
    hashes
    [ "$(hashes)" = "$first" ]
}
check "R10: again, from standard input, and in another vault on one processor: the same hashes, and no new chunk" again

# ---- R8, R9 ----

untouched() { # a time of access before that of modification, which any ordinary read would change
    touch -a -d 2001-01-01 random
    local before
    before="$(sha256 random) $(touch -a -d 2001-01-01 random && stat -c '%s %f %X %Y %h' random)"
    collect random
    echo "$before"
    stat -c '%s %f %X %Y %h' random
    [ "$(stat -c '%s %f %X %Y %h' random) $(sha256 random)" = "${before#* } ${before%% *}" ]
}
check "R8: a file stays as it is, also its time of access" untouched
writes() { # of a device, in sectors, and what was discarded
    awk '{ print $7, $14 }' "/sys/class/block/$(basename "$1")/stat"
}
no_write() {
    local before after
    before=$(writes "$loop")
    collect "$loop" && after=$(writes "$loop")
    echo "$before; $after"
    [ -n "$after" ] && [ "$before" = "$after" ] && [ "$(result .item.source.kind)" = device ]
}
may_mount() { [ "$(id -u)" = 0 ] && mkdir -p under small far && mount -t tmpfs -o size=1m none under 2>/dev/null && umount under; }
loop_on() { # FILE: as $loop
    loop=$(losetup -f --show "$1" 2>/dev/null) && loops+=("$loop")
}
head -c 2999808 random >disk
if [ "$(id -u)" = 0 ] && loop_on disk; then
    check "R8: the system counts no write to a device that is collected" no_write
else
    skip "R8: the system counts no write to a device that is collected" "no loop device can be made here"
fi
log_is_complete() {
    collect random --label 'the disk' --legal-basis 'warrant 7' --reason seized &&
        exhibit ledger show --json --quiet | tail -n 1 >log.json &&
        jq -e --arg sum "$(sha256 random)" --arg version "$(exhibit version | sed -n '1s/exhibit //p')" '
            .result.shown | (map(select(.event == "collect.intent"))[-1]) as $begun | (map(select(.event == "collect.outcome"))[-1]) as $done |
            $begun.body | .who.program == {"name": "exhibit", "version": $version} and .who.officer.name == "O" and .who.agency == "A" and
            (.who.machine | .hostname and .system and .user) and .what.command == "collect" and .what.query.operands == ["random"] and
            .what.query.flags.case == "c" and .what.effort.retries == 2 and .why == {"reason": "seized", "legal_basis": "warrant 7"} and
            ($begun.time | test("^20.*Z$")) and $begun.zone and $begun.clock and $done.result == "done" and
            ($done.body.what.item | .sha256 == $sum and .unreadable.bytes == 0 and .label_text == "the disk")' log.json
}
check "R9: what a log must have, in the entries before and after" log_is_complete

# ---- O1, O4, O6, O8, O13: what is not offered, and says so ----

no_file() { "$@" && [ ! -e nothing ]; }
others_formats() {
    local format
    for format in ex01 aff4 vhd vmdk dd; do
        no_file refuses 9 "the format \"$format\" is not known" exhibit export c/1 --format $format --output nothing || return 1
        refuses 2 'does not take --format' exhibit collect random --case c --format $format || return 1
    done
}
check "O1: Ex01, AFF4, VHD, VMDK are not offered: refused, and nothing is written" others_formats
raw_elsewhere() { collect random && export_raw && sha256sum copy | grep -q "^$(result .item.sha256) "; }
check "O1: raw is what is offered, and sha256sum reads it" raw_elsewhere
segments() {
    no_file refuses 2 'is for --format e01 alone' exhibit export c/1 --format raw --output nothing --segment-size 1048576 &&
        refuses 2 'does not take --segment-size' exhibit collect random --case c --segment-size 1048576
}
check "O4: segments are of an E01 alone: refused otherwise, and nothing is written" segments
as_it_is() {
    { printf 'EVF\t\r\n\377\000\001\001\000\000\000' && random 100000 3; } >image.E01
    collect image.E01 --container file && [ "$(result .item.sha256)" = "$(sha256 image.E01)" ] && export_raw && cmp image.E01 copy &&
        no_file refuses 2 'there is no command' exhibit convert image.E01 nothing
}
check "O6: an E01 that is collected as the file that it is comes back as that" as_it_is
no_clone() {
    refuses 2 'there is no command' exhibit clone c/1 "$loop" && local before
    before=$(sha256 "$loop")
    refuses 1 'exhibit never writes over a file' exhibit export c/1 --format raw --output "$loop" &&
        [ "$(sha256 "$loop")" = "$before" ]
}
if [ -n "${loop:-}" ]; then
    check "O8: cloning is not offered: no device is written to" no_clone
else
    skip "O8: cloning is not offered: no device is written to" "no loop device can be made here"
fi
no_memory() {
    local device
    refuses 2 'there is no flag --memory' exhibit collect --memory --case c || return 1
    for device in zero mem kmsg; do
        [ ! -c /dev/$device ] ||
            refuses 9 'is neither a regular file nor a block device' exhibit collect /dev/$device --case c || return 1
    done
}
check "O13: memory is not offered: refused" no_memory

# ---- O2, O3: a destination that fails, or is full ----

random 20000000 4 >large
items() { exhibit item list --vault "$1" --json --quiet | jq '.result.items | length'; }
nothing_came_of_it() { # VAULT FILE: still one item, no file of that name, and all is sound
    [ "$(items "$1")" = 1 ] && [ ! -e "$2" ] && exhibit vault check --deep --vault "$1" --quiet &&
        exhibit verify --all --vault "$1" --quiet
}
fails() { # STATUS TEXT COMMAND…: its exit status, its words, and no word of success
    refuses "$@" && ! grep -qE '^(Collected|Wrote|Exported)' said
}
full() {
    mount -t tmpfs -o size=8m,mode=700 none small && new_vault small/vault --no-recovery-sheet &&
        exhibit collect kind.text --case c --vault small/vault --quiet &&
        fails 1 'No space left on device' exhibit collect large --case c --vault small/vault --quiet &&
        collect large && fails 1 'No space left on device' exhibit export "$(result .item.label)" --format raw --output small/copy --quiet &&
        nothing_came_of_it small/vault small/copy && [ -z "$(find small -size +5M)" ] &&
        mount -o remount,size=64m small && exhibit collect large --case c --vault small/vault --quiet
}
# The device under the vault takes what is written, and fails only when it is to be kept: its own
# medium is full, of which the file system above knows nothing.
flush_fails() {
    mount -t tmpfs -o size=12m none under && truncate -s 64M under/disk &&
        mkfs.ext4 -q -O ^has_journal -E lazy_itable_init=0 under/disk && loop_on under/disk && mount "$loop" far &&
        new_vault far/vault --no-recovery-sheet && exhibit collect kind.text --case c --vault far/vault --quiet && sync -f far &&
        fails 1 'could not' exhibit collect large --case c --vault far/vault --quiet && grep -E "could not (write|make)" said &&
        collect large && fails 1 'could not' exhibit export "$(result .item.label)" --format raw --output far/copy --quiet &&
        [ ! -e far/copy ] && umount far && mount -o remount,size=128m under && mount "$loop" far &&
        nothing_came_of_it far/vault far/copy && exhibit collect large --case c --vault far/vault --quiet
}
if may_mount && loop_on disk; then
    check "O2: a device that fails when written bytes are to be kept: an error, no item, no copy, and the vault is sound" flush_fails
    check "O3: no room for an item or a copy: an error, neither is there, and with room it goes on" full
else
    skip "O2: a device that fails when written bytes are to be kept" "a small disk cannot be mounted here"
    skip "O3: no room for an item or a copy" "a small disk cannot be mounted here"
fi

# ---- O5, O11: damage, in a plain vault, where the place of each byte can be found ----

new_vault plain --plain && export EXHIBIT_VAULT=$work/plain &&
    collect random --label 'seized on Monday' && collect kind.text && cp -a plain plain.whole
flip() { # FILE OFFSET: one bit
    python3 -c '
import os, sys
os.chmod(sys.argv[1], 0o600)
with open(sys.argv[1], "r+b") as f:
    f.seek(int(sys.argv[2])); old = f.read(1)[0]
    f.seek(int(sys.argv[2])); f.write(bytes([old ^ 1]))' "$@"
}
place_of() { # OFFSET of random: "PACK OFFSET" of that byte
    python3 -c '
import glob, sys
at = int(sys.argv[1])
source = open("random", "rb").read()
start = min(at, len(source) - 64)
for pack in glob.glob("plain/packs/**/*.pack", recursive=True):
    found = open(pack, "rb").read().find(source[start:start + 64])
    if found >= 0:
        print(pack, found + at - start)' "$1"
}
whole_again() { rm -rf plain && cp -a plain.whole plain; }
located() {
    local at range='select(.offset <= $at and $at < .offset + .length)'
    exhibit verify --all --linear --quiet || return 1
    for at in 0 1500000 2999999 3000000; do
        whole_again
        # shellcheck disable=SC2046
        flip $(place_of $at) || return 1
        refuses 4 '"verdict":' exhibit verify --all --json --quiet && tail -n 1 said >out
        jq -e --argjson at $at ".result.items | (.[0].damaged | length == 1 and all(.[]; $range | .length <= 524288)) and
            .[0].damaged_count == 1 and .[0].verdict == \"altered\" and .[1].verdict == \"good\"" out || return 1
        refuses 4 '"ranges":' exhibit vault check --deep --json --quiet && tail -n 1 said >out
        jq -e --argjson at $at ".result.items | length == 1 and .[0].label == \"c/1\" and (.[0].ranges | length == 1 and all(.[]; $range))" out || return 1
        no_file refuses 4 'of the item cannot be given' exhibit export c/1 --format raw --output nothing || return 1
    done
}
check "O5: unchanged is good; of one bit the item and the range are named, no other; and no copy is given" located
metadata() {
    local file
    file=$(grep -rlF 'seized on Monday' plain.whole/ledger | head -1)
    [ -n "$file" ] || { echo 'the label stands nowhere in the ledger' && return 1; }
    whole_again
    sed -i 's/seized on Monday/seized on Sunday/' "plain${file#plain.whole}"
    refuses 4 'History: ALTERED' exhibit verify --all --quiet && refuses 4 'History: ALTERED' exhibit ledger verify --quiet || return 1
    for file in plain.whole/ledger/body/* plain.whole/ledger/checkpoint; do
        [ -f "$file" ] || continue
        whole_again
        flip "plain${file#plain.whole}" 20
        exhibit ledger verify --quiet && { echo "not told: $file" && return 1; }
    done
    return 0
}
check "O11: what is said of an item is protected like its bytes: a label that was changed, a bit of each ledger body" metadata
whole_again

# ---- O7, O10: hashes ----

# fs-verity (docs/format/object.md §2), computed from its definition.
verity() { # FILE
    python3 -c '
import hashlib, sys
data = open(sys.argv[1], "rb").read()
sha = lambda b: hashlib.sha256(b).digest()
level, root = data, bytes(32)
while level:
    hashes = [sha(level[i:i + 4096].ljust(4096, b"\0")) for i in range(0, len(level), 4096)]
    if len(hashes) == 1:
        root = hashes[0]
        break
    level = b"".join(hashes)
print(sha(bytes([1, 1, 12, 0]) + bytes(4) + len(data).to_bytes(8, "little") + root.ljust(64, b"\0") + bytes(32 + 144)).hex())' "$1"
}
block_hashes() {
    local size
    for size in 0 1 4095 4096 4097 524287 524288 524289 3000001; do
        head -c $size random >part && collect part && [ "$(result .item.fsverity)" = "$(verity part)" ] ||
            { echo "of $size bytes" && return 1; }
    done
    refuses 2 'there is no flag --block-size' exhibit collect random --case c --block-size 512
}
check "O7: the hashes of all blocks of 4,096 bytes, computed anew; other sizes are not offered" block_hashes
outside() { # what was written down elsewhere does not agree with a vault that somebody made anew
    rm -rf plain && new_vault plain --plain && collect random || return 1
    local sum
    sum=$(sha256 random)
    exhibit item report c/1 --output report.txt --quiet && grep -q "$sum" report.txt &&
        exhibit ledger checkpoint --quiet >checkpoint && exhibit verify c/1 --checkpoint checkpoint --quiet || return 1
    age-keygen -o id 2>/dev/null
    exhibit package create c/1 --to "$(age-keygen -y id)" --output p.age --legal-basis order --quiet &&
        exhibit package open p.age --identity id --output opened --quiet
    grep -qr "^$sum  data/" opened/manifest-sha256.txt || return 1
    rm -rf plain && new_vault plain --plain && collect kind.text && exhibit verify c/1 --quiet &&
        refuses 5 'it is the checkpoint of another vault, or was changed' exhibit verify c/1 --checkpoint checkpoint --quiet
}
check "O10: the hash stands outside the vault too (report, package), and a vault made anew is told by a checkpoint kept outside" outside
one_algorithm() {
    local hash
    collect random && [ "$(result .item.sha256)" = "$(sha256 random)" ] && [ "$(result .item.fsverity)" = "$(verity random)" ] || return 1
    for hash in md5 sha1 sha256,md5; do
        refuses 2 'there is no flag --hash' exhibit collect random --case c --hash $hash || return 1
    done
}
check "O10: two digests by SHA-256, of the whole and of its blocks; MD5 and SHA-1 are not offered" one_algorithm
echo "1..$count"
