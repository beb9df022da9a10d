"""The key of KMS that a table is encrypted with: who may not use it has nothing of the items.

Sources: DynamoDB developer guide, "DynamoDB encryption at rest usage notes" (a key that is disabled makes a table
inaccessible) and "How DynamoDB uses AWS KMS" (encryption context); the words of the error as AWS writes them in
reports of its users.
"""

from __future__ import annotations

from typing import Any

from moto.dynamodb.models.table import Table

from localaws.gateway.errors import AwsError
from localaws.gateway.records import current_call
from localaws.lab import Lab

_DENIED = (
    "The ciphertext refers to a customer master key that does not exist, does not exist in this region, "
    "or you are not allowed to access."
)


def check_key(lab: Lab, table: Table) -> None:
    """Raises AccessDeniedException unless the caller may decrypt with the *table*'s key, if that is one of KMS."""
    key, caller = key_of(table), current_call.get().credential
    if not key or caller is None:
        return
    from localaws.engines.kms.use import check_use  # not above: most tables have no key of KMS

    context = {"aws:dynamodb:tableName": table.name, "aws:dynamodb:subscriberId": table.account_id}
    try:
        check_use(lab, caller, "dynamodb", table.region_name, key, "Decrypt", context)
    except AwsError as error:
        raise _refused(error) from None


def key_of(table: Table) -> str:
    """What names the key of KMS that encrypts the *table*; "" for DynamoDB's own, which no account sees."""
    specification: dict[str, Any] = table.sse_specification or {}
    return str(specification.get("KMSMasterKeyId") or "") if specification.get("Enabled") else ""


def check_named(lab: Lab, region: str, specification: dict[str, Any] | None) -> None:
    """Raises AccessDeniedException for a *specification* of a key that is not there or cannot be used."""
    key = (specification or {}).get("KMSMasterKeyId")
    if key:
        from localaws.engines.kms.use import find_key

        try:
            found = find_key(lab, key, region)
            found.check("ENCRYPT_DECRYPT", "Decrypt", None)
        except AwsError as error:
            raise _refused(error) from None


def described(lab: Lab, table: Table) -> dict[str, Any]:
    """What a table's description says of its key of KMS, and that it is inaccessible while the key cannot be used."""
    key = key_of(table)
    if not key:
        return {}
    from localaws.engines.kms.use import find_key

    try:
        found = find_key(lab, key, table.region_name)
        usable = found.key_state == "Enabled"
        told = {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": found.arn}
    except AwsError:
        usable, told = False, {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": key}
    return {"SSEDescription": told, **({} if usable else {"TableStatus": "INACCESSIBLE_ENCRYPTION_CREDENTIALS"})}


def _refused(error: AwsError) -> AwsError:
    said = _DENIED if error.code in ("AccessDeniedException", "NotFoundException") else error.message
    called = "AccessDeniedException" if said == _DENIED else error.code
    request = current_call.get().request_id
    return AwsError(
        "AccessDeniedException",
        f"KMS key access denied error: com.amazonaws.services.kms.model.AWSKMSException: {said} "
        f"(Service: AWSKMS; Status Code: 400; Error Code: {called}; Request ID: {request}; Proxy: null)",
    )
