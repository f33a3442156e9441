# SPDX-License-Identifier: Apache-2.0
# A collection that is interrupted ends in order, and the ledger says so.
make_vault
mkfifo pipe
exhibit collect - --case 7 --quiet <pipe >said 2>&1 &
collect=$!
exec 3>pipe
head -c 1000000 /dev/zero >&3
sleep 1
kill -TERM $collect
sleep 1
head -c 1000000 /dev/zero >&3 2>/dev/null
exec 3>&-
wait $collect
echo "exit $?"
cat said
t exhibit item list --quiet
s 'exhibit ledger show --quiet | grep -o "collect\.[a-z]*.*"'
t exhibit vault check --quiet
