#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The independent verifier (verify/) and the program agree, on sound vaults and on changed ones.
# tests/scripts/verifier.sh EXHIBIT; prints TAP. N changes are tried (25) of each of three vaults, and four times as
# many of each of four packages, from SEED on.
here=$(realpath "$(dirname "$0")/..")
# shellcheck source=tests/scripts/tap.inc
. "$here/scripts/tap.inc" verifier "$1"
verify=${bin%/src/cli/exhibit}/verify/exhibit-verify
export N=${N:-25} SEED=${SEED:-1}

echo 'the passphrase of another' >other
chmod 600 other
as_other() { EXHIBIT_PASSPHRASE_FILE=$work/other "$bin" "$@" --officer Other; }
one() { exhibit "$@" --officer One; }
summary() { jq -c 'select(.type == "summary").result'; }
exits() { # STATUS COMMAND…
    local want=$1 got
    shift
    "$@"
    got=$?
    [ "$got" = "$want" ] || { echo "exit status $got, not $want: $*" && return 1; }
}
python3 - <<'P'
import random
r = random.Random(5)
a = r.randbytes(300000)
open('a', 'wb').write(a + bytes(200000) + b'\x41' * 70000 + bytes(5000) + r.randbytes(1000))
open('b', 'wb').write(bytes(65536 * 3) + a[:4096 * 20] + b'text' * 30000)
open('empty', 'wb').write(b'')
open('small', 'wb').write(b'hello')
open('zeros', 'wb').write(bytes(4096 * 128 * 128 + 4096))
open('many', 'wb').write(r.randbytes(4096 * 129) + b'\0' * 65536 + r.randbytes(4096 * 127 + 1))
P

# ---- sound vaults ----

collected() {
    exhibit init vault --agency A --officer One --plain --kdf-memory 8 --recovery-sheet sheet.txt
    one case new --number 1 --title t
    EXHIBIT_NEW_PASSPHRASE_FILE=$work/other one officer add Other --permissions all --kdf-memory 8
    one collect a --case 1 --label 'the first'
    one collect b --case 1
    cp -a vault vault-1
    exhibit ledger checkpoint --quiet >head-1.txt
    one collect empty --case 1
    as_other collect small --case 1
    one collect zeros --case 1
    as_other collect many --case 1
    one collect a --case 1
    one verify --all
    one export 1/1 --format raw --output a.out
}
dispose() {
    one item dispose 1/2 --legal-basis 'order 3'
    cp -a vault vault-2
    as_other item dispose 1/2 --approve "$(one ledger show --json | summary |
        jq -r '.shown[] | select(.event == "dispose.propose").index')"
}
later() {
    one item register --case 1 --description phone --serial 7
    one handover offer 1/1 1/3 --to Other --purpose exam --legal-basis 'order 4'
    as_other handover accept "$(one handover list --json | summary | jq -r '.handovers[0].id')"
    one officer retire Other --reason left
    one vault compact --level 9 --recompress
    one vault scrub
    one vault parity
    EXHIBIT_NEW_PASSPHRASE_FILE=$work/other one officer add Third --permissions view,collect --kdf-memory 8
    exhibit ledger checkpoint --quiet >head.txt
}
{ collected && dispose && later; } >making 2>&1 || tail -n 3 making | sed 's/^/# /'
key=$(jq -r .vault_key vault/vault.json)

same_hashes() { # what the verifier says of the items is what sha256sum says of the files
    "$verify" vault vault-1 --json >said || return 1
    [ "$(jq -r '.items[] | select(.verdict == "good").sha256' said)" = "$(sha256sum a b | cut -c 1-64)" ]
}
disposed() {
    "$verify" vault vault --json >said || { cat said && return 1; }
    jq -e '[.items[].verdict] == ["good", "disposed", "good", "good", "good", "good", "good", "physical"] and
        .claims.content.packs_replaced > 0 and .claims.history.open_intents == 0 and .verdict == "good"' said
}
counts() { # both count the same (of physical items only the program knows)
    "$verify" vault vault --json >said && one verify --all --json | summary >theirs || return 1
    jq -c '[.claims.content | .items_good, .items_disposed, .chunks, .bytes_read, .bytes_constant]' said >a1
    jq -c '[.claims.content.counts | .items_good, .items_disposed, .chunks, .bytes_read, .bytes_constant]' theirs >a2
    cat a1 a2
    cmp a1 a2
}
for v in vault-1 vault-2 vault; do
    check "$v is good, for both" eval "exits 0 '$verify' vault $v && exits 0 exhibit vault check --deep --vault $v &&
        exits 0 exhibit ledger verify --vault $v"
done
check "the hashes of items are those of the files" same_hashes
imported() { # a vault whose items came in a package
    exhibit init field --agency B --officer One --plain --kdf-memory 8 --no-recovery-sheet
    one case new --number 9 --title t --vault field
    one package create 1/1 1/6 --output it.age --to "$(one officer list --vault field --json | summary | jq -r '.officers[0].age')"
    one package import it.age --vault field --case 9 --key "$key"
    exits 0 one verify --all --vault field || return 1
    "$verify" vault field --json >said || { cat said && return 1; }
    [ "$(jq -r '.items[] | select(.verdict == "good").sha256' said)" = "$(sha256sum a many | cut -c 1-64)" ]
}
check "items that came in a package are checked" imported
check "a disposed item is said to be disposed of, replaced packs are known" disposed
check "both count the same" counts
check "with the key on paper, and a checkpoint that was kept" exits 0 "$verify" vault vault --key "$key" --checkpoint head-1.txt
check "a checkpoint that is the head" exits 0 "$verify" vault vault --checkpoint head.txt
check "with another key" exits 5 "$verify" vault vault --key "${key%?????}AAAA="

cosigned() { # by a court: in the ledger, and as a note that was kept outside
    cp -a vault cosigned
    exhibit init court --agency C --officer One --plain --kdf-memory 8 --no-recovery-sheet
    exhibit ledger prove --since 0 --quiet --vault cosigned >request
    one cosign request --key "$key" --output answer --vault court
    one ledger cosigned answer --key "$(jq -r .vault_key court/vault.json)" --output note --vault cosigned
    one case new --number 2 --title later --vault cosigned
    court=$(jq -r .origin court/vault.json)
    typed=$( (printf '\004' && jq -r .vault_key court/vault.json | tail -c 45 | base64 -d | tail -c 32) | base64)
    cosigner=$court+$( (printf '%s\n' "$court" && echo "$typed" | base64 -d) | sha256sum | cut -c 1-8)+$typed
    exits 0 "$verify" vault cosigned --cosigner "$cosigner" >said || { cat said && return 1; }
    grep -q "cosigner 1 cosigned the first $(sed -n '/^$/,$p' request | sed -n 3p) entries" said || { cat said && return 1; }
}
check "a cosignature in the ledger counts for whom --cosigner names" cosigned
check "and one in a note that was kept outside" exits 0 "$verify" vault cosigned --cosigner "$cosigner" --checkpoint note
check "a cosigner who did not sign is said" exits 3 "$verify" vault vault --cosigner "$cosigner"
awk -v name="$court" '$2 == name { $3 = substr($3, 1, 40) ($3 ~ /^.{40}A/ ? "B" : "A") substr($3, 42) } 1' note >bad
check "a bad cosignature is a bad signature" exits 5 "$verify" vault cosigned --cosigner "$cosigner" --checkpoint bad
check "a key of another type is no cosigner's" exits 2 "$verify" vault cosigned --cosigner "$key"
check "an older copy is told by a later checkpoint" exits 4 "$verify" vault vault-1 --checkpoint head.txt
check "usage" exits 2 "$verify" vault
check "no vault" exits 1 "$verify" vault nowhere
encrypted() {
    exhibit init locked --agency A --officer One --kdf-memory 8 --no-recovery-sheet >/dev/null 2>&1
    exits 9 "$verify" vault locked
}
check "an encrypted vault is not checked, and not good" encrypted
outsider() { make -C "$here/../verify" -s BUILD="$work/outside" && exits 0 "$work/outside" vault vault-1; }
check "make alone builds it" outsider
repaired() {
    cp -a vault-1 mended
    rm "$(find mended -name '*.pack' -size +100k)"
    exits 4 "$verify" vault mended || return 1
    one vault repair --from-vault vault-1 --vault mended
    exits 0 exhibit vault check --deep --vault mended && exits 0 "$verify" vault mended
}
check "a pack that is gone is told, and known to be replaced after a repair" repaired
hand() { # vault.md §9.5 as it stands on the page
    local page
    page=$(sed -n '/^### 9.5/,/^## 10/p' "$here/../docs/format/vault.md" | sed -n '/^```/,/^```/p' | grep -v '^```')
    printf 'V=%s\nexhibit() { "%s" "$@" --officer One; }\n%s\n' vault "$bin" "$page" >page.sh
    bash page.sh >gone 2>/dev/null && [ -s gone ] && [ "$(sort gone | uniq -u | wc -l)" = 0 ]
}
check "vault.md §9.5 by hand: packs that are gone are packs that were replaced" hand

# ---- a long ledger: several tiles ----

long() {
    cp -a vault-1 vault-3
    for _ in $(seq 90); do one item list --vault vault-3 || return 1; done >/dev/null 2>&1
    exhibit ledger checkpoint --vault vault-3 --quiet >head-3.txt
    for _ in $(seq 45); do one item list --vault vault-3 || return 1; done >/dev/null 2>&1
    exits 0 "$verify" vault vault-3 --checkpoint head-3.txt && exits 0 "$verify" vault vault-3 --checkpoint head-1.txt &&
        "$verify" vault vault-3 --json | jq -e '.claims.history | .entries > 256 and .tiles > 2'
}
check "a ledger of more than one tile" long

# ---- two vaults: handed over, refused, withdrawn, back again; and the packages that went between them ----

in_vault() { # NAME COMMAND…
    local v=$1
    shift
    EXHIBIT_OFFICER=One exhibit "$@" --vault "$v"
}
offer() { # FROM INTO PACKAGE ITEM…: offered, packed, taken in
    local from=$1 into=$2 package=$3
    shift 3
    in_vault "$from" handover offer "$@" --to-vault "$(cat "$into.key")" --to-agency "$into" --to-officer One --purpose exam \
        --legal-basis 'MLA 1' &&
        h=$(in_vault "$from" handover list --json | summary | jq -r '.handovers[-1].id') &&
        in_vault "$from" package create --handover "$h" --to "$to" --output "$package.age" &&
        exhibit package open "$package.age" --identity id --output "$package" --key "$(cat "$from.key")" &&
        in_vault "$into" package import "$package.age" --identity id --case 7 --key "$(cat "$from.key")"
}
settle() { # GIVER TAKER: the taker's receipt, the giver's confirmation
    in_vault "$1" handover enter receipt --output confirmation && in_vault "$2" handover enter confirmation &&
        rm receipt confirmation
}
between() {
    local v
    age-keygen -o id 2>/dev/null
    to=$(age-keygen -y id)
    for v in A B; do
        exhibit init $v --agency $v --officer One --plain --kdf-memory 8 --no-recovery-sheet || return 1
        in_vault $v case new --number 7 --title t || return 1
        jq -r .vault_key $v/vault.json >$v.key
    done
    in_vault A collect a --case 7 && in_vault A item register --case 7 --description phone &&
        in_vault A collect b --case 7 && in_vault A collect small --case 7 || return 1
    offer A B went 7/1 7/2 && in_vault B handover accept "$h" --output receipt && settle A B || return 1
    offer A B refused 7/3 && in_vault B handover refuse "$h" --reason no --output receipt && settle A B || return 1
    offer A B late 7/4 && in_vault A handover withdraw "$h" --reason no &&
        in_vault B handover accept "$h" --output receipt && in_vault A handover receipt "$h" --output confirmation &&
        in_vault B handover enter confirmation && rm receipt confirmation || return 1
    offer B A back 7/1 && in_vault A handover accept "$h" --output receipt && settle B A || return 1
    in_vault A package create 7/1 7/2 7/3 --to "$to" --output last.age &&
        exhibit package open last.age --identity id --output last --key "$(cat A.key)" &&
        in_vault A package create 7/1 7/2 7/3 --to "$to" --output images.age --format e01 || return 1
    exits 3 exhibit package open images.age --identity id --output images --key "$(cat A.key)"
}
check "items go between two vaults" between
for v in A B; do
    check "$v is good" exits 0 "$verify" vault $v --key "$(cat $v.key)"
done
partly() { # LINES COMMAND…: exit status 3, and so many findings that something was not checked; nothing worse
    local lines=$1
    shift
    exits 3 "$@" >said && [ "$(grep -c '^partly-checked' said)" = "$lines" ] &&
        grep '^partly-checked: the signatures over the encrypted file' said || { cat said && return 1; }
}
both_but_the_signatures() { # DIR KEY: a directory has no signatures over the file
    partly 1 "$verify" package "$1" --key "$2" && exits 3 exhibit package verify "$1" --key "$2"
}
for p in went refused late last; do
    check "the package $p is good but for the signatures over the file, for both" both_but_the_signatures $p "$(cat A.key)"
done
check "so is the package that came back" both_but_the_signatures back "$(cat B.key)"
images() { partly 2 "$verify" package images --key "$(cat A.key)" && exits 3 exhibit package verify images --key "$(cat A.key)"; }
check "of images both say that they did not look into them" images
check "without its key more is open" partly 2 "$verify" package back
another_key() {
    exits 5 "$verify" package back --key "$(cat A.key)" && exits 5 exhibit package verify back --key "$(cat A.key)"
}
check "under another key it is not good, for both: a signature matter" another_key
provenance() { # two vaults deep, each under a key that nobody compared
    "$verify" package last --key "$(cat A.key)" --json | tee said |
        jq -e --arg a "$(cat A.key)" --arg b "$(cat B.key)" '[.findings[] | select(.log).text | split(": ")[1]] == [$b, $a]' ||
        { cat said && return 1; }
}
check "each provenance is named with its key" provenance

# ---- ledgers by somebody with every key ----

check "both judge forged ledgers alike" python3 "$here/verify/forge.py" "$bin" "$verify" "$work/forged"
sed -n 's/^/# /; / exhibit says \| ledgers, /p' log

# ---- changed vaults: under the sanitizers ----

checked=$work/checked
make -C "$here/../verify" -s BUILD="$checked" CFLAGS='-O1 -g -fsanitize=address,undefined -fno-sanitize-recover' || checked=$verify

for v in vault-1 vault vault-3; do
    check "$N changes of $v: both notice, or neither" python3 "$here/verify/agree.py" "$bin" "$checked" $v One
    sed 's/^#* */# /' log
done
for p in went back last images; do
    key=$(cat A.key)
    [ $p != back ] || key=$(cat B.key)
    check "$((N * 4)) changes of the package $p: both notice, or neither" \
        env N=$((N * 4)) python3 "$here/verify/packages.py" "$bin" "$checked" $p "$key"
    sed 's/^#* */# /' log
done
echo "1..$count"
