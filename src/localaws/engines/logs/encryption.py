"""The key of KMS that a log group is encrypted with: CloudWatch Logs itself must be let use it by the key's policy.

Sources: CloudWatch Logs user guide, "Encrypt log data in CloudWatch Logs using AWS Key Management Service"; API
reference, AssociateKmsKey.
"""

from __future__ import annotations

from moto.logs.models import LogGroup

from localaws.gateway.errors import AwsError
from localaws.lab import Lab


def check_key(lab: Lab, group_arn: str, key: str) -> None:
    """Raises unless CloudWatch Logs may use *key*, an ARN, for the group.

    AccessDeniedException where the key's policy does not let it; InvalidParameterException where there is no such key
    or it is disabled.
    """
    from localaws.engines.kms.use import check_use  # not above: most groups have no key of KMS

    region, account = group_arn.split(":")[3:5]
    service = lab.credentials.of_service(f"logs.{region}.amazonaws.com", account)
    for action in ("GenerateDataKey", "Decrypt"):
        try:
            check_use(lab, service, "logs", region, key, action, {"aws:logs:arn": group_arn})
        except AwsError as error:
            denied = error.code == "AccessDeniedException"
            raise AwsError(
                error.code if denied else "InvalidParameterException",
                f"The specified KMS key does not exist or is not allowed to be used with Arn '{group_arn}'"
                if denied
                else error.message,
            ) from None


def check_readable(lab: Lab, group: LogGroup | None) -> None:
    """Raises as `check_key` where the events of *group* cannot be decrypted any more."""
    if group is not None and group.kms_key_id:
        check_key(lab, arn_of(group.account_id, group.region, group.name), group.kms_key_id)


def arn_of(account: str, region: str, name: str) -> str:
    return f"arn:aws:logs:{region}:{account}:log-group:{name}"
