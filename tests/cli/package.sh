# SPDX-License-Identifier: Apache-2.0
# Packages: made, checked, opened; and everything that is refused.
command -v age-keygen >/dev/null || skip 'age is missing'
make_disk disk.img
make_vault
export EXHIBIT_OFFICER=
exhibit collect disk.img --case 7 --quiet >/dev/null || exit 1
printf 'notes\n' | exhibit collect - --case 7 --quiet >/dev/null || exit 1
exhibit case new --number 8 --title 'another' --quiet >/dev/null
printf 'elsewhere\n' >elsewhere
exhibit collect elsewhere --case 8 --quiet >/dev/null
age-keygen -o id 2>/dev/null
age-keygen -o other 2>/dev/null
to=$(age-keygen -y id)

t exhibit package create 7/1 7/2 --to "$to" --output p.age --legal-basis 'MLA 12' | sed 's/^\(Size  *\).*/\1…/' # history is in it, and grows with what entries say
t exhibit package verify p.age --identity id --quiet
t exhibit package open p.age --identity id --output opened --quiet
s 'cd opened && find . -type f | sed "s,/[0-9a-f]\{64\}$,/OBJECT," | LC_ALL=C sort'
s 'sed "s/^\(id\|created\|log\|key\|officer\|item\) .*/\1 …/" opened/exhibit/package'
s 'sed -n "/^ITEMS/,/^CHECK/p" opened/README.txt'
echo '# with images'
mkdir stick && printf 'x\n' >stick/x && exhibit collect stick --case 7 --quiet >/dev/null
t exhibit package create 7/1 7/3 --to "$to" --output e.age --format e01 | sed 's/^\(Size  *\).*/\1…/; s/^\(Evidence in it  *\).*/\1…/'
t exhibit package verify e.age --identity id --quiet | sed -n '1p; /^Content/,/^History/p; /^exit/p' | sed 's/evidence read: .*/evidence read: …/'
s 'age -d -i id e.age | tar x && sed -n "/^ITEMS/,/^CHECK/p; /^E01/,/^WHAT/p" e/README.txt'
s 'sed -n "s/^\(item\|image\) [0-9a-f]*\( object [0-9a-f]*\)*/\1 …/p" e/exhibit/package'
s 'exhibit ledger show --json --quiet | tr "{" "\n" | grep -o "\"segments\":.*" | tail -1 | sed "s/\"side_sha256\":\"[0-9a-f]*/\"side_sha256\":\"…/; s/\"stored_bytes\":[0-9]*/\"stored_bytes\":…/"'
echo '# what is refused'
t exhibit package create 7/3 --to "$to" --output two.age --format e01 --quiet
t exhibit package create 7/1 --to "$to" --output two.age --segment-size 2097152 --quiet
t exhibit package create 7/1 --to "$to" --output two.age --format e01 --segment-size 1000 --quiet
t exhibit package create 7/1 8/1 --to "$to" --output two.age --quiet
t exhibit package create 7/1 7/1 --to "$to" --output two.age --quiet
t exhibit package create 7/9 --to "$to" --output two.age --quiet
t exhibit package create 7/1 --to nobody --output two.age --quiet
t exhibit package create 7/1 --to age1qqqq --output two.age --quiet
t exhibit package create 7/1 --to "$to" --output p.age --quiet
t exhibit package create 7/1 --to "$to" --output two.age --format zip --quiet
t exhibit package create 7/1 --to "$to" --output no/such/two.age --quiet
t exhibit package verify p.age --quiet
t exhibit package verify p.age --identity other --quiet
t exhibit package verify none.age --identity id --quiet
t exhibit package verify id --identity id --quiet
t exhibit package open opened --identity id --output again --quiet
t exhibit package verify p.age --identity id --signer RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3 --quiet
s 'ls two.age* again* 2>&1'
echo '# signed by another vault than the one whose key is on paper; without its minisign signature'
another=$(exhibit init another --agency 'Test Agency' --officer 'Sok Dara' --plain --kdf-memory 8 --quiet 2>&1 |
    grep -o 'exhibit-vault/[0-9a-f]*+[0-9a-f]*+[A-Za-z0-9+/=]*' | head -1)
t exhibit package verify p.age --identity id --key "$another" --quiet | sed -n '1p; /^History/,/^Items/p; /^exit/p'
mkdir bare && cp p.age p.age.sig bare
t exhibit package verify bare/p.age --identity id --quiet | sed -n '1p; /^Signers/,/^Items/p; /^exit/p'
echo '# the ledger has each of them'
s 'exhibit ledger show --quiet | grep "^[0-9]*  .*  package\." | sed "s/^[0-9]*  //"'
