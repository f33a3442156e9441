#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Two vaults cosign each other's ledgers; forks, histories made anew and roll-backs are refused and kept as
# evidence; an answer that was lost is given again; policies. tests/scripts/cosign.sh EXHIBIT; prints TAP.
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" cosign "$1"
command -v jq >/dev/null && command -v xxd >/dev/null || {
    skip 'all of it' 'jq or xxd is missing'
    echo "1..$count"
    exit 0
}
unset EXHIBIT_VAULT
here=$OLDPWD/$(dirname "$0")
[ "${0#/}" = "$0" ] || here=$(dirname "$0")
export EXHIBIT_OFFICER=One
vault() { # DIR COMMAND…
    local dir=$1
    shift
    EXHIBIT_VAULT=$work/$dir "$bin" "$@"
}
result() { jq -c 'select(.type == "summary").result'; }
size() { sed -n 2p "$1/ledger/checkpoint"; }
status() { # STATUS COMMAND…: it ends with just this status
    local expected=$1 got
    shift
    "$@" >out 2>&1
    got=$?
    cat out
    [ $got = "$expected" ]
}
says() { grep -q -- "$1" out; }
last_result() { # VAULT: event and result of the last entry
    vault "$1" ledger show --json --quiet $(($(size "$1") - 1)) | result | jq -r '.shown[0] | "\(.event) \(.result)"'
}
request() { vault "$1" ledger prove --since "$2" --quiet; }
states() { # VAULT: how many states its ledger has
    vault "$1" ledger show --json | result | jq '[.shown[] | select(.event == "cosign.outcome" and .body.what.cosigned)] | length'
}
{
    vault station init "$work/station" --agency A --officer One --kdf-memory 8 --no-recovery-sheet --json | result >log.json
    vault court init "$work/court" --agency Court --officer One --kdf-memory 8 --no-recovery-sheet --json | result >court.json
    vault peer init "$work/peer" --agency Peer --officer One --plain --kdf-memory 8 --no-recovery-sheet --json | result >peer.json
    vault station case new --number 1 --title t
} >setup 2>&1
cp -a station anew
log_key=$(jq -r .vault_key log.json)
court_key=$(jq -r .vault_key court.json)
peer_key=$(jq -r .vault_key peer.json)
court_name=${court_key%%+*}
request station 0 >r0

# ---- the first time, and who is known ----
check 'a log that is not known is refused' status 6 vault court cosign r0
check 'and the refusal has an entry' [ "$(last_result court)" = 'cosign.outcome refused' ]
check 'with the key of another log, too' status 5 vault court cosign r0 --key "$peer_key"
check 'and with what is no key' status 2 vault court cosign r0 --key nonsense
check 'the own ledger is refused' status 2 vault station cosign r0 --key "$log_key"
awk 'NR == 4 { $0 = $0 "1" } { print }' r0 >changed
check 'a changed checkpoint is refused' status 5 vault court cosign changed --key "$log_key"
echo 'old x' >bad
check 'what is no request is refused' status 4 vault court cosign bad --key "$log_key"
check 'no state came of it' [ "$(states court)" = 0 ]
check 'the first time, with the key from paper' status 0 vault court cosign r0 --key "$log_key" --output a0
check 'the answer is one line' eval '[ "$(grep -c "^— $court_name " a0)" = 1 ] && [ "$(wc -l <a0)" = 1 ]'
check 'a file is not written over' status 1 vault court cosign r0 --output a0

# ---- the answer again ----
vault court cosign r0 >a0b 2>/dev/null
check 'the same request gets the same answer' cmp a0 a0b
check 'and one state' [ "$(states court)" = 1 ]
check 'another key for the log is refused' status 5 vault court cosign r0 --key "$peer_key"
check 'the key from paper once more is not' status 0 vault court cosign r0 --key "$log_key"

# ---- the log keeps it ----
check 'a cosigner that is not known is refused' status 6 vault station ledger cosigned a0
check 'the key of another does not help' status 6 vault station ledger cosigned a0 --key "$peer_key"
check 'the log takes the answer in' status 0 vault station ledger cosigned a0 --key "$court_key" --output n0
check 'and keeps it' [ "$(last_result station)" = 'cosigned.receive done' ]
check 'the cosigned note begins with the checkpoint as it was' \
    cmp <(sed '1,/^$/d' r0) <(head -n -1 n0)
check 'taken in again, it is the same' eval 'vault station ledger cosigned a0 --json | result | jq -e ".again > 0"'
check 'the whole cosigned note is taken, too' status 0 vault station ledger cosigned n0
check 'the answer is over no checkpoint of another ledger' \
    status 5 vault peer ledger cosigned a0 --key "$court_key"

# ---- by hand, as docs/format/ledger.md §9 says ----
by_hand() {
    local NAME=$court_name KEY line time
    KEY=$(echo "$court_key" | cut -d+ -f3- | base64 -d | tail -c 32 | base64)
    (echo 302a300506032b6570032100 | xxd -r -p; echo "$KEY" | base64 -d) >key.der
    line=$(grep -F "— $NAME " n0 | cut -d' ' -f3)
    time=$(echo "$line" | base64 -d | tail -c +5 | head -c 8 | xxd -p)
    (printf 'cosignature/v1\ntime %d\n' "0x$time"; sed '/^$/,$d' n0) >signed
    echo "$line" | base64 -d | tail -c 64 >sig
    openssl pkeyutl -verify -pubin -keyform DER -inkey key.der -rawin -in signed -sigfile sig
}
check 'openssl verifies the cosignature' by_hand

# ---- the other way round, at the same time ----
request court 0 >c0
check 'each cosigns the other' status 0 vault station cosign c0 --key "$court_key" --output ca0
check 'and the other keeps that' status 0 vault court ledger cosigned ca0 --key "$log_key"

# ---- going on ----
last=$(sed -n '/^$/,$p' r0 | sed -n 3p)
vault station case new --number 2 --title t >/dev/null 2>&1
request station 1 >r1
check 'a request that begins elsewhere is refused' status 2 vault court cosign r1
check 'and the page says where to begin' says "since $last"
request station "$last" >r1
cp -a station fork
cp -a court old_court
check 'the right one is cosigned' status 0 vault court cosign r1 --output a1
check 'and taken in without the key' status 0 vault station ledger cosigned a1 --output n1
check 'the older request is refused now: rolled back' status 4 vault court cosign r0
check 'in words' says 'rolled back'
check 'as an entry with the checkpoint in it' eval \
    'vault court ledger show --json | result | jq -e "[.shown[] | select(.result == \"refused\" and .body.what.note)] | length > 0"'

# ---- a fork: a copy of the vault, and both go on ----
vault fork case new --number 3 --title other >/dev/null 2>&1
vault station case new --number 3 --title t >/dev/null 2>&1
last=$(sed -n '/^$/,$p' r1 | sed -n 3p)
request station "$last" >r2
check 'the log goes on' status 0 vault court cosign r2 --output a2
last=$(sed -n '/^$/,$p' r2 | sed -n 3p)
until [ "$(size fork)" -ge "$last" ]; do
    vault fork case list >/dev/null 2>&1
done
if [ "$(size fork)" = "$last" ]; then
    request fork "$last" >f
    check 'a fork of the same size is refused' status 4 vault court cosign f
    check 'and called a fork' says 'A FORK'
else
    skip 'a fork of the same size' 'the copy grew past it'
fi
vault fork case list >/dev/null 2>&1
request fork "$last" >f
check 'a fork that went on is refused' status 4 vault court cosign f
check 'and called what it may be' says 'fork'
check 'the evidence is in the ledger' eval \
    'vault court ledger show --json | result | jq -e "[.shown[] | select(.result == \"refused\" and .body.what.note and .body.what.last)] | length >= 2"'
sed '1,/^$/d' r2 >head2
check 'the fork does not continue what the court cosigned' status 4 vault fork ledger verify --checkpoint head2

# ---- a history made anew under the same keys: from a copy that was cut back to the beginning ----
until [ "$(size anew)" -gt "$last" ]; do
    vault anew case new --number "$(size anew)" --title 'as it should have been' >/dev/null 2>&1
done
check 'by itself nothing is wrong with it (its bodies are locked)' status 3 vault anew ledger verify --key "$log_key"
request anew "$last" >g
check 'a history made anew is refused' status 4 vault court cosign g
check 'and called what it may be' says 'made anew'
request anew 0 >g
check 'as if nothing had been, too' status 2 vault court cosign g

# ---- an older copy of the cosigner is put to work ----
check 'an old copy of the cosigner says that it may be one' status 2 vault old_court cosign r2
check 'in words' says 'older copy'
{ printf 'old 0\n\n'; cat n1; } >with_own
check 'it refuses what it cosigned and does not know' status 4 vault old_court cosign with_own
check 'in words of its own' says 'does not know it'
cp -a court rolled
rm -rf rolled/ledger
cp -a old_court/ledger rolled/ledger
vault rolled case list >/dev/null 2>&1
check 'a ledger that was put back beside a newer catalog cosigns no more' status 4 vault rolled cosign r1
check 'and says why' says 'put back'

# ---- killed between the entry and the answer ----
vault station case new --number 4 --title t >/dev/null 2>&1
last=$(sed -n '/^$/,$p' r2 | sed -n 3p)
request station "$last" >r3
mkfifo full
exec 7<>full
timeout 2 dd if=/dev/zero of=full bs=4096 count=16 2>/dev/null
timeout 1 dd if=/dev/zero of=full bs=1 count=70000 2>/dev/null
before=$(size court)
EXHIBIT_VAULT=$work/court "$bin" cosign r3 --quiet >full 2>/dev/null &
pid=$!
for _ in $(seq 100); do
    sleep 0.1
    [ "$(size court)" -ge $((before + 3)) ] && break
done
sleep 0.3
check 'it has its entry and hangs at the answer' kill -0 $pid
kill -9 $pid
wait $pid 2>/dev/null
exec 7>&-
check 'the outcome is in the ledger' [ "$(last_result court)" = 'cosign.outcome done' ]
before=$(states court)
check 'the answer is given now' status 0 vault court cosign r3 --output a3
check 'without a second state' [ "$(states court)" = "$before" ]
check 'and it is good' status 0 vault station ledger cosigned a3 --output n3

# ---- logs of other programs: litewitness' requests with the status that HTTP would have, and Tessera ----
vectors=$here/../vectors
foreign=$(cat "$vectors/cosign/litewitness.vkey")
for step in 1-200:0 2-403:5 3-403:5 4-422:4 5-422:4 6-200:0 7-409:2 8-200:0 9-409:0; do
    check "the request ${step%:*} of another witness' test ends with ${step#*:}" status "${step#*:}" \
        vault peer cosign "$vectors/cosign/litewitness-${step%:*}.request" \
        --key "$foreign"
done
tessera=example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx
for n in 0 7; do
    { printf 'old 0\n\n'; cat "$vectors/tessera-log/checkpoint.$n"; } >tessera$n
    check "a Tessera log of $n entries is cosigned" status 0 vault peer cosign tessera$n --key $tessera
done

# Killed at any moment: afterwards there is one state and one answer.
last=$(sed -n '/^$/,$p' r3 | sed -n 3p)
request station "$last" >r4
for ms in 010 030 060 100 150 220 300; do
    (EXHIBIT_VAULT=$work/court timeout -s KILL "0.$ms" "$bin" cosign r4; true) >/dev/null 2>&1
done
vault court cosign r4 >a4 2>/dev/null
vault court cosign r4 >a4b 2>/dev/null
check 'killed at any moment, it answers, always the same' eval 'cmp a4 a4b && [ -s a4 ]'
check 'from one state' eval \
    "[ \"\$(vault court ledger show --json | result | jq '[.shown[] | select(.event == \"cosign.outcome\" and .body.what.cosigned and .body.what.size == $(sed -n '/^$/,$p' r4 | sed -n 3p))] | length')\" = 1 ]"
check 'the ledger is sound' status 0 vault court verify --all --key "$court_key"

# ---- policies ----
request station 0 >p0
vault peer cosign p0 --key "$log_key" --output pa 2>/dev/null >&2
as_cosigner() { # the vkey of type 0x04: name, key id, key
    local name=${1%%+*} raw id
    raw=$(echo "$1" | cut -d+ -f3- | base64 -d | tail -c 32 | xxd -p -c 64)
    id=$( (printf '%s\n' "$name"; echo "04$raw" | xxd -r -p) | sha256sum | cut -c 1-8)
    printf '%s+%s+%s\n' "$name" "$id" "$(echo "04$raw" | xxd -r -p | base64 -w0)"
}
check 'the key of a cosigner is made by hand as the program makes it' \
    [ "$(as_cosigner "$court_key")" = "$(vault court cosign r4 --json 2>/dev/null | result | jq -r .cosigner)" ]
policy() { # RULE
    printf 'log %s\nwitness court %s\nwitness peer %s https://peer.example\ngroup both %s court peer\nquorum both\n' \
        "$log_key" "$(as_cosigner "$court_key")" "$(as_cosigner "$peer_key")" "$1"
}
policy 1 >one_of_two
policy 2 >two_of_two
policy any | sed 's/^quorum.*/quorum none/' >nobody
check 'without a policy, the keys are said to come from the vault' eval \
    'vault station verify --all --json | result | grep -q "comes from the vault itself"'
check 'quorum 1 of 2 is met' status 0 vault station verify --all --policy one_of_two
check 'and the page says for which entries' says 'is met for the first'
check 'what came since is not cosigned yet' says 'not cosigned yet'
check 'quorum 2 of 2 is not' status 5 vault station verify --all --policy two_of_two
check 'in words of its own' says 'NOT COSIGNED'
check 'a policy for nobody is met' status 0 vault station verify --all --policy nobody
vault station ledger cosigned pa --key "$peer_key" >/dev/null 2>&1
check 'with the second one, 2 of 2 is met' status 0 vault station verify --all --policy two_of_two
met=$(vault station verify --all --policy two_of_two --json | result | jq .claims.signers.cosigned.met_size)
check 'for what both cosigned' [ "$met" = "$(sed -n '/^$/,$p' r3 | sed -n 3p)" ]
check 'the policy stands for the key on paper' eval '! says "none was given: --key"'
check 'a locked vault: only what it can read, so only partly checked' status 3 vault station ledger verify --policy two_of_two
check 'a locked vault, and the cosigned checkpoint from outside' \
    eval 'vault station ledger verify --policy one_of_two --checkpoint n3 --json | result | jq -e ".claims.signers.cosigned.met"'
sed 's/^log .*/log '"${peer_key//\//\\/}"'/' one_of_two >of_another
check 'a policy about another log is refused' status 5 vault station ledger verify --policy of_another
printf 'quorum court\n' >broken
check 'a policy that is none is refused' status 2 vault station ledger verify --policy broken
sed 's/^witness peer [^ ]*/witness peer '"$(as_cosigner "$log_key" | sed 's/\//\\\//g')"'/' one_of_two >own
check 'a policy that takes the vault for its own cosigner, too' status 2 vault station ledger verify --policy own
check 'both histories are sound' eval 'vault station verify --all --key "$log_key" >out 2>&1; s=$?; cat out; [ $s = 0 ]'
echo "1..$count"
