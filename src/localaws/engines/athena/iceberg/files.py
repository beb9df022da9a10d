"""S3 as pyiceberg sees it: objects opened as the lab's local files, written and deleted through the front door."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from botocore.exceptions import ClientError
from pyiceberg.io import FileIO, InputFile, OutputFile

from localaws.engines.athena.lake import Lake, split


class LakeInput(InputFile):
    """One object to read. S3 is asked for it first, so a missing or forbidden object is an error as on AWS."""

    def __init__(self, lake: Lake, location: str) -> None:
        super().__init__(location)
        self._lake = lake

    def _head(self) -> dict[str, Any]:
        bucket, key = split(self.location)
        try:
            head: dict[str, Any] = self._lake.client("s3").head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            raise _as_os_error(error, self.location) from error
        return head

    def __len__(self) -> int:
        return int(self._head()["ContentLength"])

    def exists(self) -> bool:
        try:
            self._head()
        except FileNotFoundError:
            return False
        return True

    @property
    def path(self) -> Path:
        """The local file with the object's bytes. Raises FileNotFoundError or PermissionError."""
        self._head()
        return self._lake.path(self.location)

    def open(self, seekable: bool = True) -> BinaryIO:
        return self.path.open("rb")


class _Upload(BytesIO):
    """What is written becomes an object when it is closed, unless the writer failed."""

    def __init__(self, lake: Lake, location: str) -> None:
        super().__init__()
        self._lake = lake
        self._location = location

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            super().close()
        self.close()

    def close(self) -> None:
        if not self.closed:
            self._lake.put(self.getvalue(), self._location)
            super().close()


class LakeOutput(OutputFile):
    """One object to write."""

    def __init__(self, lake: Lake, location: str) -> None:
        super().__init__(location)
        self._lake = lake

    def __len__(self) -> int:
        return len(self.to_input_file())

    def exists(self) -> bool:
        return self.to_input_file().exists()

    def to_input_file(self) -> LakeInput:
        return LakeInput(self._lake, self.location)

    def create(self, overwrite: bool = False) -> BinaryIO:
        if not overwrite and self.exists():
            raise FileExistsError(f"Cannot create file, already exists: {self.location}")
        return _Upload(self._lake, self.location)


class LakeIO(FileIO):
    """pyiceberg's way to the lab's objects: no HTTP, no credentials of the surroundings."""

    def __init__(self, lake: Lake) -> None:
        super().__init__()
        self.lake = lake

    def new_input(self, location: str) -> LakeInput:
        return LakeInput(self.lake, location)

    def new_output(self, location: str) -> LakeOutput:
        return LakeOutput(self.lake, location)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        self.lake.delete([location if isinstance(location, str) else location.location])


def _as_os_error(error: ClientError, location: str) -> OSError:
    code = error.response["Error"]["Code"]
    if code in ("403", "AccessDenied"):
        return PermissionError(f"Access Denied: {location}")
    if code in ("404", "NoSuchKey", "NoSuchBucket"):
        return FileNotFoundError(f"File does not exist: {location}")
    return OSError(f"{location}: {error}")
