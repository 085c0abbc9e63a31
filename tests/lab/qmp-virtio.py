#!/usr/bin/env python3
"""usage: qmp-virtio.py SOCKET add|remove IMAGE TAP
Brings a disk and a network card to a guest, or takes them, as libvirt does: by nodes and network ends, whose descriptors are sent."""

import os
import sys

from qmp_guest import Guest, open_tap


def add_disk(guest, image):
    fd = os.open(image, os.O_RDWR)
    guest.ask("add-fd", fd, **{"fdset-id": 1})
    os.close(fd)
    guest.ask("blockdev-add", **{"driver": "file", "filename": "/dev/fdset/1", "node-name": "storage", "auto-read-only": True})
    guest.ask("blockdev-add", **{"driver": "raw", "file": "storage", "node-name": "format", "read-only": False})
    guest.ask("device_add", driver="virtio-blk-pci", drive="format", id="data", bus="pci.0", addr="0x1", serial="lab1")
    guest.ask("remove-fd", **{"fdset-id": 1})


def add_card(guest, tap):
    for name, fd in ("fd-net0", open_tap(tap)), ("vhostfd-net0", os.open("/dev/vhost-net", os.O_RDWR)):
        guest.ask("getfd", fd, fdname=name)
        os.close(fd)
    guest.ask("netdev_add", type="tap", fd="fd-net0", vhost=True, vhostfd="vhostfd-net0", id="hostnet0")
    guest.ask("device_add", driver="virtio-net-pci", netdev="hostnet0", id="wire", mac="52:54:00:00:00:01", bus="pci.2", addr="0x0")


def remove(guest):
    stats = guest.ask("query-blockstats")[0]["stats"]
    assert stats["rd_bytes"] and stats["wr_operations"] and stats["flush_operations"], stats
    assert guest.ask("query-block")[0]["inserted"]["node-name"] == "format"
    for device in "data", "wire":
        guest.ask("device_del", id=device)
    for _ in range(2):
        guest.wait_for("DEVICE_DELETED")
    guest.ask("netdev_del", id="hostnet0")
    for node in "format", "storage":
        guest.ask("blockdev-del", **{"node-name": node})
    assert not guest.ask("query-named-block-nodes")


def main():
    path, what, image, tap = sys.argv[1:]
    guest = Guest(path)
    if what == "add":
        add_disk(guest, image)
        add_card(guest, tap)
    else:
        remove(guest)


main()
