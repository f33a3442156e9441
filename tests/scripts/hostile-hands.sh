#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Somebody has the vault's disk but no officer's key: what do they get the program to say or sign?
# In encrypted vaults; what a thief edits in a catalog that he can read, in plain ones.
# tests/scripts/hostile-hands.sh EXHIBIT; prints TAP.
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" hostile-hands "$1"
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

make_fresh() { # FRESH FLAG
    rm -rf vault
    exhibit init vault --agency A --officer O "$2" --kdf-memory 8 >/dev/null 2>&1
    exhibit case new --number C --title t >/dev/null 2>&1
    exhibit collect a --case C >/dev/null 2>&1
    exhibit collect b --case C >/dev/null 2>&1
    exhibit verify --all >/dev/null 2>&1 || {
        echo "not ok 1 - hostile-hands: no sound vault could be made"
        echo "1..1"
        exit 1
    }
    cp -a vault "$1"
}
head -c 300000 /dev/urandom >a
head -c 200000 /dev/urandom >b
make_fresh fresh-plain --plain
make_fresh fresh-encrypted --no-recovery-sheet
again() {
    rm -rf vault
    cp -a "$fresh" vault
}
edit() { sqlite3 vault/catalog.db "$1"; }

# ---- the catalog lies ----

fresh=fresh-plain

true_copy() { # whatever the catalog says, C/1 is a
    rm -f copy
    exhibit export C/1 --format raw --output copy && cmp a copy
}
catalog_object() {
    edit "update items set object_id=(select object_id from items where label='C/2') where label='C/1'" && true_copy
}
catalog_labels() {
    edit "update items set label='x' where label='C/1'; update items set label='C/1' where label='C/2';
          update items set label='C/2' where label='x'" && true_copy
}
catalog_json() {
    edit "update items set json=replace(json, 'sha256', 'sha257')" &&
        exhibit item show C/1 | grep -q "$(sha256sum <a | cut -c1-64)"
}
catalog_row_gone() {
    edit "delete from items where label='C/2'" || return 1
    exhibit verify --all >out || return 1
    grep -q 'items good: 2' out && grep -q 'catalog differs' out
}
catalog_history_gone() {
    edit "delete from entries where event='verify.outcome'"
    exhibit custody log C/1 | grep -q 'verify.outcome'
}
catalog_same_number() { # the number of the next item is the ledger's business
    edit "delete from items where label='C/2'"
    exhibit collect b --case C | grep -q 'item C/3'
}
catalog_cases() { # two cases' numbers swapped: the item goes where the officer said
    exhibit case new --number D --title d >/dev/null || return 1
    edit "update cases set number='x' where number='C'; update cases set number='C' where number='D';
          update cases set number='D' where number='x'"
    exhibit collect b --case C | grep -q 'item C/3'
}
if command -v sqlite3 >/dev/null; then
    for name in catalog_cases catalog_object catalog_labels catalog_json catalog_row_gone catalog_history_gone catalog_same_number; do
        again
        check "${name//_/ }: told as the ledger has it" $name
    done
else
    skip "the catalog lies" "sqlite3 is not installed"
fi

each_block() { # BYTES: a block of the catalog is damaged, each one once: at most told, and mended by a rebuild
    local n blocks=$(($(stat -c %s "$fresh/catalog.db") / $1))
    for n in $(seq 0 $((blocks - 1))); do
        again
        rm -f copy
        printf 'garbage' | dd of=vault/catalog.db bs=1 seek=$((n * $1 + 1000)) conv=notrunc 2>/dev/null
        true_copy >out 2>&1 || grep -q 'run `exhibit rebuild`' out || {
            cat out
            return 1
        }
        exhibit rebuild --quiet && true_copy && exhibit item list | grep -q 'C/2' || return 1
    done
    echo "$blocks blocks"
    [ "$blocks" -gt 5 ]
}
check "plain, garbage in any block of the catalog: at most told, and mended by a rebuild" each_block 4096
fresh=fresh-encrypted
check "encrypted, garbage in any block of the catalog: at most told, and mended by a rebuild" each_block 4136
catalog_old() { # of the same vault, before the second item and what came after
    cp vault/catalog.db old-catalog
    exhibit collect a --case C >/dev/null || return 1
    cp old-catalog vault/catalog.db
    exhibit item list >list
    grep -q 'C/3' list && exhibit collect b --case C | grep -q 'item C/4'
}
catalog_old_block() { # half of it is of an earlier day
    cp vault/catalog.db old-catalog
    exhibit collect a --case C >/dev/null || return 1
    dd if=old-catalog of=vault/catalog.db bs=4136 skip=1 seek=1 count=6 conv=notrunc 2>/dev/null
    exhibit verify --all >out
    grep -q 'items good: 3' out && exhibit custody log C/3 | grep -q 'collect.outcome' && true_copy
}
catalog_others() { # readable, and of another vault
    cp fresh-plain/catalog.db vault/catalog.db
    true_copy && exhibit item list | grep -q 'C/2' && ! grep -qa 'SQLite format' vault/catalog.db
}
for name in catalog_old catalog_old_block catalog_others; do
    again
    check "encrypted, ${name//_/ }: told as the ledger has it" $name
done

# ---- history is cut, erased, put back ----

erased() { # a body that says "erased" without an entry that says by what right
    local n=vault/ledger/body/006
    exhibit vault check >/dev/null || return 1
    printf 'garbage' | dd of=$n bs=1 seek=200 conv=notrunc 2>/dev/null
    exits 4 exhibit verify --all && exits 4 exhibit custody log C/1 && exits 4 exhibit vault check
}
again
check "a damaged body is seen by verify, custody log and vault check" erased
no_catalog_either() {
    printf 'garbage' | dd of=vault/ledger/body/006 bs=1 seek=200 conv=notrunc 2>/dev/null
    rm -f vault/catalog.db*
    exhibit item list >list
    grep -q 'C/1' list && grep -q 'C/2' list && exhibit rebuild && exhibit collect a --case C | grep -q 'item C/3'
}
again
check "with the catalog gone as well, both items are still listed and numbered" no_catalog_either
rolled_back() { # tiles and head of an earlier day
    exhibit ledger checkpoint >head || return 1
    cp -a vault/ledger old
    exhibit case new --number D --title later || return 1
    exhibit ledger checkpoint >later-head
    cp -a vault/ledger/body old/body.later
    rm -rf vault/ledger/tile vault/ledger/checkpoint
    cp -a old/tile old/checkpoint vault/ledger/
    exhibit item list || return 1
    exhibit ledger show | grep -q 'ledger.leftover' || return 1
    ls vault/ledger/beyond | grep -q . || return 1
    exhibit verify --all | tr -s ' \n' ' ' | grep -q 'lay beyond the signed head' || return 1
    exits 3 exhibit ledger verify --checkpoint head && exits 4 exhibit ledger verify --checkpoint later-head
}
again
check "an older head put back leaves its mark, and a head kept outside proves it" rolled_back
kept_on_refusal() { # a command that is refused must not tidy away what lay beyond the head
    local n
    n=$(printf %03d "$(sed -n 2p vault/ledger/checkpoint)")
    cp vault/ledger/body/000 "vault/ledger/body/$n"
    exits 1 exhibit case new --number C --title again || return 1
    cmp vault/ledger/body/000 vault/ledger/beyond/* && exhibit ledger show | grep -q 'ledger.leftover'
}
again
check "a refused command keeps what lay beyond the head" kept_on_refusal
whole_ledger_back() {
    cp -a vault/ledger old2
    exhibit case new --number D --title later || return 1
    rm -rf vault/ledger
    cp -a old2 vault/ledger
    exhibit item list && exhibit ledger show | grep -q 'ledger.leftover'
}
again
check "a whole older ledger put back is told by the catalog" whole_ledger_back

# ---- the vault is another's ----

other_config() {
    echo >>vault/vault.json
    exits 5 exhibit item list && exits 4 exhibit ledger verify
}
again
check "nobody signs on top of a changed vault.json" other_config
links() {
    mv vault/ledger/tile elsewhere && ln -s "$PWD/elsewhere" vault/ledger/tile
    ! exhibit item list
}
again
check "a link inside the vault is not followed" links
rm -rf elsewhere
again
check "a copy cannot be written into the vault" exits 2 exhibit export C/1 --format raw --output vault/packs/copy
one_case() {
    local i
    for i in 1 2 3 4 5 6; do
        "$bin" case new --number R --title "$i" >"case$i" 2>&1 &
    done
    wait
    [ "$(cat case? | grep -c '^Opened case')" = 1 ]
}
check "one number is one case, whoever asks at the same moment" one_case
attempts() {
    local i n=0
    echo wrong >wrong
    for i in 1 2 3 4 5 6 7 8; do
        EXHIBIT_PASSPHRASE_FILE=$work/wrong "$bin" case list >/dev/null 2>&1
        [ $((i % 3)) = 0 ] && exhibit case list >/dev/null 2>&1
    done
    exhibit case list >/dev/null 2>&1
    n=$(exhibit ledger show --json | grep -o '"user":"[^"]*","machine\|"machine":"[^"]*","officer":"[^"]*","time"' | wc -l)
    [ "$n" = 8 ] || {
        echo "$n of 8 attempts are in the ledger"
        exhibit ledger show --json | grep -o 'unlock.failed.\{300\}' | head -3
        return 1
    }
}
check "every failed unlock gets into the ledger" attempts
flood() { # a list that is too long to take in is kept, not forgotten
    head -c 2000000 /dev/zero | tr '\0' ' ' >>vault/ledger/unauthenticated
    exhibit case list >/dev/null && ls vault/ledger/beyond/unauthenticated-* >/dev/null
}
again
check "a flood of failed unlocks is kept aside" flood
one_outcome() { # the vault's disk cannot be written to any more when the copy is there
    exits 2 exhibit ledger verify --key garbage && exits 2 exhibit ledger verify --checkpoint passphrase
}
check "a mistyped key or checkpoint is a mistake, not altered evidence" one_outcome

read_only() {
    exits 0 exhibit verify --all --vault ro >out 2>&1 || { cat out; return 1; }
    grep -qi 'cannot be written' out
}
again
mkdir -p ro
if mount --bind vault ro 2>/dev/null && mount -o remount,ro,bind ro 2>/dev/null; then
    check "a read-only copy is verified, and says that it left no entry" read_only
    umount ro
else
    skip "a read-only copy is verified" "mounting is not allowed here"
fi
echo "1..$count"
