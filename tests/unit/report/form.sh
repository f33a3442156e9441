#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is on the pages of a custody form, read by tools that are not ours: form.sh TEST-PROGRAM (TAP)
set -u
program=$1
work=$(mktemp -d "${TMPDIR:-/tmp}/exhibit-form.XXXXXX")
trap 'rm -rf "$work"' EXIT
mark="exhibit-mark/v1 log exhibit-vault/00112233445566778899aabbccddeeff size 40 root \
dwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= entry 35 leaf \
9900000000000000000000000000000000000000000000000000000000000000"

number=0
check() { # NAME COMMAND…: passes when the command does
    number=$((number + 1))
    name=$1
    shift
    if "$@" >"$work/log" 2>&1; then
        echo "ok $number - $name"
    else
        echo "not ok $number - $name"
        sed 's/^/# /' "$work/log"
    fi
}
skip() {
    number=$((number + 1))
    echo "ok $number - $1 # SKIP $2"
}

echo "1..10"
for tool in pdfinfo pdftotext pdftoppm rsvg-convert zbarimg; do
    command -v $tool >/dev/null 2>&1 && continue
    while [ $number -lt 10 ]; do skip "the pages of a custody form" "there is no $tool here"; done
    exit 0
done
for form in plain hostile many; do
    "$program" --write $form pdf "$work/$form.pdf" || {
        echo "Bail out! the form $form was not written"
        exit 1
    }
    pdftotext -layout "$work/$form.pdf" - | tr '\f' ' ' >"$work/$form.txt"
    pdfinfo "$work/$form.pdf" >"$work/$form.info"
done
"$program" --write plain html "$work/plain.html"
pages() {
    sed -n 's/^Pages: *//p' "$work/$1.info"
}

is_a4() {
    grep '^Page size: *595.28 x 841.89 pts (A4)' "$work/plain.info" &&
        grep '^Title: *Custody form of item 2026-14/3' "$work/plain.info"
}
check "PDF of A4 pages, with its title" is_a4

says() {
    for words in 'GAP: nobody was answerable' 'NOT KNOWN who held the item' 'A. Kone' '渋谷' \
        '佐藤 花子' 'offered in entry 7, answered in entry 9' 'the bag was open at one corner' \
        'abcd000000000000000000000000000000000000000000000000000000000000' 'Taken over by'; do
        grep -F -- "$words" "$work/plain.txt" || {
            echo "missing: $words"
            return 1
        }
    done
}
check "it says what the form says" says

# Khmer is reordered when it is drawn; each of its characters must still be there, and a font for it.
khmer() {
    for character in ស ខ រ ម; do
        grep -F $character "$work/plain.txt" || return 1
    done
    pdffonts "$work/plain.pdf" | grep -i khmer && ! grep 'could not be drawn' "$work/plain.txt"
}
if fc-list :lang=km 2>/dev/null | grep -q .; then
    check "a Khmer name is drawn" khmer
else
    skip "a Khmer name is drawn" "no Khmer font is installed here"
fi

scan() {
    page=1
    while [ $page -le "$(pages plain)" ]; do
        pdftoppm -r 150 -f $page -l $page -png "$work/plain.pdf" "$work/page"
        page=$((page + 1))
    done
    read=$(zbarimg --raw -q "$work"/page*.png)
    echo "read: $read"
    [ "$read" = "$mark" ]
}
check "a scanner reads the mark from the page" scan

scan_html() {
    grep -o '<svg.*</svg>' "$work/plain.html" >"$work/mark.svg"
    rsvg-convert -w 500 -o "$work/mark.png" "$work/mark.svg"
    read=$(zbarimg --raw -q "$work/mark.png")
    echo "read: $read"
    [ "$read" = "$mark" ]
}
check "a scanner reads the mark from the HTML" scan_html

numbered() {
    total=$(pages many)
    [ "$total" -ge 8 ] || return 1
    page=1
    while [ $page -le "$total" ]; do
        pdftotext -f $page -l $page "$work/many.pdf" - | grep -x "page $page of $total" || return 1
        page=$((page + 1))
    done
}
check "many holders go over many pages, each with its number" numbered

all_there() {
    holder=1
    while [ $holder -le 60 ]; do
        grep -q "^ *$holder\. " "$work/many.txt" || {
            echo "no holder $holder"
            return 1
        }
        holder=$((holder + 1))
    done
    [ "$(grep -c 'GAP: nobody' "$work/many.txt")" = 20 ]
}
check "no holder is lost between pages" all_there

tame() {
    grep -F '<script>alert(1)</script>&amp;' "$work/hostile.txt" || return 1
    LC_ALL=C tr -d '\n' <"$work/hostile.txt" | LC_ALL=C grep -q '[[:cntrl:]]' && return 1
    ! grep -q "$(printf '\342\200\256')" "$work/hostile.txt" && grep '^JavaScript: *no' "$work/hostile.info"
}
check "hostile words stay words in the PDF" tame
no_line_of_theirs() {
    ! grep -q '^ *Until: never' "$work/hostile.txt"
}
check "hostile words make no line of their own" no_line_of_theirs

# A machine that has no font for some names.
mkdir "$work/fonts"
cp /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf "$work/fonts/" 2>/dev/null
cat >"$work/fonts.conf" <<EOF
<?xml version="1.0"?>
<fontconfig><dir>$work/fonts</dir><cachedir>$work/cache</cachedir></fontconfig>
EOF
unknown() {
    FONTCONFIG_FILE=$work/fonts.conf "$program" --write plain pdf "$work/poor.pdf"
    pdftotext -layout "$work/poor.pdf" - | grep 'characters on this form could not be drawn'
}
if [ -f "$work/fonts/DejaVuSans.ttf" ]; then
    check "what no font has is said on the form" unknown
else
    skip "what no font has is said on the form" "there is no DejaVu Sans here"
fi
