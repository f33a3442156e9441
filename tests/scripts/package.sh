#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A package on its way: made by the program, checked by stock tools alone (docs/check-package.sh), and
# with one bit flipped in each of its parts: the tool that should, says so.
# tests/scripts/package.sh EXHIBIT; prints TAP.
# shellcheck source=tests/scripts/tap.inc
here=$(dirname "$(realpath "$0")")
. "$(dirname "$0")/tap.inc" package "$1"
export EXHIBIT_OFFICER=Ama

stock=$here/../../docs/check-package.sh
PATH=$(dirname "$(dirname "$(dirname "$bin")")")/verify:$PATH

head -c 300000 /dev/urandom >a
{ head -c 100000 /dev/zero; seq 20000; } >"b; \$(x).txt"
: >empty
exhibit init vault --agency "Police A" --officer Ama --no-recovery-sheet --kdf-memory 8 >init 2>&1
vkey=$(grep -o 'exhibit-vault/[0-9a-f]*+[0-9a-f]*+[A-Za-z0-9+/=]*' init | head -1)
{
    exhibit case new --number "C 1" --title "Compound 7"
    exhibit collect a --case "C 1"
    exhibit collect "b; \$(x).txt" --case "C 1" --label "Ama's notes"
    exhibit collect empty --case "C 1"
    exhibit verify "C 1/1"
} >/dev/null 2>&1
age-keygen -o id 2>/dev/null
age-keygen -o other 2>/dev/null
to=$(age-keygen -y id)
exhibit package create "C 1/1" "C 1/2" "C 1/3" --to "$to" --output p.age --legal-basis "MLA 7" >made 2>&1
key=$(exhibit package open p.age --identity id --output opened --key "$vkey" >/dev/null 2>&1; tail -1 opened/officer.pub)

with_stock_tools() {
    "$stock" file p.age "$key" && "$stock" open p.age id out && "$stock" dir out/p "$vkey" && diff -r out/p opened
}
with_the_program() {
    exhibit package verify p.age --identity id --key "$vkey" --signer "$key" &&
        [ "$(status_of exhibit package verify opened --key "$vkey")" = 3 ]
}
under_names_of_sources() {
    exhibit package create "C 1/2" --to "$to" --format files --output f.age &&
        exhibit package open f.age --identity id --output fo --key "$vkey" &&
        cmp "fo/data/C_1_2/b____x_.txt" "b; \$(x).txt"
}
by_an_agent() {
    ssh-keygen -q -t ecdsa -b 256 -N '' -f agent_key && eval "$(ssh-agent)" >/dev/null && ssh-add -q agent_key &&
        rm agent_key && exhibit package create "C 1/3" --to "$to" --ssh-key agent_key.pub --output g.age
    local status=$?
    ssh-agent -k >/dev/null
    [ $status = 0 ] || return 1
    echo "officer namespaces=\"exhibit-package\" $(cut -d' ' -f1,2 agent_key.pub)" >signers
    "$stock" file g.age "$key" signers && [ "$(status_of exhibit package verify g.age --identity id --key "$vkey")" = 3 ] &&
        ! "$stock" file g.age "$key"
}
by_a_key_file() {
    ssh-keygen -q -t ed25519 -N '' -f file_key && exhibit package create "C 1/3" --to "$to" --ssh-key file_key --output k.age &&
        echo "officer $(cut -d' ' -f1,2 file_key.pub)" >signers2 && "$stock" file k.age "$key" signers2
}
status_of() {
    "$@" >said 2>&1
    echo $?
}
# Exit status and a word that must be said.
refused() { # STATUS WORD COMMAND…
    local want=$1 word=$2 got
    shift 2
    got=$(status_of "$@")
    [ "$got" = "$want" ] && { cat said; tr -s '\n ' ' ' <said; } | grep -q -- "$word" && return 0
    echo "exit status $got, not $want, or \"$word\" is not said:"
    cat said
    return 1
}
for_another_recipient() {
    refused 7 "no key that was given opens" exhibit package verify p.age --identity other --key "$vkey"
}
nobody_gave_the_key() {
    refused 3 "comes from the package itself" exhibit package verify p.age --identity id
}
another_vault_key() {
    exhibit init vault2 --agency B --officer Ama --no-recovery-sheet --kdf-memory 8 >init2 2>&1
    refused 5 "signed by another vault's key than the one given" exhibit package verify opened --key "$(grep -o 'exhibit-vault/[0-9a-f]*+[0-9a-f]*+[A-Za-z0-9+/=]*' init2 | head -1)"
}
# A file that is not there was not looked at: neither good nor bad. Who asks for a signature wants one.
signature_missing() {
    mkdir -p bare && cp p.age bare && cp p.age.sig bare &&
        refused 3 "not checked: - the minisign signature: missing: no .minisig lies beside" \
            exhibit package verify bare/p.age --identity id --key "$vkey" && ! grep BAD said &&
        refused 5 "could not be checked: missing" exhibit package verify bare/p.age --identity id --key "$vkey" --signer "$key" &&
        mv bare/p.age.sig sig && cp p.age.minisig bare &&
        refused 3 "not checked: - the SSHSIG signature: missing: no .sig lies beside" \
            exhibit package verify bare/p.age --identity id --key "$vkey" && ! grep BAD said &&
        echo nothing >bare/p.age.sig && refused 5 "Signers: BAD" exhibit package verify bare/p.age --identity id --key "$vkey"
}
never_over_a_file() {
    refused 1 "is there already" exhibit package create "C 1/1" --to "$to" --output p.age &&
        refused 1 "is there already" exhibit package open p.age --identity id --output opened
}
# What could not be looked at is neither good nor bad.
stock_not_checked() {
    mkdir -p alone && cp p.age alone && refused 1 "^minisign: NOT CHECKED" "$stock" file alone/p.age "$key" &&
        grep -q "^ssh-keygen: NOT CHECKED" said && ! grep -q BAD said &&
        refused 1 "no bagit.txt" "$stock" dir out "$vkey" && ! grep -q BAD said
}
cut_short() {
    local n size
    size=$(stat -c %s p.age)
    for n in 10 200 5000 $((size / 2)) $((size - 1)); do
        head -c "$n" p.age >cut.age
        cp p.age.minisig cut.age.minisig
        cp p.age.sig cut.age.sig
        exhibit package verify cut.age --identity id --key "$vkey" >said 2>&1 && {
            echo "$n bytes of it are called good"
            return 1
        }
        exhibit package open cut.age --identity id --output cutdir --key "$vkey" >said 2>&1
        [ ! -e cutdir ] || return 1
        ls -d cutdir* 2>/dev/null && return 1
    done
    return 0
}

flip() { # FILE BYTE: one bit
    printf "\\x$(printf %02x $(($(od -An -tu1 -j "$2" -N 1 "$1") ^ 4)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
# The first byte of the first line that matches, and some more.
at() { # FILE PATTERN MORE
    echo $(($(grep -abo -m 1 -- "$2" "$1" | head -1 | cut -d: -f1) + $3))
}
# The tool says BAD, and the program is not content either.
file_flip() { # PART TOOL BYTE
    rm -rf q.age q.age.* out2
    cp p.age q.age
    cp p.age.minisig q.age.minisig
    cp p.age.sig q.age.sig
    flip "$1" "$3"
    { "$stock" file q.age "$key"; "$stock" open q.age id out2; } >said 2>&1
    grep -q "^$2: BAD" said || { echo "$2 does not say it:"; cat said; return 1; }
    exhibit package verify q.age --identity id --key "$vkey" --signer "$key" >said 2>&1 && {
        echo "the program is content"
        return 1
    }
    return 0
}
dir_flip() { # FILE TOOL BYTE
    rm -rf out3
    cp -r opened out3
    chmod -R u+w out3
    flip "out3/$1" "$3"
    "$stock" dir out3 "$vkey" >said 2>&1
    grep -q "^$2: BAD" said || { echo "$2 does not say it:"; cat said; return 1; }
    exhibit package verify out3 --key "$vkey" >said 2>&1 && {
        echo "the program is content"
        return 1
    }
    return 0
}
# As somebody who alters a file and mends the hashes: only the history's own proofs are left.
dir_flip_mended() { # FILE BYTE
    rm -rf out3
    cp -r opened out3
    chmod -R u+w out3
    flip "out3/$1" "$2"
    (cd out3 && for f in $(sed 's,^[0-9a-f]*  ,,' tagmanifest-sha256.txt); do sha256sum "$f"; done >t && mv t tagmanifest-sha256.txt)
    "$stock" dir out3 "$vkey" >said 2>&1
    grep -q "^exhibit-verify: BAD" said || { echo "exhibit-verify does not say it:"; cat said; return 1; }
    exhibit package verify out3 --key "$vkey" >said 2>&1 && {
        echo "the program is content"
        return 1
    }
    return 0
}

check "stock tools alone open and verify it" with_stock_tools
check "the program does, as file and as directory" with_the_program
check "items under the names of their sources" under_names_of_sources
check "the SSH signature by a key in an ssh-agent" by_an_agent
check "the SSH signature by a key in a file" by_a_key_file
if "$here/../case-validate" opened/case.jsonld >said 2>&1 || [ $? != 77 ]; then
    check "case.jsonld is good CASE/UCO 1.4.0" grep -qx Conforms said
else
    skip "case.jsonld is good CASE/UCO 1.4.0" "$(cat said)"
fi
check "for another recipient: denied" for_another_recipient
check "without the sender's key: only partly checked" nobody_gave_the_key
check "under another vault's key: not good" another_vault_key
check "without its signatures a file is only partly checked" signature_missing
check "no file is written over" never_over_a_file
check "stock tools: what could not be checked is not called bad" stock_not_checked
check "cut short anywhere: not good, and nothing is left behind" cut_short
check "a bit of the file: minisign" file_flip q.age minisign 5000
check "a bit of the file: ssh-keygen" file_flip q.age ssh-keygen 5000
check "a bit of the encrypted payload: age" file_flip q.age age 100000
check "a bit of age's header: age" file_flip q.age age 60
check "a bit of the minisign signature: minisign" file_flip q.age.minisig minisign 100
check "a bit of the trusted comment: minisign" file_flip q.age.minisig minisign 260
check "a bit of the SSH signature: ssh-keygen" file_flip q.age.sig ssh-keygen 200
check "a bit of the evidence: sha256sum" dir_flip data/C_1_1.raw sha256sum 1000
check "a bit of the evidence: fsverity" dir_flip data/C_1_1.raw fsverity 1000
check "a bit of the evidence: exhibit-verify" dir_flip data/C_1_1.raw exhibit-verify 1000
object=$(cd opened && ls exhibit/objects/* | head -1)
for f in bagit.txt bag-info.txt manifest-sha256.txt exhibit/package exhibit/excerpt "$object" fsverity-sha256.txt \
    officer.pub allowed_signers case.jsonld README.txt; do
    check "a bit of $(echo "$f" | sed 's,/[0-9a-f]\{64\},/…,'): sha256sum" dir_flip "$f" sha256sum 10
done
check "a bit of tagmanifest-sha256.txt: sha256sum" dir_flip tagmanifest-sha256.txt sha256sum 10
check "an entry, hashes mended: exhibit-verify" dir_flip_mended exhibit/excerpt "$(at opened/exhibit/excerpt '^entry 5 ' 60)"
check "a proof, hashes mended: exhibit-verify" dir_flip_mended exhibit/excerpt "$(at opened/exhibit/excerpt '^proof ' 20)"
check "a body, hashes mended: exhibit-verify" dir_flip_mended exhibit/excerpt "$(at opened/exhibit/excerpt '^body [^n]' 400)"
check "the checkpoint, hashes mended: exhibit-verify" dir_flip_mended exhibit/excerpt "$(at opened/exhibit/excerpt '^— exhibit' 80)"
check "an object's manifest, hashes mended: exhibit-verify" dir_flip_mended "$object" 40
check "exhibit/package, hashes mended: exhibit-verify" dir_flip_mended exhibit/package "$(at opened/exhibit/package '^item ' 45)"
echo "1..$count"
