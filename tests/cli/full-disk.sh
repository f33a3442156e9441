# SPDX-License-Identifier: Apache-2.0
# The disk is full in the middle of a collection: it says so, and what was held stays whole.
[ "$(id -u)" = 0 ] || skip 'only root can mount a small disk'
mkdir small
mount -t tmpfs -o size=3m,mode=700 tmpfs small 2>/dev/null || skip 'a tmpfs cannot be mounted here'
trap 'umount small' EXIT
known edeaaff3f1774ad2888673770c6d64097e391bc362d7d6fb34982ddf0efd18cb
known df47a803e73b11e8a43594a793382726f0807ab5130df9ee36d408508dcf4302

exhibit init small/vault --agency 'Test Agency' --officer 'Sok Dara' --plain --kdf-memory 8 --quiet \
    >/dev/null || exit 1
EXHIBIT_VAULT=small/vault
export EXHIBIT_VAULT
exhibit case new --number 7 --title 'Test case' --quiet >/dev/null || exit 1
echo abc >first
exhibit collect first --case 7 --quiet >/dev/null || exit 1

# Bytes that do not compress, and are the same in every run.
openssl enc -aes-128-ctr -nosalt -K 00000000000000000000000000000000 \
    -iv 00000000000000000000000000000000 -in /dev/zero 2>/dev/null | head -c 8388608 >big
known_sha256 big
t exhibit collect big --case 7 --quiet
mount -o remount,size=64m small
t exhibit verify 7/1 --quiet
t exhibit item list --quiet
s 'exhibit ledger show --quiet | grep -o "collect\.[a-z]*.*"'
t exhibit collect big --case 7 --quiet
