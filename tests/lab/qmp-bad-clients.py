#!/usr/bin/env python3
"""usage: qmp-bad-clients.py SOCKET
Clients that send garbage, half a command, too much, and never read; after each, a good one must be answered within 5 s."""

import json
import os
import socket
import sys
import time


def connect(path):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    connection.settimeout(5)
    return connection


def good_one_is_answered(path):
    began = time.monotonic()
    with connect(path) as connection, connection.makefile("rw") as stream:
        json.loads(stream.readline())
        for command in ("qmp_capabilities", "query-status"):
            json.dump({"execute": command}, stream)
            stream.flush()
            answer = json.loads(stream.readline())
    assert answer["return"]["running"], answer
    return time.monotonic() - began


def push(connection, data):
    """As much of it as is taken within 2 s; the other side may hang up."""
    connection.settimeout(2)
    try:
        connection.sendall(data)
    except OSError as error:
        return type(error).__name__
    return "all was taken"


def push_descriptors(connection):
    """Until the other side hangs up, 10000 at most; a few in names of their own before."""
    connection.sendall(b'{"execute":"qmp_capabilities"}')
    null = os.open("/dev/null", os.O_RDONLY)
    try:
        for i in range(40):
            command = json.dumps({"execute": "getfd", "arguments": {"fdname": f"n{i}"}}).encode()
            socket.send_fds(connection, [command], [null])
        for _ in range(1000):
            socket.send_fds(connection, [b" "], [null] * 10)
    except OSError as error:
        return type(error).__name__
    finally:
        os.close(null)
    raise AssertionError("it was not hung up on")


def main():
    path = sys.argv[1]
    kept = []
    for what, data in (
        ("garbage", os.urandom(100000)),
        ("half a command", b'{"execute": "query-st'),
        ("a command without end", b'{"execute": "' + b"x" * 10_000_000),
        ("brackets", b"[" * 1_000_000),
        ("commands whose answers nobody reads", b'{"execute":"qmp_capabilities"}' + b'{"execute":"query-qmp-schema"}' * 50_000),
    ):
        bad = connect(path)
        kept.append(bad)
        said = push(bad, data)
        print(f"{what}: {said}; a good client was answered in {good_one_is_answered(path):.2f} s", flush=True)
    bad = connect(path)
    kept.append(bad)
    said = push_descriptors(bad)
    print(f"descriptors that nobody asked for: {said}; a good client was answered in {good_one_is_answered(path):.2f} s")
    many = [connect(path) for _ in range(50)]
    for connection in many + kept:
        connection.close()
    print(f"50 that say nothing: a good client was answered in {good_one_is_answered(path):.2f} s")


if __name__ == "__main__":
    main()
