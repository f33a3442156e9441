# SPDX-License-Identifier: Apache-2.0
# Times of two items, on the page and given out. Ids depend on the vault.
PATH=$PATH:/usr/sbin
for tool in jq mke2fs debugfs mkfs.vfat mcopy; do
    command -v $tool >/dev/null || skip "$tool is missing"
done
make_vault
mkdir tree
echo hello >tree/hello.txt
echo 'not what it seems' >"$(printf 'tree/evil\033[31m\n,|.txt')"
mke2fs -q -F -t ext4 -E root_owner=0:0 -d tree fs.img 8M >/dev/null 2>&1 || skip 'mke2fs cannot fill a file system'
for file in /hello.txt "/lost+found"; do
    for field in atime mtime ctime crtime; do
        printf 'sif "%s" %s 20240506070809\nsif "%s" %s_extra 0\n' "$file" $field "$file" $field
    done
done | debugfs -w -f - fs.img >/dev/null 2>&1
debugfs -w -R 'sif /hello.txt mtime_extra 0x1d6f3454' fs.img >/dev/null 2>&1
mkfs.vfat -F 16 -s 1 -C fat.img 8192 >/dev/null
touch -d '2024-05-06 10:00:01 UTC' tree/hello.txt
for name in kept.txt gone.txt; do TZ=UTC mcopy -m -i fat.img tree/hello.txt ::$name || exit 1; done
mdel -i fat.img ::gone.txt
for image in fs.img fat.img; do exhibit collect $image --case 7 --quiet >/dev/null || exit 1; done

t exhibit timeline 7/1 --quiet
for item in 7/1 7/2; do exhibit examine $item --quiet >/dev/null || exit 1; done
day='--from 2024-05-06 --until 2024-05-06'
s "exhibit timeline 7/1 7/2 $day"
s "exhibit timeline 7/1 7/2 $day --zone +07:00 --what modified,created"
s "exhibit timeline 7/1 7/2 $day --limit 1 --quiet | tail -n 5"
s "exhibit timeline 7/2 --from 2024-05-06T19:00 --until 2024-05-06T20:00 --quiet | tail -n 8"
s "exhibit timeline 7/2 --state orphan --quiet | tail -n 3"
s "exhibit timeline 7/1 --name 'evil*' --what modified --quiet | grep evil"
t exhibit timeline 7/1 --from yesterday
t exhibit timeline 7/1 --zone 7
t exhibit timeline 7/1 --what seen
t exhibit timeline 7/1 --limit 0
t exhibit timeline 7/1 7/1
t exhibit timeline 7/1 --format csv
t exhibit timeline
s 'exhibit help timeline | tail -n 4'

echo '# giving it out'
for form in csv timesketch bodyfile; do
    s "exhibit timeline export 7/1 7/2 $day --format $form --output - 2>/dev/null | sed -E 's/\|1[0-9]\|/|N|/; s/\|[0-9]+\|[0-9]+(\|[0-9]+\|17)/|UID|GID\1/' | sort"
done
s "exhibit timeline export 7/1 7/2 $day --format bodyfile --output times.body | sed -E 's/^(Size +).*/\1SIZE/'"
t exhibit timeline export 7/1 --format csv --output times.body
t exhibit timeline export 7/1 --format xml --output times.xml
s "exhibit timeline 7/2 --name kept.txt --what accessed --json | jq -c 'select(.type == \"summary\").result | del(.items, .entries, .times[].number)'"

echo '# in the ledger'
s 'exhibit ledger show --json | jq -r "select(.type == \"summary\").result.shown[] | select(.event | test(\"export|traces\")) | [.event, .result, (.summary | gsub(\"[0-9]+ bytes\"; \"N bytes\") | gsub(\"[0-9a-f]{16}…\"; \"HASH\"))] | @tsv" | sort | uniq -c'
