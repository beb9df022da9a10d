"""Manifests, and what they tell of files: unpacked in a worker (`unpacking`), and remembered.

What lies in S3 is a stranger's, and pyiceberg's reader can neither be interrupted nor trusted: it is not called here.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any, cast

from pyiceberg.io import FileIO
from pyiceberg.manifest import ManifestEntry, ManifestEntryStatus, ManifestFile, _inherit_from_manifest
from pyiceberg.table.snapshots import Snapshot

from localaws.engines.athena.iceberg import unpacking
from localaws.engines.athena.iceberg.bounds import MOST_IN_SNAPSHOTS, too_many
from localaws.engines.athena.iceberg.files import LakeIO
from localaws.lake.errors import QueryFailure
from localaws.lake.files.remembered import Remembered

_Unpack = Callable[[Path, str], unpacking.Packed]


def manifests_of(snapshot: Snapshot | None, io: FileIO) -> list[ManifestFile]:
    """The manifests of *snapshot*. Raises QueryFailure for a list that cannot be read."""
    return list(_read(io, snapshot.manifest_list, unpacking.manifests)) if snapshot else []


def expect_all_snapshots(io: FileIO) -> None:
    """From now on more may be read: a statement goes through all snapshots, and keeps little of each."""
    cast(LakeIO, io).most = MOST_IN_SNAPSHOTS


def entries_of(manifest: ManifestFile, io: FileIO) -> Iterator[ManifestEntry]:
    """The files that *manifest* tells of, also of those that are gone. Raises QueryFailure like `manifests_of`."""
    for entry in _read(io, manifest.manifest_path, unpacking.entries):
        yield _inherit_from_manifest(entry, manifest)


def live_entries_of(manifest: ManifestFile, io: FileIO) -> Iterator[ManifestEntry]:
    """The files that are there by *manifest*."""
    return (entry for entry in entries_of(manifest, io) if entry.status != ManifestEntryStatus.DELETED)


def live_entries(snapshot: Snapshot | None, io: FileIO) -> Iterator[ManifestEntry]:
    """The files, of data and of deletes, that make up *snapshot*."""
    for manifest in manifests_of(snapshot, io):
        yield from live_entries_of(manifest, io)


def _read(io: FileIO, location: str, unpack: _Unpack) -> Iterator[Any]:
    lake = cast(LakeIO, io)
    unpickler = pickle.Unpickler(BytesIO(_packed(lake, location, unpack)))
    with suppress(EOFError):  # that was the last one
        while True:
            lake.session.check()
            yield unpickler.load()


def _packed(lake: LakeIO, location: str, unpack: _Unpack) -> bytes:
    """What *unpack* makes of an object. Raises QueryFailure once that is too much, with all that was read before."""
    try:
        version = location, lake.head(location)["ETag"]  # S3 is asked in any case: it may refuse,
        file = lake.file(location)  # or KMS, where it is encrypted
    except PermissionError as error:
        raise QueryFailure("PERMISSION_DENIED", str(error)) from None
    except FileNotFoundError as error:
        raise QueryFailure("ICEBERG_INVALID_METADATA", str(error)) from None
    found = _remembered.get(version)
    if found is None:
        found = lake.session.call(unpack, file, location)
        if len(found[1]) <= _MOST_OF_ONE:
            _remembered.put(version, found, len(found[1]))
    weight, packed = found
    lake.told[location] = weight
    if sum(lake.told.values()) > lake.most:
        raise too_many(location, lake.most)
    return packed


_MOST_OF_ONE, _MOST_REMEMBERED = 64 << 10, 8 << 20  # bytes
#: What the latest files came to, by place and ETag. Most statements read what others have read before.
_remembered: Remembered[unpacking.Packed] = Remembered(_MOST_REMEMBERED)
