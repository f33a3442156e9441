#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a scanner reads from the QR codes of a recovery sheet: scan.sh TEST-PROGRAM   (TAP)
set -u
program=$1
work=$(mktemp -d "${TMPDIR:-/tmp}/exhibit-scan.XXXXXX")
trap 'rm -rf "$work"' EXIT
code=000GD40R4X0M300E209K185G3R38ED1W81124GKZ
vkey=exhibit-vault/00112233445566778899aabbccddeeff+5afe1234+AbCdEfGhIjKlMnOpQrStUvWxYz0123456789+/AbCdE=

echo "1..2"
for tool in rsvg-convert zbarimg; do
    command -v $tool >/dev/null 2>&1 && continue
    echo "ok 1 - the code of the recovery code # SKIP there is no $tool here"
    echo "ok 2 - the code of the vault key # SKIP there is no $tool here"
    exit 0
done
"$program" --write "$work/sheet.html" "$work/sheet.txt" || {
    echo "Bail out! no sheet was written"
    exit 1
}
number=0
for wanted in "$code" "$vkey"; do
    number=$((number + 1))
    grep -o '<svg.*</svg>' "$work/sheet.html" | sed -n ${number}p >"$work/$number.svg"
    rsvg-convert -w 400 -o "$work/$number.png" "$work/$number.svg"
    read=$(zbarimg --raw -q "$work/$number.png" 2>"$work/log")
    if [ "$read" = "$wanted" ]; then
        echo "ok $number - a scanner reads code $number"
    else
        echo "not ok $number - a scanner reads code $number"
        echo "# \"$read\" instead of \"$wanted\""
        sed 's/^/# /' "$work/log"
    fi
done
