"""Lets commands on the emulated host act on it from outside: pull a device, inject an error, press reset.

`tests/lab/monitor COMMAND`, run there, sends one line through the "ask" port. It is given to QEMU's human monitor by
QMP, and the answer goes back, closed by a line with a single dot.
"""

import json
import socket


class Bridge:
    def __init__(self, host):
        self._host = host
        self._pending = b""
        self._qmp = None

    def take(self, data):
        *lines, self._pending = (self._pending + data).split(b"\n")
        for line in lines:
            answer = self._execute(line.decode())
            self._host.socket("ask").sendall(answer.replace("\r\n", "\n").encode() + b"\n.\n")

    def _execute(self, line):
        if self._qmp is None:
            self._qmp = Qmp(self._host.qmp_path)
        return self._qmp.command("human-monitor-command", {"command-line": line})


class Qmp:
    """QEMU's JSON monitor, as far as the lab needs it: one command at a time, events ignored."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(10)
        self._socket.connect(path)
        self._file = self._socket.makefile("rw")
        self._read()
        self.command("qmp_capabilities")

    def command(self, name, arguments=None):
        self._file.write(json.dumps({"execute": name, "arguments": arguments or {}}))
        self._file.flush()
        while True:
            message = self._read()
            if "error" in message:
                return f"error: {message['error']['desc']}"
            if "return" in message:
                return message["return"]

    def _read(self):
        return json.loads(self._file.readline())
