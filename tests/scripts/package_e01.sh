#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Packages with E01 images beside the items' bytes: made, opened by stock tools, read by libewf, taken in
# by another vault, and hurt in each place. tests/scripts/package_e01.sh EXHIBIT; prints TAP.
here=$(dirname "$(realpath "$0")")
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" package_e01 "$1"
export EXHIBIT_OFFICER=Ama

stock=$here/../../docs/check-package.sh
PATH=$(dirname "$(dirname "$(dirname "$bin")")")/verify:$PATH
for tool in age ewfverify ewfinfo ewfexport jq minisign ssh-keygen fsverity; do
    command -v $tool >/dev/null || { skip 'all of it' "$tool is missing"; echo "1..$count"; exit; }
done

new_vault() { # NAME [FLAG…]: its key is in $vkey
    local name=$1
    shift
    exhibit init "$name" --agency "Police $name" --officer Ama --no-recovery-sheet --kdf-memory 8 "$@" >init 2>&1 &&
        exhibit case new --vault "$name" --number "C 1" --title "Compound 7" --quiet >/dev/null 2>&1
    vkey=$(grep -o 'exhibit-vault/[0-9a-f]*+[0-9a-f]*+[A-Za-z0-9+/=]*' init | head -1)
}
collect() { exhibit collect "$@" --case "C 1" --quiet >/dev/null 2>&1; }
status_of() {
    "$@" >said 2>&1
    echo $?
}
# Exit status and words that must be said.
says() { # STATUS WORDS COMMAND…
    local want=$1 words=$2 got
    shift 2
    got=$(status_of "$@")
    [ "$got" = "$want" ] && { cat said; tr -s '\n ' ' ' <said; } | grep -q -- "$words" && return 0
    echo "exit status $got, not $want, or \"$words\" is not said:"
    cat said
    return 1
}
pack() { # NAME ITEM… [FLAG…]
    local name=$1
    shift
    exhibit package create "$@" --to "$to" --output "$name.age" --format e01 --quiet
}

# Text, noise and runs of one value; whole sectors, and not.
python3 - >mixed.raw <<'E1'
import random, sys
r = random.Random(7)
text = b"".join(b"line %d of what somebody wrote; " % i for i in range(60000))
sys.stdout.buffer.write(text + r.randbytes(2600000) + bytes(3000000) + text[:300000] + b"\xff" * 400000)
E1
truncate -s 8000000 mixed.raw
head -c 700001 mixed.raw >odd.raw
: >empty.raw
mkdir folder && echo x >folder/x
age-keygen -o id 2>/dev/null
to=$(age-keygen -y id)
new_vault vault
collect mixed.raw
collect odd.raw --label "Ama's notes"
collect mixed.raw --skip-region 1048576+65536,4096000+512
collect folder
collect empty.raw
exhibit item register --case "C 1" --description 'a phone, locked' --quiet >/dev/null 2>&1

# ---- what stock tools find ----

check 'one image of one segment' pack one "C 1/1"
check 'one image of several segments' pack many "C 1/1" --segment-size 1048576
check 'several items, one not of whole sectors, one never read in part, one empty' pack several "C 1/1" "C 1/2" "C 1/3" "C 1/5"
opened() { # NAME: with stock tools; it is in NAME.d/NAME
    local key
    key=$(age -d -i id "$1.age" | tar xO "$1/officer.pub" | tail -1)
    "$stock" file "$1.age" "$key" && "$stock" open "$1.age" id "$1.d" && "$stock" dir "$1.d/$1" "$vkey"
}
for name in one many several; do
    check "stock tools open and verify it ($name)" opened $name
done
image_is() { # DIR STEM SOURCE: libewf finds it whole, and gives the bytes back
    local image=$1/data/$2/$2.E01
    ewfverify -q -d sha1 "$image" 2>&1 | grep 'ewfverify: SUCCESS' || return 1
    rm -f back.raw*
    ewfexport -u -q -f raw -t back "$image" >out 2>&1 || { cat out; return 1; }
    cmp "$3" back.raw && cmp "$3" "$1/data/$2.raw"
}
check 'O1 O6 libewf gives the bytes of the item back' image_is one.d/one C_1_1 mixed.raw
check '… of several segments' image_is many.d/many C_1_1 mixed.raw
check '… of sectors of one byte' image_is several.d/several C_1_2 odd.raw
small() { [ "$(find many.d -name '*.E??' | wc -l)" -ge 3 ] && [ -z "$(find many.d -name '*.E??' -size +1024k)" ]; }
check 'O4 no segment is larger than was asked for' small
beside() { # DIR STEM SOURCE: the signed file beside the image says what is so
    (
        cd "$1/data/$2" || exit 1
        ssh-keygen -Y verify -f ../../allowed_signers -I officer -n exhibit-export -s "$2.E01.exhibit.json.sig" <"$2.E01.exhibit.json" &&
            jq -r '.image.segments[] | "\(.sha256)  \(.name)"' "$2.E01.exhibit.json" | sha256sum -c --strict --quiet &&
            [ "$(jq '.image.segments | length' "$2.E01.exhibit.json")" = "$(find . -name '*.E??' | wc -l)" ]
    ) && jq -e --arg sha "$(sha256sum <"$3" | cut -d' ' -f1)" --arg md5 "$(md5sum <"$3" | cut -d' ' -f1)" \
        --arg sha1 "$(sha1sum <"$3" | cut -d' ' -f1)" \
        '.item.sha256 == $sha and .image.md5 == $md5 and .image.sha1 == $sha1' "$1/data/$2/$2.E01.exhibit.json"
}
check 'the signed file beside it has the hashes of content and segments' beside one.d/one C_1_1 mixed.raw
check '… of several segments' beside many.d/many C_1_1 mixed.raw
recorded() { # the outcome has what the file beside the image says
    exhibit ledger show --json --quiet | jq -c 'select(.type == "summary").result' | jq -e --slurpfile side many.d/many/data/C_1_1/C_1_1.E01.exhibit.json \
        --arg hash "$(sha256sum <many.d/many/data/C_1_1/C_1_1.E01.exhibit.json | cut -d' ' -f1)" \
        '[.shown[] | select(.event == "package.outcome") | .body.what.items[0].image | select(.side_sha256 == $hash)] | length == 1 and
        (.[0].segments == ($side[0].image.segments | length)) and .[0].md5 == $side[0].image.md5 and .[0].segment_size == 1048576'
}
check '… and its hash is in the ledger' recorded
cp mixed.raw gaps.raw
dd if=/dev/zero of=gaps.raw bs=512 seek=2048 count=128 conv=notrunc status=none
dd if=/dev/zero of=gaps.raw bs=512 seek=8000 count=1 conv=notrunc status=none
check 'zeros stand for what was never read' image_is several.d/several C_1_3 gaps.raw
unread() {
    ewfinfo -e several.d/several/data/C_1_3/C_1_3.E01 2>&1 | grep 'total number: 2' &&
        jq -e '.unread.list | map(.why) == ["skipped", "skipped"]' several.d/several/data/C_1_3/C_1_3.E01.exhibit.json
}
check '… the image lists it, and the signed file says why' unread
oxum() { [ "$(sed -n 's/^Payload-Oxum: //p' "$1/bag-info.txt")" = "$(find "$1/data" -type f -printf '%s\n' | awk '{ n++; b += $1 } END { printf "%.0f.%d", b, n }')" ]; }
check 'Payload-Oxum counts images too' oxum several.d/several

# ---- what our programs say ----

check 'package verify: partly checked, for nobody looked into the images' \
    says 3 "whether the E01 images hold the items' bytes" exhibit package verify many.age --identity id --key "$vkey"
good_else() { grep -q '^Content: only partly checked' said && grep -q '^History: good' said && grep -q '^Signers: good' said; }
check '… and everything else is good' good_else
check 'exhibit-verify says the same' says 3 'of images only the hashes of manifest-sha256.txt were compared' \
    exhibit-verify package one.d/one --key "$vkey"
opened_by_us() { says 3 'partly checked' exhibit package open many.age --identity id --output ours --key "$vkey" && diff -r ours many.d/many; }
check 'package open writes what tar writes' opened_by_us
sender=$vkey
new_vault other
taken_in() {
    exhibit package import several.age --vault other --case "C 1" --identity id --key "$sender" --json --quiet >imported
    [ $? = 3 ] || return 1 # C 1/3 was never read in part
    jq -c 'select(.type == "summary").result' imported >result
    local n=0 file
    for file in mixed.raw odd.raw gaps.raw empty.raw; do
        n=$((n + 1))
        rm -f copy
        { exhibit export "C 1/$n" --vault other --format raw --output copy --quiet >/dev/null && cmp copy $file; } || return 1
    done
    jq -e '.package.images | length == 12' result && exhibit verify --all --vault other --quiet
}
check 'another vault takes the items in, with the same bytes' taken_in
again() {
    exhibit export "C 1/1" --vault other --format e01 --output again.E01 --quiet && ewfverify -q again.E01 2>&1 | grep 'ewfverify: SUCCESS'
}
check '… and makes an image of its own' again
whole() { says 0 'images of the package are not taken in' exhibit package import one.age --vault third --case "C 1" --identity id --key "$sender"; }
new_vault third --plain
check 'an item that is whole: good, and the images stay outside' whole

# ---- what has no image ----

check 'a folder goes as its archive, and it is said' says 0 'C 1/4: data/C_1_4.raw not as an E01 image: it is a folder' \
    exhibit package create "C 1/1" "C 1/4" "C 1/6" --to "$to" --output mixed.age --format e01
in_the_readme() { vkey=$sender opened mixed && grep -q 'not as an E01 image' mixed.d/mixed/README.txt && [ ! -e mixed.d/mixed/data/C_1_4 ]; }
check '… in the package too' in_the_readme
refuses() { # STATUS WORDS FLAG…
    local want=$1 words=$2
    shift 2
    says "$want" "$words" exhibit package create --to "$to" --output refused.age "$@"
}
check 'only a folder and a physical item: refused' refuses 9 'none of these items can be an E01' "C 1/4" "C 1/6" --format e01
check 'segments of raw: refused' refuses 2 'for --format e01 alone' "C 1/1" --segment-size 2000000
check 'segments of files: refused' refuses 2 'for --format e01 alone' "C 1/1" --format files --segment-size 2000000
check 'a small segment: refused' refuses 2 'at least 1048576 bytes' "C 1/1" --format e01 --segment-size 1000
check 'another format: refused' refuses 2 'raw, files or e01' "C 1/1" --format ex01
check 'a package that is there is not touched' says 1 'is there already' \
    exhibit package create "C 1/1" --to "$to" --output one.age --format e01
truncate -s 20G huge.raw
collect huge.raw --skip-region 0+21474836480
check 'more segments than names: at once' refuses 1 'names for 14971' "C 1/7" --format e01 --segment-size 1048576
rm -f huge.raw
nothing_left() { ls -A; [ -z "$(find . -name '*.part' -o -name 'refused*')" ]; }
check 'none of them left anything' nothing_left

# ---- damage ----

vkey=$sender
flip() { # FILE BYTE: one bit
    printf "\\x$(printf %02x $(($(od -An -tu1 -j "$2" -N 1 "$1") ^ 4)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
fresh() { rm -rf hurt && cp -r many.d/many hurt && chmod -R u+w hurt; }
mend() { # as somebody would who alters a package and its lists
    (
        cd hurt && find data -type f | LC_ALL=C sort | while read -r f; do sha256sum "$f"; done >t && mv t manifest-sha256.txt &&
            sed -i "s/^Payload-Oxum: .*/Payload-Oxum: $(find data -type f -printf '%s\n' | awk '{ n++; b += $1 } END { printf "%.0f.%d", b, n }')/" bag-info.txt &&
            sed 's,^[0-9a-f]*  ,,' tagmanifest-sha256.txt | while read -r f; do sha256sum "$f"; done >t && mv t tagmanifest-sha256.txt
    )
}
stock_says() { # TOOL
    "$stock" dir hurt "$vkey" >said 2>&1
    grep -q "^$1: BAD" said && return 0
    echo "$1 does not say it:"
    cat said
    return 1
}
ours_say() { # STATUS WORDS: both programs, and an import
    says "$1" "$2" exhibit package verify hurt --key "$vkey" && [ "$(status_of exhibit-verify package hurt --key "$vkey")" = "$1" ] &&
        says "$1" 'is not good' exhibit package import hurt --vault fourth --case "C 1" --key "$vkey"
}
new_vault fourth
vkey=$sender
told() { # FILE BYTE TOOL…
    local file=$1 byte=$2 tool
    shift 2
    fresh
    flip "hurt/data/C_1_1/$file" "$byte"
    for tool in "$@"; do stock_says "$tool" || return 1; done
    ours_say 4 "data/C_1_1/$file"
}
check 'a bit of the first segment is told' told C_1_1.E01 700000 sha256sum exhibit-verify ewfverify
check 'a bit of a later segment is told' told C_1_1.E02 5000 sha256sum exhibit-verify ewfverify
check 'a bit of the file beside it is told' told C_1_1.E01.exhibit.json 300 sha256sum exhibit-verify ssh-keygen
check 'a bit of its signature is told' told C_1_1.E01.exhibit.json.sig 100 sha256sum exhibit-verify ssh-keygen
gone() { fresh && rm hurt/data/C_1_1/C_1_1.E02 && ours_say 4 'data/C_1_1/C_1_1.E02 is missing' && stock_says find; }
check 'a segment that is gone is told' gone
gone_mended() { fresh && rm hurt/data/C_1_1/C_1_1.E02 && mend && ours_say 4 'C_1_1.E02 is missing' && stock_says exhibit-verify; }
check '… also when the lists were mended' gone_mended
more_mended() { fresh && cp hurt/data/C_1_1/C_1_1.E02 hurt/data/C_1_1/C_1_1.ZZZ && mend && ours_say 4 'C_1_1.ZZZ is no item' && stock_says exhibit-verify; }
check 'a file that nothing names is told' more_mended
unnamed() { fresh && sed -i '/C_1_1.E02$/d' hurt/exhibit/package && mend && ours_say 4 'C_1_1.E02 is no item' && stock_says exhibit-verify; }
check 'a segment that is not named is told' unnamed
nobodys() { fresh && sed -i 's/^image [0-9a-f]*/image 00112233445566778899aabbccddeeff/' hurt/exhibit/package && mend && says 4 'is an image of no item' exhibit package verify hurt --key "$vkey" && [ "$(status_of exhibit-verify package hurt --key "$vkey")" = 4 ]; }
check 'an image of nobody is told' nobodys
# Another image under this name, every list mended: our programs say that they did not look; libewf does.
exchanged() {
    fresh && rm hurt/data/C_1_1/C_1_1.E??
    (cd hurt/data/C_1_1 && cp ../../../several.d/several/data/C_1_3/C_1_3.E01 C_1_1.E01)
    sed -i '/C_1_1.E0[2-9]$/d' hurt/exhibit/package
    mend && says 3 'whether the E01 images hold' exhibit package verify hurt --key "$vkey" && stock_says ewfverify
}
check 'another image in its place, lists mended: ewfverify says it' exchanged
other_signer() { # what was not looked into does not hide a bad signature
    cp many.age q.age && cp many.age.minisig q.age.minisig && cp one.age.sig q.age.sig &&
        says 5 'Signers: BAD' exhibit package verify q.age --identity id --key "$vkey" &&
        says 5 'signatures over the package are not good' exhibit package import q.age --vault fourth --case "C 1" --identity id --key "$vkey"
}
check 'a bad signature is bad, images or not' other_signer

# ---- cut off ----

head -c 60000000 /dev/urandom >noise.raw
collect noise.raw
interrupted() { # SIGNAL SECONDS: whenever it comes, there is a package or nothing
    rm -rf way && mkdir way
    "$bin" package create "C 1/8" --to "$to" --output way/p.age --format e01 --quiet >said 2>&1 &
    local pid=$! status
    sleep "$2"
    kill -"$1" $pid 2>/dev/null
    wait $pid
    status=$?
    ls -la way
    [ $status = 0 ] && return 0
    if [ "$1" = INT ]; then [ $status = 130 ] && [ -z "$(ls -A way)" ]; else [ -z "$(find way -type f ! -name '*.part')" ]; fi
}
for seconds in 0.15 0.3 0.5 0.8; do
    check "Ctrl-C after $seconds s leaves nothing" interrupted INT $seconds
done
check 'killed: there is no package' interrupted KILL 0.4
check '… and the vault is well' exhibit vault check --quiet

mkdir small
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=2m,mode=700 tmpfs small 2>/dev/null; then
    trap 'umount "$work/small" 2>/dev/null; rm -rf "$work"' EXIT
    full() { says 1 "No space.*$1" exhibit package create "C 1/1" --to "$to" --output small/p.age --format e01 "${@:2}"; }
    check 'O3 the disk is full in an image: it says so' full 'as much room beside it'
    check '… in a later segment' full 'as much room beside it' --segment-size 1048576
    check '… and nothing is left on it' test -z "$(ls -A small)"
    mount -o remount,size=10m small
    check 'the disk is full in the package: it says so' full ''
    free() { [ -z "$(ls -A small)" ] && [ "$(df --output=used small | tail -1)" -lt 100 ]; }
    check 'O3 … and nothing is left on it, and no room taken' free
    mount -o remount,size=32m small
    check '… and then it goes' pack small/p "C 1/1"
    umount small
else
    skip 'a full disk' 'not root, or no tmpfs can be mounted here'
fi

# ---- a plain vault ----

new_vault plain --plain
export EXHIBIT_VAULT=$work/plain
collect mixed.raw
check 'of a plain vault the same' pack p "C 1/1" --segment-size 1048576
check '… opened and verified by stock tools' opened p
check '… and by libewf' image_is p.d/p C_1_1 mixed.raw
echo "1..$count"
