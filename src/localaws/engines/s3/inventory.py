"""Inventories: once a day or a week, at midnight UTC, a list of a bucket's objects goes to another bucket as files.

S3 writes them as itself, so the destination's policy has to let it.

Source: S3 user guide, "Cataloging and analyzing your data with S3 Inventory", "Inventory lists", "Inventory manifest".
"""

from __future__ import annotations

import hashlib
import json
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from botocore.exceptions import ClientError
from defusedxml import ElementTree
from moto.s3.models import FakeBucket

from localaws.client import working_for
from localaws.engines.s3.backend import S3Engine
from localaws.engines.s3.lifecycle_rules import next_midnight
from localaws.engines.s3.rules import child, children, text
from localaws.lab import Lab

_SUNDAY = 6


@dataclass(frozen=True)
class Inventory:
    """What a configuration says; ``prefix`` is of the objects, ``folder`` of the files."""

    id: str
    enabled: bool
    all_versions: bool
    weekly: bool
    prefix: str
    target: str
    folder: str
    format: str
    fields: frozenset[str]

    def next(self, now: datetime) -> datetime:
        """The next midnight, or that of the next Sunday, after *now*."""
        midnight = next_midnight(now + timedelta(microseconds=1))
        return midnight + timedelta(days=(_SUNDAY - midnight.weekday()) % 7 if self.weekly else 0)


def read(document: str) -> Inventory:
    """The configuration that a document, which fits the schema, has."""
    root = ElementTree.fromstring(document)
    target = child(child(root, "Destination"), "S3BucketDestination")
    wanted = frozenset(each.text or "" for each in children(child(root, "OptionalFields"), "Field"))
    return Inventory(
        id=text(root, "Id"),
        enabled=text(root, "IsEnabled") == "true",
        all_versions=text(root, "IncludedObjectVersions") == "All",
        weekly=text(child(root, "Schedule"), "Frequency") == "Weekly",
        prefix=text(child(root, "Filter"), "Prefix"),
        target=text(target, "Bucket").rpartition(":")[2],
        folder=text(target, "Prefix").strip("/"),
        format=text(target, "Format"),
        fields=wanted,
    )


class Inventories:
    """Writes each list when it is time, as long as its configuration stands."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def expect(self, engine: S3Engine, bucket_name: str, place: str) -> None:
        """Have the list written that is configured in *place*, "inventory/id", if it is enabled."""
        kept = engine.configurations[bucket_name][place]
        inventory = read(kept["body"])
        if inventory.enabled:
            moment = inventory.next(engine.now()).replace(tzinfo=UTC).timestamp()
            name = f"inventory {inventory.id} of {bucket_name}"
            self._lab.timer.at(moment, name, partial(self._write, engine, bucket_name, place, kept))

    def _write(self, engine: S3Engine, bucket_name: str, place: str, kept: dict[str, Any]) -> None:
        if engine.configurations.get(bucket_name, {}).get(place) is not kept:  # deleted since, or another one
            return
        bucket = engine.get_bucket(bucket_name)
        with suppress(ClientError):  # such as of a policy that refuses it: that is on record, and it is tried again
            self._deliver(engine, bucket, read(kept["body"]))
        self.expect(engine, bucket_name, place)

    def _deliver(self, engine: S3Engine, bucket: FakeBucket, inventory: Inventory) -> None:
        from localaws.engines.s3.inventory_files import rows_of, schema_of, written  # with pyarrow, which takes long

        now = engine.now()
        with engine.lock:
            rows = list(rows_of(bucket, inventory))
        content, ending = written(inventory, rows)
        base = "/".join(filter(None, (inventory.folder, bucket.name, inventory.id)))
        data = f"{base}/data/{secrets.token_hex(16)}{ending}"
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        manifest = {
            "sourceBucket": bucket.name,
            "destinationBucket": f"arn:aws:s3:::{inventory.target}",
            "version": "2016-11-30",
            "creationTimestamp": str(int(now.replace(tzinfo=UTC).timestamp() * 1000)),
            "fileFormat": inventory.format,
            "fileSchema": schema_of(inventory),
            "files": [{"key": data, "size": len(content), "MD5checksum": digest}],
        }
        told = json.dumps(manifest).encode()
        checksum = hashlib.md5(told, usedforsecurity=False).hexdigest().encode()
        symlink = f"s3://{inventory.target}/{data}".encode()
        with working_for(bucket.arn, bucket.account_id):
            s3 = self._lab.client("s3", region=bucket.region_name, by="s3")
            for key, body in (
                (data, content),
                (f"{base}/{now:%Y-%m-%dT%H-%MZ}/manifest.json", told),
                (f"{base}/{now:%Y-%m-%dT%H-%MZ}/manifest.checksum", checksum),
                (f"{base}/hive/dt={now:%Y-%m-%d-%H-%M}/symlink.txt", symlink),
            ):
                s3.put_object(Bucket=inventory.target, Key=key, Body=body)
