"""The devices that the emulated host has to give away: from `--device SPEC` to QEMU's options.

A SPEC is KIND[,KEY=VALUE...]. `shared=NAME` is the lab's own key: devices with the same NAME become functions of one
slot, so they share an IOMMU group. Keys that a kind lists under `consumes` shape its back end. All other keys go to
QEMU's -device as they are.
"""

import os

from options import suggestion

FIRST_SLOT = 0x10  # root ports take the slots from here to 0x1e of the emulated host's root bus
LAST_SLOT = 0x1E
DISK_SIZE = 256 << 20


class SpecError(Exception):
    """A device specification that makes no sense; the message says which and what would."""


class Parts:
    """What a device consists of beside itself: QEMU's options before and after its -device, and properties of it."""

    def __init__(self, before=(), properties=None, after=()):
        self.before = list(before)
        self.properties = properties or {}
        self.after = list(after)


class Kind:
    def __init__(self, qemu_name, backend=None, consumes=None, defaults=None):
        self.qemu_name = qemu_name
        self.backend = backend or (lambda _device, _folder: Parts())
        self.consumes = consumes or {}
        self.defaults = defaults or {}


def _image(device, folder):
    """An empty disk but for what it can be recognised by: lines "ID 1", "ID 2" ... in its middle."""
    path = os.path.join(folder, f"{device.id}.img")
    with open(path, "wb") as image:
        image.truncate(DISK_SIZE)
        image.seek(DISK_SIZE // 2)
        image.write("".join(f"{device.id} {number}\n" for number in range(1, 50001)).encode())
    return ["-drive", f"if=none,id={device.id}-disk,file={path},format=raw,cache=unsafe"]


def _nvme(device, folder):
    """A disk; one with virtual functions shares it with them, which takes a subsystem and resources to hand out."""
    image = _image(device, folder)
    serial = {"serial": f"lab-{device.id}"}
    disk = f"drive={device.id}-disk"
    if "sriov_max_vfs" not in device.properties:
        return Parts(image, {"drive": f"{device.id}-disk", **serial})
    count = int(device.properties["sriov_max_vfs"])
    resources = {
        "sriov_vq_flexible": 2 * count,
        "sriov_vi_flexible": count,
        "max_ioqpairs": 2 * count + 4,
        "msix_qsize": count + 5,
    }
    subsystem = ["-device", f"nvme-subsys,id={device.id}-subsys,nqn={device.id}"]
    namespace = ["-device", f"nvme-ns,{disk},bus={device.id},nsid=1"]
    return Parts(image + subsystem, {"subsys": f"{device.id}-subsys", **serial, **resources}, namespace)


def _usb(device, folder):
    """A USB controller with a disk plugged in."""
    disk = f"usb-storage,bus={device.id}.0,drive={device.id}-disk,serial=lab-{device.id}"
    return Parts(_image(device, folder), after=["-device", disk])


def _network(device, _folder):
    return Parts(["-netdev", f"user,id={device.id}-net,restrict=on"], {"netdev": f"{device.id}-net"})


def _shared_memory(device, _folder):
    memory = f"memory-backend-memfd,id={device.id}-mem,size={device.own['size']},share=on"
    return Parts(["-object", memory], {"memdev": f"{device.id}-mem"})


KINDS = {
    "nvme": Kind("nvme", _nvme),
    "e1000e": Kind("e1000e", _network),
    "igb": Kind("igb", _network),
    "rtl8139": Kind("rtl8139", _network),
    "edu": Kind("edu"),
    "ivshmem": Kind("ivshmem-plain", _shared_memory, consumes={"size": "1M"}),
    "xhci": Kind("qemu-xhci", _usb),
    # The one that can do with several messages of MSI: msix=off,msi=on,intrs=8.
    "nec": Kind("nec-usb-xhci", _usb),
    "bochs": Kind("bochs-display"),
    "vga": Kind("VGA"),
    # Of what QEMU emulates only virtio's devices send the errors that are injected, and in DMA they go through the IOMMU.
    "rng": Kind("virtio-rng-pci", defaults={"disable-legacy": "on", "iommu_platform": "on", "aer": "on"}),
    "testdev": Kind("pci-testdev"),
}


class Device:
    def __init__(self, spec):
        name, *options = spec.split(",")
        if name not in KINDS:
            hint = suggestion(name, KINDS, f"the kinds are {', '.join(KINDS)}")
            raise SpecError(f"--device {spec}: no such kind of device as '{name}'; {hint}")
        self.kind_name = name
        self.kind = KINDS[name]
        self.id = None
        self.slot = None
        self.root_port = True
        self.function = 0
        self.properties = dict(self.kind.defaults)
        self.own = {"shared": None, **self.kind.consumes}
        for option in options:
            key, equals, value = option.partition("=")
            if not equals or not key:
                raise SpecError(f"--device {spec}: '{option}' is not KEY=VALUE")
            (self.own if key in self.own else self.properties)[key] = value

    @property
    def location(self):
        """Where it sits, as DEVFN of each bridge and then of the device; bus numbers are the firmware's choice."""
        return f"{self.slot:02x}.0/00.{self.function}" if self.root_port else f"{self.slot:02x}.{self.function}"

    def qemu_options(self, folder, multifunction):
        parts = self.kind.backend(self, folder)
        properties = {
            "id": self.id,
            "bus": f"port-{self.slot:02x}" if self.root_port else "pcie.0",
            "addr": f"00.{self.function}" if self.root_port else f"{self.slot:02x}.{self.function}",
            **parts.properties,
            **self.properties,
        }
        if multifunction:
            properties["multifunction"] = "on"
        rendered = ",".join(f"{key}={value}" for key, value in properties.items())
        return parts.before + ["-device", f"{self.kind.qemu_name},{rendered}"] + parts.after


class DeviceSet:
    """All devices of one emulated host, named and placed: each behind a root port of its own, unless shared."""

    def __init__(self, specs):
        self.devices = [Device(spec) for spec in specs]
        self._name()
        self._place()

    def __iter__(self):
        return iter(self.devices)

    def _name(self):
        counts = {}
        for device in self.devices:
            number = counts.get(device.kind_name, 0)
            counts[device.kind_name] = number + 1
            separator = "_" if device.kind_name[-1].isdigit() else ""
            device.id = f"{device.kind_name}{separator}{number}"

    def _place(self):
        slots = {}
        functions = {}
        for device in self.devices:
            group = device.own["shared"] or device.id
            device.slot = slots.setdefault(group, FIRST_SLOT + len(slots))
            device.function = functions.get(group, 0)
            functions[group] = device.function + 1
            if device.function > 7:
                raise SpecError(f"--device: more than 8 devices have shared={group}")
        if len(slots) > LAST_SLOT - FIRST_SLOT + 1:
            raise SpecError(f"--device: there is room for {LAST_SLOT - FIRST_SLOT + 1} root ports")
        self._ports = list(slots.values())
        self._sizes = functions

    def use_root_bus(self):
        """Puts the devices on the root bus itself. They cannot be reset by their bus, pulled out or plugged in there."""
        for device in self.devices:
            device.root_port = False
        self._ports = []

    def qemu_options(self, folder):
        options = []
        for slot in self._ports:
            port = f"pcie-root-port,id=port-{slot:02x},bus=pcie.0,addr={slot:02x}.0,chassis={slot},slot={slot}"
            options += ["-device", port]
        for device in self.devices:
            group = device.own["shared"] or device.id
            options += device.qemu_options(folder, multifunction=self._sizes[group] > 1)
        return options
