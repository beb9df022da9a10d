"""The policy of an HTML form's upload: who signed it, until when it holds, and what it allows.

Source: S3 API reference, "POST policy" (Signature Version 4) and S3 user guide, "Browser-based uploads using POST
(AWS Signature Version 2)".
"""

from __future__ import annotations

import base64
import hmac
import json
from datetime import UTC, datetime
from typing import Any

from localaws.credentials import Credential, CredentialStore
from localaws.gateway.errors import AwsError
from localaws.gateway.post_form import Upload, missing_field
from localaws.gateway.sigv4 import ALGORITHM, Signature, same, signing_key

# Fields that no condition needs to name.
_FREE = {"policy", "x-amz-signature", "signature", "awsaccesskeyid", "file"}


def authenticate_form(upload: Upload, region: str, credentials: CredentialStore) -> tuple[Signature, Credential]:
    """The signature of the form's policy and the credential that made it; *region* is where Version 2 belongs.

    Raises S3's own errors: AccessDenied, InvalidArgument, InvalidAccessKeyId, SignatureDoesNotMatch, ….
    """
    fields = upload.fields
    if "policy" not in fields:
        raise AwsError("AccessDenied", "Access Denied: the form has no signed policy.", 403)
    signature = _version_4(fields) if "x-amz-algorithm" in fields else _version_2(fields, region)
    credential = credentials.find(signature.access_key_id)
    if credential is None:
        raise AwsError("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", 403)
    if not same(credential.session_token or "", signature.session_token or ""):
        raise AwsError("InvalidToken", "The provided token is malformed or otherwise invalid.")
    if credentials.expired(credential):
        raise AwsError("ExpiredToken", "The provided token has expired.")
    if not same(_sign(fields["policy"], signature, credential.secret_access_key), signature.value):
        raise AwsError(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method.",
            403,
        )
    return signature, credential


def check_policy(upload: Upload) -> tuple[int, int | None]:
    """Hold the form against its policy and return the sizes in bytes that the file may have: at least, at most.

    Raises AccessDenied ("Invalid according to Policy: …") or InvalidPolicyDocument.
    """
    expiration, conditions = _read(upload.fields["policy"])
    if datetime.now(UTC) > expiration:  # the machine's clock: whoever signs has no other
        raise _denied("Policy expired.")
    fields = {**upload.fields, "bucket": upload.bucket}
    smallest, largest = 0, None
    named = set(_FREE)
    for condition in conditions:
        kind, name, value = _condition(condition)
        if kind == "content-length-range":
            smallest, largest = name, value
            continue
        named.add(name)
        given = fields.get(name, "")
        # a Content-Type may be a list, each of which must match
        parts = given.split(",") if name == "content-type" and kind == "starts-with" else [given]
        holds = given == value if kind == "eq" else all(part.strip().startswith(value) for part in parts)
        if not holds:
            raise _denied(f"Policy Condition failed: {json.dumps([kind, f'${name}', value])}")
    extra = [name for name in upload.fields if name not in named and not name.startswith("x-ignore-")]
    if extra:
        raise _denied(f"Extra input fields: {', '.join(extra)}")
    return smallest, largest


def check_size(size: int, smallest: int) -> None:
    """Raise EntityTooSmall for a file of *size* bytes where the policy wants *smallest*."""
    if size < smallest:
        raise AwsError("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")


def _version_4(fields: dict[str, str]) -> Signature:
    for name in ("X-Amz-Credential", "X-Amz-Signature", "X-Amz-Date"):
        if not fields.get(name.lower()):
            raise missing_field(name)
    scope = fields["x-amz-credential"].rsplit("/", 4)
    if fields["x-amz-algorithm"] != ALGORITHM or len(scope) != 5 or scope[3:] != ["s3", "aws4_request"]:
        raise AwsError("InvalidArgument", "X-Amz-Algorithm or X-Amz-Credential of the form is not valid.")
    if fields["x-amz-date"][:8] != scope[1]:
        raise AwsError("InvalidArgument", "The date of X-Amz-Credential is not that of X-Amz-Date.")
    access_key_id, date, region, service = scope[:4]
    token = fields.get("x-amz-security-token")
    value, timestamp = fields["x-amz-signature"], fields["x-amz-date"]
    return Signature(access_key_id, date, region, service, (), value, timestamp, token)


def _version_2(fields: dict[str, str], region: str) -> Signature:
    for name in ("AWSAccessKeyId", "Signature"):
        if not fields.get(name.lower()):
            raise missing_field(name)
    token = fields.get("x-amz-security-token")
    return Signature(fields["awsaccesskeyid"], "", region, "s3", (), fields["signature"], "", token)


def _sign(policy: str, signature: Signature, secret: str) -> str:
    if signature.timestamp:
        key = signing_key(secret, signature.date, signature.region, signature.service)
        return hmac.digest(key, policy.encode(), "sha256").hex()
    return base64.b64encode(hmac.digest(secret.encode(), policy.encode(), "sha1")).decode()


def _read(text: str) -> tuple[datetime, list[Any]]:
    try:
        policy = json.loads(base64.b64decode(text, validate=True))
        expiration = datetime.fromisoformat(policy["expiration"])
        conditions = policy["conditions"]
        if expiration.tzinfo is None or not isinstance(conditions, list):
            raise ValueError("it needs an expiration in UTC and a list of conditions")
    except KeyError as error:
        raise _invalid(f"Policy missing {str(error).strip(chr(39))}.") from None
    except (ValueError, TypeError, RecursionError) as error:
        raise _invalid(f"{error}.") from None
    return expiration, conditions


def _condition(condition: Any) -> tuple[str, Any, Any]:
    """Its kind, the field's name in lower case (or the smallest size), and the value (or the largest size)."""
    match condition:
        case dict() if len(condition) == 1:
            [(name, value)] = condition.items()
            if isinstance(value, str):
                return "eq", name.lower(), value
        case [str(kind), int(smallest), int(largest)] if kind.lower() == "content-length-range":
            return "content-length-range", smallest, largest
        case [str(kind), str(name), str(value)] if kind.lower() in ("eq", "starts-with") and name.startswith("$"):
            return kind.lower(), name[1:].lower(), value
    raise _invalid(f"Invalid condition: {json.dumps(condition)[:200]}")


def _invalid(reason: str) -> AwsError:
    return AwsError("InvalidPolicyDocument", f"Invalid Policy: {reason}")


def _denied(reason: str) -> AwsError:
    return AwsError("AccessDenied", f"Invalid according to Policy: {reason}", 403)
