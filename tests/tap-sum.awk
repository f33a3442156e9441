# SPDX-License-Identifier: Apache-2.0
# Adds up TAP files of tests/tap-run.sh: awk -f tests/tap-sum.awk FILE.tap…
#
# Besides a `not ok` line it is a failure when a program exits with another status than 0 without
# naming a failed test, did not come to its end, printed fewer results than it announced, or
# printed none at all. cmocka 1.1 prints a skipped test as `not ok N # SKIP NAME`; that counts as
# skipped, and its reason is the comment before it.

function open_file() {
    file = program = FILENAME
    sub(/.*\//, "", program)
    planned = seen = file_failed = 0
    status = comment = ""
    after_failure = 0
}

function fail(text) {
    failed++
    file_failed++
    failures = failures "  " program ": " text "\n"
}

# What the program said besides its results: a sanitizer's report, an assertion.
function quote_errors(    errors, line, count) {
    errors = file
    sub(/\.tap$/, ".err", errors)
    while (count < 20 && (getline line < errors) > 0)
        if (line != "") {
            failures = failures "      | " line "\n"
            count++
        }
    close(errors)
    failures = failures "      whole output: " file " and .err\n"
}

function close_file() {
    if (file == "") return
    if (status == "")
        fail("did not come to its end (killed, or out of time)")
    else if (status == 124 && file_failed == 0)
        fail("exited with status 124: out of time?")
    else if (status != 0 && file_failed == 0)
        fail(status > 128 ? "died of signal " (status - 128) : "exited with status " status)
    else if (file_failed == 0 && seen < planned)
        fail("printed " seen " results of the " planned " that it announced")
    else if (file_failed == 0 && seen == 0)
        fail("printed no result")
    if (file_failed > 0) quote_errors()
}

function skip(reason, name) {
    skipped++
    seen += (seen == 0)
    sub(/^[ \t:]+/, "", reason)
    sub(/^[ \t]*(SKIP|skip)[ \t:]*/, "", reason)
    sub(/[ \t]+$/, "", name)
    skips = skips "  " name ": " (reason == "" ? "no reason given" : reason) "\n"
}

FNR == 1 {
    close_file()
    open_file()
}
{ sub(/\r$/, "") }

/^# program / { program = substr($0, 11); next }
/^# exit [0-9]+$/ { status = $3 + 0; next }
/^[ \t]*1\.\.[0-9]+/ {
    count = $1
    sub(/^1\.\./, "", count)
    planned += count
    # "1..0 # SKIP why" is a whole program that is skipped
    if (count == 0 && match(tolower($0), /# *skip/)) skip(substr($0, RSTART + RLENGTH), program)
    next
}
/^(not )?ok([ \t]|$)/ {
    seen++
    text = $0
    sub(/^(not )?ok[ \t]*[0-9]*[ \t]*(- )?/, "", text)
    after_failure = 0
    if (match(tolower(text), /# *skip/)) {
        reason = substr(text, RSTART + RLENGTH)
        name = substr(text, 1, RSTART - 1)
        if (/^not/) {
            name = reason
            reason = comment
        }
        skip(reason, program ": " name)
    } else if (/^not/) {
        fail(text)
        after_failure = 1
    } else
        passed++
    comment = ""
    next
}
/^#/ {
    comment = substr($0, 2)
    if (after_failure > 0 && after_failure++ <= 12) failures = failures "      " $0 "\n"
}

END {
    close_file()
    if (failures != "") printf "\nFailed:\n%s", failures
    if (skips != "") printf "\nSkipped:\n%s", skips
    if (passed + failed + skipped == 0) {
        print "\nNothing ran."
        failed = 1
    }
    printf "\n%d passed, %d failed, %d skipped\n", passed, failed, skipped
    exit failed > 0
}
