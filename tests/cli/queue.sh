# SPDX-License-Identifier: Apache-2.0
# Several sources at once: the page, and lists that are refused before anything begins.
make_vault
make_disk disk
seq 1 100 >small
known_sha256 small
list() { printf '%b' "$1" >list.csv; }

t exhibit collect disk small --case 7 --quiet --jobs 1
list 'source,label,case,reason\r\ndisk,"The laptop of A, ""grey""",7,on the warrant\r\nsmall,"two\nlines \\x0a",7,\r\ngone,Lost,7,\r\n'
t exhibit collect --queue list.csv --jobs 1
t exhibit collect --queue list.csv --jobs 1
s 'exhibit ledger show --quiet | grep -c session.open'

for text in '' 'source,label\n' 'source\ndisk\n' 'source,label,colour\ndisk,a,red\n' \
    'source,label,label\ndisk,a,b\n' 'source,label\ndisk\n' 'source,label\ndisk,a,b\n' \
    'source,label\ndisk,a "grey" one\n' 'source,label\ndisk,"a\n' 'source,label\ndisk,"a"b\n' \
    'source;label\ndisk;a\n' 'source,label\n,a\n' 'source,label\ndisk,\n' \
    'source,label\ndisk,a\nsmall,a\n' 'source,label\ndisk,a\ndisk,b\n' 'source,label\ndisk,\377\n' \
    'source,label\ndisk,\033[31m\n' 'source,label,case\ndisk,a,7\nsmall,b,8\n' 'source,label,case\ndisk,a,\n'; do
    list "$text"
    case $text in
    *,\\n | *8\\n) t exhibit collect --queue list.csv --quiet ;;
    *) t exhibit collect --queue list.csv --case 7 --quiet ;;
    esac
done
t exhibit collect --queue none.csv --case 7 --quiet
list 'source,label\nsmall,a\n'
t exhibit collect --queue list.csv disk --case 7 --quiet
t exhibit collect --queue list.csv --label x --case 7 --quiet
t exhibit collect --queue list.csv --jobs 0 --case 7 --quiet
t exhibit collect --queue list.csv --jobs 17 --case 7 --quiet
t exhibit collect disk disk --case 7 --quiet
t exhibit collect disk small --quiet
t exhibit collect --case 7 --quiet
t exhibit collect disk small --case 7 --skip-region 0+512 --quiet
t exhibit collect disk --case 7 --jobs 2 --quiet
s 'exhibit item list --quiet | grep -c SHA-256'
