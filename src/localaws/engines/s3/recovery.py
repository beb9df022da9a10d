"""From state to journal lines and back: what makes buckets and objects survive the process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.s3.models import FakeBucket

from localaws.engines.s3.checksums import Checksum
from localaws.engines.s3.encryption import Envelope
from localaws.engines.s3.objects import CompletedUpload, DeleteMarker, Restoration, StoredObject
from localaws.engines.s3.store import Blob, ObjectStore

if TYPE_CHECKING:
    from localaws.engines.s3.backend import S3Engine

#: The journal's names of the attributes that are kept as they are.
_KEPT = {
    "class": "_storage_class",
    "encryption": "encryption",
    "kms_key": "kms_key_id",
    "bucket_key": "bucket_key_enabled",
    "lock_mode": "lock_mode",
    "lock_until": "lock_until",
    "legal_hold": "lock_legal_status",
    "class_since": "class_since",
    "replication": "replication_status",
    "redirect": "website_redirect_location",
}


def to_record(key: StoredObject, tags: dict[str, str]) -> dict[str, Any]:
    """What the journal must know to make this object again."""
    record: dict[str, Any] = {
        "bucket": key.bucket_name,
        "key": key.name,
        "version": key.version_id,
        "versioned": key._is_versioned,
        "file": key.file,
        "size": key.size,
        "etag": key._etag,
        "modified": _timestamp(key.last_modified),
        "metadata": dict(key.metadata),
    }
    record |= {name: value for name, attribute in _KEPT.items() if (value := getattr(key, attribute)) is not None}
    if key.envelope:
        record["envelope"] = asdict(key.envelope)
    if key.checksum:
        record["checksum"] = {**vars(key.checksum)}
    if key.multipart:
        record["upload"] = asdict(key.multipart)
    if key.restoration:
        record["restoration"] = asdict(key.restoration)
    if tags:
        record["tags"] = tags
    return record


def from_record(store: ObjectStore, account_id: str, record: dict[str, Any]) -> StoredObject:
    """The object that `to_record` described."""
    checksum = Checksum(**record["checksum"]) if "checksum" in record else None
    key = StoredObject(
        store,
        Blob(record["file"], record["size"], record["etag"], checksum),
        name=record["key"],
        bucket_name=record["bucket"],
        account_id=account_id,
        modified=_naive(record["modified"]),
    )
    key._version_id = record["version"]
    key._is_versioned = record["versioned"]
    key._metadata.update(record["metadata"])
    for name, attribute in _KEPT.items():
        if name in record:
            setattr(key, attribute, record[name])
    if "envelope" in record:
        key.envelope = Envelope(**record["envelope"])
    if "restoration" in record:
        key.restoration = Restoration(**record["restoration"])
    if "upload" in record:
        key.multipart = CompletedUpload(**record["upload"])
    return key


def marker_to_record(bucket_name: str, marker: DeleteMarker) -> dict[str, Any]:
    """What the journal must know of a delete marker."""
    return {
        "bucket": bucket_name,
        "key": marker.name,
        "version": marker.version_id,
        "modified": _timestamp(marker.last_modified),
    }


def bucket_to_record(bucket: FakeBucket) -> dict[str, Any]:
    """What the journal must know of a bucket; its sub-resources have lines of their own."""
    return {
        "bucket": bucket.name,
        "region": bucket.region_name,
        "namespace": bucket.bucket_namespace,
        "created": bucket.creation_date.isoformat(),
    }


def history(engine: S3Engine) -> Iterator[dict[str, Any]]:
    """The shortest list of changes that leads to the present state of one account."""
    for bucket in engine.buckets.values():
        yield {"op": "create-bucket", "account": engine.account_id, **bucket_to_record(bucket)}
        for _, versions in bucket.keys.lists():
            for version in versions:
                if isinstance(version, StoredObject):
                    tags = engine.tagger.get_tag_dict_for_resource(version.arn)
                    yield {"op": "put", "account": engine.account_id, **to_record(version, tags)}
                else:
                    yield {"op": "mark", "account": engine.account_id, **marker_to_record(bucket.name, version)}
    for name, settings in engine.configurations.items():
        for setting, request in settings.items():
            details = {"bucket": name, "name": setting, "request": request}
            yield {"op": "configure", "account": engine.account_id, **details}


def apply(engine: S3Engine, change: dict[str, Any]) -> None:
    """Make one recorded change again, without events and without recording it."""
    name = change["bucket"]
    if change["op"] == "create-bucket":
        bucket: FakeBucket = FakeBucket(name, engine.account_id, change["region"], change.get("namespace"))  # type: ignore[abstract]
        engine.equip(bucket)
        bucket.creation_date = datetime.fromisoformat(change["created"])
        engine.buckets[name] = bucket
        engine.configurations[name] = change.get("configurations", {})
        return
    if name not in engine.buckets:  # the bucket behind an S3 table: it ends with the process
        return
    bucket = engine.buckets[name]
    if change["op"] == "delete-bucket":
        engine.forget_bucket(name)
    elif change["op"] == "configure":
        engine.note_configuration(name, change["name"], change["request"])
    elif change["op"] == "put":
        key = from_record(engine.store, engine.account_id, change)
        _place(bucket, key)
        engine.set_tags(key, change.get("tags", {}))
    elif change["op"] == "mark":
        _place(bucket, DeleteMarker(change["key"], change["version"], _naive(change["modified"])))
    elif change["op"] == "remove":
        for version in bucket.keys.getlist(change["key"], []):
            if version.version_id == change["version"]:
                engine.remove_version(bucket, version)
                break


def _place(bucket: FakeBucket, version: StoredObject | DeleteMarker) -> None:
    """Put a version on top, or, when the line tells news of a version already there, in its place."""
    versions = list(bucket.keys.getlist(version.name, []))
    for position, known in enumerate(versions):
        if known.version_id == version.version_id:
            if isinstance(known, StoredObject) and known.file == getattr(version, "file", None):
                known.disposed = True  # the file has a new owner
                versions[position] = version
                break
            del versions[position]
            versions.append(version)
            break
    else:
        versions.append(version)
    bucket.keys.setlist(version.name, versions)


def _timestamp(moment: datetime) -> float:
    """Seconds since the epoch of one of moto's naive UTC times."""
    return moment.replace(tzinfo=UTC).timestamp()


def _naive(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC).replace(tzinfo=None)
