"""The record of a call as an event in CloudTrail's format, version 1.11.

Source: CloudTrail user guide, "CloudTrail record contents for management, data, and network activity events".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from moto.s3.models import s3_backends

from localaws.engines.cloudtrail.identity import user_identity
from localaws.engines.cloudtrail.members import request_parameters, response_elements
from localaws.engines.cloudtrail.names import GLOBAL, event_name, event_source, is_operation, resource_type

VERSION = "1.11"
_Record = Mapping[str, Any]
#: Services whose management events have ``resources``; all data events do.
_WITH_RESOURCES = frozenset({"kms", "s3", "ssm", "sts"})
#: What HEAD requests, whose answers have no body, fail with.
_OF_HEAD = {("HeadObject", "404"): "NoSuchKey", ("HeadBucket", "404"): "NoSuchBucket"}


@dataclass(frozen=True)
class Event:
    """An event of *account*; ``arns`` are of what it acted on, also where the event itself does not tell."""

    account: str
    record: _Record
    content: dict[str, Any]

    @property
    def arns(self) -> list[str]:
        return [*self.record["resources"]]

    @property
    def is_management(self) -> bool:
        return bool(self.content["managementEvent"])


def record_of(line: bytes) -> dict[str, Any]:
    """The record of a call in a *line* of JSON, also as an older lab has written it."""
    return {"event_type": "AwsApiCall", "session_created": "", "tls": {}, **json.loads(line)}


def events_of(record: _Record) -> Iterator[Event]:
    """The events that the *record* of a call becomes: one for each account that it concerns; none for some.

    "CloudTrail does not deliver logs for requests that fail authentication … it does include … requests that are made
    by anonymous users" (S3 user guide, "Amazon S3 CloudTrail events").
    """
    unasked = record["event_type"] == "AwsServiceEvent"
    if not unasked and record["principal_type"] == "Unknown" and not _is_anonymous(record):
        return
    if not unasked and not is_operation(record["service"], record["operation"]):
        return
    accounts = accounts_of(record)
    for account in accounts:
        yield Event(account, record, _content(record, account, accounts))


def accounts_of(record: _Record) -> list[str]:
    """The caller's account first, then those whose resources he used."""
    owners = [_owner(arn) for arn in record["resources"]]
    return list(dict.fromkeys(each for each in [record["account_id"], *owners] if each.isdigit()))


def _is_anonymous(record: _Record) -> bool:
    return bool(record["service"] == "s3" and record["error"] in ("AccessDenied", None))


def _owner(arn: str) -> str:
    """The account of the resource with that *arn*."""
    parts = arn.split(":", 5)
    if len(parts) == 6 and parts[2] == "s3":
        return s3_backends.bucket_accounts.get(parts[5].partition("/")[0], ("", ""))[1]
    return parts[4] if len(parts) == 6 else ""


def _content(record: _Record, account: str, accounts: list[str]) -> dict[str, Any]:
    service, operation = record["service"], record["operation"]
    at_home = account == accounts[0]
    event_id = record["event_id"] if at_home else str(uuid5(UUID(record["event_id"]), account))
    management = record["event_category"] == "Management"
    content = {
        "eventVersion": VERSION,
        "userIdentity": user_identity(record, account),
        "eventTime": f"{record['time'][:19]}Z",
        "eventSource": event_source(service),
        "eventName": event_name(service, operation),
        "awsRegion": "us-east-1" if service in GLOBAL else record["region"] or "us-east-1",
        "sourceIPAddress": record["source_ip"],
        "userAgent": record["user_agent"],
        **_error(record),
        "requestParameters": request_parameters(service, operation, record["request_parameters"], record["region"]),
        "responseElements": response_elements(service, operation, record["response_elements"], record["request_id"]),
        **_transferred(record),
        **({"requestID": record["request_id"]} if record["request_id"] else {}),
        "eventID": event_id,
        "readOnly": record["read_only"],
        **_resources(record),
        "eventType": record["event_type"],
        "managementEvent": management,
        "recipientAccountId": account,
        "eventCategory": "Management" if management else "Data",
        **({"tlsDetails": record["tls"]} if record["tls"] else {}),
    }
    if len(accounts) > 1:
        content["sharedEventID"] = str(uuid5(UUID(record["event_id"]), "shared"))
    return content


def _error(record: _Record) -> dict[str, str]:
    code = record["error"]
    if code is None:
        return {}
    if record["service"] == "ec2":
        code = f"{'Client' if record['status'] < 500 else 'Server'}.{code}"
    if code in ("AccessDeniedException", "403"):
        code = "AccessDenied"
    code = _OF_HEAD.get((record["operation"], code), code)
    return {"errorCode": code, **({"errorMessage": record["error_message"]} if record["error_message"] else {})}


def _transferred(record: _Record) -> dict[str, Any]:
    if record["service"] != "s3" or record["event_category"] != "Data":
        return {}
    return {
        "additionalEventData": {
            "bytesTransferredIn": record["bytes_in"],
            "bytesTransferredOut": record["bytes_out"],
        }
    }


def _resources(record: _Record) -> dict[str, list[dict[str, str]]]:
    if record["event_category"] == "Management" and record["service"] not in _WITH_RESOURCES:
        return {}
    told: dict[str, dict[str, str]] = {}
    for arn in record["resources"]:
        if ":assumed-role/" in arn:  # which AssumeRole has made
            continue
        owner = _owner(arn) or record["account_id"]
        type = resource_type(arn) if arn.count(":") >= 5 else ""
        if type == "AWS::S3::Object":
            told[arn] = {"type": type, "ARN": arn}
            arn, type = arn.partition("/")[0], "AWS::S3::Bucket"
        told[arn] = {"accountId": owner, **({"type": type} if type else {}), "ARN": arn}
    return {"resources": list(told.values())} if told else {}
