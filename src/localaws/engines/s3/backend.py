"""S3's state: buckets and object versions in moto's structures, bytes in files, every change in the journal."""

from __future__ import annotations

import base64
import itertools
import re
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, cast

from moto.s3.exceptions import (
    AccessDeniedByLock,
    BadRequest,
    InvalidBucketName,
    InvalidBucketState,
    InvalidContinuationToken,
    InvalidStorageClass,
    MethodNotAllowed,
    MissingKey,
)
from moto.s3.models import FakeBucket, FakeTableStorageBucket, S3Backend
from moto.s3.notifications import S3NotificationEvent as Event
from moto.s3.utils import STORAGE_CLASS

from localaws.engines.s3 import usage
from localaws.engines.s3.checksums import DEFAULT_ALGORITHM, Checksum, encode
from localaws.engines.s3.conditional_writes import ALWAYS, Condition
from localaws.engines.s3.data_keys import DataKeys
from localaws.engines.s3.encryption import SSE_S3, Encryption, asked_of
from localaws.engines.s3.journal import Journal
from localaws.engines.s3.lifecycle_rules import MINIMUM_HEADER, NONE, Lifecycle, lifecycle_of
from localaws.engines.s3.notifications import Notifier
from localaws.engines.s3.objects import (
    NULL_VERSION,
    CompletedUpload,
    DeleteMarker,
    KeyTable,
    StoredObject,
    StoredUpload,
)
from localaws.engines.s3.private_buckets import make_private
from localaws.engines.s3.recovery import bucket_to_record, marker_to_record, to_record
from localaws.engines.s3.replication_rules import NONE as NOWHERE
from localaws.engines.s3.replication_rules import Replication, replication_of
from localaws.engines.s3.rules import check_tags
from localaws.engines.s3.storage_classes import ALL_ALIKE
from localaws.engines.s3.store import Blob, FileBlocks, ObjectStore, digests
from localaws.engines.s3.version_ids import check_version_id, new_version_id
from localaws.gateway.errors import AwsError
from localaws.lab import Lab

if TYPE_CHECKING:
    from localaws.engines.s3.inventory import Inventories
    from localaws.engines.s3.keeper import Keeper
    from localaws.engines.s3.replication import Replicator

MAX_PAGE = 1000
_BUCKET_NAME = re.compile(r"(?!xn--|sthree-)(?!.*\.\.)(?!(\d+\.){3}\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


class S3Engine(S3Backend):
    """Overrides what touches bytes, versions and listings; bucket configuration stays moto's."""

    lab: ClassVar[Lab]
    store: ClassVar[ObjectStore]
    data_keys: ClassVar[DataKeys]
    journal: ClassVar[Journal]
    notifier: ClassVar[Notifier]
    keeper: ClassVar[Keeper]
    replicator: ClassVar[Replicator]
    inventories: ClassVar[Inventories]
    #: Guards every table of every account; never held while bytes move.
    lock: ClassVar[threading.RLock] = threading.RLock()

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        #: bucket → sub-resource → the request that configured it, for the journal
        self.configurations: dict[str, dict[str, dict[str, Any]]] = {}

    def __getstate__(self) -> dict[str, Any]:
        """The buckets that S3 Tables makes behind its tables: all others have the journal."""
        return {"table_buckets": self.table_buckets}

    def now(self) -> datetime:
        """The lab's time as moto keeps times: UTC without saying so."""
        return self.lab.clock.now().replace(tzinfo=None)

    def stored(self, bucket_name: str, key_name: str) -> StoredObject:
        """An object, for engines that read its file in place. Raises NoSuchBucket or NoSuchKey."""
        key = self.get_object(bucket_name, key_name)
        if not isinstance(key, StoredObject):
            raise MissingKey(key=key_name)
        return key

    @property
    def url_paths(self) -> dict[str, Any]:
        """moto's, for keys with line breaks in them too."""
        return {path.replace(".+", r"[\s\S]+"): handler for path, handler in super().url_paths.items()}

    # Buckets

    def create_bucket(self, bucket_name: str, region_name: str, bucket_namespace: str | None = None) -> FakeBucket:
        """Source of the naming rules: S3 user guide, "General purpose bucket naming rules"."""
        if not _BUCKET_NAME.fullmatch(bucket_name) or bucket_name.endswith(("-s3alias", "--ol-s3")):
            raise InvalidBucketName()
        with self.lock:
            bucket = super().create_bucket(bucket_name, region_name, bucket_namespace)
            bucket.creation_date = self.lab.clock.now()
            self.equip(bucket)
            made = make_private(bucket)
            try:
                self.record("create-bucket", {**bucket_to_record(bucket), "configurations": made})
            except OSError:  # a full disk: a retry must not find what would be gone after a start
                super().delete_bucket(bucket_name)
                raise
            self.configurations[bucket_name] = made
        return bucket

    def equip(self, bucket: FakeBucket) -> None:
        """Give a new bucket what moto's has not."""
        bucket.keys = KeyTable()
        bucket.encryption = SSE_S3  # since January 2023 every bucket encrypts

    def delete_bucket(self, bucket_name: str) -> FakeBucket | None:
        with self.lock:
            if self.get_bucket(bucket_name).keys:
                return None
            self.record("delete-bucket", {"bucket": bucket_name})
            return self.forget_bucket(bucket_name)

    def forget_bucket(self, bucket_name: str) -> FakeBucket | None:
        """Delete a bucket without recording it; None if it is not empty."""
        removed = super().delete_bucket(bucket_name)
        if removed:
            for upload in removed.multiparts.values():
                upload.dispose()
            self.tagger.delete_all_tags_for_resource(removed.arn)
            self.configurations.pop(bucket_name, None)
        return removed

    def put_bucket_encryption(self, bucket_name: str, encryption: dict[str, Any]) -> None:
        """What the rule does not say of blocked types stays (user guide, "Blocking or unblocking SSE-C")."""
        bucket = self.get_bucket(bucket_name)
        assert bucket.encryption is not None, "every bucket encrypts"
        blocked = {"BlockedEncryptionTypes": bucket.encryption["Rule"]["BlockedEncryptionTypes"]}
        bucket.encryption = {"Rule": blocked | encryption["Rule"]}

    def delete_bucket_encryption(self, bucket_name: str) -> None:
        self.get_bucket(bucket_name).encryption = SSE_S3

    def put_bucket_notification_configuration(self, bucket_name: str, notification_config: dict[str, Any]) -> None:
        """Raises InvalidArgument unless every destination exists and lets S3 send to it.

        "Unchecked" in *notification_config* is x-amz-skip-destination-validation, and how recovery asks.
        """
        bucket = self.get_bucket(bucket_name)
        previous = bucket.notification_configuration
        bucket.set_notification_configuration(notification_config)
        if bucket.notification_configuration is None or notification_config.get("Unchecked"):
            return
        try:
            self.notifier.validate(bucket)
        except AwsError:
            bucket.notification_configuration = previous
            raise
        self.notifier.test(bucket)

    def put_object_lock_configuration(
        self,
        bucket_name: str,
        lock_enabled: bool,
        mode: str | None = None,
        days: int | None = None,
        years: int | None = None,
    ) -> None:
        """Buckets that hold objects can have it as well (user guide, "Enable Object Lock on an existing bucket")."""
        bucket = self.get_bucket(bucket_name)
        if not bucket.is_versioned:
            raise InvalidBucketState("Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration")
        bucket.object_lock_enabled = bucket.object_lock_enabled or lock_enabled
        bucket.default_lock_mode, bucket.default_lock_days, bucket.default_lock_years = mode, days, years

    def remember_configuration(self, bucket_name: str, name: str, request: dict[str, Any] | None) -> None:
        """Keep the request that configures a bucket's sub-resource, or forget it (None)."""
        self.note_configuration(bucket_name, name, request)
        self.record("configure", {"bucket": bucket_name, "name": name, "request": request})
        if request is not None and name.startswith("inventory/"):
            self.inventories.expect(self, bucket_name, name)

    def note_configuration(self, bucket_name: str, name: str, request: dict[str, Any] | None) -> None:
        """The same without recording it."""
        settings = self.configurations.setdefault(bucket_name, {})
        settings.pop(name, None)
        if request is not None:
            settings[name] = request

    def lifecycle(self, bucket_name: str) -> Lifecycle:
        """The rules of a bucket's life cycle; none where it has no such configuration."""
        kept = self.configurations.get(bucket_name, {}).get("lifecycle")
        return lifecycle_of(kept["body"], kept["headers"].get(MINIMUM_HEADER, ALL_ALIKE)) if kept else NONE

    def replication(self, bucket_name: str) -> Replication:
        """Where to, and as which role, a bucket's new versions go; by no rules where it has no such configuration."""
        kept = self.configurations.get(bucket_name, {}).get("replication")
        return replication_of(kept["body"]) if kept else NOWHERE

    # Objects

    def put_object(  # type: ignore[override]
        self,
        bucket_name: str,
        key_name: str,
        value: Blob | bytes | str,
        storage: str | None = None,
        encryption: Encryption | None = None,
        lock_mode: str | None = None,
        lock_legal_status: str | None = None,
        lock_until: str | None = None,
        metadata: dict[str, str] | None = None,
        tags: dict[str, str] | None = None,
        acl: Any = None,
        redirect: str | None = None,
        upload: CompletedUpload | None = None,
        condition: Condition = ALWAYS,
        event: Event | None = None,
        request_method: str | None = "PUT",
        disable_notification: bool | None = False,
        **_: Any,
    ) -> StoredObject:
        """Make *value*, which the store already holds if it is a Blob, the newest version of a key.

        It lies there as *encryption* says. What moto writes by itself has none: that is encrypted as the bucket wants.
        """
        bucket = self.get_bucket(bucket_name)
        if encryption is None:
            encryption = self.data_keys.make(asked_of(bucket, {}), bucket, key_name)
        if not isinstance(value, Blob):
            value = self.store.write(value.encode() if isinstance(value, str) else value, key=encryption.data_key)
        try:
            if storage is not None and storage not in STORAGE_CLASS:
                raise InvalidStorageClass(storage=storage)
            key = StoredObject(
                self.store,
                value,
                name=key_name,
                bucket_name=bucket_name,
                account_id=self.account_id,
                modified=self.now(),
            )
            key._storage_class = storage or "STANDARD"
            key.lock_mode, key.lock_legal_status, key.lock_until = lock_mode, lock_legal_status, lock_until
            key.website_redirect_location = redirect
            key.multipart = upload
            key.encrypt(encryption)
            if metadata:
                key.set_metadata(dict(metadata))
            if acl is not None:
                key.acl = acl
            with self.lock:
                condition.check(self.current(bucket, key_name), key_name)
                self._date(bucket, key)
                key.replication_status = self.replicator.status_of_new(self, key, tags or {})
                self.record("put", to_record(key, tags or {}))
                self._insert(bucket, key)
                self.set_tags(key, tags or {})
                usage.added(key)
        except BaseException:
            self.store.remove(value.file)
            raise
        self.replicator.send(self, key, bucket_name)
        if not disable_notification:
            posted = request_method == "POST"
            default = Event.OBJECT_CREATED_POST_EVENT if posted else Event.OBJECT_CREATED_PUT_EVENT
            self.notifier.publish(bucket, event or default, key)
        return key

    def version(self, bucket_name: str, key_name: str, version_id: str) -> StoredObject | DeleteMarker | None:
        """A version by its id, delete markers too."""
        versions = self.get_bucket(bucket_name).keys.getlist(key_name, [])
        return next((each for each in versions if each.version_id == version_id), None)

    def current(self, bucket: FakeBucket, key_name: str) -> StoredObject | None:
        """The newest version, unless it is a delete marker."""
        newest = bucket.keys.get(key_name)
        return newest if isinstance(newest, StoredObject) else None

    @staticmethod
    def _date(bucket: FakeBucket, version: StoredObject | DeleteMarker) -> None:
        """Give a new version its id and its place in time."""
        versions = bucket.keys.getlist(version.name, [])
        if bucket.is_versioned:
            version._version_id = new_version_id()
        if bucket.versioning_status and isinstance(version, StoredObject):
            version._is_versioned = True
        if versions:  # listings order versions by time: no two may have the same
            version.last_modified = max(version.last_modified, versions[-1].last_modified + timedelta(milliseconds=1))

    def _insert(self, bucket: FakeBucket, version: StoredObject | DeleteMarker) -> None:
        """Put a new version on top. Where versioning is not enabled it takes the place of the null version."""
        if version.version_id == NULL_VERSION:
            versions = bucket.keys.getlist(version.name, [])
            for known in versions:
                if known.version_id == NULL_VERSION and isinstance(known, StoredObject):
                    self._leave(known)
                    usage.removed(known)
            versions = [kept for kept in versions if kept.version_id != NULL_VERSION]
            bucket.keys.setlist(version.name, [*versions, version])
        else:
            bucket.keys[version.name] = version

    def copy(
        self,
        source: StoredObject,
        bucket_name: str,
        key_name: str,
        *,
        key: bytes | None = None,
        algorithm: str | None = None,
        **options: Any,
    ) -> StoredObject:
        """Copy an object's bytes; *options* are `put_object`'s, *key* is its data key.

        By a hard link, unless one of both is encrypted: no two objects have the same data key. The copy of a multipart
        object is a single part, so its ETag is the MD5 of the whole.
        """
        wanted = algorithm or source.checksum_algorithm or DEFAULT_ALGORITHM
        encryption: Encryption = options["encryption"]
        if source.envelope or encryption.envelope:
            blob = self.store.gather(_whole(source, key), source.size, wanted, encryption.data_key)
            return self.put_object(bucket_name, key_name, blob, **options)
        checksum, etag = source.checksum, source._etag or ""
        if source.multipart or (algorithm and algorithm != source.checksum_algorithm):
            md5, digest = digests(_whole(source, key), "MD5", wanted)
            checksum, etag = Checksum(wanted, encode(digest)), md5.hex()
        with self.lock:
            if source.disposed:
                raise MissingKey(key=source.name)
            file = self.store.link(source.file)
        return self.put_object(bucket_name, key_name, Blob(file, source.size, etag, checksum), **options)

    def delete_object(
        self, bucket_name: str, key_name: str, version_id: str | None = None, bypass: bool = False
    ) -> tuple[bool, dict[str, Any]]:
        """Source: S3 user guide, "Deleting object versions from a versioning-enabled bucket"."""
        bucket = self.get_bucket(bucket_name)
        if isinstance(bucket, FakeTableStorageBucket):
            raise MethodNotAllowed()
        with self.lock:
            if version_id is None and bucket.versioning_status:
                marker = self.mark_deleted(bucket, key_name)
                self.replicator.send(self, marker, bucket_name)
                self.notifier.publish(bucket, Event.OBJECT_REMOVED_DELETE_MARKER_CREATED_EVENT, marker)
                return True, {"version-id": marker.version_id, "delete-marker": "true"}
            doomed = next(
                (v for v in bucket.keys.getlist(key_name, []) if v.version_id == (version_id or NULL_VERSION)), None
            )
            meta = {"version-id": version_id} if version_id else {}
            if doomed is None:
                check_version_id(version_id)
                return False, meta
            if isinstance(doomed, StoredObject):
                if doomed.is_locked(governance_bypass=bypass):
                    raise AccessDeniedByLock
            else:
                meta["delete-marker"] = "true"
            self.discard(bucket, doomed)
        self.notifier.publish(bucket, Event.OBJECT_REMOVED_DELETE_EVENT, doomed)
        return True, meta

    def mark_deleted(self, bucket: FakeBucket, key_name: str) -> DeleteMarker:
        """Put a delete marker on top."""
        marker = DeleteMarker(key_name, NULL_VERSION, self.now())
        self._date(bucket, marker)
        self.record("mark", marker_to_record(bucket.name, marker))
        self._insert(bucket, marker)
        return marker

    def discard(self, bucket: FakeBucket, version: StoredObject | DeleteMarker) -> None:
        """Delete a version for good."""
        if isinstance(version, StoredObject):
            self.tagger.delete_all_tags_for_resource(version.arn)
            self._leave(version)
            usage.removed(version)
        self.record("remove", {"bucket": bucket.name, "key": version.name, "version": version.version_id})
        self.remove_version(bucket, version)

    def move(self, key: StoredObject, storage_class: str) -> None:
        """Move a version to another storage class."""
        self._leave(key)
        usage.removed(key)
        key._storage_class, key.class_since = storage_class, self.lab.clock.time()
        usage.added(key)
        usage.moved(key)
        self.update(key)

    def _leave(self, key: StoredObject) -> None:
        """Have what is still owed for its storage class billed, before a version leaves it."""
        since = key.class_since or key.last_modified.replace(tzinfo=UTC).timestamp()
        usage.left(key, (self.lab.clock.time() - since) / 3600)

    @staticmethod
    def remove_version(bucket: FakeBucket, version: StoredObject | DeleteMarker) -> None:
        """Take a version out of its table; its file goes with it."""
        kept = [other for other in bucket.keys.getlist(version.name) if other is not version]
        if kept:
            bucket.keys.setlist(version.name, kept)
        else:
            bucket.keys.pop(version.name)

    # Tags: moto's, and a line in the journal

    def check_tags(self, tags: dict[str, str]) -> None:
        """Raises BadRequest or InvalidTag. Source: S3 user guide, "Categorizing your objects using tags"."""
        if len(tags) > 10:
            raise BadRequest("Object tags cannot be greater than 10")
        check_tags(tags.items())

    def set_tags(self, key: StoredObject, tags: dict[str, str]) -> None:
        """Give an object exactly these tags."""
        self.tagger.delete_all_tags_for_resource(key.arn)
        if tags:
            self.tagger.tag_resource(key.arn, self.tagger.convert_dict_to_tags_input(tags))

    def put_object_tagging(self, key: Any, tags: dict[str, str] | None) -> Any:
        super().put_object_tagging(key, tags)
        self.update(key)
        self.replicator.send(self, key, key.bucket_name)
        return key

    def delete_object_tagging(self, bucket_name: str, key_name: str, version_id: str | None = None) -> None:
        key = self.get_object(bucket_name, key_name, version_id)
        if not isinstance(key, StoredObject):
            raise MissingKey(key=key_name)
        super().delete_object_tagging(bucket_name, key_name, version_id)
        self.update(key)
        self.replicator.send(self, key, bucket_name)

    def update(self, key: Any) -> None:
        """Journal an object again: replay lets a later line about the same file win."""
        if isinstance(key, StoredObject):
            self.record("put", to_record(key, self.tagger.get_tag_dict_for_resource(key.arn)))

    # Listings

    def is_truncated(self, bucket_name: str, multipart_id: str, next_part_number_marker: int) -> bool:
        """Whether an upload has parts above a number."""
        return max(self.get_bucket(bucket_name).multiparts[multipart_id].partlist) > next_part_number_marker

    def list_objects(  # type: ignore[override]
        self, bucket: FakeBucket, prefix: str | None, delimiter: str | None, marker: str | None, max_keys: int | None
    ) -> tuple[list[StoredObject], list[str], bool, str | None]:
        items, truncated = self._page(bucket, prefix, delimiter, marker, max_keys)
        keys = [item for item in items if isinstance(item, StoredObject)]
        folders = [item for item in items if isinstance(item, str)]
        return keys, folders, truncated, _name_of(items[-1]) if truncated and delimiter else None

    def list_objects_v2(  # type: ignore[override]
        self,
        bucket: FakeBucket,
        prefix: str | None,
        delimiter: str | None,
        continuation_token: str | None,
        start_after: str | None,
        max_keys: int,
    ) -> tuple[list[StoredObject | str], bool, str | None]:
        after = decode_token(continuation_token) if continuation_token else start_after
        items, truncated = self._page(bucket, prefix, delimiter, after, max_keys)
        return items, truncated, encode_token(_name_of(items[-1])) if truncated else None

    def _page(
        self, bucket: FakeBucket, prefix: str | None, delimiter: str | None, after: str | None, max_keys: int | None
    ) -> tuple[list[StoredObject | str], bool]:
        if isinstance(bucket, FakeTableStorageBucket):
            raise MethodNotAllowed()
        size = MAX_PAGE if max_keys is None else min(max_keys, MAX_PAGE)
        with self.lock:
            listed = cast(KeyTable, bucket.keys).listed(prefix or "", delimiter, after or "")
            items = list(itertools.islice(listed, size + 1)) if size else []
        return items[:size], len(items) > size

    def uploads(self, bucket_name: str, prefix: str, key_marker: str, id_marker: str) -> list[StoredUpload]:
        """The bucket's uploads in progress, by key and beginning, that stand behind the markers.

        Without *id_marker* all uploads of the key *key_marker* stand before it (S3 API reference,
        ListMultipartUploads).
        """
        with self.lock:
            found = [
                each for each in self.get_bucket(bucket_name).multiparts.values() if isinstance(each, StoredUpload)
            ]
        found = [each for each in found if each.key_name.startswith(prefix) and each.key_name >= key_marker]
        found.sort(key=lambda each: (each.key_name, each.initiated, each.id))
        ids = [each.id for each in found if each.key_name == key_marker]
        done = set(ids[: ids.index(id_marker) + 1] if id_marker in ids else ids) if key_marker else set()
        return [each for each in found if each.id not in done]

    # The journal

    def record(self, operation: str, details: dict[str, Any]) -> None:
        self.journal.append({"op": operation, "account": self.account_id, **details})
        if "lifecycle" in self.configurations.get(details["bucket"], {}):
            self.keeper.expect()


def _whole(source: StoredObject, key: bytes | None) -> FileBlocks:
    """All of an object. Raises NoSuchKey."""
    try:
        return source.blocks(0, source.size, key)
    except FileNotFoundError:  # deleted since it was found
        raise MissingKey(key=source.name) from None


def _name_of(item: StoredObject | str) -> str:
    return item if isinstance(item, str) else item.name


def encode_token(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode()


def decode_token(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except ValueError:
        raise InvalidContinuationToken() from None
