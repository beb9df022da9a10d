"""Object bytes as files. Names are ours and say nothing of the key, so no key can lead out of the directory."""

from __future__ import annotations

import contextlib
import hashlib
import os
import queue
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from localaws.engines.s3.checksums import Checksum, Hash, encode, new_hash
from localaws.engines.s3.sealing import Block, seal, unseal
from localaws.gateway.errors import AwsError

#: How much is read, hashed and written at a time, in bytes: small enough for a processor's cache.
BLOCK = 1 << 18
#: Bodies up to this size are not worth a second thread.
SMALL = 1 << 20
_QUEUED_BLOCKS = 16
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True)
class Blob:
    """Bytes that lie in the store under the name ``file``; not an object until the journal says so."""

    file: str
    size: int
    etag: str
    checksum: Checksum | None = None


class FileBlocks:
    """Part of a file as a WSGI body. The file is open from the start: a later delete does not cut it short."""

    def __init__(self, path: Path, start: int, length: int) -> None:
        self._descriptor = os.open(path, os.O_RDONLY)
        self._position = start
        self._left = length

    def __iter__(self) -> Iterator[Block]:
        while self._left:
            block = self._read(min(BLOCK, self._left), self._position)
            self._position += len(block)
            self._left -= len(block)
            yield block

    def _read(self, size: int, position: int) -> bytes:
        """At most *size* bytes. Raises OSError where there are none."""
        block = os.pread(self._descriptor, size, position)
        if not block:
            raise OSError("an object's file is shorter than its recorded size")
        return block

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    __del__ = close


class SealedBlocks(FileBlocks):
    """The same of a file whose bytes lie encrypted under *key*, as *segments* of so many plain bytes (`sealing`)."""

    def __init__(self, path: Path, start: int, length: int, key: bytes, segments: Sequence[int]) -> None:
        super().__init__(path, start, length)
        self._key, self._segments = key, segments

    def __iter__(self) -> Iterator[Block]:
        return unseal(self._key, self._read, self._segments, self._position, self._left)


class ObjectStore:
    """A directory of files, each owned by one object version or one uploaded part."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def path(self, file: str) -> Path:
        return self.directory / file

    def receive(self, stream: Readable, length: int, algorithm: str | None, key: bytes | None = None) -> Blob:
        """Store *length* bytes of *stream*, read to its proved end, and hash them on the way.

        They are encrypted under *key*, if there is one. Raises IncompleteBody, or what the stream raises; then nothing
        is left behind.
        """
        return self.gather(_blocks(stream, length), length, algorithm, key)

    def gather(self, blocks: Iterable[Block], length: int, algorithm: str | None, key: bytes | None = None) -> Blob:
        """The same of *blocks*, which must be *length* bytes."""
        if length <= SMALL:
            return self.write(b"".join(blocks), algorithm, key)
        file = _new_name()
        hashes = _hashes(algorithm)
        try:
            with self.path(file).open("xb", buffering=0) as target, _HashingThread(hashes) as hashing:
                plain = hashing.passed(blocks)
                for block in seal(key, plain) if key else plain:
                    _write(target.fileno(), block)
        except BaseException:
            self.remove(file)
            raise
        return _blob(file, length, hashes, algorithm)

    def write(self, data: bytes, algorithm: str | None = None, key: bytes | None = None) -> Blob:
        """Store *data*, which is small or already in memory, encrypted under *key* if there is one."""
        file = _new_name()
        hashes = _hashes(algorithm)
        for hasher in hashes:
            hasher.update(data)
        try:
            target = os.open(f"{self.directory}/{file}", _NEW, 0o666)
            try:
                _write(target, b"".join(seal(key, [data])) if key else data)
            finally:
                os.close(target)
        except OSError:
            self.remove(file)
            raise
        return _blob(file, len(data), hashes, algorithm)

    def link(self, file: str) -> str:
        """A second name, owned by itself, for the same bytes: a copy that costs nothing."""
        name = _new_name()
        os.link(self.path(file), self.path(name))
        return name

    def join(self, pieces: Iterable[tuple[str, int, int]]) -> str:
        """Concatenate (file, start, length) pieces into a new file, inside the kernel where it can."""
        name = _new_name()
        try:
            with self.path(name).open("xb", buffering=0) as target:
                for file, start, length in pieces:
                    with self.path(file).open("rb", buffering=0) as source:
                        _copy(source.fileno(), target.fileno(), start, length)
        except BaseException:
            self.remove(name)
            raise
        return name

    def remove(self, file: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{self.directory}/{file}")  # noqa: PTH108 (each overwriting pays for a Path)

    def sweep(self, keep: set[str]) -> None:
        """Remove what no object owns: uploads cut off by a crash, and parts of uploads that it ended."""
        for path in self.directory.iterdir():
            if path.name not in keep:
                path.unlink()


class _HashingThread:
    """Hashes blocks on a thread of its own (hashlib and zlib let go of the interpreter), in order."""

    def __init__(self, hashes: list[Hash]) -> None:
        self._hashes = hashes
        self._queue: queue.Queue[Block | None] = queue.Queue(_QUEUED_BLOCKS)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> _HashingThread:
        self._thread.start()
        return self

    def passed(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """*blocks*, each handed to the thread first."""
        for block in blocks:
            self._queue.put(block)
            yield block

    def _run(self) -> None:
        while (block := self._queue.get()) is not None:
            for hasher in self._hashes:
                hasher.update(block)

    def __exit__(self, *_: object) -> None:
        self._queue.put(None)
        self._thread.join()


def digests(blocks: Iterable[Block], *algorithms: str) -> list[bytes]:
    """Those of all *blocks* together."""
    hashes = [new_hash(algorithm) for algorithm in algorithms]
    for block in blocks:
        for hasher in hashes:
            hasher.update(block)
    return [hasher.digest() for hasher in hashes]


def _hashes(algorithm: str | None) -> list[Hash]:
    """MD5, which is the ETag, and the checksum asked for."""
    md5: Hash = hashlib.md5(usedforsecurity=False)
    return [md5, new_hash(algorithm)] if algorithm else [md5]


def _blob(file: str, size: int, hashes: list[Hash], algorithm: str | None) -> Blob:
    checksum = Checksum(algorithm, encode(hashes[1].digest())) if algorithm else None
    return Blob(file, size, hashes[0].digest().hex(), checksum)


def _blocks(stream: Readable, length: int) -> Iterator[bytes]:
    """The stream's blocks up to its end, which must come after *length* bytes."""
    seen = 0
    while block := stream.read(BLOCK):
        seen += len(block)
        yield block
    if seen != length:
        raise AwsError(
            "IncompleteBody",
            "You did not provide the number of bytes specified by the Content-Length HTTP header.",
            400,
        )


def _new_name() -> str:
    return os.urandom(16).hex()


def _write(target: int, data: Block) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(target, view) :]


def _copy(source: int, target: int, start: int, length: int) -> None:
    """Copy part of a file to the end of another; Linux does it without the bytes passing through us."""
    if hasattr(os, "copy_file_range"):
        while length:
            copied = os.copy_file_range(source, target, length, offset_src=start)
            if not copied:
                raise OSError("an object's file is shorter than its recorded size")
            start, length = start + copied, length - copied
        return
    os.lseek(source, start, os.SEEK_SET)
    with open(source, "rb", closefd=False) as reader, open(target, "wb", closefd=False) as writer:
        while length:
            block = reader.read(min(BLOCK, length))
            if not block:
                raise OSError("an object's file is shorter than its recorded size")
            writer.write(block)
            length -= len(block)
