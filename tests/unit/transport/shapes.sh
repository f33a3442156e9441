#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the shapes of CASE/UCO 1.4.0 say to our document, and to broken ones: shapes.sh TEST-PROGRAM (TAP)
set -u
program=$1
work=$(mktemp -d "${TMPDIR:-/tmp}/exhibit-shapes.XXXXXX")
trap 'rm -rf "$work"' EXIT

"$program" --write "$work/case.jsonld" || {
    echo "Bail out! no document was written"
    exit 1
}
number=0
tell() { # NAME VERDICT: ok when VERDICT is the status that was wanted
    number=$((number + 1))
    [ "$2" = 77 ] && echo "ok $number - $1 # SKIP $(cat "$work/why")" && return
    [ "$2" = "$3" ] || printf 'not '
    echo "ok $number - $1"
    sed 's/^/# /' "$work/verdict" | head -n 4
}
judge() {
    "$CASE_VALIDATE" "$1" >"$work/verdict" 2>"$work/why"
    echo $?
}
broken() { # NAME JQ-PROGRAM: the document changed by it must be refused
    jq "$2" "$work/case.jsonld" >"$work/broken.jsonld"
    cmp -s "$work/case.jsonld" "$work/broken.jsonld" && echo "Bail out! nothing was broken: $1"
    tell "refused: $1" "$(judge "$work/broken.jsonld")" 1
}

echo "1..5"
tell "the document conforms to CASE/UCO 1.4.0" "$(judge "$work/case.jsonld")" 0
act='(.["@graph"][] | select(.["@type"] == "case-investigation:InvestigativeAction"))'
broken "a start that is no time" "${act}[\"uco-action:startTime\"][\"@value\"] |= \"yesterday\""
broken "a performer who is a hash" \
    '([.["@graph"][] | select(.["@type"] == "uco-types:Hash")][0]["@id"]) as $h | '"$act"'["uco-action:performer"] |= {"@id": $h}'
broken "a property that CASE does not have" '.["@graph"][0]["uco-core:nmae"] = "x"'
broken "acts that leave no provenance record" "del(${act}[\"uco-action:result\"])"
