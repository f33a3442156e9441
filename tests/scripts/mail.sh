#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the examiner of mail finds in its confined worker, against what other readers of mail find.
# tests/scripts/mail.sh EXHIBIT
# Prints TAP.
scripts=$(realpath "$(dirname "$0")")
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" mail "$1"
build=$(dirname "$bin")/../..
tool=$build/tests/unit/parsers/list_told
worker=$build/parsers/exhibit-mail
same() { python3 "$scripts/mail-check.py" "$tool" "$worker" "$@"; }
list() { python3 "$scripts/mail-check.py" "$tool" "$worker" --show "$1"; }
has() { command -v "$1" >/dev/null; }
finds() { # FILE PATTERN
    list "$1" | tee /dev/stderr | grep -qP -- "$2"
}
lacks() { # FILE PATTERN
    list "$1" | tee /dev/stderr | (! grep -qP -- "$2")
}

python3 "$scripts/mail-make.py" . || exit 1

# ---- against Python's readers ----

for file in good/*; do
    check "Python reads the same in ${file#good/}" same "$file"
done
if has iconv; then
    mkdir sets
    check "iconv reads the same in every character set" \
        python3 "$scripts/mail-charsets.py" "$tool" "$worker" sets
else
    skip "iconv reads the same in every character set" "no iconv"
fi

# ---- against maildrop's and mpack's ----

members() { # FILE: the SHA-256 of each attachment, sorted
    python3 - "$scripts" "$tool" "$worker" "$1" <<'END' | sort
import hashlib, importlib.util, sys
spec = importlib.util.spec_from_file_location("check", sys.argv[1] + "/mail-check.py")
check = importlib.util.module_from_spec(spec)
spec.loader.exec_module(check)
for t in check.told(*sys.argv[2:5]):
    if t.kind == "member":
        print(hashlib.sha256(t.content).hexdigest())
END
}
by_reformime() { # FILE: each part that is no multipart and no text of the message
    reformime -i <"$1" | awk '/^section: /{s=$2} /^content-type: /{print s, $2}' |
        grep -v -e multipart/ -e text/plain | while read -r section _; do
        reformime -s "$section" -e <"$1" | sha256sum | cut -d' ' -f1
    done | sort
}
same_parts() {
    members "$1" >ours && by_reformime "$1" >theirs && [ -s ours ] && diff ours theirs
}
if has reformime; then
    for file in good/mixed.eml good/names.eml; do
        check "reformime takes the same out of ${file#good/}" same_parts "$file"
    done
else
    skip "reformime takes the same out of mixed.eml" "no reformime (maildrop)"
    skip "reformime takes the same out of names.eml" "no reformime (maildrop)"
fi
munpacked() {
    mkdir unpacked && munpack -q -C unpacked "$PWD/good/mixed.eml" && sha256sum unpacked/* &&
        grep -qxF "$(sha256sum <unpacked/bytes.bin | cut -d' ' -f1)" <(members good/mixed.eml)
}
if has munpack; then
    check "munpack takes out the same bytes" munpacked
else
    skip "munpack takes out the same bytes" "no munpack (mpack)"
fi

# ---- what the standards say ----

check "a name in percent signs" finds good/names.eml "member p1 '\\\\xe1\\\\x9e\\\\x80 x.bin'"
check "a name in pieces" finds good/names.eml "member p2 'long name.bin'"
check "markup is left out, and what it hides" finds good/html.eml "'T\\\\none & two\\\\nthree\\\\nfour .*\\\\xf0\\\\x9f\\\\x98\\\\x80\\\\n'"
check "markup that is damaged, as browsers read it" finds hostile/damaged-html.eml "'abcd caf.* .*\\\\xe2\\\\x99\\\\xa5.*\\\\n'"
check "what it leaves out is left out" lacks hostile/damaged-html.eml '^  1?[0-9] bytes .*gone'
check "and a meta in a comment is none" lacks hostile/damaged-html.eml '^  charset='
check "the HTML is a member, too" finds good/html.eml '^  member p0'
check "the hops, the last one first" finds good/plain.eml "received-1='from a by b"
check "when the last of them was" finds good/plain.eml 'time 9 1767323050.000000000 utc rfc5322:received'
check "a message in a message" finds good/forwarded.eml "^  message p2 'the inner one'"
check "and what is attached to that" finds good/forwarded.eml "^    member p2 'inside.bin'"

# ---- what breaks them ----

bad() { # NAME FILE PATTERN
    check "$1" finds "hostile/$2" "$3"
}
bad "a boundary that is another" no-boundary.eml '^problem format m0-boundary 1 .* 1 in which'
bad "is told as a whole" no-boundary.eml '^  member p0'
bad "a boundary that does not end it" unclosed.eml '^problem format m0-boundary 1'
bad "a boundary that is the beginning of another" boundary-prefix.eml "'one\\\\n--bb\\\\n--b-\\\\ntwo'"
bad "the same boundary inside" same-boundary.eml "'in\\\\nout'"
bad "and is told" same-boundary.eml '^problem format m0-same-boundary 1 parts'
bad "an attached message with the boundary of the outer one is told" inner-boundary.eml '^problem format m0-same-boundary 1 parts'
bad "and what stands behind it then is not lost" inner-boundary.eml "'--b\\\\n\\\\nlast\\\\n--b--\\\\n'"
check "what stands in front of parts" finds good/around.eml "^    10 bytes 'before out'"
check "behind them" finds good/around.eml "^    part='epilogue'"
check "also of those inside" finds good/around.eml '^  member p1-preamble'
check "white space there is not told" lacks hostile/blank-around.eml 'member'
bad "a semicolon in a comment divides nothing" comment-hop.eml "received-1-time='2026-01-01T00:00:00Z'"
bad "ten in the evening, a zone that is none" comment-hop.eml "received-2-time='2026-01-03T22:00:00'"
check "a comment that does not end" lacks hostile/comment-hop.eml received-3-time
bad "a boundary that looks like a field" boundary-in-head.eml "'.*two'"
bad "multiparts 1000 deep" nested-1000.eml '^problem limit m0-deep'
bad "mail 1000 deep" nested-mail-1000.eml 'problem limit p0-deep'
bad "20 deep" nested-20.eml "'innermost\\\\n'"
bad "base64 that is cut" cut-base64.eml '^    problem format content base64'
bad "base64 with other things" noisy-base64.eml "encoding-defects='17 characters left out'"
bad "and its bytes" noisy-base64.eml "8 bytes 'ABCDEFGH'"
bad "a head without an end" no-empty-line.eml '^problem format m0-header'
bad "what is behind it is text" no-empty-line.eml "'this is no field"
bad "eight bits without a name" eight-bit.eml "subject='caf\\\\xe9'"
bad "and their text: not lost" eight-bit.eml "5 bytes 'caf\\\\xe9\\\\n'"
bad "eight bits that are UTF-8" eight-bit-utf8.eml "charset-used='utf-8'"
bad "a character set that lies" lying.eml "charset-used='utf-8'"
bad "ASCII that lies" lying-ascii.eml "charset-used='utf-8'"
bad "one that may lie" maybe.eml "charset-also='utf-8'"
bad "encoded words: a character in two" broken-words.eml "subject='\\\\xe1\\\\x9e\\\\x80=ZZ'"
bad "as they are stored" broken-words.eml 'subject-as-stored='
bad "an address that a name pretends to be" spoof.eml "from-addresses='thief@example.org'"
bad "a second From" spoof.eml "from-2='second@example.org'"
bad "addresses in comments and quotes" spoof.eml "to-addresses='e@f, i@j'"
check "a date that is none" lacks hostile/spoof.eml 'time 8'
bad "a year of two digits" zones.eml 'time 8 18000.000000000 utc'
bad "a zone that is none" zones.eml 'time 9 1767225600.000000000 local'
bad "a million fields" many-fields.eml "subject='last'"
bad "a thousand hops" many-hops.eml "fields-left-out='960'"
bad "a field of 3 MB" long-field.eml "cut='subject'"
bad "a field of 300,000 lines" folded.eml "cut='subject'"
bad "20,000 parts" many-parts.eml '^problem limit m0-parts'
bad "a NUL" nul.eml "subject='a\\\\x00b'"
bad "encrypted mail" encrypted.eml '^problem denied m0-encrypted'
bad "a mail that is encoded is a member" encoded-mail.eml '^  member p1'
bad "Content-Length hides nothing" hidden.mbox "^message m2 '3'"
bad "and is told" hidden.mbox "content-length='200'"
bad "what looks like a mail, and is none" quoted-from.mbox "'x\\\\n\\\\n>From here\\\\n\\\\nFrom there"
bad "what looks like a mail" quoted-from.mbox "^message m1 'but this'"
bad "a mailbox with CR LF" crlf.mbox "8 bytes 'text 1\\\\r\\\\n'"
bad "a mailbox without its last line" no-last-line.mbox "6 bytes 'text 2'"
bad "no mail in it" only-from.mbox '^problem format mail: no mail'
bad "nothing" empty '^problem format mail:'
bad "no mail" text '^problem format mail:'
holds() { # FILE: the worker neither crashed nor broke a rule
    "$tool" "$worker" mail "$1" >found
    [ $? -le 1 ] && (! grep -a '^failed' found | grep -v '^failed	format	mail:')
}
for file in hostile/*; do
    check "the worker comes through ${file#hostile/}" holds "$file"
done

# ---- in a vault ----

made() {
    mkdir item && python3 "$scripts/ole-make.py" made && cp made/macros.doc made/encrypted.xls made/mail.msg item/ &&
        cp good/mixed.eml good/forwarded.eml good/three.mbox hostile/encoded-mail.eml item/ &&
        (cd item && zip -qm all.zip mixed.eml) && truncate -s 8M fs.img && mke2fs -q -t ext4 -d item fs.img &&
        exhibit init vault --agency A --officer One --plain --kdf-memory 8 &&
        exhibit case new --number 1 --title t --officer One &&
        exhibit collect fs.img --case 1 --officer One &&
        status_is 3 exhibit examine 1/1 --officer One &&
        exhibit trace export 1/1 --output t.jsonl --officer One
}
line() { # JQ-CONDITION COUNT
    jq -c "select($1)" t.jsonl | tee /dev/stderr | wc -l | grep -qx "$2"
}
if has mke2fs && has zip && has jq; then
    check "mail on a disk is examined" made
    check "messages of files, mailboxes, archives, and messages in those" line '.kind == "message"' 12
    check "an attachment has the hash of its bytes" line \
        ".kind == \"member\" and .name == \"bytes.bin\" and .sha256 == \"$(python3 -c '
import hashlib
print(hashlib.sha256(bytes(range(256)) * 40).hexdigest())')\"" 2
    check "the text of a message has a hash" line '.kind == "message" and .name == "the inner one" and .sha256 != null' 2
    check "a message without a text has the hash of nothing" line \
        '.kind == "message" and .size == 0 and .sha256 == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"' 1
    check "an old document: its text, and what it says of itself" line \
        '.kind == "document" and .attributes.author == "An Author" and .attributes.format == "word" and .sha256 != null' 1
    check "one that is encrypted" line '.kind == "document" and .not_hashed == "encrypted"' 1
    check "what is attached to a .msg is looked into" line '.kind == "message" and .attributes.format == "msg"' 2
    check "sent" line '.kind == "message" and .name == "the inner one" and .times[0].what == "sent" and
        .times[0].time == "2026-01-02T03:04:05Z"' 2
else
    for what in "mail on a disk is examined" "messages" "an attachment" "the text" "nothing" "old" "encrypted" "msg" "sent"; do
        skip "$what" "no mke2fs, zip or jq"
    done
fi
echo "1..$count"
