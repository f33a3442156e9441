#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the examiner of pictures finds in its confined worker, against what exiftool wrote and reads.
# tests/scripts/exif.sh EXHIBIT
# Prints TAP.
here=$(realpath "$(dirname "$0")")
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" exif "$1"
build=$(dirname "$bin")/../..
look() { # FILE: traces to `found`, contents to out/
    rm -rf out && mkdir out
    "$build/tests/unit/parsers/read_document" "$build/parsers/exhibit-pictures" exif "$1" out >found
}
says() { # FILE PATTERN…
    look "$1"
    cat found
    for pattern in "${@:2}"; do
        grep -qP -- "$pattern" found || return 1
    done
}
whole() { says "$@" && ! grep '^problem' found; }
survives() {
    look "$1"
    [ $? -le 1 ] && cat found && ! grep -P '^failed\t(?!format)' found
}

/usr/bin/python3 "$here/exif-make.py" made
for file in little.jpg big.jpg plain.tif exif.png exif.webp jpeg-mark.webp exif.heic; do
    check "fields of $file" whole "made/$file" '^\tmake=Maker$' '^\tmodel=Model 7$' '^\tserial=SN-1$' '^\torientation=6$' '^\texif=yes$' \
        '^\tgps-latitude-as-stored=51/1 30/1 2646/100 N$' '^\tgps-latitude=51\.5073500$' '^\tgps-longitude=-0\.1277500$' \
        '^\tgps-altitude-metres=-12\.500$' '^\texposure-time=1/100$' '^\tuser-comment=caf\\303\\251$' '^\txp-author=\\303\\211ve$'
    check "times of $file" whole "made/$file" '^\ttime 11 1767323045\.250000000 10000000 local exif:DateTimeOriginal$' \
        '^\ttime 1 1767299645\.000000000 1000000000 utc exif:DateTime$' '^\ttime 11 1767323046\.000000000 1000000000 utc exif:GPSDateTime$'
    check "size of $file" whole "made/$file" '^\twidth=7$' '^\theight=5$'
    [ "$file" = plain.tif ] && continue
    check "the thumbnail of $file" eval "look made/$file && cmp out/thumbnail made/thumbnail"
done
for file in little.jpg exif.png exif.webp plain.tif; do
    check "xmp of $file" eval "look made/$file && cmp out/xmp made/xmp"
done
check "no Exif" whole made/bare.jpg '^\texif=no$' '^\twidth=7$' '^\tcomment=a remark$'
check "texts of a PNG" whole made/exif.png '^\ttext-1=Author: \\303\\211ve$' '^\ttexts-left-out=1$' '^\ttime 1 1767323045\.000000000 1000000000 utc png:tIME$'
check "no place" says made/noplace.jpg '^\tgps-latitude-as-stored=95/1 0/1 0/1 N$' '^\tgps-longitude-as-stored=1/0 0/1 0/1 E$'
check "and none is made of it" eval '! grep -P "\tgps-(lat|long)itude=" found'
check "a latitude in the east is no place" says made/sides.jpg '^problem\tformat\tgps-side\ta latitude' '^\tgps-latitude-as-stored=1/1 0/1 0/1 E$'
check "nor a longitude in the north" eval '! grep -P "\tgps-(lat|long)itude=" found'
check "fields that stand there twice" says made/again.jpg '^problem\tformat\ttwice' '^\tmake=Maker$' '^\tmake-2=Other$' '^\tmake-3=Third$' \
    '^\ttag-9003-2=2020:01:01 00:00:00$' '^\ttag-0001-2=S$' '^\tgps-latitude=51\.5073500$' '^\ttime 11 1767323045'
check "an offset with letters behind is none" whole made/offset.jpg '^\tmodified-offset-as-stored=\+07:00x$' '^\ttime 4 \d+\.000000000 1000000000 local exif:DateTime$|^\ttime 1 1767324845.* local exif:DateTime$'
check "with spaces it is one" whole made/spaces.jpg '^\ttime 1 1767299645\.000000000 1000000000 utc exif:DateTime$'
if command -v exiftool >/dev/null; then
    check "exiftool finds both, too" eval '[ "$(exiftool -a -s3 -Make made/again.jpg | tr "\n" " ")" = "Maker Other Third " ]'
else
    skip "exiftool finds both, too" "no exiftool"
fi
check "no time" whole made/notime.jpg '^\ttaken-as-stored=2026:13:40 99:00:00$'
check "a second Exif is told" says made/twice.jpg '^problem\tformat\texif' '^\tmake=Maker$'
check "one that ends early" says made/cut.jpg '^problem\tformat\texif-end'
check "a directory that points to itself" says made/loop.jpg '^\tmake=Maker$'
check "a value of 4 GB" says made/huge.jpg '^problem\tlimit\tvalue'
for file in made/*.*; do
    check "the worker comes through ${file#made/}" survives "$file"
done

# ---- by exiftool ----

if command -v exiftool >/dev/null && command -v convert >/dev/null; then
    for kind in jpg png webp tif; do
        convert -size 31x17 gradient:red-blue "im.$kind" 2>log || {
            skip "what exiftool wrote into a $kind" "ImageMagick does not write it"
            continue
        }
        exiftool -q -overwrite_original -Make=ACME -Model='M 1' -SerialNumber=77 -LensModel='50 mm' -Software=S1 -Artist=Ann \
            -DateTimeOriginal='2026:01:02 03:04:05' -OffsetTimeOriginal=+07:00 -SubSecTimeOriginal=5 \
            -GPSLatitude=13.7563309 -GPSLatitudeRef=N -GPSLongitude=100.5017651 -GPSLongitudeRef=E "im.$kind"
        check "what exiftool wrote into a $kind" whole "im.$kind" '^\tmake=ACME$' '^\tmodel=M 1$' '^\tserial=77$' '^\tlens-model=50 mm$' \
            '^\tsoftware=S1$' '^\tartist=Ann$' '^\twidth=31$' '^\theight=17$' \
            '^\ttime 11 1767297845\.500000000 100000000 utc exif:DateTimeOriginal$' '^\tgps-latitude=13\.756330\d$' '^\tgps-longitude=100\.50176\d\d$'
    done
    reads() { # FILE TAG ATTRIBUTE
        [ "$(exiftool -s3 -n "-$2" "$1")" = "$(look "$1" && sed -n "s/^\\t$3=//p" found)" ]
    }
    for file in little.jpg big.jpg exif.png exif.heic plain.tif; do
        for pair in Make:make SerialNumber:serial Orientation:orientation ImageWidth:width; do
            check "exiftool reads the same of $file: ${pair%:*}" reads "made/$file" "${pair%:*}" "${pair#*:}"
        done
    done
else
    skip "by exiftool" "no exiftool or no convert"
fi
echo "1..$count"
