#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A collection that is killed and gone on with: tests/scripts/resume.sh EXHIBIT [--plain]
# Prints TAP.
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" "resume${2:-}" "$1"
mode=${2:-}
json() { # NAME: a member of the last line on standard input
    sed -n '$p' | grep -o "\"$1\":[^,}]*" | head -1 | cut -d: -f2- | tr -d '"'
}
work_id() { basename "$(ls -d vault/work/*/)"; }
exhibit init vault --agency A --officer O "${mode:---no-recovery-sheet}" --kdf-memory 8 >/dev/null 2>&1 &&
    exhibit case new --number c --title t >/dev/null 2>&1 || {
    echo "not ok 1 - resume: no vault could be made"
    echo "1..1"
    exit 1
}
openssl enc -aes-256-ctr -nosalt -K "$(printf '%064d' 7)" -iv 00000000000000000000000000000000 \
    </dev/zero 2>/dev/null | head -c 240000000 >disk
mkdir d && mv disk d/disk
sum=$(sha256sum <d/disk | cut -d' ' -f1)

# Ends by kill -9 as soon as there is a resume point in the journal.
cut_off() {
    local i
    "$bin" collect d/disk --case c --label 'the disk' --quiet >/dev/null 2>&1 &
    for ((i = 0; i < 3000; i++)); do
        [ "$(cat vault/work/*/journal 2>/dev/null | wc -c)" -gt 3500 ] && break
        kill -0 $! 2>/dev/null || return 1
        sleep 0.02
    done
    kill -9 $!
    wait $! 2>/dev/null
    [ -d "vault/work/$(work_id)" ]
}
check "killed behind a resume point" cut_off
id=$(work_id)
check "no item came of it" bash -c "'$bin' item list --quiet | grep 'no items'"
check "work list names it" bash -c "'$bin' work list --quiet >list && grep 'can be resumed at' list && grep $id list"
check "vault check names it" bash -c "'$bin' vault check --quiet >list; grep $id list"

resumed() {
    exhibit work resume "$id" --json --quiet >out || return 1
    [ "$(json sha256 <out)" = "$sum" ] && [ "$(json label <out)" = c/1 ] && grep -q 'the disk' out
}
other_source() { # another file under the same name
    mv d kept && mkdir d && cp -p kept/disk d/disk && status_is 1 exhibit work resume "$id" || return 1
    rm -r d && mv kept d
}
check "another file in its place is refused" other_source
check "resumed: the SHA-256 of sha256sum" resumed
check "the item says that it was resumed" bash -c "'$bin' ledger show --json --quiet | grep -q '\"resumes\"'"
told() { # TEXT COMMAND…
    local text=$1
    shift
    exhibit "$@" | tr -s ' \n' ' ' | grep -qF -- "$text"
}
check "so does its page" told 'Interrupted read in 2 sittings, not in one' item show c/1
check "and by what the source was taken for the same" told \
    'taken for the same by: path, size, inode, time of modification, time of change' custody log c/1
check "what came before was compared in samples" told 'compared again in samples only' item show c/1
check "the log says from which byte on" told 'going on with entry' custody log c/1
check "it verifies, whole stream included" exhibit verify --all --linear
check "nothing is left" bash -c "'$bin' work list --quiet | grep 'no unfinished'"
check "resumed again, there is nothing" status_is 6 exhibit work resume "$id"
check "no intent is open" bash -c "! '$bin' verify --all | grep -i 'without outcome'"
rm -f copy
check "exported" exhibit export c/1 --format raw --output copy
check "the same bytes" cmp d/disk copy

far_away() { # times that are no nanoseconds of 64 bits are told as they are, or not at all
    echo x >far && touch -d '2300-01-01 00:00:00 UTC' far || return 1
    local s
    s=$(stat -c %Y far)
    exhibit collect far --case c --json --quiet >out || return 1
    if [ "$s" -gt 9223372036 ]; then # the file system can hold it
        grep -q "\"modified\":null" out && grep -q "\"modified_seconds\":\"@$s.000000000\"" out
    else
        grep -q "\"modified\":\"$(date -u -d "@$s" +%Y)" out
    fi
}
check "a time after 2262 is not recorded as another" far_away

head -c 240000000 /dev/urandom >d/disk
check "another one, killed behind a resume point" cut_off
id=$(work_id)
check "discarding needs a reason" status_is 2 exhibit work discard "$id"
check "discarded" exhibit work discard "$id" --reason 'wrong disk'
check "it is gone" [ ! -e "vault/work/$id" ]
check "the ledger says so" bash -c "'$bin' ledger show --quiet >list; grep discard.outcome list"
check "the vault is sound" exhibit vault check --deep --quiet

cut_off_early() { # standard input stalls before there is a resume point
    local pid i
    mkfifo pipe
    "$bin" collect - --case c --quiet <pipe >/dev/null 2>&1 &
    pid=$!
    exec 9>pipe
    head -c 100000 d/disk >&9
    for ((i = 0; i < 500; i++)); do
        [ -s "$(echo vault/work/*/journal)" ] && break
        sleep 0.02
    done
    kill -9 $pid
    exec 9>&-
    wait $pid 2>/dev/null
    [ -d "vault/work/$(work_id)" ]
}
check "another one, killed before its first resume point" cut_off_early
id=$(work_id)
check "cannot be resumed" status_is 4 exhibit work resume "$id"
check "and stays for all that" [ -d "vault/work/$id" ]
check "until it is discarded" exhibit work discard "$id" --reason 'nothing to go on with'
check "by an entry" bash -c "[ \$('$bin' ledger show --quiet | grep -c discard.outcome) = 2 ]"
echo "1..$count"
