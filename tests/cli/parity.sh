# SPDX-License-Identifier: Apache-2.0
# Parity: made once, of sound packs; the page's own commands agree with it.
command -v python3 >/dev/null && command -v xxd >/dev/null || skip 'python3 or xxd is missing'
make_disk disk.img
make_vault
exhibit collect disk.img --case 7 --quiet >/dev/null || exit 1
s 'exhibit vault check | grep Parity'
sizes='s/^\(Read\|Parity\)\( *\)[1-9].* bytes.*/\1\2SIZE/'
s "exhibit vault parity --reason alone --quiet | sed '$sizes'"
t exhibit vault parity --quiet
s 'exhibit vault check | grep Parity'
s 'exhibit vault check --json | grep -o "\"parity\":{[^}]*}"'

# The page's blocks as they are written there, without their first words.
{
    echo 'V=vault'
    awk '/^## 7/ { on = 1 } on && /^```/ { in_block = !in_block; next } on && in_block' \
        "$(dirname "$1")/../../docs/format/parity.md" | sed 's,^V=/path/to/vault; ,,'
} >by-hand
s 'sh by-hand >said; echo $?; awk "/good/ { print; next } ++n % 2 { first = \$1; next } { print first == \$1 ? \"equal\" : \"NOT EQUAL\" }" said'
pack=$(find vault/packs -name '*.pack')
printf 'x' | dd of="$pack" bs=1 seek=50000 conv=notrunc 2>/dev/null
s 'sh by-hand | grep -c "^[<>]"'

echo '# a damaged pack gets none'
rm -r vault/parity
truncate -s -1 "$pack"
s 'exhibit vault parity --quiet | grep -v pack'
s 'exhibit vault parity --deep --quiet --json | sed "s/\"problems\":[^]]*]/\"problems\":[ONE]/"'
s 'exhibit ledger show --json | grep -o "\"parity.outcome\"[^}]*\"result\":\"[a-z]*\""'
