# SPDX-License-Identifier: Apache-2.0
# The shapes of the lines that --json prints.
make_disk disk.img
make_vault

# The names of the members of the last line's object, in order, without those inside of them.
members() {
    python3 -c '
import json, sys
lines = [json.loads(line) for line in sys.stdin]
last = lines[-1]
print("  types:", *sorted({line["type"] for line in lines}))
print("  line:", *last)
print("  exit, verdict or code:", last["exit"], last.get("verdict", last.get("code")))
if last.get("result"):
    print("  result:", *last["result"])
    for name, value in last["result"].items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            value = value[0]
        if isinstance(value, dict):
            print("  " + name + ":", *value)
'
}
command -v python3 >/dev/null || skip 'python3 is needed to read JSON'

j() {
    echo "$ $*"
    "$@" >lines 2>talk </dev/null
    status=$?
    grep -v '^{"type":"progress",' lines >line # there when the machine is slow
    echo "exit $status, $(wc -l <line) line, $(wc -c <talk) bytes of talk"
    members <line
}
j exhibit init other --agency A --officer B --plain --kdf-memory 8 --json
j exhibit case new --number 8 --title Two --json
j exhibit case list --json
j exhibit collect disk.img --case 7 --json
j exhibit item list --json
j exhibit item show 7/1 --json
j exhibit verify 7/1 --json
j exhibit export 7/1 --format raw --output copy.img --json
j exhibit custody log 7/1 --json
j exhibit vault check --json
j exhibit ledger show --json
j exhibit ledger verify --json
j exhibit ledger checkpoint --json
j exhibit ledger prove 1 --json
j exhibit rebuild --json
j exhibit help --json
j exhibit version --json
j exhibit item show 7/99 --json
j exhibit collect folder --case 99 --json
j exhibit nonsense --json
