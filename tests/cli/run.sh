#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Golden tests of the command line: scripts, what they print, and with which exit status.
#
#     tests/cli/run.sh [--accept] EXHIBIT_BINARY [NAME…]
#
# Each NAME.sh runs in an empty directory with `exhibit` on PATH and the functions of steps.inc. What
# it prints, made equal on every machine by normalise.sed, must be NAME.out; --accept writes that
# file instead. A script that cannot run here prints the reason and exits with 77. The result is TAP.
set -u

accept=no
if [ "${1:-}" = --accept ]; then
    accept=yes
    shift
fi
if [ $# -lt 1 ] || [ ! -x "$1" ]; then
    echo "usage: tests/cli/run.sh [--accept] EXHIBIT_BINARY [NAME...]" >&2
    exit 2
fi
here=$(cd "$(dirname "$0")" && pwd) || exit 1
binary=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
shift
if [ $# -eq 0 ]; then
    for script in "$here"/*.sh; do
        name=$(basename "$script" .sh)
        [ "$name" = run ] || set -- "$@" "$name"
    done
fi

top=$(mktemp -d) || exit 1
top=$(cd "$top" && pwd -P) || exit 1
trap 'rm -rf "$top"' EXIT
trap 'exit 130' INT TERM
umask 077
mkdir "$top/bin"
ln -s "$binary" "$top/bin/exhibit"
printf 'correct horse battery staple\n' >"$top/passphrase"

PATH=$top/bin:$PATH
TZ=ICT-7
LC_ALL=C.UTF-8
LANGUAGE=
EXHIBIT_PASSPHRASE_FILE=$top/passphrase
EXHIBIT_TEST_TOP=$top
export PATH TZ LC_ALL LANGUAGE EXHIBIT_PASSPHRASE_FILE EXHIBIT_TEST_TOP
unset EXHIBIT_VAULT

# Makes what may differ equal; hashes that the script registered with `known` stay as they are.
normalise() {
    {
        printf 's,%s,TMP,g\n' "$top/$1" "$top"
        sed 's/^\([0-9a-f]*\)$/s,\1,@&@,g/' "$top/$1.known"
        cat "$here/normalise.sed"
        sed 's/^\([0-9a-f]*\)$/s,@\1@,\1,g/' "$top/$1.known"
    } >"$top/$1.sed"
    sed -f "$top/$1.sed" "$top/$1.raw" >"$top/$1.got"
}

run_one() {
    mkdir "$top/$1"
    : >"$top/$1.known"
    # shellcheck disable=SC2016 # expanded by the inner shell
    (cd "$top/$1" && known_file=$top/$1.known timeout -k 5 300 \
        sh -c '. "$1"; . "$2"' sh "$here/steps.inc" "$here/$1.sh") \
        >"$top/$1.raw" 2>&1 </dev/null
    status=$?
    normalise "$1"
    chmod -R u+rwX "$top/$1" 2>/dev/null
    rm -rf "${top:?}/$1"
}

# The fault of script $1 in one line; nothing when there is none.
fault_of() {
    if [ "$status" != 0 ]; then
        echo "the script ended with $status"
    elif [ ! -f "$here/$1.out" ]; then
        echo "no golden"
    elif ! diff -u "$here/$1.out" "$top/$1.got" >"$top/$1.diff"; then
        echo "differs"
    fi
}

echo "1..$#"
number=0
failed=0
for name; do
    number=$((number + 1))
    if [ ! -f "$here/$name.sh" ]; then
        echo "not ok $number - $name: no such script"
        failed=1
        continue
    fi
    run_one "$name"
    if [ "$status" = 77 ]; then
        echo "ok $number - $name # SKIP $(tail -n 1 "$top/$name.got")"
        continue
    fi
    [ $accept = yes ] && [ "$status" = 0 ] && cp "$top/$name.got" "$here/$name.out"
    fault=$(fault_of "$name")
    if [ -z "$fault" ]; then
        echo "ok $number - $name"
        continue
    fi
    failed=1
    echo "not ok $number - $name: $fault"
    if [ "$fault" = differs ]; then
        sed 's/^/# /' "$top/$name.diff"
    else
        tail -n 20 "$top/$name.got" | sed 's/^/# /'
    fi
done
exit $failed
