"""KMS does the cryptography that it says: what it encrypts, signs and proves, others decrypt and verify.

Sources: KMS developer guide, "Key spec reference"; API reference of each operation; the sentences are those that AWS
gave LocalStack's suite (test_kms).
"""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key

from tests.conftest import RunningLab
from tests.engines.test_s3 import error_of

HASHES: dict[str, hashes.HashAlgorithm] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


@pytest.fixture(scope="module")
def kms(lab: RunningLab) -> Any:
    return lab.client("kms")


def new_key(kms: Any, spec: str = "SYMMETRIC_DEFAULT", usage: str = "ENCRYPT_DECRYPT") -> dict[str, Any]:
    metadata: dict[str, Any] = kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]
    return metadata


@pytest.fixture(scope="module")
def rsa_key(kms: Any) -> dict[str, Any]:
    return new_key(kms, "RSA_2048")


def said(operation: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        operation(**request)
    error = caught.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


@pytest.mark.parametrize(
    ("algorithm", "digest", "most"), [("SHA_1", hashes.SHA1(), 214), ("SHA_256", HASHES["256"], 190)]
)
def test_rsa_keys_encrypt_with_oaep(
    kms: Any, rsa_key: dict[str, Any], algorithm: str, digest: hashes.HashAlgorithm, most: int
) -> None:
    """The ciphertext is as long as the modulus, and what the public key encrypts elsewhere KMS decrypts."""
    ask = {"KeyId": rsa_key["KeyId"], "EncryptionAlgorithm": f"RSAES_OAEP_{algorithm}"}
    encrypted = kms.encrypt(**ask, Plaintext=b"secret")
    assert len(encrypted["CiphertextBlob"]) == 256
    assert encrypted["EncryptionAlgorithm"] == ask["EncryptionAlgorithm"]
    assert kms.decrypt(**ask, CiphertextBlob=encrypted["CiphertextBlob"])["Plaintext"] == b"secret"
    public: Any = load_der_public_key(kms.get_public_key(KeyId=rsa_key["Arn"])["PublicKey"])
    blob = public.encrypt(b"from elsewhere", padding.OAEP(padding.MGF1(digest), digest, None))
    assert kms.decrypt(**ask, CiphertextBlob=blob)["Plaintext"] == b"from elsewhere"
    assert kms.encrypt(**ask, Plaintext=bytes(most))["CiphertextBlob"]
    assert said(kms.encrypt, **ask, Plaintext=bytes(most + 1)) == (
        f"ValidationException: Algorithm RSAES_OAEP_{algorithm} and key spec RSA_2048 cannot encrypt data larger than "
        f"{most} bytes."
    )
    assert error_of(kms.decrypt, **ask, CiphertextBlob=bytes(256)) == ("InvalidCiphertextException", 400)
    del ask["KeyId"]
    assert error_of(kms.decrypt, **ask, CiphertextBlob=blob) == ("ValidationException", 400)


def test_a_key_encrypts_with_its_own_algorithms_alone(kms: Any, rsa_key: dict[str, Any]) -> None:
    symmetric, signer = new_key(kms), new_key(kms, "ECC_NIST_P256", "SIGN_VERIFY")
    for key, more in ((rsa_key, {}), (symmetric, {"EncryptionAlgorithm": "RSAES_OAEP_SHA_256"})):
        algorithm = more.get("EncryptionAlgorithm", "SYMMETRIC_DEFAULT")
        wrong = f"InvalidKeyUsageException: Algorithm {algorithm} is incompatible with key spec {key['KeySpec']}."
        assert said(kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x", **more) == wrong
        assert said(kms.decrypt, KeyId=key["KeyId"], CiphertextBlob=bytes(256), **more) == wrong
    for operation in (kms.generate_data_key, kms.generate_data_key_without_plaintext):
        assert error_of(operation, KeyId=rsa_key["KeyId"], KeySpec="AES_256") == ("InvalidKeyUsageException", 400)
    assert said(kms.encrypt, KeyId=signer["KeyId"], Plaintext=b"x") == (
        f"InvalidKeyUsageException: {signer['Arn']} key usage is SIGN_VERIFY which is not valid for Encrypt."
    )
    blob = kms.encrypt(KeyId=symmetric["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    for other in (signer, new_key(kms)):
        assert error_of(kms.decrypt, KeyId=other["KeyId"], CiphertextBlob=blob) == ("IncorrectKeyException", 400)


def test_re_encrypt_between_kinds_of_keys(kms: Any, rsa_key: dict[str, Any]) -> None:
    """API reference, ReEncrypt."""
    symmetric = new_key(kms)
    oaep = "RSAES_OAEP_SHA_256"
    blob = kms.encrypt(KeyId=symmetric["KeyId"], Plaintext=b"secret")["CiphertextBlob"]
    there = kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=rsa_key["KeyId"], DestinationEncryptionAlgorithm=oaep)
    assert (there["SourceKeyId"], there["KeyId"]) == (symmetric["Arn"], rsa_key["Arn"])
    assert len(there["CiphertextBlob"]) == 256
    source = {"SourceKeyId": rsa_key["KeyId"], "SourceEncryptionAlgorithm": oaep}
    back = kms.re_encrypt(CiphertextBlob=there["CiphertextBlob"], **source, DestinationKeyId=symmetric["KeyId"])
    assert kms.decrypt(CiphertextBlob=back["CiphertextBlob"])["Plaintext"] == b"secret"
    wrong = {"SourceKeyId": new_key(kms)["KeyId"], "DestinationKeyId": symmetric["KeyId"]}
    assert error_of(kms.re_encrypt, CiphertextBlob=blob, **wrong) == ("IncorrectKeyException", 400)


SIGNATURES = [
    ("RSA_2048", "RSASSA_PSS_SHA_256"),
    ("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_512"),
    ("RSA_3072", "RSASSA_PSS_SHA_384"),
    ("ECC_NIST_P256", "ECDSA_SHA_256"),
    ("ECC_NIST_P384", "ECDSA_SHA_384"),
    ("ECC_NIST_P521", "ECDSA_SHA_512"),
    ("ECC_SECG_P256K1", "ECDSA_SHA_256"),
]


@pytest.mark.parametrize(("spec", "algorithm"), SIGNATURES)
def test_others_verify_what_kms_signs(kms: Any, spec: str, algorithm: str) -> None:
    """A digest signs the message that it is of; a PSS salt is as long as the digest (RFC 8017, section 9.1)."""
    key = new_key(kms, spec, "SIGN_VERIFY")
    told = kms.get_public_key(KeyId=key["KeyId"])
    assert algorithm in told["SigningAlgorithms"]
    assert told["KeySpec"] == spec
    assert "EncryptionAlgorithms" not in told
    public: Any = load_der_public_key(told["PublicKey"])
    message, chosen = os.urandom(100), HASHES[algorithm[-3:]]
    digest = hashlib.new(f"sha{algorithm[-3:]}", message).digest()
    for signed, kind in ((message, "RAW"), (digest, "DIGEST")):
        ask = {"KeyId": key["KeyId"], "SigningAlgorithm": algorithm, "MessageType": kind, "Message": signed}
        signature = kms.sign(**ask)["Signature"]
        if spec.startswith("ECC"):
            public.verify(signature, message, ec.ECDSA(chosen))
        elif "PSS" in algorithm:
            public.verify(signature, digest, padding.PSS(padding.MGF1(chosen), chosen.digest_size), Prehashed(chosen))
        else:
            public.verify(signature, message, padding.PKCS1v15(), chosen)
        assert kms.verify(**ask, Signature=signature)["SignatureValid"] is True
        assert error_of(kms.verify, **ask, Signature=b"bad") == ("KMSInvalidSignatureException", 400)
    ask |= {"Message": b"short"}
    assert said(kms.sign, **ask) == f"ValidationException: Digest is invalid length for algorithm {algorithm}."


def test_macs_are_of_the_message(kms: Any) -> None:
    """API reference, GenerateMac and VerifyMac. The key's material stays inside, so a second key must differ."""
    keys = [new_key(kms, "HMAC_256", "GENERATE_VERIFY_MAC") for _ in range(2)]
    assert keys[0]["MacAlgorithms"] == ["HMAC_SHA_256"]
    assert not {"EncryptionAlgorithms", "SigningAlgorithms"} & keys[0].keys()
    asks = [{"KeyId": key["KeyId"], "MacAlgorithm": "HMAC_SHA_256", "Message": b"message"} for key in keys]
    answers = [kms.generate_mac(**ask) for ask in asks]
    assert [answer["KeyId"] for answer in answers] == [key["Arn"] for key in keys]
    assert {len(answer["Mac"]) for answer in answers} == {32}
    assert not hmac.compare_digest(answers[0]["Mac"], answers[1]["Mac"])
    assert kms.verify_mac(**asks[0], Mac=answers[0]["Mac"])["MacValid"] is True
    assert error_of(kms.verify_mac, **asks[0], Mac=answers[1]["Mac"]) == ("KMSInvalidMacException", 400)
    asks[0]["MacAlgorithm"] = "HMAC_SHA_512"
    assert said(kms.generate_mac, **asks[0]) == (
        "InvalidKeyUsageException: Algorithm HMAC_SHA_512 is incompatible with key spec HMAC_256."
    )
    key = new_key(kms)
    assert said(kms.generate_mac, **asks[1] | {"KeyId": key["KeyId"]}) == (
        f"InvalidKeyUsageException: {key['Arn']} key usage is ENCRYPT_DECRYPT which is not valid for GenerateMac."
    )


@pytest.mark.parametrize("spec", ["RSA_2048", "ECC_NIST_P384"])
def test_data_key_pairs_fit_together(kms: Any, spec: str) -> None:
    """API reference, GenerateDataKeyPair: PKCS 8 and SubjectPublicKeyInfo, the private half encrypted as well."""
    key = new_key(kms)
    ask = {"KeyId": key["KeyId"], "KeyPairSpec": spec, "EncryptionContext": {"a": "b"}}
    pair = kms.generate_data_key_pair(**ask)
    private = load_der_private_key(pair["PrivateKeyPlaintext"], None)
    assert private.public_key() == load_der_public_key(pair["PublicKey"])
    blob = {"CiphertextBlob": pair["PrivateKeyCiphertextBlob"]}
    assert kms.decrypt(**blob, EncryptionContext={"a": "b"})["Plaintext"] == pair["PrivateKeyPlaintext"]
    assert error_of(kms.decrypt, **blob) == ("InvalidCiphertextException", 400)
    assert "PrivateKeyPlaintext" not in kms.generate_data_key_pair_without_plaintext(**ask)
    assert error_of(kms.generate_data_key_pair, **ask, DryRun=True) == ("DryRunOperationException", 400)


def test_a_key_has_a_usage_that_fits_its_spec(kms: Any) -> None:
    """API reference, CreateKey, KeyUsage; a symmetric key has no public half (GetPublicKey)."""
    assert new_key(kms)["KeyUsage"] == kms.create_key()["KeyMetadata"]["KeyUsage"] == "ENCRYPT_DECRYPT"
    assert said(kms.create_key, KeySpec="HMAC_256") == (
        "ValidationException: You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."
    )
    assert said(kms.create_key, KeySpec="RSA_2048", KeyUsage="KEY_AGREEMENT") == (
        "ValidationException: KeyUsage KEY_AGREEMENT is not compatible with KeySpec RSA_2048"
    )
    symmetric = new_key(kms)["KeyId"]
    assert error_of(kms.get_public_key, KeyId=symmetric) == ("UnsupportedOperationException", 400)


ARN = "arn:aws:kms:{region}:{account}:"
UNKNOWN = "1234abcd-12ab-34cd-56ef-1234567890ab"
GRANT = {"GranteePrincipal": "arn:aws:iam::111122223333:role/ExampleRole", "Operations": ["Encrypt"]}
NAMING_A_KEY: dict[str, dict[str, Any]] = {
    "create_grant": GRANT,
    "retire_grant": {"GrantId": "a" * 64},
    "revoke_grant": {"GrantId": "a" * 64},
    "list_grants": {},
    "describe_key": {},
    "disable_key": {},
    "schedule_key_deletion": {},
    "encrypt": {"Plaintext": b"x"},
}


@pytest.mark.parametrize("operation", NAMING_A_KEY)
def test_a_key_that_there_is_not(kms: Any, lab: RunningLab, operation: str) -> None:
    """NotFoundException, whichever way the request names it (API reference, each operation's Errors)."""
    region, account = "us-east-1", lab.client("sts").get_caller_identity()["Account"]
    ours, elsewhere = (ARN.format(region=place, account=account) for place in (region, "eu-west-3"))
    there = new_key(kms)["KeyId"]
    for key in (UNKNOWN, f"{ours}key/{UNKNOWN}", "alias/none", f"{ours}alias/none", f"{elsewhere}key/{there}"):
        told = said(getattr(kms, operation), KeyId=key, **NAMING_A_KEY[operation])
        assert told.startswith("NotFoundException: "), (key, told)
    foreign = f"{ARN.format(region=region, account='999999999999')}key/{there}"
    assert said(getattr(kms, operation), KeyId=foreign, **NAMING_A_KEY[operation]).startswith("AccessDeniedException: ")


def test_a_key_by_its_arn(kms: Any) -> None:
    """ "Specify the key ID or key ARN of the KMS key"; answers have the ARN (API reference, ScheduleKeyDeletion)."""
    arn = new_key(kms)["Arn"]
    kms.disable_key(KeyId=arn)
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "Disabled"
    kms.enable_key(KeyId=arn)
    told = kms.schedule_key_deletion(KeyId=arn.split("/")[1])
    assert (told["KeyId"], told["KeyState"], told["PendingWindowInDays"]) == (arn, "PendingDeletion", 30)
    assert kms.cancel_key_deletion(KeyId=arn)["KeyId"] == arn
    grant = kms.create_grant(KeyId=arn, **GRANT)["GrantId"]
    kms.retire_grant(KeyId=arn, GrantId=grant)
    assert kms.list_grants(KeyId=arn)["Grants"] == []


def test_every_key_says_whether_it_is_of_many_regions(kms: Any) -> None:
    """API reference, CreateKey, the answer of its first example: ``"MultiRegion": false``."""
    key = kms.create_key()["KeyMetadata"]
    assert key["MultiRegion"] is False
    assert kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["MultiRegion"] is False
    assert kms.create_key(MultiRegion=True)["KeyMetadata"]["MultiRegion"] is True
