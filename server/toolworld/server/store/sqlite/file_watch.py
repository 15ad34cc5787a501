"""Whether an SQLite store is still the files that were opened.

SQLite holds files open: if one is deleted, moved or replaced, it goes on to write where nobody will look. So the
files are compared before and after each commit, and nothing is acknowledged once one is another.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from toolworld.ground import StoreError, write_atomically

PARTS: Mapping[str, str] = {"": "file", "-wal": "write-ahead log", "-shm": "index of its write-ahead log"}
"""What is added to the name of a store for each of its files, and what that file is."""
MIN_FREE_BYTES = 4 << 20
"""Free space on the disk below which a large call could not be kept."""


class FileWatch:
    """The files of a store as they were when it was opened.

    Args:
        name: The store's file.

    Raises:
        OSError: one of its files is not there.
    """

    def __init__(self, name: str) -> None:
        self._folder = Path(name).parent
        self._name = name
        self._known = {f"{name}{suffix}": _identity(f"{name}{suffix}") for suffix in PARTS}

    def require_same(self) -> None:
        """Raise StoreError unless each file is the one that was opened."""
        for place, known in self._known.items():
            try:
                now = _identity(place)
            except OSError:
                now = None
            if now != known:
                what = PARTS[place.removeprefix(self._name)]
                became = "is gone" if now is None else "is another one now"
                raise StoreError(f"the store {self._name}: its {what} {became}; put it back, or start the server again")

    def restore_log(self) -> bool:
        """Write the log anew if it was removed and the file was not: it is still open here. Whether that was done.

        Without its log the file lacks the latest calls, and a copy of the log is the same log to whoever opens it next.
        """
        log = f"{self._name}-wal"
        if os.path.exists(log) or not self._is_same(self._name):
            return False
        for handle in Path("/proc/self/fd").glob("*"):
            try:
                if _identity(str(handle)) == self._known[log]:
                    write_atomically(Path(log), handle.read_bytes(), StoreError)
                    return True
            except OSError:  # a handle that was closed meanwhile, or a system without /proc
                continue
        return False

    def _is_same(self, place: str) -> bool:
        try:
            return _identity(place) == self._known[place]
        except OSError:
            return False

    def require_room(self) -> None:
        """Raise StoreError if the disk is full, or nearly."""
        try:
            disk = os.statvfs(self._folder)
        except (OSError, AttributeError):  # there is none on Windows
            return
        if disk.f_bavail * disk.f_frsize < MIN_FREE_BYTES:
            raise StoreError(f"the store {self._name}: its disk has less than {MIN_FREE_BYTES >> 20} MiB left")


def _identity(place: str) -> tuple[int, int]:
    status = os.stat(place)
    return status.st_dev, status.st_ino
