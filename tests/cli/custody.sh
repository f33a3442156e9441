# SPDX-License-Identifier: Apache-2.0
# The whole way: a vault, a case, an item, its verification, a copy, and what the ledger says.
make_disk disk.img
known 44540cae8445f86116150b51dfb83422b08578543980a1dd16997c4f9c9bb89b # its fs-verity digest
touch -d '2026-01-02 03:04:05' disk.img

t exhibit init vault --agency 'Test Agency' --officer 'Sok Dara' --plain --kdf-memory 8
EXHIBIT_VAULT=vault
export EXHIBIT_VAULT
t exhibit case list
t exhibit case new --number 7 --title 'Test case' --legal-basis 'warrant 12'
t exhibit case list
t exhibit item list
t exhibit collect disk.img --case 7 --label 'black phone' --reason 'seized at the desk'
t exhibit collect disk.img --case 7 --label 'the same again' --quiet
t exhibit item list
t exhibit item show 7/1
t exhibit verify 7/1
t exhibit verify --all --linear --quiet
t exhibit export 7/1 --format raw --output copy.img --reason 'for the court'
t cmp disk.img copy.img
t exhibit custody log 7/1
t exhibit vault check
t exhibit vault check --deep --quiet
t exhibit ledger show 0 1 12
s 'exhibit ledger show --quiet | grep "^[0-9]"'
t exhibit ledger verify
s 'exhibit ledger checkpoint >checkpoint'
t exhibit ledger verify --checkpoint checkpoint --quiet
t exhibit ledger prove 3
t exhibit ledger prove --since 2
t exhibit rebuild
t exhibit item show 7/1 --quiet
t exhibit verify 7/1 --quiet
