#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs one test program and keeps its TAP: tests/tap-run.sh PROGRAM [ARGUMENT…]
#
# The lines go to a new file in EXHIBIT_TAP_DIR, whose first line names the program and whose last
# gives its exit status. A program that is killed together with this script leaves no last line.
# tests/tap-sum.awk judges both. The exit status is the program's.
set -u

name=${EXHIBIT_TAP_NAME:-}
[ -n "$name" ] || name=$(printf '%s' "${1##*/}${2:+ ${2##*/}}")
tap=$(mktemp "$EXHIBIT_TAP_DIR/$(printf '%s' "${EXHIBIT_TAP_LABEL:-run} $name" | tr -c 'A-Za-z0-9_\n-' '-').XXXXXX.tap") || exit 1
errors=${tap%.tap}.err

printf '# program %s%s\n' "${EXHIBIT_TAP_LABEL:+$EXHIBIT_TAP_LABEL: }" "$name" >"$tap"
# shellcheck disable=SC2094 # written by two, one after the other
"$@" >>"$tap" 2>"$errors" </dev/null
status=$?
printf '\n# exit %d\n' "$status" >>"$tap"

# Both where they would have gone without this script.
cat "$tap"
cat "$errors" >&2
exit "$status"
