# SPDX-License-Identifier: Apache-2.0
# An item as an E01: written, refused, in the ledger.
make_vault
make_disk disk.img
head -c 1048576 disk.img >whole.img
known_sha256 whole.img
exhibit collect disk.img --case 7 --quiet >/dev/null || exit 1
exhibit collect whole.img --case 7 --label 'A stick' --skip-region 4096+512 --quiet >/dev/null
t exhibit export 7/1 --format e01 --output copy.E01
t exhibit export 7/2 --format e01 --output stick.E01 --segment-size 1048576
s 'ls'
s 'exhibit export 7/2 --format e01 --output again.E01 --json --quiet'
s 'exhibit ledger show --json --quiet | tr "{" "\n" | grep -o "\"segments\":.*"'
t exhibit export 7/1 --format e01 --output copy.E01 --quiet
t exhibit export 7/1 --format e01 --output copy.img --quiet
t exhibit export 7/1 --format e01 --output - --quiet
t exhibit export 7/1 --format e01 --output small.E01 --segment-size 1000 --quiet
t exhibit export 7/1 --format e01 --output small.E01 --segment-size 1G --quiet
t exhibit export 7/1 --format raw --output raw --segment-size 2097152 --quiet
t exhibit export 7/1 --format e01 --output nowhere/copy.E01 --quiet
s 'ls'
