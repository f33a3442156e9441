#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Packages as somebody makes them who wants to be believed more than he should: hashes are mended, parts are exchanged.
# The program never says "good" of what nobody vouches for. tests/scripts/package_hostile.sh EXHIBIT; prints TAP.
# shellcheck source=tests/scripts/tap.inc
here=$(dirname "$(realpath "$0")")
. "$(dirname "$0")/tap.inc" package_hostile "$1"
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
echo "1..$count"
