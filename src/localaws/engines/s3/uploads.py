"""Multipart uploads: parts are files until they are joined into one.

Source: S3 user guide, "Uploading and copying objects using multipart upload".
"""

from __future__ import annotations

import hashlib
import itertools
import re
from xml.etree.ElementTree import Element

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException
from moto.s3.exceptions import EntityTooSmall, InvalidPart, MalformedXML, MissingKey, NoSuchUpload
from moto.s3.notifications import S3NotificationEvent as Event

from localaws.engines.s3.backend import S3Engine
from localaws.engines.s3.checksums import COMBINED, DEFAULT_ALGORITHM, Checksum, combined, composite, encode
from localaws.engines.s3.conditional_writes import Condition
from localaws.engines.s3.encryption import CustomerKey
from localaws.engines.s3.objects import CompletedUpload, Part, StoredObject, StoredUpload, UploadOptions
from localaws.engines.s3.store import Blob, digests
from localaws.gateway.errors import AwsError

#: The smallest part, in bytes, unless it is the last.
MIN_PART = 5 << 20
_NAMESPACE = re.compile(r"^\{.*\}")


def start(engine: S3Engine, bucket_name: str, key_name: str, options: UploadOptions) -> StoredUpload:
    """CreateMultipartUpload."""
    upload = StoredUpload(key_name, options, engine.account_id, engine.region_name, engine.now())
    engine.get_bucket(bucket_name).multiparts[upload.id] = upload
    if engine.lifecycle(bucket_name).rules:
        engine.keeper.expect()
    return upload


def find(engine: S3Engine, bucket_name: str, key_name: str, upload_id: str) -> StoredUpload:
    """An upload in progress. Raises NoSuchUpload."""
    upload = engine.get_bucket(bucket_name).multiparts.get(upload_id)
    if not isinstance(upload, StoredUpload) or upload.key_name != key_name:
        raise NoSuchUpload(upload_id=upload_id)
    return upload


def add_part(
    engine: S3Engine, bucket_name: str, key_name: str, upload_id: str, number: int, blob: Blob
) -> StoredObject:
    """Keep a part that the store holds. Raises NoSuchUpload if the upload ended meanwhile."""
    part = StoredObject(
        engine.store, blob, name=number, bucket_name=None, account_id=engine.account_id, modified=engine.now()
    )
    with engine.lock:
        try:
            upload = find(engine, bucket_name, key_name, upload_id)
            part.encrypt(upload.options.encryption)
            upload.add(part)
        except BaseException:
            part.dispose()
            raise
    return part


def copy_part(
    engine: S3Engine,
    source: StoredObject,
    source_key: bytes | None,
    extent: tuple[int, int],
    algorithm: str | None,
    data_key: bytes | None,
) -> Blob:
    """Bytes of an object as a new part: *extent* is their start and length. Raises NoSuchKey.

    *source_key* and *data_key* are what they lie encrypted under, before and then.
    """
    try:
        blocks = source.blocks(*extent, source_key)
    except FileNotFoundError:  # deleted since it was found
        raise MissingKey(key=source.name) from None
    return engine.store.gather(blocks, extent[1], algorithm or DEFAULT_ALGORITHM, data_key)


def finish(
    engine: S3Engine,
    bucket_name: str,
    key_name: str,
    upload_id: str,
    parts: list[Part],
    condition: Condition,
    expected: dict[str, str],
    customer: CustomerKey | None,
) -> StoredObject:
    """Join *parts* into an object. *expected* maps checksum headers to what the client computed.

    *customer* is the key that came with the request: needed only for a checksum that the parts do not give.

    Raises NoSuchUpload, InvalidPart, EntityTooSmall, BadDigest, PreconditionFailed; the upload then goes on.
    """
    bucket = engine.get_bucket(bucket_name)
    with engine.lock:
        upload = find(engine, bucket_name, key_name, upload_id)
        chosen = _choose(upload, parts)
        condition.check(engine.current(bucket, key_name), key_name)
        dict.pop(bucket.multiparts, upload_id)  # nobody else may add to it or finish it now
    options = upload.options
    try:
        key = engine.put_object(
            bucket_name,
            key_name,
            _join(engine, upload, chosen, expected, customer),
            storage=options.storage_class,
            encryption=options.encryption,
            metadata=options.metadata,
            tags=options.tags,
            acl=options.acl,
            redirect=options.redirect,
            upload=CompletedUpload(upload_id, [part.size for part in chosen]),
            condition=condition,
            event=Event.OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD_EVENT,
            **options.lock,
        )
    except BaseException:
        bucket.multiparts[upload_id] = upload
        raise
    upload.dispose()
    return key


def _choose(upload: StoredUpload, parts: list[Part]) -> list[StoredObject]:
    """The uploaded parts that the client lists. Raises InvalidPart or EntityTooSmall."""
    chosen = []
    for part in parts:
        uploaded = upload.parts.get(part.number)
        if uploaded is None or uploaded.etag.strip('"') != part.etag.strip('"'):
            raise InvalidPart()
        if part.checksum is not None and part.checksum != uploaded.checksum_value:
            raise InvalidPart()
        chosen.append(uploaded)
    if any(part.size < MIN_PART for part in chosen[:-1]):
        raise EntityTooSmall()
    return chosen


def _join(
    engine: S3Engine,
    upload: StoredUpload,
    chosen: list[StoredObject],
    expected: dict[str, str],
    customer: CustomerKey | None,
) -> Blob:
    """The parts' bytes in one file. Its ETag is the MD5 of the parts' ETags and their number. Raises BadDigest."""
    checksum = _checksum(engine, upload, chosen, customer)
    if checksum and expected.get(checksum.header, checksum.value).partition("-")[0] != checksum.value:
        message = f"The {checksum.algorithm} you specified did not match the calculated checksum."
        raise AwsError("BadDigest", message, 400)
    file = engine.store.join((part.file, 0, part.file_size) for part in chosen)
    etags = b"".join(bytes.fromhex(part.etag.strip('"')) for part in chosen)
    etag = f"{hashlib.md5(etags, usedforsecurity=False).hexdigest()}-{len(chosen)}"
    return Blob(file, sum(part.size for part in chosen), etag, checksum)


def _checksum(
    engine: S3Engine, upload: StoredUpload, chosen: list[StoredObject], customer: CustomerKey | None
) -> Checksum | None:
    """COMPOSITE, of the parts' checksums, unless the client or the algorithm wants that of the whole.

    None of what can only be read with a customer's key that has not come; but whoever has asked for a checksum brings
    it (S3 API reference, CompleteMultipartUpload, SSECustomerKey). Raises InvalidRequest.
    """
    options = upload.options
    algorithm = options.checksum_algorithm or DEFAULT_ALGORITHM
    if all(part.checksum_algorithm == algorithm for part in chosen):
        values = [part.checksum_value or "" for part in chosen]
        if options.checksum_type != "FULL_OBJECT" and algorithm != DEFAULT_ALGORITHM:
            return composite(algorithm, values)
        if algorithm in COMBINED:
            return combined(algorithm, values, [part.size for part in chosen])
    if options.encryption.customer and not customer and not options.checksum_algorithm:
        return None
    key = engine.data_keys.open(options.encryption, customer)
    blocks = itertools.chain.from_iterable(part.blocks(0, part.size, key) for part in chosen)
    return Checksum(algorithm, encode(digests(blocks, algorithm)[0]))


def parts_of(body: bytes, upload_id: str) -> list[Part]:
    """The parts that a CompleteMultipartUpload lists. Raises MalformedXML or InvalidPartOrder."""
    try:
        parts = [_part_of(element) for element in ElementTree.fromstring(body) if _tag(element) == "Part"]
    except (ElementTree.ParseError, DefusedXmlException, KeyError, ValueError):
        raise MalformedXML() from None
    if not parts:
        raise MalformedXML()
    if any(later.number <= earlier.number for earlier, later in itertools.pairwise(parts)):
        message = "The list of parts was not in ascending order. Parts must be ordered by part number."
        raise AwsError("InvalidPartOrder", message, 400, {"UploadId": upload_id})
    return parts


def _part_of(element: Element) -> Part:
    values = {_tag(child): (child.text or "").strip() for child in element}
    checksum = next((value for name, value in values.items() if name.startswith("Checksum")), None)
    return Part(int(values["PartNumber"]), values["ETag"], checksum)


def _tag(element: Element) -> str:
    return _NAMESPACE.sub("", element.tag)
