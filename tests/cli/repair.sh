# SPDX-License-Identifier: Apache-2.0
# Damage is mapped to items, and mended: by parity, from an export, from a copy of the vault.
make_disk disk.img
make_vault
exhibit collect disk.img --case 7 --quiet >/dev/null || exit 1
exhibit export 7/1 --format raw --output copy.img --quiet >/dev/null || exit 1
cp -a vault whole
pack=$(find vault/packs -name '*.pack')
hurt() {
    for at in "$@"; do
        printf 'decay' | dd of="$pack" bs=1 seek="$at" conv=notrunc 2>/dev/null
    done
}
hide='s/[0-9a-f]\{19\}…/PACK…/;s/record [0-9]* at [0-9]*/record N at N/;s/entry [0-9]* has/entry N has/'

s 'exhibit vault repair --quiet'
echo '# one place'
hurt 60000
s "exhibit vault check --deep --quiet | sed '$hide' | head -8"
s "exhibit vault repair --quiet | sed '$hide'"
s "exhibit vault repair --from-file copy.img --quiet | sed '$hide'"
t exhibit verify 7/1 --quiet --json | cut -c1-60
s 'exhibit verify 7/1 --quiet | head -1'
s 'exhibit vault repair --from-file disk.img --quiet --json | grep -o "\"items\":[^]]*]"'

echo '# the pack is gone'
rm "$pack"
s "exhibit vault repair --from-vault whole --quiet | sed '$hide;s/\(Bytes *\).*/\1SIZE/;s/\(Copies found *\).*/\1N/'"
s 'exhibit verify 7/1 --quiet | head -1'

echo '# parity'
cp -a whole/packs/. vault/packs
exhibit vault parity --quiet >/dev/null
hurt 20 60000 61000
s 'exhibit vault repair --quiet | head -4'
s 'exhibit vault check --deep --quiet | head -1'

echo '# nothing to take it from'
s 'exhibit vault repair --from-vault nowhere'
s 'exhibit vault scrub --older-than x'

echo '# what is lost and replaced is no problem for ever'
rm -rf vault && cp -a whole vault
rm "$(find vault/packs -name '*.pack')"
exhibit vault repair --from-vault whole --quiet >/dev/null
s 'exhibit vault check --deep --quiet | head -1'
s 'exhibit verify --all --quiet | head -1'

echo '# an index that is gone makes nothing missing'
rm -rf vault && cp -a whole vault && rm vault/index/*.idx
s 'exhibit verify --all --quiet | head -1'
rm vault/index/*.idx
s 'exhibit export 7/1 --format raw --output again.img --quiet >/dev/null && cmp copy.img again.img && echo the same'
