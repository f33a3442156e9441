#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Scanning with rules, beside the stock yara, match by match; hostile rules and hostile contents cost what they
# are and no more: tests/scripts/rules.sh EXHIBIT; prints TAP.
scripts=$(realpath "$(dirname "$0")")
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" rules "$1"
PATH=$PATH:/usr/sbin
for tool in jq python3 mke2fs yara zip; do
    command -v $tool >/dev/null && continue
    skip 'all of it' "$tool is missing"
    echo "1..$count"
    exit 0
done
summary() { jq -c 'select(.type == "summary").result'; }
export EXHIBIT_OFFICER=One
is() { diff <(echo "$1") <(echo "$2"); }

# ---- contents, and rules that fit some of them ----

mkdir tree
seq 1 20000 >tree/numbers.txt
printf 'the quick brown fox; KEYWORD here, keyword there; \x00\x01\x02\xff' >tree/words.bin
cp tree/words.bin tree/words-again.bin
: >tree/nothing
cp /bin/true tree/true.elf
printf '%s' keyword | base64 >tree/base64.txt
printf 'k\0e\0y\0w\0o\0r\0d\0' >tree/wide.bin
python3 - <<'E1'
import random
r = random.Random(7)
for i in range(12):
    b = bytearray(r.randbytes(r.randrange(1, 200000)))
    if i % 3 == 0:
        at = r.randrange(len(b))
        b[at:at] = b"KeYwOrD"
    if i % 4 == 1:
        b += bytes.fromhex("deadbeef0102c0ffee")
    open("tree/random-%d" % i, "wb").write(b)
E1
truncate -s 300M tree/sparse.bin
(cd tree && zip -q ../a.zip words.bin numbers.txt) && mv a.zip tree/archive.zip
cat >one.yar <<'R'
import "math"
import "hash"
import "elf"
rule words : first second { meta: author = "An \"officer\"" number = 7 yes = true
  strings: $a = "keyword" nocase $b = /qu[a-z]{2,4}k/ $c = "keyword" wide $d = "keyword" base64
  condition: any of them }
rule hex { strings: $h = { DE AD ?? EF [1-4] C0 ( FF | FE ) } condition: $h }
rule small { condition: filesize < 100 }
rule empty { condition: filesize == 0 }
rule entropy { condition: math.entropy(0, filesize) > 7.5 }
rule is_elf { condition: elf.type == elf.ET_DYN and uint32(0) == 0x464c457f }
rule many { strings: $n = "1" condition: #n > 500 }
rule anonymous { strings: $ = "fox" $ = "brown" condition: all of them }
rule never { condition: false }
private rule hidden { strings: $k = "KEYWORD" condition: $k }
rule uses_hidden { condition: hidden }
R
cat >two.yar <<'R'
rule last_byte { condition: filesize > 0 and uint8(filesize - 1) == 0xff }
rule at_start { strings: $x = "the quick" condition: $x at 0 }
rule absent { strings: $q = "keyword" nocase condition: not $q and filesize > 10 }
R
{
    exhibit init vault --agency A --officer One --kdf-memory 8 --no-recovery-sheet
    exhibit case new --number 1 --title t
    mke2fs -q -F -t ext4 -d tree fs.img 400M
    exhibit collect fs.img --case 1
} >log 2>&1

# ---- keeping ----

check 'an item that was not examined has nothing to scan' status_is 6 exhibit rules run 1/1 --rules R
exhibit examine 1/1 >log 2>&1
check 'rules are taken in' exhibit rules add R one.yar two.yar
check 'a name is taken once' status_is 1 exhibit rules add R two.yar
exhibit rules list --json 2>/dev/null | summary >list
check 'their hash is that of the text' is "$(cat one.yar two.yar | sha256sum | cut -c 1-64)" "$(jq -r '.rules[0].sha256' list)"
check 'each file has its own' is "$(sha256sum <two.yar | cut -c 1-64)" "$(jq -r '.rules[0].sources[1].sha256' list)"
check 'yara counts as many rules' is "$(cat one.yar two.yar | grep -cE '^(private )?rule ')" "$(jq -r '.rules[0].rules' list)"
check 'the text is held as it was' is "$(cat one.yar two.yar)" "$(exhibit rules show R --json 2>/dev/null | summary | jq -r .text)"

# ---- what is refused ----

refuses() { # NAME TEXT PATTERN
    echo "$2" >"$1.yar"
    check "refused: $1" refused "$1" "$3"
}
refused() {
    local got=0
    exhibit rules add "$1" "$1.yar" >out 2>&1 || got=$?
    cat out
    [ $got != 0 ] && grep -qE -- "$2" out && ! exhibit rules show "$1"
}
refuses syntax $'rule a {\n condition:\n  tru\n}' 'file 1, line 3'
refuses include $'include "one.yar"\nrule a { condition: true }' 'include'
refuses include-abs $'include "/etc/passwd"\nrule a { condition: true }' 'include'
refuses module-magic $'import "magic"\nrule a { condition: magic.type() == "x" }' 'magic'
refuses module-cuckoo $'import "cuckoo"\nrule a { condition: cuckoo.network.http_request(/x/) }' 'cuckoo'
refuses module-time $'import "time"\nrule a { condition: time.now() > 0 }' 'time'
refuses module-console $'import "console"\nrule a { condition: console.log("x") }' 'console'
refuses module-unknown $'import "nosuch"\nrule a { condition: true }' 'nosuch'
refuses nothing '// no rule' 'no rule'
refuses external 'rule a { condition: somebody == 1 }' 'somebody'
refuses twice $'rule a { condition: true }\nrule a { condition: true }' 'line 2'
printf 'rule a { condition: true }\0rule b { condition: true }' >nul.yar
check 'refused: a byte 0' refused nul 'byte 0'
python3 -c 'print("rule deep { condition: " + "(" * 200000 + "true" + ")" * 200000 + " }")' >deep.yar
check 'refused: nested too deep' refused deep .
refuses regex-repeat 'rule a { strings: $a = /a{1,40000}/ condition: $a }' 'repeat'
head -c 17000000 /dev/zero | tr '\0' ' ' >large.yar
check 'refused: too much text' refused large 'at most'
head -c 100000 /dev/urandom >noise.yar
check 'refused: noise' refused noise .
check 'a file that is missing is told' status_is 6 exhibit rules add missing nowhere.yar

# ---- match by match ----

check 'a scan leaves nothing unsaid: one content is too large' status_is 3 exhibit rules run 1/1 --rules R
exhibit rules matches 1/1 --json --limit 100000 2>/dev/null | summary >matches
result() { # to the stream, as the object has it
    jq -c '.scan, .matches[], .not_scanned[], {end:.totals}' "$1"
}
result matches >result.jsonl
check 'the one is the sparse file' is '["too-large"]' "$(jq -c '[.not_scanned[].not_scanned.reason]' matches)"
mkdir contents
exhibit trace list 1/1 --json --limit 100000 2>/dev/null | summary |
    jq -r '.traces[] | select(.size != null and (.kind | IN("file","member","stream","document","message"))) | [.id, .sha256 // .id, .size] | @tsv' >traces
awk '!seen[$2]++ && $3 <= 268435456 { print $1 }' traces | while read -r id; do
    exhibit trace cat "$id" --output "contents/$id" >/dev/null 2>&1 || rm -f "contents/$id"
done
awk '$3 == 0 { print $1; exit }' traces | while read -r id; do : >"contents/$id"; done
check 'every content that has one trace or more is counted once' is "$(cut -f 2 traces | sort -u | wc -l)" "$(jq .totals.contents matches)"
check 'every scanned content could be exported' is "$(find contents -type f | wc -l)" "$(jq .totals.scanned matches)"
check 'yara finds the same, match by match' python3 "$scripts/rules-compare.py" result.jsonl contents one.yar two.yar
check 'the archive'"'"'s member has the file'"'"'s content, and is one with it' \
    is 2 "$(jq '[.matches[] | select(.rule == "at_start")][0].also | length' matches)"
check 'one rule alone' is '["hex"]' "$(exhibit rules matches 1/1 --rule hex --json 2>/dev/null | summary | jq -c '[.matches[].rule] | unique')"
check 'a rule without matches, and not all was scanned' status_is 3 exhibit rules matches 1/1 --rule never
check 'meta data are told' is '[["author","An \"officer\""],["number","7"],["yes","1"]]' "$(jq -c '[.matches[] | select(.rule == "words")][0].meta | map([.name, .value])' matches)"
exhibit rules run 1/1 --rules R >log 2>&1
exhibit rules matches 1/1 --json --limit 100000 2>/dev/null | summary >second
check 'a second scan finds the same, byte for byte' is "$(result matches | sha256sum)" "$(result second | sha256sum)"

# ---- rules that are hostile when they run ----

{
    mkdir small
    head -c 300000 /dev/zero | tr '\0' a >small/as
    head -c 1200000 /dev/zero | tr '\0' b >small/bs
    head -c 200000 /dev/urandom >small/noise
    echo short >small/short
    mke2fs -q -F -t ext4 -d small small.img 16M
    exhibit collect small.img --case 1
    exhibit examine 1/2
} >log 2>&1
cat >loop.yar <<'R'
rule slow { condition: filesize > 250000 and for all i in (0..filesize) : (for all j in (0..filesize) : (for all k in (0..filesize) : (uint8(i) <= 255 or uint8(j) <= 255 or uint8(k) <= 255))) }
rule plain { strings: $s = "short" condition: $s }
R
check 'a loop without an end is taken in' exhibit rules add loop loop.yar
check 'it costs the contents that it does not end on' status_is 3 timeout 500 "$bin" rules run 1/2 --rules loop
exhibit rules matches 1/2 --rules loop --json 2>/dev/null | summary >slow
check 'they are told as such' is '["too-long"]' "$(jq -c '[.not_scanned[].not_scanned.reason] | unique' slow)"
check 'and the others are scanned' jq -e '.matches[] | select(.rule == "plain" and (.path | endswith("short")))' slow
cat >bomb.yar <<'R'
rule re { strings: $a = /(a+a+)+b/ $c = /a.{0,500}a.{0,500}b/ condition: any of them }
R
echo 'rule often { strings: $x = /a/ condition: #x > 10 }' >often.yar
check 'expressions that explode elsewhere are taken in' exhibit rules add bomb bomb.yar
ends() {
    local got=0
    exhibit rules run 1/2 --rules bomb || got=$?
    [ $got = 0 ] || [ $got = 3 ]
}
check 'and come to an end' ends
exhibit rules add often often.yar >log 2>&1
exhibit rules run 1/2 --rules often >log 2>&1
exhibit rules matches 1/2 --rules often --json 2>/dev/null | summary >bombed
check 'of a string that matches often places are cut and counted' \
    is '[300000,1000]' "$(jq -c '[.matches[] | select(.rule == "often" and (.path | endswith("as")))][0].strings[0] | [.count, (.at | length)]' bombed)"
echo 'rule million { strings: $x = /b/ condition: #x > 10 }' >million.yar
exhibit rules add million million.yar >log 2>&1
check 'a string that matches more than a million times costs the content' status_is 3 exhibit rules run 1/2 --rules million
exhibit rules matches 1/2 --rules million --json 2>/dev/null | summary >million
check 'and that is no matter of time' is '["engine"]' "$(jq -c '[.not_scanned[].not_scanned.reason] | unique' million)"
python3 -c '
print("rule lots { strings:")
for i in range(9000): print("  $s%d = \"string number %d\"" % (i, i))
print("condition: any of them }")
for r in range(10):
    print("rule more%d { strings:" % r)
    for i in range(9000): print("  $s%d = \"another %d of %d\"" % (i, i, r))
    print("condition: any of them }")' >lots.yar
check '100,000 strings are taken in' exhibit rules add lots lots.yar
check 'and run' exhibit rules run 1/2 --rules lots

# ---- the end of rules ----

check 'removed' exhibit rules remove R
check 'they are not run any more' status_is 6 exhibit rules run 1/1 --rules R
check 'what they found stays' status_is 3 exhibit rules matches 1/1 --rules R
check 'and their text: the vault is whole' exhibit vault check --deep
exhibit rebuild >log 2>&1
exhibit rules matches 1/1 --rules R --json --limit 100000 2>/dev/null | summary >rebuilt
check 'after a rebuild they are listed as before' is "$(result matches | sha256sum)" "$(result rebuilt | sha256sum)"

# ---- with the item what was found in it goes ----

echo 'another passphrase here' >other
EXHIBIT_NEW_PASSPHRASE_FILE=$work/other exhibit officer add Other --permissions all --kdf-memory 8 >log 2>&1
exhibit item dispose 1/2 --legal-basis 'order 3' >log 2>&1
proposal=$(exhibit ledger show --json 2>/dev/null | summary |
    jq -r '[.shown[] | select(.event == "dispose.propose").index][-1]')
as_other() { EXHIBIT_OFFICER=Other EXHIBIT_PASSPHRASE_FILE=$work/other "$bin" "$@"; }
check 'the item is disposed of' as_other item dispose 1/2 --approve "$proposal"
check 'what rules matched in it is not shown any more' status_is 6 exhibit rules matches 1/2
check 'nor scanned' status_is 6 exhibit rules run 1/2 --rules often
check 'the other item'"'"'s matches are' status_is 3 exhibit rules matches 1/1 --rules R
check 'and rules are' exhibit rules show often
check 'the vault is sound' exhibit vault check --deep
echo "1..$count"
