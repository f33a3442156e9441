#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the examiner of archives finds in its confined worker, against the files that went in.
# tests/scripts/archives.sh EXHIBIT
# Prints TAP.
make=$(realpath "$(dirname "$0")/archives-make.py")
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" archives "$1"
build=$(dirname "$bin")/../..
unpacker=$build/parsers/exhibit-unpacker
list() { "$build/tests/unit/parsers/list_members" "$unpacker" "$@"; }
has() { command -v "$1" >/dev/null; }

# Names of all kinds, an empty file, one of many blocks, one of zeros.
plant() {
    mkdir -p "$1/folder/deep" &&
        printf 'a small file\n' >"$1/small" &&
        : >"$1/empty" &&
        head -c 700000 /dev/urandom >"$1/folder/random" &&
        seq 1 200000 >"$1/folder/deep/text" &&
        head -c 3000000 /dev/zero >"$1/zeros" &&
        printf 'name\n' >"$1/folder/with space" &&
        printf 'name\n' >"$1/folder/日本 é"
}
# shellcheck disable=SC2016
LINE='{ n = $4; sub(/^\.\//, "", n); if ($1 == "member") print $2, $3, n }'
wanted() { # FOLDER: size, SHA-256 and path of every file, as list_members writes them
    (cd "$1" && find . -type f -printf '%s %P\n' | while read -r size path; do
        printf '%s %s ' "$size" "$(sha256sum <"$path" | cut -d' ' -f1)"
        printf '%s' "$path" | LC_ALL=C od -An -v -tu1 | tr -s ' ' '\n' | awk 'NF {
            if ($1 < 32 || $1 > 126 || $1 == 92) printf "\\%03o", $1; else printf "%c", $1 }'
        echo
    done) | sort
}
same() { # FOLDER ARCHIVE [problems]: every file, and nothing wrong
    list "$2" >found || return 1
    [ -n "${3:-}" ] || ! grep '^problem' found || return 1
    awk -F'\t' "$LINE" found | sort >got
    diff wanted got && [ -s got ]
}
one() { # FILE SIZE-AND-SHA-OF: the only member
    list "$1" | tee /dev/stderr >found
    [ "$(grep -c '^member' found)" = 1 ] && ! grep '^problem' found &&
        grep -qF "$(printf '%s\t%s' "$(stat -c %s "$2")" "$(sha256sum <"$2" | cut -d' ' -f1)")" found
}
finds() { # ARCHIVE PATTERN [--texts]
    list "$1" ${3:+"$3"} | tee /dev/stderr | grep -qP -- "$2"
}
fails() { # ARCHIVE CODE: nothing that is known
    list "$1" | tee /dev/stderr | grep -q "^failed	$2"
}

plant tree && wanted tree >wanted || exit 1
pack() { (cd tree && bsdtar -cf "../$1" "${@:2}" -- *); }

# ---- formats ----

for format in ustar pax gnutar cpio newc 7zip zip iso9660 xar; do
    pack "x.$format" --format "$format"
    check "every file of a $format" same tree "x.$format"
done
pack x.store --format zip --options zip:compression=store
check "every file of a zip that is stored" same tree x.store
for filter in gzip bzip2 xz lzma zstd lz4 compress lzip uuencode; do
    pack "x.$filter" --format pax --"$filter" 2>/dev/null
    check "every file of a tar in $filter" same tree "x.$filter"
done
pack x.twice --format ustar && gzip <x.twice | xz >x.twice.gz.xz
check "every file of a tar in gzip in xz" same tree x.twice.gz.xz
check "what it is wrapped in is said" finds x.twice.gz.xz 'archive-filter=gzip xz' --texts
pack x.lzma1 --format 7zip --options 7zip:compression=bzip2
check "every file of a 7zip in bzip2" same tree x.lzma1
if has 7z; then
    (cd tree && 7z a -bd -mx=1 ../by7z.7z . && 7z a -bd -mx=1 ../by7z.zip .) >/dev/null
    check "every file of 7z's own" same tree by7z.7z
    check "every file of 7z's zip" same tree by7z.zip
else
    skip "every file of 7z's own" "no 7z (p7zip-full)"
    skip "every file of 7z's zip" "no 7z (p7zip-full)"
fi
if has zip; then
    (cd tree && zip -qr ../byzip.zip . && zip -qr - . | cat >../stream.zip)
    check "every file of zip's own" same tree byzip.zip
    check "every file of a zip that was written to a pipe" same tree stream.zip
    head -c $(($(stat -c %s stream.zip) - 22)) stream.zip >nodir.zip
    check "every file of that without its directory" same tree nodir.zip problems
    check "which is told" finds nodir.zip '^problem\tformat\tdirectory'
else
    for what in "zip's own" "a zip that was written to a pipe" "that without its directory"; do
        skip "every file of $what" "no zip"
    done
fi
printf 'only\n' >one && bsdtar -cf one.ar --format arbsd one && bsdtar -cf one.warc --format warc one
check "an ar" one one.ar one
check "a warc" finds one.warc "$(sha256sum <one | cut -d' ' -f1)"

# ---- compressed files ----

for tool in gzip bzip2 xz zstd lz4 lzip; do
    if has "$tool"; then
        "$tool" -c <tree/folder/deep/text >"text.$tool" 2>/dev/null
        check "a file in $tool" one "text.$tool" tree/folder/deep/text
    else
        skip "a file in $tool" "no $tool"
    fi
done
cp tree/folder/deep/text named && touch -d @1700000001 named && gzip -k named
check "its name is gzip's" finds named.gz '\tnamed$'
check "its time too" finds named.gz 'time 1 1700000001.000000000 1000000000 utc gzip' --texts
check "and none is made up" finds text.gzip '^member\t1288895\t[0-9a-f]+\t$'
gzip -n </dev/null >nothing.gz
check "a compressed file of nothing" finds nothing.gz '^member\t0\te3b0c442'

# ---- what is no file ----

mkdir odd && (cd odd && echo x >a && ln a b && ln -s a c && mkfifo d && touch -d @1700000001.5 a)
bsdtar -cf odd.tar --format pax -C odd a b c d 2>/dev/null
check "a symbolic link" finds odd.tar '^link\t0\t-\tc'
check "where it leads" finds odd.tar '^\ttarget=a' --texts
check "a hard link" finds odd.tar '^\tlink=hard' --texts
check "a pipe" finds odd.tar '^special\t0\t-\td'
check "a time with its fraction" finds odd.tar 'time 1 1700000001.500000000 1 utc tar' --texts
check "a mode" finds odd.tar '^\tmode=0600' --texts
truncate -s 5000000 odd/sparse && echo end >>odd/sparse
bsdtar -cf sparse.tar -C odd --format pax sparse
check "a file with a hole" one sparse.tar odd/sparse

# ---- encrypted ----

for how in traditional aes256; do
    pack "$how.zip" --format zip --options "zip:encryption=$how" --passphrase secret
    check "an encrypted zip ($how): names" finds "$how.zip" '^member\t700000\tencrypted\tfolder/random'
    check "an encrypted zip ($how): it is told, once" \
        [ "$(list "$how.zip" | grep -c '^problem	denied	encrypted')" = 1 ]
done
if has 7z; then
    (cd tree && 7z a -bd -mx=1 -psecret ../locked.7z . && 7z a -bd -mx=1 -psecret -mhe=on ../hidden.7z .) >/dev/null
    check "an encrypted 7z" finds locked.7z '^problem\tdenied'
    check "a 7z whose names are encrypted" finds hidden.7z '^problem\tdenied'
else
    skip "an encrypted 7z" "no 7z (p7zip-full)"
    skip "a 7z whose names are encrypted" "no 7z (p7zip-full)"
fi

# ---- cut off: what can be read, and a problem; nothing that was not whole has a hash ----

cut_off() { # ARCHIVE
    local bytes=$(($(stat -c %s "$1") / 2))
    head -c "$bytes" "$1" >half
    list half >found
    cat found
    grep -q '^problem' found &&
        awk -F'\t' "$LINE" found | grep -v -e ' damaged ' -e ' encrypted ' |
        sort | comm -23 - wanted | (! grep .)
}
for format in ustar pax newc zip gzip xz zstd bzip2 iso9660 7zip; do
    check "a $format that is cut off" cut_off "x.$format"
done
head -c 900000 x.ustar >half
check "what stands before the cut is whole" finds half '^member\t0\te3b0c442\w+\tempty'

# ---- by hand ----

python3 "$make" made
for kind in rar rar5 lha cab; do
    check "a stored $kind" finds "made/stored.$kind" \
        '^member\t128\tf9d13e656f4371486c3a8618817f5aa53da8acc7525525157a04d2abfe0cf299\tstored.txt'
done
check "a DOS time is local" finds made/stored.cab 'time 1 1777811408.000000000 2000000000 local cab' --texts
check "names of a zip as they are stored: \\" finds made/names.zip '\t\.\.\\134\.\.\\134up$'
check "names of a zip as they are stored: zero" finds made/names-utf8.zip '\ta\\000b$'
check "names of a zip as they are stored: no UTF-8" finds made/names-utf8.zip '\t\\377\\376$'
check "names of a zip as they are stored: not composed" finds made/names-utf8.zip '\tu\\314\\210$'
check "a directory that disagrees" finds made/disagrees.zip '^problem\tformat\te0-record'
check "a directory that is broken" finds made/broken-directory.zip '^member.*\ttwo$'
check "a directory that counts more" finds made/miscounted.zip '^problem\tformat\tcount'
check "a size that is too small" finds made/small.zip '^problem\tformat\tcontent\tmore bytes'
check "a size that is too large" finds made/large.rar5 '^member\t1099511627776\tdamaged'
check "holes without an end" finds made/sparse.tar '^problem\tlimit\tcontent'
check "a compressed file that looks like a cpio" finds made/like-cpio.gz '^member\t130\t[0-9a-f]{64}\t$'
check "zeros are no archive" fails made/zeros.tar format
check "text is no archive" fails made/text format
check "nothing is no archive" fails made/nothing format
holds() { # ARCHIVE: the worker neither crashed nor broke a rule
    list "$1" >found
    [ $? -le 1 ] && ! grep '^failed' found | grep -v '^failed	format	archive: no archive'
}
for file in made/*; do
    check "the worker comes through ${file#made/}" holds "$file"
done
echo "1..$count"
