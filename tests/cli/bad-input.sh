# SPDX-License-Identifier: Apache-2.0
# What goes wrong by hand: each with one clear text, a hint, and its own exit status.
make_disk disk.img
make_vault
exhibit collect disk.img --case 7 --quiet >/dev/null || exit 1

# the passphrase
printf 'wrong\n' >wrong
t env EXHIBIT_PASSPHRASE_FILE=wrong exhibit item list
t env EXHIBIT_PASSPHRASE_FILE=nowhere exhibit item list
: >empty
t env EXHIBIT_PASSPHRASE_FILE=empty exhibit item list
t env -u EXHIBIT_PASSPHRASE_FILE exhibit item list --no-input
cp "$EXHIBIT_PASSPHRASE_FILE" open
chmod 644 open
t env EXHIBIT_PASSPHRASE_FILE=open exhibit item list --quiet
t exhibit ledger show --officer 'Somebody Else'

# what is not there
t exhibit item list --vault nowhere
mkdir bare
t exhibit item list --vault bare
t exhibit item show 7/99
t exhibit item show nonsense
t exhibit collect disk.img --case 99
t exhibit item list --case 99
t exhibit collect nowhere.img --case 7
t exhibit ledger show 99999
t exhibit ledger show minus
t exhibit ledger prove 99999

# what is there already
t exhibit init vault --agency A --officer B --plain --kdf-memory 8
t exhibit case new --number 7 --title again
echo precious >copy.img
t exhibit export 7/1 --format raw --output copy.img
t cat copy.img
t exhibit export 7/1 --format raw --output nowhere/copy.img

# what is no source
mkdir folder
t exhibit collect /dev/null --case 7

# nothing to verify
t exhibit verify

# another version of the format
cp -a vault other
sed 's/"version": 1,/"version": 99,/' vault/vault.json >other/vault.json
t exhibit item list --vault other
printf '{' >other/vault.json
t exhibit item list --vault other
rm other/vault.json
t exhibit item list --vault other

# the first failed unlock is in the ledger, by number and not by name
s 'exhibit ledger show --quiet | grep -c "unlock.failed"'
