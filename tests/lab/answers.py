#!/usr/bin/env python3
"""usage: answers.py PATH SAID=ANSWER...
Says lines at a UNIX socket or a terminal, and waits for the answer to each."""

import os
import socket
import stat
import sys
import time


def open_end(path):
    if stat.S_ISSOCK(os.stat(path).st_mode):
        end = socket.socket(socket.AF_UNIX)
        end.connect(path)
        return end.detach()
    return os.open(path, os.O_RDWR | os.O_NOCTTY)


def main():
    end = open_end(sys.argv[1])
    os.set_blocking(end, False)
    for pair in sys.argv[2:]:
        said, answer = pair.split("=")
        os.write(end, said.encode() + b"\n")
        heard, limit = "", time.monotonic() + 60
        while answer + "\n" not in heard.replace("\r", ""):
            assert time.monotonic() < limit, (said, heard)
            try:
                heard += os.read(end, 65536).decode()
            except BlockingIOError:
                time.sleep(0.1)
        print(f"{said}: {answer}")


main()
