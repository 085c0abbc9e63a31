#!/usr/bin/env python3
"""One round of the benchmark, on the emulated host: the same guest under each VMM in turn, in each shape.

Prints a line of JSON for each thing measured. Run by bench.py."""

import json
import os
import re
import socket
import subprocess
import sys
import time

EVENTS = "/sys/kernel/debug/tracing/events"
EXITS = f"{EVENTS}/kvm/kvm_userspace_exit"
CALLS = f"{EVENTS}/raw_syscalls/sys_enter"
SHAPES = ((1, 1), (8, 1), (1, 4))  # virtual CPUs, devices
LIMIT = 150  # seconds for a guest
RATE = re.compile(r"([0-9.]+) a second")


class Vmm:
    """A VMM behind tenon's command line; `bus` names where a device can be added while the guest runs, if it must be said."""

    def __init__(self, name, program, machine=None, plugs=True, bus=None):
        self.name = name
        self.command = [program, "run"]
        self.variables = {"MACHINE": machine} if machine else {}
        self.plugs = plugs
        self.bus = bus

    def device_add(self, address):
        arguments = {"driver": "vfio-pci", "host": address, "id": "plugged"}
        if self.bus:
            arguments |= {"bus": self.bus, "iommufd": "iommufd0"}
        return {"execute": "device_add", "arguments": arguments}


VMMS = (
    Vmm("tenon", "build/vmm/tenon"),
    Vmm("q35", "tests/lab/peer-qemu", "q35", bus="spare0"),
    Vmm("microvm", "tests/lab/peer-qemu", "microvm,pcie=on", plugs=False),
)


def counted(event, keep=lambda line: True):
    """The sum of the hit counts of an event's histogram, or of those lines of it to be kept."""
    with open(f"{event}/hist", encoding="ascii") as table:
        return sum(int(line.rpartition("hitcount:")[2]) for line in table if line.startswith("{") and keep(line))


def calls_of(process):
    threads = set(os.listdir(f"/proc/{process}/task"))
    return counted(CALLS, lambda line: re.search(r"common_pid: *(\d+)", line)[1] in threads)


def trigger(event, what):
    with open(f"{event}/trigger", "w", encoding="ascii") as file:
        file.write(what)


def beyond_ram(process):
    """Resident KiB that are not the guest's memory, which is shared: those of the process alone, and those of files, as programs
    and libraries are."""
    with open(f"/proc/{process}/status", encoding="ascii") as status:
        kib = {line.split(":")[0]: int(line.split()[1]) for line in status if line.startswith("Rss")}
    return kib["RssAnon"], kib["RssFile"]


class Qmp:
    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(30)
        self._socket.connect(path)
        self._stream = self._socket.makefile("rw")
        self._stream.readline()
        self.ask({"execute": "qmp_capabilities"})

    def ask(self, request):
        json.dump(request, self._stream)
        self._stream.flush()
        while True:
            answer = json.loads(self._stream.readline())
            if "error" in answer:
                raise RuntimeError(f"{request['execute']}: {answer['error']['desc']}")
            if "return" in answer:
                return


class Guest:
    """One guest's life; what it says is turned into measures."""

    def __init__(self, vmm, cpus, devices, extra, disk, note):
        self._vmm = vmm
        self._extra = extra
        self._note = note
        self._socket = "/tmp/bench.qmp"
        self._reads_began = self._plugged = 0
        plug = " lab.plug=1" if vmm.plugs else ""
        # fmt: off
        self._command = [
            *vmm.command, "--memory", "512M", "--cpus", str(cpus),
            "--kernel", os.environ["LAB_KERNEL"], "--initrd", os.environ["LAB_INITRD"],
            "--cmdline", f"console=ttyS0 quiet lab.test=bench{plug}", "--control", self._socket,
            *(["--hotplug-slots", "1"] if vmm.plugs else []), "--disk", f"{disk},direct=yes", "--net", "tap0",
            *(option for device in devices for option in ("--device", device)),
        ]
        # fmt: on

    def run(self):
        sink = subprocess.Popen("busybox nc -l -p 7001 <>/tmp/bench.open >/dev/null", shell=True, start_new_session=True)
        source = subprocess.Popen("head -c 64M /dev/zero | busybox nc -l -p 7002", shell=True, start_new_session=True)
        trigger(EXITS, "hist:keys=reason")
        trigger(CALLS, "hist:keys=common_pid:size=4096")
        try:
            self._watch()
        finally:
            trigger(EXITS, "!hist:keys=reason")
            trigger(CALLS, "!hist:keys=common_pid:size=4096")
            for helper in (sink, source):
                try:
                    os.killpg(helper.pid, 9)
                except ProcessLookupError:
                    pass
                helper.wait()

    def _watch(self):
        began = time.monotonic()
        lines = []
        process = subprocess.Popen(
            self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=os.environ | self._vmm.variables, text=True, errors="replace", bufsize=1,
        )  # fmt: skip
        killer = subprocess.Popen(["sh", "-c", f"sleep {LIMIT}; kill -KILL {process.pid}"], start_new_session=True)
        try:
            for line in process.stdout:
                lines.append(line)
                mark = line.partition("TENON-GUEST ")[2].strip()
                if mark:
                    self._take(mark, process.pid, began)
            process.wait()
        finally:
            process.kill()
            os.killpg(killer.pid, 9)
            killer.wait()
        if not any("TENON-GUEST result ok" in line for line in lines):
            raise RuntimeError("".join(lines[-4:]).strip() or "the guest said nothing")

    def _take(self, mark, process, began):
        words = mark.split()
        if words[0] == "init":
            self._note("exec to the guest's init, s", time.monotonic() - began)
            self._note("returns to user space until init", counted(EXITS))
            self._note("system calls until init", calls_of(process))
        elif mark == "reads begin":
            self._reads_began = counted(EXITS)
        elif mark == "reads end":
            self._note("returns during 10,000 NVMe reads", counted(EXITS) - self._reads_began)
            own, of_files = beyond_ram(process)
            self._note("resident beyond guest RAM, KiB", own + of_files)
            self._note("of that, its own", own)
        elif words[0] in ("nvme", "virtio-blk"):
            self._note(f"{words[0]} reads/s, depth {words[1].removeprefix('depth')}", float(RATE.search(mark)[1]))
        elif words[0] in ("net-sends", "net-receives"):
            self._note(f"virtio-net {words[0][4:]}, MiB/s", float(words[1]))
        elif mark == "waits for a device" and self._vmm.plugs:
            monitor = Qmp(self._socket)
            self._plugged = time.monotonic()
            monitor.ask(self._vmm.device_add(self._extra))
        elif mark == "it came":
            self._note("device_add to disk in the guest, s", time.monotonic() - self._plugged)


def prepare():
    """A block device for virtio-blk, because a file in tmpfs is never asynchronous; a tap device; the NVMe disks."""
    addresses = [os.environ[f"LAB_{name}"] for name in os.environ["LAB_devices"].split()]
    for address in addresses:
        subprocess.run(["tests/lab/bind", address], check=True)
    script = """
        mkfifo /tmp/bench.open # the input of who only receives: its end would end the other side's nc
        ip tuntap add tap0 mode tap vnet_hdr && ip addr add 10.9.0.1/24 dev tap0 && ip link set tap0 up
        truncate -s 256M /tmp/bench.img && losetup --find --show /tmp/bench.img
    """
    disk = subprocess.run(script, shell=True, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    return addresses, disk


def main():
    (*given, extra), disk = prepare()
    for cpus, devices in SHAPES:
        for vmm in VMMS:

            def note(measure, value, vmm=vmm, cpus=cpus, devices=devices):
                line = {"vmm": vmm.name, "cpus": cpus, "devices": devices, "measure": measure, "value": value}
                print(json.dumps(line), flush=True)

            try:
                Guest(vmm, cpus, given[:devices], extra, disk, note).run()
            except (RuntimeError, OSError) as error:
                print(f"bench: {vmm.name}, {cpus} CPUs, {devices} devices: {error}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
