# SPDX-License-Identifier: Apache-2.0
# Hand-overs in one vault: offer, accept, accept with an exception, refuse, withdraw; and all that is refused.
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
add 'Keo Bora' view,collect keo
sok() { "$@" --officer 'Sok Dara' --quiet; }
chan() { EXHIBIT_PASSPHRASE_FILE=chan "$@" --officer 'Chan Mony' --quiet; }
meas() { EXHIBIT_PASSPHRASE_FILE=meas "$@" --officer 'Meas Lina' --quiet; }
keo() { EXHIBIT_PASSPHRASE_FILE=keo "$@" --officer 'Keo Bora' --quiet; }
# the command, with the id of a hand-over as ID and its beginning as SHORT
h() { t "$@" | sed "s/^\\(Hand-over \\)[0-9a-f]\\{8\\}/\\1SHORT/; s/^[0-9a-f]\\{8\\}  /SHORT  /; s/\\([^0-9a-f]\\)[0-9a-f]\\{8\\}\\([^0-9a-f]\\|$\\)/\\1SHORT\\2/g"; }
id() { sok exhibit handover list --json | jq -r 'select(.type == "summary").result.handovers[-1].id'; }
short() { id | cut -c 1-8; }
sok exhibit collect disk.img --case 7 >/dev/null || exit 1
sok exhibit item register --case 7 --description 'phone, black' --seals 'A 17' >/dev/null || exit 1

echo '# what is not offered'
h sok exhibit handover list
h sok exhibit handover offer 7/1 --to 'Chan Mony' --purpose examination
h sok exhibit handover offer 7/1 --to 'Chan Mony' --purpose ' ' --legal-basis 'order 3'
h sok exhibit handover offer 7/1 --to 'Sok Dara' --purpose examination --legal-basis 'order 3'
h sok exhibit handover offer 7/1 --to Nobody --purpose examination --legal-basis 'order 3'
h sok exhibit handover offer 7/1 --to 'Keo Bora' --purpose examination --legal-basis 'order 3'
h sok exhibit handover offer 7/1 7/1 --to 'Chan Mony' --purpose examination --legal-basis 'order 3'
h chan exhibit handover offer 7/1 --to 'Meas Lina' --purpose examination --legal-basis 'order 3'
h keo exhibit handover offer 7/1 --to 'Meas Lina' --purpose examination --legal-basis 'order 3'

echo '# offered, and answered by the one it is offered to'
h sok exhibit handover offer 7/1 7/2 --to 'Chan Mony' --purpose examination --legal-basis 'order 3' \
    --way 'by hand' --seals 'A 17,B 4' --place 'evidence room 2'
h sok exhibit handover offer 7/2 --to 'Meas Lina' --purpose examination --legal-basis 'order 3'
h sok exhibit handover accept "$(short)"
h meas exhibit handover accept "$(short)"
h chan exhibit handover withdraw "$(short)" --reason 'not mine'
h chan exhibit handover accept 123
h chan exhibit handover accept 123456789012
h chan exhibit handover accept "$(short)"
h chan exhibit handover accept "$(short)" --seals 'A 17'
h chan exhibit handover accept "$(id)" --seals 'B 4, A 17' --place 'laboratory'
h chan exhibit handover accept "$(short)" --seals 'B 4, A 17'
h sok exhibit handover withdraw "$(short)" --reason 'too late'
h sok exhibit handover offer 7/1 --to 'Meas Lina' --purpose examination --legal-basis 'order 3'

echo '# with an exception, refused, withdrawn'
chan exhibit handover offer 7/2 --to 'Meas Lina' --purpose storage --legal-basis 'order 3' --seals C1 >/dev/null
h meas exhibit handover accept "$(short)" --exception ' '
h meas exhibit handover accept "$(short)" --seals C2 --exception 'seal C1 is missing, C2 is there'
meas exhibit handover offer 7/2 --to 'Sok Dara' --purpose storage --legal-basis 'order 3' >/dev/null
h sok exhibit handover refuse "$(short)"
h sok exhibit handover refuse "$(short)" --reason 'the bag is open'
h meas exhibit handover withdraw "$(short)" --reason 'too late'
meas exhibit handover offer 7/2 --to 'Sok Dara' --purpose storage --legal-basis 'order 3' >/dev/null
h meas exhibit handover withdraw "$(short)" --reason 'wrong officer'
h sok exhibit handover accept "$(short)"

echo '# nobody signs for bytes that are not the same'
chan exhibit handover offer 7/1 --to 'Meas Lina' --purpose storage --legal-basis 'order 3' >/dev/null
cp -r vault whole
for f in vault/packs/*/*.pack vault/packs/*.pack; do
    [ -f "$f" ] || continue
    chmod u+w "$f"
    printf 'x' | dd of="$f" bs=1 seek=5000 conv=notrunc 2>/dev/null
done
h meas exhibit handover accept "$(short)"
h meas exhibit handover accept "$(short)" --exception 'the copy is damaged' | sed 's/^\( *\)[0-9a-f]\{64\}$/\1HASH/'
rm -r vault; mv whole vault

echo '# a holder who is retired leaves a gap'
t sok exhibit officer retire 'Chan Mony' --reason 'left the service'
h chan exhibit handover withdraw "$(short)" --reason 'I am gone'
h meas exhibit handover withdraw "$(short)" --reason 'the giver was retired'
keo exhibit collect disk.img --case 7 >/dev/null || exit 1
h meas exhibit handover offer 7/1 --to 'Sok Dara' --purpose storage --legal-basis 'order 3'
h sok exhibit handover accept "$(short)"
h sok exhibit handover list
s "exhibit ledger verify | grep 'good signatures\|bad sig\|begun'"
sok exhibit handover list --json | jq -c 'select(.type == "summary").result.handovers[0] | keys, (.items[0] | keys)'

echo '# who held it'
s "exhibit custody log 7/1 --officer 'Sok Dara' --quiet | sed -n '/^Known/,/^Every/p'" | sed 's/hand-over [0-9a-f]\{8\}/hand-over SHORT/'
sok exhibit handover offer 7/1 --to 'Meas Lina' --purpose storage --legal-basis 'order 3' >/dev/null
s "exhibit custody log 7/1 --officer 'Sok Dara' --quiet | grep ^Offered" | sed 's/hand-over [0-9a-f]\{8\}/hand-over SHORT/'
t sok exhibit custody check 7/2
t sok exhibit custody check --all
t sok exhibit custody check
t sok exhibit custody check 7/9
sok exhibit custody check 7/1 --json | jq -c 'select(.type == "summary") | [.exit, .verdict, .result.counts, (.result.items[0].custody.periods[] | [.holder, .officer.name, .event, .from_entry, .until_entry])]'
