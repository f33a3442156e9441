# SPDX-License-Identifier: Apache-2.0
# Bytes that changed, a pack that is gone, a history that was touched: each claim says it for itself.
make_disk disk.img
make_vault
exhibit collect disk.img --case 7 --quiet >/dev/null || exit 1
exhibit ledger checkpoint --quiet >checkpoint || exit 1
exhibit case new --number 8 --title Two --quiet >/dev/null || exit 1

# v COMMAND…: only the verdicts and the status.
v() {
    echo "$ $*"
    "$@" >said 2>&1
    echo "exit $?"
    grep -E '^(exhibit:|  hint:|Content:|History:|Signers and time:|  7/)' said
    if grep -q 'copy of the whole medium' said; then
        echo '(tells to make a copy of the medium first)'
    fi
}
# flip FILE OFFSET: inverts the bits of one byte.
flip() {
    chmod u+w "$1"
    old=$(od -An -tu1 -j "$2" -N 1 "$1")
    # shellcheck disable=SC2059 # the format is the byte
    printf "\\$(printf '%03o' $((255 - old)))" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

echo '# as it was'
v exhibit verify 7/1
cp -a vault whole

echo '# one byte of a pack'
flip "$(find vault/packs -name '*.pack')" 100000
v exhibit verify 7/1
v exhibit verify 7/1 --json
v exhibit vault check --deep
v exhibit export 7/1 --format raw --output copy.img
ls copy.img* 2>&1

echo '# no pack'
rm -rf vault && cp -a whole vault
find vault/packs -name '*.pack' -exec rm {} +
v exhibit verify 7/1
v exhibit vault check

echo '# one byte of a body'
rm -rf vault && cp -a whole vault
flip vault/ledger/body/003 100
v exhibit ledger verify
v exhibit verify 7/1

echo '# one byte of an entry'
rm -rf vault && cp -a whole vault
entries=$(find vault/ledger/tile/entries -type f | sort | tail -n 1)
flip "$entries" 300
v exhibit ledger verify

echo '# the signature of the head'
rm -rf vault && cp -a whole vault
sed '/^—/{s/A\(.\{30\}\)$/B\1/;t;s/.\(.\{30\}\)$/A\1/}' whole/ledger/checkpoint \
    >vault/ledger/checkpoint
v exhibit ledger verify

echo '# another key than the one on paper'
rm -rf vault && cp -a whole vault
exhibit init stranger --agency A --officer B --plain --kdf-memory 8 --quiet >paper || exit 1
v exhibit ledger verify --key "$(sed -n 's/^  \(exhibit-vault.*\)/\1/p' paper)"

echo '# a checkpoint that this ledger does not continue'
v exhibit ledger verify --checkpoint stranger/ledger/checkpoint
v exhibit ledger verify --checkpoint checkpoint
