#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What was found damaged, and what was mended, is told where somebody looks for it: in the item's
# own history, and never as better than it is. tests/scripts/told.sh EXHIBIT
# Prints TAP.
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" told "$1"
says() { # TEXT COMMAND…: whatever its status, the output holds the text, lines joined
    local text=$1
    shift
    "$@" 2>&1 | tr -s ' \n' ' ' | tee -a /dev/stderr | grep -qF -- "$text"
}
silent() { ! says "$@"; }
exhibit init vault --agency A --officer O --no-recovery-sheet --kdf-memory 8 >/dev/null 2>&1 &&
    exhibit case new --number c --title t >/dev/null 2>&1 &&
    head -c 3000000 /dev/urandom >disk &&
    exhibit collect disk --case c --quiet >/dev/null || {
    echo "not ok 1 - told: no vault could be made"
    echo "1..1"
    exit 1
}
cp -a vault whole
pack=$(find vault/packs -name '*.pack')

check "an item that was never hurt has no word of damage" silent 'found damaged' exhibit item show c/1
printf decay | dd of="$pack" bs=1 seek=60000 conv=notrunc 2>/dev/null
check "a scrub finds it" status_is 4 exhibit vault scrub --older-than 0 --quiet
check "the item's page tells of the damage" says 'Last found damaged' exhibit item show c/1
check "its custody log has the scrub" says '1 of them damaged; items hurt: 1' exhibit custody log c/1
check "the damaged pack is due at once" says 'DAMAGE WAS FOUND' exhibit vault scrub --quiet

# ---- the same source again: the one moment at which good bytes are in hand ----

check "collected again" exhibit collect disk --case c --quiet
check "the new item does not rest on damaged bytes" status_is 0 exhibit verify c/2 --linear --quiet
check "and the old one is mended by it" status_is 0 exhibit verify c/1 --linear --quiet
exhibit rebuild --quiet >/dev/null
check "a rebuild does not forget that the pack is damaged" says 'DAMAGE WAS FOUND' exhibit vault scrub --quiet

# ---- repaired ----

rm -rf vault && cp -a whole vault
printf decay | dd of="$pack" bs=1 seek=60000 conv=notrunc 2>/dev/null
check "repaired" status_is 0 exhibit vault repair --from-vault whole --quiet
check "the custody log tells that bytes were replaced" says \
    'taken from elsewhere; items hurt before: 1, still: 0' exhibit custody log c/1

# ---- a pack that neither the directory nor the index knows any more ----

rm -rf vault && cp -a whole vault
rm "$pack"
exhibit rebuild --quiet >/dev/null
check "the check names the item" says 'c/1: 3,000,000 bytes' exhibit vault check --quiet
check "the repair does not say that nothing is damaged" silent 'nothing was done' \
    exhibit vault repair --quiet
check "it names the item" says 'c/1: 3,000,000 bytes' exhibit vault repair --quiet
check "it mends it" status_is 0 exhibit vault repair --from-vault whole --quiet
check "all is there again" status_is 0 exhibit verify --all --linear --quiet

# ---- an older ledger put back: on its word nothing goes that only the newer one names ----

rm -rf vault && cp -a whole vault
head -c 3000000 /dev/urandom >later
exhibit collect later --case c --quiet >/dev/null
rm -rf vault/ledger && cp -a whole/ledger vault/ledger
check "a compaction refuses" says 'the ledger was longer once' exhibit vault compact --waste 0
check "it still does when the catalog has forgotten" says 'the ledger was longer once' \
    exhibit vault compact --waste 0
check "every pack is there" [ "$(find vault/packs -name '*.pack' | wc -l)" = 2 ]
check "given up with a reason, it is done" status_is 0 \
    exhibit vault compact --waste 0 --reason 'the order of 3 May' --quiet
check "and only then a pack goes" [ "$(find vault/packs -name '*.pack' | wc -l)" = 1 ]
rm -rf vault && cp -a whole vault
exhibit item list --quiet >/dev/null
check "a whole ledger needs no reason" status_is 0 exhibit vault compact --waste 0 --quiet
echo "1..$count"
