# SPDX-License-Identifier: Apache-2.0
# The acquisition report of a file: as text, as HTML, as JSON for programs; and what cannot have one.
command -v jq >/dev/null || skip 'jq is missing'
make_disk disk.img
make_vault
exhibit collect disk.img --case 7 --label 'the disk' --reason 'search of the flat' --legal-basis 'order 3' --quiet >/dev/null || exit 1
exhibit item register --case 7 --description 'phone, black' --quiet >/dev/null || exit 1

echo '# the words'
t exhibit item report 7/1 --output - --quiet

echo '# the same for a browser, and for programs'
t exhibit item report 7/1 --output report.html --quiet
s 'grep -o "<h2>[^<]*" report.html'
s 'grep -c "<script\|href\|src=" report.html'
t exhibit item report 7/1 --format json --output report.json --quiet
s 'jq -c "[.format, .version, .item.label, .sittings[0].what.command, .sittings[0].what.query, .sittings[0].why, .outcome.result]" report.json'
s '[ "$(jq -r .outcome.what.item.sha256 report.json)" = "$(sha256sum <disk.img | cut -c 1-64)" ]'
t exhibit item report 7/1 --output report.pdf --quiet
s 'head -c 5 report.pdf'
s 'exhibit item report 7/1 --output copy.json --json --quiet | jq -c "select(.type == \"summary\").result | [.format, .sittings, .findings, .warnings, .mark.entry]"'

echo '# what cannot be'
t exhibit item report 7/1 --output report.html --quiet
t exhibit item report 7/1 --output report.doc --quiet
t exhibit item report 7/2 --output - --quiet
t exhibit item report 7/9 --output - --quiet
t exhibit item report 7/1 --output vault/report.txt --quiet

echo '# each time, an entry'
s 'exhibit ledger show --quiet | grep -c "view.item"'
