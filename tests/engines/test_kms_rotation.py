"""Keys are rotated, at once and at their dates, and what they have encrypted still opens.

Sources: KMS developer guide, "Rotate AWS KMS keys"; API reference, RotateKeyOnDemand, EnableKeyRotation,
GetKeyRotationStatus, ListKeyRotations; KMS developer guide, "Encryption context".
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.conftest import RunningLab
from tests.engines.test_s3 import error_of
from tests.engines.test_s3_bytes import crash_and_restart
from tests.gateway.wire import advance

DAY = 86_400


@pytest.fixture(scope="module")
def kms(lab: RunningLab) -> Any:
    return lab.client("kms")


@pytest.fixture
def key(kms: Any) -> str:
    key_id: str = kms.create_key()["KeyMetadata"]["KeyId"]
    return key_id


def material(kms: Any, key: str) -> str:
    current: str = kms.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"]
    return current


def test_old_ciphertexts_open_with_old_material(kms: Any, key: str) -> None:
    old = kms.encrypt(KeyId=key, Plaintext=b"old")["CiphertextBlob"]
    before = material(kms, key)
    kms.rotate_key_on_demand(KeyId=key)
    data_key = kms.generate_data_key(KeyId=key, KeySpec="AES_256")
    assert data_key["KeyMaterialId"] == material(kms, key) != before
    opened = kms.decrypt(CiphertextBlob=old)
    assert (opened["Plaintext"], opened["KeyMaterialId"]) == (b"old", before)
    again = kms.re_encrypt(CiphertextBlob=old, DestinationKeyId=key)["CiphertextBlob"]
    for blob, plain in ((again, b"old"), (data_key["CiphertextBlob"], data_key["Plaintext"])):
        opened = kms.decrypt(CiphertextBlob=blob)
        assert (opened["Plaintext"], opened["KeyMaterialId"]) == (plain, material(kms, key))
    [rotation] = kms.list_key_rotations(KeyId=key)["Rotations"]
    assert (rotation["RotationType"], rotation["KeyMaterialId"]) == ("ON_DEMAND", material(kms, key))


def test_only_keys_that_can_be_rotated_are(kms: Any, key: str) -> None:
    """Asymmetric and HMAC keys cannot, and keys that are disabled do nothing."""
    mac = kms.create_key(KeyUsage="GENERATE_VERIFY_MAC", KeySpec="HMAC_256")["KeyMetadata"]["KeyId"]
    kms.disable_key(KeyId=key)
    for call in (kms.rotate_key_on_demand, kms.enable_key_rotation):
        assert error_of(call, KeyId=mac) == ("UnsupportedOperationException", 400)
        assert error_of(call, KeyId=key) == ("DisabledException", 400)


def test_keys_are_rotated_at_their_dates(new_lab: Callable[..., RunningLab]) -> None:
    """Each so many days on the lab's clock, over a crash too; not while they are disabled."""
    lab = new_lab()
    kms = lab.client("kms")
    key, disabled = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    for each in (key, disabled):
        kms.enable_key_rotation(KeyId=each, RotationPeriodInDays=90)
    status = kms.get_key_rotation_status(KeyId=key)
    assert (status["KeyRotationEnabled"], status["RotationPeriodInDays"]) == (True, 90)
    kms.disable_key(KeyId=disabled)
    blob = kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"a": "b"})["CiphertextBlob"]
    first = material(kms, key)
    advance(lab, 89 * DAY)
    assert material(kms, key) == first
    crash_and_restart(lab)
    kms = lab.client("kms")
    advance(lab, 2 * DAY)
    second = material(kms, key)
    assert second != first
    advance(lab, 90 * DAY)
    rotations = kms.list_key_rotations(KeyId=key)["Rotations"]
    assert [each["RotationType"] for each in rotations] == ["AUTOMATIC"] * 2
    assert material(kms, key) == rotations[-1]["KeyMaterialId"] != second
    assert kms.decrypt(CiphertextBlob=blob, EncryptionContext={"a": "b"})["Plaintext"] == b"x"
    assert kms.list_key_rotations(KeyId=disabled)["Rotations"] == []
    kms.disable_key_rotation(KeyId=key)
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    advance(lab, 91 * DAY)
    assert len(kms.list_key_rotations(KeyId=key)["Rotations"]) == 2


def test_new_material_is_kept_before_it_has_encrypted(new_lab: Callable[..., RunningLab]) -> None:
    """However soon the lab is killed, what was answered can be decrypted: with a new key, and a rotated one."""
    lab = new_lab()
    kms = lab.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    blobs = [kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]]
    crash_and_restart(lab)
    kms = lab.client("kms")
    kms.rotate_key_on_demand(KeyId=key)
    blobs.append(kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"])
    crash_and_restart(lab)
    kms = lab.client("kms")
    assert [kms.decrypt(CiphertextBlob=blob)["Plaintext"] for blob in blobs] == [b"x", b"x"]


def test_replicas_have_the_same_material(lab: RunningLab, kms: Any) -> None:
    """Multi-Region keys: "the same key ID and key material", after a rotation too."""
    key = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    kms.replicate_key(KeyId=key, ReplicaRegion="eu-west-1")
    kms.rotate_key_on_demand(KeyId=key)
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    there = lab.fresh_client("kms", region_name="eu-west-1")
    assert there.decrypt(CiphertextBlob=blob, KeyId=key)["Plaintext"] == b"x"


def test_the_context_is_exactly_the_same(kms: Any, key: str) -> None:
    """Encryption context: "an exact, case-sensitive match", in whatever order; the names count, not only the text."""
    blob = kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"a": "bc", "d": "e"})["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob, EncryptionContext={"d": "e", "a": "bc"})["Plaintext"] == b"x"
    for other in ({}, {"ab": "c", "d": "e"}, {"a": "bcde"}, {"A": "bc", "d": "e"}):
        assert error_of(kms.decrypt, CiphertextBlob=blob, EncryptionContext=other) == (
            "InvalidCiphertextException",
            400,
        )


def test_the_aws_managed_key_is_awss(lab: RunningLab, kms: Any) -> None:
    """Developer guide, "AWS managed keys": KeyManager is AWS, and they are rotated every year."""
    bucket = "kms-managed-key"
    s3 = lab.client("s3")
    s3.create_bucket(Bucket=bucket)
    arn = s3.put_object(Bucket=bucket, Key="k", Body=b"x", ServerSideEncryption="aws:kms")["SSEKMSKeyId"]
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyManager"] == "AWS"
    assert kms.get_key_rotation_status(KeyId=arn)["RotationPeriodInDays"] == 365
    [alias] = kms.list_aliases(KeyId=arn)["Aliases"]
    assert (alias["AliasName"], alias["TargetKeyId"]) == ("alias/aws/s3", arn.rpartition("/")[2])


def test_only_so_much_is_encrypted_at_once(kms: Any, key: str) -> None:
    """API reference, Encrypt, Plaintext: 1 to 4,096 bytes."""
    blob = kms.encrypt(KeyId=key, Plaintext=bytes(4096))["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == bytes(4096)
    for plain in (b"", bytes(4097)):
        assert error_of(kms.encrypt, KeyId=key, Plaintext=plain) == ("ValidationException", 400)


def test_the_aws_managed_key_is_made_once(new_lab: Callable[..., RunningLab]) -> None:
    """However many need it first at the same time, what each has encrypted opens."""
    lab = new_lab()
    lab.client("s3").create_bucket(Bucket="managed")
    clients = [lab.fresh_client("s3") for _ in range(8)]
    for client in clients:
        client.list_buckets()  # all are connected

    def put(numbered: tuple[int, Any]) -> None:
        number, s3 = numbered
        s3.put_object(Bucket="managed", Key=str(number), Body=b"x", ServerSideEncryption="aws:kms")

    with ThreadPoolExecutor(len(clients)) as threads:
        list(threads.map(put, enumerate(clients)))
    for number in range(len(clients)):
        assert clients[0].get_object(Bucket="managed", Key=str(number))["Body"].read() == b"x"
    assert len(lab.client("kms").list_keys()["Keys"]) == 1
