"""A client of a guest's control socket, for the lab's cases, and what it sends."""

import fcntl
import json
import os
import socket
import struct
import sys

TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 0x0002, 0x1000, 0x4000


def open_tap(name):
    fd = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI | IFF_VNET_HDR))
    return fd


class Guest:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(path)
        credentials = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        self.process = struct.unpack("3i", credentials)[0]
        self.stream = self.socket.makefile("r")
        self.events = []
        json.loads(self.stream.readline())
        self.ask("qmp_capabilities")

    def ask(self, command, sent=None, **arguments):
        """What is answered; @sent is a descriptor that goes with the command."""
        text = json.dumps({"execute": command, "arguments": arguments}).encode()
        if sent is None:
            self.socket.sendall(text)
        else:
            socket.send_fds(self.socket, [text], [sent])
        while True:
            message = json.loads(self.stream.readline())
            if "event" not in message:
                print(command, json.dumps(message), flush=True)
                if "error" in message:
                    sys.exit(1)
                return message["return"]
            self.events.append(message)

    def wait_for(self, event):
        while True:
            message = self.events.pop(0) if self.events else json.loads(self.stream.readline())
            print(json.dumps(message), flush=True)
            if message["event"] == event:
                return message
