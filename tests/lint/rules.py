#!/usr/bin/env python3
"""Checks the include rules of the design, and that the tree names no place outside it. Usage: rules.py [FOLDER].

A rule is a row: files it is about, what it forbids there, the exceptions, and why. Comments and strings in C do not
count for rules about code.
"""

import fnmatch
import os
import re
import subprocess
import sys


class Rule:
    def __init__(self, about, forbids, why, except_for=(), code_only=True):
        self.about = about
        self.forbids = re.compile(forbids, re.MULTILINE)
        self.why = why
        self.except_for = except_for
        self.code_only = code_only

    def concerns(self, path):
        return _matches(path, self.about) and not _matches(path, self.except_for)


PUBLIC_HEADERS = "error|sys|space|device|function|host|passthrough"
INCLUDE = r"^[ \t]*#[ \t]*include[ \t]*"
SYSTEM_CALLS = (
    "open openat openat2 creat close ioctl read write readv writev pread pwrite mmap mmap64 munmap mremap madvise eventfd "
    "fcntl stat fstat fstatat lstat statx access faccessat readlink readlinkat opendir fdopendir readdir socket fopen "
    "fdopen syscall dup dup2 dup3 pipe pipe2 poll ppoll epoll_create1 memfd_create getrlimit setrlimit sysconf usleep "
    "nanosleep clock_nanosleep clock_gettime exit _exit abort printf fprintf puts perror syslog fork pthread_create"
).split()

RULES = [
    Rule(
        ["include/passthrough/*.h"],
        INCLUDE + r"<(linux|asm)/",
        "public headers are ISO C; kernel headers stay behind the seam",
    ),
    Rule(
        ["passthrough/*"],
        INCLUDE + r"[<\"](\.\./)*vmm/",
        "libpassthrough knows nothing of the VMM",
    ),
    Rule(
        ["passthrough/*.c", "passthrough/*.h"],
        r"(?<![\w.>])(" + "|".join(SYSTEM_CALLS) + r")[ \t]*\(",
        "only sys_linux.c makes system calls, prints nothing and starts nothing: go through struct pt_sys",
        except_for=["passthrough/sys_linux.c"],
    ),
    Rule(
        ["passthrough/*", "include/*"],
        INCLUDE + r"<linux/(vfio|iommufd)\.h>",
        "the kernel's interface is known to the backend's files alone (cdev*.c, group*.c, *_ioctl.c, *_uapi.*)",
        except_for=["passthrough/cdev*", "passthrough/group*", "passthrough/*_ioctl.c", "passthrough/*_uapi.*"],
    ),
    Rule(
        ["vmm/*"],
        INCLUDE + r"[<\"](\.\./)*(include/)?passthrough/(?!(" + PUBLIC_HEADERS + r")\.h>)",
        "the VMM uses the library as any other embedder: by <passthrough/...> and the public headers",
    ),
    Rule(
        ["vmm/*"],
        INCLUDE + r"\"(\.\./)*passthrough/",
        "the library's headers are included as <passthrough/...>",
    ),
    Rule(
        ["vmm/kvm/*", "vmm/machine/*", "vmm/boot/*", "vmm/devices/*", "vmm/loop/*", "vmm/control/*", "vmm/virtio/*"],
        INCLUDE + r"[<\"](\.\./|vmm/)*config/",
        "nothing below the plan sees the config",
    ),
    Rule(
        ["*"],
        r"(?<![\w/.~$}-])/(work|root|home)/[\w.]",
        "the tree names no folder of anyone's machine",
        code_only=False,
    ),
    Rule(
        ["*"],
        r"\b(deb|ftp|security|snapshot|archive|pypi|registry|mirrors?|proxy)\.[a-z0-9-]+\.(org|com|net|io)\b",
        "the tree names no package registry; addresses come from the machine's own configuration",
        code_only=False,
    ),
]

COMMENT_OR_STRING = re.compile(r"/\*.*?\*/|//[^\n]*|(?<!include )\"(?:\\.|[^\"\\\n])*\"", re.DOTALL)


def _matches(path, patterns):
    return any(fnmatch.fnmatch(path, pattern) for pattern in patterns)


def _blank(match):
    """What is cut out leaves its line breaks, so that line numbers stay right."""
    return "\n" * match[0].count("\n")


def tracked_files(folder):
    command = ["git", "-C", folder, "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, capture_output=True, check=True).stdout.decode().split("\0")
    return [name for name in names if name and os.path.isfile(os.path.join(folder, name))]


def violations(path, text):
    code = COMMENT_OR_STRING.sub(_blank, text) if path.endswith((".c", ".h")) else text
    for rule in RULES:
        if not rule.concerns(path):
            continue
        searched = code if rule.code_only else text
        for match in rule.forbids.finditer(searched):
            line = searched.count("\n", 0, match.start()) + 1
            yield line, match[0].strip(), rule.why


def main(folder):
    found = 0
    files = tracked_files(folder)
    for path in files:
        with open(os.path.join(folder, path), encoding="utf-8", errors="replace") as file:
            text = file.read()
        for line, what, why in violations(path, text):
            print(f"{path}:{line}: error: {what}: {why}")
            found += 1
    print(f"{len(files)} files, {len(RULES)} rules, {found} violations")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "."))
