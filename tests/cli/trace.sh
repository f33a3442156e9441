# SPDX-License-Identifier: Apache-2.0
# Examining, and looking through what was found. Ids depend on the vault, and places on the tool that makes
# the file system.
command -v jq >/dev/null || skip 'jq is missing'
command -v mke2fs >/dev/null || PATH=$PATH:/usr/sbin
command -v mke2fs >/dev/null || skip 'mke2fs is missing'
make_vault
mkdir -p tree/docs
seq 1 5000 >tree/docs/numbers.txt
echo hello >tree/hello.txt
echo 'not what it seems' >"$(printf 'tree/docs/evil\033[31m\n.txt')"
known_sha256 tree/docs/numbers.txt
known_sha256 tree/hello.txt
mke2fs -q -F -t ext4 -E root_owner=0:0 -d tree fs.img 8M >/dev/null 2>&1 || skip 'mke2fs cannot fill a file system'
exhibit collect fs.img --case 7 --quiet >/dev/null || exit 1

masked() { sed -E 's/^( *)[0-9a-f]{12}  /\1TRACE  /; s/from byte [0-9,]+ on/from byte N on/; s/key: .*/key: KEY/; s/(inode|uid|gid): [0-9]+/\1: N/; s/(volumes|files|archive|mail|ole|pdf|pst|system|carver|tsk) [0-9]+(:|,)/\1 V\2/'; }
id_of() { exhibit trace list 7/1 --name "$1" --json | jq -r 'select(.type == "summary").result.traces[0].id'; }

t exhibit trace list 7/1 --quiet
t exhibit examine 7/2
t exhibit examine 7/1 --profile quick
t exhibit examine 7/1 --workers 17
exhibit examine 7/1 --reason 'order 12' >said; echo "exit $?"
sed '/^  confined by/d' said | masked
echo '# again: the same, and nothing is read twice'
exhibit examine 7/1 --json --workers 1 >second; echo "exit $?"
jq -c 'select(.type == "summary").result | [.result, .profile, .traces, .hashed.contents, .remembered.contents, .problem_list]' second

echo '# looking through it'
exhibit trace list 7/1 --kind file --quiet | masked | LC_ALL=C sort
exhibit trace list 7/1 --name '*.TXT' --limit 1 --quiet | tail -n 2
t exhibit trace list 7/1 --state deleted --quiet
t exhibit trace list 7/1 --limit 0
exhibit trace tree 7/1 --quiet | masked | grep -v ' space'  | grep -c TRACE
numbers=$(id_of numbers.txt)
hello=$(id_of hello.txt)
exhibit trace show "$numbers" --quiet | masked
t exhibit trace show 123
t exhibit trace show 0123456789
s 'exhibit item show 7/1 --quiet | grep -A3 "^Examined"'

echo '# giving it out'
exhibit trace cat "$numbers" --output copy --quiet; echo "exit $?"
t cmp copy tree/docs/numbers.txt
s "exhibit trace cat $hello --output copy --quiet"
s "exhibit trace cat $hello --output - 2>/dev/null | sha256sum"
s "exhibit trace cat $(id_of docs) --output other"
exhibit trace export 7/1 --output traces.jsonl --quiet | sed 's/^\(Size *\).*/\1SIZE/'
[ "$(sha256sum <traces.jsonl | cut -c 1-64)" = "$(jq -r 'select(.type == "summary").result.sha256' second)" ] && echo 'as it is held'
tail -n 1 traces.jsonl

echo '# in the ledger'
s 'exhibit ledger show --json | jq -r "select(.type == \"summary\").result.shown[] | select(.event | test(\"examine|export|traces\")) | [.event, .result, (.summary | gsub(\"[0-9]+ bytes\"; \"N bytes\") | gsub(\"[0-9a-f]{16}…\"; \"HASH\"))] | @tsv" | sort | uniq -c'
s "exhibit verify 7/1 --quiet | grep -A4 '^  not checked'"

echo '# without the right'
printf 'another horse\n' >second-pass
chmod 600 second-pass
EXHIBIT_NEW_PASSPHRASE_FILE=second-pass exhibit officer add 'Chan Mony' --permissions view --kdf-memory 8 --quiet >/dev/null || exit 1
s "EXHIBIT_PASSPHRASE_FILE=second-pass exhibit examine 7/1 --officer 'Chan Mony' --quiet"
s "EXHIBIT_PASSPHRASE_FILE=second-pass exhibit trace cat $hello --output x --officer 'Chan Mony' --quiet"
s "EXHIBIT_PASSPHRASE_FILE=second-pass exhibit trace list 7/1 --kind directory --officer 'Chan Mony' --quiet | grep -c directory"
