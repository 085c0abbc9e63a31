#!/usr/bin/env python3
"""usage: qmp-public.py SOCKET DISK TAP NODE
Every command that the guest's control socket lists, by qemu.qmp, the client that QEMU's own people publish: what is asked, what comes
and goes by descriptors that are sent, the events of it, errors by their class, and the guest's end."""

import asyncio
import os
import sys

from qemu.qmp import EventListener, ExecuteError, QMPClient, QMPError
from qmp_guest import open_tap

LIMIT = 60  # seconds for an answer or an event

# What is asked, in the order of the manual: the arguments, and a function of the answer that holds.
QUESTIONS = (
    ("query-version", {}, lambda answer: answer["package"].startswith("tenon ")),
    ("query-qmp-schema", {}, lambda answer: any(entry["name"] == "device_add" for entry in answer)),
    ("query-status", {}, lambda answer: answer == {"running": True, "status": "running"}),
    ("query-name", {}, lambda answer: answer == {"name": "lab"}),
    ("query-kvm", {}, lambda answer: answer == {"enabled": True, "present": True}),
    ("query-cpus-fast", {}, lambda answer: [cpu["cpu-index"] for cpu in answer] == [0, 1]),
    ("query-chardev", {}, lambda answer: any(each["frontend-open"] for each in answer)),
    ("query-pci", {}, lambda answer: answer[0]["bus"] == 0 and len(answer[0]["devices"]) > 1),
    ("query-target", {}, lambda answer: answer == {"arch": "x86_64"}),
    ("query-machines", {}, lambda answer: any(each.get("is-default") for each in answer)),
    ("query-accelerators", {}, lambda answer: answer["enabled"] == "kvm"),
    ("query-cpu-definitions", {}, lambda answer: any(each["name"] == "host" for each in answer)),
    ("query-command-line-options", {"option": "machine"}, lambda answer: answer[0]["option"] == "machine"),
    ("qom-list-types", {"implements": "device"}, lambda answer: any(each["name"] == "vfio-pci" for each in answer)),
    ("device-list-properties", {"typename": "vfio-pci"}, lambda answer: any(each["name"] == "iommufd" for each in answer)),
    ("qom-list-properties", {"typename": "memory-backend-file"}, lambda answer: any(each["name"] == "size" for each in answer)),
    ("qom-list", {"path": "/machine/peripheral"}, lambda answer: isinstance(answer, list)),
    ("qom-get", {"path": "/machine/cpu[0]", "property": "migratable"}, lambda answer: isinstance(answer, bool)),
    ("query-iothreads", {}, lambda answer: answer == []),
    ("query-jobs", {}, lambda answer: answer == []),
    ("query-block", {}, lambda answer: answer == []),
    ("query-blockstats", {"query-nodes": False}, lambda answer: answer == []),
    ("query-named-block-nodes", {"flat": True}, lambda answer: answer == []),
    ("query-migrate-capabilities", {}, lambda answer: isinstance(answer, list)),
    ("migrate-set-capabilities", {"capabilities": [{"capability": "events", "state": True}]}, lambda answer: answer == {}),
    ("set-action", {"panic": "pause"}, lambda answer: answer == {}),
    ("x-tenon-query-passthrough", {}, lambda answer: answer["devices"] == []),
)

REFUSED = (
    ("query-balloon", {}, "DeviceNotActive"),
    ("balloon", {"value": 1 << 28}, "DeviceNotActive"),
    ("migrate", {"uri": "tcp:nowhere:1"}, "CommandNotFound"),
    ("device_del", {"id": "nobody"}, "DeviceNotFound"),
    ("device_add", {"driver": "vfio-pci", "host": 5}, "GenericError"),
    ("stop", {"now": True}, "GenericError"),
)


class Guest:
    def __init__(self):
        self.client = QMPClient("lab")
        self.events = EventListener()
        self.client.register_listener(self.events)
        self.said = {"qmp_capabilities"}  # connecting says it

    async def ask(self, command, arguments=None, sent=None):
        print("->", command, arguments or "", flush=True)
        self.said.add(command)
        if sent is not None:
            self.client.send_fd_scm(sent)
            os.close(sent)
        answer = await asyncio.wait_for(self.client.execute(command, arguments), LIMIT)
        print("<-", str(answer)[:160], flush=True)
        return answer

    async def refused(self, command, arguments, kind):
        try:
            await self.ask(command, arguments)
        except ExecuteError as error:
            print("<-", error.error_class, error, flush=True)
            must(error.error_class == kind, f"{command}: {error.error_class}, not {kind}")
            return
        must(False, f"{command} is not refused")

    async def event(self, name, **data):
        async def wait():
            while True:
                event = await self.events.get()
                print("<-", event["event"], event.get("data", ""), flush=True)
                if event["event"] == name and data.items() <= event.get("data", {}).items():
                    return

        await asyncio.wait_for(wait(), LIMIT)


def must(holds, what):
    if not holds:
        sys.exit(f"qmp-public: {what}")


async def pauses(guest):
    await guest.ask("stop")
    await guest.event("STOP")
    must((await guest.ask("query-status"))["status"] == "paused", "it is not paused")
    await guest.ask("cont")
    await guest.event("RESUME")


async def keeps_descriptors(guest):
    await guest.ask("getfd", {"fdname": "spare"}, os.open("/dev/null", os.O_RDWR))
    await guest.ask("closefd", {"fdname": "spare"})
    await guest.ask("add-fd", {"fdset-id": 7, "opaque": "spare"}, os.open("/dev/null", os.O_RDWR))
    must((await guest.ask("query-fdsets"))[0]["fdset-id"] == 7, "there is no such set")
    await guest.ask("remove-fd", {"fdset-id": 7})


async def bring(guest, disk, tap, node):
    await guest.ask("add-fd", {"fdset-id": 1}, os.open(disk, os.O_RDWR))
    await guest.ask("blockdev-add", {"driver": "file", "filename": "/dev/fdset/1", "node-name": "storage"})
    await guest.ask("blockdev-add", {"driver": "raw", "file": "storage", "node-name": "format", "read-only": False})
    await guest.ask("device_add", {"driver": "virtio-blk-pci", "drive": "format", "id": "data", "bus": "pci.0", "addr": "0x1"})
    await guest.ask("getfd", {"fdname": "tap"}, open_tap(tap))
    await guest.ask("netdev_add", {"type": "tap", "id": "hostnet0", "fd": "tap"})
    await guest.ask("device_add", {"driver": "virtio-net-pci", "netdev": "hostnet0", "id": "wire", "bus": "pci.0", "addr": "0x2"})
    await guest.ask("getfd", {"fdname": "iommufd"}, os.open("/dev/iommu", os.O_RDWR))
    await guest.ask("object-add", {"qom-type": "iommufd", "id": "iommufd0", "fd": "iommufd"})
    await guest.ask("getfd", {"fdname": "node"}, os.open(node, os.O_RDWR))
    await guest.ask("device_add", {"driver": "vfio-pci", "id": "nvme", "iommufd": "iommufd0", "fd": "node", "bus": "pci.0", "addr": "0x3"})
    await guest.ask("x-tenon-device-add", {"kind": "rng", "value": "host,id=random"})


async def are_there(guest):
    must((await guest.ask("query-block"))[0]["inserted"]["node-name"] == "format", "there is no disk")
    there = (await guest.ask("x-tenon-query-passthrough"))["devices"]
    must([(each["id"], each["state"]) for each in there] == [("nvme", "running")], "the passed-through disk does not run")


async def take(guest):
    for device in "data", "wire", "nvme", "random":
        await guest.ask("device_del", {"id": device})
        await guest.event("DEVICE_DELETED", device=device)
    await guest.ask("netdev_del", {"id": "hostnet0"})
    for name in "format", "storage":
        await guest.ask("blockdev-del", {"node-name": name})
    await guest.ask("object-del", {"id": "iommufd0"})
    must((await guest.ask("query-named-block-nodes")) == [], "there are nodes left")


async def ends(guest):
    await guest.ask("system_powerdown")
    await guest.event("POWERDOWN")
    await guest.ask("system_reset")
    await guest.event("RESET", guest=False)
    await guest.ask("quit")
    await guest.event("SHUTDOWN", guest=False, reason="host-qmp-quit")


async def main():
    path, disk, tap, node = sys.argv[1:]
    guest = Guest()
    await guest.client.connect(path)
    commands = {each["name"] for each in await guest.ask("query-commands")}
    for command, arguments, holds in QUESTIONS:
        answer = await guest.ask(command, arguments)
        must(holds(answer), f"{command}: {answer}")
    for command, arguments, kind in REFUSED:
        await guest.refused(command, arguments, kind)
    await pauses(guest)
    await keeps_descriptors(guest)
    await bring(guest, disk, tap, node)
    await asyncio.sleep(5)  # the guest's drivers find them
    await are_there(guest)
    await take(guest)
    await ends(guest)
    must(commands <= guest.said, f"never said: {', '.join(sorted(commands - guest.said))}")
    print(f"{len(commands)} commands")
    try:
        await guest.client.disconnect()
    except (EOFError, QMPError):
        pass  # the guest was there no more


asyncio.run(main())
