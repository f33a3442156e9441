#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Several sources at once: tests/scripts/several.sh EXHIBIT [--plain]
# Prints TAP.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" "several${2:-}" "$1"
mode=${2:-}
last() { sed -n '$p' "$1"; }
member() { # FILE EXPRESSION: of the last line, as Python has it
    last "$1" | python3 -c "import json,sys; d=json.load(sys.stdin); r=d['result']; print($2)"
}
says() { # FILE EXPRESSION VALUE
    local got
    got=$(member "$1" "$2") || return 1
    echo "$2 is $got"
    [ "$got" = "$3" ]
}
sum() { sha256sum <"$1" | cut -d' ' -f1; }
entries() { # PATTERN: how many entries of the ledger have it in their events
    exhibit ledger show --quiet | grep -c "$1"
}
new_vault() { # DIR
    exhibit init "$1" --vault "$1" --agency A --officer O "${mode:---no-recovery-sheet}" --kdf-memory 8 \
        >/dev/null 2>&1 && exhibit case new --vault "$1" --number c --title t >/dev/null 2>&1
}
random() { # SEED BYTES
    openssl enc -aes-256-ctr -nosalt -K "$(printf '%064d' "$1")" \
        -iv 00000000000000000000000000000000 </dev/zero 2>/dev/null | head -c "$2"
}
sound() { # all that a vault can be asked for
    exhibit vault check --deep --quiet && exhibit verify --all --linear --quiet &&
        exhibit custody check --all --quiet && ledger_good
}
ledger_good() { # of a locked vault nobody can say that of every body
    local got=0
    exhibit ledger verify --quiet || got=$?
    [ "$got" = 0 ] || [ "$mode$got" = 3 ]
}

new_vault vault || {
    echo "not ok 1 - several: no vault could be made"
    echo "1..1"
    exit 1
}

# ---- a list ----

random 1 3000000 >a.bin
seq 1 200000 >b.txt
tar cf t.tar b.txt
khmer=$'\xe1\x9e\x91\xe1\x9e\xbc\xe1\x9e\x9a\xe1\x9e\x9f\xe1\x9e\x96\xe1\x9f\x92\xe1\x9e\x91'
turned=$'laptop \xe2\x80\xae of B'
printf 'source,label,case,reason\r\na.bin,"Disk of A, ""grey""",c,seized\r\nt.tar,%s,c,\r\nlost.bin,Lost,c,\r\nb.txt,"two\r\nlines %s",c,\r\n' \
    "$khmer" "$turned" >list.csv
before=$(entries session.open)
check "one source of four is missing: not found, and the others are held" status_is 6 \
    bash -c "'$bin' collect --queue list.csv --jobs 4 --json --quiet >out"
check "three are held, one is not" says out "(r['counts']['held'], r['counts']['failed'])" "(3, 1)"
check "by their labels" says out "[s['label_text'] for s in r['sources']][1]" "$khmer"
check "each with its hash" says out "r['sources'][0]['item']['sha256']" "$(sum a.bin)"
check "and its line" says out "[s['line'] for s in r['sources']]" "[2, 3, 4, 5]"
check "the missing one says why" says out "r['sources'][2]['error']['code']" not-found
check "what it looks like is said" says out "r['sources'][1]['item']['looks_like']['kind']" tar
one_session() { [ "$(entries session.open)" = $((before + 2)) ]; } # and that of the look
check "one session signed for all of them" one_session
check "the ledger names list, line and label" bash -c \
    "'$bin' ledger show --json --quiet | grep -q '\"queue\":{[^}]*\"line\":5'"
check "a reason of the list is in its entries" bash -c "'$bin' ledger show --json --quiet | grep -q seized"
check "again: what is held is not collected twice" status_is 6 \
    bash -c "'$bin' collect --queue list.csv --json --quiet >out"
check "and it is said" says out "(r['counts']['held'], r['counts']['already'])" "(0, 3)"
touch b.txt
check "a source that was touched is collected again" status_is 6 \
    bash -c "'$bin' collect --queue list.csv --json --quiet >out"
check "that one alone" says out "(r['counts']['held'], r['counts']['already'])" "(1, 2)"
check "no escape and no turning reaches a terminal" bash -c \
    "'$bin' collect --queue list.csv 2>&1 | tee page | grep -q 'two' && ! grep -q \$'\\xe2\\x80\\xae\\|\\x1b' page"
random 9 400000 >part.bin
status_is 3 exhibit collect part.bin --case c --label part --skip-region 4096+512 --quiet >talk
printf 'source,label\npart.bin,part\n' >part.csv
check "what is held in part is so again" status_is 3 \
    bash -c "'$bin' collect --queue part.csv --case c --json --quiet >out"
check "and was not read again" says out \
    "(r['counts'], r['sources'][0]['verdict'])" "({'held': 0, 'already': 1, 'failed': 0}, 'partial')"
check "the page says how the rest is read" bash -c \
    "'$bin' collect --queue part.csv --case c --quiet | tee page | grep -q 'held in part before' && grep -q -- '--fill' page"
status_is 0 exhibit collect part.bin --case c --label part --quiet >talk
check "when a whole one is held as well, that one counts" status_is 0 \
    exhibit collect --queue part.csv --case c --quiet
if loop=$(losetup --find --show --read-only part.bin 2>/dev/null); then
    printf 'source,label\n%s,stick\n' "$loop" >stick.csv
    exhibit collect --queue stick.csv --case c --quiet >talk
    exhibit collect --queue stick.csv --case c --json --quiet >out
    check "a device is read again: nothing says that it is the same" \
        says out "(r['counts']['held'], r['counts']['already'])" "(1, 0)"
    losetup --detach "$loop"
else
    skip "a device is read again" "no loop device can be made here"
fi
check "several by name" status_is 0 bash -c "'$bin' collect a.bin t.tar --case c --json --quiet >out"
check "are collected anew each time" says out "r['counts']['held']" 2
check "a label for several is refused" status_is 2 exhibit collect a.bin t.tar --case c --label x
check "so is a fill" status_is 2 exhibit collect a.bin t.tar --case c --fill c/1
check "the vault is sound" sound

# ---- a window ----

check "the terminal view keeps to its window" python3 "$here/several-tty.py" "$bin" 80 24
check "a narrow one as well" python3 "$here/several-tty.py" "$bin" 30 6
check "a terminal that cannot move its cursor gets plain lines" \
    env TERM=dumb python3 "$here/several-tty.py" "$bin" 80 24 --plain

# ---- cut off ----

random 2 480000000 >d2
random 3 480000000 >d3
random 4 5000000 >d4
printf 'source,label\nd2,second\nd3,third\nd4,fourth\n' >big.csv
begin() { # in the background, until one has a resume point; leaves its process id in $run
    local i n
    "$bin" collect --queue big.csv --case c --jobs 2 --json >out 2>/dev/null &
    run=$!
    for ((i = 0; i < 3000; i++)); do
        n=$(find vault/work -name journal -size +3500c 2>/dev/null | wc -l)
        [ "$n" -gt 0 ] && return 0
        kill -0 $run 2>/dev/null || return 1
        sleep 0.02
    done
    return 1
}
gone() { # until no process collects
    local i
    for ((i = 0; i < 1000; i++)); do
        "$bin" work list --quiet >list
        grep -q 'going on' list || return 0
        sleep 0.05
    done
    return 1
}
interrupted() {
    begin || return 1
    kill -INT $run
    status_is 130 wait $run
}
check "interrupted: the whole run ends in order" interrupted
check "no source is said to be held" says out "[s['item'] for s in r['sources']]" "[None, None, None]"
check "the one that had not begun says so" says out "r['sources'][2]['begun']" False
check "what can be gone on with says how" says out \
    "any('work resume' in (s['error']['hint'] or '') for s in r['sources'][:2])" True
discard_all() {
    local id
    for id in vault/work/*/; do
        exhibit work discard "$(basename "$id")" --reason 'the next test begins anew' --quiet || return 1
    done
}
check "it is discarded" discard_all
killed() {
    begin || return 1
    kill -9 $run
    wait $run 2>/dev/null
    gone
}
check "the same list again, and killed" killed
check "one at least can be gone on with" bash -c "'$bin' work list --quiet | grep 'can be resumed at'"
check "the same list a third time: all three are held" status_is 0 \
    bash -c "'$bin' collect --queue big.csv --case c --json --quiet >out"
check "what could be gone on with was" says out "any(s['resumed'] for s in r['sources'])" True
check "with the right bytes" says out "[s['item']['sha256'] for s in r['sources']]" \
    "['$(sum d2)', '$(sum d3)', '$(sum d4)']"
check "no work is left that could be" bash -c "! '$bin' work list --quiet | grep 'can be resumed at'"

# ---- one of them fails ----

printf 'source,label\nd5,fifth\nd6,sixth\n' >two.csv
random 5 240000000 >d5
random 6 240000000 >d6
begin_two() {
    local i
    "$bin" collect --queue two.csv --case c --jobs 2 --json >out 2>/dev/null &
    run=$!
    for ((i = 0; i < 1000; i++)); do
        [ "$(find vault/work -name journal | wc -l)" -ge 2 ] && return 0
        sleep 0.02
    done
    return 1
}
vanishes() {
    begin_two || return 1
    rm d5
    status_is 1 wait $run
}
check "one that vanishes while it is read is not held" vanishes
check "the other one is" says out "[s['verdict'] for s in r['sources']]" "['source-changed', 'ok']"
random 5 240000000 >d5
child_killed() {
    begin_two || return 1
    kill -9 "$(pgrep -P $run | head -1)"
    status_is 1 wait $run
}
rm d6 && random 7 240000000 >d6
check "a process of its own that dies takes no other with it" child_killed
check "and is told from what is held" says out "sorted(s['verdict'] for s in r['sources'])" \
    "['internal', 'ok']"
check "the list again ends it" status_is 0 exhibit collect --queue two.csv --case c --quiet
check "the vault is sound after all that" sound

# ---- the destination ----

if mkdir ro && mount -t tmpfs -o size=6m,mode=700 tmpfs ro 2>/dev/null; then
    export EXHIBIT_VAULT=$work/ro/vault
    new_vault ro/vault
    printf 'source,label\na.bin,a\nd4,b\nt.tar,c\n' >small.csv
    check "O3: the disk of the vault is full: a failure" status_is 1 \
        bash -c "'$bin' collect --queue small.csv --case c --jobs 2 --json --quiet >out"
    check "O3: it is said of each source that did not fit" says out \
        "{s['error']['code'] for s in r['sources'] if s['error']}" "{'disk-full'}"
    check "O3: nothing is said to be held that is not" bash -c \
        "[ \$('$bin' item list --quiet | grep -c SHA-256) -le $(member out "r['counts']['held']") ]"
    mount -o remount,size=64m ro
    check "O3: with room, the same list ends it" status_is 0 exhibit collect --queue small.csv --case c --quiet
    check "O3: the vault is sound" sound
    mount -o remount,ro ro
    check "O2: a disk that cannot be written to: one error, and nothing collected" bash -c \
        "! '$bin' collect a.bin t.tar --case c --quiet >page 2>&1 && [ \$(grep -c '^exhibit:' page) = 1 ] && ! grep -q held page"
    mount -o remount,rw ro
    check "O2: the vault is as it was" sound
    umount ro
else
    skip "O2, O3" "a tmpfs cannot be mounted here"
fi
echo "1..$count"
