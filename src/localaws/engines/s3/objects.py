"""moto's objects, uploads and key tables, with the bytes in files and without a copy of them in memory."""

from __future__ import annotations

import copy
import os
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import formatdate
from pathlib import Path
from typing import Any, ClassVar

from moto.s3.models import FakeAcl, FakeDeleteMarker, FakeKey, FakeMultipart, get_canned_acl
from moto.s3.utils import _VersionedKeyStore
from moto.utilities.utils import LowercaseDict

from localaws.engines.s3.checksums import Checksum
from localaws.engines.s3.encryption import Encryption, Envelope
from localaws.engines.s3.sealing import sealed_size
from localaws.engines.s3.store import BLOCK, Blob, FileBlocks, ObjectStore, SealedBlocks

PRIVATE = get_canned_acl("private")
NULL_VERSION = "null"


@dataclass
class CompletedUpload:
    """What an object remembers of the multipart upload it came from, in the shape moto looks for."""

    id: str
    part_sizes: list[int]

    @property
    def partlist(self) -> list[int]:
        return list(range(1, len(self.part_sizes) + 1))

    def extent(self, part_number: int) -> tuple[int, int]:
        """Start and length of a part in the object; IndexError where there is none."""
        if not 1 <= part_number <= len(self.part_sizes):
            raise IndexError(part_number)
        return sum(self.part_sizes[: part_number - 1]), self.part_sizes[part_number - 1]


@dataclass(frozen=True)
class Restoration:
    """A copy of an archived object, for so many *days*; ``ready`` and ``expiry`` in seconds since the epoch.

    There is no ``expiry`` before it is there.
    """

    days: int
    tier: str
    ready: float
    expiry: float | None = None

    @property
    def header(self) -> str:
        """The value of x-amz-restore."""
        if self.expiry is None:
            return 'ongoing-request="true"'
        return f'ongoing-request="false", expiry-date="{formatdate(self.expiry, usegmt=True)}"'


class StoredObject(FakeKey):
    """An object version (or an uploaded part) whose bytes are a file of *store*.

    moto's constructor would open a temporary file; the attributes that most objects never change stay on the
    class, so that a million small objects fit in memory.
    """

    model_name = "s3::keyrestore"
    _transitions = [(None, "IN_PROGRESS"), ("IN_PROGRESS", "RESTORED")]
    _status = None
    _tick = 0
    _time_progressed = datetime(2000, 1, 1)
    partition = "aws"
    region_name = "aws"
    website_redirect_location: str | None = None
    _expiry = None
    encryption: str | None = None
    kms_key_id: str | None = None
    bucket_key_enabled: Any = None
    envelope: Envelope | None = None
    lock_mode: str | None = None
    lock_legal_status: str | None = None
    lock_until: str | None = None
    multipart: CompletedUpload | None = None  # type: ignore[assignment]
    checksum: Checksum | None = None
    acl: FakeAcl | None = PRIVATE
    restoration: Restoration | None = None
    #: PENDING, COMPLETED or FAILED of what is replicated, REPLICA of its replica.
    replication_status: str | None = None
    #: Since when it lies in its storage class, in seconds since the epoch; None: since it was made.
    class_since: float | None = None
    disposed = False
    #: Gives the data key of an object to who makes the present call (`DataKeys.open`).
    open: ClassVar[Callable[[StoredObject], bytes | None]]

    def __new__(cls, *args: Any, **kwargs: Any) -> StoredObject:
        return object.__new__(cls)  # moto keeps a list of every key ever made

    def __init__(
        self, store: ObjectStore, blob: Blob, *, name: Any, bucket_name: str | None, account_id: str, modified: datetime
    ) -> None:
        self.store = store
        self.file = blob.file
        self.contentsize = blob.size
        self._etag = blob.etag
        self.checksum = blob.checksum
        self.name = name
        self.bucket_name = bucket_name
        self.account_id = account_id
        self.last_modified = modified
        self._storage_class = "STANDARD"
        self._metadata = LowercaseDict({"content-type": "binary/octet-stream"})
        self._version_id = NULL_VERSION
        self._is_versioned = False

    @property
    def path(self) -> Path:
        """The file with the bytes, which may lie encrypted: it never changes, but may go."""
        return self.store.path(self.file)

    @property
    def file_size(self) -> int:
        """How many bytes that file has."""
        return sum(map(sealed_size, self._segments)) if self.envelope else self.size

    @property
    def _segments(self) -> list[int]:
        return self.multipart.part_sizes if self.multipart else [self.size]

    @property
    def value(self) -> bytes:
        """All the bytes in memory, for the few of moto's operations that want them so."""
        return b"".join(self.blocks(0, self.size, type(self).open(self)))

    @property
    def checksum_algorithm(self) -> str | None:  # type: ignore[override]
        return self.checksum.algorithm if self.checksum else None

    @property
    def checksum_value(self) -> str | None:  # type: ignore[override]
        return self.checksum.value if self.checksum else None

    @property
    def checksum_type(self) -> str | None:  # type: ignore[override]
        return self.checksum.kind if self.checksum else None

    @property
    def version_id(self) -> str:
        return self._version_id or NULL_VERSION

    @property
    def headers(self) -> dict[str, Any]:
        """The response headers that every answer about this object carries."""
        headers: dict[str, Any] = self.response_dict
        headers.pop("x-amz-sdk-checksum-algorithm", None)  # a request header, which moto also answers with
        if self.replication_status:
            headers["x-amz-replication-status"] = self.replication_status
        if self.restoration:
            headers["x-amz-restore"] = self.restoration.header
        if self.kms_key_id:  # of DSSE-KMS moto does not tell it
            headers |= self.told.headers
        return headers

    @property
    def told(self) -> Encryption:
        """How it is encrypted, as far as answers tell it."""
        return Encryption(self.encryption, self.kms_key_id, self.bucket_key_enabled)

    def encrypt(self, encryption: Encryption) -> None:
        """Note how the bytes lie in the file."""
        self.encryption, self.kms_key_id = encryption.algorithm, encryption.kms_key_id
        self.bucket_key_enabled, self.envelope = encryption.bucket_key or None, encryption.envelope
        if self.envelope and not self.multipart:
            self._etag = os.urandom(16).hex()

    def read(self, start: int, length: int, key: bytes | None) -> bytes | FileBlocks:
        """Part of the object as a response body: bytes if it is short, else a stream. *key* is its data key."""
        if length == 0:
            return b""
        blocks = self.blocks(start, length, key)
        if length > BLOCK:
            return blocks
        try:
            return b"".join(blocks)
        finally:
            blocks.close()

    def blocks(self, start: int, length: int, key: bytes | None) -> FileBlocks:
        """Part of the object, which is open from now on: block by block, decrypted by *key*."""
        if self.envelope is None:
            return FileBlocks(self.path, start, length)
        if key is None:
            raise ValueError("what lies encrypted is read with its data key")
        return SealedBlocks(self.path, start, length, key, self._segments)

    def dispose(self, garbage: bool = False) -> None:
        """Give the file up; moto calls this when a version leaves its table."""
        if not self.disposed:
            self.disposed = True
            self.store.remove(self.file)

    def __del__(self) -> None:
        """Nothing: files outlive the process."""

    def __deepcopy__(self, memo: dict[int, Any]) -> StoredObject:
        return copy.copy(self)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__.copy()

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)


class DeleteMarker(FakeDeleteMarker):
    """A delete marker that knows only its key's name: moto's keeps the object under it alive."""

    def __new__(cls, *args: Any, **kwargs: Any) -> DeleteMarker:
        return object.__new__(cls)

    def __init__(self, name: str, version_id: str, modified: datetime) -> None:
        self.name = name
        self.key = None  # type: ignore[assignment]
        self.last_modified = modified
        self._version_id = version_id

    def dispose(self, garbage: bool = False) -> None:
        """Nothing to give up."""

    def __deepcopy__(self, memo: dict[int, Any]) -> DeleteMarker:
        return copy.copy(self)


@dataclass
class Part:
    """One <Part> of a CompleteMultipartUpload request; ``checksum`` in base64, if the client gave one."""

    number: int
    etag: str
    checksum: str | None = None


@dataclass
class UploadOptions:
    """What CreateMultipartUpload fixes for the object to come."""

    metadata: dict[str, str]
    storage_class: str
    tags: dict[str, str]
    acl: FakeAcl | None
    encryption: Encryption = field(default_factory=Encryption)
    checksum_algorithm: str | None = None
    checksum_type: str | None = None
    redirect: str | None = None
    lock: dict[str, Any] = field(default_factory=dict)

    @property
    def checksum_kind(self) -> str | None:
        """FULL_OBJECT or COMPOSITE, if a checksum was asked for."""
        default = "FULL_OBJECT" if self.checksum_algorithm == "CRC64NVME" else "COMPOSITE"
        return (self.checksum_type or default) if self.checksum_algorithm else None


class StoredUpload(FakeMultipart):
    """An upload in progress: parts are files until they are joined."""

    parts: dict[int, StoredObject]  # type: ignore[assignment]

    def __new__(cls, *args: Any, **kwargs: Any) -> StoredUpload:
        return object.__new__(cls)

    def __init__(
        self, key_name: str, options: UploadOptions, account_id: str, region_name: str, initiated: datetime
    ) -> None:
        metadata: Any = dict(options.metadata)  # moto's listings look for the checksum's algorithm here
        if options.checksum_algorithm:
            metadata["x-amz-checksum-algorithm"] = options.checksum_algorithm
            metadata["x-amz-checksum-type"] = options.checksum_kind
        super().__init__(key_name, metadata, account_id, region_name, options.storage_class, options.tags, options.acl)
        self.options = options
        self.initiated = initiated

    def list_parts(self, part_number_marker: int, max_parts: int) -> Iterator[StoredObject]:
        """Parts numbered above the marker; moto takes the marker for a position."""
        later = self.partlist[bisect_right(self.partlist, part_number_marker) :]
        return (self.parts[number] for number in later[:max_parts])

    def add(self, part: StoredObject) -> None:
        """Take a part in; one of the same number is replaced."""
        number = int(part.name)
        if number in self.parts:
            self.parts[number].dispose()
        else:
            insort(self.partlist, number)
        self.parts[number] = part


class KeyTable(_VersionedKeyStore):
    """moto's table of key → versions, oldest first, that also knows its keys in S3's listing order."""

    def __init__(self) -> None:
        super().__init__()
        self._names: list[str] = []  # code-point order of str is the byte order of UTF-8

    def __setitem__(self, key: str, value: Any) -> None:
        self._insert(key)
        super().__setitem__(key, value)

    def setlist(self, key: Any, list_: Any) -> None:
        self._insert(key)
        super().setlist(key, list_)

    def pop(self, key: str) -> None:  # type: ignore[override]
        super().pop(key)
        del self._names[bisect_left(self._names, key)]

    def _insert(self, key: str) -> None:
        if key not in self:
            insort(self._names, key)

    def listed(self, prefix: str, delimiter: str | None, after: str) -> Iterator[str | StoredObject]:
        """Live objects, and common prefixes in their place, that sort behind *after*."""
        position = bisect_left(self._names, max(prefix, after))
        while position < len(self._names):
            name = self._names[position]
            if not name.startswith(prefix):
                return
            current = self.get(name)
            cut = name.find(delimiter, len(prefix)) if delimiter else -1
            position += 1
            if (name <= after and cut < 0) or not isinstance(current, StoredObject):
                continue
            if cut < 0:
                yield current
                continue
            folder = name[: cut + len(delimiter or "")]
            position = bisect_left(self._names, folder[:-1] + chr(ord(folder[-1]) + 1), position)
            if folder != after:
                yield folder
