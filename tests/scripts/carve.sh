#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Files in space that nothing claims: what is found of what stock tools wrote and others deleted, and
# what other carvers find in the same space.
# tests/scripts/carve.sh EXHIBIT
# Prints TAP.
here=$(realpath "$(dirname "$0")")
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" carve "$1"
list=$(dirname "$bin")/../../tests/unit/parsers/list_carved
has() { command -v "$1" >/dev/null; }
hash_of() { sha256sum <"$1" | cut -d' ' -f1; }

/usr/bin/python3 "$here/carve-make.py" made || exit 1

# ---- each type alone, and hurt ----

alone() { # FILE: whole, wherever something stands behind it
    local size
    size=$(stat -c %s "$1")
    { cat "$1"; printf 'something else\0\0'; head -c 70000 /dev/zero; } >space
    "$list" space | tee /dev/stderr | grep -q "^0 $size carved=complete"
}
at_a_byte() { # FILE: not at a sector's beginning
    { printf '1234567'; cat "$1"; head -c 600 /dev/zero; } >space
    "$list" --deep space | tee /dev/stderr | grep -q "^7 $(stat -c %s "$1") carved=complete" &&
        ! "$list" space | grep -q '^0 '
}
not_whole() { # FILE COMMAND…: then nothing of its length is told as a whole
    cp "$1" space && "${@:2}" && cat space /dev/zero | head -c 1000000 >zeros && mv zeros space
    "$list" space | tee /dev/stderr | (! grep -q "^0 $(stat -c %s "$1") carved=complete")
}
only_lengths() { "$list" "$1" | tee /dev/stderr | grep -q checked=lengths; }
cut_off() { truncate -s $(($(stat -c %s space) * 2 / 3)) space; }
hurt_middle() { # other bytes at a third of it, of the kind that a foreign block would have
    local at=8192 # in the records of the first chunk; in the picture
    head -c 2048 "$here/carve.sh" | dd of=space bs=1 seek=$at conv=notrunc status=none
}
for file in made/*; do
    check "all of ${file#made/}" alone "$file"
    check "in deep, at each byte: ${file#made/}" at_a_byte "$file"
    case $file in
    *.mov | *.heic | *.webp | *.regf) # what is behind the cut counts as theirs: only lengths say it
        check "whole by its lengths alone: ${file#made/}" only_lengths "$file" ;;
    *) check "not whole when it is cut: ${file#made/}" not_whole "$file" cut_off ;;
    esac
done
# those in which each byte that counts is under a checksum
for file in picture.png log.evtx; do
    [ -e "made/$file" ] && check "not whole with a foreign block in it: $file" not_whole "made/$file" hurt_middle
done

# ---- where stretches of work meet ----

across() { # OFFSET
    rm -f space && truncate -s 80M space &&
        dd if=made/log.evtx of=space bs=512 seek=$(($1 / 512)) conv=notrunc status=none &&
        "$list" space >found && cat found && [ "$(wc -l <found)" = 1 ] && grep -q "^$1 135168 carved=complete" found
}
for offset in 33553920 33554432 33488896; do
    check "once, across byte 33554432, from $offset" across $offset
done

# ---- noise ----

noise() {
    python3 -c 'import random, sys
r = random.Random(1)
sys.stdout.buffer.write(r.randbytes(32 << 20))' >space
    "$list" --deep space >found
    cat found
    [ ! -s found ]
}
check "nothing in 32 MiB of random bytes, at each byte" noise
beginnings() { # each type's first bytes in each sector, and nothing behind them
    python3 -c 'import sys
for s in (b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\0\0\1\0WEBPVP8 ", b"\0\0\0\x18ftypisom", b"%PDF-1.4", b"{\\rtf1", b"PK\3\4",
          b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\7\0", b"Rar!\x1a\7\1\0", b"SQLite format 3\0", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"ElfFile\0", b"regf"):
    sys.stdout.buffer.write(s.ljust(512, b" ") * 500)' >space
    "$list" space >found
    cat found
    ! grep carved= found
}
check "nothing where only first bytes are" beginnings

# ---- on disks ----

say_found() { # IMAGE NAME
    rm -rf "$2.jsonl" && exhibit collect "$1" --case 1 --officer One && item=1/$((item_count += 1)) &&
        { exhibit examine $item --officer One || [ $? = 3 ]; } &&
        exhibit trace export $item --output "$2.jsonl" --officer One
}
item_count=0
disks() {
    exhibit init vault --agency A --officer One --plain --kdf-memory 8 && exhibit case new --number 1 --title t --officer One
    truncate -s 40M ext.img && mke2fs -q -t ext4 -b 1024 -d made ext.img || return 1
    (cd made && for f in *; do echo "rm $f"; done) >commands && debugfs -w -f commands ext.img >/dev/null 2>&1
    truncate -s 40M fat.img && mkfs.vfat -F 16 -s 4 fat.img >/dev/null && mcopy -i fat.img made/* ::/ && mdel -i fat.img '::/*'
}
found_all() { # NAME: every file that was deleted, by its hash, at places that hold it
    local miss=0
    for file in made/*; do
        case $1/$file in # mke2fs leaves blocks of zeros out: nothing of these is in one piece
        ext/made/log.evtx | ext/made/rows.sqlite | ext/made/hive.regf) continue ;;
        esac
        jq -e -n --arg h "$(hash_of "$file")" '[inputs | select(.state == "carved" and .sha256 == $h)] | length == 1' "$1.jsonl" >/dev/null ||
            { echo "missing: $file" && miss=1; }
    done
    return $miss
}
places_hold() { # NAME IMAGE: by hand, as docs/format/traces.md §6
    jq -r 'select(.state == "carved") | [.sha256, (.ranges | map(join(":")) | join(","))] | @tsv' "$1.jsonl" | while read -r sha ranges; do
        for range in ${ranges//,/ }; do tail -c +$((${range%:*} + 1)) "$2" | head -c "${range#*:}"; done | sha256sum | grep -q "$sha" || echo bad
    done | (! grep bad)
}
nothing_said() { # of what carries no state "carved" nothing is said
    jq -e -n '[inputs | select(.attributes.carved != null) | select(.state != "carved" or .name != null or .times != null)] == []' "$1.jsonl"
}
by_number() { exhibit trace list 1/1 --state carved --officer One | tee /dev/stderr | grep -q .; }
given_out() {
    local id
    id=$(jq -r --arg h "$(hash_of made/plain.pdf)" 'select(.state == "carved" and .sha256 == $h).id' ext.jsonl)
    exhibit trace cat "$id" --output out.pdf --officer One && cmp out.pdf made/plain.pdf &&
        exhibit trace show "$id" --officer One | tee /dev/stderr | grep -q carved
}
same_again() {
    strip() { sed 's/,"known":true//; s/,"inside_known":true//' "$1" | sha256sum; }
    exhibit examine 1/1 --officer One --workers 1
    exhibit trace export 1/1 --output again.jsonl --officer One && [ "$(strip again.jsonl)" = "$(strip ext.jsonl)" ]
}
wide() { # an archive over several stretches, with a picture at a sector of the second one, and other files behind it
    python3 - made/plain.jpg <<'END'
import random, sys, zipfile
picture = open(sys.argv[1], "rb").read()
noise = random.Random(7).randbytes(40 << 20)
with zipfile.ZipFile("wide.zip", "w", zipfile.ZIP_STORED) as z:
    first = 40 * 1024 * 1024 - 30 - 1 - 30 - 1  # so that the picture begins with a sector
    z.writestr(zipfile.ZipInfo("n"), noise[:first])
    z.writestr(zipfile.ZipInfo("p"), picture)
END
    mkdir only && mv wide.zip only/ && cp made/text.rtf only/z.rtf &&
        truncate -s 90M wide.img && mke2fs -q -t ext4 -b 4096 -O ^resize_inode -d only wide.img &&
        printf 'rm wide.zip\nrm z.rtf\n' | debugfs -w wide.img >/dev/null 2>&1
    "$list" wide.img | tee /dev/stderr | grep -q carved-as=jpeg || return 1 # by itself, a stretch does not know
    say_found wide.img wide && [ "$(jq -r 'select(.state == "carved") | .attributes["carved-as"]' wide.jsonl | tee /dev/stderr | sort | xargs)" = "rtf zip" ]
}
not_in() { # PROFILE
    exhibit examine 1/1 --officer One --profile "$1" >/dev/null
    rm -f "$1.jsonl"
    exhibit trace export 1/1 --output "$1.jsonl" --officer One && ! grep -q carved\" <(tail -n +2 "$1.jsonl")
}
if has mke2fs && has debugfs && has mcopy && has jq && has convert; then
    check "disks with deleted files" disks
    for name in ext fat; do
        check "$name: examined" say_found $name.img $name
        check "$name: every deleted file" found_all $name
        check "$name: at the places that are told" places_hold $name $name.img
        check "$name: carved, and no more than that" nothing_said $name
    done
    check "they can be listed" by_number
    check "and given out" given_out
    check "the same with another number of workers" same_again
    check "nothing out of what was carved, over stretches" wide
    check "not in triage" not_in triage
    check "not in files" not_in files
else
    skip "disks with deleted files" "no mke2fs, debugfs, mtools, jq or convert"
fi

# ---- other carvers, in the same space ----

theirs() { # FOLDER: hashes of what a carver wrote
    find "$1" -type f ! -name '*.txt' ! -name '*.xml' -exec sha256sum {} + | cut -d' ' -f1 | sort -u
}
compare() { # NAME FOLDER: what it found exactly and was deleted, is found here too
    theirs "$2" >hashes
    local ours=0 other=0 both=0
    for file in made/*; do
        local h us=no it=no
        h=$(hash_of "$file")
        grep -q "\"state\":\"carved\".*$h" ext.jsonl && us=yes && ours=$((ours + 1))
        grep -q "$h" hashes && it=yes && other=$((other + 1))
        [ $us$it = yesyes ] && both=$((both + 1))
        echo "${file#made/}: exhibit $us, $1 $it"
    done
    echo "# exhibit $ours, $1 $other, both $both of $(find made -type f | wc -l)" | tee -a compared
    [ $other -gt 0 ] && [ $other = $both ]
}
by_foremost() { foremost -q -t all -i ext.space -o by-foremost && compare foremost by-foremost; }
by_photorec() {
    mkdir by-photorec && (cd by-photorec && photorec /log /d out /cmd ../ext.space partition_none,options,paranoid,fileopt,everything,enable,search) </dev/null >/dev/null 2>&1
    rm -f by-photorec/*.log && compare photorec by-photorec
}
by_scalpel() {
    printf 'jpg y 200000 \\xff\\xd8\\xff \\xff\\xd9\npdf y 100000 %%PDF %%EOF\\x0a REVERSE\npng y 200000 \\x89PNG IEND\\xae\\x42\\x60\\x82\ngif y 200000 GIF89a \\x00\\x3b\n' >scalpel.conf
    scalpel -c scalpel.conf -o by-scalpel ext.space && compare scalpel by-scalpel
}
if has blkls && [ -s ext.jsonl ]; then
    blkls ext.img >ext.space 2>/dev/null
    for other in foremost photorec scalpel; do
        if has $other; then
            check "$other finds nothing whole that is not found here" by_$other
        else
            skip "$other finds nothing whole that is not found here" "no $other"
        fi
    done
    cat compared 2>/dev/null
else
    skip "other carvers" "no blkls, or no disk"
fi
echo "1..$count"
