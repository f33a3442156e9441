#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Volumes that are more than a stretch of the disk, against the programs that they belong to:
# tests/scripts/volumes.sh EXHIBIT; prints TAP.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scripts/tap.inc
. "$here/tap.inc" volumes "$1"
lister=$(dirname "$bin")/../../tests/unit/parsers/list_traces
PATH=$PATH:/sbin:/usr/sbin
[ -x "$lister" ] || {
    skip "all" "there is no $lister"
    echo "1..$count"
    exit 0
}
have() { command -v "$1" >/dev/null; }
make() { "$here/volumes-make.py" "$@"; }
summary() { jq -c 'select(.type == "summary").result'; }
lists() { # PARSER IMAGE PATTERN…: each pattern is in a line; !PATTERN: in none
    local parser=$1 image=$2 pattern
    shift 2
    "$lister" "$parser" "$image" --texts >out
    cat out
    for pattern in "$@"; do
        case $pattern in
        !*) ! grep -qE -- "${pattern#!}" out ;;
        *) grep -qE -- "$pattern" out ;;
        esac || {
            echo "against: $pattern"
            return 1
        }
    done
}
text() { sed -n "s/^\t$1=//p" out; }

# ---- LUKS ----

if have cryptsetup; then
    format() { # VERSION FILE OPTION…
        truncate -s 20M "$2" &&
            echo secret | cryptsetup luksFormat -q --type "luks$1" --pbkdf-force-iterations 1000 "${@:3}" "$2" -
    }
    field() { cryptsetup luksDump "$1" | sed -n "s/^$2:[[:space:]]*//p"; }
    check 'LUKS1: made' format 1 luks1.img
    check 'LUKS1: is said, and by which bytes' lists files luks1.img '^file-system.*luks' \
        'denied=encrypted, LUKS version 1 \(LUKS, BA BE, 00 01 at byte 0\)' '!format='
    same1() {
        [ "$(text uuid)" = "$(field luks1.img UUID)" ] && [ "$(text version)" = 1 ] &&
            [ "$(text cipher)" = "$(field luks1.img 'Cipher name')-$(field luks1.img 'Cipher mode')" ] &&
            [ "$(text hash)" = "$(field luks1.img 'Hash spec')" ] && [ "$(text key-slots)" = 0 ] &&
            [ "$(text key-bits)" = "$(field luks1.img 'MK bits')" ] &&
            [ "$(text content-offset)" = $(($(field luks1.img 'Payload offset') * 512)) ]
    }
    check 'LUKS1: as cryptsetup has it' same1
    check 'LUKS2: made' format 2 luks2.img --pbkdf pbkdf2 --label evidence --subsystem of-a-case
    printf 'secret\nother\n' >two && echo secret >one && echo other >other
    cryptsetup luksAddKey -q --key-file one --pbkdf pbkdf2 --pbkdf-force-iterations 1000 luks2.img other >log 2>&1
    echo '{"type":"exhibit-test","keyslots":["0"]}' | cryptsetup token import luks2.img >log 2>&1
    check 'LUKS2: is said, and by which bytes' lists files luks2.img '^file-system.*luks' \
        'denied=encrypted, LUKS version 2 \(LUKS, BA BE, 00 02 at byte 0\)' '!format=' 'checksum=fits' 'header=first'
    same2() {
        local dump
        dump=$(cryptsetup luksDump luks2.img)
        [ "$(text uuid)" = "$(field luks2.img UUID)" ] && [ "$(text label)" = evidence ] && [ "$(text subsystem)" = of-a-case ] &&
            [ "$(text cipher)" = "$(echo "$dump" | sed -n '/^Data segments/,/^Keyslots/s/^\tcipher: //p')" ] &&
            [ "$(text content-offset)" = "$(echo "$dump" | sed -n 's/^\toffset: \([0-9]*\).*/\1/p')" ] &&
            [ "$(text key-slots)" = '0 luks2 pbkdf2, 1 luks2 pbkdf2' ] && [ "$(text tokens)" = '0 exhibit-test' ]
    }
    check 'LUKS2: as cryptsetup has it' same2
    cp luks2.img hurt.img && make luks2-hurt hurt.img
    check 'LUKS2: a hurt header: the second one' lists files hurt.img 'header=second' 'checksum=fits' 'label=evidence' \
        'format=its first header is damaged: read from the second one at byte 16384' 'denied=encrypted'
    dd if=/dev/zero of=hurt.img bs=4096 count=1 conv=notrunc status=none
    check 'LUKS2: no first header' lists files hurt.img 'label=evidence' 'denied=.*\(SKUL, BA BE, 00 02 at byte 16384\)'
    cp luks2.img cut.img && truncate -s 10000 cut.img
    check 'LUKS2: cut in its header' lists files cut.img 'format=its header is damaged' 'denied=encrypted'
    python3 - <<'E2'
import hashlib, struct
d = bytearray(open("luks2.img", "rb").read(1 << 20))
def write(name, text, size=16384):
    e = bytearray(d)
    e[4096:16384] = text[:12288].ljust(12288, b"\0")
    e[448:512] = bytes(64)
    e[448:480] = hashlib.sha256(e[:16384]).digest()
    struct.pack_into(">Q", e, 8, size)
    open(name, "wb").write(e)
write("deep.img", b'{"segments":' * 1000 + b"1" + b"}" * 1000)
write("types.img", b'{"segments":[1],"keyslots":7,"tokens":{"0":3,"1":{"type":[]}}}')
write("text.img", b'{"segments":{"0":{"type":"%s"}}}' % (b"x" * 5000))
write("large.img", b"{}", 1 << 62)
E2
    check 'LUKS2: a description that is nested too deep' lists files deep.img 'denied=encrypted' 'checksum=fits'
    check 'LUKS2: another kind of everything' lists files types.img 'tokens=0 \?, 1 \?' 'segments=none' 'key-slots=none'
    check 'LUKS2: long words' lists files text.img 'segments=x{60,70} at'
    check 'LUKS2: a header of 2^62 bytes' lists files large.img 'header=second' 'denied=encrypted'
else
    skip 'LUKS' 'no cryptsetup here'
fi
printf 'LUKS\272\276' >none.img && truncate -s 1M none.img
check 'LUKS: a signature and no version' lists files none.img 'format=its header has a version that is not known' 'denied=encrypted'

# ---- BitLocker ----

for i in vista 7 togo; do make bitlocker "bde-$i.img" $i; done
ID='11223344-5566-7788-99aa-bbccddeeff00'
check 'BitLocker: of Windows 7' lists files bde-7.img '^file-system.*bitlocker' 'kind=Windows 7 or later' "volume-id=$ID" \
    'identifier=4967d63b-2e29-4ad8-8399-f6a339e3d001' 'cipher=AES-XTS 128 \(0x8004\)' 'protectors=TPM, recovery password, password$' \
    'protector.2=recovery password, 01234567-89ab-cdef-0123-456789abcdf0' 'description=DESKTOP-7 C: 5/6/2024$' \
    'encrypted-bytes=16777216' 'time=4 1714979290' 'denied=encrypted, BitLocker \(-FVE-FS- at byte 3\)' '!format='
check 'BitLocker: of Vista' lists files bde-vista.img 'kind=Windows Vista' "volume-id=$ID" 'protectors=TPM' '!encrypted-bytes' '!identifier'
check 'BitLocker: To Go' lists files bde-togo.img 'kind=To Go' "volume-id=$ID" 'denied=.*To Go \(its identifier at byte 424\)'
make bitlocker clear.img 7 clear
check 'BitLocker: a clear key' lists files clear.img 'protectors=.*, clear key$' 'denied=encrypted.*with a clear key beside it'
make bitlocker cut.img 7 cut
check 'BitLocker: metadata behind the end' lists files cut.img 'format=none of the metadata' 'denied=encrypted' '!protectors'
make bitlocker bad.img 7 bad
check 'BitLocker: an entry longer than the metadata' lists files bad.img 'protectors=TPM' 'format=its metadata at byte 1048576 are damaged'
make bitlocker many.img 7 many
check 'BitLocker: too many protectors' lists files many.img 'protector.64=' 'format=.*there may be more protectors' '!protector.65='
cp bde-7.img second.img && dd if=/dev/zero of=second.img bs=512 seek=2048 count=1 conv=notrunc status=none
check 'BitLocker: the second copy of the metadata' lists files second.img "volume-id=$ID" '!format='
if have bdeinfo; then
    bde() { # FILE: what bdeinfo prints of it
        bdeinfo "$1" </dev/null >bde.txt 2>&1
        grep -qi "Volume identifier.*$ID" bde.txt && grep -q 'Description.*: DESKTOP-7 C: 5/6/2024' bde.txt &&
            grep -qi 'Creation time.*May 06, 2024 07:08:10' bde.txt && grep -qi 'Encryption method.*AES-XTS 128' bde.txt &&
            [ "$(grep -ci 'Identifier.*: 01234567-89ab-cdef-0123-456789abcd' bde.txt)" = 3 ] && grep -qi 'Recovery password' bde.txt
    }
    for i in 7 togo; do check "BitLocker: as bdeinfo has it: $i" bde "bde-$i.img"; done
else
    skip 'BitLocker, as bdeinfo has it' 'no bdeinfo here'
fi
if have cryptsetup; then
    bitlk() {
        cryptsetup bitlkDump "$1" >bitlk.txt && grep -q "GUID.*$ID" bitlk.txt && grep -q 'Cipher name.*aes' bitlk.txt &&
            [ "$(grep -oE 'VMK protected with [A-Za-z ]*' bitlk.txt | tr '\n' ',')" = 'VMK protected with TPM,VMK protected with recovery passphrase,VMK protected with passphrase,' ]
    }
    check 'BitLocker: as cryptsetup has it' bitlk bde-7.img
fi

# ---- Apple's ----

make corestorage cs.img
check 'CoreStorage: is named, and not said to be encrypted' lists files cs.img '^file-system.*corestorage' \
    "physical-volume=$ID" 'size=1048576' 'unsupported=CoreStorage \(CS at byte 88\) is not read' '!denied='
known=${EXHIBIT_KNOWN_DATA:-}
if [ -d "$known/images" ]; then
    check 'known: APFS' lists files "$known/images/apfs.raw" 'block-size=4096' 'unsupported=APFS \(NXSB at byte 32\) is not read' '!keybag='
    check 'known: BitLocker To Go whose metadata are cut off' lists files "$known/images/bdetogo.raw" 'kind=To Go' 'denied=encrypted, BitLocker To Go'
else
    skip 'known images' 'EXHIBIT_KNOWN_DATA is not set'
fi

# ---- in an examination ----

{
    exhibit init vault --agency A --officer One --plain --kdf-memory 8
    exhibit case new --number 1 --title t --officer One
    exhibit collect clear.img --case 1 --officer One
} >log 2>&1
check 'an encrypted volume makes it partial' status_is 3 exhibit examine 1/1 --officer One
exhibit trace export 1/1 --output t.jsonl --officer One >log 2>&1
check 'with the reason' [ "$(jq -r 'select(.kind == "error").error.reason' t.jsonl)" = encrypted ]
check 'and what its header says' [ "$(jq -r 'select(.kind == "file-system").attributes["protector.4"]' t.jsonl)" = 'clear key, 01234567-89ab-cdef-0123-456789abcdf2' ]
echo "1..$count"
