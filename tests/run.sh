#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every test, from sources to totals: tests/run.sh
#
# Builds twice (release with -Werror; address and undefined-behaviour sanitizers with leak check)
# and runs in both the unit tests, the replay of the fuzz seeds and the golden command-line tests,
# then what needs to run only once. The last line is `N passed, N failed, N skipped`; the exit
# status is 0 only when something passed and nothing failed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
exec </dev/null

results=$PWD/build/results
rm -rf "$results"
mkdir -p "$results/tap"

export LC_ALL=C.UTF-8 TZ=UTC
export CMOCKA_MESSAGE_OUTPUT=TAP
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1
export EXHIBIT_TAP_DIR=$results/tap
export EXHIBIT_TAP_LABEL EXHIBIT_TAP_NAME=
unset EXHIBIT_VAULT EXHIBIT_OFFICER EXHIBIT_PASSPHRASE_FILE

# run LABEL NAME LIMIT COMMAND…: one program that prints TAP, with a time limit in seconds.
run() {
    local label=$1 name=$2 limit=$3 started=$SECONDS status
    shift 3
    EXHIBIT_TAP_LABEL=$label EXHIBIT_TAP_NAME=$name \
        tests/tap-run.sh timeout -k 10 "$limit" "$@" >"$results/last" 2>&1
    status=$?
    printf '  %-24s %4d s%s\n' "$name" $((SECONDS - started)) "$([ $status = 0 ] || echo '  FAILED')"
}

# fault LABEL NAME FILE: something that is not a test program failed; FILE says why.
fault() {
    printf '# program %s: %s\nnot ok - %s\n# exit 1\n' "$1" "$2" "$2" >"$results/tap/$1-fault-$RANDOM.tap"
    echo "  FAILED: $2"
    tail -n 40 "$3" | sed 's/^/    /'
}

# build LABEL MESON-OPTION…: configures (again) and builds build/LABEL.
build() {
    local dir=build/$1 log=$results/$1-build.log started=$SECONDS
    shift
    if [ -f "$dir/build.ninja" ]; then
        meson configure "$dir" "$@" >"$log" 2>&1
    else
        rm -rf "$dir"
        meson setup "$dir" "$@" >"$log" 2>&1
    fi && ninja -C "$dir" >>"$log" 2>&1 || return 1
    printf '  %-24s %4d s\n' 'built' $((SECONDS - started))
}

# both LABEL: the tests that run in each build.
both() {
    local label=$1 dir=build/$1 log=$results/$1-meson.log started=$SECONDS status
    EXHIBIT_TAP_LABEL=$label EXHIBIT_TAP_NAME='' \
        meson test -C "$dir" --no-rebuild --timeout-multiplier 4 --print-errorlogs \
        --wrapper "$PWD/tests/tap-run.sh" >"$log" 2>&1
    status=$?
    printf '  %-24s %4d s%s\n' 'unit tests, fuzz seeds' $((SECONDS - started)) \
        "$([ $status = 0 ] || echo '  FAILED')"
    # What Meson saw fail, the programs' own lines must show too.
    if [ $status != 0 ] && awk -f tests/tap-sum.awk "$results"/tap/"$label"-*.tap >/dev/null 2>&1; then
        fault "$label" 'meson test failed' "$log"
    fi
    run "$label" 'command line' 1200 tests/cli/run.sh "$PWD/$dir/src/cli/exhibit"
}

echo 'release'
if build release -Dwerror=true; then
    both release
else
    fault release 'the release build fails' "$results/release-build.log"
fi

echo 'asan (address, undefined, leak)'
if build asan -Db_sanitize=address,undefined -Dwerror=true; then
    both asan
else
    fault asan 'the sanitizer build fails' "$results/asan-build.log"
fi

echo 'once'
run once 'rows' 120 tests/rows.sh
run once 'the test run itself' 120 tests/tap-test.sh
for script in tests/scripts/*.sh; do
    [ -f "$script" ] || continue
    run release "${script#tests/}" 900 "$script" "$PWD/build/release/src/cli/exhibit"
done
run release 'crashes' 900 tests/crash/run --quick build/release
run asan 'damage' 900 tests/damage/run --quick build/asan

rm -f "$results/last"
awk -f tests/tap-sum.awk "$results"/tap/*.tap >"$results/sum"
status=$?
tail -n 1 "$results/sum" >"$results/totals"
cat "$results/sum"
exit $status
