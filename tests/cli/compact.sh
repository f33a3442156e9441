# SPDX-License-Identifier: Apache-2.0
# Compaction: small packs become one, what a collection that failed left goes, and everything that was
# held is the same afterwards, also after a rebuild.
command -v jq >/dev/null || skip 'jq is missing'
make_disk disk.img
make_vault
seq 1 100000 >more
known_sha256 more
exhibit collect disk.img --case 7 --quiet >/dev/null || exit 1
exhibit collect more --case 7 --quiet >/dev/null || exit 1
{ cat more; exhibit version; } >third
exhibit collect third --case 7 --quiet >/dev/null || exit 1
digests() { exhibit item list --json | jq -c '.result.items[] | [.label, .sha256, .fsverity, .object]'; }
digests >before
sizes='s/^\(Stored before\|Stored now\|Not needed\)\( *\)[0-9].*/\1\2SIZE/'
s "exhibit vault compact --dry-run --quiet | sed '$sizes'"
s "exhibit vault compact --quiet --reason tidy | sed '$sizes'"
s "exhibit vault compact --quiet | sed '$sizes'"
s 'exhibit vault check | grep -v "^Stored\|^Records\|^Index"'
s 'exhibit verify --all --linear --json | jq -c "select(.type == \"summary\") | [.exit, [.result.claims[].verdict]]"'
digests >after
t cmp before after
rm -r vault/index vault/catalog.db
t exhibit rebuild --quiet
digests >after
t cmp before after
s 'exhibit verify --all --json | jq -c "select(.type == \"summary\") | [.exit, [.result.claims[].verdict]]"'
s 'exhibit ledger show --json | jq -r "select(.type == \"summary\").result.shown[] | select(.event | startswith(\"compact\")) | [.event, .result, (.summary | gsub(\"[0-9]+ bytes|[0-9]+ before\"; \"N\"))] | @tsv"'

echo '# the intent is what makes a missing pack a replaced one'
pack=$(find vault/packs -name '*.pack')
mv "$pack" kept
s 'exhibit vault check --quiet | grep -c "names the pack.*is gone"'
mv kept "$pack"

echo '# somebody else is at work'
mkfifo pipe
exhibit collect - --case 7 --quiet <pipe >said 2>&1 &
collect=$!
exec 3>pipe
head -c 1000000 /dev/zero >&3
sleep 1
s "exhibit vault compact --quiet 2>&1 | sed 's,work/[0-9a-f]*,work/ID,'"
kill -KILL $collect
wait $collect 2>/dev/null
exec 3>&-
s "exhibit vault compact --quiet 2>&1 | sed 's,work/[0-9a-f]*,work/ID,'"
rm -r vault/work/*

echo '# a damaged layout'
exhibit collect third --case 7 --quiet >/dev/null || exit 1
pack=$(ls -t vault/packs/*/*.pack | head -1)
printf 'xxxx' | dd of="$pack" bs=1 seek=200 conv=notrunc 2>/dev/null
t exhibit vault compact --quiet
t exhibit vault compact --level 20
t exhibit vault compact --waste many
