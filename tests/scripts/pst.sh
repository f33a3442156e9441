#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the examiner of Outlook's stores finds in its confined worker, against readpst and pffexport.
# tests/scripts/pst.sh EXHIBIT
# Prints TAP. Real stores are looked at too where EXHIBIT_STORES names a folder with some (*.pst, *.ost).
scripts=$(realpath "$(dirname "$0")")
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" pst "$1"
build=$(dirname "$bin")/../..
tool=$build/tests/unit/parsers/list_told
worker=$build/parsers/exhibit-pst
python3 "$scripts/pst-make.py" made || exit 1
has() { command -v "$1" >/dev/null; }
list() { # each file once
    [ -e "$1.listed" ] || python3 "$scripts/mail-check.py" "$tool" "$worker" --show "$1" pst >"$1.listed"
    cat "$1.listed"
}
finds() { # FILE PATTERN
    list "$1" | tee /dev/stderr | grep -qP -- "$2"
}
lacks() { # FILE PATTERN
    list "$1" | tee /dev/stderr | (! grep -qP -- "$2")
}
count_of() { # FILE PATTERN COUNT
    list "$1" | tee /dev/stderr | grep -cP -- "$2" | grep -qx "$3"
}

# ---- against other programs ----

by_readpst() { # FILE
    rm -rf theirs && mkdir theirs && readpst -j 0 -q -D -e -o theirs "$1" &&
        python3 "$scripts/pst-check.py" "$tool" "$worker" "$1" theirs
}
# What is attached, and the plain texts, as pffexport writes them.
by_pffexport() { # FILE
    rm -rf own.* && pffexport -q -m all -t own "$1" && python3 - "$scripts" "$tool" "$worker" "$1" <<'END'
import collections, hashlib, importlib.util, os, sys
spec = importlib.util.spec_from_file_location("check", sys.argv[1] + "/mail-check.py")
check = importlib.util.module_from_spec(spec)
spec.loader.exec_module(check)
traces = check.told(*sys.argv[2:5], "pst")
digest = lambda b: hashlib.sha256(b).hexdigest()
theirs = collections.Counter()
for at, _, files in os.walk("own.export"):
    if os.path.basename(at) == "Attachments":
        for name in files:
            with open(os.path.join(at, name), "rb") as f:
                theirs[digest(f.read())] += 1
ours = collections.Counter(digest(t.content) for t in traces[1:] if t.kind == "member" and t.key[0] == "p" and t.flags == 32)
# it leaves out those of meeting requests
if theirs - ours:
    raise AssertionError("pffexport has %r, told %r" % (theirs - ours, ours - theirs))
assert theirs
print(sum(theirs.values()), "of", sum(ours.values()), "attachments")
END
}
real=()
for file in "${EXHIBIT_STORES:-/nonexistent}"/*.[po]st; do
    [ -e "$file" ] && real+=("$file")
done
for file in made/plain.pst made/plain.ost "${real[@]}"; do
    name=${file##*/}
    if has readpst; then
        check "readpst reads the same mail of $name" by_readpst "$file"
    else
        skip "readpst reads the same mail of $name" "no readpst (pst-utils)"
    fi
    if has pffexport; then
        check "pffexport reads the same attachments of $name" by_pffexport "$file"
    else
        skip "pffexport reads the same attachments of $name" "no pffexport (pff-tools)"
    fi
done
[ ${#real[@]} -gt 0 ] || skip "stores that Outlook wrote" "EXHIBIT_STORES names no folder with any"

# ---- what the format says ----

made() { # NAME FILE PATTERN
    check "$1" finds "made/$2" "$3"
}
made "what the store says of itself" plain.pst "^record store 'A Store'"
made "its version" plain.pst "version='unicode'"
made "its encryption" plain.pst "encryption='none'"
made "that it claims a password" plain.pst "password-checksum='12345678'"
made "an OST" plain.ost "format='ost'"
made "a folder with a name in Thai" plain.pst "^    *directory f32834 'Inbox \\\\xe0\\\\xb8\\\\xa0'"
made "the folder for what was thrown away" plain.pst "use='deleted-items'"
check "once" count_of made/plain.pst "use='deleted-items'" 1
made "what is in it" plain.pst "message m2097380 'thrown away'"
made "a subject without its mark" plain.pst "  subject='RE: Gr\\\\xc3\\\\xbc"
made "people" plain.pst "  to='A Person <a@example.org>, <b@example.org>'"
made "copies" plain.pst "  cc-addresses='c@example.org'"
made "blind copies" plain.pst "  bcc-addresses='d@example.org'"
made "the sender" plain.pst "  from='The Sender <sender@example.org>'"
made "the head that came with it" plain.pst "head-from='other@example.org'"
made "the number of the mail" plain.pst "message-id='<one@example.org>'"
made "the conversation" plain.pst "conversation-topic='Gr"
made "sent" plain.pst 'time 8 1767323045.000000000 utc mapi:client-submit-time'
made "received" plain.pst 'time 9 1767323046.000000000 utc mapi:message-delivery-time'
made "created" plain.pst 'time 4 1767323047.000000000 utc mapi:creation-time'
made "modified" plain.pst 'time 1 1767323048.000000000 utc mapi:last-modification-time'
made "a text of 16 bits" plain.pst "'the text\\\\r\\\\nof it \\\\xf0\\\\x9f\\\\x98\\\\x80"
made "the words of HTML" plain.pst "'caf\\\\xc3\\\\xa9 in HTML\\\\ntwo\\\\n'"
made "HTML as it is" plain.pst "member html 'body.html'"
made "a text of 8 bits" plain.pst "message m2097220 '\\\\xd0\\\\x9f"
made "an attachment of several blocks" plain.pst "member p0 'bytes.bin'"
made "a message in a message" plain.pst "message p2 'the inner one'"
made "an associated message" plain.pst "message a2097416 'a rule'"
made "a contact" plain.pst "mail-1='contact@example.org'"
made "a meeting" plain.pst "start='2026-01-02T04:04:05Z'"
made "its place" plain.pst "location='A Place'"
made "a task" plain.pst "task-due='2026-01-03T03:04:05Z'"
made "a note" plain.pst "'remember'"
made "a message that no folder names" orphan.pst "message o0 'an orphan'"
check "a folder that no folder names, once" count_of made/orphan-folder.pst "directory o. 'Lost Folder'" 1
made "a message in it, as an item that no folder names" orphan-folder.pst "message o. 'one in a lost folder'"
check "and there is none where all are named" lacks made/plain.pst "message o"

# ---- what cannot be read, or is not what it says ----

made "a property that cannot be read is said" gaps.pst "problem format unread-properties 1 times .* number 0e06"
made "a text of which nothing can be read" gaps.pst "empty-text='body'"
made "a text that is cut" gaps.pst "problem limit texts-cut 1 texts"
check "nothing is cut or unread in a sound store" lacks made/plain.pst "problem"
made "a copy that was sent again" gaps.pst "cc-addresses='again@example.org'"
made "a recipient of no kind" gaps.pst "other-recipients-addresses='none@example.org'"
no_claims() { # NAME: of that message or folder, nothing is claimed of what is not there as a number
    list made/gaps.pst | grep -A9 "$1" | tee /dev/stderr | grep -m1 -B9 "bytes" | (! grep -E "read=|importance|messages-claimed")
}
check "what is no number is not taken for 0" no_claims "'no flags'"
check "nor of a folder" no_claims "directory f32930"
for kind in "none.txt:method 0" "reference.txt:method 2" "ole.bin:method 6" "nine.txt:method 9"; do
    check "bytes of an attachment, whatever kind it says: ${kind#*:}" bash -c 'grep -A4 "^ *member p. .${1%:*}" "$0" | grep -q "8 bytes .${1#*:}"' made/gaps.pst.listed "$kind"
done
made "a message that only a search has" gaps.pst "'in a search'"
check "is no folder" lacks made/gaps.pst "directory f2098052"
made "a folder that the one around it does not name" gaps.pst "directory f32994 'Unlisted'"
made "what is in it" gaps.pst "'listed in it'"
made "a message that its folder does not name" gaps.pst "message m2098116 'not listed'"
check "which is said, of both and the one in the search" count_of made/gaps.pst "unlisted='yes'" 3
check "and of none in a sound store" lacks made/plain.pst "unlisted"

# ---- what breaks them ----

made "a message that cannot be read" hurt.pst "lost|problem"
made "and its siblings" hurt.pst "message m2097316 'A Task'"
made "and all other folders" hurt.pst "message m2097380 'thrown away'"
made "one that libpff crashes on" loop-data.pst "m32898.3.*(crashed|asked the system)"
made "and its siblings, too" loop-data.pst "message m2097316 'A Task'"
check "of which none is missing" count_of made/loop-data.pst "^ *message [map]" 9
made "an index that leads into itself" loop-index.pst "problem format root"
made "half of a store" cut.pst "problem format"
made "no more than a head" head.pst "problem format"
made "a version that there is none of" version.pst "format pst:"
made "no store" signature.pst "format pst:"

# ---- in a vault ----

vaulted() {
    mkdir item && cp made/plain.pst made/loop-data.pst made/orphan.pst item/ && (cd made && zip -q ../item/z.zip plain.ost) &&
        truncate -s 8M fs.img && mke2fs -q -t ext4 -d item fs.img &&
        exhibit init vault --agency A --officer One --plain --kdf-memory 8 &&
        exhibit case new --number 1 --title t --officer One &&
        exhibit collect fs.img --case 1 --officer One &&
        status_is 3 exhibit examine 1/1 --officer One &&
        exhibit trace export 1/1 --output t.jsonl --officer One
}
line() { # JQ-CONDITION COUNT
    jq -c "select($1)" t.jsonl | tee /dev/stderr | wc -l | grep -qx "$2"
}
same_out() { # JQ-CONDITION: what cat gives has the hash that was found
    local id sum
    id=$(jq -r "select($1)|.id" t.jsonl | head -1)
    sum=$(jq -r "select(.id == \"$id\")|.sha256" t.jsonl)
    exhibit trace cat "$id" --output out --officer One && sha256sum out && rm -f out.sum &&
        [ "$(sha256sum <out | cut -d' ' -f1)" = "$sum" ] && rm -f out
}
again() {
    status_is 3 exhibit examine 1/1 --officer One && exhibit trace export 1/1 --output t2.jsonl --officer One &&
        cut_known() { jq -c 'del(.known, .inside_known)' "$1"; } && diff <(cut_known t.jsonl) <(cut_known t2.jsonl)
}
if has mke2fs && has zip && has jq; then
    check "stores on a disk are examined" vaulted
    check "messages of all, also in an archive" line ".kind == \"message\" and .parser == $(head -1 t.jsonl | jq '[.parsers[].name] | index("pst")')" 40
    check "one message is lost, and said" line '.kind == "error" and .error.reason == "crashed" and .key == "inside-m32898.3"' 1
    check "an orphan" line '.state == "orphan" and .kind == "message" and .name == "an orphan"' 1
    check "an attachment has the hash of its bytes" line ".kind == \"member\" and .name == \"bytes.bin\" and
        .sha256 == \"$(python3 -c 'import hashlib; print(hashlib.sha256(bytes(i * 7 % 251 for i in range(20000))).hexdigest())')\"" 4
    check "what is attached is looked into" line '.kind == "message" and .name == "in it"' 4
    check "a message is given out" same_out '.kind == "message" and .name == "A Note"'
    check "what is attached" same_out '.kind == "member" and .name == "bytes.bin"'
    check "a mail in what is attached" same_out '.kind == "message" and .name == "in it"'
    check "an orphan is given out" same_out '.state == "orphan" and .name == "an orphan"'
    check "behind one that is lost" same_out '.kind == "message" and .name == "A Task"'
    check "a second examination finds the same" again
else
    for what in "stores on a disk are examined" messages "one message is lost" "an orphan" "an attachment" "looked into" \
        "given out" "what is attached" "a mail" "an orphan is given out" "behind" "a second examination"; do
        skip "$what" "no mke2fs, zip or jq"
    done
fi

# ---- a folder that no folder names: what is in it is told by itself ----

orphaned() {
    rm -rf vault item fs.img t.jsonl && mkdir item && cp made/orphan-folder.pst item/ &&
        truncate -s 8M fs.img && mke2fs -q -t ext4 -d item fs.img &&
        exhibit init vault --agency A --officer One --plain --kdf-memory 8 &&
        exhibit case new --number 1 --title t --officer One &&
        exhibit collect fs.img --case 1 --officer One &&
        exhibit examine 1/1 --officer One &&
        exhibit trace export 1/1 --output t.jsonl --officer One
}
if has mke2fs && has jq; then
    check "a store with an orphan folder is examined" orphaned
    check "the folder is there once" line '.state == "orphan" and .kind == "directory" and .name == "Lost Folder"' 1
    check "and its messages once" line '.kind == "message" and .state == "orphan" and (.name // "" | test("in a lost folder$"))' 2
else
    for what in examined once messages; do skip "an orphan folder: $what" "no mke2fs or jq"; done
fi
echo "1..$count"
