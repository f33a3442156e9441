# SPDX-License-Identifier: Apache-2.0
"""Collects two files on a terminal of COLUMNS × ROWS and looks at every line that it draws.

    several-tty.py EXHIBIT COLUMNS ROWS [--plain]

One name holds an escape sequence: nothing but the program's own sequences may arrive.
"""
import fcntl, os, pty, re, struct, sys, termios

exhibit, columns, rows = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
plain = "--plain" in sys.argv
os.makedirs("tty", exist_ok=True)
names = [b"tty/one", b"tty/\x1b[2Jtwo\n\xff" + b"long" * 20]
for number, name in enumerate(names):
    with open(name, "wb") as f:
        f.write(os.urandom(40_000_000) + bytes([number]))

pid, terminal = pty.fork()
if pid == 0:
    if not plain:
        os.environ["TERM"] = "xterm"
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.execv(exhibit, [exhibit, "collect", *names, "--case", "c", "--jobs", "2"])
seen = b""
while True:
    try:
        got = os.read(terminal, 65536)
    except OSError:
        break
    if not got:
        break
    seen += got
_, status = os.waitpid(pid, 0)
os.write(1, seen[-2000:])
if status != 0:
    sys.exit(f"ended with status {status}")

before, _, _ = seen.partition(b"Collected 2 of 2")  # what comes behind it is a page
text = before.decode()
own = re.compile(r"\r?\x1b\[\d+A|\x1b\[J|\x1b\[K")
if plain and "\x1b" in text:
    sys.exit("an escape sequence on a terminal that knows none")
if not plain and not own.search(text):
    sys.exit("nothing was drawn")
for block in re.split(r"\r?\x1b\[\d+A\x1b\[J", text):
    lines = own.sub("", block).replace("\r", "").split("\n")
    if "\x1b" in "".join(lines):
        sys.exit("a name brought an escape sequence: " + repr(block))
    for line in lines:
        if len(line) > columns:
            sys.exit(f"a line of {len(line)} columns: {line!r}")
drawn = [len(b.split("\n")) - 1 for b in re.split(r"\r?\x1b\[\d+A\x1b\[J", text)]
if not plain and max(drawn) > rows + 2:  # two may have ended in it
    sys.exit(f"{max(drawn)} lines on a terminal of {rows}")
for n in re.findall(r"\x1b\[(\d+)A", text):
    if int(n) >= rows:
        sys.exit(f"went up {n} lines on a terminal of {rows}")
if "is held" not in text and columns >= 40:
    sys.exit("no end was told")
