"""What is deleted after a waiting period is there until then, gone after it, and the period outlives a restart."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import RunningLab
from tests.gateway.wire import advance

DAY = 86400


def test_waiting_periods_end(new_lab: Callable[..., RunningLab]) -> None:
    """KMS: "After the waiting period ends, AWS KMS deletes the KMS key, its aliases, and all related metadata"
    (developer guide, "Deleting AWS KMS keys"). Secrets Manager: RecoveryWindowInDays, 7 to 30 (DeleteSecret)."""
    lab = new_lab()
    kms, secrets = lab.client("kms"), lab.client("secretsmanager")
    keys = {name: kms.create_key()["KeyMetadata"]["KeyId"] for name in ("deleted", "rescued")}
    for name, key in keys.items():
        kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=key)
        kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
        secrets.create_secret(Name=name, SecretString="one")
        secrets.delete_secret(SecretId=name, RecoveryWindowInDays=7)
    kms.cancel_key_deletion(KeyId=keys["rescued"])
    secrets.restore_secret(SecretId="rescued")
    advance(lab, 6 * DAY)
    lab.stop()
    lab.start()
    kms, secrets = lab.client("kms"), lab.client("secretsmanager")
    assert kms.describe_key(KeyId=keys["deleted"])["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert "DeletedDate" in secrets.describe_secret(SecretId="deleted")

    advance(lab, 2 * DAY)
    with pytest.raises(kms.exceptions.NotFoundException):
        kms.describe_key(KeyId=keys["deleted"])
    assert [a["AliasName"] for a in kms.list_aliases()["Aliases"] if "aws/" not in a["AliasName"]] == ["alias/rescued"]
    with pytest.raises(secrets.exceptions.ResourceNotFoundException):
        secrets.describe_secret(SecretId="deleted")
    secrets.create_secret(Name="deleted", SecretString="the name is free again")
    assert kms.describe_key(KeyId="alias/rescued")["KeyMetadata"]["KeyState"] == "Disabled"
    assert secrets.get_secret_value(SecretId="rescued")["SecretString"] == "one"
