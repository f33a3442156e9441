# SPDX-License-Identifier: Apache-2.0
# Disposal: two officers, each with an own key; what only this item had goes, what others share stays.
command -v jq >/dev/null || skip 'jq is missing'
make_disk disk.img
make_vault
printf 'another horse\n' >second
chmod 600 second
EXHIBIT_NEW_PASSPHRASE_FILE=second exhibit officer add 'Chan Mony' --permissions dispose,view --kdf-memory 8 --quiet >/dev/null || exit 1
as_second() { EXHIBIT_PASSPHRASE_FILE=second "$@" --officer 'Chan Mony'; }
export EXHIBIT_OFFICER=
first="--officer 'Sok Dara'"
secret=$(printf 'only this item says so %s' "$(seq -s ' ' 1 30)")
{ cat disk.img; seq 200000 260000; echo "$secret"; } >own.img
for f in disk.img own.img; do
    exhibit collect $f --case 7 --officer 'Sok Dara' --quiet >/dev/null || exit 1
done
verdicts() { jq -c 'select(.type == "summary") | [.exit, [.result.claims[].verdict], [.result.items[] | [.label, .verdict]]]'; }

t exhibit item dispose 7/2 --officer 'Sok Dara' --quiet
s "exhibit item dispose 7/2 --officer 'Sok Dara' --legal-basis 'order 12' --reason 'returned' --quiet"
proposal=$(exhibit ledger show --officer 'Sok Dara' --json | jq -r 'select(.type == "summary").result.shown[] | select(.event == "dispose.propose").index')
echo '# nobody approves an own proposal, and not of another item'
t exhibit item dispose 7/2 --approve $proposal --officer 'Sok Dara' --quiet
t as_second exhibit item dispose 7/1 --approve $proposal --quiet
t as_second exhibit item dispose 7/2 --approve 3 --quiet
echo '# nor with a key that was made after it was proposed'
printf 'a third horse\n' >third
chmod 600 third
EXHIBIT_NEW_PASSPHRASE_FILE=third exhibit officer add 'Sok Dara 2' --permissions dispose --kdf-memory 8 --officer 'Sok Dara' --quiet >/dev/null
s "EXHIBIT_PASSPHRASE_FILE=third exhibit item dispose 7/2 --approve $proposal --officer 'Sok Dara 2' --quiet"
echo '# another officer does'
as_second exhibit item dispose 7/2 --approve $proposal --quiet >said
sed 's/^\(Removed\|Kept\)\( *\)[1-9].* chunks, [1-9].*/\1\2SOME/' said
t as_second exhibit item dispose 7/2 --approve $proposal --quiet
t exhibit export 7/2 --format raw --output copy --officer 'Sok Dara' --quiet
exhibit verify --all --linear --officer 'Sok Dara' --json | verdicts
s "exhibit item show 7/2 --officer 'Sok Dara' --json | jq -c 'select(.type == \"summary\").result.item.disposed | keys'"
s "exhibit item list --officer 'Sok Dara' --quiet | grep -A1 '^7/'"
s 'exhibit vault check | grep -v "^Stored\|^Records\|^Index\|^Ledger"'
s "exhibit ledger verify | grep 'Signers\|bad sig'"
echo '# its number is not used again, and a rebuild changes nothing'
exhibit collect own.img --case 7 --officer 'Sok Dara' --json | jq -r 'select(.type == "summary").result.item.label'
rm -r vault/index vault/catalog.db
exhibit rebuild --officer 'Sok Dara' --quiet >/dev/null; echo $?
exhibit verify --all --officer 'Sok Dara' --json | verdicts

echo '# damage names nobody whose bytes are not to be there'
rm -r vault/packs/*
s "exhibit vault check --deep --officer 'Sok Dara' --json | jq -c 'select(.type == \"summary\").result.items | map(.label)'"
