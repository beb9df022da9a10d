"""The key of KMS that a stream's records are encrypted with: who may not use it can neither put nor get them.

Source: Kinesis developer guide, "Permissions to use user-generated KMS keys"; API reference, PutRecord, "Errors".
"""

from __future__ import annotations

from localaws.engines.kinesis.stream import Stream
from localaws.gateway.records import current_call

#: KMS's errors as Kinesis has them.
_ERRORS = {
    "AccessDeniedException": "KMSAccessDeniedException",
    "DisabledException": "KMSDisabledException",
    "InvalidKeyUsageException": "KMSInvalidStateException",
    "KMSInvalidStateException": "KMSInvalidStateException",
    "NotFoundException": "KMSNotFoundException",
}


def check_key(stream: Stream, action: str) -> None:
    """Raises one of the errors above unless the caller may do *action* with the stream's key, if it has one."""
    caller = current_call.get().credential
    if stream.encryption_type != "KMS" or not stream.key_id or caller is None:
        return
    from localaws.engines.kms.use import check_use  # not above: most streams have no key of KMS

    region = stream.arn.split(":")[3]
    context = {"aws:kinesis:arn": stream.arn}
    check_use(stream.lab, caller, "kinesis", region, stream.key_id, action, context, _ERRORS)
