"""Reading objects in place, decided and recorded as if they had been asked of S3.

A query's process opens the files itself, past the gateway. On AWS Athena reads them with the rights of who asks the
query, as a forward access session ("Access control for Athena", Athena user guide; "Forward access sessions", IAM user
guide), and CloudTrail has each GetObject with ``invokedBy`` athena.amazonaws.com.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from localaws.authorization import keys_of_call
from localaws.client import behalf
from localaws.credentials import Credential
from localaws.engines.s3.backend import S3Engine
from localaws.gateway.errors import AwsError
from localaws.gateway.records import Call
from localaws.lab import Lab
from localaws.lake.datafile import DataFile
from localaws.lake.errors import QueryFailure
from localaws.lake.runtime import Session

#: So many objects of a query leave a record each, as on AWS. A query over 100,000 would write for longer than it reads:
#: the rest of them is one record a bucket, with their number and the prefix that they share.
_EACH = 100


def readable(lab: Lab, region: str, principal: str, session: Session, files: Sequence[DataFile]) -> list[DataFile]:
    """*files* as *session* reads them in place, once it is decided that who asks the query may.

    *principal* is the service that reads them, as CloudTrail names it.
    Raises QueryFailure if S3 would refuse, or KMS the key of one of them; S3's refusal is on record then.
    """
    if not files:
        return []
    caller, via = behalf() or (lab.owner, principal)
    found, file = [], files[0]
    call = Call.done_by(via, lab.clock, "s3", "GetObject", region)
    call.called_via = (via,) if behalf() else ()
    keys = keys_of_call(call)
    try:
        lab.authorize(caller, "s3", "s3:GetObject", [_arn(each.uri) for each in files], keys)
        for file in session.checked(files):
            found.append(_unsealed(file, caller, session) if file.sealed else file)
    except AwsError as refused:
        record_reading(lab, region, principal, caller, [file.uri], refused)
        raise QueryFailure(
            "PERMISSION_DENIED" if refused.code == "AccessDenied" else "HIVE_CANNOT_OPEN_SPLIT",
            f"Error opening Hive split {file.uri}: {refused.message} "
            f"(Service: Amazon S3; Status Code: {refused.status}; Error Code: {refused.code})",
        ) from None
    return found


def _unsealed(file: DataFile, caller: Credential, session: Session) -> DataFile:
    """A file that lies encrypted as one of *session*'s own, which goes with it. Raises as S3 does for who may not."""
    stored = file.sealed
    assert stored is not None
    key = S3Engine.data_keys.open(stored, caller=caller)
    folder = session.directory / "unsealed"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / stored.file
    if not path.exists():  # a query may name a table twice
        try:
            blocks = stored.blocks(0, stored.size, key)
        except FileNotFoundError:  # overwritten or deleted since it was listed
            raise AwsError("NoSuchKey", "The specified key does not exist.", 404) from None
        with path.open("xb", buffering=0) as target:
            for block in session.checked(blocks):
                target.write(block)
    return replace(file, path=path)


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
