"""The lab's test cases: finds them, boots an emulated host for each, watches, and tells how they went.

A case is a script in tests/lab/cases with a header (see cases/lib.sh). It runs on the emulated host and reports each
result of its own as a line "LAB-CHECK ok|fail|skip NAME". One without such lines counts as one result by its exit code.
"""

import functools
import glob
import os
import re
import shlex
import shutil
import subprocess
import sys

import devices
import guest
import host
from options import suggestion

ATTEMPTS = 4  # the emulated host loses a guest now and then: see PERIODIC_TICK
LOST_HOSTS = 8  # or itself, which says nothing of the case
QUIET_LIMIT = 120  # seconds without output: the run stands still
CHECK = re.compile(r"^LAB-CHECK (ok|fail|skip) (.*)$", re.MULTILINE)
HEADER = re.compile(r"^# (devices|limit|kernel|kernel-parameters|guests|root|iommu|memory|nodes|long|once|package|times|libvirt|selinux|qmp|firmware): *(.*)$")

# What a case may ask for in its header, the variable that has the folder, and the command of this folder that makes it.
FOLDERS = (
    ("guests", "debian", "LAB_DEBIAN_GUESTS", ("debian-guests",)),
    ("root", "debian", "LAB_DEBIAN_ROOT", ("debian-root",)),
    ("libvirt", "newest", "LAB_NEWEST_LIBVIRT", ("libvirt-root",)),
    ("selinux", "tools", "LAB_SELINUX", ("unpacked", "selinux")),
    ("qmp", "client", "LAB_QMP", ("unpacked", "qmp")),
)


class Case:
    def __init__(self, path):
        self.path = path
        self.name = os.path.basename(path).removesuffix(".sh")
        header = self._header()
        self.what = header["what"]
        self.devices = header.get("devices", "").split()
        self.limit = float(header.get("limit", 120))
        self.kernel = header.get("kernel")
        self.needs_newest = self.kernel == "newest"
        self.parameters = header.get("kernel-parameters", "")
        self.folders = {
            variable: command
            for key, value, variable, command in FOLDERS
            if header.get(key) == value
        }
        self.iommu = header.get("iommu", "intel")
        self.memory = header.get("memory", "4G")
        self.nodes = int(header.get("nodes", 1))
        self.firmware = header.get("firmware", "bios")
        self.long = header.get("long") == "yes"
        self.once = self.long or header.get("once") == "yes"
        self.package = header.get("package") == "yes"
        self.times = int(header.get("times", 1))

    def _header(self):
        fields = {}
        with open(self.path, encoding="utf-8") as script:
            lines = script.read().splitlines()[1:]
        for line in lines:
            if not line.startswith("# "):
                break
            match = HEADER.match(line)
            if match:
                fields[match[1]] = match[2]
            else:
                fields.setdefault("what", line[2:])
        return fields


class Result:
    """What became of one case: a list of (verdict, name) and what there is to show; `lost` says how the lab, not the case, failed."""

    def __init__(self, verdicts, seconds, output="", lost=""):
        self.verdicts = verdicts
        self.seconds = seconds
        self.output = output
        self.lost = lost

    def count(self, verdict):
        return sum(1 for each, _ in self.verdicts if each == verdict)

    @property
    def word(self):
        if self.count("fail"):
            return "FAIL"
        return "ok" if self.count("ok") else "skip"


def all_cases():
    paths = glob.glob(os.path.join(host.HERE, "cases", "*.sh"))
    return [Case(path) for path in sorted(paths) if os.path.basename(path) != "lib.sh"]


def chosen(names, long=True, again=False):
    """The cases with these names, in the order given; all, when there is none, but those that are long only if wanted. Those
    to run `again`, on the newest kernel, are the ones that it can change, and the ones that need it."""
    known = {case.name: case for case in all_cases()}
    for name in names:
        if name not in known:
            hint = suggestion(name, known, f"there are {', '.join(known)}")
            raise host.LabError(f"no lab case '{name}'; {hint}")
    if names:
        return [known[name] for name in names]
    if again:
        return [case for case in known.values() if case.needs_newest or not case.once]
    return [case for case in known.values() if long or not case.long]


@functools.cache
def package_trouble():
    """Makes the Debian packages of the project as it is. What is in the way, or None when they are there."""
    run = subprocess.run(["./run", "package"], cwd=host.PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return run.stdout if run.returncode else None


class Runner:
    """Runs cases on hosts with one kernel, or with the case's own, and prints a line for each."""

    def __init__(self, kernel_name, vmm=None):
        self._kernel_name = kernel_name
        self._variables = {"TENON": vmm} if vmm else {}
        self._folder = os.path.join(guest.build_folder(), f"results-{kernel_name}")
        shutil.rmtree(self._folder, ignore_errors=True)
        os.makedirs(self._folder)

    def run(self, case):
        if case.needs_newest and self._kernel_name != "newest":
            return self._tell(case, Result([("skip", f"{case.name}: needs --kernel newest")], 0))
        if host.kernel_path(self._kernel_of(case)) is None:
            return self._tell(case, Result([("skip", f"{case.name}: no kernel '{case.kernel}' here, see above")], 0))
        for command in case.folders.values():
            if host.printed_path(*command) is None:
                return self._tell(case, Result([("skip", f"{case.name}: no {command[-1]} here, see above")], 0))
        trouble = package_trouble() if case.package else None
        if trouble:
            return self._tell(case, Result([("fail", f"{case.name}: ./run package")], 0, trouble))
        return self._tell(case, self._several(case))

    def _several(self, case):
        """What became of all the times that the case is run, up to the first that failed."""
        verdicts, seconds = [], 0
        for _ in range(case.times):
            result = self._until_it_went(case)
            verdicts += result.verdicts
            seconds += result.seconds
            if result.word == "FAIL":
                break
        return Result(verdicts, seconds, result.output)

    def _until_it_went(self, case):
        attempts = lost = 0
        while True:
            result = self._attempt(case)
            lost += bool(result.lost)
            attempts += not result.lost
            if result.word != "FAIL" or attempts == ATTEMPTS or lost == LOST_HOSTS:
                return result
            self._keep(case, attempts + lost, result)

    def _keep(self, case, attempt, result):
        """Says why the case is repeated; what it printed stays."""
        if result.lost:
            print(f"      {case.name}: {result.lost}; once more", flush=True)
        else:
            self._tell(case, result)
            print(f"      {case.name}: once more", flush=True)
        for kind in ("log", "console"):
            shutil.copy(self._path(case, kind), self._path(case, f"{kind}.{attempt}"))

    def _path(self, case, kind):
        return os.path.join(self._folder, f"{case.name}.{kind}")

    def _kernel_of(self, case):
        return case.kernel or self._kernel_name

    def _attempt(self, case):
        output = bytearray()
        kernel = self._kernel_of(case)
        variables = dict(self._variables)
        for variable, command in case.folders.items():
            variables[variable] = host.printed_path(*command)
        machine = host.Host(
            kernel=host.kernel_path(kernel),
            guest_kernel=host.kernel_path(host.guest_kernel_name(kernel)),
            initrd=guest.initramfs(),
            devices=devices.DeviceSet(case.devices),
            iommu=case.iommu,
            memory=case.memory,
            nodes=case.nodes,
            parameters=case.parameters,
            firmware=case.firmware,
            variables=variables,
        )
        outcome = machine.run(
            ["bash", os.path.relpath(case.path, host.PROJECT)],
            lambda _, data: output.extend(data),
            timeout=case.limit,
            quiet_limit=QUIET_LIMIT,
            console_log=self._path(case, "console"),
        )
        text = output.decode(errors="replace").replace("\r\n", "\n")
        with open(self._path(case, "log"), "w", encoding="utf-8") as log:
            log.write(text)
        return self._judge(case, outcome, text)

    def _judge(self, case, outcome, text):
        verdicts = [(match[1], f"{case.name}: {match[2]}") for match in CHECK.finditer(text)]
        if outcome.end != "exit":
            verdicts.append(("fail", f"{case.name}: {outcome.detail}"))
        elif outcome.status and not any(verdict == "fail" for verdict, _ in verdicts):
            verdicts.append(("fail", f"{case.name}: ended with exit code {outcome.status}"))
        elif not verdicts:
            verdicts.append(("ok", case.name))
        return Result(verdicts, outcome.seconds, text, outcome.detail if outcome.end == "lost" else "")

    def _tell(self, case, result):
        count = len(result.verdicts)
        checks = f"{count} check{'s' if count > 1 else ''}"
        print(f"{result.word:<5} {case.name:<24} {result.seconds:6.1f} s  {checks}", flush=True)
        for verdict, name in result.verdicts:
            if verdict != "ok":
                print(f"      {verdict}: {name}")
        if result.word == "FAIL":
            self._show(case, result)
        sys.stdout.flush()
        return result

    def _show(self, case, result):
        for line in _telling_lines(result.output):
            print(f"      | {line}")
        print(f"      all of it: {os.path.relpath(self._folder, os.getcwd())}/{case.name}.log, .console")
        print(f"      again: ./run test lab {case.name}")


def _telling_lines(output, each=12):
    """The lines before each failed check, and the last ones if none failed."""
    lines = [line for line in output.splitlines() if line.strip()]
    places = [at for at, line in enumerate(lines) if line.startswith("LAB-CHECK fail")] or [len(lines) - 1]
    told = []
    start = 0
    for place in places:
        first = max(start, place - each)
        told += ["..."] if first > start else []
        told += [line for line in lines[first : place + 1] if not line.startswith("LAB-CHECK ok")]
        start = place + 1
    return told


def runs_on(case, kernel_name):
    """A case about Debian's own kernel brings it along; one run of the cases, that on 6.12, is enough for it."""
    return case.kernel != "debian" or kernel_name in ("6.12", "debian")


def run_all(names, kernel_name, vmm=None, long=False, again=False, newest_follows=False):
    """Runs cases one after the other, those of chosen(); yields a Result for each. What needs the newest kernel is left to the
    run on it if that follows."""
    cases = [case for case in chosen(names, long, again) if runs_on(case, kernel_name)]
    if newest_follows:
        cases = [case for case in cases if not case.needs_newest]
    if host.kernel_path(kernel_name) is None:
        for case in cases:
            print(f"skip  {case.name:<24} no kernel '{kernel_name}' here, see above", flush=True)
        yield Result([("skip", case.name) for case in cases], 0)
        return
    runner = Runner(kernel_name, vmm)
    note = f", VMM: {shlex.quote(vmm)}" if vmm else ""
    print(f"lab: {len(cases)} cases on kernel {kernel_name}{note}", flush=True)
    for case in cases:
        yield runner.run(case)
