"""Replication: new versions, delete markers and tags go to other buckets, as far as the rules' role may.

S3 works as that role, after it has answered. No call of its API does so: each replica is on record under the name of
the action that IAM decides, ReplicateObject or ReplicateDelete.

Source: S3 user guide, "Replicating objects within and across Regions", "What does Amazon S3 replicate?", "Setting up
permissions for live replication", "Getting replication status information".
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

from botocore.exceptions import ClientError
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket, s3_backends
from moto.s3.notifications import S3NotificationEvent as Event

from localaws.authorization import keys_of_call
from localaws.client import credential_of_role, working_for
from localaws.credentials import Credential
from localaws.engines.s3 import usage
from localaws.engines.s3.backend import S3Engine
from localaws.engines.s3.encryption import SSE, asked_of
from localaws.engines.s3.objects import DeleteMarker, StoredObject
from localaws.engines.s3.recovery import marker_to_record, to_record
from localaws.engines.s3.replication_rules import ReplicationRule
from localaws.engines.s3.store import Blob
from localaws.gateway.errors import AwsError
from localaws.gateway.records import Call, current_call
from localaws.lab import Lab
from localaws.outbox import Outbox

PENDING, COMPLETED, FAILED, REPLICA = "PENDING", "COMPLETED", "FAILED", "REPLICA"
_SESSION = "s3-replication"
#: What the role needs of the source: for the bucket, for each version.
_OF_BUCKET = ("s3:GetReplicationConfiguration", "s3:ListBucket")
_OF_VERSION = ("s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging")


@dataclass(frozen=True)
class Task:
    """One version on its way to one bucket."""

    engine: S3Engine
    source: FakeBucket
    target: FakeBucket
    rule: ReplicationRule


class Replicator:
    """Sends what rules cover on its way, in order."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._credentials: dict[tuple[str, str], Credential] = {}
        self.outbox = Outbox(lab, "s3-replication", self._deliver)

    def status_of_new(self, engine: S3Engine, key: StoredObject, tags: dict[str, str]) -> str | None:
        """PENDING for a new version that rules cover; replicas are not replicated again."""
        rules = engine.replication(str(key.bucket_name)).matching(key.name, tags)
        sealed = key.kms_key_id is not None
        return PENDING if any(rule.sealed or not sealed for rule in rules) else None

    def send(self, engine: S3Engine, version: StoredObject | DeleteMarker, bucket_name: str) -> None:
        """Have a version replicated soon, or what has changed of it."""
        is_covered = isinstance(version, DeleteMarker) or version.replication_status not in (None, REPLICA)
        if is_covered and engine.replication(bucket_name).rules:
            arguments = engine.account_id, bucket_name, version.name, version.version_id
            self.outbox.send(bucket_name, *arguments)

    def _deliver(self, account_id: str, bucket_name: str, name: str, version_id: str) -> None:
        assert self._lab.install is not None, "it serves"
        self._lab.install("sts")  # which knows the roles; after a start this may come first
        engine = s3_backends[account_id]["aws"]
        assert isinstance(engine, S3Engine)
        source = engine.buckets.get(bucket_name)
        if source is None:  # gone since, as a version may be
            return
        version = engine.version(bucket_name, name, version_id)
        if version is None:
            return
        is_key = isinstance(version, StoredObject)
        tags = engine.tagger.get_tag_dict_for_resource(version.arn) if isinstance(version, StoredObject) else {}
        replication = engine.replication(bucket_name)
        done = []
        for rule in replication.matching(name, tags):
            if not is_key and not rule.markers:
                continue
            if isinstance(version, StoredObject) and version.kms_key_id and not rule.sealed:
                continue
            done.append(self._try(engine, source, rule, replication.role, version, tags))
        if isinstance(version, StoredObject):
            with engine.lock:
                version.replication_status = COMPLETED if all(done) else FAILED
                engine.update(version)

    def _try(
        self,
        engine: S3Engine,
        source: FakeBucket,
        rule: ReplicationRule,
        role: str,
        version: StoredObject | DeleteMarker,
        tags: dict[str, str],
    ) -> bool:
        """Whether the version has come to the rule's bucket."""
        operation = "ReplicateObject" if isinstance(version, StoredObject) else "ReplicateDelete"
        call = Call.done_by("s3.amazonaws.com", self._lab.clock, "s3", operation, source.region_name)
        call.resources = [f"arn:aws:s3:::{rule.bucket}/{version.name}"]
        token = current_call.set(call)
        try:
            caller = self._role(role, source)
            call.is_from(caller)
            target = engine.get_bucket(rule.bucket)
            self._check(caller, call, source, target, version, tags)
            task = Task(engine, source, target, rule)
            if isinstance(version, StoredObject):
                _replicate(task, version, tags)
            else:
                _replicate_marker(task, version)
        except AwsError as refused:
            call.refuse(refused)
        except (ClientError, S3ClientError) as refused:  # such as of a role that does not trust S3
            call.refuse(AwsError("AccessDenied", str(refused), 403))
        finally:
            current_call.reset(token)
        self._lab.record(call)
        return call.error is None

    def _role(self, role: str, source: FakeBucket) -> Credential:
        known = self._credentials.get((role, source.arn))
        if known is None or known.expires is None or known.expires <= self._lab.clock.now():
            with working_for(source.arn, source.account_id):
                known = credential_of_role(self._lab, role, _SESSION, "s3")
            self._credentials[role, source.arn] = known
        return known

    def _check(
        self,
        caller: Credential,
        call: Call,
        source: FakeBucket,
        target: FakeBucket,
        version: StoredObject | DeleteMarker,
        tags: dict[str, str],
    ) -> None:
        """Raises AccessDenied unless the role may do all that it takes."""
        here, there = f"{source.arn}/{version.name}", f"{target.arn}/{version.name}"
        wanted = [(action, source.arn) for action in _OF_BUCKET]
        if isinstance(version, StoredObject):
            wanted += [(action, here) for action in _OF_VERSION] + [("s3:ReplicateObject", there)]
            wanted += [("s3:ReplicateTags", there)] if tags else []
        else:
            wanted.append(("s3:ReplicateDelete", there))
        for action, arn in wanted:
            self._lab.authorize(caller, "s3", action, [arn], keys_of_call(call))


def _replicate(task: Task, source: StoredObject, tags: dict[str, str]) -> None:
    """Make the replica, which has the version's id and its time; or bring what is there up to date."""
    engine, target = task.engine, task.target
    there = engine.version(target.name, source.name, source.version_id)
    if isinstance(there, StoredObject):
        with engine.lock:
            engine.set_tags(there, tags)
            there.lock_mode, there.lock_until = source.lock_mode, source.lock_until
            there.lock_legal_status = source.lock_legal_status
            engine.update(there)
        return
    key = {f"{SSE}": "aws:kms", f"{SSE}-aws-kms-key-id": task.rule.key} if source.kms_key_id else {}
    encryption = engine.data_keys.make(asked_of(target, key), target, source.name)
    if source.envelope or encryption.envelope:
        blocks = source.blocks(0, source.size, engine.data_keys.open(source))
        blob = engine.store.gather(blocks, source.size, source.checksum_algorithm, encryption.data_key)
    else:
        blob = Blob(engine.store.link(source.file), source.size, source._etag or "", source.checksum)
    replica = copy.copy(source)
    replica.file, replica.bucket_name = blob.file, target.name
    replica._storage_class = task.rule.storage_class or source.storage_class
    replica.replication_status, replica.restoration, replica.class_since = REPLICA, None, None
    replica.encrypt(encryption)
    replica._etag = replica._etag if encryption.envelope else source._etag
    with engine.lock:
        engine.record("put", to_record(replica, tags))
        _place(target, replica)
        engine.set_tags(replica, tags)
        usage.added(replica)
    engine.notifier.publish(target, Event.OBJECT_CREATED_PUT_EVENT, replica)


def _replicate_marker(task: Task, marker: DeleteMarker) -> None:
    with task.engine.lock:
        if task.engine.version(task.target.name, marker.name, marker.version_id) is None:
            replica = copy.copy(marker)
            task.engine.record("mark", marker_to_record(task.target.name, replica))
            _place(task.target, replica)


def _place(bucket: FakeBucket, version: StoredObject | DeleteMarker) -> None:
    """Among the versions of its key, by its time."""
    versions = [*bucket.keys.getlist(version.name, []), version]
    bucket.keys.setlist(version.name, sorted(versions, key=lambda each: each.last_modified))
