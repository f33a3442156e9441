#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Checks a package of Exhibit with stock tools alone (docs/format/package.md §5):
#
#     check-package.sh file NAME.age KEY [SIGNERS] the signatures; KEY: the officer's minisign key, from paper;
#                                                 SIGNERS: allowed_signers, when another SSH key signed too
#     check-package.sh open NAME.age IDENTITY DIR opens it into DIR with age and tar
#     check-package.sh dir DIR [VKEY]             what is in it; VKEY: the sender's vault key, from paper
#
# Each line names the tool that speaks and what it found. Exit status 0 only when all of them are content.
# What could not be checked is said (NOT CHECKED), and is neither good nor bad.
# Needs: minisign, ssh-keygen, xxd, age, tar, sha256sum, fsverity (Debian: minisign openssh-client xxd age fsverity);
# exhibit-verify (verify/ in the sources) for the history: it shares no code with Exhibit; ewfverify (ewf-tools)
# for E01 images, if there are any.
set -u
LC_ALL=C
export LC_ALL
bad=0

say() { # TOOL STATUS WHAT: one line, whatever characters a name in the package has
    if [ "$2" = 0 ]; then
        printf '%s: good: %s\n' "$1" "$(printf %s "$3" | tr -c '[:print:]' '?')"
    else
        printf '%s: BAD: %s\n' "$1" "$(printf %s "$3" | tr -c '[:print:]' '?')"
        bad=1
    fi
}

unknown() { # TOOL WHY
    printf '%s: NOT CHECKED: %s\n' "$1" "$2"
    bad=1
}

has() { # TOOL
    command -v "$1" >/dev/null 2>&1 && return 0
    unknown "$1" "it is not installed"
    return 1
}

check_file() { # NAME.age KEY [SIGNERS]
    if [ ! -e "$1.minisig" ]; then
        unknown minisign "there is no $1.minisig"
    elif has minisign; then
        minisign -Vm "$1" -P "$2" >/dev/null 2>&1
        say minisign $? "the officer's signature over $1"
    fi
    if [ ! -e "$1.sig" ]; then
        unknown ssh-keygen "there is no $1.sig"
    elif has ssh-keygen && has xxd; then
        check_ssh "$@"
    fi
}

signers_of() { # KEY NAMESPACE: an allowed_signers with the SSH form of a minisign key
    # 4 bytes of length, "ssh-ed25519", 4 bytes of length, 32 bytes of key.
    key=$(printf %s "$1" | base64 -d | tail -c 32 | od -An -v -tx1 | tr -d ' \n')
    blob=$(printf '%s' "0000000b7373682d6564323535313900000020$key" | xxd -r -p | base64 -w 0)
    echo "officer namespaces=\"$2\" ssh-ed25519 $blob"
}

check_ssh() { # NAME.age KEY [SIGNERS]
    signers=$(mktemp)
    signers_of "$2" exhibit-package >"$signers"
    [ -z "${3:-}" ] || cat "$3" >"$signers"
    ssh-keygen -Y verify -f "$signers" -I officer -n exhibit-package -s "$1.sig" <"$1" >/dev/null 2>&1
    say ssh-keygen $? "the officer's SSH signature over $1"
    rm -f "$signers"
}

open_file() { # NAME.age IDENTITY DIR
    has age || exit 1
    umask 077
    mkdir "$3" || exit 1
    status=$(mktemp)
    { age -d -i "$2" "$1" 2>/dev/null; echo $? >"$status"; } | tar -x -C "$3" --no-same-owner 2>/dev/null
    say tar $? "the archive in $1"
    say age "$(cat "$status")" "$1 is whole and as it was encrypted"
    rm -f "$status"
    echo "next: check-package.sh dir $3/NAME VKEY (NAME: the directory that is in $3 now)"
}

check_dir() { # DIR [VKEY]
    cd "$1" || exit 1
    if [ ! -e bagit.txt ]; then
        echo "there is no bagit.txt in $1, so it is no package: open a package into DIR, and it is a directory in DIR"
        exit 1
    fi
    # First what is there at all: a link or a list could lead the tools out of the package.
    [ -z "$(find . ! -type d ! -type f)" ]
    say find $? "there are files only, no links"
    find . -type f | sed 's,^\./,,' | grep -vx tagmanifest-sha256.txt | sort >"$tmp.there"
    sed 's,^.\{64\}  ,,' manifest-sha256.txt | sort >"$tmp.payload"
    { cat "$tmp.payload"; sed 's,^.\{64\}  ,,' tagmanifest-sha256.txt; } | sort >"$tmp.listed"
    cmp -s "$tmp.there" "$tmp.listed" && ! grep -v '^data/' "$tmp.payload" >/dev/null
    say find $? "there is no file that is not listed"
    if [ $bad = 1 ]; then
        echo "nothing else was checked"
        return
    fi
    sha256sum -c --strict --quiet manifest-sha256.txt >/dev/null 2>&1
    status=$?
    [ -s manifest-sha256.txt ] || status=0 # physical items only
    say sha256sum $status "the evidence is that of manifest-sha256.txt"
    sha256sum -c --strict --quiet tagmanifest-sha256.txt >/dev/null 2>&1
    say sha256sum $? "the other files are those of tagmanifest-sha256.txt"
    for o in exhibit/objects/*; do
        [ -e "$o" ] || continue
        [ "$(sha256sum <"$o" | cut -c 1-64)" = "$(basename "$o")" ]
        say sha256sum $? "$o has its own name"
    done
    sed -n 's/^image [0-9a-f]* path //p' exhibit/package | sort >"$tmp.images"
    has fsverity && check_digests
    [ ! -s "$tmp.images" ] || check_images
    has exhibit-verify && check_history "${2:-}"
    echo "the signatures are not in here: check-package.sh file NAME.age KEY checks those"
}

check_digests() { # of items, and not of images
    comm -23 "$tmp.payload" "$tmp.images" | while IFS= read -r f; do
        fsverity digest --hash-alg=sha256 --block-size=4096 "$f"
    done 2>/dev/null | sort >"$tmp.digests"
    sort fsverity-sha256.txt | cmp -s "$tmp.digests" -
    say fsverity $? "the evidence has the digests of fsverity-sha256.txt"
}

check_images() {
    while IFS= read -r f; do
        case $f in
        *.E01) has ewfverify && check_image "$f" ;;
        *.E01.exhibit.json) has ssh-keygen && has xxd && check_beside "$f" ;;
        *.E01.exhibit.json.sig) ;;
        *) # a later segment, which ewfverify reads with the first
            grep -qxF "${f%.*}.E01" "$tmp.images" || say find 1 "$f belongs to an image"
            ;;
        esac
    done <"$tmp.images"
}

check_image() { # PATH.E01: it holds the bytes of its item, of which manifest-sha256.txt has the hash
    id=$(awk -v path="$1" '$1 == "image" && $4 == path { print $2 }' exhibit/package)
    item=$(awk -v id="$id" '$1 == "item" && $2 == id && $3 == "object" { print $6 }' exhibit/package)
    hash=$(awk -v path="$item" '$2 == path { print $1 }' manifest-sha256.txt)
    ewfverify -q -d sha256 "$1" >"$tmp.ewf" 2>&1 </dev/null && [ ${#hash} = 64 ] &&
        [ "$(sed -n 's/^SHA256 hash calculated over data:[[:space:]]*//p' "$tmp.ewf")" = "$hash" ]
    say ewfverify $? "$1 holds the bytes of $item"
}

check_beside() { # PATH.E01.exhibit.json: signed by the key that the package names
    signers_of "$(tail -n 1 officer.pub)" exhibit-export >"$tmp.signers"
    ssh-keygen -Y verify -f "$tmp.signers" -I officer -n exhibit-export -s "$1.sig" <"$1" >/dev/null 2>&1
    say ssh-keygen $? "the signature over $1, by the key of officer.pub"
}

check_history() { # VKEY
    exhibit-verify package . ${1:+--key "$1"} >"$tmp.verify" 2>&1
    status=$?
    under="under the key from paper"
    open="the signatures over the encrypted file\|of images only the hashes" # ewfverify says the rest
    if [ -z "$1" ]; then
        under="under the key that the package itself names: compare it with paper"
        open="$open\\|the vault key comes from the package itself"
    fi
    # 3: good, but for what is checked elsewhere, or what nobody gave
    if [ $status = 3 ] && ! grep '^partly-checked' "$tmp.verify" | grep -qv "^partly-checked: \\($open\\)"; then
        status=0
    fi
    case $status in
    0 | 4 | 5) say exhibit-verify $status "the history, its proofs and its signatures, $under" ;;
    *) unknown exhibit-verify "whether the history and its signatures are good (exit status $status)" ;;
    esac
    [ $status = 0 ] || sed 's/^/    /' "$tmp.verify"
}

tmp=$(mktemp)
trap 'rm -f "$tmp" "$tmp".*' EXIT
case "${1:-}" in
file) check_file "$2" "$3" "${4:-}" ;;
open) open_file "$2" "$3" "$4" ;;
dir) check_dir "$2" "${3:-}" ;;
*)
    sed -n '3,14s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
exit $bad
