"""Reading objects in place, decided and recorded as if they had been asked of S3.

A query's process opens the files itself, past the gateway. On AWS Athena reads them with the rights of who asks the
query, as a forward access session ("Access control for Athena", Athena user guide; "Forward access sessions", IAM user
guide), and CloudTrail has each GetObject with ``invokedBy`` athena.amazonaws.com.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from itertools import groupby

from localaws.client import behalf
from localaws.credentials import Credential
from localaws.engines.s3.encryption import check_readable
from localaws.gateway.errors import AwsError
from localaws.gateway.records import Call
from localaws.lab import Lab
from localaws.lake.datafile import DataFile
from localaws.lake.errors import QueryFailure

#: So many objects of a query leave a record each, as on AWS. A query over 100,000 would write for longer than it reads:
#: the rest of them is one record a bucket, with their number and the prefix that they share.
_EACH = 100


def authorize_reading(lab: Lab, region: str, principal: str, files: Sequence[DataFile]) -> None:
    """Have it decided whether who asks the query may read *files*.

    *principal* is the service that reads them, as CloudTrail names it.
    Raises QueryFailure if S3 would refuse, or KMS the key of one of them; S3's refusal is on record then.
    """
    if not files:
        return
    caller, via = behalf() or (lab.owner, principal)
    context = {"aws:CalledVia": via}
    try:
        lab.authorize(caller, "s3", "s3:GetObject", [_arn(file.uri) for file in files], context)
        for key, one in {file.kms_key: file for file in files if file.kms_key}.items():
            files = [one]
            check_readable(lab, key, caller, context)
    except AwsError as refused:
        record_reading(lab, region, principal, caller, [files[0].uri], refused)
        raise QueryFailure(
            "PERMISSION_DENIED" if refused.code == "AccessDenied" else "HIVE_CANNOT_OPEN_SPLIT",
            f"Error opening Hive split {files[0].uri}: {refused.message} "
            f"(Service: Amazon S3; Status Code: {refused.status}; Error Code: {refused.code})",
        ) from None


def record_reading(
    lab: Lab,
    region: str,
    principal: str,
    caller: Credential | None,
    uris: Iterable[str],
    refused: AwsError | None = None,
) -> None:
    """Leave the records of GetObject that reading *uris* would have left on AWS."""
    listed = sorted(set(uris))
    for uri in listed[:_EACH]:
        _record(lab, region, principal, caller, _arn(uri), 1, refused)
    for bucket, rest in groupby(listed[_EACH:], lambda uri: uri.split("/")[2]):
        together = list(rest)
        shared = os.path.commonprefix(together)  # noqa: RUF071 (S3's prefixes are of characters, not of folders)
        shared = shared.removeprefix(f"s3://{bucket}/")
        _record(lab, region, principal, caller, f"arn:aws:s3:::{bucket}/{shared}*", len(together), refused)


def _record(
    lab: Lab,
    region: str,
    principal: str,
    caller: Credential | None,
    arn: str,
    requests: int,
    refused: AwsError | None,
) -> None:
    bucket, _, key = arn.removeprefix("arn:aws:s3:::").partition("/")
    call = Call.done_by(principal, lab.clock, "s3", "GetObject", region)
    call.is_from(caller or lab.owner)
    call.resources, call.requests = [arn], requests
    call.request_parameters = {"Bucket": bucket, "Key": key}
    if refused:
        call.refuse(refused)
    lab.record(call)


def _arn(uri: str) -> str:
    return f"arn:aws:s3:::{uri.removeprefix('s3://')}"
