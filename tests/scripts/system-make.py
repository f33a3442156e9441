#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Hives and files of Linux for system.sh: system-make.py FOLDER

The hives are written by libhivex, into an empty one of our own making: no Windows has seen them."""

import os
import struct
import sys

import hivex

SZ, EXPAND, BINARY, DWORD, MULTI, QWORD = 1, 2, 3, 4, 7, 11
FIRST, SECOND, THIRD = 133801598450000000, 133802000000000000, 133802111111234567


def empty_hive(path):
    """A head, one bin, and in it the root, its security descriptor, and what is free."""
    def cell(data, used=True):
        size = (len(data) + 4 + 7) // 8 * 8
        return struct.pack("<i", -size if used else size) + data.ljust(size - 4, b"\0")
    name = b"ROOT"
    root = b"nk" + struct.pack("<HQ9I", 0x2C, FIRST, 0, 0xFFFFFFFF, 0, 0, 0xFFFFFFFF, 0xFFFFFFFF, 0, 0xFFFFFFFF, 0) + struct.pack("<I5IHH", 0xFFFFFFFF, 0, 0, 0, 0, 0, len(name), 0) + name
    # security stands right behind the root
    nk = cell(root)
    at = 32 + len(nk)
    root = root[:44] + struct.pack("<I", at) + root[48:]
    nk = cell(root)
    descriptor = struct.pack("<BBH4I", 1, 0, 0x8000, 0, 0, 0, 0)
    sk = cell(b"sk" + struct.pack("<HIIII", 0, at, at, 1, len(descriptor)) + descriptor)
    used = 32 + len(nk) + len(sk)
    free = struct.pack("<i", 4096 - used).ljust(4096 - used, b"\0")
    body = b"hbin" + struct.pack("<IIQQI", 0, 4096, 0, FIRST, 0) + nk + sk + free
    head = b"regf" + struct.pack("<IIQIIIIIII", 7, 7, FIRST, 1, 5, 0, 1, 32, 4096, 1)
    head += "made.hive".encode("utf-16-le").ljust(64, b"\0")
    head = head.ljust(508, b"\0")
    total = 0
    for word in struct.unpack("<127I", head):
        total ^= word
    with open(path, "wb") as f:
        f.write((head + struct.pack("<I", total)).ljust(4096, b"\0") + body)


def sz(text):
    return text.encode("utf-16-le") + b"\0\0"


def value(data):
    if isinstance(data, tuple):
        return data
    if isinstance(data, str):
        return SZ, sz(data)
    if isinstance(data, int):
        return DWORD, struct.pack("<I", data & 0xFFFFFFFF)
    if isinstance(data, list):
        return MULTI, b"".join(sz(d) for d in data) + b"\0\0"
    return BINARY, data


def make_hive(path, keys):
    empty_hive(path)
    h = hivex.Hivex(path, write=True)
    for place, values in keys.items():
        node = h.root()
        for name in place.split("\\"):
            node = h.node_get_child(node, name) or h.node_add_child(node, name)
        h.node_set_values(node, [{"key": k, "t": value(v)[0], "value": value(v)[1]} for k, v in values.items()])
    h.commit(None)


def filetime(n):
    return struct.pack("<Q", n)


def system(path):
    c = "ControlSet002\\"
    net = "{4D36E972-E325-11CE-BFC1-08002BE10318}"
    one, two, three = "{00000000-1111-2222-3333-444444444444}", "{AAAAAAAA-1111-2222-3333-444444444444}", "{BBBBBBBB-1111-2222-3333-444444444444}"
    device = c + "Enum\\USBSTOR\\Disk&Ven_ACME&Prod_Stick&Rev_1.0\\SN0001&0"
    times = device + "\\Properties\\{83da6326-97a6-4088-9453-a1923f573b29}\\"
    old = c + "Enum\\USB\\VID_1234&PID_5678\\6&1a2b3c&0&1"
    make_hive(path, {
        "Select": {"Current": 2, "Default": 1, "LastKnownGood": 1},
        "ControlSet001\\Control\\ComputerName\\ComputerName": {"ComputerName": "WRONG"},
        c + "Control\\ComputerName\\ComputerName": {"ComputerName": "DESKTOP-ก1"},
        c + "Control\\Windows": {"ShutdownTime": filetime(THIRD)},
        c + "Control\\ProductOptions": {"ProductType": "WinNT"},
        c + "Control\\Session Manager\\Environment": {"PROCESSOR_ARCHITECTURE": "AMD64"},
        c + "Control\\TimeZoneInformation": {"TimeZoneKeyName": (SZ, sz("SE Asia Standard Time") + b"left over"), "StandardName": "@tzres.dll,-562", "Bias": -420, "ActiveTimeBias": -420, "DaylightBias": 0},
        c + "Services\\Tcpip\\Parameters": {"Hostname": "desktop-1", "Domain": "example.org", "DhcpNameServer": "192.0.2.1"},
        c + "Services\\Tcpip\\Parameters\\Interfaces\\" + one: {"EnableDHCP": 1, "IPAddress": ["0.0.0.0"], "DhcpIPAddress": "192.0.2.17", "DhcpSubnetMask": "255.255.255.0", "DhcpServer": "192.0.2.1", "DhcpDomain": "lan.example.org", "DhcpNameServer": "192.0.2.1 192.0.2.2", "NameServer": "", "DhcpDefaultGateway": ["192.0.2.1"], "LeaseObtainedTime": 1735689600, "LeaseTerminatesTime": 1735776000},
        c + "Services\\Tcpip\\Parameters\\Interfaces\\" + two: {"EnableDHCP": 0, "IPAddress": ["198.51.100.4", "198.51.100.5"], "SubnetMask": ["255.255.255.0"], "NameServer": "198.51.100.1", "DefaultGateway": ["198.51.100.1"], "DhcpIPAddress": "192.0.2.99"},
        c + "Services\\Tcpip\\Parameters\\Interfaces\\" + three: {"UseZeroBroadcast": 0},
        c + "Control\\Network\\" + net + "\\" + one + "\\Connection": {"Name": "Wi-Fi"},
        c + "Control\\Class\\" + net + "\\0000": {"NetCfgInstanceId": two, "DriverDesc": "Other adapter"},
        c + "Control\\Class\\" + net + "\\0001": {"NetCfgInstanceId": one, "DriverDesc": "Some adapter", "NetworkAddress": "020000000001"},
        device: {"FriendlyName": "ACME Stick USB Device", "DeviceDesc": "@disk.inf,%disk_devdesc%;Disk drive", "ContainerID": "{01020304-0000-0000-0000-000000000000}"},
        times + "0064": {"": (0xFFFF0010, filetime(FIRST))},
        times + "0065": {"": (0xFFFF0010, filetime(FIRST))},
        times + "0066": {"": (0xFFFF0010, filetime(SECOND))},
        times + "0067": {"": (0xFFFF0010, filetime(THIRD))},
        old: {"DeviceDesc": "@usb.inf,%composite%;USB Composite Device"},
        old + "\\Properties\\{83da6326-97a6-4088-9453-a1923f573b29}\\00000065\\00000000": {"Data": filetime(FIRST), "Type": 16},
        c + "Services\\Spooler": {"DisplayName": "Print Spooler", "ImagePath": (EXPAND, sz("%SystemRoot%\\System32\\spoolsv.exe")), "Start": 2, "Type": 0x110, "ObjectName": "LocalSystem", "Description": "prints"},
        c + "Services\\disk": {"ImagePath": "System32\\drivers\\disk.sys", "Start": 0, "Type": 1},
        c + "Services\\Dhcp": {"ImagePath": "svchost.exe", "Start": 2, "Type": 0x20},
        c + "Services\\Dhcp\\Parameters": {"ServiceDll": "dhcpcore.dll"},
        c + "Services\\bam\\State\\UserSettings\\S-1-5-21-1-2-3-1001": {"\\Device\\HarddiskVolume2\\Windows\\notepad.exe": filetime(SECOND) + b"\0" * 16, "Version": 1},
    })


def software(path, more=()):
    nt = "Microsoft\\Windows NT\\CurrentVersion"
    w = "Microsoft\\Windows\\CurrentVersion\\"
    local = struct.pack("<8H", 2025, 1, 3, 15, 13, 14, 15, 250)
    keys = {
        "Classes\\.txt": {},
        nt: {"ProductName": "Windows 10 Pro", "DisplayVersion": "22H2", "ReleaseId": "2009", "CurrentVersion": "6.3", "CurrentMajorVersionNumber": 10, "CurrentMinorVersionNumber": 0, "CurrentBuild": "19045", "CurrentBuildNumber": "19045", "UBR": 3803, "EditionID": "Professional", "RegisteredOwner": "Ann Example", "RegisteredOrganization": "Example", "ProductId": "00330-80000-00000-AA000", "InstallDate": 1700000000, "InstallTime": (QWORD, filetime(FIRST)), "BuildLabEx": "19041.1.amd64fre.vb_release.191206-1406", "SystemRoot": "C:\\Windows"},
        "Microsoft\\Cryptography": {"MachineGuid": "11111111-2222-3333-4444-555555555555"},
        nt + "\\ProfileList\\S-1-5-18": {"ProfileImagePath": (EXPAND, sz("%systemroot%\\system32\\config\\systemprofile"))},
        nt + "\\ProfileList\\S-1-5-21-1-2-3-1001": {"ProfileImagePath": "C:\\Users\\ann", "LocalProfileLoadTimeHigh": SECOND >> 32, "LocalProfileLoadTimeLow": SECOND & 0xFFFFFFFF},
        nt + "\\NetworkList\\Profiles\\{0A}": {"ProfileName": "Café Wi-Fi", "Description": "Café Wi-Fi", "NameType": 71, "DateCreated": local, "DateLastConnected": struct.pack("<8H", 2025, 2, 5, 28, 23, 59, 59, 0)},
        nt + "\\NetworkList\\Profiles\\{0B}": {"ProfileName": "Network", "NameType": 6, "DateCreated": struct.pack("<8H", 2025, 2, 5, 30, 0, 0, 0, 0)},
        nt + "\\NetworkList\\Signatures\\Unmanaged\\0101": {"ProfileGuid": "{0A}", "FirstNetwork": "Café Wi-Fi", "DnsSuffix": "<none>", "DefaultGatewayMac": bytes.fromhex("0200000000fe")},
        nt + "\\Winlogon": {"Shell": "explorer.exe", "Userinit": "C:\\Windows\\system32\\userinit.exe,", "DefaultUserName": "ann", "DefaultPassword": "never-told", "AutoAdminLogon": "1"},
        nt + "\\Windows": {"AppInit_DLLs": ""},
        w + "Authentication\\LogonUI": {"LastLoggedOnUser": ".\\ann", "LastLoggedOnUserSID": "S-1-5-21-1-2-3-1001"},
        w + "Run": {"SecurityHealth": (EXPAND, sz("%windir%\\system32\\SecurityHealthSystray.exe")), "number": 7},
        "Wow6432Node\\" + w + "RunOnce": {"old": "C:\\old.exe"},
        w + "Uninstall\\{P1}": {"DisplayName": "Program One", "DisplayVersion": "1.2.3", "Publisher": "Maker", "InstallDate": "20240102", "InstallLocation": "C:\\Program Files\\One"},
        w + "Uninstall\\update": {"ParentKeyName": "x"},
        "Wow6432Node\\" + w + "Uninstall\\P2": {"DisplayName": "โปรแกรม", "DisplayVersion": "2"},
    }
    keys.update(more)
    make_hive(path, keys)


def account(rid, name, full, comment, flags, last=0, password=0, failed=0, logins=0):
    texts = [name, full, comment]
    table, data = bytearray(0xCC), b""
    for i, text in enumerate(texts):
        raw = text.encode("utf-16-le")
        struct.pack_into("<III", table, 0x0C * (i + 1), len(data), len(raw), 0)
        data += raw + b"\0" * (-len(raw) % 4)
    secret = b"hash-of-password"
    struct.pack_into("<III", table, 0xA8, len(data), len(secret), 1)
    data += secret
    f = struct.pack("<HHIQQQQQIIHHHHHH", 3, 1, 0, last, 0, password, 0x7FFFFFFFFFFFFFFF, failed, rid, 0x201, flags, 0, 0, 0, 2, logins)
    return {"V": bytes(table) + data, "F": f.ljust(80, b"\0")}


def sid(*parts):
    return struct.pack("<BB", 1, len(parts)) + b"\0\0\0\0\0\5" + struct.pack("<%dI" % len(parts), *parts)


def group(rid, name, comment, members):
    a, b, m = name.encode("utf-16-le"), comment.encode("utf-16-le"), b"".join(members)
    return {"C": struct.pack("<IIII", rid, 0, 0, 0) + struct.pack("<9I", 0, len(a), 0, len(a), len(b), 0, len(a) + len(b), len(m), len(members)) + a + b + m}


def sam(path):
    d = "SAM\\Domains\\"
    make_hive(path, {
        d + "Account": {"V": b"\0" * 40 + sid(21, 111, 222, 333)},
        d + "Account\\Users\\000001F4": account(500, "Administrator", "", "Built-in", 0x211),
        d + "Account\\Users\\000003E9": dict(account(1001, "อันน์", "Ann Example", "", 0x214, FIRST, SECOND, THIRD, 12), UserPasswordHint=sz("the cat")[:-2]),
        d + "Account\\Users\\Names\\Administrator": {"": (500, b"")},
        d + "Builtin\\Aliases\\00000220": group(544, "Administrators", "may do all", [sid(21, 111, 222, 333, 500), sid(21, 111, 222, 333, 1001)]),
    })


def security(path, domain):
    def text(t):
        raw = t.encode("utf-16-le")
        return (0, struct.pack("<HHI", len(raw), len(raw) + 2, 8) + raw)
    make_hive(path, {
        "Policy\\PolAcDmN": {"": text("DESKTOP-1")},
        "Policy\\PolAcDmS": {"": (0, sid(21, 111, 222, 333))},
        "Policy\\PolPrDmN": {"": text("EXAMPLE" if domain else "WORKGROUP")},
        "Policy\\PolPrDmS": {"": (0, sid(21, 9, 8, 7) if domain else b"")},
    })


def rot13(text):
    import codecs
    return codecs.encode(text, "rot13")


def recent(name):
    return sz(name) + b"\x14\0\x1f\0shell item"


def user(path):
    e = "Software\\Microsoft\\Windows\\CurrentVersion\\Explorer"
    make_hive(path, {
        "Control Panel\\Desktop": {},
        "Environment": {},
        e: {"Logon User Name": "ann"},
        e + "\\Shell Folders": {"Desktop": "C:\\Users\\ann\\Desktop", "Personal": "C:\\Users\\ann\\Documents"},
        e + "\\RecentDocs": {"0": recent("บัญชี.xlsx"), "1": recent("plan.txt"), "MRUListEx": struct.pack("<3I", 1, 0, 0xFFFFFFFF)},
        e + "\\RecentDocs\\.txt": {"0": recent("plan.txt"), "MRUListEx": struct.pack("<2I", 0, 0xFFFFFFFF)},
        e + "\\TypedPaths": {"url1": "D:\\secret", "url2": "C:\\"},
        e + "\\RunMRU": {"a": "cmd\\1", "b": "regedit\\1", "MRUList": "ba"},
        e + "\\WordWheelQuery": {"0": sz("invoice"), "MRUListEx": struct.pack("<2I", 0, 0xFFFFFFFF)},
        e + "\\UserAssist\\{CEBFF5CD-ACE2-4F4F-9178-9926F41749EA}\\Count": {rot13("{1AC14E77}\\notepad.exe"): struct.pack("<IIII", 0, 5, 7, 9000).ljust(60, b"\0") + filetime(THIRD) + b"\0" * 4, rot13("UEME_CTLSESSION"): b"\0" * 1612},
        e + "\\UserAssist\\{75048700-EF1F-11D0-9888-006097DEACF9}\\Count": {rot13("UEME_RUNPATH:C:\\old.exe"): struct.pack("<IIQ", 1, 8, SECOND)},
        e + "\\MountPoints2\\##server#share": {},
        "Software\\Microsoft\\Internet Explorer\\TypedURLs": {"url1": "https://example.org/", "url2": "http://example.com/"},
        "Software\\Microsoft\\Internet Explorer\\TypedURLsTime": {"url1": filetime(FIRST)},
        "Network\\Z": {"RemotePath": "\\\\server\\share", "UserName": "EXAMPLE\\ann"},
        "Software\\Microsoft\\Windows\\CurrentVersion\\Run": {"mine": "C:\\mine.exe /x"},
        "Software\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\own": {"DisplayName": "Own Program"},
    })


def classes(path):
    make_hive(path, {"Local Settings\\Software\\Microsoft\\Windows\\Shell\\MuiCache": {"C:\\a.exe.FriendlyAppName": "Program A", "C:\\a.exe.ApplicationCompany": "Maker", "@C:\\x.dll,-1": "text", "LangID": b"\t\4"}})


def amcache(path):
    make_hive(path, {
        "Root\\InventoryApplication\\0000aa": {"Name": "Program A", "Version": "1", "Publisher": "Maker", "InstallDate": "01/02/2024 03:04:05"},
        "Root\\InventoryApplicationFile\\a.exe|1": {"LowerCaseLongPath": "c:\\a.exe", "Name": "a.exe", "FileId": "0000" + "ab" * 20, "Size": (QWORD, struct.pack("<Q", 5 << 32)), "LinkDate": "01/02/2024 03:04:05"},
        "Root\\File\\{vol}\\100": {"15": "C:\\b.exe", "101": "0000" + "cd" * 20, "17": (QWORD, filetime(FIRST))},
    })


def hurt(source, path, change):
    with open(source, "rb") as f:
        data = bytearray(f.read())
    data = change(data) or data
    with open(path, "wb") as f:
        f.write(data)


def set_at(at, form, number):
    def change(data):
        struct.pack_into(form, data, at, number)
    return change


def list_of_root(data):
    return 4096 + struct.unpack_from("<I", data, 4096 + 32 + 4 + 28)[0] + 4


def loop(data):
    struct.pack_into("<I", data, list_of_root(data) + 4, 32)


def fan(data):
    """The root's list names lists that name themselves, over and over."""
    at = list_of_root(data)
    data[at:at + 2] = b"ri"
    struct.pack_into("<I", data, at + 4, at - 4 - 4096)
    struct.pack_into("<I", data, 4096 + 36 + 20, 0x7FFFFFFF)


def hives(folder):
    system(folder + "/SYSTEM")
    software(folder + "/SOFTWARE")
    sam(folder + "/SAM")
    security(folder + "/SECURITY", False)
    security(folder + "/SECURITY-domain", True)
    user(folder + "/NTUSER.DAT")
    classes(folder + "/UsrClass.dat")
    amcache(folder + "/Amcache.hve")
    make_hive(folder + "/other.hive", {"Some\\Key": {"a": "b"}})
    nt = "Microsoft\\Windows NT\\CurrentVersion"
    software(folder + "/large.SOFTWARE", {"Microsoft\\Windows\\CurrentVersion\\Run": {"long": "x" * 20000, "short": "y"}, nt + "\\ProfileList\\S-1-5-19": {}})
    system_file = folder + "/SYSTEM"
    hurt(system_file, folder + "/dirty.SYSTEM", set_at(8, "<I", 6))
    hurt(system_file, folder + "/cut.SYSTEM", lambda d: d[:6000])
    hurt(system_file, folder + "/no-root.SYSTEM", set_at(36, "<I", 0x7FFFFFF8))
    hurt(folder + "/SAM", folder + "/loop.SAM", loop)
    hurt(folder + "/SAM", folder + "/fan.SAM", fan)
    hurt(folder + "/SAM", folder + "/log.SAM", set_at(28, "<I", 6))
    hurt(folder + "/SAM", folder + "/version.SAM", set_at(20, "<I", 9))
    make_hive(folder + "/no-set.SYSTEM", {"Select": {"Current": 5}, "ControlSet001": {}})


def login(event, user, line, host, when, address=b"", micro=0, pid=100):
    return struct.pack("<hxxi32s4s32s256shhiii16s20x", event, pid, line.encode(), b"ts/0", user.encode(), host.encode(), 0, 0, 0, when, micro, address)


def linux(folder):
    with open(folder + "/wtmp", "wb") as f:
        f.write(login(2, "reboot", "~", "6.1.0-13-amd64", 1735689600))
        f.write(login(7, "ann", "pts/0", "192.0.2.7", 1735689700, bytes([192, 0, 2, 7]), 123456))
        f.write(login(7, "บี", "pts/1", "2001:db8::1", 1735689800, bytes.fromhex("20010db8000000000000000000000001")))
        f.write(login(8, "", "pts/0", "", 1735689900))
    with open(folder + "/cut.wtmp", "wb") as f:
        f.write(login(7, "ann", "pts/0", "", 1735689700) * 30 + b"\7\0")
    with open(folder + "/hurt.wtmp", "wb") as f:
        f.write(login(7, "ann", "pts/0", "", 1735689700) * 30 + b"\xff" * 384 + login(7, "ben", "pts/0", "", 1735689701))
    texts = {
        "os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nVERSION="12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\nHOME_URL="https://www.debian.org/"\n',
        "quotes.os-release": "NAME='A \"B\" C'\nID=x\nPRETTY_NAME=\"a \\$b \\\\ \\\"c\\\"\"\n",
        "passwd": "root:x:0:0:root:/root:/bin/bash\ndaemon:*:1:1:daemon:/usr/sbin:/usr/sbin/nologin\nann:$6$salt$secrethash:1000:1000:Ann Example,Room 1,,:/home/ann:/bin/bash\nบี::1001:1001::/home/b:\n",
        "mac.passwd": "##\n# User Database\n##\nnobody:*:-2:-2:Unprivileged User:/var/empty:/usr/bin/false\nroot:*:0:0:System Administrator:/var/root:/bin/sh\n",
        "dpkg-status": "Package: adduser\nStatus: install ok installed\nPriority: important\nSection: admin\nInstalled-Size: 686\nMaintainer: Debian Adduser Developers <adduser@packages.debian.org>\nArchitecture: all\nVersion: 3.134\nDescription: add and remove users and groups\n This package\n .\n Version: not a field\n\nPackage: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1:2.0-1\nDescription: was here\n",
        # what looks like these, and is none of them
        "not.passwd": "root:x:0:0:root:/root:/bin/bash\nthis is a remark\n",
        "group": "root:x:0:\nann:x:1000:\n",
        "not.os-release": "ID=1\nNAME=x\nfor i in 1 2 3; do echo; done\nPRETTY_NAME=y\n",
        "Packages": "Package: adduser\nVersion: 3.134\nArchitecture: all\nFilename: pool/a.deb\n\n",
    }
    for name, text in texts.items():
        with open(folder + "/" + name, "w", encoding="utf-8") as f:
            f.write(text)
    with open(folder + "/not.wtmp", "wb") as f:
        f.write(b"\0" * 384 * 4)


os.makedirs(sys.argv[1], exist_ok=True)
hives(sys.argv[1])
linux(sys.argv[1])
