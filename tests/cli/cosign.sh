# SPDX-License-Identifier: Apache-2.0
# Cosigning: the pages of both sides, and what is refused. tests/scripts/cosign.sh tests what becomes of it.
EXHIBIT_OFFICER=One
export EXHIBIT_OFFICER
vkey() { # DIR AGENCY: makes a vault, prints its key
    exhibit init "$1" --agency "$2" --officer One --plain --kdf-memory 8 --quiet |
        grep -o 'exhibit-vault/[0-9a-f]*+[0-9a-f]*+[A-Za-z0-9+/=]*' | head -n 1
}
station_key=$(vkey station 'Test Agency')
court_key=$(vkey court 'Court Registry')
as_cosigner() { exhibit cosign "$1" --vault court --json 2>/dev/null | grep -o '"cosigner": *"[^"]*"' | cut -d'"' -f4; }

s 'exhibit ledger prove --since 0 --vault station >request'
t exhibit cosign request --vault court
t exhibit cosign request --vault court --key "$court_key"
t exhibit cosign request --vault station --key "$station_key"
t exhibit cosign nothing --vault court --key "$station_key"
t exhibit cosign request --vault court --key "$station_key"
t exhibit cosign request --vault court --output answer --reason 'lost on the way'
t exhibit cosign request --vault court --output answer
t exhibit cosign request --vault court --output court/answer
t exhibit ledger cosigned answer --vault station
t exhibit ledger cosigned answer --vault station --key "$court_key" --output cosigned
t exhibit ledger cosigned answer --vault station --quiet
t exhibit ledger cosigned request --vault station
t exhibit cosign request --vault court --json
exhibit case new --number 7 --title 'Test case' --vault station --quiet >/dev/null
exhibit case list --vault station --quiet >/dev/null
s 'exhibit ledger prove --since 4 --vault station >second'
t exhibit cosign second --vault court
s 'exhibit ledger prove --since 2 --vault station >second'
t exhibit cosign second --vault court --output answer2
t exhibit ledger cosigned answer2 --vault station --output cosigned2
t exhibit cosign request --vault court
t exhibit ledger cosigned answer2 --vault court --key "$station_key"
cp -a station fork
for i in 1 2; do
    exhibit case list --vault fork --quiet >/dev/null
    exhibit case new --number 8 --title 'Test case' --vault station --quiet >/dev/null 2>&1
done
last=$(sed '1,/^$/d' second | sed -n 2p)
exhibit ledger prove --since "$last" --vault station >third
exhibit cosign third --vault court --output answer3 --quiet >/dev/null
exhibit ledger prove --since "$last" --vault fork >fork.request
t exhibit cosign fork.request --vault court
printf 'log %s\nwitness court %s\nwitness partner %s\ngroup both all court partner\nquorum court\n' \
    "$station_key" "$(as_cosigner third)" \
    'witness.example/1+86d1bf60+BMvjV+a0ZASecDt75siSARk6zCoYwJWwaRqvULmx4VeK' >policy
t exhibit ledger verify --vault station --quiet
t exhibit ledger verify --vault station --policy policy --quiet
sed -i '3s/.*/witness partner witness.example\/1+86d1bf6c+BMvjV+a0ZASecDt75siSARk6zCoYwJWwaRqvULmx4VeK/' policy
t exhibit ledger verify --vault station --policy policy --quiet
sed -i 's/^quorum.*/quorum both/' policy
t exhibit ledger verify --vault station --policy policy --quiet
t exhibit verify --all --vault station --policy policy --json
t exhibit ledger verify --vault station --policy policy --checkpoint cosigned2 --json
t exhibit ledger verify --vault court --policy policy
s 'exhibit ledger show --vault court --quiet | grep -A2 "^[0-9][0-9]* .*cosign"'
s 'exhibit ledger show --vault station --quiet | grep -A2 "^[0-9][0-9]* .*cosign"'
