# SPDX-License-Identifier: Apache-2.0
# The report of an examined item. Ids depend on the vault, times on the day, and limits stand elsewhere.
PATH=$PATH:/usr/sbin
for tool in jq mke2fs debugfs; do
    command -v $tool >/dev/null || skip "$tool is missing"
done
make_vault
mkdir -p tree/home/alice
echo hello >tree/home/alice/hello.txt
echo 'not what it seems' >"$(printf 'tree/home/alice/evil\033[31m\n<b>')"
mke2fs -q -F -t ext4 -E root_owner=0:0 -d tree fs.img 8M >/dev/null 2>&1 || skip 'mke2fs cannot fill a file system'
exhibit collect fs.img --case 7 --quiet >/dev/null || exit 1

t exhibit report machine 7/1 --output - --quiet
exhibit examine 7/1 --quiet >/dev/null || exit 1
s 'exhibit report machine 7/1 --output report.txt | sed -E "s/^(Size +).*/\1SIZE/"'
s 'sed -n "1,2p; /^== What this report/,/^== The item/p" report.txt'
s 'sed -n "/^== What the item says/,/^-- Volumes/p; /^== What it says of who/,/^-- Home/p; /^-- Logins/,/^== What was found/p" report.txt'
s 'sed -n "/^-- By type/,/^-- Mail boxes/p; /^-- Known files/,/^== How long/p" report.txt | sed -E "/^(-- profile|  what it)/,/^(-- |==)/d"'
s 'exhibit report machine 7/1 --format json --output - --quiet 2>/dev/null | jq -c "keys, (.users.\"home-folder\".shown[] | [.name, .path, .state]), (.parsers[0] | keys)"'
t exhibit report machine 7/1 --format pdf --output report.pdf
t exhibit report machine 7/1 --output report.doc
t exhibit report machine 7/1 --output report.txt
t exhibit report machine
s 'exhibit help report machine'
s 'exhibit ledger show --json | jq -r "select(.type == \"summary\").result.shown[] | select(.event | test(\"export\")) | [.event, .result, (.summary | gsub(\"[0-9,]+ bytes\"; \"N bytes\") | gsub(\"[0-9a-f]{16}…\"; \"HASH\"))] | @tsv" | sort | uniq -c'
