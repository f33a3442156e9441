# SPDX-License-Identifier: Apache-2.0
# Every library has a version; the numbers themselves are not compared, nor is the library that
# exists for one processor only.
s 'exhibit version | grep -vi ipsec | sed "s/ [^ ]*[0-9].*/ N/; s/^\(built with\|block hashes by\) .*/\1/"'
s 'exhibit --version --json | grep -o "\"name\":\"[^\"]*\",\"version\":\"[^\"]*[0-9]" | sed "s/[0-9].*/N/" | grep -vi ipsec'
