#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The program as a whole against stock tools and against bad luck: tests/scripts/whole-way.sh EXHIBIT [--plain]
# In an encrypted vault, unless --plain is given.
# Prints TAP.
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" "whole-way${2:-}" "$1"
mode=${2:-}
json() { # FILTER: a member of the last line on standard input, without needing jq
    sed -n '$p' | grep -o "\"$1\":[^,}]*" | head -1 | cut -d: -f2- | tr -d '"'
}

exhibit init vault --agency A --officer O "${mode:---no-recovery-sheet}" --kdf-memory 8 >/dev/null 2>&1 &&
    exhibit case new --number c --title t >/dev/null 2>&1 || {
    echo "not ok 1 - whole-way: no vault could be made"
    echo "1..1"
    exit 1
}

# Without a passphrase the bodies of an encrypted vault cannot be checked, and that is said.
history_sound() {
    local status=0
    exhibit ledger verify || status=$?
    [ "$status" = "$([ "$mode" = --plain ] && echo 0 || echo 3)" ]
}

# ---- the hashes are those of stock tools, at every odd size ----

same_as_stock() { # FILE
    local out sum
    out=$(exhibit collect "$1" --case c --json --quiet) || return 1
    sum=$(sha256sum <"$1" | cut -d' ' -f1)
    [ "$(printf '%s\n' "$out" | json sha256)" = "$sum" ] || return 1
    if command -v fsverity >/dev/null; then
        [ "sha256:$(printf '%s\n' "$out" | json fsverity)" = \
            "$(fsverity digest --hash-alg=sha256 --block-size=4096 "$1" | cut -d' ' -f1)" ] || return 1
    fi
    rm -f copy
    exhibit export "$(printf '%s\n' "$out" | json label)" --format raw --output copy || return 1
    cmp "$1" copy
}
for size in 0 1 4095 4096 4097 65535 65536 65537 524287 524288 524289; do
    openssl enc -aes-256-ctr -nosalt -K "$(printf '%064d' "$size")" -iv 00000000000000000000000000000000 \
        </dev/zero 2>/dev/null | head -c "$size" >random
    check "random data of $size bytes" same_as_stock random
    head -c "$size" /dev/zero >zeros
    check "zeros, $size bytes" same_as_stock zeros
done
{ cat "$bin"; head -c 300000 /dev/zero; cat "$bin"; head -c 70000 /dev/zero | tr '\0' '\377'; echo end; } >mixed
check "program, zeros, the same program again, ones" same_as_stock mixed
check "standard input" bash -c "\"$bin\" collect - --case c <mixed"
check "every item verifies, whole stream included" exhibit verify --all --linear

added=$(exhibit collect mixed --case c --json --quiet | json added_bytes)
check "collected again, it adds less than 1 % ($added bytes)" [ "$added" -lt $(($(stat -c %s mixed) / 100)) ]

# ---- several at once ----

at_once() {
    local i pid=()
    for i in 1 2 3 4; do
        { head -c "${i}00000" mixed; echo "$i"; } >"part$i"
        "$bin" collect "part$i" --case c >"out$i" 2>&1 &
        pid+=($!)
    done
    for i in 1 2 3 4 5; do
        exhibit item list >/dev/null || return 1
    done
    for i in "${pid[@]}"; do
        wait "$i" || return 1
    done
    [ "$(cat out1 out2 out3 out4 | grep -c '^Collected item')" = 4 ] || return 1
    [ -z "$(cat out1 out2 out3 out4 | grep '^Collected item' | sort | uniq -d)" ]
}
check "four collections and a reader at once, each item its own number" at_once
check "and everything verifies" exhibit verify --all
no_marks() { # nobody cut anything off and nobody put anything back: the ledger must not say so
    local i
    for i in 1 2 3; do
        (for k in 1 2 3 4 5 6 7 8; do "$bin" case new --number "$i-$k" --title t >/dev/null 2>&1; done) &
    done
    for i in 1 2 3 4 5; do
        ! exhibit case new --number c --title again || return 1
        exhibit vault check >/dev/null || return 1
    done
    wait
    ! exhibit ledger show | grep -q ledger.leftover && ! ls vault/ledger/beyond && history_sound
}
check "busy hands and a number taken twice leave no mark of a cut or a roll-back" no_marks
while_rebuilt() {
    local i pid
    (for i in 1 2 3 4 5 6; do "$bin" rebuild || exit 1; done >rebuilds 2>&1) &
    pid=$!
    for i in 1 2 3 4 5 6; do
        exhibit verify --all || return 1
    done
    wait $pid
}
check "nothing goes missing while the index is made anew" while_rebuilt

# ---- the derived files come back ----

rebuilt() {
    exhibit item list --json --quiet | sed 's/"entries":.*//' >before || return 1
    rm -rf vault/catalog.db* vault/index
    exhibit rebuild || return 1
    exhibit item list --json --quiet | sed 's/"entries":.*//' >after || return 1
    cmp before after && exhibit verify --all
}
check "catalog and index deleted and rebuilt: the same items" rebuilt

# ---- killed at any moment ----

killed() {
    local i pid before after
    head -c 6000000 /dev/urandom >noise
    for i in 1 2 3 4 5 6 7 8 9 10; do
        before=$(exhibit item list --json --quiet | tr '{' '\n' | grep -c '"label"')
        "$bin" collect noise --case c >killed.out 2>&1 &
        pid=$!
        sleep "0.0$i"
        kill -9 $pid 2>/dev/null
        wait $pid 2>/dev/null
        exhibit vault check || return 1
        after=$(exhibit item list --json --quiet | tr '{' '\n' | grep -c '"label"')
        # What was acknowledged is there; what was not may or may not be.
        if grep -q '^Collected item' killed.out; then
            [ "$after" = $((before + 1)) ] || return 1
        fi
    done
    exhibit verify --all
}
check "kill -9 at ten moments of a collection: nothing acknowledged is lost" killed

# ---- a source that will not hold still ----

changes() { # a pipe holds the reader back while the file changes under it: not possible for a file, so
    # the file is large, and is changed as soon as the intent is in the ledger
    local before pid
    head -c 300000000 /dev/zero >moving
    before=$(sed -n 2p vault/ledger/checkpoint)
    "$bin" collect moving --case c >moving.out 2>&1 &
    pid=$!
    while [ "$(sed -n 2p vault/ledger/checkpoint)" = "$before" ]; do :; done
    "$@"
    ! wait $pid && grep -q 'while it was read' moving.out
}
grow() { echo more >>moving; }
shrink() { truncate -s 1000 moving; }
vanish() { rm moving; }
check "a source that grows is refused" changes grow
check "a source that shrinks is refused" changes shrink
check "a source that vanishes is refused" changes vanish
rm -f moving
check "each refusal is in the ledger" bash -c "\"$bin\" ledger show | grep -c 'failed: .*while it was read' | grep -qx 3"
check "the history is sound after all of it" history_sound

echo "1..$count"
