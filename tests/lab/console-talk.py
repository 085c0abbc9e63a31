#!/usr/bin/env python3
"""usage: console-talk.py COMMAND [ARGUMENT...]
Types into a console, which the command is the terminal of, and holds what comes against what must."""

import os
import pty
import sys
import time


def main():
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(sys.argv[1], sys.argv[1:])
    heard = b""

    def until(text):
        nonlocal heard
        end = time.monotonic() + 30
        while text not in heard:
            assert time.monotonic() < end, (text, heard[-200:])
            heard += os.read(terminal, 65536)
        heard = heard[heard.index(text) + len(text) :]

    until(b"Ctrl-] ends this")
    for word in b"hello", b"console":
        os.write(terminal, word + b"\n")
        until(word.upper())
    os.write(terminal, b"much\n")
    for number in range(1, 2001):
        until(b"%d\n" % number)
    until(b"MUCH")
    os.write(terminal, b"\x1d")
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


sys.exit(main())
