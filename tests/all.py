#!/usr/bin/env python3
"""Runs the project's tests, all or those named, and ends with one line of totals. Behind ./run test and ./run lint."""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

PROJECT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(PROJECT, "tests", "lab"))

import cases
import host
from options import Parser, suggestion

SANITIZED = os.path.join("build", "asan")
PLAIN = "build"
FUZZ = os.path.join("build", "fuzz")
# CTest labels, and where they run
SUITES = {"unit": SANITIZED, "sweep": SANITIZED, "api": PLAIN, "fuzz": FUZZ, "lint": PLAIN}
WHATS = [*SUITES, "tidy", "lab"]
CRITERION = re.compile(r"Tested: *(\d+) *\| *Passing: *(\d+) *\| *Failing: *(\d+) *\| *Crashing: *(\d+)")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
PINNED_CLANG = "14"


class Totals:
    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.skipped = 0

    def add(self, passed=0, failed=0, skipped=0):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def _tests(count):
    return f"{count} test{'' if count == 1 else 's'}"


def tell(word, name, seconds, remark=""):
    print(f"{word:<5} {name:<24} {seconds:6.1f} s  {remark}".rstrip(), flush=True)


def ctest(label, totals):
    """Runs the CTest tests with `label`. A Criterion program counts as many tests as it says it has."""
    folder = SUITES[label]
    with tempfile.TemporaryDirectory(prefix="tenon-ctest.") as scratch:
        report = os.path.join(scratch, "report.xml")
        limits = ["--test-output-size-passed", "1000000", "--test-output-size-failed", "1000000"]
        command = ["ctest", "--test-dir", folder, "-L", f"^{label}$", "--output-junit", report, *limits, "-j2"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        tests = list(xml.etree.ElementTree.parse(report).getroot().iter("testcase")) if os.path.exists(report) else []
    if not tests:
        tell("FAIL", label, 0, f"{folder} has no test with this label: {done.stderr.strip()}")
        totals.add(failed=1)
    for test in tests:
        judge(test, label, totals)


def judge(test, label, totals):
    name = f"{label}/{test.get('name')}"
    seconds = float(test.get("time", "0"))
    output = test.findtext("system-out") or ""
    synthesis = CRITERION.search(output)
    if test.get("status") == "run":
        count = int(synthesis[2]) if synthesis else 1
        skipped = [line for line in output.splitlines() if line.startswith("[SKIP]")]
        said = output.strip().splitlines()[-1:] if label == "fuzz" else []
        tell("ok", name, seconds, _tests(count) if synthesis else "".join(said))
        for line in skipped:
            print(f"      {line}")
        totals.add(passed=count, skipped=len(skipped))
    elif test.find("skipped") is not None and test.get("status") != "fail":
        reasons = [line for line in output.splitlines() if line.strip()]
        tell("skip", name, seconds, reasons[-1] if reasons else "it gave no reason")
        totals.add(skipped=1)
    else:
        failed = int(synthesis[3]) + int(synthesis[4]) if synthesis else 1
        totals.add(passed=int(synthesis[2]) if synthesis else 0, failed=max(failed, 1))
        tell("FAIL", name, seconds)
        for line in output.splitlines()[-60:]:
            print(f"      | {line}")


def tidy(totals):
    """clang-tidy over the project's C code, with the pinned version only: others find other things."""
    tool = shutil.which(f"run-clang-tidy-{PINNED_CLANG}")
    if tool is None:
        tell("skip", "tidy", 0, f"clang-tidy {PINNED_CLANG} is not installed")
        totals.add(skipped=1)
        return
    command = [tool, "-p", PLAIN, "-quiet", f"^{re.escape(PROJECT)}/(passthrough|vmm)/"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0 and "warning:" not in done.stdout:
        tell("ok", "tidy", 0)
        totals.add(passed=1)
        return
    tell("FAIL", "tidy", 0)
    totals.add(failed=1)
    for line in COLOUR.sub("", done.stdout).splitlines():
        if not line.startswith("clang-tidy"):
            print(f"      | {line}")


def lab(options, kernel, totals, **which):
    for result in cases.run_all(options.cases, kernel, options.vmm, **which):
        totals.add(result.count("ok"), result.count("fail"), result.count("skip"))


def show_list():
    for label, folder in SUITES.items():
        print(f"{label}:")
        command = ["ctest", "--test-dir", folder, "-L", f"^{label}$", "-N"]
        listing = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        for name in re.findall(r"^ *Test *#\d+: (.*)$", listing, re.MULTILINE):
            print(f"  {name}")
    print("tidy:\n  clang-tidy (only by name, with --all and in ./run lint)\nlab:")
    for case in cases.all_cases():
        print(f"  {case.name:<20} {case.what}{' (long: with --all, or by name)' if case.long else ''}")


def parse(arguments):
    parser = Parser(
        "test",
        2,
        prog="./run test",
        usage="./run test [--all] [--kernel K] [WHAT...] [lab [CASE...]]",
        description=f"WHAT is one of {', '.join(WHATS)}; without it all but tidy run. CASE is a lab case, see --list.",
        epilog="Exit code 0 only if nothing failed.",
    )
    parser.add_argument("--all", action="store_true", help="clang-tidy, the lab's long cases, and on the newest kernel those about devices, too")
    parser.add_argument("--list", action="store_true", help="say what there is")
    parser.add_argument("--kernel", default="6.12", help="for the lab: 6.12 (default), newest, debian, or a bzImage FILE")
    parser.add_argument("--vmm", metavar="PROGRAM", help="test PROGRAM instead of tenon, as tests/lab/peer-qemu")
    parser.add_argument("what", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    at = options.what.index("lab") if "lab" in options.what else len(options.what)
    options.cases = options.what[at + 1 :]
    options.what = options.what[: at + 1] or [what for what in WHATS if what != "tidy" or options.all]
    for what in options.what:
        if what not in WHATS:
            hint = suggestion(what, WHATS, f"there are {', '.join(WHATS)}; a lab case needs 'lab' before it")
            raise host.LabError(f"no such tests as '{what}'; {hint}")
    cases.chosen(options.cases)
    return options


def main(arguments):
    options = parse(arguments)
    if options.list:
        show_list()
        return 0
    totals = Totals()
    for label in SUITES:
        if label in options.what:
            ctest(label, totals)
    if "tidy" in options.what:
        tidy(totals)
    if "lab" in options.what:
        twice = options.all and options.kernel != "newest"
        lab(options, options.kernel, totals, long=options.all, newest_follows=twice)
        if twice:
            lab(options, "newest", totals, again=True)
    print(totals)
    return 1 if totals.failed or not totals.passed + totals.skipped else 0


def end_on_signal(number, _frame):
    sys.exit(128 + number)


if __name__ == "__main__":
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, end_on_signal)
    os.chdir(PROJECT)
    try:
        sys.exit(main(sys.argv[1:]))
    except host.LabError as trouble:
        print(f"test: error: {trouble}", file=sys.stderr)
        sys.exit(2)
