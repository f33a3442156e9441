# SPDX-License-Identifier: Apache-2.0
# The form of who held an item: as text, HTML and PDF; a gap in it, faults, and the mark held against the ledger.
command -v jq >/dev/null || skip 'jq is missing'
make_disk disk.img
make_vault
export EXHIBIT_OFFICER=
add() { # NAME PERMISSIONS FILE
    echo "passphrase of $1" >$3
    chmod 600 $3
    EXHIBIT_NEW_PASSPHRASE_FILE=$3 exhibit officer add "$1" --permissions $2 --kdf-memory 8 --officer 'Sok Dara' --quiet >/dev/null || exit 1
}
add 'Chan Mony' handover,view chan
add 'Meas Lina' handover,view,manage meas
sok() { "$@" --officer 'Sok Dara' --quiet; }
chan() { EXHIBIT_PASSPHRASE_FILE=chan "$@" --officer 'Chan Mony' --quiet; }
meas() { EXHIBIT_PASSPHRASE_FILE=meas "$@" --officer 'Meas Lina' --quiet; }
id() { sok exhibit handover list --json | jq -r 'select(.type == "summary").result.handovers[-1].id'; }
sok exhibit collect disk.img --case 7 --label 'the disk' >/dev/null || exit 1
sok exhibit item register --case 7 --description 'phone, black' --serial 'SN 1' --seals 'A 17,B 4' \
    --place 'locker 3' --photographs 7/1 >/dev/null || exit 1
sok exhibit handover offer 7/1 7/2 --to 'Chan Mony' --purpose examination --legal-basis 'order 3' \
    --way 'by hand' --seals 'A 17,B 4' --place 'evidence room 2' >/dev/null || exit 1
chan exhibit handover accept "$(id)" --seals 'A 17' --exception 'seal B 4 is gone' --place laboratory >/dev/null || exit 1
sok exhibit officer retire 'Chan Mony' --reason 'left the service' >/dev/null || exit 1
meas exhibit handover offer 7/2 --to 'Sok Dara' --purpose storage --legal-basis 'order 3' >/dev/null || exit 1
sok exhibit handover accept "$(id)" >/dev/null || exit 1
sok exhibit handover offer 7/2 --to 'Meas Lina' --purpose court --legal-basis 'order 4' >/dev/null || exit 1

echo '# the words'
s 'exhibit custody form 7/2 --officer "Sok Dara" --output - --quiet 2>talk | head -n 1; cat talk'
t sok exhibit custody form 7/2 --output form.doc
t sok exhibit custody form 7/2 --format doc --output form.txt
t sok exhibit custody form 7/9 --output form.txt
t sok exhibit custody form 7/2 --format text --output vault/form.txt
t sok exhibit export 7/1 --format pdf --output disk.img.2
t exhibit custody form 7/2 --officer 'Sok Dara' --output form.txt
t sok exhibit custody form 7/2 --output form.txt
t cat form.txt
t sok exhibit custody form 7/2 --output form.html
s 'grep -c "<section class=\"alert\">" form.html; grep -c "<svg" form.html'
sok exhibit custody form 7/1 --format pdf --output disk.pdf --json | jq -c 'select(.type == "summary").result | del(.entries, .size_bytes)'
s 'head -c 5 disk.pdf; echo'
s 'exhibit ledger show --quiet --officer "Sok Dara" | grep -c view.custody'

echo '# the mark fits the ledger, by hand'
# shellcheck disable=SC2046 # words
set -- $(sed -n '/^    exhibit-mark/,/^The mark/p' form.txt | grep '^    ')
size=$5 root=$7 entry=$9 leaf=${11}
n=$(sed -n 2p vault/ledger/checkpoint) f=vault/ledger/tile/entries/000.p/$n at=0 i=0
while [ $at -lt "$(stat -c %s $f)" ]; do
    bytes=$((0x$(xxd -p -s $at -l 2 $f)))
    tail -c +$((at + 3)) $f | head -c $bytes >entry$i
    at=$((at + 2 + bytes)) i=$((i + 1))
done
export size root entry leaf
s 'test "$( (printf "\0"; cat entry$entry) | sha256sum | cut -d" " -f1)" = "$leaf" && echo the leaf fits'
s 'grep -qxF "tree $root" entry$size && echo the root fits'
s 'grep "^event" entry$entry'

echo '# a body that is gone is said on the form'
accepted=$(sed -n 's/.*answered in entry //p' form.txt | head -n 1)
rm vault/ledger/body/"$(printf '%03d' "$accepted")"
t sok exhibit custody form 7/2 --output faults.txt
s 'sed -n "/^!!.*FAULTS/,/^$/p" faults.txt'
