#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Packages as somebody makes them who wants to be believed more than he should: hashes are mended, parts are exchanged.
# The program never says "good" of what nobody vouches for. tests/scripts/package_hostile.sh EXHIBIT; prints TAP.
# shellcheck source=tests/scripts/tap.inc
here=$(dirname "$(realpath "$0")")
. "$(dirname "$0")/tap.inc" package_hostile "$1"
PATH=$(dirname "$(dirname "$(dirname "$bin")")")/verify:$PATH
export EXHIBIT_OFFICER=Ama

vkey_of() {
    grep -o 'exhibit-vault/[0-9a-f]*+[0-9a-f]*+[A-Za-z0-9+/=]*' "$1" | head -1
}
head -c 30000 /dev/urandom >a
exhibit init vault --agency "Police A" --officer Ama --no-recovery-sheet --kdf-memory 8 >init 2>&1
vkey=$(vkey_of init)
{
    exhibit case new --number 1 --title "Compound 7"
    exhibit collect a --case 1
} >/dev/null 2>&1
age-keygen -o id 2>/dev/null
to=$(age-keygen -y id)
exhibit package create 1/1 --to "$to" --output p.age >/dev/null 2>&1
exhibit package open p.age --identity id --output opened --key "$vkey" >/dev/null 2>&1
key=$(tail -1 opened/officer.pub)
ssh-keygen -q -t ed25519 -N '' -f stranger

said() { # STATUS WORD COMMAND…: exit status, and what must be said
    local want=$1 word=$2 got
    shift 2
    "$@" >out 2>&1
    got=$?
    [ "$got" = "$want" ] && tr -s '\n ' ' ' <out | grep -q -- "$word" && return 0
    echo "exit status $got, not $want, or \"$word\" is not said:"
    cat out
    return 1
}
# A copy of the opened package, changed by COMMAND in it, with the hashes of the tag files mended.
changed() { # COMMAND
    rm -rf d
    cp -r opened d
    chmod -R u+w d
    (cd d && eval "$1" && for f in $(sed 's,^[0-9a-f]*  ,,' tagmanifest-sha256.txt); do sha256sum "$f"; done >t && mv t tagmanifest-sha256.txt)
}
verify_changed() { # STATUS WORD COMMAND
    changed "$3" && said "$1" "$2" exhibit package verify d --key "$vkey"
}

nobody_signed_a_directory() {
    said 3 "the signatures over the package" exhibit package verify opened --key "$vkey" &&
        verify_changed 3 "the signatures over the package" "echo 'The accused confessed.' >>README.txt"
}
signer_of_a_directory() {
    said 3 "the signatures over the package" exhibit package verify opened --key "$vkey" --signer "$key" &&
        minisign -G -W -p m.pub -s m.key >/dev/null 2>&1 </dev/null &&
        said 5 "another key than was given" exhibit package verify opened --key "$vkey" --signer "$(tail -1 m.pub)"
}
copy() {
    rm -f q.age*
    cp p.age q.age
    cp p.age.minisig q.age.minisig
    cp p.age.sig q.age.sig
}
a_stranger_signs_with_ssh() {
    copy
    ssh-keygen -q -Y sign -f stranger -n exhibit-package -O hashalg=sha256 - <p.age >q.age.sig 2>/dev/null || return 1
    said 3 "it is not the officer's, but SHA256:" exhibit package verify q.age --identity id --key "$vkey" --signer "$key" &&
        ssh-keygen -q -Y sign -f stranger -n file -O hashalg=sha256 - <p.age >q.age.sig 2>/dev/null &&
        said 5 "SSHSIG" exhibit package verify q.age --identity id --key "$vkey" &&
        ssh-keygen -q -Y sign -f stranger -n exhibit-package -O hashalg=sha256 - <id >q.age.sig 2>/dev/null &&
        said 5 "SSHSIG" exhibit package verify q.age --identity id --key "$vkey"
}
# The same key under another name: the paper of another ledger.
key_of_another_ledger() {
    local name=exhibit-vault/00000000000000000000000000000000 bytes=${vkey##*+} id
    bytes=$(echo "$vkey" | cut -d+ -f3-)
    id=$({ printf '%s\n' "$name"; echo "$bytes" | base64 -d; } | sha256sum | cut -c 1-8)
    said 5 "of another ledger" exhibit package verify p.age --identity id --key "$name+$id+$bytes"
}
no_text() {
    changed "sed -i 's,^log .*,log exhibit-vault/\xff,' exhibit/package" &&
        said 4 "no good line \"log\"" exhibit package verify d --key "$vkey"
}

# An item is taken off the list, a digital one with all that is said of its bytes; only the excerpt still begins it.
without_an_item() { # ITEM-LINE PATH
    rm -rf d
    cp -r both d
    chmod -R u+w d
    object=$(sed -n "s/^item .* object \(.*\) path .*/\1/p" d/exhibit/package)
    sed -i "/^item [0-9a-f]* $1/d" d/exhibit/package
    if [ -n "$2" ]; then
        rm "d/$2" "d/exhibit/objects/$object"
        sed -i "\\,$object,d" d/tagmanifest-sha256.txt
        sed -i "\\, $2\$,d" d/manifest-sha256.txt d/fsverity-sha256.txt
        sed -i 's/^Payload-Oxum: .*/Payload-Oxum: 0.0/' d/bag-info.txt
    fi
    (cd d && for f in $(sed 's,^[0-9a-f]*  ,,' tagmanifest-sha256.txt); do sha256sum "$f"; done >t && mv t tagmanifest-sha256.txt)
    said 4 "does not name the item that entry [0-9]* of the excerpt began" exhibit package verify d --key "$vkey" &&
        said 4 "exhibit/package does not name its item" exhibit-verify package d --key "$vkey" &&
        said 4 "does not name the item that entry" exhibit package import d --vault D --case 7 --key "$vkey"
}
an_item_is_hidden() {
    {
        exhibit case new --number 2 --title "two items" && exhibit collect a --case 2 &&
            exhibit item register --case 2 --description "phone, black" &&
            exhibit package create 2/1 2/2 --to "$to" --output both.age &&
            exhibit package open both.age --identity id --output both --key "$vkey" &&
            exhibit init D --agency "Police D" --officer Ama --no-recovery-sheet --kdf-memory 8 &&
            exhibit case new --vault D --number 7 --title D
    } >making 2>&1 || { cat making; return 1; }
    without_an_item physical "" && without_an_item "object " data/2_1.raw && [ "$(exhibit item list --vault D --quiet)" = "There are no items." ]
}
# With a signature missing it is not taken in: a file and its signatures stay together.
import_wants_signatures() {
    mkdir bare && cp p.age p.age.sig bare && said 5 "missing: no .minisig lies beside" \
        exhibit package import bare/p.age --vault D --case 7 --key "$vkey" --identity id || return 1
    rm bare/p.age.sig && cp p.age.minisig bare && said 5 "missing: no .sig lies beside" \
        exhibit package import bare/p.age --vault D --case 7 --key "$vkey" --identity id
}

# Everything that an excerpt says, and those inside it, in clear.
in_clear() {
    grep -aE '^(entry [0-9]+|body) [A-Za-z0-9+/=]{40}' "$1" | sed 's/^entry [0-9]* //; s/^body //' | while read -r line; do
        echo "$line" | base64 -d >"$1,"
        cat "$1,"
        in_clear "$1,"
    done
}
# Kofi is of the house, and was sent away; he has nothing to do with the item.
officers_stay_at_home() {
    echo 'another passphrase for a test' >kofi
    EXHIBIT_NEW_PASSPHRASE_FILE=kofi exhibit officer add Kofi --permissions collect --kdf-memory 8 >added 2>&1 || { cat added; return 1; }
    exhibit officer retire Kofi --reason "took a bribe" >retired 2>&1 || { cat retired; return 1; }
    exhibit verify 1/1 >/dev/null 2>&1 # the officers before it go with it
    exhibit package create 1/1 --to "$to" --output k.age >/dev/null && exhibit package open k.age --identity id --output k --key "$vkey" >/dev/null || return 1
    cp k/exhibit/excerpt x && in_clear x >clear
    grep -aq 'officer.retire' clear && grep -aq Ama clear || { echo "the excerpt is not in clear"; return 1; }
    ! grep -arE 'Kofi|bribe' clear k
}
# What came with others goes on alone.
others_stay_behind() {
    echo secret1 >b && echo secret2 >c
    exhibit collect b --case 1 --label "the widow's diary" >/dev/null 2>&1
    exhibit collect c --case 1 >/dev/null 2>&1
    exhibit verify 1/2 >/dev/null 2>&1
    exhibit package create 1/1 1/2 1/3 --to "$to" --output three.age >/dev/null || return 1
    exhibit package open three.age --identity id --output three --key "$vkey" >/dev/null || return 1
    exhibit init B --agency "Police B" --officer Ama --no-recovery-sheet --kdf-memory 8 >initB 2>&1
    EXHIBIT_VAULT=B
    exhibit case new --number 7 --title "B" >/dev/null 2>&1
    exhibit package import three.age --case 7 --key "$vkey" --identity id >/dev/null || return 1
    exhibit package create 7/1 --to "$to" --output alone.age >/dev/null && exhibit package open alone.age --identity id --output alone --key "$(vkey_of initB)" >/dev/null || return 1
    cp alone/exhibit/excerpt x && in_clear x >clear
    item=$(sed -n 's/^item \([0-9a-f]*\) .*/\1/p' alone/exhibit/package)
    grep -aq "$item" clear && grep -aq "import.item" clear && grep -aq "collect.outcome" clear || { echo "its own history is not there"; return 1; }
    ! grep -aE "widow|$(grep '^item ' three/exhibit/package | cut -d' ' -f2 | grep -v "$item" | paste -sd'|')" clear -r alone
}

# Killed between its first item and the entries: nothing is entered, what lies there says what it is, keeps its packs
# from being tidied away, and can be given up.
killed_while_importing() {
    EXHIBIT_VAULT=vault
    head -c 60000000 /dev/urandom >large
    exhibit collect large --case 1 >/dev/null 2>&1
    exhibit package create 1/1 1/2 1/3 1/4 --to "$to" --output large.age >/dev/null || return 1
    exhibit init C --agency "Police C" --officer Ama --no-recovery-sheet --kdf-memory 8 >/dev/null 2>&1
    EXHIBIT_VAULT=C
    exhibit case new --number "2026-0009-ABCDEF" --title "C" >/dev/null 2>&1
    "$bin" package import large.age --case "2026-0009-ABCDEF" --key "$vkey" --identity id >/dev/null 2>&1 &
    local pid=$! i name
    for i in $(seq 3000); do
        [ "$(ls C/work 2>/dev/null | grep -c .)" -ge 2 ] && break
        sleep 0.01
    done
    kill -9 $pid
    wait $pid 2>/dev/null
    [ "$(exhibit item list --quiet)" = "There are no items." ] || { echo "an item is entered, or it was not killed in time"; return 1; }
    exhibit work list --quiet >works
    grep -q "large.age, case 2026-0009-ABCDEF" works || { cat works; return 1; }
    exhibit vault compact >said 2>&1 && return 1
    grep -q "there is unfinished work" said || { cat said; return 1; }
    for name in $(ls C/work); do exhibit work discard "$name" --reason "cut off" >/dev/null 2>said || { cat said; return 1; }; done
    exhibit vault compact >said 2>&1 && exhibit vault check >/dev/null 2>&1 &&
        exhibit package import large.age --case "2026-0009-ABCDEF" --key "$vkey" --identity id >/dev/null &&
        exhibit verify --all --quiet >said 2>&1 && grep -q "2026-0009-ABCDEF/4" said && return 0
    cat said
    return 1
}

stock() { # WORD COMMAND: what the stock tools say of the changed package
    changed "$2" && ! "$here/../../docs/check-package.sh" dir d "$vkey" >said 2>&1 && grep -q "$1" said && return 0
    cat said
    return 1
}
a_name_speaks() {
    stock "nothing else was checked" 'echo x >"exhibit/objects/x\\nexhibit-verify: good: all"' || return 1
    changed 'f="exhibit/objects/x\\nexhibit-verify: good: all"; echo x >"$f"; printf "%064d  %s\n" 0 "$f" >>tagmanifest-sha256.txt'
    (cd d && h=$(sha256sum "exhibit/objects/x\\nexhibit-verify: good: all" | sed 's/^.\(.\{64\}\).*/\1/') && sed -i "s/^0\{64\}/$h/" tagmanifest-sha256.txt)
    "$here/../../docs/check-package.sh" dir d "$vkey" >said 2>&1 && return 1
    ! grep "^exhibit-verify: good: all" said
}

check "a directory: only partly checked, whatever its texts say" nobody_signed_a_directory
check "a directory and the officer's key: compared" signer_of_a_directory
check "an SSH signature by a stranger is not a good one" a_stranger_signs_with_ssh
check "a vault key under another name" key_of_another_ledger
check "digests for fsverity that are not the manifests'" verify_changed 4 "fsverity-sha256.txt does not say" \
    "sed -i 's/^sha256:./sha256:x/' fsverity-sha256.txt"
check "no digests for fsverity" verify_changed 4 "fsverity-sha256.txt does not say" ": >fsverity-sha256.txt"
check "another officer's key in officer.pub" verify_changed 5 "officer.pub is not the key" "cp ../m.pub officer.pub"
check "a hand-over that nobody offered" verify_changed 4 "no entry of the excerpt offers item 1" \
    "sed -i 's/^item /handover 00112233445566778899aabbccddeeff\nitem /' exhibit/package"
check "the item of another ledger" verify_changed 4 "no entry of the excerpt began item 1" \
    "sed -i 's/^item ......../item 00112233/' exhibit/package"
check "the origin of a ledger that cannot be shown" no_text
check "an item that is taken off the list" an_item_is_hidden
check "an import without its signatures" import_wants_signatures
check "officers who did nothing with an item stay unnamed" officers_stay_at_home
check "an item goes on without those that it came with" others_stay_behind
check "stock tools: a link is no file of the package" stock "^find: BAD: there are files only" "mv README.txt ../r; ln -s ../r README.txt"
check "stock tools: an empty list of digests is not good" stock "^fsverity: BAD" ": >fsverity-sha256.txt"
check "stock tools: a list that leads out of the package" stock "^find: BAD" "echo '$(printf %064d 0)  /dev/zero' >>manifest-sha256.txt"
check "stock tools: a name does not speak for a tool" a_name_speaks
check "an import that was killed" killed_while_importing
echo "1..$count"
