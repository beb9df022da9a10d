"""The condition keys of a call that its parameters give: tags that it asks for, and what services add of their own.

Sources: IAM user guide, "AWS global condition context keys" (aws:RequestTag, aws:TagKeys); service authorization
reference, the condition keys of each service named here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from localaws.gateway.post_form import POSTED
from localaws.gateway.records import Call
from localaws.gateway.sigv4 import Signature

Parameters = Mapping[str, Any]
#: A key and one of its values; a key with several comes several times.
Found = Iterator[tuple[str, str]]


def keys_of_request(call: Call, parameters: Parameters) -> dict[str, list[str]]:
    """The condition keys that the *parameters* of a *call* give, each with its values."""
    keys: dict[str, list[str]] = {}
    own = _OWN.get(call.service)
    for key, value in [*_tags(parameters), *(own(call, parameters) if own else ())]:
        keys.setdefault(key, []).append(value)
    return keys


def keys_of_signature(signature: Signature, call: Call, environ: Mapping[str, Any]) -> dict[str, str]:
    """S3's condition keys for how a request came and was signed, and how long ago.

    Source: "Amazon S3 Signature Version 4 Authentication Specific Policy Keys" (S3 API reference). The age, in
    milliseconds, is by the machine's clock, as a signature is.
    """
    in_query = signature.expires is not None
    keys = {
        "s3:authType": "POST" if POSTED in environ else "REST-QUERY-STRING" if in_query else "REST-HEADER",
        "s3:signatureversion": "AWS4-HMAC-SHA256" if signature.timestamp else "AWS",
        "s3:x-amz-content-sha256": str(environ.get("HTTP_X_AMZ_CONTENT_SHA256", "")),
        "s3:TlsVersion": call.tls.get("tlsVersion", "").removeprefix("TLSv"),
    }
    if signature.timestamp:
        signed = datetime.strptime(signature.timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        keys["s3:signatureAge"] = str(max(0, int((datetime.now(UTC) - signed).total_seconds() * 1000)))
    return {key: value for key, value in keys.items() if value}


def _tags(parameters: Parameters) -> Found:
    """Tags that a request gives to something, in any of the ways in which services write them."""
    for member in ("Tags", "tags", "TagList", "TagSet", "TagKeys", "tagKeys", "Tagging"):
        for name, value in _pairs(parameters[member]) if member in parameters else ():
            yield "aws:TagKeys", name
            if value is not None:
                yield f"aws:RequestTag/{name}", value
    for specification in _structures(parameters.get("TagSpecifications")):
        yield from _tags({"Tags": specification.get("Tags")})


def _pairs(tags: Any) -> Iterator[tuple[str, str | None]]:
    if isinstance(tags, str):  # of a header of S3's, as in a URL
        yield from parse_qsl(tags, keep_blank_values=True)
    elif isinstance(tags, Mapping):
        if "TagSet" in tags:
            yield from _pairs(tags["TagSet"])
        else:
            yield from ((str(name), str(value)) for name, value in tags.items())
    elif isinstance(tags, list):
        for each in tags:
            if isinstance(each, str):
                yield each, None
            elif isinstance(each, Mapping):
                name = next((each[key] for key in ("Key", "key", "TagKey") if key in each), None)
                value = next((each[key] for key in ("Value", "value", "TagValue") if key in each), "")
                if isinstance(name, str):
                    yield name, str(value)


#: S3's keys are called as its headers are, by the names of the members that these give.
_OF_S3 = {
    "ACL": "s3:x-amz-acl",
    "CopySource": "s3:x-amz-copy-source",
    "Delimiter": "s3:delimiter",
    "GrantFullControl": "s3:x-amz-grant-full-control",
    "GrantRead": "s3:x-amz-grant-read",
    "GrantReadACP": "s3:x-amz-grant-read-acp",
    "GrantWrite": "s3:x-amz-grant-write",
    "GrantWriteACP": "s3:x-amz-grant-write-acp",
    "MaxKeys": "s3:max-keys",
    "MetadataDirective": "s3:x-amz-metadata-directive",
    "ObjectLockLegalHoldStatus": "s3:object-lock-legal-hold",
    "ObjectLockMode": "s3:object-lock-mode",
    "ObjectLockRetainUntilDate": "s3:object-lock-retain-until-date",
    "ObjectOwnership": "s3:x-amz-object-ownership",
    "Prefix": "s3:prefix",
    "SSECustomerAlgorithm": "s3:x-amz-server-side-encryption-customer-algorithm",
    "SSEKMSKeyId": "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "ServerSideEncryption": "s3:x-amz-server-side-encryption",
    "StorageClass": "s3:x-amz-storage-class",
    "VersionId": "s3:VersionId",
    "WebsiteRedirectLocation": "s3:x-amz-website-redirect-location",
}


def _s3(call: Call, parameters: Parameters) -> Found:
    for member, key in _OF_S3.items():
        if (value := _text(parameters.get(member))) is not None:
            yield key, value
    for name, value in _pairs(parameters.get("Tagging")):
        yield "s3:RequestObjectTagKeys", name
        yield f"s3:RequestObjectTag/{name}", value or ""


def _dynamodb(call: Call, parameters: Parameters) -> Found:
    for member, key in (("Select", "Select"), ("ReturnValues", "ReturnValues"), ("ReturnConsumedCapacity",) * 2):
        if (value := _text(parameters.get(member))) is not None:
            yield f"dynamodb:{key}", value


def _kms(call: Call, parameters: Parameters) -> Found:
    yield "kms:CallerAccount", call.account_id
    if call.via:  # "s3.amazonaws.com", which the key has in the region's form
        yield "kms:ViaService", call.via.replace(".", f".{call.region}.", 1)
    for member in ("EncryptionContext", "SourceEncryptionContext"):
        for name, value in _pairs(parameters[member]) if member in parameters else ():
            yield f"kms:EncryptionContext:{name}", value or ""
            yield "kms:EncryptionContextKeys", name
    for member in ("EncryptionAlgorithm", "SigningAlgorithm", "MacAlgorithm", "KeySpec", "KeyUsage", "Origin"):
        if (value := _text(parameters.get(member))) is not None:
            yield f"kms:{'KeyOrigin' if member == 'Origin' else member}", value
    for operation in parameters.get("Operations") or ():
        yield "kms:GrantOperations", str(operation)
    key_id = str(parameters.get("KeyId") or "")
    if "alias/" in key_id:
        yield "kms:RequestAlias", key_id[key_id.index("alias/") :]


def _lambda(call: Call, parameters: Parameters) -> Found:
    for member, key in (("FunctionName", "FunctionArn"), ("Principal", "Principal"), ("AuthType",) * 2):
        value = _text(parameters.get(member))
        if value is not None and (key != "FunctionArn" or "EventSourceMapping" in call.operation):
            yield f"lambda:{key}", value
    for layer in parameters.get("Layers") or ():
        yield "lambda:Layer", str(layer)


def _iam(call: Call, parameters: Parameters) -> Found:
    for member, key in (("PolicyArn", "PolicyARN"), ("PermissionsBoundary",) * 2, ("AWSServiceName",) * 2):
        if (value := _text(parameters.get(member))) is not None:
            yield f"iam:{key}", value


def _sts(call: Call, parameters: Parameters) -> Found:
    for member in ("ExternalId", "RoleSessionName", "SourceIdentity", "DurationSeconds"):
        if (value := _text(parameters.get(member))) is not None:
            yield f"sts:{member}", value
    for name in parameters.get("TransitiveTagKeys") or ():
        yield "sts:TransitiveTagKeys", str(name)


_OF_SECRETS = ("KmsKeyId", "Name", "RecoveryWindowInDays", "RotationLambdaARN", "SecretId", "VersionId", "VersionStage")


def _secretsmanager(call: Call, parameters: Parameters) -> Found:
    for member in _OF_SECRETS:
        if (value := _text(parameters.get(member))) is not None:
            yield f"secretsmanager:{member}", value


def _sns(call: Call, parameters: Parameters) -> Found:
    for member in ("Endpoint", "Protocol"):
        if (value := _text(parameters.get(member))) is not None:
            yield f"sns:{member}", value


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else None


def _structures(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


_OWN: dict[str, Callable[[Call, Parameters], Found]] = {
    "dynamodb": _dynamodb,
    "iam": _iam,
    "kms": _kms,
    "lambda": _lambda,
    "s3": _s3,
    "secretsmanager": _secretsmanager,
    "sns": _sns,
    "sts": _sts,
}
