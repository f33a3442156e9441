#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the examiners of documents find in their confined worker, against the text that went in.
# tests/scripts/documents.sh EXHIBIT
# Prints TAP.
here=$(realpath "$(dirname "$0")")
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" documents "$1"
build=$(dirname "$bin")/../..
py=/usr/bin/python3 # Debian's, for its modules
read_with() { # PARSER FILE: traces to `found`, contents to out/
    rm -rf out && mkdir out
    "$build/tests/unit/parsers/read_document" "$build/parsers/exhibit-documents" "$1" "$2" out >found
}
text_is() { # PARSER FILE TEXT: exactly, and nothing wrong
    read_with "$1" "$2" || return 1
    ! grep '^problem' found && diff -u "$3" out/document
}
says() { # PARSER FILE PATTERN…
    read_with "$1" "$2"
    cat found
    for pattern in "${@:3}"; do
        grep -qP -- "$pattern" found || return 1
    done
}
holds() { # PARSER FILE PATTERN…: in the text
    read_with "$1" "$2"
    cat found
    for pattern in "${@:3}"; do
        LC_ALL=C.UTF-8 grep -qP -- "$pattern" out/document || return 1
    done
}
text_of_rtf() {
    read_with rtf made/good.rtf && diff -u made/good.rtf.text out/document
}
no_heading() {
    read_with rtf made/h-forged.rtf && cat -A out/document && [ "$(grep -c $'^\f' out/document)" = 1 ]
}
whole() { # PARSER FILE PATTERN…: in the text, and nothing wrong
    holds "$@" && ! grep '^problem' found
}
survives() { # PARSER FILE: neither crashed nor broke a rule
    read_with "$1" "$2"
    [ $? -le 1 ] && cat found && ! grep -P '^failed\t(?!format)' found
}
has() { command -v "$1" >/dev/null; }
has_module() { "$py" -c "import $1" 2>/dev/null; }

"$py" "$here/documents-make.py" made

# ---- office ----

for file in good.docx strict.docx utf16.docx good.xlsx cells.xlsx good.pptx good.odt hidden.odt good.ods good.odp; do
    check "the text of $file" text_is office "made/$file" "made/$file.text"
done
check "properties of a docx" says office made/good.docx '^\ttitle=A & B$' '^\tauthor=Ann$' '^\tlast-modified-by=Bob$' \
    '^\trevision=7$' '^\ttemplate=Evil.dotm$' '^\tcompany=C\\303\\266$' '^\tformat=ooxml-text$' '^\tcontent-type=application/vnd'
check "its times" says office made/good.docx '^\ttime 4 1767220200.500000000 100000000 utc ooxml:core-properties$' \
    '^\ttime 10 1767261600.000000000 1000000000 utc ooxml:core-properties$' '^\tmodified-as-stored=yesterday$'
check "properties of an odt" says office made/good.odt '^\tauthor=Ann$' '^\tlast-modified-by=Bob$' '^\tkeywords=k1, k2$' \
    '^\tapplication=Gen/1$' '^\ttime 4 1767323045.250000000 1 local odf:meta$' '^\ttime 1 1767398400.000000000 1000000000 utc odf:meta$'
check "a format as it was before a change does not count" whole office made/former.docx '^seen$' '^seenunseen$'
check "the form that is known is taken" whole office made/choices.docx '^last0$' '^C$' '^last2$' '^last3$'
forms() { [ "$(grep -aA99 'other form' out/document | tail -n +2 | tr '\n' ' ')" = "A B D last1 E F " ]; }
check "the others stand apart" forms
check "a run in a run" whole office made/ruby.docx '^baseseen$' '^abovebaseunseenseen$'
check "two values in a cell" says office made/twice.xlsx '^problem\tformat\tcell\t'
check "are not one" holds office made/twice.xlsx '^A1\t11 22$'
check "numbers of shared formulas" whole office made/shared.xlsx '^A1\t1\t=1$' '^C1\t\t= shared formula of a cell that is not known$' '^D1\t\t= shared formula of A1$'
encrypted() { read_with office made/locked.odt && cat found && grep -q '^document	document	encrypted' found &&
    grep -q '	title=T' found && [ ! -s out/document ]; }
check "an odt with a password" encrypted
check "a package that is no document" says office made/program.nupkg '^record\tdocument' '^\tauthor=Pat$'
check "a binary workbook" says office made/binary.xlsb '^problem\tunsupported\tbinary'

if has_module docx; then
    check "the text of python-docx's" "$py" "$here/documents-other.py" docx "$build"
else
    skip "the text of python-docx's" "no python3-docx"
fi
if has_module openpyxl; then
    check "the cells of openpyxl's" "$py" "$here/documents-other.py" xlsx "$build"
else
    skip "the cells of openpyxl's" "no python3-openpyxl"
fi
if has_module odf; then
    check "the text of odfpy's" "$py" "$here/documents-other.py" odt "$build"
else
    skip "the text of odfpy's" "no python3-odf"
fi

# ---- hostile ----

for file in laughs quadratic; do
    check "entities are not expanded: $file" says office "made/$file.docx" '^problem\tunsupported\tpart.*entity'
done
check "text around an entity" holds office made/laughs.docx '^before$' '^&l9;$' '^behind$'
check "no file comes in" holds office made/file.docx '^x&a;y$'
check "a document type is no damage" holds office made/doctype.docx '^plain$'
check "100,000 levels" says office made/deep.docx '^problem\tlimit\tpart'
check "what stands above them" holds office made/deep.docx '^above$'
check "an attribute of 12 MB" says office made/attribute.docx '^problem\t(limit|format)\tpart'
check "a text of 20 MB without markup" says office made/long.docx '^problem\tlimit\t'
check "a part that is too large" says office made/bomb.docx '^problem\tlimit\tpart.*too large'
check "a part that is cut off" says office made/cut.docx '^problem\tformat\tpart'
check "and its text up to there" holds office made/cut.docx '^above$' '^half$'
check "no UTF-8" says office made/bad-utf8.docx '^problem\tformat\tpart'
check "an encoding that is not known" says office made/encoding.docx '^problem\t(unsupported|format)\tpart'
unread() { # the bytes of a part are not there: that, and not that it is damaged
    "$build/tests/unit/parsers/read_document" "$build/parsers/exhibit-documents" office made/far.docx out "$1" >found
    cat found
    grep -q '^problem	io	part[0-9]*	.*word/document.xml' found && ! grep -q '^problem	format' found
}
check "a part that cannot be read" unread "$("$py" -c 'print(open("made/far.docx", "rb").read().index(b"far away"))')"
check "a ZIP without its directory" says office made/nodir.docx '^problem\tformat\tdirectory'
check "and its text" holds office made/nodir.docx 'john@example.org'
check "a line cannot be forged" holds office made/heading.docx '^\[forged\]$' '^inserted\ta b c\t\tx$'
check "boxes in boxes" holds office made/boxes.docx '^innermost$'
check "parts that refer to each other" holds office made/loop.docx '^body$' '^h$'
check "each of a chain of parts" holds office made/chain.docx '^h0$' '^h39$'
check "more sheets than there may be" says office made/sheets.xlsx '^problem\tlimit\tsheets'
check "more notes than are kept" says office made/flood.odt '^problem\tlimit\tparagraph'
check "counts of cells" holds office made/huge-counts.ods '^A1'
for file in made/*.docx made/*.xls? made/*.pptx made/*.od? made/*.nupkg; do
    check "the worker comes through ${file#made/}" survives office "$file"
done

# ---- HTML ----

for name in utf8 latin thai wide guess x; do
    check "the text of $name.html" text_is html "made/$name.html" "made/$name.html.text"
done
check "title, author, encoding" says html made/utf8.html '^\ttitle=A & B$' '^\tauthor=Ann$' '^\tencoding=utf-8$' \
    '^\tencoding-from=meta$' '^\tscripts-left-out=1$' '^\tstyles-left-out=1$'
check "an encoding by its mark" says html made/wide.html '^\tencoding=utf-16le$' '^\tencoding-from=byte-order-mark$'
check "one that is a guess" says html made/guess.html '^\tencoding=windows-1252$' '^\tencoding-from=guess$'
check "one that is not known" says html made/h-encoding.html '^problem\tunsupported\tencoding' '^\tencoding-from=guess$'
check "no line can be forged" holds html made/h-nul.html '^a.b \[forged\] c.?$'
check "comments that are short, and that end oddly" holds html made/h-short.html '^ashown1shown2shown3shown4$'
check "a part of CDATA is a comment" holds html made/h-cdata.html '^shown \]\]>$' '^\[CDATA\[gone $'
lacks() { # PARSER FILE PATTERN: not in the text
    read_with "$1" "$2" && ! grep -qP -- "$3" out/document
}
check "a script in a comment in a script" holds html made/h-escaped.html '^ashownshown2$'
check "is left out, and a style" lacks html made/h-escaped.html gone
check "a value without quotes has an apostrophe" holds html made/h-bare.html "^shown it's\$" "^a href\tit's\$"
check "what is not closed is told" holds html made/h-open.html '^a$' "^<a href='never closed <p>b\$" 'a tag that is not closed'
check "behind plaintext all is text" holds html made/h-plaintext.html '^b</plaintext><p>c &amp;$'
check "characters by their names" holds html made/h-named.html '^\x{2233}\x{2242}\x{338}&x\x{ac}it;$' '^a href\t\?a&lt=1\x{a9}$'
check "a meta in a comment names nothing" says html made/h-in-comment.html '^\tencoding=utf-8$' '^\tencoding-from=guess$'
check "nor one that no browser takes" says html made/h-ibm.html '^problem\tunsupported\tencoding.*ibm037' '^\tencoding-from=guess$'
check "utf-7 is none of them" says html made/h-utf7.html '^problem\tunsupported\tencoding.*utf-7' '^\tencoding-from=guess$'
check "nor hz" says html made/h-hz.html '^problem\tunsupported\tencoding.*hz-gb-2312' '^\tencoding-from=guess$'
check "utf-16 is utf-8 there" holds html made/h-utf16.html '^caf\x{e9}$'
check "x-user-defined is windows-1252" holds html made/h-user.html '^caf\x{e9}\x{20ac}$'
check "gb2312 is gb18030" whole html made/h-gbk.html '^\x{86} \x{4e2d}$'
check "euc-kr is what Windows has" whole html made/h-korean.html '^\x{b620}$'
check "the second meta, when the first names nothing" whole html made/h-second.html '^\x{430}$'
check "as it is named" says html made/latin.html '^\tencoding=windows-1252$' '^\tencoding-named=iso-8859-1$'
check "elements of XHTML that are closed at once" whole html made/h-xhtml.html '^shown$'
if "$py" -c 'import html5lib, webencodings' 2>/dev/null; then
    check "html5lib reads the same in damaged pages" "$py" "$here/html-check.py" "$build/tests/unit/parsers/list_tokens" pages 300
else
    skip "html5lib reads the same in damaged pages" "no python3-html5lib"
fi
check "deep in 100,000 tables" holds html made/h-deep.html 'core'
check "a long target" holds html made/h-attribute.html '^a href\tx+$'
for file in made/h-*.html; do
    check "the worker comes through ${file#made/}" survives html "$file"
done

# ---- RTF ----

check "the text of an rtf" text_of_rtf
check "its properties" says rtf made/good.rtf '^\ttitle=A \\303\\251$' '^\tauthor=Ann$' '^\tlast-modified-by=Bob$' '^\tapplication=Gen 1$' \
    '^\tkeywords=\\346\\227\\245$' '^\tcode-page=1252$' '^\tbytes-behind-the-end=3$' '^\ttime 4 1767323045.000000000 1000000000 local rtf:info$'
check "a date that is none" says rtf made/good.rtf '^problem\tformat\trevtim'
check "100,000 groups in groups" holds rtf made/h-deep.rtf '^abovecore below$'
check "more groups than there may be" says rtf made/h-deeper.rtf '^problem\tlimit\tdepth'
check "groups that are not closed" says rtf made/h-open.rtf '^problem\tformat\tend'
check "no heading can be forged" no_heading
check "a word across blocks" holds rtf made/h-block.rtf '^x+$' '^yA$'
check "fonts of a theme, and below zero, in their code pages" whole rtf made/h-theme.rtf '^\x{41f}\x{3b1}\x{e9} \x{e9}$'
check "a character set that is not known is told" says rtf made/h-charset.rtf '^problem\tunsupported\tfont\t.*font 1 '
check "a font that is not there is told" says rtf made/h-nofont.rtf '^problem\tunsupported\tfont\t.*font 9 '
check "Johab is told" says rtf made/h-johab.rtf '^problem\tunsupported\tcode-page\tcode page 1361'
check "more fonts than there may be" says rtf made/h-fonts.rtf '^problem\tlimit\tfonts' '^problem\tunsupported\tfont\t.*font 4001 '
check "a date is as fine as what it gives" says rtf made/h-dates.rtf '^\ttime 4 1767312000.0* 86400000000000 local' \
    '^\ttime 1 1767312000.0* 60000000000 local' '^\ttime 10 1767337200.0* 3600000000000 local'
for file in made/h-*.rtf; do
    check "the worker comes through ${file#made/}" survives rtf "$file"
done

# ---- in an examination ----

PATH=$PATH:/usr/sbin
if has jq && has mke2fs; then
    mkdir tree && cp made/good.docx made/good.xlsx made/laughs.docx tree/ &&
        mke2fs -q -F -t ext4 -d tree fs.img 16M >log 2>&1
    {
        exhibit init vault --agency A --officer One --plain --kdf-memory 8
        exhibit case new --number 1 --title t --officer One
        exhibit collect fs.img --case 1 --officer One
    } >log 2>&1
    check "an examination with a document that is not whole is partial" status_is 3 exhibit examine 1/1 --officer One
    exhibit trace export 1/1 --output t.jsonl --officer One >log 2>&1
    text_of() { # NAME: what the examination found under it
        jq -r --arg n "$1" 'select(.name == $n) | .id' t.jsonl >id
        line=$(grep -n "\"id\":\"$(cat id)\"" t.jsonl | cut -d: -f1)
        jq -r --argjson p "$((line - 1))" 'select(.kind == "document" and .parent == $p) | .sha256 // .not_hashed' t.jsonl
    }
    for file in good.docx good.xlsx; do
        check "the document under $file" [ "$(text_of $file)" = "$(sha256sum <made/$file.text | cut -c 1-64)" ]
    done
    check "a text that is not whole has no hash" [ "$(text_of laughs.docx)" = damaged ]
    check "members stand beside it" grep -q '"kind":"member".*"name":"word/document.xml"' t.jsonl
    id=$(jq -r 'select(.kind == "document" and .sha256) | .id' t.jsonl | head -1)
    check "what was found can be shown" exhibit trace show "$id" --officer One
else
    skip "in an examination" "no jq or no mke2fs"
fi
echo "1..$count"
