# SPDX-License-Identifier: Apache-2.0
# Officers and keys: the pages, and what is refused. tests/scripts/keys.sh tests what becomes of it.
umask 077
echo 'a passphrase of Ben' >ben
echo 'a new passphrase' >new
make_disk disk.img
t exhibit init vault --agency 'Test Agency' --officer Ama --kdf-memory 8
t exhibit init vault --agency 'Test Agency' --officer Ama --kdf-memory 8 --recovery-sheet sheet.html \
    --no-recovery-sheet
t exhibit init vault --agency 'Test Agency' --officer Ama --kdf-memory 8 --recovery-sheet sheet.txt
t exhibit init other --agency 'Test Agency' --officer Ama --kdf-memory 8 --recovery-sheet sheet.txt
EXHIBIT_VAULT=vault
export EXHIBIT_VAULT
# the code, and the slot, are another every time
s "sed 's/\([0-9A-Z]\{5\}-\)\{3\}[0-9A-Z]\{5\}$/CODE/; s/ [0-9a-f]\{8\}$/ SLOT/' sheet.txt"
slots() { # pages with slots, whose short names differ
    "$@" >page 2>&1
    status=$?
    sed 's/^[0-9a-f]\{8\}  /SLOT  /; s/^\(Slot  *\)[0-9a-f]\{8\}$/\1SLOT/' page
    return $status
}
t slots exhibit key list
t exhibit officer add Ben --permissions view,fly
t exhibit officer add Ben --permissions view,manage --no-input
EXHIBIT_NEW_PASSPHRASE_FILE=ben
export EXHIBIT_NEW_PASSPHRASE_FILE
t exhibit officer add Ben --permissions view,manage,view --kdf-memory 8 --reason 'second custodian'
t exhibit officer add Ben --permissions all
t exhibit officer list --officer Ama
t slots exhibit key sheet --output second.html --kdf-memory 8 --officer Ama
t exhibit key sheet --output second.html --kdf-memory 8 --officer Ama
t slots exhibit key rotate --officer Ama
t slots exhibit key add --recipient nothing --label escrow --officer Ama
t slots exhibit key add --recipient d3Vyc3QAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE= --label escrow \
    --officer Ama
t slots exhibit key list --officer Ama --quiet
t exhibit key remove 0000 --officer Ama
t exhibit officer retire Ama --reason 'none' --officer Ama
EXHIBIT_PASSPHRASE_FILE=ben
t exhibit officer retire Ama --reason 'hand-over of keys' --officer Ben
t exhibit officer retire Ama --reason again
t exhibit officer list --quiet
EXHIBIT_NEW_PASSPHRASE_FILE=new
t slots exhibit key passphrase --kdf-memory 8
t exhibit officer list --quiet
EXHIBIT_PASSPHRASE_FILE=new
EXHIBIT_RECOVERY_FILE=code
export EXHIBIT_RECOVERY_FILE
grep -o '\([0-9A-Z]\{5\}-\)\{3\}[0-9A-Z]\{5\}' sheet.txt | sed '2s/^\(..\)./\1U/' >code
t exhibit key recover --officer Ben --kdf-memory 8
echo 00000-00001-00002-00003-00004-00005-00006 >code
t exhibit key recover --officer Ben --kdf-memory 8
echo 00000-00001-00002-00003-00004-00005-00006-00007 >code
t exhibit key recover --officer Ben --kdf-memory 8
grep -o '\([0-9A-Z]\{5\}-\)\{3\}[0-9A-Z]\{5\}' sheet.txt | tr A-Z a-z >code
echo 'the recovered passphrase' >new
t exhibit key recover --officer Ama --kdf-memory 8
t exhibit key recover --officer Ben --kdf-memory 8 --reason 'passphrase forgotten'
t exhibit officer list --quiet
s 'exhibit ledger show --quiet | grep "^[0-9]"'
s 'exhibit ledger verify | grep -A1 enrolled'
