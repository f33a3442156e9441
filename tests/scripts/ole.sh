#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the examiner of OLE files finds in its confined worker, against what other programs find.
# tests/scripts/ole.sh EXHIBIT
# Prints TAP.
scripts=$(realpath "$(dirname "$0")")
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" ole "$1"
build=$(dirname "$bin")/../..
tool=$build/tests/unit/parsers/list_told
worker=$build/parsers/exhibit-mail
cp "$scripts"/../vectors/office/*.[dx]* . && python3 "$scripts/ole-make.py" made || exit 1
list() { python3 "$scripts/mail-check.py" "$tool" "$worker" --show "$1" ole; }
has() { command -v "$1" >/dev/null; }
finds() { # FILE PATTERN
    list "$1" | tee /dev/stderr | grep -qP -- "$2"
}
lacks() { # FILE PATTERN
    list "$1" | tee /dev/stderr | (! grep -qP -- "$2")
}
content() { # FILE KIND: of the first such trace
    python3 - "$scripts" "$tool" "$worker" "$1" "$2" <<'END'
import importlib.util, sys
spec = importlib.util.spec_from_file_location("check", sys.argv[1] + "/mail-check.py")
check = importlib.util.module_from_spec(spec)
spec.loader.exec_module(check)
traces = check.told(*sys.argv[2:5], "ole")
sys.stdout.buffer.write([t for t in traces if t.kind == sys.argv[5]][0].content)
END
}

# ---- against other programs ----

if /usr/bin/python3 -c 'import olefile' 2>/dev/null; then
    for file in text.doc cells.xls made/{text,sectors-4096,macros,thai,encrypted,pieces-back}.doc made/{cells,encrypted}.xls \
        made/{text,encrypted}.ppt made/encrypted.docx made/other.ole made/mail.msg; do
        check "olefile finds the same in ${file#made/}" /usr/bin/python3 "$scripts/ole-check.py" "$tool" "$worker" "$file"
    done
else
    skip "olefile finds the same" "no olefile (python3-olefile)"
fi
# Without characters beyond 16 bits: catdoc knows none.
words() { tr -s '\r\n\t ",' '\n' | grep -ax '.*' | grep -a . | grep -v -e 😀 -e '^\.$'; }
same_words() { # FILE PROGRAM…: what catdoc's programs print
    content "$1" document | words >ours && "${@:2}" "$1" | words >theirs && [ -s ours ] && diff ours theirs
}
if has catdoc; then
    by_catdoc() { catdoc -w -d utf-8 "$1"; }
    check "catdoc reads the same text of text.doc" same_words text.doc by_catdoc
    by_xls2csv() { echo t && xls2csv -d utf-8 "$1" | tr -d '\f'; }
    check "xls2csv reads the same cells of cells.xls" same_words cells.xls by_xls2csv
else
    skip "catdoc reads the same text of text.doc" "no catdoc"
    skip "xls2csv reads the same cells of cells.xls" "no catdoc"
fi
converted() {
    msgconvert --outfile by-msgconvert.eml made/ascii.msg &&
        python3 - "$scripts" "$tool" "$worker" made/ascii.msg by-msgconvert.eml <<'END'
import email, email.policy, importlib.util, sys
spec = importlib.util.spec_from_file_location("check", sys.argv[1] + "/mail-check.py")
check = importlib.util.module_from_spec(spec)
spec.loader.exec_module(check)
traces = check.told(*sys.argv[2:5], "ole")
with open(sys.argv[5], "rb") as f:
    mail = email.message_from_bytes(f.read(), policy=email.policy.default)
parts = list(mail.walk())
attached = [p for p in parts if p.get_content_type() == "application/x"][0]
ours = [t for t in traces if t.kind == "member" and t.texts.get("content-type") == b"application/x"][0]
check.compare("subject", traces[1].texts["head-subject"].decode(), mail["subject"])
check.compare("bytes", ours.content, attached.get_payload(decode=True))
text = [p for p in parts if p.get_content_type() == "text/plain"][0].get_content()
check.compare("text", check.lines(traces[1].content), check.lines(text.encode()))
END
}
if has msgconvert; then
    check "msgconvert makes the same mail of ascii.msg" converted
else
    skip "msgconvert makes the same mail of ascii.msg" "no msgconvert (libemail-outlook-message-perl)"
fi

# ---- what the formats say ----

made() { # NAME FILE PATTERN
    check "$1" finds "made/$2" "$3"
}
made "pieces of both widths" text.doc "52 bytes .*\\\\xe1\\\\x9e\\\\x97.*\\\\ncaf\\\\xc3\\\\xa9 \\\\xe2\\\\x80\\\\x9cx"
made "a time of printing" text.doc 'time 10 1767323045.000000000 utc oleps'
made "properties in Thai" thai.doc "title='\\\\xe0\\\\xb8\\\\x8a"
made "cells" cells.xls "'Sheet\\\\ncaf\\\\xc3\\\\xa9!\\\\t.*\\\\nabc.*\\\\t-2.25\\\\n123.45\\\\n7\\\\t1\\\\nresult\\\\nlabel\\\\n'"
made "slides" text.ppt "'Slide .*\\\\nline\\\\nplain caf\\\\xc3\\\\xa9\\\\nname\\\\n'"
made "macros" macros.doc "macros='vba'"
made "their streams" macros.doc "member s9 'Macros/VBA/Module1'"
made "Word 95" old.doc "'caf\\\\xc3\\\\xa9\\\\n'"
made "Word 95 in pieces" old-pieces.doc 'problem unsupported text'
for file in encrypted.doc encrypted.xls encrypted.ppt encrypted.docx; do
    made "encrypted: $file" "$file" '^problem denied encrypted'
done
made "people" mail.msg "to='A Person <a@example.org>, <b@example.org>'"
made "their addresses" mail.msg "cc-addresses='c@example.org'"
made "the head that came with it" mail.msg "received-1='from a by b"
made "what the head says of the sender" mail.msg "head-from='other@example.org'"
made "and the properties" mail.msg "^  from='The Sender <sender@example.org>'"
made "what the head says of recipients" mail.msg "head-to-addresses='third@example.org'"
made "and of those of copies" mail.msg "head-cc='fourth@example.org'"
made "and of the subject" mail.msg "head-subject='another subject'"
made "and of the date" mail.msg "^  date='Fri, 2 Jan 2026 10:04:05 \+0700'"
made "the date of the head is a time, too" mail.msg 'time 8 1767323045.000000000 utc rfc5322:date'
made "sent" mail.msg 'time 8 1767323045.000000000 utc mapi:client-submit-time'
made "a message in a message" mail.msg '^  message p'
made "a message in Thai" thai.msg "subject='\\\\xe0\\\\xb8\\\\xa0"

# ---- what breaks them ----

made "messages 30 deep" nested-30.msg 'problem limit p'
made "storages 100 deep" deep.ole '^problem format structure'
made "a directory that loops" loop.ole '^problem format structure'
made "and what is in it" loop.ole "^member s2 'two'"
made "a table of sectors that loops" fat-loop.ole '^problem format structure'
made "a piece behind the end" piece-behind.doc 'problem format text'
made "pieces that go back" pieces-back.doc 'problem format text'
made "properties that are cut" broken-properties.doc '^problem format properties'
made "a text of a message that is cut" long-body.msg '^  problem format text '
made "and what there is of it" long-body.msg "'the text"
check "which is no other property" lacks made/long-body.msg 'properties'
made "a property of a message that is cut" long-subject.msg '^problem format m0-properties'
check "which is not its text" lacks made/long-subject.msg '^  problem'
made "a property of an attachment that is cut" long-name.msg '^problem format m0-properties'
check "nothing is cut where nothing is" lacks made/mail.msg 'problem'
made "cells that are cut" cut.xls 'problem format text'
made "slides that are cut" cut.ppt 'problem format text'
for file in cut.doc short-chain.ole sector-bits.ole no-directory.ole head-only.ole text.ole nothing.ole; do
    made "nothing that is known: $file" "$file" '^problem format ole:'
done
holds() { # FILE: the worker neither crashed nor broke a rule
    "$tool" "$worker" ole "$1" >found
    [ $? -le 1 ] && (! grep -a '^failed' found | grep -v '^failed	format	ole:')
}
for file in made/*; do
    check "the worker comes through ${file#made/}" holds "$file"
done
echo "1..$count"
