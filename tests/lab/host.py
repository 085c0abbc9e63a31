"""The emulated host: one QEMU that plays a machine with KVM, an IOMMU and PCI devices to give away.

A Host lives for one command. It is made, run and torn down by `Host.run`; nothing of it outlives that call, and should
this process be killed outright the kernel kills QEMU, and the next Host removes the folder that was left behind.
"""

import contextlib
import ctypes
import fcntl
import functools
import glob
import os
import selectors
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import cpio
import monitor

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.dirname(os.path.dirname(HERE))

FOLDER_PREFIX = "tenon-lab."
PORTS = ("out", "err", "ctl", "ask")
CPUS_EACH = 2  # real processors that an emulated host needs: with fewer its clock ticks get lost
BOOT_LIMIT = 60  # seconds until the emulated host's first sign of life; 3 to 6 are usual
BEAT_LIMIT = 30  # seconds without a sign of life after that: the emulated host stands still

# SVM with nested paging; then what TCG cannot do, so that QEMU need not warn of it.
CPU = "EPYC-v1,+svm,+npt,-x2apic,-fxsr-opt,-misalignsse,-osvw,-topoext,-nrip-save,-xsavec"

# When a guest is left, QEMU 10.0 changes a virtual CPU's set of pending interrupts without its lock, and one that is raised at that
# moment is not delivered before the next. A one-shot timer has no next; a periodic tick has, and brings the lost one along.
PERIODIC_TICK = "nohz=off highres=off"


class Iommu:
    """An IOMMU of the emulated host: QEMU's options, what the kernel must be told, and whether devices may sit behind
    root ports."""

    def __init__(self, options=(), parameters="", root_ports=True):
        self.options = list(options)
        self.parameters = parameters
        self.root_ports = root_ports


UEFI = "/usr/share/ovmf/OVMF.fd"  # of Debian's package ovmf

# Without interrupt remapping VFIO wants to be told that guests are trusted.
TRUST_GUESTS = "vfio_iommu_type1.allow_unsafe_interrupts=1 iommufd.allow_unsafe_interrupts=1"

# QEMU 10.0's amd-iommu translates only with pt=off, knows no device behind a bridge by its bus number (it asks for that
# before firmware has set it), and drops the IOAPIC's interrupts when it remaps.
IOMMUS = {
    "intel": Iommu(["-device", "intel-iommu,intremap=on,device-iotlb=on"], "intel_iommu=on"),
    "amd": Iommu(["-device", "amd-iommu,pt=off,intremap=off"], TRUST_GUESTS, root_ports=False),
    "virtio": Iommu(["-device", "virtio-iommu-pci,bus=pcie.0,addr=02.0"], TRUST_GUESTS),
    "none": Iommu(),
}


class LabError(Exception):
    """The lab cannot do what was asked; the message says why and what to do."""


class Outcome:
    """How a command on the emulated host ended: `end` is one of exit, timeout, stalled (no output), lost (the host itself)."""

    def __init__(self, end, status, seconds, detail=""):
        self.end = end
        self.status = status
        self.seconds = seconds
        self.detail = detail


class Host:
    def __init__(self, kernel, devices, iommu="intel", memory="4G", cpus=2, nodes=1, initrd="", guest_kernel=None, parameters="", firmware="bios", variables=None):
        self.kernel = kernel
        self.guest_kernel = guest_kernel or kernel
        self.devices = devices
        if not IOMMUS[iommu].root_ports:
            devices.use_root_bus()
        self.iommu = iommu
        self.memory = memory
        self.cpus = cpus
        self.nodes = nodes
        self.parameters = parameters
        self.firmware = firmware
        self.initrd = initrd
        self.variables = variables or {}
        self.folder = None
        self._qemu = None
        self._sockets = {}

    def run(self, command, sink, timeout=None, quiet_limit=None, console_log=None):
        """Boots, runs `command` (a list) and tears down. `sink(name, data)` gets what it writes: "out" and "err".

        Silence for `quiet_limit` seconds counts as standing still. The kernel's console is copied to `console_log`."""
        return self._session("command", "exec env -- " + shlex.join(command), sink, timeout, quiet_limit, console_log)

    def shell(self, screen, keyboard, console_log=None):
        """Boots and gives a prompt: `keyboard` is a descriptor to read from, `screen(name, data)` gets the output."""
        return self._session("shell", "exec bash -i", screen, None, None, console_log, keyboard)

    def _session(self, mode, script, sink, timeout, quiet_limit, console_log, keyboard=None):
        with _turn():
            _remove_abandoned_folders()
            self.folder = tempfile.mkdtemp(prefix=f"{FOLDER_PREFIX}{os.getpid()}.")
            try:
                self._start(mode, script)
                return _Watch(self, sink, timeout, quiet_limit, keyboard).until_end()
            finally:
                self._stop()
                if console_log:
                    _copy_logs(self.folder, console_log)
                shutil.rmtree(self.folder, ignore_errors=True)

    def socket(self, name):
        return self._sockets[name]

    @property
    def qmp_path(self):
        return os.path.join(self.folder, "qmp")

    def _start(self, mode, script):
        initramfs = os.path.join(self.folder, "initramfs")
        self._write_initramfs(initramfs, mode, script)
        theirs = {}
        for name in PORTS + (("tty",) if mode == "shell" else ()):
            self._sockets[name], theirs[name] = socket.socketpair()
        arguments = self._arguments(initramfs) + _port_options(theirs)
        with open(os.path.join(self.folder, "qemu.log"), "wb") as log:
            try:
                self._qemu = subprocess.Popen(
                    arguments,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=[end.fileno() for end in theirs.values()],
                    start_new_session=True,
                    preexec_fn=_die_with_parent,
                )
            except FileNotFoundError as error:
                raise LabError(f"{arguments[0]} is not installed; run ./run setup") from error
        for end in theirs.values():
            end.close()

    def _stop(self):
        if self._qemu:
            self._qemu.kill()
            self._qemu.wait()
        for end in self._sockets.values():
            end.close()

    def _write_initramfs(self, path, mode, script):
        archive = cpio.Archive()
        for folder in ("proc", "sys", "root", "lower", "upper"):
            archive.folder(folder)
        archive.character_device("dev/console", 5, 1)
        archive.copy("bin/busybox", busybox())
        archive.copy("init", os.path.join(HERE, "host", "init"))
        archive.copy("job/session", os.path.join(HERE, "host", "session"))
        archive.file("job/settings", self._settings(mode).encode())
        archive.file("job/command", f"{script}\n".encode())
        archive.folder("modules")
        for module in sorted(glob.glob(os.path.join(os.path.dirname(self.kernel), "modules", "*.ko"))):
            archive.copy(f"modules/{os.path.basename(module)}", module)
        archive.write(path)

    def _settings(self, mode):
        columns, rows = shutil.get_terminal_size()
        paths = (PROJECT, self.guest_kernel, self.initrd, os.path.expanduser("~"))
        settings = {
            "LAB_mode": mode,
            "LAB_folder": PROJECT,
            "LAB_home": os.path.expanduser("~"),
            "LAB_KERNEL": self.guest_kernel,
            "LAB_INITRD": self.initrd,
            "LAB_locations": " ".join(f"{device.id}={device.location}" for device in self.devices),
            "LAB_needs_tmp": "yes" if any(path.startswith("/tmp/") for path in paths) else "no",
            "LAB_term": os.environ.get("TERM", "dumb"),
            "LAB_columns": str(columns),
            "LAB_rows": str(rows),
        }
        lines = [f"{name}={shlex.quote(value)}" for name, value in settings.items()]
        lines += [f"export {name}={shlex.quote(value)}" for name, value in self.variables.items()]
        return "\n".join(lines) + "\n"

    def _arguments(self, initramfs):
        iommu = IOMMUS[self.iommu]
        return [
            "qemu-system-x86_64",
            *("-machine", "q35,kernel-irqchip=split", "-accel", "tcg,thread=multi"),
            *("-cpu", CPU, "-smp", str(self.cpus), "-m", self.memory),
            *_node_arguments_of(self.nodes, self.memory),
            *("-nodefaults", "-no-user-config", "-display", "none", "-vga", "none", "-no-reboot"),
            *iommu.options,
            *(("-bios", UEFI) if self.firmware == "uefi" else ()),
            *("-kernel", self.kernel, "-initrd", initramfs),
            *("-append", f"console=ttyS0 quiet panic=-1 mitigations=off {PERIODIC_TICK} {iommu.parameters} {self.parameters}"),
            *("-serial", f"file:{os.path.join(self.folder, 'console.log')}"),
            *("-qmp", f"unix:{self.qmp_path},server=on,wait=off"),
            *("-fsdev", "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap"),
            *("-device", "virtio-9p-pci,fsdev=root,mount_tag=root,bus=pcie.0,addr=03.0"),
            *("-device", "virtio-serial-pci,id=ports,bus=pcie.0,addr=04.0"),
            *self.devices.qemu_options(self.folder),
        ]


def _node_arguments_of(nodes, memory):
    """NUMA nodes with an even share of the memory each; the processors are the first one's."""
    if nodes == 1:
        return
    share = int(memory.removesuffix("G")) * 1024 // nodes
    for node in range(nodes):
        yield from ("-object", f"memory-backend-ram,id=node{node},size={share}M")
        yield from ("-numa", f"node,nodeid={node},memdev=node{node}")


def kernel_path(name):
    """The bzImage for 6.12, newest, debian or a FILE, built first if need be. None, with the reason on stderr, if there is none."""
    return printed_path("kernel", name)


@functools.cache
def printed_path(program, *arguments):
    """What a program of this folder prints: the path of what it has made. None if it could not. It is asked once."""
    builder = subprocess.Popen([os.path.join(HERE, program), *arguments], stdout=subprocess.PIPE, text=True)
    try:
        path = builder.communicate()[0].strip()
    except BaseException:
        builder.terminate()  # it has a build to end and a folder to remove
        builder.wait()
        raise
    return path if builder.returncode == 0 else None


def guest_kernel_name(name):
    """The kernel for guests of a host with kernel `name`: Debian's own has its drivers in modules, which guests lack."""
    return "6.12" if name == "debian" else name


class _Watch:
    """Carries a running host's output to its sink and decides when the host has ended, or has stood still."""

    def __init__(self, host, sink, timeout, quiet_limit, keyboard):
        self._host = host
        self._sink = sink
        self._started = time.monotonic()
        self._deadline = self._started + timeout if timeout else None
        self._quiet_limit = quiet_limit
        self._last_beat = None
        self._last_output = None
        self._status = None
        self._control = b""
        self._monitor = monitor.Bridge(host)
        self._selector = selectors.DefaultSelector()
        for name in ("out", "err", "ctl", "ask"):
            self._selector.register(host.socket(name), selectors.EVENT_READ, name)
        if keyboard is not None:
            self._selector.register(host.socket("tty"), selectors.EVENT_READ, "tty")
            self._selector.register(keyboard, selectors.EVENT_READ, "keyboard")

    def until_end(self):
        while self._status is None:
            for key, _ in self._selector.select(timeout=1):
                if not self._handle(key.data, key.fileobj):
                    return self._ended("lost", "the emulated host stopped by itself")
            trouble = self._status is None and self._overdue()
            if trouble:
                return self._ended(*trouble)
        self._drain()
        return Outcome("exit", self._status, time.monotonic() - self._started)

    def _handle(self, name, source):
        """Takes what `source` has to say; False once it has nothing more to say, ever."""
        if name == "keyboard":
            self._host.socket("tty").sendall(os.read(source, 4096))
            return True
        data = _receive(source)
        if not data:
            return False
        if name == "ctl":
            self._take_control(data)
        elif name == "ask":
            self._monitor.take(data)
        else:
            self._last_output = time.monotonic()
            self._sink(name, data)
        return True

    def _take_control(self, data):
        self._last_beat = time.monotonic()
        self._last_output = self._last_output or self._last_beat
        *lines, self._control = (self._control + data).split(b"\n")
        for line in lines:
            if line.startswith(b"exit "):
                self._status = int(line.split()[1])

    def _overdue(self):
        now = time.monotonic()
        if self._deadline and now >= self._deadline:
            return "timeout", f"took longer than {self._deadline - self._started:.0f} s"
        if self._last_beat is None:
            if now - self._started > BOOT_LIMIT:
                return "lost", f"the emulated host did not come up in {BOOT_LIMIT} s"
        elif now - self._last_beat > BEAT_LIMIT:
            return "lost", f"the emulated host gave no sign of life for {BEAT_LIMIT} s"
        elif self._quiet_limit and now - self._last_output > self._quiet_limit:
            return "stalled", f"no output for {self._quiet_limit} s"
        return None

    def _drain(self):
        for name in ("out", "err", *(("tty",) if "tty" in self._host._sockets else ())):
            self._host.socket(name).setblocking(False)
            while data := _receive(self._host.socket(name)):
                self._sink(name, data)

    def _ended(self, end, detail):
        self._drain()
        return Outcome(end, None, time.monotonic() - self._started, detail)


def _receive(source):
    try:
        return source.recv(65536)
    except (BlockingIOError, ConnectionResetError):
        return b""


def _port_options(ends):
    options = []
    for number, (name, end) in enumerate(ends.items(), start=1):
        options += ["-chardev", f"socket,id=port-{name},fd={end.fileno()}"]
        device = "virtconsole" if name == "tty" else "virtserialport"
        number = 0 if name == "tty" else number  # the first console is port 0
        options += ["-device", f"{device},bus=ports.0,nr={number},chardev=port-{name},name={name}"]
    return options


@contextlib.contextmanager
def _turn():
    """On a small machine one emulated host at a time; a second one waits for the first to end."""
    with open(os.path.join(tempfile.gettempdir(), f"tenon-lab-turn.{os.getuid()}"), "w", encoding="ascii") as lock:
        if os.cpu_count() < 2 * CPUS_EACH:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print("lab: waiting for another emulated host to end", file=sys.stderr)
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def busybox():
    path = shutil.which("busybox", path="/bin:/usr/bin")
    if not path:
        raise LabError("busybox is not installed; run ./run setup")
    return path


def _die_with_parent():
    set_death_signal = 1  # PR_SET_PDEATHSIG
    ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL)


def _remove_abandoned_folders():
    for folder in glob.glob(os.path.join(tempfile.gettempdir(), f"{FOLDER_PREFIX}*")):
        owner = os.path.basename(folder)[len(FOLDER_PREFIX) :].split(".")[0]
        if owner.isdigit() and not os.path.exists(f"/proc/{owner}"):
            shutil.rmtree(folder, ignore_errors=True)


def _copy_logs(folder, target):
    with open(target, "wb") as log:
        for name in ("qemu.log", "console.log"):
            path = os.path.join(folder, name)
            if os.path.exists(path):
                with open(path, "rb") as source:
                    log.write(source.read())
