"""Key Management Service."""

from __future__ import annotations

from awsfacts.declaration import Service

SERVICE = Service(
    name="kms",
    title="AWS Key Management Service",
    request_prices=((".*", "kms.request"),),
    actions={"ReEncrypt": ("kms:ReEncryptFrom", "kms:ReEncryptTo")},
    # CloudTrail's examples of them have ``"readOnly": true`` ("Examples of AWS KMS log entries")
    reads=frozenset(
        (
            "Decrypt Encrypt GenerateDataKey GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext "
            "GenerateDataKeyWithoutPlaintext GenerateMac GenerateRandom ReEncrypt Sign Verify VerifyMac"
        ).split()
    ),
)
