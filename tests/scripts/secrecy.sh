#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Planted names, paths, passphrases and evidence: what of them does a thief of the disk find, at rest
# and after every kind of sudden end? secrecy.sh EXHIBIT   (TAP)
#
# The same story is played in an encrypted vault and in a plain one. In the plain one the search must find what it
# looks for, or its silence about the other means nothing.
find_py=$(cd "$(dirname "$0")" && pwd)/secrecy-find.py
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" secrecy "$1"
umask 000 # whatever the umask, nothing is for others
mkdir -m 700 temp
export TMPDIR=$work/temp
ulimit -c unlimited # as far as one may

secrets=$work/secrets
plant() { # SECRET KIND VALUE
    printf '%s\t%s\t%s\n' "$1" "$2" "$3" >>"$secrets"
}
find_secrets() { python3 "$find_py" find "$1" "$secrets"; }
found() { # SECRET: what the search printed into `hits` has it
    cut -f 1 hits | grep -qxF -- "$1"
}

# ---- what is planted ----

secret_file() { (umask 077 && printf '%s\n' "$2" >"$1"); }
secret_file passphrase 'zebu-vicuna-passphrase-1'
secret_file passphrase-new 'yapok-urial-passphrase-2'
secret_file passphrase-two 'xerus-taira-passphrase-3'
secret_file passphrase-killed 'wisent-sable-passphrase-4'
secret_file passphrase-wrong 'vole-rhea-passphrase-5'
for file in passphrase*; do plant "$file" text "$(cat "$file")"; done

folder=Folder-Potoroo-Ünder
mkdir "$folder"
source=$folder/Source-Quoll.img
plant agency text 'Agency Quokka'
plant 'first officer' text 'Officer Wombat'
plant 'second officer' text 'Officer Numbat'
plant 'claimed officer' text 'Officer Bandicoot'
plant 'case number' text 'Case-Bilby-77'
plant 'case title' text 'Title Dugong'
plant label text 'Label Pademelon'
plant folder text Folder-Potoroo-
plant 'file name' text Source-Quoll
plant 'killed file name' text Source-Kowari
plant reason text 'Reason Antechinus'
plant 'legal basis' text 'Warrant Cuscus'
plant recipient text 'Escrow Planigale'
plant machine name "machine\":\"$(uname -n)"
plant user name "user\":\"$(id -un)"

ascii='Evidence in clear words: Honeypot-Zyzzyva '
plant 'evidence, ASCII' text Honeypot-Zyzzyva
utf16() { printf '%s' 'Honeypot-Thylacine' | iconv -t UTF-16LE; }
plant 'evidence, UTF-16' text Honeypot-Thylacine
random() { # SEED BYTES
    openssl enc -aes-256-ctr -nosalt -K "$(printf '%064d' "$1")" -iv 00000000000000000000000000000000 \
        </dev/zero 2>/dev/null | head -c "$2"
}
random 1 4096 >block
plant 'evidence, a random block' file block
{ yes 'lorem ipsum '"$ascii" | head -c 4096; } >text-block
plant 'evidence, a block of text' file text-block
{ # compressible and not, at the beginning and within
    yes "$ascii" | head -c 303104
    random 2 200704
    cat block text-block
    random 3 100352
    cat block
    for _ in 1 2 3 4 5 6 7 8; do utf16; random 4 1001; done
} >"$source"
plant sha256 hex "$(sha256sum <"$source" | cut -c 1-64)"
if command -v fsverity >/dev/null; then
    plant fsverity hex "$(fsverity digest --hash-alg=sha256 --block-size=4096 "$source" | cut -c 8-71)"
fi
# Evidence of its own for each interruption, or nothing of it would be new.
victim() { # NUMBER BYTES
    local i
    for i in $(seq $(($2 / 1048576))); do
        yes "$ascii $1 $i" | head -c 65536
        random "$1$i" 983040
    done
}

# ---- a story ----

one() { exhibit "$@" --officer 'Officer Wombat' --no-input --quiet; }
two() { EXHIBIT_PASSPHRASE_FILE=$work/passphrase-two exhibit "$@" --officer 'Officer Numbat' --no-input --quiet; }
fails() { ! "$@"; }
openssl genpkey -algorithm X25519 -outform DER 2>/dev/null | openssl pkey -inform DER -pubout -outform DER 2>/dev/null |
    tail -c 32 | base64 >escrow-key
legal=(--reason 'Reason Antechinus' --legal-basis 'Warrant Cuscus')

begin() { # VAULT FLAG…
    exhibit init "$@" --agency 'Agency Quokka' --officer 'Officer Wombat' --kdf-memory 8 --no-input --quiet &&
        one case new --number Case-Bilby-77 --title 'Title Dugong' "${legal[@]}" &&
        one collect "$source" --case Case-Bilby-77 --label 'Label Pademelon' "${legal[@]}"
}
middle() {
    EXHIBIT_NEW_PASSPHRASE_FILE=$work/passphrase-two one officer add 'Officer Numbat' --permissions all \
        "${legal[@]}" --kdf-memory 8 &&
        one key add --recipient escrow-key --label 'Escrow Planigale' "${legal[@]}" &&
        EXHIBIT_NEW_PASSPHRASE_FILE=$work/passphrase-new one key passphrase --kdf-memory 8 &&
        cp -p passphrase passphrase-first && cp -p passphrase-new passphrase &&
        fails env EXHIBIT_PASSPHRASE_FILE="$work/passphrase-wrong" "$bin" item list --officer 'Officer Bandicoot'
}
end() {
    two item list && # takes the failed unlock into the ledger
        fails env EXHIBIT_PASSPHRASE_FILE="$work/passphrase-wrong" "$bin" item list --officer 'Officer Bandicoot' &&
        two officer retire 'Officer Wombat' --reason 'Reason Antechinus' &&
        two verify --all --linear && two vault scrub --older-than 0 && two vault parity && two ledger show &&
        two key rotate && two rebuild
}
# A new officer's passphrase opens what the first one's did; a story begins with the first.
story_again() { [ ! -e passphrase-first ] || mv passphrase-first passphrase; }

# ---- it would be found ----

mkdir forms
python3 "$find_py" forms "$secrets" forms >forms.list
every_form() {
    local bad=0 secret form file
    find_secrets forms >hits
    while IFS=$'\t' read -r secret form file; do
        grep -qxF "$secret"$'\t'"$form"$'\t'"$file" hits || {
            echo "not found: $secret as $form"
            bad=1
        }
    done <forms.list
    [ "$(wc -l <forms.list)" -gt 150 ] && return $bad
}
check "the search finds each of $(wc -l <forms.list) forms of what is planted" every_form
places() { # names, links, attributes
    mkdir -p there/"Officer Wombat" && ln -s /some/Source-Quoll there/link && echo x >there/file &&
        find_secrets there >hits
    found 'first officer' && found 'file name' && [ "$(grep -c '(link)\|(name)' hits)" -ge 2 ]
}
check "and what stands in a name or a link" places

EXHIBIT_VAULT=$work/open
check "a plain vault" begin open --plain --no-recovery-sheet
python3 "$find_py" ids open | sort -u >ids
while read -r id; do plant "chunk or node $id" hex "$id"; done <ids
check "of a few chunks" [ "$(wc -l <ids)" -gt 4 ]
check "with two officers and other keys" middle
check "to its end" end
story_again
find_secrets open >hits
plain_shows() {
    local secret bad=0
    while IFS=$'\t' read -r secret _; do
        case $secret in
        passphrase* | 'killed file name') continue ;;
        esac
        found "$secret" || {
            echo "not found in a plain vault: $secret"
            bad=1
        }
    done <"$secrets"
    return $bad
}
check "in a plain vault the search finds all but the passphrases" plain_shows
no_passphrase() { ! grep '^passphrase' hits; }
check "and no passphrase" no_passphrase

# ---- the same in an encrypted vault ----

EXHIBIT_VAULT=$work/vault
check "an encrypted vault" begin vault --recovery-sheet sheet.txt
code=$(grep -oE '([0-9A-Z]{5}-){3}[0-9A-Z]{5}' sheet.txt | tr '\n' - | sed 's/-$//')
check "whose recovery code is there to be looked for" [ ${#code} = 47 ]
plant 'recovery code' text "$code"
plant 'recovery code, bare' text "$(printf '%s' "$code" | tr -d -)"
plant 'recovery code, half' text "${code:0:23}"
object=$(one item show Case-Bilby-77/1 --json | grep -o '"object":"[0-9a-f]*"' | head -1 | cut -d '"' -f 4)

nothing() { # a thief finds nothing
    find_secrets "$EXHIBIT_VAULT" >hits || {
        head -n 20 hits
        return 1
    }
}
check "nothing is found in it" nothing
check "with two officers and other keys" middle
check "nothing is found, the failed unlock that waits included" nothing
check "some failed unlock waited" test -s vault/ledger/unauthenticated

# ---- a sudden end of a collection ----

left() { # a directory under work/ with a pack of at least this size
    find vault/work -name '*.pack' -size "+$1c" | grep -q .
}
killed_while_waiting() { # NUMBER BYTES: standard input stalls, then kill -9
    local pid
    rm -f pipe && mkfifo pipe
    "$bin" collect - --case Case-Bilby-77 --officer 'Officer Wombat' <pipe >running 2>&1 &
    pid=$!
    exec 9>pipe
    [ "$2" = 0 ] || victim "$1" "$2" >&9
    for _ in $(seq 60); do
        sleep 0.05
        find vault/work -name journal | grep -q . && { [ "$2" = 0 ] || left 100000; } && break
    done
    kill -9 $pid
    exec 9>&-
    wait $pid
    find vault/work -mindepth 1 -maxdepth 1 -type d | grep -q .
}
check "kill -9 before the first byte" killed_while_waiting 100 0
check "nothing is found" nothing
check "kill -9 when a pack has grown and is not sealed" killed_while_waiting 200 8388608
check "it is there under work/" left 100000
check "nothing is found" nothing

victim 300 3145728 >"$folder/Source-Kowari.img"
killed_at_size() { # KIB: a write beyond so much of any file ends the process, without a handler
    local status=0
    (ulimit -c 0 -f "$1" && one collect "$folder/Source-Kowari.img" --case Case-Bilby-77) >log-killed 2>&1 || status=$?
    [ $status -gt 128 ] || {
        cat log-killed
        return 1
    }
}
ended_at_sizes() {
    local kib
    for kib in 1 64 1000 2000; do
        killed_at_size $kib && nothing || return 1
    done
}
check "a write that ends the process, in four places: nothing is found" ended_at_sizes
killed_at_times() {
    local after
    for after in 0.03 0.07 0.15; do
        timeout -s KILL $after "$bin" collect "$folder/Source-Kowari.img" --case Case-Bilby-77 --officer 'Officer Wombat'
        nothing || return 1
    done
}
check "kill -9 at three moments: nothing is found" killed_at_times

# ---- a sudden end of a change of keys ----

keys_killed() {
    local kib after killed=0
    export EXHIBIT_NEW_PASSPHRASE_FILE=$work/passphrase-killed
    for kib in 0 1 3; do
        (ulimit -c 0 -f $kib && one key rotate) || killed=$((killed + 1))
        nothing || return 1
        (ulimit -c 0 -f $kib && one key passphrase --kdf-memory 8) || killed=$((killed + 1))
        nothing || return 1
        one item list || cp -p passphrase-killed passphrase
    done
    for after in 0.03 0.06 0.09; do
        timeout -s KILL $after "$bin" key rotate --officer 'Officer Wombat' && killed=$((killed - 1))
        killed=$((killed + 1))
        nothing || return 1
    done
    unset EXHIBIT_NEW_PASSPHRASE_FILE
    echo "$killed were cut off"
    [ $killed -gt 2 ] && one item list
}
check "a change of keys that is cut off: nothing is found" keys_killed

# ---- an item is to be disposed of ----

proposed() {
    item=$(one collect "$folder/Source-Kowari.img" --case Case-Bilby-77 --label 'Label Pademelon' --json |
        grep -o '"label":"[^"]*"' | tail -1 | cut -d '"' -f 4) &&
        proposal=$(one item dispose "$item" "${legal[@]}" --json | grep -o '"proposal":[0-9]*' | tail -1 | cut -d : -f 2)
}
check "a disposal is proposed" proposed
check "nothing is found" nothing

# ---- a sudden end while the catalog is written ----

journal_left() {
    local size journals=0 limit
    one item list || return 1
    size=$(($(stat -c %s vault/catalog.db) / 1024))
    # The journal is written before the catalog: a limit below the catalog's size falls between the two.
    for limit in $((size - 4)) $((size - 12)) $((size - 24)) 16 8; do
        (ulimit -c 0 -f $limit && one item list)
        [ ! -s vault/catalog.db-journal ] || journals=$((journals + 1))
        nothing || return 1
    done
    rm -f vault/catalog.db*
    for limit in 4 16 32; do
        (ulimit -c 0 -f $limit && one item list)
        [ ! -s vault/catalog.db-journal ] || journals=$((journals + 1))
        nothing || return 1
    done
    echo "$journals times a journal was left"
    [ $journals -gt 0 ]
}
check "a projection that is cut off leaves its journal: nothing is found" journal_left
journal_at_times() {
    local after
    for after in 0.03 0.06 0.09; do
        rm -f vault/catalog.db*
        timeout -s KILL $after "$bin" item list --officer 'Officer Wombat'
        nothing || return 1
    done
}
check "kill -9 while it is made anew: nothing is found" journal_at_times

# ---- and on ----

tidy() {
    local id
    for id in $(ls vault/work); do
        two work discard "$id" --reason 'Reason Antechinus' || return 1
    done
    two item dispose "$item" --approve "$proposal" && two vault compact
}
check "the vault goes on to its end" end
check "what was cut off is discarded, the item disposed of, and the rest carried over" tidy
check "nothing is found" nothing
check "it verifies, and what was cut off does no harm" two vault check --deep

# ---- what does show: format/vault §7.5 ----

object_only_in_entries() {
    local places
    plant object hex "$object"
    find_secrets vault >hits
    cat hits
    sed -i '$d' "$secrets"
    places=$(grep '^object' hits | cut -f 3 | sort -u)
    [ -n "$places" ] && ! printf '%s\n' "$places" | grep -v '^ledger/tile/entries/'
}
check "an object's id, which says nothing of its content, shows in the ledger's entries and nowhere else" \
    object_only_in_entries
check "events show, as the page says" grep -rqa 'event collect.outcome' vault/ledger/tile

# ---- beside the vault ----

modes() { # DIRECTORY
    local others
    others=$(find "$1" \( -type f ! -perm 600 \) -o \( -type d ! -perm 700 \) -o \( ! -type f ! -type d \))
    [ -z "$others" ] || {
        printf '%s\n' "$others" | head
        return 1
    }
}
check "with umask 000 every file has 0600 and every directory 0700" modes vault
check "in a plain vault as well" modes open
two export Case-Bilby-77/1 --format raw --output copy >/dev/null 2>&1
check "an export is its owner's, and whole" bash -c "cmp copy '$source' && [ \"\$(stat -c %a copy)\" = 600 ]"
check "so is a recovery sheet" [ "$(stat -c %a sheet.txt)" = 600 ]
check "nothing is left in TMPDIR" [ -z "$(ls -A temp)" ]
shared_memory() {
    local file
    mkdir -p shared && touch shared/none
    find /dev/shm -type f -user "$(id -un)" -newer "$secrets" -size -20M -exec cp {} shared/ \; 2>/dev/null
    # Other programs may name the machine and its user there.
    grep -v '^machine\|^user' "$secrets" >secrets-here
    python3 "$find_py" find shared secrets-here
}
check "nor in shared memory" shared_memory
no_core() {
    local pid
    rm -f pipe && mkfifo pipe
    EXHIBIT_PASSPHRASE_FILE=$work/passphrase-two "$bin" collect - --case Case-Bilby-77 \
        --officer 'Officer Numbat' <pipe >running 2>&1 &
    pid=$!
    exec 9>pipe
    victim 900 1048576 >&9
    sleep 0.2
    kill -SEGV $pid
    exec 9>&-
    wait $pid
    [ $? -gt 128 ] && ! find . -name 'core*' | grep . && nothing
}
check "a crash leaves no core" no_core
talk() { # what is printed about keys has none of the secrets in it
    local file
    mkdir -p talk
    "$bin" init other --agency A --officer B --kdf-memory 8 --recovery-sheet other.html --json >talk/init &&
        EXHIBIT_VAULT=other "$bin" key sheet --output other2.html --kdf-memory 8 --json >talk/sheet &&
        EXHIBIT_VAULT=other EXHIBIT_NEW_PASSPHRASE_FILE=passphrase-two "$bin" key passphrase --kdf-memory 8 --json \
            >talk/passphrase || return 1
    ! grep -hoE '([0-9A-Z]{5}-){3}[0-9A-Z]{5}' other.html other2.html | grep -rFf - talk &&
        ! cat passphrase passphrase-two | grep -rFf - talk
}
check "results in JSON hold no code and no passphrase" talk
by_mistake() { # the passphrase stands where the name of its file should
    EXHIBIT_PASSPHRASE_FILE=$(cat passphrase-two) fails "$bin" item list --officer 'Officer Numbat' >said 2>&1 &&
        EXHIBIT_PASSPHRASE_FILE=$(cat passphrase-two) fails "$bin" item list --officer 'Officer Numbat' --json >>said &&
        EXHIBIT_RECOVERY_FILE=$code fails "$bin" key recover --officer 'Officer Numbat' >>said 2>&1 &&
        sed "s/^......../&0/;s/-\\(.\\)\\(.\\)/-\\2\\1/" <<<"$code" >misread &&
        EXHIBIT_RECOVERY_FILE=misread fails "$bin" key recover --officer 'Officer Numbat' >>said 2>&1 &&
        [ -s said ] && mkdir -p talk && cp said talk/ && find_secrets talk && nothing
}
check "a passphrase or code given in the wrong place is not repeated" by_mistake
other_folders() { # what the program may have left where it was started, or in its home
    mkdir -p home && HOME=$work/home two item list && [ -z "$(ls -A home)" ]
}
check "nothing is kept in the home directory" other_folders

echo "1..$count"
