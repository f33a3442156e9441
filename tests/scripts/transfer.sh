#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An item goes from one vault to another and comes back: offer → package → import → accept → receipt →
# confirmation. Each command is killed at several instants on the way; after each kill, and after each command,
# both ledgers are asked who holds the item, and their answers leave exactly one.
# tests/scripts/transfer.sh EXHIBIT; prints TAP. KILLS: kills of each command (3).
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" transfer "$1"
kills=${KILLS:-3}

vkey() { grep -o 'exhibit-vault/[0-9a-f]*+[0-9a-f]*+[A-Za-z0-9+/=]*' "$1" | head -1; }
a() { exhibit "$@" --vault "$work/A" --officer Ama; }
b() { exhibit "$@" --vault "$work/B" --officer Ben; }
unset EXHIBIT_VAULT
{
    exhibit init A --agency "Police A" --officer Ama --no-recovery-sheet --kdf-memory 8
    exhibit init B --agency "Police B" --officer Ben --no-recovery-sheet --kdf-memory 8
} >init 2>&1
key_a=$(vkey <(grep -A99 . init))
key_b=$(grep -o 'exhibit-vault/[0-9a-f]*+[0-9a-f]*+[A-Za-z0-9+/=]*' init | sort -u | grep -vxF "$key_a" | head -1)
{
    a case new --number CA --title t
    b case new --number CB --title t
    head -c 2000000 /dev/urandom >disk
    a collect disk --case CA
    a item register --case CA --description "a laptop" --serial 7 --seals "A 17"
} >log 2>&1
to=$(b officer list --json | jq -r 'select(.type == "summary").result.officers[0].age')

# {"A"}, {"B"} or {"A", "B"}, by what one ledger says of the item; "-": it has no such item yet.
says() { # SELF OTHER LABEL
    local self=$1 other=$2 label=$3 holder
    holder=$("$(echo "$self" | tr AB ab)" custody check "$label" --json 2>/dev/null |
        jq -r 'select(.type == "summary" or .type == "error") | .result.items[0].custody.periods[-1].holder // "-"')
    case $holder in
    officer) echo "$self" ;;
    outside) echo "$other" ;;
    not-known) echo "A B" ;;
    -) echo "A B" ;;
    *) echo "$holder" ;;
    esac
}
# The holders that both ledgers allow.
holders() { # LABEL-IN-A LABEL-IN-B
    local in_a in_b
    in_a=$(says A B "$1")
    in_b=$(says B A "$2")
    comm -12 <(echo "$in_a" | tr ' ' '\n' | sort) <(echo "$in_b" | tr ' ' '\n' | sort) | tr '\n' ' '
}
one_holder() { # WANTED (A, B or AB: either)
    local label held
    for label in "CA/1 CB/1" "CA/2 CB/2"; do
        # shellcheck disable=SC2086 # two labels
        held=$(holders $label)
        case $1 in
        AB) [ "$held" = "A " ] || [ "$held" = "B " ] ;;
        *) [ "$held" = "$1 " ] ;;
        esac || {
            echo "of $label the holders are \"$held\", not \"$1\""
            return 1
        }
    done
}

save() {
    rm -rf saved
    mkdir saved
    cp -a A B ./*.age* receipt confirmation saved/ 2>/dev/null
    return 0
}
# Runs it to the end; how long that took, in milliseconds.
step() { # WANTED-AFTER COMMAND…
    local want=$1 i ms start
    shift
    save
    start=$(date +%s%N)
    "$@" >said 2>&1 || {
        echo "$*: failed"
        cat said
        return 1
    }
    ms=$((($(date +%s%N) - start) / 1000000))
    one_holder "$want" || return 1
    for i in $(seq 1 "$kills"); do
        rm -rf A B ./*.age* receipt confirmation
        cp -a saved/. .
        timeout -s KILL "$((ms * i / (kills + 1)))e-3" bash -c "$(declare -f exhibit a b); bin='$bin' work='$work'; $(printf '%q ' "$@")" >said 2>&1
        [ $? = 137 ] && echo 1 >>killed
        one_holder AB || {
            echo "after a kill at $i/$((kills + 1)) of $*"
            return 1
        }
        # Whatever it left, it is done again: it says that it was done already, or it does it now.
        rm -f ./*.part
        [ -e p.age ] || rm -f p.age.minisig p.age.sig
        "$@" >said 2>&1 || again_is_fine "$@" || {
            echo "after a kill at $i/$((kills + 1)), again: $*"
            cat said
            return 1
        }
        one_holder "$want" || {
            echo "after a kill at $i/$((kills + 1)) and doing it again: $*"
            return 1
        }
    done
    return 0
}
# Done before the kill came: the second time it is refused because of that.
again_is_fine() {
    grep -q "already\|is there\|offered\|answered\|accepted" said || return 1
    case $* in
    *--output*p.age*) [ -e p.age ] && [ -e p.age.minisig ] && [ -e p.age.sig ] ;;
    *accept*) [ -e receipt ] || b handover receipt "$h" --output receipt ;;
    *) true ;;
    esac
}
h=
offer() {
    a handover offer CA/1 CA/2 --to-vault "$key_b" --to-agency "Police B" --to-officer Ben --purpose examination --legal-basis "MLA 7" \
        --seals "A 17"
}
find_offer() {
    h=$(a handover list --json | jq -r 'select(.type == "summary").result.handovers[-1].id')
    [ ${#h} = 32 ]
}
check "before anything the first vault holds both items" one_holder A
check "an offer changes nothing" step A offer
check "the offer is found" find_offer
check "a package with the offer changes nothing" step A a package create --handover "$h" --to "$to" --output p.age
check "an import changes nothing" step A b package import p.age --case CB --key "$key_a"
check "nor does the taker's signature" step A b handover accept "$h" --seals "A 17" --output receipt
check "the giver's entry of the receipt passes both items" step B a handover enter receipt --output confirmation
check "the confirmation tells the taker" step B b handover enter confirmation
both_know() {
    [ "$(says A B CA/1)" = B ] && [ "$(says B A CB/1)" = B ] && [ "$(says A B CA/2)" = B ] && [ "$(says B A CB/2)" = B ]
}
check "both ledgers name one holder, and the same" both_know
again() {
    rm -f confirmation receipt
    b handover receipt "$h" --output receipt && a handover enter receipt --output confirmation && b handover enter confirmation &&
        one_holder B && both_know
}
check "lost files are written again, and nothing is doubled" again
twice() {
    local before after
    before=$(a handover list --json | jq '.result.handovers | length? // empty')
    a handover enter receipt --output confirmation2 >said 2>&1
    after=$(a handover list --json | jq '.result.handovers | length? // empty')
    [ "$before" = "$after" ] && both_know
}
check "a receipt that comes twice changes nothing" twice
other_offer() {
    local n line h2
    {
        a collect disk --case CA
        a handover offer CA/3 --to-vault "$key_b" --to-agency "Police B" --to-officer Ben --purpose p --legal-basis l
    } >said 2>&1 || { cat said; return 1; }
    h2=$(a handover list --json | jq -r 'select(.type == "summary").result.handovers[] | select(.id != "'"$h"'") | .id' | head -1)
    # One bit of a line of the receipt; a receipt that another vault never offered for.
    for n in 1 2 3 4 5 6; do
        line=$(($(wc -l <receipt) * n / 7 + 1))
        awk -v at="$line" 'NR == at { c = substr($0, 30, 1); $0 = substr($0, 1, 29) (c == "A" ? "B" : "A") substr($0, 31) } { print }' receipt >forged
        cmp -s receipt forged && continue
        a handover enter forged --output c3 >said 2>&1 && { echo "a receipt with another line $line is taken"; return 1; }
    done
    exhibit init C --agency "Police C" --officer Ama --no-recovery-sheet --kdf-memory 8 >/dev/null 2>&1
    exhibit handover enter receipt --output c3 --vault "$work/C" --officer Ama >said 2>&1 && {
        echo "a vault that offered nothing takes a receipt"
        return 1
    }
    a handover accept "$h2" --output r3 >said 2>&1 && { echo "the giver accepts for the taker"; return 1; }
    return 0
}
check "a receipt for another offer is refused, and the giver cannot accept for the taker" other_offer
sound() {
    a ledger verify >said 2>&1 || true
    a verify --all --json | jq -e 'select(.type == "summary").result.claims | .history.verdict == "good" and .signers.verdict == "good"' >/dev/null &&
        b verify --all --json | jq -e 'select(.type == "summary").result.claims | .history.verdict == "good" and .signers.verdict == "good" and .content.verdict == "good"' >/dev/null
}
check "both ledgers and all items are sound" sound
echo "# $(awk '{ n += $1 } END { print n + 0 }' killed 2>/dev/null) commands were killed"
echo "1..$count"
