#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Our signatures before minisign and ssh-keygen, theirs before us, and a real ssh-agent in between.
# tests/scripts/signs.sh EXHIBIT; prints TAP.
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" signs "$1"
signs=$(dirname "$bin")/../../tests/unit/formats/signs
[ -x "$signs" ] || {
    echo "not ok 1 - signs: there is no $signs"
    echo "1..1"
    exit 1
}
signs() { "$signs" "$@"; }
exits() { # STATUS COMMAND…
    local want=$1 got
    shift
    "$@"
    got=$?
    [ "$got" = "$want" ] || {
        echo "exit status $got, not $want"
        return 1
    }
}
says() { # TEXT COMMAND…: fails, and says this
    local text=$1
    shift
    ! "$@" >said 2>&1 && grep -qF -- "$text" said || {
        cat said
        return 1
    }
}
flip() { # FILE OFFSET TO: the lowest bit of one byte
    cp "$1" "$3" && printf '%b' "\\x$(printf %02x $((0x$(xxd -s "$2" -l 1 -p "$1") ^ 1)))" |
        dd of="$3" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

head -c 300001 /dev/urandom >message
: >empty
ssh-keygen -q -t ed25519 -N '' -C 'the officer' -f ed25519
ssh-keygen -q -t ecdsa -b 256 -N '' -C 'a card' -f ecdsa
ssh-keygen -q -t rsa -b 2048 -N '' -C 'an old card' -f rsa
ssh-keygen -q -t ecdsa -b 384 -N '' -C 'not ours' -f p384
ssh-keygen -q -t ed25519 -N 'a passphrase' -C 'locked' -f locked
now=$(date +%s)

# ---- minisign ----

signs minisign-key ed25519 >officer.pub
trusted="exhibit-package/v1 id 00ff"$'\t'"für die Akte"
ours_minisign() { # FILE
    signs minisign-sign ed25519 "$trusted" <"$1" >ours.minisig &&
        minisign -Vm "$1" -H -x ours.minisig -p officer.pub -Q >comment &&
        [ "$(cat comment)" = "$trusted" ] &&
        minisign -Vm "$1" -x ours.minisig -P "$(sed -n 2p officer.pub)"
}
check "minisign takes our signature, our key and our trusted comment" ours_minisign message
check "of an empty file too" ours_minisign empty
number_by_hand() {
    local number
    number=$(sed -n 2p officer.pub | base64 -d | tail -c 32 | sha256sum | cut -c 1-16)
    [ "$(sed -n 2p officer.pub | base64 -d | head -c 10 | tail -c 8 | xxd -p)" = "$number" ]
}
check "the key number is the beginning of the key's SHA-256" number_by_hand
longest() { # what both can hold
    head -c 8173 /dev/zero | tr '\0' x >long
    signs minisign-sign ed25519 "$(cat long)" <message >long.minisig &&
        minisign -Vm message -x long.minisig -p officer.pub -Q >comment && cmp -n 8173 long comment &&
        signs minisign-verify officer.pub long.minisig <message >comment && cmp -n 8173 long comment
}
check "the longest trusted comment" longest

minisign -G -W -f -p theirs.pub -s theirs.key >/dev/null
minisign -S -W -s theirs.key -m message -x theirs.minisig -t 'theirs, für uns' >/dev/null
minisign -S -W -l -s theirs.key -m message -x legacy.minisig >/dev/null
theirs_minisign() {
    [ "$(signs minisign-verify theirs.pub theirs.minisig <message)" = 'theirs, für uns' ]
}
check "we take minisign's signature" theirs_minisign
check "another key is refused" exits 5 signs minisign-verify officer.pub theirs.minisig <message
check "another file is refused" exits 5 signs minisign-verify theirs.pub theirs.minisig <empty
check "the legacy way is refused, in words" says 'legacy signature' signs minisign-verify theirs.pub legacy.minisig <message
minisign_flips() {
    local i tried=0
    signs minisign-sign ed25519 "$trusted" <message >ours.minisig
    for ((i = 64; i < $(stat -c %s ours.minisig); i += 7)); do # behind the untrusted comment
        flip ours.minisig "$i" flipped || return 1
        ! signs minisign-verify officer.pub flipped <message || return 1
        ! minisign -Vm message -x flipped -p officer.pub || return 1
        tried=$((tried + 1))
    done
    flip message 123456 changed && ! signs minisign-verify officer.pub ours.minisig <changed && [ "$tried" -gt 20 ]
}
check "nobody takes one with a flipped bit" minisign_flips

# ---- ssh-keygen ----

for key in ed25519 ecdsa rsa; do
    echo "$key@agency namespaces=\"exhibit-package\",valid-before=\"20991231Z\" $(cat $key.pub)"
done >allowed_signers
by_keygen() { # SIG PRINCIPAL FILE
    ssh-keygen -Y verify -f allowed_signers -I "$2" -n exhibit-package -s "$1" <"$3"
}
by_us() { # SIG PRINCIPAL FILE
    signs ssh-verify allowed_signers "$2" exhibit-package "$now" "$1" <"$3"
}
ours_ssh() { # HASH FILE
    signs ssh-sign ed25519 exhibit-package "$1" <"$2" >ours.sig &&
        by_keygen ours.sig ed25519@agency "$2" && by_us ours.sig ed25519@agency "$2"
}
check "ssh-keygen takes our signature over SHA-512" ours_ssh sha512 message
check "and over SHA-256" ours_ssh sha256 message
check "and of an empty file" ours_ssh sha512 empty
same_bytes() { # Ed25519 is deterministic: the files must be equal
    signs ssh-sign ed25519 exhibit-package sha512 <message >ours.sig &&
        ssh-keygen -Y sign -n exhibit-package -f ed25519 <message >theirs.sig 2>/dev/null && cmp ours.sig theirs.sig
}
check "byte for byte what ssh-keygen writes" same_bytes
theirs_ssh() { # KEY HASH
    ssh-keygen -Y sign -O hashalg="$2" -n exhibit-package -f "$1" <message >"$1-$2.sig" 2>/dev/null &&
        by_keygen "$1-$2.sig" "$1@agency" message && by_us "$1-$2.sig" "$1@agency" message
}
for key in ed25519 ecdsa rsa; do
    check "we take ssh-keygen's signature by $key over SHA-512" theirs_ssh $key sha512
    check "and over SHA-256 by $key" theirs_ssh $key sha256
    check "not as somebody else's than $key's" exits 5 by_us $key-sha512.sig other@agency message
    check "nor of another file by $key" exits 5 by_us $key-sha512.sig $key@agency empty
done
namespace() {
    ssh-keygen -Y sign -n git -f ed25519 <message >git.sig 2>/dev/null
    says 'may not sign for' signs ssh-verify allowed_signers ed25519@agency git "$now" git.sig <message &&
        says 'signed for "git", not for "exhibit-package"' by_us git.sig ed25519@agency message
}
check "another namespace is refused by name" namespace
check "a key that has expired is refused" says 'no longer valid' \
    signs ssh-verify allowed_signers rsa@agency exhibit-package 4102444800 rsa-sha512.sig <message
ssh-keygen -Y sign -n exhibit-package -f p384 <message >p384.sig 2>/dev/null
check "a type of key that we do not support is named" says 'ecdsa-sha2-nistp384' by_us p384.sig x message
ssh_flips() {
    local key i tried=0
    for key in ed25519 ecdsa rsa; do
        for ((i = 30; i < $(stat -c %s $key-sha512.sig); i += 29)); do
            flip $key-sha512.sig "$i" flipped || return 1
            ! by_us flipped $key@agency message 2>/dev/null || return 1
            tried=$((tried + 1))
        done
    done
    flip message 299999 changed && ! by_us rsa-sha512.sig rsa@agency changed && [ "$tried" -gt 40 ]
}
check "nobody takes one with a flipped bit" ssh_flips

# ---- ssh-agent ----

unset SSH_AUTH_SOCK SSH_AGENT_PID
check "without an agent it says so" says 'no ssh-agent is running' signs ssh-agent-list
check "a locked key file is sent to the agent" says 'ssh-add FILE' signs ssh-sign locked exhibit-package sha512 <message
eval "$(ssh-agent -s -a "$work/agent")" >/dev/null
trap 'kill ${SSH_AGENT_PID:-} 2>/dev/null; rm -rf "$work"' EXIT
ssh-add -q ed25519 ecdsa rsa p384 2>/dev/null
listed() {
    signs ssh-agent-list >ours && ssh-add -l >theirs || return 1
    for key in ed25519 ecdsa rsa; do
        grep -qF "$(ssh-keygen -lf $key.pub | cut -d' ' -f2)" ours || return 1
    done
    grep -qF "$(ssh-keygen -lf ed25519.pub | cut -d' ' -f2) the officer" ours && grep -qx 'skipped 1' ours &&
        [ "$(wc -l <theirs)" = 4 ]
}
check "what the agent holds" listed
mkdir away && mv ed25519 ecdsa rsa away
by_agent() { # KEY HASH
    signs ssh-agent-sign "$1.pub" exhibit-package "$2" <message >agent.sig &&
        by_keygen agent.sig "$1@agency" message && by_us agent.sig "$1@agency" message
}
for key in ed25519 ecdsa rsa; do
    check "it signs for us with $key over SHA-512" by_agent $key sha512
    check "and over SHA-256 with $key" by_agent $key sha256
done
check "not with a key that it does not hold" exits 7 signs ssh-agent-sign locked.pub exhibit-package sha512 <message
locked_agent() { # a locked agent has no keys
    printf '#!/bin/sh\necho secret\n' >askpass && chmod +x askpass
    SSH_ASKPASS_REQUIRE=force SSH_ASKPASS=$work/askpass ssh-add -x >/dev/null 2>&1 || return 1
    exits 7 signs ssh-agent-sign ed25519.pub exhibit-package sha512 <message &&
        [ "$(signs ssh-agent-list)" = 'skipped 0' ]
}
check "nor while it is locked" locked_agent
dead_agent() {
    kill "$SSH_AGENT_PID" || return 1
    while kill -0 "$SSH_AGENT_PID" 2>/dev/null; do
        sleep 0.1
    done
    unset SSH_AGENT_PID
    exits 6 signs ssh-agent-list
}
check "an agent that has gone is not waited for" dead_agent

echo "1..$count"
