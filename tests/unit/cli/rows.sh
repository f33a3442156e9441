#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A row of the command table that leaves something out does not compile.
#     rows.sh SOURCE_ROOT COMPILER [ARGUMENT…]
set -u

root=$1
shift
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/app"
number=0
failed=0
compiler=$*

# compiles yes|no NAME ROW: the table with this row alone, in front of the real one.
compiles() {
    number=$((number + 1))
    printf '%s\n' "$3" >"$dir/app/commands.def"
    # shellcheck disable=SC2086 # a compiler may come with arguments
    if $compiler -std=gnu17 -D_GNU_SOURCE -I"$dir" -I"$root/src" -fsyntax-only \
        "$root/src/app/command.c" >"$dir/log" 2>&1; then
        got=yes
    else
        got=no
    fi
    if [ "$got" = "$1" ]; then
        echo "ok $number - $2"
    else
        failed=1
        echo "not ok $number - $2"
        sed 's/^/# /' "$dir/log"
    fi
}

echo 1..11
compiles yes 'a whole row' \
    'COMMAND("look", "", 0, 0, PERMIT(VIEW), SINGLE("view.x"), "look", app_version, "look", OPT(REASON))'
compiles yes 'a row without flags, with reasons' \
    'COMMAND("look", "", 0, 0, NO_PERMISSION("why"), NO_EVENT("why"), "look", app_version, "look")'
compiles no 'no event' \
    'COMMAND("look", "", 0, 0, PERMIT(VIEW), "look", app_version, "look", OPT(REASON))'
compiles no 'no permission' \
    'COMMAND("look", "", 0, 0, SINGLE("view.x"), "look", app_version, "look", OPT(REASON))'
compiles no 'neither' 'COMMAND("look", "", 0, 0, "look", app_version, "look", OPT(REASON))'
compiles no 'an empty event' \
    'COMMAND("look", "", 0, 0, PERMIT(VIEW), , "look", app_version, "look", OPT(REASON))'
compiles no 'event and permission exchanged' \
    'COMMAND("look", "", 0, 0, SINGLE("view.x"), PERMIT(VIEW), "look", app_version, "look")'
compiles no 'a permission that is none, without a reason' \
    'COMMAND("look", "", 0, 0, NO_PERMISSION(""), SINGLE("view.x"), "look", app_version, "look")'
compiles no 'an event that is none, without a reason' \
    'COMMAND("look", "", 0, 0, PERMIT(VIEW), NO_EVENT(""), "look", app_version, "look")'
compiles no 'PERMIT(NONE)' \
    'COMMAND("look", "", 0, 0, PERMIT(NONE), SINGLE("view.x"), "look", app_version, "look")'
compiles no 'operands without a name' \
    'COMMAND("look", "", 0, 1, PERMIT(VIEW), SINGLE("view.x"), "look", app_version, "look")'
exit $failed
