#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An encrypted vault: what shows without a passphrase, who gets in, and with which keyring.
# tests/scripts/locked.sh EXHIBIT; prints TAP.
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" locked "$1"
exits() { # STATUS COMMAND…
    local want=$1 got
    shift
    "$@"
    got=$?
    [ "$got" = "$want" ] || {
        echo "exit status $got, not $want"
        return 1
    }
}
echo 'another passphrase' >wrong
with_wrong() { EXHIBIT_PASSPHRASE_FILE=$work/wrong "$bin" "$@"; }
without() { env -u EXHIBIT_PASSPHRASE_FILE "$bin" "$@" --no-input; }

exhibit init vault --agency 'Agency Quokka' --officer 'Officer Wombat' --no-recovery-sheet --kdf-memory 8 >/dev/null 2>&1
exhibit case new --number 'Case-Numbat' --title 'Title Bilby' >/dev/null 2>&1
yes 'content of the Quoll, again and again' | head -c 300000 >source-potoroo
exhibit collect source-potoroo --case 'Case-Numbat' --label 'Label Dugong' >/dev/null 2>&1
exhibit verify --all >/dev/null 2>&1 || {
    echo "not ok 1 - locked: no sound vault could be made"
    echo "1..1"
    exit 1
}
officer=$(basename "$(find vault/keys -name '????????????????????????????????.json')" .json)
cp -a vault fresh
again() {
    rm -rf vault
    cp -a fresh vault
}

# ---- at rest ----

nothing_in_clear() {
    ! grep -rliE 'quokka|wombat|numbat|bilby|potoroo|dugong|quoll' vault
}
check "no name, no path and no content shows on the disk" nothing_in_clear
check "it is encrypted without being asked to" grep -q '"mode": "encrypted"' vault/vault.json

no_dump() {
    local pid limit status=1
    sleep 5 | "$bin" collect - --case 'Case-Numbat' >/dev/null 2>&1 &
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        sleep 0.3
        pid=$(pgrep -f "^$bin collect - --case Case-Numbat" | head -1) || continue
        limit=$(sed -n 's/^Max core file size *\([0-9a-z]*\) .*/\1/p' "/proc/$pid/limits")
        [ "$limit" = 0 ] && status=0 && break
    done
    wait
    return $status
}
check "a crash would leave no core" no_dump

# ---- without a passphrase ----

check "its history is checked with public keys alone, and not called good" \
    bash -c "\"$bin\" ledger verify </dev/null >out; [ \$? = 3 ] &&
        grep -q 'History: only partly checked' out && grep -q 'the vault is locked' out"
check "that asks for no passphrase" exits 3 without ledger verify
check "a proof needs none" exits 0 without ledger prove 3
check "a checkpoint needs none" exits 0 without ledger checkpoint
check "its files are checked as far as they show" exits 3 without vault check --locked
check "a complete check needs one" exits 7 without vault check
check "and passes with one" exits 0 exhibit vault check --deep
body_gone() {
    again
    rm "$(find vault/ledger/body -type f | sort | sed -n 3p)"
    exits 4 without ledger verify && exits 4 without vault check --locked
}
check "a body that is gone is missed" body_gone
pack_cut() {
    local pack
    again
    pack=$(find vault/packs -name '*.pack' | head -1)
    truncate -s -1 "$pack"
    exits 4 without vault check --locked && exits 4 exhibit vault check
}
check "so is a piece of a pack" pack_cut
bit_flipped() {
    local body
    again
    body=$(find vault/ledger/body -type f | sort | sed -n 3p)
    printf '\377' | dd of="$body" bs=1 seek=200 conv=notrunc 2>/dev/null
    exits 3 without ledger verify && exits 4 exhibit vault check
}
check "a changed body is not called good, and named once it can be read" bit_flipped

# ---- who gets in ----

again
check "the only officer need not be named" exits 0 exhibit item list
check "the officer by name" exits 0 exhibit item list --officer 'Officer Wombat'
check "by id" exits 0 exhibit item list --officer "$officer"
check "by the beginning of the id" exits 0 exhibit item list --officer "${officer:0:4}"
check "not by three digits of it" exits 7 exhibit item list --officer "${officer:0:3}"
check "not by another's name, though the passphrase is right" exits 7 exhibit item list --officer 'Officer Emu'
check "not with another passphrase" exits 7 with_wrong item list
attempts_sealed() {
    again
    exits 7 with_wrong item list --officer 'Officer Emu' || return 1
    exits 7 with_wrong vault check || return 1
    [ "$(wc -l <vault/ledger/unauthenticated)" = 2 ] || return 1
    ! grep -qi 'emu\|officer\|root' vault/ledger/unauthenticated || return 1
    exits 3 without ledger verify >out || return 1
    grep -q 'failed unlocks not yet in the ledger: 2' out || return 1
    exits 0 exhibit item list || return 1
    [ ! -e vault/ledger/unauthenticated ] && exhibit ledger show --json | grep -q '"officer":"Officer Emu"'
}
check "failed attempts are noted under seal, and read into the ledger" attempts_sealed
attempts_forged() { # whoever can write to the disk can add lines; they do no harm
    again
    printf 'no base64\n%s\n{"officer":"x"}\n' "$(head -c 99 /dev/zero | base64 -w0)" >vault/ledger/unauthenticated
    exits 0 exhibit item list || return 1
    [ "$(exhibit ledger show --json | grep -o '"unreadable":"a damaged line"' | wc -l)" = 3 ] &&
        find vault/ledger/beyond -name 'unauthenticated-*' | grep -q .
}
check "lines that cannot be read are entered as such, and kept" attempts_forged
short_passphrase() {
    echo 'seven77' >short
    EXHIBIT_PASSPHRASE_FILE=$work/short exits 2 "$bin" init other --agency A --officer O --no-recovery-sheet --kdf-memory 8
    [ ! -e other ]
}
check "a passphrase of seven characters is not taken" short_passphrase
umlauts() { # characters, not bytes
    printf 'äöüäöüä\n' >short
    EXHIBIT_PASSPHRASE_FILE=$work/short exits 2 "$bin" init other --agency A --officer O --no-recovery-sheet --kdf-memory 8
}
check "nor one of seven characters in fourteen bytes" umlauts
check "a vault that anybody may read has to be asked for" bash -c \
    "\"$bin\" init open --plain --agency A --officer O --no-recovery-sheet --kdf-memory 8 && grep -q '\"mode\": \"plain\"' open/vault.json"

# ---- which keyring ----

other_keyring() {
    again
    cp open/keys/keyring.json vault/keys/keyring.json
    exits 7 exhibit item list
}
check "the keyring of another vault does not open this one" other_keyring
rewritten_keyring() { # the same keys, but not the file that the ledger names
    again
    tr -d '\n' <vault/keys/keyring.json >new && cat new >vault/keys/keyring.json
    exits 4 exhibit item list && exits 4 exhibit vault check && exits 4 exhibit verify --all
}
check "a keyring that the ledger does not name is refused" rewritten_keyring
strange_key() { # a key file that the ledger does not know
    again
    cp open/keys/????????????????????????????????.json vault/keys/
    exits 0 exhibit item list
}
check "a key file that somebody put there lets nobody in and keeps nobody out" strange_key
locked_mode() { # vault.json says plain
    again
    sed -i 's/"encrypted"/"plain"/' vault/vault.json
    ! exhibit item list && ! exhibit verify --all && exits 4 exhibit ledger verify
}
check "a vault that is made to call itself plain is refused" locked_mode
catalog_gone() {
    again
    rm -f vault/catalog.db*
    exits 0 exhibit item list && nothing_in_clear
}
check "a lost catalog comes back, encrypted" catalog_gone

echo "1..$count"
