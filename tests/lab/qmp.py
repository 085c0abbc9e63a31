#!/usr/bin/env python3
"""usage: qmp.py SOCKET [--until EVENT] COMMAND [KEY=VALUE...]
Gives one command by QMP, prints the answer and, until EVENT has come, events. Exit code 1: it was refused, or nothing came in 60 s."""

import json
import socket
import sys


def main():
    arguments = sys.argv[1:]
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(60)
    connection.connect(arguments.pop(0))
    until = None
    if arguments[0] == "--until":
        until = arguments[1]
        del arguments[:2]
    stream = connection.makefile("rw")
    json.loads(stream.readline())
    ask(stream, "qmp_capabilities", {})
    answer, events = ask(stream, arguments[0], dict(pair.split("=", 1) for pair in arguments[1:]))
    print(json.dumps(answer), flush=True)
    if "error" in answer:
        return 1
    while until:
        event = events.pop(0) if events else json.loads(stream.readline())
        print(json.dumps(event), flush=True)
        if event.get("event") == until:
            break
    return 0


def ask(stream, command, arguments):
    """The answer, and the events that came before it."""
    json.dump({"execute": command, "arguments": arguments}, stream)
    stream.flush()
    events = []
    while True:
        message = json.loads(stream.readline())
        if "event" not in message:
            return message, events
        events.append(message)


if __name__ == "__main__":
    sys.exit(main())
