#!/usr/bin/env python3
"""The lab's command line, behind ./run lab: see --help, and docs/lab.md."""

import argparse
import os
import shlex
import signal
import sys
import termios
import tty

import devices
import guest
import host
import options

TIMEOUT_STATUS = 124  # as timeout(1) has it
FAILURE_STATUS = 125  # the lab itself failed


def fail(message):
    print(f"lab: error: {message}", file=sys.stderr)
    sys.exit(FAILURE_STATUS)


def parser():
    kinds = ", ".join(devices.KINDS)
    result = options.Parser(
        "lab",
        FAILURE_STATUS,
        prog="./run lab",
        usage="./run lab [options] -- COMMAND [ARG...]\n       ./run lab [options] shell",
        description="Runs COMMAND as root, in the project's folder, on an emulated machine that has KVM, an IOMMU and "
        "devices to give away. Its files are this machine's; what it writes is forgotten. Output and exit code are "
        f"COMMAND's; {TIMEOUT_STATUS} is a time-out, {FAILURE_STATUS} a failure of the lab itself.",
        epilog="Each device is named in the environment: LAB_nvme0=0000:01:00.0. LAB_KERNEL and LAB_INITRD name a "
        "kernel and an initramfs for guests. tests/lab/bind gives a device to vfio-pci. More in docs/lab.md.",
    )
    result.add_argument("--kernel", default="6.12", help="6.12 (default), newest, debian (its own 6.12, for the host only), or a bzImage FILE")
    result.add_argument("--firmware", default="bios", choices=["bios", "uefi"], help="default: bios")
    result.add_argument("--iommu", default="intel", choices=list(host.IOMMUS), help="default: intel")
    result.add_argument("--memory", default="4G", metavar="SIZE", help="of the emulated host; default: 4G")
    result.add_argument("--cpus", default=2, type=int, metavar="N", help="default: 2")
    result.add_argument("--nodes", default=1, type=int, metavar="N", help="NUMA nodes that share the memory, given in G; default: 1")
    result.add_argument(
        "--device", action="append", default=[], metavar="SPEC",
        help=f"KIND[,KEY=VALUE...], repeatable; kinds: {kinds}; shared=NAME puts devices into one IOMMU group, "
        "other keys go to QEMU's -device",
    )  # fmt: skip
    result.add_argument("--timeout", type=float, metavar="SECONDS", help="default: none")
    result.add_argument("--log", metavar="FILE", help="keep the emulated host's kernel messages in FILE")
    result.add_argument("command", nargs="*", help=argparse.SUPPRESS)
    return result


def make_host(chosen):
    try:
        given = devices.DeviceSet(chosen.device)
    except devices.SpecError as error:
        fail(error)
    kernel = host.kernel_path(chosen.kernel)
    guest_name = host.guest_kernel_name(chosen.kernel)
    guest_kernel = kernel if guest_name == chosen.kernel else host.kernel_path(guest_name)
    if kernel is None or guest_kernel is None:
        sys.exit(FAILURE_STATUS)
    return host.Host(
        kernel=kernel,
        guest_kernel=guest_kernel,
        initrd=guest.initramfs(),
        devices=given,
        iommu=chosen.iommu,
        firmware=chosen.firmware,
        memory=chosen.memory,
        cpus=chosen.cpus,
        nodes=chosen.nodes,
    )


def print_output(name, data):
    view = memoryview(data)
    while view:
        view = view[os.write(2 if name == "err" else 1, view) :]


def show_console(path, lines=40):
    with open(path, errors="replace", encoding="utf-8") as log:
        tail = log.read().splitlines()[-lines:]
    print("lab: its console said last:", file=sys.stderr)
    for line in tail or ["(nothing)"]:
        print(f"  | {line}", file=sys.stderr)


def run_once_or_twice(chosen, command, log):
    """An emulated host that was lost before the command said a word is tried once more: nothing of it has remained."""
    said = False

    def print_and_remember(name, data):
        nonlocal said
        said = True
        print_output(name, data)

    outcome = make_host(chosen).run(command, print_and_remember, chosen.timeout, console_log=log)
    if outcome.end == "lost" and not said:
        print(f"lab: {outcome.detail}; once more", file=sys.stderr)
        outcome = make_host(chosen).run(command, print_output, chosen.timeout, console_log=log)
    return outcome


def run(chosen, command):
    log = chosen.log or os.path.join(guest.build_folder(), f"console.{os.getpid()}.log")
    try:
        outcome = run_once_or_twice(chosen, command, log)
        if outcome.end != "exit":
            print(f"lab: error: {shlex.join(command)}: {outcome.detail}", file=sys.stderr)
        if outcome.end == "lost":
            print("lab: a busy machine loses the emulated one's clock ticks: try again when it is idle", file=sys.stderr)
            show_console(log)
    finally:
        if not chosen.log and os.path.exists(log):
            os.unlink(log)
    if outcome.end == "exit":
        return outcome.status
    return TIMEOUT_STATUS if outcome.end == "timeout" else FAILURE_STATUS


def shell(chosen):
    if not sys.stdin.isatty():
        fail("shell needs a terminal; to run one command: ./run lab -- COMMAND")
    print("lab: booting; 'exit' or Ctrl-D ends the emulated host", file=sys.stderr)
    machine = make_host(chosen)
    saved = termios.tcgetattr(0)
    tty.setraw(0)
    try:
        outcome = machine.shell(print_output, keyboard=0, console_log=chosen.log)
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, saved)
    if outcome.end != "exit":
        fail(outcome.detail)
    return outcome.status


def end_on_signal(number, _frame):
    sys.exit(128 + number)


def main(arguments):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end_on_signal)
    before, separator, command = split_at_dashes(arguments)
    chosen = parser().parse_args(before)
    if separator and not chosen.command and command:
        return run(chosen, command)
    if not separator and chosen.command == ["shell"]:
        return shell(chosen)
    if chosen.command and chosen.command != ["shell"]:
        fail(f"put -- before the command: ./run lab -- {shlex.join(chosen.command + command)}")
    fail("nothing to do; ./run lab -- COMMAND, or ./run lab shell (see ./run lab --help)")


def split_at_dashes(arguments):
    if "--" not in arguments:
        return arguments, False, []
    at = arguments.index("--")
    return arguments[:at], True, arguments[at + 1 :]


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except host.LabError as trouble:
        fail(trouble)
    except BrokenPipeError:
        sys.exit(128 + signal.SIGPIPE)
