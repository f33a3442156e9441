# SPDX-License-Identifier: Apache-2.0
# Names that want to do something to a terminal, or are no text at all.
make_vault
override=$(printf 'photo\342\200\256gpj.exe')
escape=$(printf 'a\033[2Jb\nforged: yes')
bytes=$(printf 'bytes\377\376.img')
for name in "$override" "$escape" "$bytes"; do
    echo abc >"$name"
    exhibit collect "$name" --case 7 --label "$override" --quiet >/dev/null 2>&1
    echo "exit $?"
done
known edeaaff3f1774ad2888673770c6d64097e391bc362d7d6fb34982ddf0efd18cb
known df47a803e73b11e8a43594a793382726f0807ab5130df9ee36d408508dcf4302
t exhibit item show 7/1 --quiet
t exhibit item show 7/2 --quiet
t exhibit item show 7/3 --quiet
t exhibit item list --quiet
s 'exhibit item show 7/3 --json | grep -o "\"path[_a-z0-9]*\":\"[^\"]*\""'

dangerous() {
    LC_ALL=C tr -d '\n' | LC_ALL=C grep -c "$(printf '[\001-\037\177]\\|\342\200\256')"
}
echo "in the names themselves: $(printf '%s' "$escape" | dangerous), $(printf '%s' "$override" | dangerous)"
echo "in all that is printed about them: $({
    exhibit item show 7/1 && exhibit item show 7/2 && exhibit custody log 7/1 &&
        exhibit ledger show && exhibit item list --json
    exhibit collect "no such $escape" --case 7
} 2>&1 | dangerous)"
