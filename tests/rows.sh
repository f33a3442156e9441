#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Checks every #include and the reserved functions against docs/rows.txt, then checks that it would
# notice: tests/rows.sh   (TAP)
set -eu
cd "$(dirname "$0")/.."
export LC_ALL=C

# check TREE: TAP lines for the tree, one for each module and one for each `calls` line; a
# violation is a comment with its place.
check() {
    (
        cd "$1"
        find src parsers verify -type f \( -name '*.c' -o -name '*.h' -o -name '*.def' \) \
            2>/dev/null | sort >"$scratch/files"
        tr '\n' '\0' <"$scratch/files" | xargs -0 awk "$checker" docs/rows.txt
    )
}

# shellcheck disable=SC2016 # awk's own $
checker='
# ---- the table ----
FNR == 1 { file = FILENAME; in_comment = 0 }
FILENAME == ARGV[1] {
    sub(/#.*/, "")
    if ($1 == "row") {
        row++
        for (i = 2; i <= NF; i++) depth[$i] = row
    } else if ($1 == "only") {
        restricted[$2] = 1
        allowed[$2] = ""
        for (i = 3; i <= NF; i++) allowed[$2] = allowed[$2] " " $i
    } else if ($1 == "also") {
        for (i = 3; i <= NF; i++) also[$2, $i] = 1
    } else if ($1 == "calls") {
        for (i = 3; i <= NF; i++) caller[$i] = $2
    } else if (NF > 0) {
        print "not ok - docs/rows.txt: a line that says nothing: " $0
    }
    next
}

function found(module, text) {
    bad[module] = bad[module] "# " FILENAME ":" FNR ": " text "\n"
}

# Code without comments and without what stands in strings; remembers an open comment.
function code(line,    out, first) {
    gsub(/\047\\?"\047/, "0", line)               # a quote as a character
    out = ""
    while (line != "") {
        if (in_comment) {
            first = index(line, "*/")
            if (!first) return out
            line = substr(line, first + 2)
            in_comment = 0
        }
        if (!match(line, /"|\/\*|\/\//)) return out line
        out = out substr(line, 1, RSTART - 1)
        line = substr(line, RSTART)
        if (line ~ /^\/\//) return out
        if (line ~ /^\/\*/) {
            line = substr(line, 3)
            in_comment = 1
        } else if (match(line, /^"([^"\\]|\\.)*"/)) {
            out = out (out ~ /^[ \t]*#[ \t]*include[ \t]*$/ ? substr(line, 1, RLENGTH) : "0")
            line = substr(line, RLENGTH + 1)
        } else return out line
    }
    return out
}

function may_include_restricted(module, path,    own, n, names, i) {
    own = file
    sub(/[^\/]*$/, "", own)                       # the directory of the including file
    if (index(path, own) == 1 || module == "verify" && index(path, "verify/") == 1) return 1
    n = split(allowed[module], names, " ")
    for (i = 1; i <= n; i++)
        if (path == names[i] || names[i] ~ /\/$/ && index(path, names[i]) == 1) return 1
    return 0
}

function check_include(module, path,    target) {
    if (path ~ /(^|\/)\.\.?(\/|$)|^\//) {
        found(module, "\"" path "\": an include names its module, not a way to it")
        return
    }
    if (path !~ /\//) return                      # beside the file itself
    if (module in restricted) {
        if (!may_include_restricted(module, path))
            found(module, "\"" path "\": " module "/ may include only itself" \
                (allowed[module] == "" ? "" : " and" allowed[module]))
        return
    }
    target = path
    sub(/\/.*/, "", target)
    if (target == module || (module, path) in also) return
    if (!(target in depth))
        found(module, "\"" path "\": " target " is not in docs/rows.txt")
    else if (depth[target] < depth[module])
        found(module, "\"" path "\": upward, " target "/ lies above " module "/")
    else if (depth[target] == depth[module])
        found(module, "\"" path "\": sideways, " target "/ lies in the row of " module "/")
    else if (path ~ /(_|\/)internal\.h$/)
        found(module, "\"" path "\": private to " target "/")
}

# ---- the tree ----
FNR == 1 {
    split(file, part, "/")
    module = part[1] == "src" ? part[2] : part[1]
    if (!(module in files)) order[++modules] = module
    files[module]++
    if (part[1] == "src" && (!(module in depth) || part[3] == ""))
        found(module, "not in a module that docs/rows.txt names")
}
{
    line = code($0)
    if (match(line, /^[ \t]*#[ \t]*include[ \t]*["<][^">]*[">]/)) {
        path = substr(line, RSTART, RLENGTH - 1)
        quoted = path ~ /"/
        sub(/^[^"<]*["<]/, "", path)
        if (quoted) check_include(module, path)
        else if ((getline ignored < ("src/" path)) >= 0) {
            close("src/" path)
            found(module, "<" path ">: a header of ours is included with quotes")
        }
    }
    for (name in caller) {
        owner = name
        sub(/_.*/, "", owner)
        if (module != owner && module != caller[name] &&
            (" " line " ") ~ ("[^A-Za-z0-9_]" name "[^A-Za-z0-9_]"))
            bad_call[name] = bad_call[name] "# " FILENAME ":" FNR ": " module "/ names " name "()\n"
    }
}
END {
    for (i = 1; i <= modules; i++) {
        module = order[i]
        printf "%s - rows: %s/ includes only what it may (%d files)\n%s",
            bad[module] == "" ? "ok" : "not ok", module, files[module], bad[module]
    }
    for (name in caller)
        printf "%s - rows: only %s/ calls %s()\n%s",
            bad_call[name] == "" ? "ok" : "not ok", caller[name], name, bad_call[name]
    if (modules == 0) print "not ok - rows: there is nothing to check"
}
'

# plant FILE LINE EXPECTED: a copy of the tree with LINE at the end of FILE must fail, and say so.
plant() {
    rm -rf "$scratch/tree"
    mkdir -p "$scratch/tree/docs" "$scratch/tree/$(dirname "$1")"
    cp docs/rows.txt "$scratch/tree/docs/"
    cp -R src "$scratch/tree/"
    printf '%s\n' "$2" >>"$scratch/tree/$1"
    check "$scratch/tree" >"$scratch/planted"
    if grep -q '^not ok' "$scratch/planted" && grep -F "$1:" "$scratch/planted" | grep -qF "$3"; then
        echo "ok - rows: notices $2 in $1"
    else
        echo "not ok - rows: did not notice $2 in $1 (expected: $3)"
    fi
}

# allow FILE LINE: the same with a line that is fine.
allow() {
    plant "$1" "$2" "" >/dev/null
    if grep -qF "$1:" "$scratch/planted"; then
        echo "not ok - rows: objects to $2 in $1"
        grep -F "$1:" "$scratch/planted"
    else
        echo "ok - rows: has nothing against $2 in $1"
    fi
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

{
    check .
    plant src/vault/planted.c '#include "ledger/ledger.h"' sideways
    plant src/base/planted.c '#include "crypto/sha256.h"' upward
    plant src/crypto/planted.h '  #  include  "app/app.h" /* why not */' upward
    plant src/app/planted.c '#include "vault/pack_internal.h"' 'private to vault/'
    plant src/app/planted.c '#include "../vault/vault.h"' 'names its module'
    plant src/app/planted.c '#include "nowhere/nothing.h"' 'not in docs/rows.txt'
    plant src/app/planted.c '#include <base/error.h>' 'with quotes'
    plant src/nowhere/planted.c 'int x;' 'not in a module'
    plant src/cli/planted.c '    return ledger_add(l, entry, size, err);' 'ledger_add()'
    plant src/cli/planted.c 'f("*/*", "//", '\''"'\'', ledger_begin);' 'ledger_begin()'
    plant src/collect/planted.c '    fn = &ledger_commit;' 'ledger_commit()'
    plant src/source/planted.c '#include "parsers/api.h"' 'not in docs/rows.txt'
    plant src/sandbox/planted.c '#include "parsers/mail/mail.h"' 'not in docs/rows.txt'
    allow src/sandbox/planted.c '#include "parsers/api.h"'
    plant parsers/mail/planted.c '#include "source/source.h"' 'may include only itself'
    plant parsers/mail/planted.c '#include "parsers/chat/chat.h"' 'may include only itself'
    allow parsers/mail/planted.c '#include "parsers/shared/pages.h"'
    plant verify/planted.c '#include "base/cursor.h"' 'may include only itself'
    allow src/app/planted.c '#include "ledger/ledger.h"'
    allow src/app/planted.c '    return ledger_add(l, entry, size, err);'
    allow src/cli/planted.c '/* app calls ledger_add() */ // and ledger_commit()'
    allow src/vault/planted.c '#include "vault/pack_internal.h"'
    allow src/cli/planted.c 'say("no \"ledger_add\"");'
    allow src/vault/planted.c '#include <net/if.h>'
    allow parsers/mail/planted.c '#include "parsers/mail/mail.h"'
    allow parsers/mail/planted.c '#include "parsers/api.h"'
} >"$scratch/tap"

cat "$scratch/tap"
echo "1..$(grep -cE '^(not )?ok' "$scratch/tap")"
! grep -q '^not ok' "$scratch/tap"
