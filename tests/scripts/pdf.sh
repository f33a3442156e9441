#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the examiner of PDF finds in its confined worker, against mutool and qpdf, and how it comes
# through files that lie. tests/scripts/pdf.sh EXHIBIT
# Prints TAP.
scripts=$(realpath "$(dirname "$0")")
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" pdf "$1"
build=$(dirname "$bin")/../..
tool=$build/tests/unit/parsers/list_told
worker=$build/parsers/exhibit-pdf
list() { python3 "$scripts/pdf-check.py" "$tool" "$worker" --show "$1"; }
has() { command -v "$1" >/dev/null; }
finds() { # FILE PATTERN
    list "$1" | tee /dev/stderr | grep -qP -- "$2"
}
lacks() { # FILE PATTERN
    list "$1" | tee /dev/stderr | (! grep -qP -- "$2")
}

python3 "$scripts/pdf-make.py" . || exit 1

# ---- files that other programs made ----

if has gs; then
    printf '%s\n' '/Times-Roman findfont 12 scalefont setfont 72 700 moveto (By Ghostscript: one) show' \
        '72 680 moveto (two) show showpage 72 700 moveto (three) show showpage' >gs.ps
    gs -q -dBATCH -dNOPAUSE -sDEVICE=pdfwrite -sOutputFile=good/gs.pdf gs.ps
fi
if has pango-view; then
    pango-view -q --font='Khmer OS 14' --text='ភ្នំពេញ ជារាជធានី កម្ពុជា' -o good/khmer.pdf
    pango-view -q --font='Droid Sans Fallback 14' --text='東京都の証拠 かな カタカナ' -o good/japanese.pdf
    pango-view -q --font='DejaVu Sans 14' --text='Zażółć gęślą jaźń: ἀλήθεια, правда' -o good/letters.pdf
fi
if has qpdf; then
    qpdf --object-streams=generate good/plain.pdf good/objects.pdf
    qpdf --linearize good/plain.pdf good/linear.pdf
    qpdf --encrypt '' owner 256 -- good/plain.pdf good/aes-256.pdf
    qpdf --allow-weak-crypto --encrypt '' owner 128 --use-aes=y -- good/plain.pdf good/aes-128.pdf
    qpdf --allow-weak-crypto --encrypt '' owner 40 -- good/plain.pdf good/rc4-40.pdf
    qpdf --encrypt user owner 256 -- good/plain.pdf locked.pdf
    head -c 100000 /dev/urandom >random.bin
    qpdf good/plain.pdf --add-attachment random.bin -- --add-attachment gs.ps --key=x --filename=ឯកសារ.ps -- good/attached.pdf
fi
if has mutool && has qpdf; then
    for file in good/*.pdf; do
        check "mutool and qpdf read the same in ${file#good/}" \
            python3 "$scripts/pdf-check.py" "$tool" "$worker" "$file"
    done
    check "and in one with files, notes and forms: the files" python3 - "$scripts" "$tool" "$worker" <<'END'
import subprocess, sys
sys.argv, where = ["x", sys.argv[2], sys.argv[3]], sys.argv[1]
exec(open(where + "/pdf-check.py").read().replace("\nmain()", "").replace("__file__", repr(where + "/x")))
check_files("hidden/notes.pdf", check.told(sys.argv[1], sys.argv[2], "hidden/notes.pdf", "pdf"))
END
    check "a wrong text would be found" bash -c '! python3 "$0" "$1" "$2" hidden/layers.pdf' \
        "$scripts/pdf-check.py" "$tool" "$build/parsers/exhibit-mail"
else
    skip "other readers read the same" "no mutool or qpdf"
fi

if has pango-view; then
    check "Khmer reads as it was written" finds good/khmer.pdf 'ភ្នំពេញ ជារាជធានី កម្ពុជា'
    check "Japanese too" finds good/japanese.pdf '東京都の証拠 かな カタカナ'
else
    for what in Khmer Japanese; do skip "$what reads as it was written" "no pango-view"; done
fi

# ---- what it says of itself ----

check "the title, in any script" finds good/plain.pdf "title = .*កម្ពុជា 日本 𝄞"
check "a time with its zone" finds good/plain.pdf '1767297845\D.*utc'
check "and the other side of Greenwich" finds good/plain.pdf '1770104106\D.*utc'
check "a time without a zone is local" finds good/local.pdf '1767323045\D.*local'
check "what is no time is told as it is written" finds good/local.pdf "modified-as-written = .*yesterday"
check "times and ids of XMP" finds hidden/xmp.pdf '1767290645\D.*utc.*pdf:xmp'
check "an id of XMP" finds hidden/xmp.pdf 'xmp.document-id = .*uuid:1234'

# ---- what does not show ----

check "earlier versions: how many ends" finds good/updates.pdf 'end-marks = .*3'
versions() {
    for n in 1 2; do
        python3 - "$scripts" "$tool" "$worker" $n <<'END' || return 1
import importlib.util, os, sys
spec = importlib.util.spec_from_file_location("check", sys.argv[1] + "/mail-check.py")
check = importlib.util.module_from_spec(spec)
spec.loader.exec_module(check)
end = os.path.getsize("good/updates." + sys.argv[4])
here = [t for t in check.told(sys.argv[2], sys.argv[3], "good/updates.pdf", "pdf") if t.key == "revision-%d" % end]
alone = [t for t in check.told(sys.argv[2], sys.argv[3], "good/updates." + sys.argv[4], "pdf") if t.key == "document"]
assert here[0].content == alone[0].content and b"Pay" in here[0].content, (here, alone)
END
    done
}
check "each says what the file said then" versions
check "the first part of a linearized file is no version" lacks good/linear.pdf revision
check "text that is not painted" finds hidden/invisible.pdf 'Unseen words'
check "is counted" finds hidden/invisible.pdf 'characters-invisible = .*12'
check "text off the page" finds hidden/outside.pdf 'Far words'
check "is counted, too" finds hidden/outside.pdf 'characters-outside = .*9'
check "a layer that is hidden is named" finds hidden/layers.pdf 'hidden-layer.1 = .*ស្រទាប់'
check "its text stands apart" finds hidden/layers.pdf 'Layer hidden'
check "and what shows when another is hidden" finds hidden/layers.pdf 'Layer opposite'
check "a note that is hidden" finds hidden/notes.pdf 'contents = .*លាក់ secret note'
check "a link" finds hidden/notes.pdf 'uri = .*https://example.org/pay\?x=1'
check "a program that it would start" finds hidden/notes.pdf 'program = .*cmd.exe'
check "a script, which is not run" finds hidden/notes.pdf 'script = .*app.alert\(1\)'
check "a field of a form" finds hidden/notes.pdf 'value = .*សុខ Sok'
check "one in a group, by its whole name" finds hidden/notes.pdf 'address\.city'
check "a file on a page" finds hidden/notes.pdf 'on the page'
check "what a stamp says" finds hidden/notes.pdf 'Drawn stamp'

# ---- what a look for marks, or for the first of several, would miss ----

check "an update without its mark hides no version" finds hidden/no-mark.pdf 'content Pay 100 to Sok'
check "marks that end nothing hide none" finds hidden/marks.pdf 'content Pay 100 to Sok'
check "of more ends than are kept the last ones are" finds hidden/many-ends.pdf 'content Pay 100 to Sok'
check "and it is said" finds hidden/many-ends.pdf 'problem limit revision-ends 5002'
check "bytes behind the last end are counted" finds hidden/behind.pdf 'bytes-behind-end = 23$'
check "and make no version" bash -c '[ "$(python3 "$0" "$1" "$2" --show hidden/behind.pdf | grep -c "^document revision")" = 1 ]' \
    "$scripts/pdf-check.py" "$tool" "$worker"
check "an update that locks the file hides no version" finds hidden/locked-update.pdf 'content Pay 100 to Sok'
check "a version that was locked is told" finds hidden/locked-before.pdf 'problem denied encrypted'
check "hidden layers of an earlier version" finds hidden/layers-before.pdf 'content Hidden before'
for what in UF:shown F:other DOS:THIRD; do
    check "the file of ${what%%:*}" finds hidden/files.pdf "content as ${what%%:*}$"
    check "its name" finds hidden/files.pdf "^member file-. ${what##*:}"
done
check "the same file under another name" finds hidden/files.pdf '^member file-. second name.txt'
check "the name that a list has for it" finds hidden/files.pdf 'listed-as = key of it'
check "a file that is only named" bash -c 'python3 "$0" "$1" "$2" --show hidden/files.pdf | grep -A9 "not here.txt" | grep -q "elsewhere = yes"' \
    "$scripts/pdf-check.py" "$tool" "$worker"
check "one that is lost" finds hidden/files.pdf 'problem format content its content cannot be found'
check "a file of a page" finds hidden/files.pdf 'content associated with a page'
check "a file of a note" finds hidden/files.pdf 'content associated with a note'
check "a form's packet without a name" finds hidden/files.pdf 'content <second/>'
check "a script behind a way" finds hidden/chains.pdf 'script = atOpening'
check "one behind a link" finds hidden/chains.pdf 'script = inArray'
check "the next behind it" finds hidden/chains.pdf 'uri = https://example.org/second'
check "and another of several" finds hidden/chains.pdf 'file = third.exe'
check "a link into the document that says something" finds hidden/chains.pdf 'contents = Words of a link'
check "a field that no form names, as it is drawn" finds hidden/widgets.pdf '^Unlisted words'
check "the name of a field is nobody's" lacks hidden/widgets.pdf 'author = '
check "a field behind many places of another" finds hidden/widgets.pdf 'value = Late value'
check "its default value" finds hidden/widgets.pdf 'default-value = Default value'
check "a value that is a number" finds hidden/widgets.pdf 'value = 12.5'
check "a name and a list that are cut" finds hidden/widgets.pdf 'problem limit texts-cut 2 '
check "a script that is cut" finds hidden/long.pdf 'problem limit texts-cut 1 '
check "a script that cannot be read" finds hidden/picture-script.pdf 'problem format texts-unread 1 '
for name in deep wide; do
    check "a tree of names hides no note: $name" finds hidden/$name-names.pdf 'contents = Behind a tree'
    check "and its limit is said: $name" finds hidden/$name-names.pdf 'problem limit limit'
done
unread_layers() {
    [ "$(list hidden/layers-unread.pdf | tee /dev/stderr | grep -c 'problem format pages 1 pages')" = 3 ]
}
check "pages that no reading of the layers could read" unread_layers
check "more names of layers than are told" finds hidden/layers-unread.pdf 'problem limit layer-names 70'
check "a stamp that is hidden" finds hidden/hidden-stamp.pdf '^Hidden stamp'
check "stands apart" bash -c 'python3 "$0" "$1" "$2" --show hidden/hidden-stamp.pdf | grep -A99 "^document document" | grep -B99 "^document layers" | (! grep -q "Hidden")' \
    "$scripts/pdf-check.py" "$tool" "$worker"
check "a word of XMP is a whole one" finds hidden/xmp-words.pdf 'xmp.application = It$'

# ---- encrypted ----

if has qpdf; then
    check "a password is missing" finds locked.pdf 'problem denied encrypted'
    check "the document is there without content" finds locked.pdf 'encrypted = .*with a password'
    check "an empty password opens it, which is said" finds good/aes-256.pdf 'encrypted = .*without a password'
else
    for what in "missing" "without content" "empty"; do skip "a password: $what" "no qpdf"; done
fi

# ---- what would break it ----

holds() { # FILE: the worker neither crashed nor broke a rule
    timeout 120 "$tool" "$worker" pdf "$1" >found
    [ $? -le 1 ] && (! grep -a '^failed' found)
}
for file in bad/*; do
    check "the worker comes through ${file#bad/}" holds "$file"
done
for file in claims negative loop-tree loop-names loop-fields loop-next loop-form loop-xref xref-itself loop-length deep cut \
    no-table JBIG2Decode JPXDecode bomb-attached; do
    check "and reads what is there: $file" bash -c '"$0" "$1" pdf "$2" | grep -a "^content" | cut -f2 | tail -1 | xxd -r -p | grep -q "here"' \
        "$tool" "$worker" "bad/$file.pdf"
done
check "more pages claimed than there are" finds bad/claims.pdf 'pages-claimed = .*1000000'
check "a loop in the tree is told" finds bad/loop-tree.pdf 'problem format damaged'
check "a table that was lost" finds bad/no-table.pdf 'problem format trailer'
check "what cannot be opened" finds bad/half.pdf 'problem format document'
check "a picture is not decoded" finds bad/JBIG2Decode.pdf 'problem unsupported content'

# ---- the same of the same ----

same_elsewhere() { # the environment changes nothing
    local file
    for file in good/*.pdf hidden/*.pdf; do
        "$tool" "$worker" pdf "$file" >here
        LC_ALL=tr_TR.UTF-8 TZ=Asia/Tokyo HOME=/nonexistent FONTCONFIG_FILE=/nonexistent "$tool" "$worker" pdf "$file" >there
        cmp here there || return 1
    done
}
check "no locale, zone or font of the system matters" same_elsewhere

# ---- in a vault ----

made() {
    mkdir root && cp good/updates.pdf hidden/notes.pdf good/plain.pdf root && { [ ! -e locked.pdf ] || cp locked.pdf root; } &&
        truncate -s 8M fs.img && mke2fs -q -t ext2 -d root fs.img && exhibit init vault --agency A --officer One --plain --kdf-memory 8 &&
        exhibit case new --number 1 --title t --officer One &&
        exhibit collect fs.img --case 1 --officer One &&
        status_is 3 exhibit examine 1/1 --officer One &&
        exhibit trace export 1/1 --output t.jsonl --officer One
}
line() { # JQ-CONDITION COUNT
    jq -c "select($1)" t.jsonl | tee /dev/stderr | wc -l | grep -qx "$2"
}
if has mke2fs && has jq && has qpdf; then
    check "PDF on a disk is examined" made
    check "its text has a hash" line ".kind == \"document\" and .key == \"document\" and .sha256 != null and .attributes.format == \"pdf\"" 3
    check "an earlier version too" line '.kind == "document" and .attributes.revision == "1" and .sha256 != null' 1
    check "an attached file has the hash of its bytes" line \
        ".kind == \"member\" and .name == \"b.txt\" and .sha256 == \"$(printf 'on the page\n' | sha256sum | cut -d' ' -f1)\"" 1
    check "one that is encrypted" line '.kind == "document" and .not_hashed == "encrypted"' 1
    check "created, with its zone" line '.kind == "document" and .times[0].what == "created" and .times[0].time == "2026-01-01T20:04:05Z"' 1
    check "the library is named in the head" bash -c 'head -1 t.jsonl | grep -q "\"name\":\"pdf\",\"version\":2,\"library\":\"poppler "'
    given() {
        local id
        id=$(jq -r 'select(.kind == "document" and .attributes.revision == "1").id' t.jsonl)
        exhibit trace cat "$id" --output first.txt --officer One && grep -q 'Pay 100 to Sok' first.txt
    }
    check "the text of an earlier version is given out" given
else
    for what in "is examined" "text" "version" "file" "encrypted" "created" "library" "given"; do
        skip "PDF on a disk: $what" "no mke2fs, jq or qpdf"
    done
fi
echo "1..$count"
