# SPDX-License-Identifier: Apache-2.0
# A hand-over from one vault to another: offer, package, accept, receipt, confirmation; and every paper that does not fit.
command -v jq >/dev/null || skip 'jq is missing'
command -v age-keygen >/dev/null || skip 'age is missing'
make_disk disk.img
key_of() { grep -o 'exhibit-vault/[0-9a-f]*+[0-9a-f]*+[A-Za-z0-9+/=]*' "$1" | head -1; }
new_vault() { # NAME OFFICER
    exhibit init "$1" --agency "Agency $1" --officer "$2" --plain --kdf-memory 8 >"$1.init" 2>&1 || exit 1
    EXHIBIT_VAULT=$1 exhibit case new --number 7 --title 'Test case' --quiet >/dev/null || exit 1
    key_of "$1.init" >"$1.key"
}
new_vault A Ama
new_vault B Ben
new_vault C Cleo
a() { EXHIBIT_VAULT=A "$@" --quiet; }
b() { EXHIBIT_VAULT=B "$@" --quiet; }
c() { EXHIBIT_VAULT=C "$@" --quiet; }
age-keygen -o id 2>/dev/null
to=$(age-keygen -y id)
h() { t "$@" | sed "s,exhibit-vault/[0-9a-f]*+[0-9a-f]*+[A-Za-z0-9+/=]*,VKEY,g; s/^\\(Hand-over \\)[0-9a-f]\\{8\\}/\\1SHORT/; s/^[0-9a-f]\\{8\\}  /SHORT  /; s/\\([^0-9a-f]\\)[0-9a-f]\\{8\\}\\([^0-9a-f]\\|$\\)/\\1SHORT\\2/g"; }
id() { a exhibit handover list --json | jq -r 'select(.type == "summary").result.handovers[-1].id' | cut -c 1-8; }
a exhibit collect disk.img --case 7 >/dev/null || exit 1
a exhibit item register --case 7 --description 'phone, black' --serial 'IMEI 1' --seals 'A 17' >/dev/null || exit 1

echo '# offered to another vault'
offer() { a exhibit handover offer "$@" --to-agency 'Agency B' --to-officer Ben --purpose examination --legal-basis 'MLA 7'; }
h a exhibit handover offer 7/1 --purpose examination --legal-basis 'MLA 7'
h a exhibit handover offer 7/1 --to-vault nothing --to-agency B --to-officer Ben --purpose examination --legal-basis 'MLA 7'
h a exhibit handover offer 7/1 --to-vault "$(cat A.key)" --to-agency A --to-officer Ama --purpose examination --legal-basis 'MLA 7'
h a exhibit handover offer 7/1 --to-vault "$(cat B.key)" --purpose examination --legal-basis 'MLA 7'
h a exhibit handover offer 7/1 7/2 --to-vault "$(cat B.key)" --to-agency 'Agency B' --to-officer Ben --purpose examination --legal-basis 'MLA 7' --seals 'S 1'
first=$(id)
h a exhibit handover accept "$first"
h a exhibit handover receipt "$first" --output none
a exhibit package create --handover "$first" --to "$to" --output p.age >/dev/null || exit 1

echo '# taken in, accepted'
b exhibit package import p.age --identity id --key "$(cat A.key)" --case 7 >/dev/null || exit 1
c exhibit package import p.age --identity id --key "$(cat A.key)" --case 7 >/dev/null || exit 1
h b exhibit handover list
h c exhibit handover accept "$first" --seals 'S 1'
h b exhibit handover withdraw "$first" --reason 'not ours'
h b exhibit handover accept "$first"
h b exhibit handover accept "$first" --seals 'S 1' --place 'laboratory' --output receipt
h b exhibit handover accept "$first" --seals 'S 1'
s "EXHIBIT_VAULT=B exhibit custody check 7/1 --quiet | sed '/^Ledger/,\$d'"
h b exhibit handover offer 7/1 --to-vault "$(cat C.key)" --to-agency C --to-officer Cleo --purpose x --legal-basis y

echo '# papers that do not fit'
h b exhibit handover enter receipt
h c exhibit handover enter receipt
h a exhibit handover enter disk.img
h a exhibit handover enter receipt.none
sed 's/^key .*/key AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=/' receipt >changed
h a exhibit handover enter changed --output none
awk '/^body [^n]/ && length > 60 {$0 = substr($0, 1, 40) "A" substr($0, 42)} {print}' receipt >changed
h a exhibit handover enter changed
offer 7/1 --to-vault "$(cat C.key)" >/dev/null 2>&1 && echo 'offered twice'

echo '# the receipt, and the confirmation'
s "EXHIBIT_VAULT=A exhibit custody log 7/1 --quiet | sed -n '/^1\\./,/^Every/p'" | sed 's/hand-over [0-9a-f]\{8\}/hand-over SHORT/'
h a exhibit handover enter receipt --output confirmation
h a exhibit handover enter receipt
cp confirmation before
t a exhibit handover receipt "$first" --output confirmation >/dev/null
h a exhibit handover receipt "$first" --output again
h a exhibit handover withdraw "$first" --reason 'too late'
s "EXHIBIT_VAULT=A exhibit custody log 7/1 --quiet | sed -n '/^1\\./,/^Every/p'" | sed 's/hand-over [0-9a-f]\{8\}/hand-over SHORT/; s,exhibit-vault/ID,LOG,'
h b exhibit handover enter confirmation --output x
h b exhibit handover enter confirmation
h b exhibit handover enter again
h b exhibit handover receipt "$first" --output receipt2
h a exhibit handover enter receipt2
s "EXHIBIT_VAULT=B exhibit custody log 7/1 --quiet | sed -n '/^1\\./,/^Every/p'" | sed 's/hand-over [0-9a-f]\{8\}/hand-over SHORT/'
s "EXHIBIT_VAULT=B exhibit custody check --all --quiet | sed '/^Ledger/,\$d'"
s "EXHIBIT_VAULT=A exhibit custody check --all --quiet | sed '/^Ledger/,\$d'"

echo '# refused, and withdrawn before the receipt came'
a exhibit collect disk.img --case 7 >/dev/null || exit 1
a exhibit collect disk.img --case 7 >/dev/null || exit 1
send() { # ITEM NAME
    offer "$1" --to-vault "$(cat B.key)" >/dev/null && id >"$2" &&
        a exhibit package create --handover "$(cat "$2")" --to "$to" --output "$2.age" >/dev/null &&
        b exhibit package import "$2.age" --identity id --case 7 >/dev/null || exit 1
}
send 7/3 third
send 7/4 fourth
h b exhibit handover refuse "$(cat third)" --reason 'not ours to examine' --output refusal
h a exhibit handover enter refusal --output refused
h b exhibit handover enter refused
a exhibit handover withdraw "$(cat fourth)" --reason 'needed here' >/dev/null || exit 1
h b exhibit handover accept "$(cat fourth)" --output late
h a exhibit handover enter late
h a exhibit handover receipt "$(cat fourth)" --output withdrawn
h b exhibit handover enter withdrawn
s "EXHIBIT_VAULT=B exhibit custody check --all --quiet | sed '/^Ledger/,\$d'"
echo '# and back again'
h a exhibit package import p.age --identity id --key "$(cat B.key)" --case 7
b exhibit handover offer 7/1 --to-vault "$(cat A.key)" --to-agency 'Agency A' --to-officer Ama --purpose storage --legal-basis 'MLA 7' >/dev/null || exit 1
back=$(EXHIBIT_VAULT=B exhibit handover list --json | jq -r 'select(.type == "summary").result.handovers[-1].id')
b exhibit package create --handover "$back" --to "$to" --output back.age >/dev/null || exit 1
h a exhibit package import back.age --identity id --case 7
a exhibit package import back.age --identity id --key "$(cat B.key)" --case 7 >/dev/null || exit 1
h a exhibit package import back.age --identity id --case 7
a exhibit handover accept "$back" --output back.receipt >/dev/null || exit 1
b exhibit handover enter back.receipt --output back.confirmation >/dev/null || exit 1
a exhibit handover enter back.confirmation >/dev/null || exit 1
s "EXHIBIT_VAULT=A exhibit custody log 7/1 --quiet | sed -n '/^1\\./,/^Every/p'" | sed 's/hand-over [0-9a-f]\{8\}/hand-over SHORT/'
a exhibit item list --json | jq -c 'select(.type == "summary").result.items | map(.label)'
for v in A B C; do
    EXHIBIT_VAULT=$v exhibit verify --all --json | jq -c 'select(.type == "summary") | [.exit, [.result.claims[].verdict]]'
done
echo '# what came with the items does not go back'
grep '^body' receipt | cut -d' ' -f2 | while read -r x; do echo "$x" | base64 -d | grep -a '^erased'; done
true
