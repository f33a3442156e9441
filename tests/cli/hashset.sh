# SPDX-License-Identifier: Apache-2.0
# Hash sets, and traces by what they say.
command -v jq >/dev/null || skip 'jq is missing'
command -v mke2fs >/dev/null || PATH=$PATH:/usr/sbin
command -v mke2fs >/dev/null || skip 'mke2fs is missing'
make_vault
mkdir -p tree
for n in 1 2 3; do echo "file $n" >"tree/file-$n"; known_sha256 "tree/file-$n"; done
mke2fs -q -F -t ext4 -E root_owner=0:0 -d tree fs.img 8M >/dev/null 2>&1 || skip 'mke2fs cannot fill a file system'
exhibit collect fs.img --case 7 --quiet >/dev/null || exit 1
exhibit examine 7/1 --quiet >/dev/null || exit 1
(cd tree && sha256sum file-1 file-2) >ordinary.txt
{ sha256sum tree/file-2; echo 'what is this?'; } >wanted.txt
known_sha256 ordinary.txt
known_sha256 wanted.txt
md5sum tree/* >old.txt
first=$(sha256sum <tree/file-1 | cut -c 1-64)
third=$(sha256sum <tree/file-3 | cut -c 1-64)

t exhibit hashset list --quiet
t exhibit trace list 7/1 --not-known
t exhibit hashset add ordinary.txt --name 'Ordinary things' --set-version 2026.1 --meaning known
t exhibit hashset add wanted.txt --name Wanted --meaning notable
t exhibit hashset add old.txt --name Old --meaning known
t exhibit hashset add ordinary.txt --name x --meaning good
t exhibit hashset list
t exhibit hashset look "$first" "$third"
t exhibit hashset look "$third" --quiet
t exhibit hashset look --list wanted.txt --quiet
t exhibit hashset look abc

echo '# traces'
masked() { sed -E 's/^( *)[0-9a-f]{12}  /\1TRACE  /'; }
exhibit trace list 7/1 --kind file --not-known --quiet | masked
exhibit trace list 7/1 --kind file --notable --quiet | masked
show() { exhibit trace show "$(exhibit trace list 7/1 --name "$1" --json | jq -r 'select(.type == "summary").result.traces[0].id')" --quiet | grep listed; }
show file-1
show file-2
show file-3

echo '# one that is gone, and one that was altered'
sets=$(exhibit hashset list --json | jq -r 'select(.type == "summary").result.sets[].id')
for id in $sets; do
    mv "vault/sets/$id.set" kept
    exhibit trace list 7/1 --kind file --not-known --quiet >said; echo "exit $?"
    masked <said | tail -n +2
    head -c 5000 kept >"vault/sets/$id.set"
    exhibit hashset look "$third" --quiet; echo "exit $?"
    mv kept "vault/sets/$id.set"
done
# A result holds random ids, so where its chunks end, and how many there are, is chance.
exhibit vault check --quiet | sed -E 's/entries: [0-9]+; packs/entries: N; packs/'
t exhibit hashset remove 'Ordinary things'
t exhibit hashset remove 'Ordinary things'
t exhibit trace list 7/1 --not-known
s 'exhibit ledger show --json | jq -r "select(.type == \"summary\").result.shown[] | select(.event | test(\"hashset\")) | [.event, .result, .summary] | @tsv" | sort | uniq -c'

echo '# without the right'
printf 'another horse\n' >second-pass
chmod 600 second-pass
EXHIBIT_NEW_PASSPHRASE_FILE=second-pass exhibit officer add 'Chan Mony' --permissions view --kdf-memory 8 --quiet >/dev/null || exit 1
export EXHIBIT_PASSPHRASE_FILE=second-pass
t exhibit hashset add ordinary.txt --name x --meaning known --officer 'Chan Mony'
