#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What happens to whole vaults: copied while they are written, forked, put back, out of space.
# tests/scripts/damage.sh EXHIBIT; prints TAP (docs/testing-damage.md).
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" damage "$1"

echo 'a passphrase of Ben' >passphrase-ben
export EXHIBIT_NEW_PASSPHRASE_FILE=$work/passphrase-ben
ama() { exhibit "$@" --officer Ama; }
ben() { EXHIBIT_PASSPHRASE_FILE=$work/passphrase-ben exhibit "$@" --officer Ben; }
exits() { # STATUS COMMAND…
    local want=$1 got
    shift
    "$@"
    got=$?
    [ "$got" = "$want" ] || {
        echo "exit status $got, not $want: $*"
        return 1
    }
}
again() {
    rm -rf vault
    cp -a fresh vault
}
head -c 300000 /dev/urandom >a
{ head -c 100000 /dev/urandom; seq 20000; } >b
sha_a=$(sha256sum <a | cut -c 1-64)
exhibit init vault --agency A --officer Ama --recovery-sheet sheet.txt --kdf-memory 8 >/dev/null 2>&1
{
    ama officer add Ben --permissions collect,view --kdf-memory 8
    ama case new --number C --title t
    ama collect a --case C
    seq 100000 >c
    ama collect c --case C
} >/dev/null 2>&1
exhibit vault check --deep --officer Ama >/dev/null 2>&1 || {
    echo "not ok 1 - damage: no sound vault could be made"
    echo "1..1"
    exit 1
}
cp -a vault fresh

# ---- copied while it is written ----

# What was acknowledged before the copy began is in it; or the copy says that it is no sound vault.
copied() {
    local i good=0 status
    (
        for i in 1 2 3 4 5 6 7 8; do
            ama collect b --case C --label "$i"
        done
    ) >collecting 2>&1 &
    for i in 1 2 3 4 5 6; do
        rm -rf copy
        cp -a vault copy 2>/dev/null # a file may go while it runs
        ama verify C/1 --vault copy --json >said
        status=$?
        case $status in
        0) good=$((good + 1)) ;;
        4) # what came while it ran may lack something; what was there before does not
            grep -qE '"(altered|missing)"|"text":"[^"]' said || return 1
            ! grep -q '"type":"summary"' said || grep -q '"label":"C/1"[^}]*"verdict":"good"' said || return 1
            ;;
        *) cat said && echo "exit $status" && return 1 ;;
        esac
        [ $status != 0 ] || ama item list --vault copy | grep -q "${sha_a:0:16}" || return 1
    done
    wait
    echo "$good of 6 copies are whole"
    exits 0 ama verify --all
}
check "a copy made while it is written is whole, or says that it is not" copied

# ---- two that both go on ----

forked() {
    cp -a vault twin
    ama case new --number D --title here && ama case new --number D --title there --vault twin || return 1
    exhibit ledger checkpoint --vault twin --quiet >twin.head || return 1
    exhibit ledger checkpoint --quiet >own.head || return 1
    exits 3 exhibit ledger verify && exits 3 exhibit ledger verify --vault twin || return 1
    exits 0 ama verify --all --checkpoint own.head || return 1
    exits 4 exhibit ledger verify --checkpoint twin.head || return 1
    exits 4 ama verify --all --checkpoint twin.head
}
again
check "of two copies that both go on, each alone is good, and the other's head shows the fork" forked

# ---- put back ----

backup() {
    cp -a vault old
    ama case new --number D --title later || return 1
    exhibit ledger checkpoint --quiet >later.head || return 1
    rm -rf vault && mv old vault
    exits 0 ama verify --all && exits 4 exhibit ledger verify --checkpoint later.head
}
again
check "a backup put back is told by a later head that was kept outside" backup
older_keys() {
    cp -a vault/keys old-keys
    ama officer retire Ben --reason left || return 1
    rm -rf vault/keys && mv old-keys vault/keys
    exits 4 ama item list && exits 4 ama vault check
}
again
check "older keys put back are refused" older_keys

# ---- retired in the middle ----

retired() {
    local pid status
    mkfifo pipe
    ben collect - --case C <pipe >said 2>&1 &
    pid=$!
    exec 9>pipe
    head -c 100000 /dev/urandom >&9
    for _ in $(seq 100); do
        ls vault/work/*/journal >/dev/null 2>&1 && break
        sleep 0.1
    done
    ama officer retire Ben --reason left || return 1
    head -c 100000 /dev/urandom >&9
    exec 9>&-
    wait $pid
    status=$?
    cat said
    [ $status = 7 ] || {
        echo "exit status $status"
        return 1
    }
    ama item list | grep -q C/3 && return 1
    exits 0 ama vault check --deep && exits 0 ama verify --all
}
again
check "an officer who is retired during a collection ends it without an item" retired

# ---- the clock ----

back() {
    DONT_FAKE_MONOTONIC=1 FAKETIME_DONT_FAKE_MONOTONIC=1 faketime -f -2d "$bin" case new --number D \
        --title earlier --officer Ama || return 1
    ama case new --number E --title now || return 1
    exhibit ledger verify --json | tail -n 1 >said
    cat said
    grep -qE '"clock_back": ?[1-9]' said
}
again
if command -v faketime >/dev/null; then
    check "a clock that went back is told" back
else
    skip "a clock that went back is told" "faketime is not installed"
fi

# ---- the catalog is damaged inside ----

catalog_inside() {
    local at size
    size=$(stat -c %s vault/catalog.db)
    for at in $(seq 5000 4136 "$size"); do
        cp fresh/catalog.db vault/catalog.db
        printf 'decay' | dd of=vault/catalog.db bs=1 seek="$at" conv=notrunc 2>/dev/null
        exits 0 ama rebuild && exits 0 ama verify --all --quiet || return 1
    done
}
again
check "a catalog that is damaged in any of its blocks is made anew" catalog_inside

# ---- no room ----

# full KILOBYTES COMMAND…: with so much room left the command is done or fails with words; then,
# with room, the vault is sound and the command works.
full() {
    local room=$1 status
    shift
    rm -rf small/vault small/filler
    cp -a fresh small/vault
    head -c "$(($(df --output=avail -B1024 small | tail -n 1) - room))k" /dev/zero >small/filler
    ama "$@" --vault small/vault >said 2>&1
    status=$?
    rm small/filler
    [ $status = 0 ] || failed=$((failed + 1))
    [ $status = 0 ] || { [ $status = 1 ] && grep -q '^exhibit: ' said; } || {
        echo "$* with $room KiB: exit status $status"
        cat said
        return 1
    }
    exits 0 ama vault check --deep --vault small/vault || return 1
    [ $status = 0 ] || exits 0 ama "$@" --vault small/vault || return 1
    exits 0 ama verify --all --vault small/vault --quiet
}
every_room() {
    local room failed=0
    for room in 0 4 8 16 24 40 64 96 160 256 400; do
        full $room "$@" || return 1
    done
    echo "failed $failed times"
    [ $failed -gt 0 ]
}
mkdir small
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=8m,mode=700 tmpfs small 2>/dev/null; then
    trap 'umount "$work/small"; rm -rf "$work"' EXIT
    check "full at every step: collect" every_room collect b --case C
    check "full at every step: key rotate" every_room key rotate
    check "full at every step: officer add" every_room officer add Cyd --permissions view --kdf-memory 8
    check "full at every step: vault compact" every_room vault compact
    check "full at every step: rebuild" every_room rebuild
    check "full at every step: vault parity" every_room vault parity
    check "full at every step: vault scrub" every_room vault scrub
    big=$(find fresh/packs -name "*.pack" -size +200k)
    printf "decay" | dd of="$big" bs=1 seek=60000 conv=notrunc 2>/dev/null
    hurt() { # repaired, it is sound; until then it says what is hurt
        local room=$1 status
        rm -rf small/vault small/filler
        cp -a fresh small/vault
        head -c "$(($(df --output=avail -B1024 small | tail -n 1) - room))k" /dev/zero >small/filler
        ama vault repair --from-file a --vault small/vault >said 2>&1
        status=$?
        rm small/filler
        case $status in
        0 | 1 | 4) ;;
        *) cat said && echo "repair with $room KiB: exit status $status" && return 1 ;;
        esac
        [ $status = 0 ] || ama vault repair --from-file a --vault small/vault
        exits 0 ama verify --all --vault small/vault
    }
    hurt_every_room() {
        local room
        for room in 0 8 24 64 160 400; do
            hurt $room || return 1
        done
    }
    check "full at every step: vault repair" hurt_every_room
else
    skip "full at every step" "only root can mount a small disk"
fi
echo "1..$count"
