#!/usr/bin/env python3
"""usage: qmp-handed.py SOCKET PROCESS add|remove NODE
Brings a device to a guest, or takes it, with descriptors that are sent: the device's node and /dev/iommu. When it has left, tenon,
which is PROCESS, must have neither open, each as soon as it says so."""

import os
import sys

from qmp_guest import Guest


def open_files(process):
    folder = f"/proc/{process}/fd"
    for number in os.listdir(folder):
        try:
            yield os.readlink(f"{folder}/{number}")
        except FileNotFoundError:
            pass


def must_be_closed(process, path):
    if path in open_files(process):
        sys.exit(f"{path} is open still")


def main():
    path, process, what, node = sys.argv[1:]
    guest = Guest(path)
    if what == "add":
        for name, opened in ("iommufd", "/dev/iommu"), ("node", node):
            fd = os.open(opened, os.O_RDWR)
            guest.ask("getfd", fd, fdname=name)
            os.close(fd)
            if name == "iommufd":
                guest.ask("object-add", **{"qom-type": "iommufd", "id": "iommufd0", "fd": name})
        guest.ask("device_add", driver="vfio-pci", id="hostdev0", iommufd="iommufd0", fd="node", bus="pci.0", addr="0x1")
    else:
        guest.ask("device_del", id="hostdev0")
        guest.wait_for("DEVICE_DELETED")
        must_be_closed(process, node)
        guest.ask("object-del", id="iommufd0")
        must_be_closed(process, "/dev/iommu")


main()
