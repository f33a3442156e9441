#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Checks that the test run itself notices a failure: tests/tap-test.sh   (TAP)
set -u
cd "$(dirname "$0")/.." || exit 1

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
number=0
bad=0

# expect WHAT TOTALS STATUS SCRIPT: runs SCRIPT as a test program and sums up.
expect() {
    number=$((number + 1))
    rm -rf "$scratch/tap"
    mkdir "$scratch/tap"
    printf '%s\n' "$4" >"$scratch/program"
    EXHIBIT_TAP_DIR=$scratch/tap EXHIBIT_TAP_LABEL='' EXHIBIT_TAP_NAME='' \
        sh tests/tap-run.sh sh "$scratch/program" >/dev/null 2>&1
    [ "$1" != 'a program that was killed with its runner' ] || sed -i '/^# exit/d' "$scratch"/tap/*.tap
    awk -f tests/tap-sum.awk "$scratch"/tap/*.tap >"$scratch/sum"
    status=$?
    totals=$(tail -n 1 "$scratch/sum")
    if [ "$totals" = "$2" ] && [ "$status" -eq "$3" ]; then
        echo "ok $number - the sum for $1"
    else
        echo "not ok $number - the sum for $1: \"$totals\", status $status"
        sed 's/^/# /' "$scratch/sum"
        bad=1
    fi
}

expect 'two good tests' '2 passed, 0 failed, 0 skipped' 0 'echo 1..2; echo ok 1 - a; echo ok 2 - b'
expect 'a failed test' '1 passed, 1 failed, 0 skipped' 1 'echo 1..2; echo ok 1; echo not ok 2 - b; exit 1'
expect 'a failed test with status 0' '0 passed, 1 failed, 0 skipped' 1 'echo not ok - b'
expect 'a skipped test' '1 passed, 0 failed, 1 skipped' 0 'echo ok; echo "ok 2 - b # SKIP no c here"'
expect 'a skipped test of cmocka' '1 passed, 0 failed, 1 skipped' 0 'echo ok; echo "# no c"; echo "not ok 2 # SKIP b"'
expect 'a skipped program' '0 passed, 0 failed, 1 skipped' 0 'echo "1..0 # SKIP no root"'
expect 'a crash after a good test' '1 passed, 1 failed, 0 skipped' 1 'echo 1..1; echo ok; kill -SEGV $$'
expect 'a crash in the middle of a line' '2 passed, 1 failed, 0 skipped' 1 'echo ok; printf "ok 2 -"; exit 99'
expect 'an exit status alone' '1 passed, 1 failed, 0 skipped' 1 'echo ok; exit 1'
expect 'fewer results than announced' '1 passed, 1 failed, 0 skipped' 1 'echo 1..2; echo ok'
expect 'a silent program' '0 passed, 1 failed, 0 skipped' 1 'true'
expect 'a program that was killed with its runner' '1 passed, 1 failed, 0 skipped' 1 'echo ok'

number=$((number + 1))
if awk -f tests/tap-sum.awk /dev/null | tail -n 1 | grep -qx '0 passed, 1 failed, 0 skipped'; then
    echo "ok $number - the sum for nothing at all"
else
    echo "not ok $number - the sum for nothing at all"
    bad=1
fi
echo "1..$number"
exit "$bad"
