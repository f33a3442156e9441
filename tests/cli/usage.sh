# SPDX-License-Identifier: Apache-2.0
# Lines that are not understood: what is wrong, a hint, 2.
t exhibit
t exhibit colect disk.img
t exhibit item
t exhibit item shwo 7/1
t exhibit list items
t exhibit xyzzy
t exhibit init
t exhibit case list
t exhibit collect --vault vault
t exhibit collect disk.img --vault vault --case 7 --case 8
t exhibit collect disk.img --vault vault --case
t exhibit collect disk.img --vault vault --label --case 7
t exhibit item show my 7/1 --vault vault
t exhibit collect disk.img --vault vault --case 7 --readback maybe
t exhibit collect disk.img --vault vault --case 7 --deep
t exhibit collect disk.img --vault vault --case 7 --lable phone
t exhibit collect '' --vault vault --case 7
t exhibit version -v
t exhibit version --json=yes
t exhibit item show 7/1 --json
t exhibit --json
t exhibit export 7/1 --vault vault --format raw --output - --json
t exhibit collect disk.img --vault vault --case 7 --readback some

# Bytes that are not UTF-8: in a text they are refused, in a path they are not.
s 'exhibit collect disk.img --vault vault --case 7 --label "$(printf "\377\376")"'
s 'exhibit item show "$(printf "7/\300\257")" --vault vault'
s 'exhibit "$(printf "\377")"'
s 'exhibit case list --vault "$(printf "no\377where")"'
s 'exhibit collect x --vault vault --case 7 --label "$(printf "\377")" --json'
