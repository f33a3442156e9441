#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the reader of system records tells in its confined worker, against libhivex, reglookup, getent
# and last.
# tests/scripts/system.sh EXHIBIT
# Prints TAP.
scripts=$(realpath "$(dirname "$0")")
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" system "$1"
build=$(dirname "$bin")/../..
tool=$build/tests/unit/parsers/list_told
worker=$build/parsers/exhibit-system
show() { python3 "$scripts/mail-check.py" "$tool" "$worker" --show "$1" system; }
record() { # FILE NUMBER PATTERN…: all are in that record
    show "$1" | sed -n "/^record r$2 /,/^record r$(($2 + 1)) /p" >found
    cat found
    for pattern in "${@:3}"; do
        grep -qP -- "$pattern" found || { echo "not there: $pattern" && return 1; }
    done
}
problem() { # FILE PATTERN
    show "$1" | tee /dev/stderr | grep -qP -- "^problem $2"
}
lacks() { # FILE PATTERN
    show "$1" | tee /dev/stderr | (! grep -qP -- "$2")
}
holds() { # FILE: the worker neither crashed nor broke a rule
    "$tool" "$worker" system "$1" >found
    [ $? -le 1 ] && cat found && ! grep -aP '^failed\t(?!(format|unsupported)\tsystem:)' found
}

# ---- hives, written by libhivex ----

if /usr/bin/python3 -c 'import hivex' 2>/dev/null; then
    /usr/bin/python3 "$scripts/system-make.py" made || exit 1
    for file in SYSTEM SOFTWARE SAM SECURITY SECURITY-domain NTUSER.DAT UsrClass.dat Amcache.hve other.hive; do
        check "libhivex reads the same in $file" /usr/bin/python3 "$scripts/system-check.py" "$tool" "$worker" "made/$file"
        check "nothing is wrong with $file" lacks "made/$file" '^problem'
    done
    check "a head" record made/SYSTEM 1 "hive='SYSTEM'" "version='1\.5'" "dirty='no'" "last-written='2024-12-31T23:04:05Z'"
    check "a computer" record made/SYSTEM 2 "about='computer'" "computer-name='DESKTOP-" "domain='example.org'" "architecture='AMD64'" \
        "last-shutdown='2025-01-01T13:18:31.1234567Z'" 'time 1 1735737511.123456700 utc regf:ShutdownTime'
    check "of the control set that was in use" lacks made/SYSTEM WRONG
    check "a time zone" record made/SYSTEM 3 "about='time-zone'" "time-zone='SE Asia Standard Time'" "  bias-minutes='-420'"
    check "an address by DHCP" record made/SYSTEM 4 "^record r4 'Wi-Fi'" "  address='192.0.2.17'" "gateway='192.0.2.1'" "name-servers='192.0.2.1 192.0.2.2'" \
        "dhcp-server='192.0.2.1'" "dhcp-domain='lan.example.org'" "mac='020000000001'" "lease-from='2025-01-01T00:00:00Z'" "lease-until='2025-01-02T00:00:00Z'"
    check "addresses that were set" record made/SYSTEM 5 "  address='198.51.100.4, 198.51.100.5'" "dhcp='0'" "adapter='Other adapter'"
    check "a USB stick" record made/SYSTEM 6 "about='usb-device'" "vendor='ACME'" "product='Stick'" "serial='SN0001'" "first-connected='2024-12-31T23:04:05Z'" \
        "last-connected='2025-01-01T10:13:20Z'" "last-removed='2025-01-01T13:18:31.1234567Z'"
    check "a device of before Windows 8" record made/SYSTEM 7 "vendor='1234'" "product='5678'" "first-connected='2024-12-31T23:04:05Z'"
    check "a number that Windows made is no serial number" lacks made/SYSTEM "serial='6"
    check "what a user ran" record made/SYSTEM 8 "list='bam'" "sid='S-1-5-21-1-2-3-1001'" "last-run='2025-01-01T10:13:20Z'"
    check "a service" record made/SYSTEM 11 "about='service'" "start='automatic'" "service-type='program'" "account='LocalSystem'"
    check "an operating system" record made/SOFTWARE 2 "product='Windows 10 Pro'" "version='22H2'" "build='19045.3803'" "edition='Professional'" \
        "architecture='amd64'" "registered-owner='Ann Example'" 'time 4 1700000000.000000000 utc regf:InstallDate'
    check "a profile" record made/SOFTWARE 7 "path='C:.*ann'" "sid='S-1-5-21-1-2-3-1001'" "loaded='2025-01-01T10:13:20Z'"
    check "a wireless network" record made/SOFTWARE 8 "about='wireless'" "first-connected='2025-01-15T13:14:15'" "last-connected='2025-02-28T23:59:59'" \
        'time 4 1736946855.250000000 local' "gateway-mac='02:00:00:00:00:fe'"
    check "the 30th of February is no time" record made/SOFTWARE 9 "about='network'"
    check "and none is told" eval '! grep -a local found'
    check "a password is not told" lacks made/SOFTWARE never-told
    check "an account" record made/SAM 3 "full-name='Ann Example'" "sid='S-1-5-21-111-222-333-1001'" "last-login='2024-12-31T23:04:05Z'" \
        "password-set='2025-01-01T10:13:20Z'" "last-failed-login='2025-01-01T13:18:31.1234567Z'" "  logins='12'" "disabled='no'" "password-hint='the cat'"
    check "one that is disabled" record made/SAM 2 "disabled='yes'" "comment='Built-in'"
    check "a hash is not told" lacks made/SAM hash-of
    check "a group" record made/SAM 4 "members='S-1-5-21-111-222-333-500, S-1-5-21-111-222-333-1001'"
    check "a workgroup" record made/SECURITY 2 "workgroup='WORKGROUP'" "computer-name='DESKTOP-1'"
    check "a domain" record made/SECURITY-domain 2 "  domain='EXAMPLE'" "domain-sid='S-1-5-21-9-8-7'"
    check "the newest document" record made/NTUSER.DAT 4 "^record r4 'plan.txt'" "position='1'" "list-written='2024"
    check "an older one has no time" record made/NTUSER.DAT 3 "position='2'"
    check "none at all" eval '! grep -a time found'
    check "an address that was typed" record made/NTUSER.DAT 6 "^record r6 'https://example.org/'" "typed='2024-12-31T23:04:05Z'"
    check "a command" record made/NTUSER.DAT 10 "^record r10 'cmd'" "list='RunMRU'" "position='2'"
    check "a count of Windows XP" record made/NTUSER.DAT 13 "runs='3'" "last-run='2025-01-01T10:13:20Z'"
    check "a count since Windows 7" record made/NTUSER.DAT 14 'notepad.exe' "runs='5'" "focus-count='7'" "last-run='2025-01-01T13:18:31.1234567Z'"
    check "a share" record made/NTUSER.DAT 16 "^record r16 '.*server.*share'" "drive='Z'"
    check "a program that was shown" record made/UsrClass.dat 2 "a.exe'" "shown-as='Program A'"
    check "a file that Windows met" record made/Amcache.hve 3 "sha1='(ab){20}'" "file-size='21474836480'"
    check "one of before" record made/Amcache.hve 4 "sha1='(cd){20}'" "file-modified='2024-12-31T23:04:05Z'"

    check "a value of 40 KB is cut, and that is said" problem made/large.SOFTWARE 'limit values 1 values'
    check "in pieces" record made/large.SOFTWARE 10 "^record r10 'long'" "command='x{200}'"
    check "a dirty hive" problem made/dirty.SYSTEM 'unsupported dirty'
    check "a head that was changed" problem made/dirty.SYSTEM 'format head'
    check "no control set that was in use" problem made/no-set.SYSTEM 'format select'
    check "and none is guessed" lacks made/no-set.SYSTEM "about='computer'"
    check "a hive that is cut" problem made/cut.SYSTEM 'format end'
    check "no root" problem made/no-root.SYSTEM 'format root'
    check "a list that names its own key" problem made/loop.SAM 'format structure'
    check "a list of itself" problem made/fan.SAM 'format structure'
    check "a transaction log" record made/log.SAM 1 "hive='transaction-log'"
    check "another version" problem made/version.SAM 'unsupported system:'
    for file in made/*; do
        check "the worker comes through ${file#made/}" holds "$file"
    done
else
    skip "hives" "no libhivex for Python (python3-hivex)"
fi
if command -v reglookup >/dev/null && [ -d made ]; then
    # The names, types and keys of all texts of services.
    by_reglookup() {
        reglookup -p /ControlSet002/Services made/SYSTEM 2>/dev/null | sed -n 's#^/ControlSet002/Services/\([^/]*\)/\(ImagePath\|DisplayName\|Description\|ObjectName\),[A-Z_]*,\([^,]*\),.*#\1 \2 \3#p' |
            sed 's/%25/%/g; s/%5C/\\/g' | sort >theirs
        show made/SYSTEM | sed 's/\\\\/\\/g' | awk -F"'" '/^record/ {name = $2}
            /^  about=/ {service = $2 == "service"}
            service && /^  command=/ {print name, "ImagePath", $2}
            service && /^  display-name=/ {print name, "DisplayName", $2}
            service && /^  description=/ {print name, "Description", $2}
            service && /^  account=/ {print name, "ObjectName", $2}' | sort >ours
        [ "$(wc -l <ours)" = 6 ] && diff ours theirs
    }
    check "reglookup reads those hives, too" by_reglookup
else
    skip "reglookup reads those hives, too" "no reglookup"
fi

# ---- files of Linux ----

if [ -d made ]; then
    check "a name of an operating system" record made/os-release 1 "product='Debian GNU/Linux 12 \(bookworm\)'" "version='12 \(bookworm\)'" "id='debian'"
    check "quotes" record made/quotes.os-release 1 "name='A \"B\" C'" 'a \$b .* "c"'
    check "an account of Linux" record made/passwd 3 "uid='1000'" "full-name='Ann Example'" "home='/home/ann'" "password='here'"
    check "whose hash is not told" lacks made/passwd 'secrethash'
    check "an account of macOS" record made/mac.passwd 1 "uid='-2'" "password='locked'"
    check "a package" record made/dpkg-status 1 "version='3.134'" "state='installed'" "description='add and remove users and groups'"
    check "one that was removed" record made/dpkg-status 2 "state='config-files'" "version='1:2.0-1'"
    check "a login" record made/wtmp 2 "user='ann'" "terminal='pts/0'" "host='192.0.2.7'" "address='192.0.2.7'" "time='2025-01-01T00:01:40.1234560Z'"
    check "by IPv6" record made/wtmp 3 "address='2001:db8::1'"
    check "records that end early" problem made/cut.wtmp 'format end'
    check "one that is none" problem made/hurt.wtmp 'format records 1 of'
fi
same_logins() {
    TZ=UTC last --time-format iso -f made/wtmp | tee /dev/stderr | grep -q 'ann *pts/0 *192.0.2.7 *2025-01-01T00:01:40+00:00 - 2025-01-01T00:05:00+00:00'
}
if command -v last >/dev/null && [ -d made ]; then
    check "last reads those logins, too" same_logins
else
    skip "last reads those logins, too" "no last (util-linux, or wtmpdb)"
fi
cp /etc/passwd own.passwd
accounts() { # what the C library reads of the same file
    show own.passwd | python3 -c '
import re, sys
print(*(":".join([n, u, g, h, s]) for n, u, g, h, s in re.findall(
    r"^record r\d+ \x27(.*)\x27\n(?:  .*\n)*?  uid=\x27(.*)\x27\n  gid=\x27(.*)\x27\n(?:  (?:full-name|comment)=.*\n)*  home=\x27(.*)\x27\n  shell=\x27(.*)\x27\n", sys.stdin.read(), re.M)), sep="\n")' >ours
    python3 -c 'import pwd
print(*(":".join([p.pw_name, str(p.pw_uid), str(p.pw_gid), p.pw_dir, p.pw_shell]) for p in pwd.getpwall()), sep="\n")' >theirs
    [ -s ours ] && diff ours theirs
}
check "the accounts of this machine, as the C library reads them" accounts
packages() {
    show /var/lib/dpkg/status | sed -n "s/^record r[0-9]* '\(.*\)'$/\1/p; s/^  version='\(.*\)'/ \1/p; s/^  state='\(.*\)'/ \1/p" |
        awk '/^[^ ]/ {if (n) print n; n = $1; next} {n = n "" $0} END {print n}' | sort >ours
    dpkg-query -W -f '${Package} ${Version} ${db:Status-Status}\n' | sed 's/  */ /g' | sort >theirs
    [ -s ours ] && diff ours theirs
}
if command -v dpkg-query >/dev/null && [ -f /var/lib/dpkg/status ]; then
    check "the packages of this machine, as dpkg-query lists them" packages
else
    skip "the packages of this machine" "no dpkg"
fi

# ---- a whole examination ----

examined() {
    mkdir tree && cp made/{SYSTEM,SAM,passwd,os-release,wtmp,dpkg-status,not.passwd,group,not.os-release,Packages,not.wtmp} tree/ &&
        /usr/sbin/mke2fs -q -F -t ext4 -b 4096 -d tree disk.img 8M &&
        exhibit init vault --agency A --officer One --plain --kdf-memory 8 && exhibit case new --number 1 --title t --officer One &&
        exhibit collect disk.img --case 1 --officer One && exhibit examine 1/1 --officer One &&
        exhibit trace export 1/1 --officer One --output traces.jsonl || return 1
    python3 - <<'END'
import collections, json
traces = [json.loads(l) for l in open("traces.jsonl")][1:-1]
types = {t.get("name"): t.get("type") for t in traces if t.get("kind") in ("file", "member")}
print(types)
for name, wanted in {"SYSTEM": "regf", "SAM": "regf", "passwd": "passwd", "os-release": "os-release", "wtmp": "utmp", "dpkg-status": "dpkg-status"}.items():
    assert types[name] == wanted, (name, types[name])
for name in ("not.passwd", "group", "not.os-release", "Packages"):
    assert types[name] == "text", (name, types[name])
assert types["not.wtmp"] != "utmp"
about = collections.Counter(t["attributes"]["about"] for t in traces if t.get("kind") == "record")
print(about)
assert about["account"] == 6 and about["service"] == 3 and about["program"] == 2 and about["hive"] == 2, about
END
}
if [ -d made ] && command -v /usr/sbin/mke2fs >/dev/null; then
    check "what is in an item" examined
else
    skip "what is in an item" "no mke2fs, or no python3-hivex"
fi
echo "1..$count"
