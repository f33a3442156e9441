#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What is encrypted here, Debian's age opens, and the other way round: tests/scripts/age.sh EXHIBIT
# Our side is tests/unit/formats/age_tool of the same build. Prints TAP.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" age "$1"
tool=$(dirname "$bin")/../../tests/unit/formats/age_tool
sizes='0 1 65535 65536 65537 1048576 3000000'

for size in $sizes; do
    head -c "$size" /dev/urandom >"plain.$size"
done
for name in first second third; do
    age-keygen -o $name.key 2>/dev/null
done
age-keygen -y first.key >recipients
{
    echo '# the other side'
    age-keygen -y second.key
} >>recipients
grep -vh '^#' first.key second.key third.key | sed '1i # three of them' >all.key

public_keys_are_the_same() {
    age-keygen -y all.key >theirs && "$tool" recipients -i all.key >ours && cmp theirs ours
}
ours_to_age() { # ARMOR KEY: every size
    local size
    for size in $sizes; do
        # shellcheck disable=SC2086 # $1 is an option or nothing
        "$tool" encrypt $1 -R recipients <"plain.$size" >ours.age &&
            age -d -i "$2" <ours.age >back && cmp "plain.$size" back || return 1
    done
}
age_to_ours() { # ARMOR KEY: every size
    local size
    for size in $sizes; do
        # shellcheck disable=SC2086
        age $1 -R recipients <"plain.$size" >theirs.age &&
            "$tool" decrypt -i "$2" <theirs.age >back && cmp "plain.$size" back || return 1
    done
}
age_by_chunk() { # every size
    local size
    for size in $sizes; do
        rm -f back
        age -R recipients <"plain.$size" >theirs.age &&
            "$tool" chunks -i second.key <theirs.age >back && cmp "plain.$size" back || return 1
    done
}
through_a_pipe() {
    # shellcheck disable=SC2094 # plain.3000000 is only read
    "$tool" encrypt -R recipients <plain.3000000 | cat | age -d -i first.key | cat |
        age -a -R recipients | "$tool" decrypt -i all.key | cmp - plain.3000000
}

check "public keys of one secret key are the same" public_keys_are_the_same
for armor in '' -a; do
    for key in first second; do
        check "ours${armor:+, armored}: age opens it with the $key key" ours_to_age "$armor" $key.key
        check "theirs${armor:+, armored}: we open it with the $key key" age_to_ours "$armor" $key.key
    done
done
check "theirs, read by chunk" age_by_chunk
check "through pipes" through_a_pipe

# ---- what neither opens ----

"$tool" encrypt -R recipients <plain.65537 >ours.age
check "another's key: we refuse" status_is 7 "$tool" decrypt -i third.key <ours.age
check "another's key: so does age" status_is 1 age -d -i third.key <ours.age
head -c -1 ours.age >short.age
check "a byte less: we refuse" status_is 4 "$tool" decrypt -i first.key <short.age
check "a byte less: so does age" status_is 1 age -d -i first.key <short.age
{
    cat ours.age
    echo
} >long.age
check "a byte more: we refuse" status_is 4 "$tool" decrypt -i first.key <long.age
check "a byte more: so does age" status_is 1 age -d -i first.key <long.age

# ---- a passphrase ----

passphrase='correct horse battery staple'
echo "$passphrase" >phrase
echo 'another' >wrong
tty() { python3 "$here/age-tty.py" "$passphrase" "$@"; }
ours_by_passphrase() {
    "$tool" encrypt -p phrase <plain.65537 >ours.age && rm -f back &&
        tty age -d -o back ours.age && cmp plain.65537 back
}
theirs_by_passphrase() { # ARMOR
    # shellcheck disable=SC2086
    tty age -p $1 -o theirs.age plain.65537 && "$tool" decrypt -p phrase <theirs.age >back &&
        cmp plain.65537 back
}
check "passphrase, ours: age opens it" ours_by_passphrase
check "passphrase, theirs: we open it" theirs_by_passphrase ''
check "passphrase, theirs, armored: we open it" theirs_by_passphrase -a
check "another passphrase: we refuse" status_is 7 "$tool" decrypt -p wrong <theirs.age
check "no passphrase: we refuse" status_is 7 "$tool" decrypt -i all.key <theirs.age
echo "1..$count"
