# SPDX-License-Identifier: Apache-2.0
# Physical items: one series of labels with the others, a history, and no bytes.
make_disk disk.img
make_vault
printf 'another horse\n' >second
chmod 600 second
EXHIBIT_NEW_PASSPHRASE_FILE=second exhibit officer add 'Chan Mony' --permissions dispose,view --kdf-memory 8 --quiet >/dev/null || exit 1
export EXHIBIT_OFFICER='Sok Dara'
as_second() { EXHIBIT_PASSPHRASE_FILE=second "$@" --officer 'Chan Mony'; }
exhibit collect disk.img --case 7 --label 'photograph of the phone' --quiet >/dev/null || exit 1

t exhibit item register --case 7 --description 'phone, black, cracked glass' --serial 'IMEI 356938035643809' \
    --seals 'A 17, B 4' --place 'evidence room 2, shelf 5' --photographs 7/1 --label 'phone of the suspect'
t exhibit item register --case 7 --description ' '
t exhibit item register --case 8 --description phone
t exhibit item register --case 7 --description phone --seals 'A 17,,B 4'
t exhibit item register --case 7 --description phone --seals 'A 17,A 17'
t exhibit item register --case 7 --description phone --photographs 7/9
t exhibit item register --case 7 --description phone --photographs 7/2
t as_second exhibit item register --case 7 --description phone
t exhibit item register --case 7 --description 'note found under the keyboard' --quiet
exhibit collect disk.img --case 7 --quiet | head -1
t exhibit item list --quiet
t exhibit item show 7/2 --quiet
t exhibit export 7/2 --format raw --output copy --quiet
t exhibit verify 7/2 --quiet
t exhibit verify --all --quiet
t exhibit vault compact --quiet
t exhibit vault repair --quiet
t exhibit vault check --deep --quiet

echo '# two officers dispose of it, and say what became of it'
s "exhibit item dispose 7/3 --legal-basis 'order 12' --quiet"
proposal=$(exhibit ledger show --quiet | sed -n 's/^\([0-9]*\) .*dispose.propose.*/\1/p')
t as_second exhibit item dispose 7/3 --approve $proposal --quiet
t as_second exhibit item dispose 7/3 --approve $proposal --reason 'burnt under supervision' --quiet
t as_second exhibit item dispose 7/3 --approve $proposal --reason again --quiet
s "exhibit item list --quiet | grep -A2 '^7/3'"
rm -r vault/index vault/catalog.db
exhibit rebuild --quiet >/dev/null; echo $?
s "exhibit verify --all --quiet | grep -A1 '7/\|ound:'"
