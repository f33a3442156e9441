# SPDX-License-Identifier: Apache-2.0
# From standard input, to standard output.
make_disk disk.img
make_vault
s 'exhibit collect - --case 7 --quiet <disk.img'
s 'exhibit export 7/1 --format raw --output - --quiet 2>talk | sha256sum'
s 'cat talk'
s 'exhibit collect - --case 7 --quiet </dev/null'
known e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
known 3d248ca542a24fc62d1c43b916eae5016878e2533c88238480b26128a1f1af95
known 44540cae8445f86116150b51dfb83422b08578543980a1dd16997c4f9c9bb89b
s 'exhibit export 7/2 --format raw --output empty --quiet'
t cmp empty /dev/null
s 'exhibit version >/dev/full'

# Somebody has the source open for writing: it cannot be guarded, and every page says what follows.
s 'exec 3>>disk.img; exhibit collect disk.img --case 7 --quiet | grep -c "^Not checked  *whether it was written"'
s 'exhibit item show 7/2 --quiet | grep -c "^Not checked  *whether it was written"'
s 'exhibit item report 7/2 --format text --output report.txt --quiet >talk 2>&1; grep -c "^NOT CHECKED:  *whether it was written" report.txt'

# A stream that is closed at the start: its number goes to no file of the vault, and using it fails.
s 'exhibit collect - --case 7 --quiet <&-'
s 'exhibit version >&-'
s 'exhibit export 7/1 --format raw --output - --quiet >&-'
s 'exhibit collect nowhere.img --case 7 2>&-'
s 'exhibit item list --quiet <&- >&- 2>&-'
s 'exhibit collect disk.img --case 7 <&- 2>&- | head -n 1'
s 'exhibit vault check --deep --quiet | head -n 1'
