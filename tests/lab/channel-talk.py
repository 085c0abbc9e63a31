#!/usr/bin/env python3
"""usage: channel-talk.py CHANNEL CONTROL
What a program of the host's does with a channel of a guest, by its UNIX socket; CONTROL is the guest's control socket. The guest's
end is tests/lab/guest/tests/channel."""

import hashlib
import os
import re
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from qmp_guest import Guest  # noqa: E402

MUCH = 1 << 20


def join(path):
    end = socket.socket(socket.AF_UNIX)
    end.settimeout(60)
    end.connect(path)
    return end


def until(end, size):
    heard = b""
    while len(heard) < size:
        part = end.recv(65536)
        assert part, f"at its end after {len(heard)} bytes"
        heard += part
    return heard


def line(end):
    heard = b""
    while not heard.endswith(b"\n"):
        heard += end.recv(1)
        assert heard, "at its end"
    return heard.decode().strip()


def ask(end, text):
    end.sendall(text.encode() + b"\n")
    return line(end)


def is_open(guest, label):
    rows = [row for row in guest.ask("query-chardev") if row["label"] == label]
    assert len(rows) == 1, rows
    return rows[0]["frontend-open"]


def becomes(guest, wanted):
    """Until the guest has opened or closed it."""
    event = guest.wait_for("VSERPORT_CHANGE")
    assert event["data"] == {"id": "channel0", "open": wanted}, event


def md5(data):
    return hashlib.md5(data).hexdigest() + "  -"


def main():
    path, control = sys.argv[1:]
    guest = Guest(control)
    assert is_open(guest, "channel0")
    end = join(path)
    assert ask(end, "hello") == "HELLO"

    data = os.urandom(MUCH)
    assert ask(end, f"take {MUCH}") == "ready"
    start = time.monotonic()
    end.sendall(data)
    assert line(end) == md5(data), "what the guest got is not what was sent"
    print(f"{MUCH} bytes to the guest in {time.monotonic() - start:.2f} s")

    # It waits, and tenon keeps no more than it may: what is in its way is taken later.
    end.sendall(f"give {MUCH}\n".encode())
    time.sleep(5)
    resident = int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{guest.process}/status").read())[1])
    start = time.monotonic()
    data = until(end, MUCH)
    print(f"{MUCH} bytes from the guest in {time.monotonic() - start:.2f} s")
    data, rest = data[:MUCH], data[MUCH:]
    while not rest.endswith(b"\n"):
        rest += end.recv(100)
    assert rest.decode().strip() == md5(data), "what came is not what the guest gave"
    print(f"{resident} KiB resident while nobody read")

    end.sendall(b"close\n")
    becomes(guest, False)
    assert not is_open(guest, "channel0")
    end.sendall(b"early\n")  # waits on this side
    becomes(guest, True)
    assert line(end) == "EARLY"

    # Another one comes.
    end.close()
    end = join(path)
    assert ask(end, "again") == "AGAIN"
    end.sendall(b"end\n")
    becomes(guest, False)
    print("the channel was used, closed, opened and left")


main()
