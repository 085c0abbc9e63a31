"""The guests' initramfs: busybox, the test programs of tests/lab/guest compiled statically, and its scripts."""

import fcntl
import glob
import os
import subprocess

import cpio
import host

SOURCE = os.path.join(host.HERE, "guest")


def build_folder():
    folder = os.path.join(host.PROJECT, "build", "lab")
    os.makedirs(folder, exist_ok=True)
    return folder


def initramfs():
    """The path of the guests' initramfs, made anew if anything that goes into it has changed."""
    path = os.path.join(build_folder(), "guest.cpio")
    with open(os.path.join(build_folder(), "guest.lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_current(path):
            _make(path)
    return path


def _parts():
    return glob.glob(os.path.join(SOURCE, "**"), recursive=True) + [__file__, cpio.__file__]


def _is_current(path):
    return os.path.exists(path) and all(os.stat(part).st_mtime < os.stat(path).st_mtime for part in _parts())


def _make(path):
    archive = cpio.Archive()
    for folder in ("proc", "sys", "tmp", "run", "root"):
        archive.folder(folder)
    archive.character_device("dev/console", 5, 1)
    archive.copy("bin/busybox", host.busybox())
    archive.symlink("bin/sh", "busybox")
    archive.copy("init", os.path.join(SOURCE, "init"))
    for script in sorted(glob.glob(os.path.join(SOURCE, "tests", "*"))):
        archive.copy(f"tests/{os.path.basename(script)}", script)
    for source in sorted(glob.glob(os.path.join(SOURCE, "*.c"))):
        archive.copy(f"bin/{_name(source)}", _compile(source))
    archive.write(f"{path}.new")
    os.replace(f"{path}.new", path)


def _compile(source):
    program = os.path.join(build_folder(), _name(source))
    compiler = os.environ.get("CC", "cc")
    command = [compiler, "-std=c17", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror", "-static", "-s", "-o", program, source]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise host.LabError(f"{source} does not compile; {compiler} said:\n{done.stderr}")
    return program


def _name(source):
    return os.path.splitext(os.path.basename(source))[0]


if __name__ == "__main__":
    print(initramfs())
