"""A file that only grows: what a service has acknowledged, record by record, in order."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from struct import Struct
from zlib import crc32

log = logging.getLogger(__name__)

#: Before each record: its length in bytes and its checksum.
_HEAD = Struct("<II")
_BLOCK = 1 << 20  # bytes read or written at once


class AppendLog:
    """Records of bytes in the file *path*, readable by its user alone.

    A record is with the system, in one write, before `append` returns: the end of this process, however it comes,
    loses none. (The end of the machine may: nothing waits for the disk.) Methods may be called from any thread.

    The file is open only while it is written to, which costs some microseconds: a lab may have ten thousand queues, and
    a process far fewer files. It is made by the first record.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = path
        self._lock = threading.Lock()
        self._closed = False
        #: Bytes in the file.
        self.size = path.stat().st_size if path.exists() else 0

    def append(self, record: bytes) -> None:
        """Add *record*. Raises OSError where the disk does not take it; the log then is what it was before."""
        self._write(_framed(record))

    def append_all(self, records: Iterable[bytes]) -> None:
        """Add all *records* or, where OSError is raised, none of them."""
        self._write(b"".join(map(_framed, records)))

    def _write(self, frames: bytes) -> None:
        with self._lock:
            self._check_open()
            file = _open(self._path)
            left = memoryview(frames)
            try:
                while left:  # the last bytes of a full disk are taken, those after them refused
                    left = left[os.write(file, left) :]
                self.size += len(frames)
            except OSError:
                os.ftruncate(file, self.size)
                raise
            finally:
                os.close(file)

    def replay(self) -> Iterator[bytes]:
        """All records, the oldest first; to be read to the end before the first `append`.

        A record that was damaged is left out, and the server's log says so. An end that is no whole record, as a kill
        in the midst of a write leaves it, is cut off and kept beside the log, for it might be damage too.
        """
        whole = 0
        if not self.size:
            return
        with self._path.open("rb", _BLOCK) as file:
            while len(head := file.read(_HEAD.size)) == _HEAD.size:
                length, checksum = _HEAD.unpack(head)
                record = file.read(length)
                if len(record) < length:
                    break
                whole += _HEAD.size + length
                if crc32(record, length + 1) == checksum:
                    yield record
                else:
                    log.error("%s: the record that ends at byte %s is damaged and was left out", self._path, whole)
        if whole < self.size:
            self._cut(whole)

    def _cut(self, whole: int) -> None:
        beside = self._path.with_name(self._path.name + ".cut")
        with self._lock, self._path.open("rb") as file:
            file.seek(whole)
            rest = file.read()
            beside.write_bytes(rest)
            beside.chmod(0o600)
            os.truncate(self._path, whole)
            self.size = whole
        log.warning("%s: %s bytes at its end are no whole record; they are in %s now", self._path, len(rest), beside)

    def rewrite(self, records: Iterable[bytes]) -> None:
        """Hold *records* instead of all there were, at once: a reader or a kill finds the old log or the new one.

        Raises OSError and leaves the log as it was where the disk does not take the new one.
        """
        new = self._path.with_name(self._path.name + ".new")
        with self._lock:
            self._check_open()
            new.unlink(missing_ok=True)
            try:
                with open(_open(new), "wb", _BLOCK) as out:
                    for record in records:
                        out.write(_framed(record))
                    size = out.tell()
                new.replace(self._path)  # not before all of it is with the system
            except BaseException:
                new.unlink(missing_ok=True)  # it would take room that the others need
                raise
            self.size = size

    def close(self) -> None:
        """Take nothing any more."""
        with self._lock:
            self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise ValueError(f"{self._path} takes nothing any more")

    def remove(self) -> None:
        """Delete the file with all it holds."""
        self.close()
        self._path.unlink(missing_ok=True)


def _open(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


def _framed(record: bytes) -> bytes:
    # the checksum begins with the length, and not with 0: else eight zeros, as a crash may leave, were a record
    return _HEAD.pack(len(record), crc32(record, len(record) + 1)) + record
