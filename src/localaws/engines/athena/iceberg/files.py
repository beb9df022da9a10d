"""S3 as pyiceberg sees it: objects opened as the lab's local files, written and deleted through the front door.

pyiceberg works in threads of its own. What it asks there counts as asked by the query's caller all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import copy_context
from io import BytesIO
from itertools import takewhile
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, TypeVar

from botocore.exceptions import ClientError
from pyiceberg.io import FileIO, InputFile, OutputFile

from localaws.engines.athena.iceberg.bounds import MOST_IN_STATEMENT, check_metadata
from localaws.lake.datafile import DataFile
from localaws.lake.errors import QueryFailure
from localaws.lake.objects import Lake, split
from localaws.lake.runtime import Session

_T = TypeVar("_T")
_FEW = 16


class LakeIO(FileIO):
    """pyiceberg's way to the lab's objects: no HTTP, no credentials of the surroundings."""

    def __init__(self, session: Session, lake: Lake) -> None:
        super().__init__()
        self.session = session
        self._lake = lake
        self._context = copy_context()
        self.told: dict[str, int] = {}
        """Bytes that each manifest and list of manifests came to (see `manifests`)."""
        self.most = MOST_IN_STATEMENT
        """How many they may come to."""

    def new_input(self, location: str) -> LakeInput:
        return LakeInput(self, location)

    def new_output(self, location: str) -> LakeOutput:
        return LakeOutput(self, location)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        self._as_caller(lambda: self._lake.delete([location if isinstance(location, str) else location.location]))

    def head(self, location: str) -> dict[str, Any]:
        """What S3 says of an object. Raises FileNotFoundError or PermissionError."""
        bucket, key = split(location)
        try:
            found: dict[str, Any] = self._as_caller(lambda: self._lake.client("s3").head_object(Bucket=bucket, Key=key))
        except ClientError as error:
            raise _as_os_error(error, location) from error
        return found

    def path(self, location: str) -> Path:
        """The local file with an object's bytes. S3 is asked first, so that it refuses what it would on AWS."""
        self.head(location)
        return self.file(location)

    def file(self, location: str) -> Path:
        """The local file with the bytes of an object that S3 has been asked for.

        Raises QueryFailure for who may not decrypt it.
        """
        file = self._lake.file(location)
        return self._as_caller(lambda: self._lake.readable(self.session, [file]))[0].path if file.sealed else file.path

    def open(self, location: str) -> BinaryIO:
        """A file of table metadata: only they are read in this process. Raises QueryFailure for what is too much."""
        file = self.path(location).open("rb")
        try:
            check_metadata(file, location)
        except BaseException:
            file.close()
            raise
        return file

    def paths(self, locations: Sequence[str]) -> dict[str, Path]:
        """The local file of each object. Many are listed, which is quicker than to ask for one after the other."""
        listed: dict[str, DataFile] = {}
        folder = _folder_of_all(locations) if len(locations) > _FEW else ""
        if folder:
            with suppress(QueryFailure):  # who must not list may still read
                listed = {file.uri: file for file in self._as_caller(lambda: self._lake.files(folder))}
        found = [listed[each] for each in locations if each in listed]
        readable = self._as_caller(lambda: self._lake.readable(self.session, found))
        known = {file.uri: file.path for file in readable}
        return {each: known.get(each) or self.path(each) for each in self.session.checked(locations)}

    def put(self, data: bytes, location: str) -> None:
        try:
            self._as_caller(lambda: self._lake.put(data, location))
        except ClientError as error:
            raise _as_os_error(error, location) from error

    def _as_caller(self, work: Callable[[], _T]) -> _T:
        return self._context.copy().run(work)  # a copy: a context is entered by one thread at a time


class LakeInput(InputFile):
    """One object to read."""

    def __init__(self, io: LakeIO, location: str) -> None:
        super().__init__(location)
        self._io = io

    def __len__(self) -> int:
        return int(self._io.head(self.location)["ContentLength"])

    def exists(self) -> bool:
        try:
            self._io.head(self.location)
        except FileNotFoundError:
            return False
        return True

    def open(self, seekable: bool = True) -> BinaryIO:
        return self._io.open(self.location)


class _Upload(BytesIO):
    """What is written becomes an object when it is closed, unless the writer failed."""

    def __init__(self, io: LakeIO, location: str) -> None:
        super().__init__()
        self._io = io
        self._location = location

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            super().close()
        self.close()

    def close(self) -> None:
        if not self.closed:
            self._io.put(self.getvalue(), self._location)
            super().close()


class LakeOutput(OutputFile):
    """One object to write."""

    def __init__(self, io: LakeIO, location: str) -> None:
        super().__init__(location)
        self._io = io

    def __len__(self) -> int:
        return len(self.to_input_file())

    def exists(self) -> bool:
        return self.to_input_file().exists()

    def to_input_file(self) -> LakeInput:
        return LakeInput(self._io, self.location)

    def create(self, overwrite: bool = False) -> BinaryIO:
        if not overwrite and self.exists():
            raise FileExistsError(f"Cannot create file, already exists: {self.location}")
        return _Upload(self._io, self.location)


def _folder_of_all(locations: Sequence[str]) -> str:
    """The deepest folder that holds all of *locations*; nothing if only a bucket does, or none."""
    levels = zip(*(each.split("/")[:-1] for each in locations), strict=False)
    shared = [level[0] for level in takewhile(lambda level: len(set(level)) == 1, levels)]
    return "/".join(shared) if len(shared) > 3 else ""  # s3:, nothing, the bucket


def _as_os_error(error: ClientError, location: str) -> OSError:
    code = error.response["Error"]["Code"]
    if code in ("403", "AccessDenied"):
        return PermissionError(f"Access Denied: {location} (Service: Amazon S3; Error Code: AccessDenied)")
    if code in ("404", "NoSuchKey", "NoSuchBucket"):
        return FileNotFoundError(f"File does not exist: {location}")
    return OSError(f"{location}: {error}")
