#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Officers who come and go, keys that are handed over, lost, put back and recovered, in an encrypted
# vault, by the program alone: keys.sh EXHIBIT   (TAP)
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" keys "$1"

echo 'a passphrase of Ben' >passphrase-ben
echo 'another passphrase of Ama' >passphrase-ama
seq 1 50000 >evidence
ama() { EXHIBIT_PASSPHRASE_FILE=$work/passphrase exhibit "$@" --officer Ama; }
ben() { EXHIBIT_PASSPHRASE_FILE=$work/passphrase-ben exhibit "$@" --officer Ben; }
status_is() { # STATUS COMMAND…
    local wanted=$1
    shift
    "$@"
    local got=$?
    [ $got = "$wanted" ] || {
        echo "exit $got instead of $wanted"
        return 1
    }
}
says() { # TEXT COMMAND…
    local text=$1
    shift
    "$@" >said 2>&1
    cat said
    grep -qF -- "$text" said
}
history_good() { # FLAG…
    local status=0
    exhibit ledger verify --json --quiet "$@" >verified || status=$?
    cat verified
    [ $status = 0 ] || [ $status = 3 ] || return 1 # 3: the vault is locked, its bodies unread
    ! grep -qE '"signatures_bad":[1-9]|"verdict":"(bad|altered|missing)' verified
}
newest_keyring_is_named() {
    local sha
    sha=$(sha256sum vault/keys/keyring.json | cut -c 1-64)
    ben ledger show --json --quiet | grep -q "$sha"
}

# ---- init wants a decision about the sheet ----

check 'an encrypted vault wants a recovery sheet' \
    status_is 2 exhibit init vault --agency 'Test Agency' --officer Ama --kdf-memory 8
check 'and nothing was made' test ! -e vault
check 'both flags exclude each other' status_is 2 exhibit init vault --agency A --officer Ama \
    --kdf-memory 8 --recovery-sheet sheet.txt --no-recovery-sheet
echo mine >there.txt
check 'a sheet is never written over a file' status_is 1 exhibit init vault --agency A \
    --officer Ama --kdf-memory 8 --recovery-sheet there.txt
check 'which is as it was, and no vault was made' \
    sh -c '[ "$(cat there.txt)" = mine ] && [ ! -e vault ]'
check 'init writes the sheet' exhibit init vault --agency 'Test Agency' --officer Ama \
    --kdf-memory 8 --recovery-sheet sheet.txt
check 'for its owner alone' test "$(stat -c %a sheet.txt)" = 600
code=$(grep -oE '([0-9A-Z]{5}-){3}[0-9A-Z]{5}' sheet.txt)
printf '%s\n' "$code" >code
check 'the code stands nowhere in the vault' sh -c '
    ! grep -rqF "$(head -1 code)" vault && ! grep -rqF "$(tr -d "\n-" <code)" vault'
check 'the sheet gives the vault key' grep -qF "exhibit-vault/" sheet.txt
key=$(grep -oE 'exhibit-vault/[0-9a-f]{32}\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+' sheet.txt)
check 'with which the history can be checked' history_good --key "$key"

# ---- two officers ----

ama case new --number 7 --title T >log 2>&1 && ama collect evidence --case 7 >>log 2>&1
export EXHIBIT_NEW_PASSPHRASE_FILE=$work/passphrase-ben
check 'an officer enrols another' ama officer add Ben --permissions all --kdf-memory 8
check 'not a second one of that name' status_is 1 ama officer add Ben --permissions all
check 'not with a permission that there is not' \
    status_is 2 ama officer add Cyd --permissions collect,fly
check 'the first opens the vault' ama item list
check 'the second opens it too' ben item list
check 'the second reads what the first collected' \
    ben export 7/1 --format raw --output - --quiet
ben export 7/1 --format raw --output copy --quiet >/dev/null 2>&1
check 'byte by byte' cmp evidence copy
check 'neither with the other one'\''s passphrase' \
    status_is 7 env EXHIBIT_PASSPHRASE_FILE="$work/passphrase-ben" "$bin" item list --officer Ama
EXHIBIT_NEW_PASSPHRASE_FILE=$work/passphrase-ama ama officer add Cyd --permissions view \
    --kdf-memory 8 >log 2>&1
check 'an officer without "manage" enrols nobody' status_is 7 env EXHIBIT_PASSPHRASE_FILE="$work/passphrase-ama" \
    "$bin" officer add Dan --permissions view --officer Cyd
check 'and retires nobody' status_is 7 env EXHIBIT_PASSPHRASE_FILE="$work/passphrase-ama" \
    "$bin" officer retire Ama --reason none --officer Cyd
check 'nobody retires themselves' status_is 7 ama officer retire Ama --reason tired
check 'the slots are listed' says 'officer: Ben' ama key list

# ---- an act that runs while its officer is retired ----

mkfifo pipe
ama collect - --case 7 <pipe >running 2>&1 &
runner=$!
exec 9>pipe
seq 1 1000 >&9
for _ in $(seq 100); do # until its intent stands
    [ "$(ben ledger show --quiet 2>/dev/null | grep -c collect.intent)" = 2 ] && break
    sleep 0.1
done
cp vault/keys/keyring.json keyring-before
check 'one officer retires the other' ben officer retire Ama --reason 'hand-over of keys'
seq 1 1000 >&9
exec 9>&-
wait $runner
running=$?
check 'whose act that is still running is refused' test $running = 7
check 'by words that say why' grep -q 'was retired by entry [0-9]* while this was running' running
check 'the retired officer opens nothing any more' status_is 7 ama item list
check 'the vault goes on' ben collect evidence --case 7
check 'retired once is enough' status_is 6 ben officer retire Ama --reason again
check 'the list says who was retired' says 'RETIRED by entry' ben officer list
check 'the history is good' history_good
check 'the ledger names the keyring that is there' newest_keyring_is_named

# ---- an old keyring is put back ----

cp vault/keys/keyring.json keyring-now
cp keyring-before vault/keys/keyring.json
check 'an old keyring is noticed at the next unlock' says 'an old copy was put back' ben item list
check 'as altered' status_is 4 ben item list
check 'and opens nothing for the retired officer' status_is 7 ama item list
cp keyring-now vault/keys/keyring.json
check 'the new one opens again' ben item list

# ---- rotation, outside keys, passphrases ----

check 'a new epoch' ben key rotate
check 'what was written before is still read' ben verify 7/1
head -c 32 /dev/zero | base64 >bad-key
check 'a key that cannot be sealed to is refused' \
    status_is 4 ben key add --recipient bad-key --label escrow
openssl genpkey -algorithm X25519 -outform DER 2>/dev/null |
    openssl pkey -inform DER -pubout -outform DER 2>/dev/null | tail -c 32 | base64 >escrow-key
check 'a key from outside is let in' ben key add --recipient escrow-key --label 'Ministry, escrow'
check 'under its label' says 'Ministry, escrow' ben key list
check 'not twice' status_is 1 ben key add --recipient "$(cat escrow-key)" --label again
slot=$(ben key list --json --quiet | grep -o '"id":"[0-9a-f]*","kind":"recipient"' | cut -c 7-14)
check 'and taken away again' ben key remove "$slot"
check 'and is gone' status_is 6 ben key remove "$slot"
own=$(ben officer list --json --quiet | grep -o '"slot":"[0-9a-f]*"' | head -1 | cut -c 9-16)
check 'the slot of an officer in office stays' status_is 7 ben key remove "$own"
echo 'a new passphrase of Ben' >passphrase-ben-2
EXHIBIT_NEW_PASSPHRASE_FILE=$work/passphrase-ben-2
check 'an officer changes the own passphrase' ben key passphrase --kdf-memory 8
check 'the old one opens nothing' status_is 7 ben item list
cp passphrase-ben-2 passphrase-ben
check 'the new one does' ben item list

# ---- the passphrase is lost: the sheet ----

sed 's/^....\(.\)/0000\1/' code >wrong-code
tr 0-9A-Z 1-9A-Z0 <code | tr OILU 0110 >other-code
echo 'the recovered passphrase' >passphrase-ben-3
EXHIBIT_NEW_PASSPHRASE_FILE=$work/passphrase-ben-3
recover() { EXHIBIT_RECOVERY_FILE=$work/$1 exhibit key recover --officer "$2" --kdf-memory 8; }
check 'a code that was misread says which group' says 'group 1 of the recovery code' \
    recover wrong-code Ben
printf '00000-00001-00002-00003-00004-00005-00006-00007\n' >other-code
check 'a name that only looks like another is refused' status_is 2 \
    exhibit officer add 'Ben ' --permissions view --kdf-memory 8
check 'another code opens nothing' status_is 7 recover other-code Ben
check 'nobody is recovered who is not in office' status_is 6 recover code Ama
check 'the sheet gives the officer a new key' recover code Ben
cp passphrase-ben old-passphrase-ben
check 'the lost passphrase opens nothing' status_is 7 ben item list
cp passphrase-ben-3 passphrase-ben
check 'the new one opens the vault' ben item list
check 'with all that is in it' ben verify --all
check 'and may do what it could' ben case new --number 8 --title U
check 'a verification names the recovery' says \
    'key enrolled an officer in the place of' exhibit ledger verify
check 'the history is good' history_good

# ---- a new sheet in place of the used one ----

check 'a new sheet' ben key sheet --output sheet.html --kdf-memory 8
check 'that a browser can show alone' sh -c '
    grep -q "<svg" sheet.html && ! grep -qE "<script|src=|https:" sheet.html'
used=$(grep 'Slot of this sheet' sheet.txt | grep -oE '[0-9a-f]{8}')
check 'the used one is taken away' ben key remove "$used"
check 'and its code opens nothing' status_is 7 recover code Ben
grep -oE '([0-9A-Z]{5}-){3}[0-9A-Z]{5}' sheet.html >code
check 'that of the new one does' recover code Ben
cp passphrase-ben-3 passphrase-ben
check 'the vault goes on' ben collect evidence --case 8
check 'the history is good' history_good
check 'the whole is sound' ben vault check --deep

echo "1..$count"
