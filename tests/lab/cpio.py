"""Writes initramfs images in the "newc" format, without external tools and without being root."""

import os
import stat


class Archive:
    """An initramfs under construction. Paths have no leading slash; parent folders are made as needed."""

    def __init__(self):
        self._entries = {}

    def folder(self, path, mode=0o755):
        self._add_parents(path)
        self._entries.setdefault(path, (stat.S_IFDIR | mode, b"", (0, 0)))

    def file(self, path, data, mode=0o644):
        self._add_parents(path)
        self._entries[path] = (stat.S_IFREG | mode, data, (0, 0))

    def symlink(self, path, target):
        self._add_parents(path)
        self._entries[path] = (stat.S_IFLNK | 0o777, target.encode(), (0, 0))

    def character_device(self, path, major, minor, mode=0o600):
        self._add_parents(path)
        self._entries[path] = (stat.S_IFCHR | mode, b"", (major, minor))

    def copy(self, path, source):
        """A file with the contents and the mode of `source`."""
        with open(source, "rb") as file:
            self.file(path, file.read(), stat.S_IMODE(os.stat(source).st_mode))

    def write(self, target):
        with open(target, "wb") as file:
            for number, (path, (mode, data, device)) in enumerate(self._entries.items(), start=1):
                file.write(_record(number, path, mode, data, device))
            file.write(_record(0, "TRAILER!!!", 0, b"", (0, 0)))

    def _add_parents(self, path):
        parent = os.path.dirname(path)
        if parent and parent not in self._entries:
            self.folder(parent)


def _record(number, path, mode, data, device):
    name = path.encode() + b"\0"
    uid = gid = mtime = check = 0
    links = 1
    fields = (number, mode, uid, gid, links, mtime, len(data), 0, 0, *device, len(name), check)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name
    return _padded(head) + _padded(data)


def _padded(data):
    return data + b"\0" * (-len(data) % 4)
