#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What is told of a hive, against libhivex: system-check.py LIST_TOLD WORKER FILE…

Each attribute that is a value as it stands is read again by libhivex at the record's own key; so is when the key
was last written. Then it is counted there how many records of each list there must be. What is made of bytes (accounts, counts,
device times) is told by the folders that system-make.py writes, and checked in system.sh.
"""

import importlib.util
import os
import sys

import hivex

spec = importlib.util.spec_from_file_location("check", os.path.join(os.path.dirname(os.path.abspath(__file__)), "mail-check.py"))
mail = importlib.util.module_from_spec(spec)
spec.loader.exec_module(mail)

# by what it is about: the attribute, and the value (None: the trace's own name)
VALUES = {
    "operating-system": {"product": "ProductName", "edition": "EditionID", "registered-owner": "RegisteredOwner", "registered-organization": "RegisteredOrganization", "product-id": "ProductId"},
    "service": {"command": "ImagePath", "display-name": "DisplayName", "account": "ObjectName", "description": "Description", "group": "Group"},
    "usb-device": {"friendly-name": "FriendlyName", "description": "DeviceDesc", "service": "Service", "container-id": "ContainerID"},
    "network-interface": {"dhcp-address": "DhcpIPAddress", "dhcp-server": "DhcpServer", "dhcp-domain": "DhcpDomain", "set-address": "IPAddress", "dhcp": "EnableDHCP"},
    "time-zone": {"time-zone": "TimeZoneKeyName", "standard-name": "StandardName"},
    "wireless": {"profile": "ProfileName", "name-type": "NameType"},
    "network": {"profile": "ProfileName", "name-type": "NameType"},
    "profile": {"path": "ProfileImagePath", "user": "Logon User Name"},
    "executable": {"publisher": "Publisher", "version": "Version", "file-name": "Name", "file-size": "Size", "link-date": "LinkDate"},
}
PROGRAM = {"version": "DisplayVersion", "publisher": "Publisher", "install-date": "InstallDate", "location": "InstallLocation"}
MET = {"version": "Version", "publisher": "Publisher", "install-date": "InstallDate", "location": "RootDirPath"}


def values_of(about, list_name):
    if about == "program":
        return MET if list_name else PROGRAM
    if about == "executable" and list_name == b"File":
        return {"product": "0", "publisher": "1"}
    return VALUES.get(about, {})


def node_of(h, path):
    node = h.root()
    for name in path.split("\\") if path else []:
        node = h.node_get_child(node, name)
        assert node, path
    return node


def text(kind, data):
    """As it is told; None: it is not told as text."""
    units = lambda d: d[:len(d) & ~1].decode("utf-16-le", "replace")
    if kind in (1, 2):
        return units(data).split("\0")[0] or None
    if kind == 7:
        return ", ".join(t for t in units(data).split("\0") if t) or None
    if kind in (4, 11) and len(data) == (4 if kind == 4 else 8):
        return str(int.from_bytes(data, "little"))
    return None


def value_at(h, node, name):
    for v in h.node_values(node):
        if h.value_key(v).lower() == name.lower():
            return text(*h.value_value(v))
    return None


def filetime_text(n):
    seconds, rest = divmod(n - 116444736000000000, 10000000)
    return "%d.%09d" % (seconds, rest * 100)


def check_record(h, t):
    path = t.texts["registry-key"].decode()
    node = node_of(h, path)
    wanted = h.node_timestamp(node)
    if wanted > 0:
        assert ("3", filetime_text(wanted), "utc", "regf:key") in t.times, (path, t.times)
    count = 0
    for attribute, name in values_of(t.texts["about"].decode(), t.texts.get("list")).items():
        mail.compare(path + " " + attribute, t.texts.get(attribute, b"").decode() or None, value_at(h, node, name))
        count += 1
    if t.texts["about"] == b"autostart":
        mail.compare(path, t.texts["command"].decode(), value_at(h, node, t.name.decode()))
        count += 1
    return count


def children(h, path):
    try:
        return h.node_children(node_of(h, path))
    except AssertionError:
        return []


def counts(h):
    """How many records there must be, of what can be counted so."""
    select = value_at(h, node_of(h, "Select"), "Current") if h.node_get_child(h.root(), "Select") else None
    if select is not None:
        c = "ControlSet%03d\\" % int(select)
        yield "service", None, sum(value_at(h, n, "Type") is not None for n in children(h, c + "Services"))
        yield "usb-device", None, sum(len(h.node_children(n)) for p in ("USBSTOR", "USB") for n in children(h, c + "Enum\\" + p))
    if h.node_get_child(h.root(), "Classes"):
        yield "profile", None, sum(value_at(h, n, "ProfileImagePath") is not None for n in children(h, "Microsoft\\Windows NT\\CurrentVersion\\ProfileList"))
        yield "program", None, sum(value_at(h, n, "DisplayName") is not None for p in ("", "Wow6432Node\\") for n in children(h, p + "Microsoft\\Windows\\CurrentVersion\\Uninstall"))
    yield "program", b"InventoryApplication", len(children(h, "Root\\InventoryApplication"))
    yield "executable", b"InventoryApplicationFile", len(children(h, "Root\\InventoryApplicationFile"))
    yield "executable", b"File", sum(len(h.node_children(n)) for n in children(h, "Root\\File"))
    yield "group", None, sum(len(h.node_name(n)) == 8 for d in ("Builtin", "Account") for n in children(h, "SAM\\Domains\\" + d + "\\Aliases"))
    yield "account", None, sum(len(h.node_name(n)) == 8 for n in children(h, "SAM\\Domains\\Account\\Users"))
    e = "Software\\Microsoft\\Windows\\CurrentVersion\\Explorer\\"
    for place, wanted in (("RecentDocs", b"RecentDocs"), ("WordWheelQuery", b"WordWheelQuery")):
        yield "recent", wanted, sum(h.value_key(v).isdigit() and text(1, h.value_value(v)[1]) is not None for v in values(h, e + place))
    yield "recent", b"RunMRU", sum(len(h.value_key(v)) == 1 for v in values(h, e + "RunMRU"))
    yield "recent", b"TypedPaths", sum(h.value_key(v).lower().startswith("url") for v in values(h, e + "TypedPaths"))
    yield "recent", b"UserAssist", sum(h.value_value(v)[1].__len__() in (16, 72) for n in children(h, e + "UserAssist") for v in h.node_values(h.node_get_child(n, "Count")))
    yield "recent", b"MountPoints2", len(children(h, e + "MountPoints2"))


def values(h, path):
    try:
        return h.node_values(node_of(h, path))
    except AssertionError:
        return []


def check(tool, worker, file):
    traces = mail.told(tool, worker, file, "system")
    h = hivex.Hivex(file)
    records = [t for t in traces if t.kind == "record"]
    assert records and records[0].texts["about"] == b"hive", traces[0].problems
    compared = sum(check_record(h, t) for t in records if "registry-key" in t.texts)
    for about, list_name, wanted in counts(h):
        got = sum(t.texts["about"].decode() == about and (list_name is None or t.texts.get("list") == list_name) for t in records)
        mail.compare("how many are about %s %s" % (about, list_name), got, wanted)
    print(os.path.basename(file), len(records), "records,", compared, "values compared")


for file in sys.argv[3:]:
    check(sys.argv[1], sys.argv[2], file)
