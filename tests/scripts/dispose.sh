#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A disposal that is killed: at any moment the other items are whole, the item is held or is said to be
# disposed of, and doing it again ends it; then no pack has bytes that only this item had. tests/scripts/dispose.sh EXHIBIT; prints TAP.
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" dispose "$1"
command -v jq >/dev/null || {
    skip 'all of it' 'jq is missing'
    echo "1..$count"
    exit 0
}
echo 'the passphrase of another' >other
as_other() { EXHIBIT_PASSPHRASE_FILE=$work/other "$bin" "$@" --officer Other; }
summary() { jq -c 'select(.type == "summary")'; }
verdict() { # ITEM: its verdict now
    exhibit verify "$1" --officer One --json | summary | jq -r '.result.items[0].verdict'
}
{
    exhibit init vault --agency A --officer One --plain --kdf-memory 8
    exhibit case new --number 1 --title t
    EXHIBIT_NEW_PASSPHRASE_FILE=$work/other exhibit officer add Other --permissions all --kdf-memory 8
    head -c 12000000 /dev/urandom >shared
    head -c 12000000 /dev/urandom >own
    { cat shared own; } >both
    exhibit collect shared --case 1 --officer One
    exhibit collect both --case 1 --officer One
    exhibit item dispose 1/2 --officer One --legal-basis 'order 3'
} >log 2>&1
proposal=$(exhibit ledger show --officer One --json | summary |
    jq -r '.result.shown[] | select(.event == "dispose.propose").index')
check 'a proposal removes nothing' [ "$(verdict 1/2)" = good ]
mv vault saved

# A piece of what only the item has, as it stands in packs (noise is not compressed).
holds_own() {
    local piece
    for pack in vault/packs/*/*.pack vault/work/*/*.pack; do
        [ -f "$pack" ] || continue
        for at in 1000 1500 2000; do
            piece=$(xxd -p -s $((at * 4096)) -l 64 -c 64 own)
            xxd -p -c 1000000000 "$pack" | grep -q "$piece" && return 0
        done
    done
    return 1
}
for ms in 020 040 060 080 120 160; do
    rm -rf vault
    cp -a saved vault
    check "$ms ms: before, the bytes are there" holds_own
    (EXHIBIT_PASSPHRASE_FILE=$work/other timeout -s KILL "0.$ms" "$bin" item dispose 1/2 \
        --approve "$proposal" --officer Other; true) >/dev/null 2>&1
    check "$ms ms: the other item is whole" [ "$(verdict 1/1)" = good ]
    now=$(verdict 1/2)
    check "$ms ms: this one is whole, or said to be disposed of ($now)" \
        grep -qx 'good\|disposed\|partly-disposed' <<<"$now"
    as_other item dispose 1/2 --approve "$proposal" >again 2>&1
    check "$ms ms: doing it again ends it" [ "$(verdict 1/2)" = disposed ]
    check "$ms ms: the other item is whole still" [ "$(verdict 1/1)" = good ]
    check "$ms ms: no pack has bytes of it" eval '! holds_own'
    check "$ms ms: the vault is sound" exhibit vault check --deep
    check "$ms ms: nothing is left at work" [ -z "$(ls vault/work)" ]
    check "$ms ms: the history is sound" exhibit ledger verify
done
echo "1..$count"
