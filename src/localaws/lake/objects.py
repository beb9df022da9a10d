"""The objects that a query reads and writes, as files of the lab."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError
from moto.s3.models import s3_backends

from localaws.lab import Lab
from localaws.lake.access import readable
from localaws.lake.datafile import DataFile
from localaws.lake.errors import QueryFailure
from localaws.lake.runtime import Session


class Lake:
    """S3 through the front door, for listing, reading in place and writing."""

    def __init__(self, lab: Lab, region: str, principal: str) -> None:
        """*principal* is the service that works with it, as CloudTrail names it: ``athena.amazonaws.com``."""
        self.lab = lab
        self.region = region
        self.principal = principal

    def client(self, service: str) -> Any:
        """A client of another service, in the region of the queries."""
        return self.lab.client(service, region=self.region)

    @property
    def _s3(self) -> Any:
        return self.client("s3")

    def files(self, location: str) -> list[DataFile]:
        """The objects under *location* that hold data, in the order of their keys.

        Leaves out empty objects and what is hidden, that is, under a name that starts with ``_`` or ``.``
        ("Considerations and limitations for SQL queries in Athena"). Raises QueryFailure if S3 does not list it.
        """
        bucket, prefix = split(location)
        if prefix and not prefix.endswith("/"):
            prefix += "/"
        found = []
        with _failing_as_query(f"Failed to list directory: {location}"):
            for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                for item in page.get("Contents", []):
                    key = item["Key"]
                    hidden = any(part.startswith(("_", ".")) for part in key[len(prefix) :].split("/"))
                    if item["Size"] and not hidden:
                        found.append(self.file(f"s3://{bucket}/{key}"))
        return found

    def file(self, uri: str) -> DataFile:
        """The object *uri*, which must be there."""
        stored = s3_backends[self.lab.account_id]["aws"].stored(*split(uri))  # type: ignore[attr-defined]
        return DataFile(uri, stored.size, stored.path, stored if stored.kms_key_id or stored.envelope else None)

    def readable(self, session: Session, files: Sequence[DataFile]) -> list[DataFile]:
        """*files* as *session* can read them: those that lie encrypted are decrypted into its directory.

        Raises QueryFailure if who asks the query may not read one of them.
        """
        return readable(self.lab, self.region, self.principal, session, files)

    def has_any(self, location: str) -> bool:
        """Whether anything at all lies under *location*: a new table's place must be empty."""
        bucket, prefix = split(location)
        prefix = prefix if prefix.endswith("/") or not prefix else prefix + "/"
        with _failing_as_query(f"Failed to list directory: {location}"):
            return bool(self._s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1).get("KeyCount"))

    def folders(self, location: str) -> list[str]:
        """The names of the folders directly under *location*."""
        bucket, prefix = split(location)
        prefix = prefix if prefix.endswith("/") or not prefix else prefix + "/"
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
        with _failing_as_query(f"Failed to list directory: {location}"):
            return [common["Prefix"][len(prefix) : -1] for page in pages for common in page.get("CommonPrefixes", [])]

    def upload(self, path: Path, uri: str, **settings: Any) -> None:
        """Put the file *path* as the object *uri*; *settings* are PutObject's (encryption)."""
        bucket, key = split(uri)
        with path.open("rb") as body, _failing_as_query(f"Error writing {uri}"):
            self._s3.put_object(Bucket=bucket, Key=key, Body=body, **settings)

    def put(self, data: bytes, uri: str, **settings: Any) -> None:
        bucket, key = split(uri)
        self._s3.put_object(Bucket=bucket, Key=key, Body=data, **settings)

    def delete(self, uris: Iterable[str]) -> None:
        keys: dict[str, list[str]] = {}
        for uri in uris:
            bucket, key = split(uri)
            keys.setdefault(bucket, []).append(key)
        for bucket, listed in keys.items():
            for start in range(0, len(listed), 1000):  # DeleteObjects takes at most so many
                objects = [{"Key": key} for key in listed[start : start + 1000]]
                with _failing_as_query(f"Failed to delete from {bucket}"):
                    self._s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})


@contextmanager
def _failing_as_query(doing: str) -> Iterator[None]:
    """S3's refusals in a query's words."""
    try:
        yield
    except ClientError as error:
        details = error.response["Error"]
        code = "PERMISSION_DENIED" if details["Code"] == "AccessDenied" else "HIVE_FILESYSTEM_ERROR"
        reason = f"{details['Message']} (Service: Amazon S3; Error Code: {details['Code']})"
        raise QueryFailure(code, f"{doing}: {reason}") from None


#: What botocore lets be a bucket's name; it raises an error of its own for others.
_BUCKET = re.compile(r"[\w.-]{1,255}", re.ASCII)


def split(uri: str) -> tuple[str, str]:
    """Bucket and key of an s3:// URI. Raises QueryFailure for anything else."""
    parts = urlsplit(uri, allow_fragments=False)
    if parts.scheme not in ("s3", "s3a", "s3n") or not _BUCKET.fullmatch(parts.netloc):
        raise QueryFailure("INVALID_TABLE_PROPERTY", f"The S3 location must look like s3://bucket/path/, not {uri!r}")
    query = f"?{parts.query}" if parts.query else ""
    return parts.netloc, (parts.path + query).removeprefix("/")
