"""Does what life cycles have in mind: at midnight UTC of the lab's clock, whenever something is due.

CloudTrail does not tell of it (S3 user guide, "Logging S3 Lifecycle actions"): the records of what was done are called
as S3's server access logs call it, "S3.EXPIRE.OBJECT" for example.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from moto.s3.models import FakeBucket, s3_backends
from moto.s3.notifications import S3NotificationEvent as Event

from localaws.engines.s3.backend import S3Engine
from localaws.engines.s3.lifecycle import Kind, Step, Version, abortion, steps
from localaws.engines.s3.lifecycle_rules import next_midnight
from localaws.engines.s3.object_lock import moment_of
from localaws.engines.s3.objects import DeleteMarker, StoredObject, StoredUpload
from localaws.engines.s3.storage_classes import CLASSES
from localaws.gateway.records import Call, current_call
from localaws.lab import Lab

log = logging.getLogger(__name__)

SERVICE = "s3.amazonaws.com"


class Keeper:
    """Looks after all buckets with a life cycle."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._looking = threading.Lock()
        self._lock = threading.Lock()
        self._next = math.inf  # when it looks next, in seconds since the epoch

    def expect(self) -> None:
        """Something has changed in a bucket with a life cycle: look at the next midnight."""
        now = self._lab.clock.now().replace(tzinfo=None)
        self._look_at(next_midnight(now + timedelta(microseconds=1)))

    def look(self) -> None:
        """Do what is due in all buckets, and come again when more is."""
        with self._looking:
            with self._lock:
                self._next = math.inf
            moments = [moment for engine, bucket in _kept() for moment in self._tend(engine, bucket)]
        if moments:
            self._look_at(min(moments))

    def _look_at(self, moment: datetime) -> None:
        seconds = moment.replace(tzinfo=UTC).timestamp()
        with self._lock:
            if seconds >= self._next:
                return
            self._next = seconds
        self._lab.timer.at(seconds, "S3's life cycles", self.look)

    def _tend(self, engine: S3Engine, bucket: FakeBucket) -> Iterator[datetime]:
        """Do what is due in a bucket; when more will be."""
        lifecycle, now = engine.lifecycle(bucket.name), engine.now()

        def tags_of(key: StoredObject) -> dict[str, str]:
            return engine.tagger.get_tag_dict_for_resource(key.arn)

        for name in list(bucket.keys):
            done = True
            while done:  # a step may make way for another: a key without versions loses its delete marker
                with engine.lock:
                    versions = list(bucket.keys.getlist(name, []))
                    found = list(steps(lifecycle, bucket, versions, tags_of, now))
                    due = [(version, step) for version, step in found if step.moment <= now]
                    done = any([self._do(engine, bucket, version, step) for version, step in due])
            yield from (step.moment for _, step in found if step.moment > now)
            yield from (_unlocked(version) for version, _ in due if _unlocked(version) > now)
        for upload in [each for each in bucket.multiparts.values() if isinstance(each, StoredUpload)]:
            end = abortion(lifecycle, upload)
            if end and end[0] <= now:
                with self._recorded(bucket, "S3.DELETE.UPLOAD", upload.key_name):
                    engine.abort_multipart_upload(bucket.name, upload.id)
            elif end:
                yield end[0]

    def _do(self, engine: S3Engine, bucket: FakeBucket, version: Version, step: Step) -> bool:
        """Take one step; whether there was anything to do. What Object Lock protects is not deleted."""
        if step.kind == Kind.MOVE:
            assert isinstance(version, StoredObject)
            with self._recorded(bucket, CLASSES[step.storage_class].moved, version.name):
                engine.move(version, step.storage_class)
                engine.notifier.publish(bucket, Event.LIFECYCLE_TRANSITION_EVENT, version)
        elif step.kind == Kind.MARK:
            with self._recorded(bucket, "S3.CREATE.DELETEMARKER", version.name):
                marker = engine.mark_deleted(bucket, version.name)
                engine.notifier.publish(bucket, Event.LIFECYCLE_EXPIRATION_DELETE_MARKER_CREATED_EVENT, marker)
        else:
            if isinstance(version, StoredObject) and version.is_locked(governance_bypass=False):
                return False
            told = "S3.EXPIRE.DELETEMARKER" if isinstance(version, DeleteMarker) else "S3.EXPIRE.OBJECT"
            with self._recorded(bucket, told, version.name):
                engine.discard(bucket, version)
                engine.notifier.publish(bucket, Event.LIFECYCLEEXPIRATION_DELETE_EVENT, version)
        return True

    @contextmanager
    def _recorded(self, bucket: FakeBucket, operation: str, name: str) -> Iterator[None]:
        """Keep what is done as the call that it would have been, with what it means for the bill."""
        call = Call.done_by(SERVICE, self._lab.clock, "s3", operation, bucket.region_name)
        call.account_id, call.resources = bucket.account_id, [f"{bucket.arn}/{name}"]
        token = current_call.set(call)
        try:
            yield
        finally:
            current_call.reset(token)
        self._lab.record(call)


def _unlocked(version: Version) -> datetime:
    """The midnight after the end of a version's retention, if it has one."""
    if isinstance(version, StoredObject) and version.lock_until:
        return next_midnight(moment_of(version.lock_until).replace(tzinfo=None))
    return datetime.min


def _kept() -> Iterator[tuple[S3Engine, FakeBucket]]:
    """The buckets with rules that are enabled, of all accounts."""
    for _, _, engine in s3_backends.iter_backends():
        assert isinstance(engine, S3Engine)
        for bucket in list(engine.buckets.values()):
            if engine.lifecycle(bucket.name).rules:
                yield engine, bucket
