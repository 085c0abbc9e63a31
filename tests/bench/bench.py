#!/usr/bin/env python3
"""usage: bench.py [ROUNDS]
The same guest, kernel and disks under tenon and under stock QEMU, in turn, in the lab, started as they are and by libvirt: ./run
bench. Prints medians with their spread and what they are to tenon's, and writes all values to build/bench.json. Times are worth
something side by side only; counts are the same everywhere."""

import json
import os
import statistics
import subprocess
import sys

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DISKS = 5  # four for the guest, one that comes while it runs
VMMS = ("tenon", "q35", "microvm")
ATTEMPTS = 3  # for a round: the emulated host can stand still


def one_boot(disks, command):
    """What one boot of the emulated host measured; None if it stood still."""
    lab = ["python3", "tests/lab/lab.py", *["--device", "nvme"] * disks, "--memory", "6G", "--timeout", "1500"]
    done = subprocess.run([*lab, "--", *command], cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        return None
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def try_boot(disks, command):
    for _ in range(ATTEMPTS):
        found = one_boot(disks, command)
        if found is not None:
            return found
    sys.exit("bench: error: the emulated host stood still again and again; try on an idle machine")


def measured(rounds):
    """The values of all rounds, or of those that were whole when somebody ended it by Ctrl-C; they are kept as they come."""
    values = []
    try:
        for number in range(1, rounds + 1):
            print(f"bench: round {number} of {rounds}", file=sys.stderr, flush=True)
            found = try_boot(DISKS, ["python3", "tests/bench/round.py"]) + try_boot(1, ["tests/bench/libvirt"])
            values += [value | {"round": number} for value in found]
            keep(values)
    except KeyboardInterrupt:
        if not values:
            sys.exit("bench: error: ended before a round was whole")
    return values


def keep(values):
    with open(os.path.join(PROJECT, "build", "bench.json"), "w", encoding="utf-8") as file:
        json.dump({"qemu": qemu_version(), "values": values}, file, indent=1)


def qemu_version():
    done = subprocess.run(["qemu-system-x86_64", "--version"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[0]


def cell(values):
    """Median and, in brackets, the lowest and the highest."""
    if not values:
        return "-"
    median = statistics.median(values)
    digits = 2 if median < 100 and median != int(median) else 0
    return f"{median:.{digits}f} ({min(values):.{digits}f}..{max(values):.{digits}f})"


def ratio(ours, theirs):
    if not ours or not theirs or not statistics.median(ours):
        return ""
    return f"{statistics.median(theirs) / statistics.median(ours):.2f}"


def of(values, **wanted):
    return [value["value"] for value in values if wanted.items() <= value.items()]


def print_table(values):
    shapes = dict.fromkeys((value["cpus"], value["devices"]) for value in values)
    measures = dict.fromkeys(value["measure"] for value in values)
    for cpus, devices in shapes:
        print(f"\n{cpus} virtual CPU{'s' * (cpus > 1)}, {devices} device{'s' * (devices > 1)}: median (lowest..highest); QEMU's over tenon's")
        print(f"{'':36}{'tenon':>24}" + "".join(f"{vmm:>26}{'ratio':>7}" for vmm in VMMS[1:]))
        for measure in measures:
            found = {vmm: of(values, vmm=vmm, cpus=cpus, devices=devices, measure=measure) for vmm in VMMS}
            others = "".join(f"{cell(found[vmm]):>26}{ratio(found['tenon'], found[vmm]):>7}" for vmm in VMMS[1:])
            print(f"{measure:36}{cell(found['tenon']):>24}{others}")


def main():
    values = measured(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
    print(qemu_version())
    print_table(values)
    print("\nAll values are in build/bench.json.")


if __name__ == "__main__":
    main()
