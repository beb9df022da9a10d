"""The files of inventories: which columns they have, and how each format writes them.

Source: S3 user guide, "Inventory lists", "Inventory manifest".
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
from moto.s3.models import FakeBucket
from pyarrow import orc

from localaws.engines.s3.inventory import Inventory
from localaws.engines.s3.objects import StoredObject


@dataclass(frozen=True)
class Field:
    """A column: its name in CSV, its name and type in columnar files, and its value for a version."""

    name: str
    column: str
    type: pa.DataType
    value: Callable[[FakeBucket, Any, bool], Any]


def _of_object(value: Callable[[StoredObject], Any]) -> Callable[[FakeBucket, Any, bool], Any]:
    """The value for an object; delete markers have none."""
    return lambda bucket, version, newest: value(version) if isinstance(version, StoredObject) else None


def _encryption(key: StoredObject) -> str:
    return {"aws:kms": "SSE-KMS", "aws:kms:dsse": "DSSE-KMS", "AES256": "SSE-S3"}.get(key.encryption or "", "SSE-C")


def _hold(key: StoredObject) -> str:
    return "ON" if key.lock_legal_status == "ON" else "OFF"


def _bucket_key(key: StoredObject) -> str:
    return "ENABLED" if key.bucket_key_enabled else "DISABLED"


_TEXT, _TRUTH, _MOMENT = pa.string(), pa.bool_(), pa.timestamp("ms", tz="UTC")
_FIRST = (
    Field("Bucket", "bucket", _TEXT, lambda bucket, version, newest: bucket.name),
    Field("Key", "key", _TEXT, lambda bucket, version, newest: version.name),
)
_VERSIONS = (
    Field("VersionId", "version_id", _TEXT, lambda bucket, version, newest: version.version_id),
    Field("IsLatest", "is_latest", _TRUTH, lambda bucket, version, newest: newest),
    Field("IsDeleteMarker", "is_delete_marker", _TRUTH, lambda b, version, n: not isinstance(version, StoredObject)),
)
#: Those that a configuration may ask for, in the order in which files have them.
_OPTIONAL = (
    Field("Size", "size", pa.int64(), _of_object(lambda key: key.size)),
    Field("LastModifiedDate", "last_modified_date", _MOMENT, lambda b, version, n: version.last_modified),
    Field("ETag", "e_tag", _TEXT, _of_object(lambda key: key.etag.strip('"'))),
    Field("StorageClass", "storage_class", _TEXT, _of_object(lambda key: key.storage_class)),
    Field("IsMultipartUploaded", "is_multipart_uploaded", _TRUTH, _of_object(lambda key: key.multipart is not None)),
    Field("ReplicationStatus", "replication_status", _TEXT, _of_object(lambda key: key.replication_status or "")),
    Field("EncryptionStatus", "encryption_status", _TEXT, _of_object(_encryption)),
    Field("ObjectLockRetainUntilDate", "object_lock_retain_until_date", _TEXT, _of_object(lambda key: key.lock_until)),
    Field("ObjectLockMode", "object_lock_mode", _TEXT, _of_object(lambda key: key.lock_mode)),
    Field("ObjectLockLegalHoldStatus", "object_lock_legal_hold_status", _TEXT, _of_object(_hold)),
    Field("BucketKeyStatus", "bucket_key_status", _TEXT, _of_object(_bucket_key)),
    Field("ChecksumAlgorithm", "checksum_algorithm", _TEXT, _of_object(lambda key: key.checksum_algorithm)),
)


def _fields(inventory: Inventory) -> tuple[Field, ...]:
    """The columns of a list, in their order."""
    versions = _VERSIONS if inventory.all_versions else ()
    return (*_FIRST, *versions, *(each for each in _OPTIONAL if each.name in inventory.fields))


def rows_of(bucket: FakeBucket, inventory: Inventory) -> Iterator[list[Any]]:
    """The values of each version that a list has."""
    fields = _fields(inventory)
    for name in sorted(bucket.keys):
        if name.startswith(inventory.prefix):
            versions = bucket.keys.getlist(name, [])
            for version in reversed(versions) if inventory.all_versions else versions[-1:]:
                newest = version is versions[-1]
                if inventory.all_versions or isinstance(version, StoredObject):
                    yield [field.value(bucket, version, newest) for field in fields]


def _csv(fields: tuple[Field, ...], rows: list[list[Any]]) -> tuple[bytes, str]:
    """Without a header, all in quotes; keys are URL-encoded."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    for row in rows:
        writer.writerow([_as_text(field, value) for field, value in zip(fields, row, strict=True)])
    return gzip.compress(out.getvalue().encode(), mtime=0), ".csv.gz"


def _as_text(field: Field, value: Any) -> str:
    if value is None:
        return ""
    if field.name == "Key":
        return quote(value)
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03}Z" if isinstance(value, datetime) else str(value)


def _table(fields: tuple[Field, ...], rows: list[list[Any]]) -> pa.Table:
    schema = pa.schema([(field.column, field.type) for field in fields])
    return pa.table({name: [row[n] for row in rows] for n, name in enumerate(schema.names)}, schema=schema)


def _parquet(fields: tuple[Field, ...], rows: list[list[Any]]) -> tuple[bytes, str]:
    out = io.BytesIO()
    pq.write_table(_table(fields, rows), out)
    return out.getvalue(), ".parquet"


def _orc(fields: tuple[Field, ...], rows: list[list[Any]]) -> tuple[bytes, str]:
    out = io.BytesIO()
    orc.write_table(_table(fields, rows), out)
    return out.getvalue(), ".orc"


def written(inventory: Inventory, rows: list[list[Any]]) -> tuple[bytes, str]:
    """The list as a file of its format, and how the file's name ends."""
    return _FORMATS[inventory.format](_fields(inventory), rows)


_FORMATS = {"CSV": _csv, "Parquet": _parquet, "ORC": _orc}
_PARQUET_TYPES = {_TEXT: "binary {} (UTF8)", _TRUTH: "boolean {}", _MOMENT: "int64 {} (TIMESTAMP_MILLIS)"}
_ORC_TYPES = {_TEXT: "string", _TRUTH: "boolean", _MOMENT: "timestamp"}


def schema_of(inventory: Inventory) -> str:
    """What the manifest calls the columns, in the way of its format."""
    fields = _fields(inventory)
    if inventory.format == "CSV":
        return ", ".join(field.name for field in fields)
    if inventory.format == "ORC":
        typed = (f"{each.column}:{_ORC_TYPES.get(each.type, 'bigint')}" for each in fields)
        return f"struct<{','.join(typed)}>"
    columns = (_PARQUET_TYPES.get(each.type, "int64 {}").format(each.column) for each in fields)
    return f"message s3.inventory {{ {' '.join(f'optional {each};' for each in columns)} }}"
