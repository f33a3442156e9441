#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a program that wants a passphrase from a terminal: age-tty.py PASSPHRASE COMMAND…

Gives it a terminal of its own and answers every question that names a passphrase. The exit status is
that of the program; what it shows goes to standard error. Ends it after 60 seconds.
"""
import os
import pty
import select
import sys
import time

passphrase, command = sys.argv[1], sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)

shown = b""
deadline = time.monotonic() + 60
while True:
    left = deadline - time.monotonic()
    if left <= 0:
        os.kill(pid, 9)
        break
    if not select.select([terminal], [], [], left)[0]:
        continue
    try:
        data = os.read(terminal, 4096)
    except OSError:  # the program has closed it
        data = b""
    if not data:
        break
    os.write(2, data)
    shown += data
    if b"passphrase" in shown.lower() and shown.rstrip().endswith(b":"):
        shown = b""
        os.write(terminal, passphrase.encode() + b"\n")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 255)
