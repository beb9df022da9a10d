"""What a KMS key computes with its material: RSA-OAEP, signatures of messages and of digests, pairs of data keys.

Sources: KMS developer guide, "Key spec reference" (algorithms of a key spec, how much RSA encrypts, that PSS
salts are as long as the digest, ECDSA signatures in DER, public keys SubjectPublicKeyInfo); API reference, Sign.
"""

from __future__ import annotations

from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from localaws.gateway.errors import AwsError

#: What a symmetric key encrypts with (API reference, Encrypt, EncryptionAlgorithm).
SYMMETRIC = "SYMMETRIC_DEFAULT"
_CURVES: dict[str, type[ec.EllipticCurve]] = {
    "ECC_NIST_P256": ec.SECP256R1,
    "ECC_NIST_P384": ec.SECP384R1,
    "ECC_NIST_P521": ec.SECP521R1,
    "ECC_SECG_P256K1": ec.SECP256K1,
}
_RSA_SIGNATURES = [f"RSASSA_{scheme}_SHA_{bits}" for scheme in ("PKCS1_V1_5", "PSS") for bits in (256, 384, 512)]
_RSA_USES = {"ENCRYPT_DECRYPT": ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"], "SIGN_VERIFY": _RSA_SIGNATURES}
#: The algorithms of each key spec by key usage.
USES: dict[str, dict[str, list[str]]] = {
    SYMMETRIC: {"ENCRYPT_DECRYPT": [SYMMETRIC]},
    "RSA_2048": _RSA_USES,
    "RSA_3072": _RSA_USES,
    "RSA_4096": _RSA_USES,
    "ECC_NIST_P256": {"SIGN_VERIFY": ["ECDSA_SHA_256"]},
    "ECC_NIST_P384": {"SIGN_VERIFY": ["ECDSA_SHA_384"]},
    "ECC_NIST_P521": {"SIGN_VERIFY": ["ECDSA_SHA_512"]},
    "ECC_SECG_P256K1": {"SIGN_VERIFY": ["ECDSA_SHA_256"]},
    **{f"HMAC_{bits}": {"GENERATE_VERIFY_MAC": [f"HMAC_SHA_{bits}"]} for bits in (224, 256, 384, 512)},
}
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "1": hashes.SHA1,
    "256": hashes.SHA256,
    "384": hashes.SHA384,
    "512": hashes.SHA512,
}


def oaep_encrypt(key: rsa.RSAPrivateKey, algorithm: str, plaintext: bytes) -> bytes:
    """*plaintext* under the public half of *key*: as many bytes as its modulus. Raises ValidationException."""
    most = key.key_size // 8 - 2 * _hash(algorithm).digest_size - 2
    if len(plaintext) > most:
        said = f"Algorithm {algorithm} and key spec RSA_{key.key_size} cannot encrypt data larger than {most} bytes."
        raise AwsError("ValidationException", said)
    return key.public_key().encrypt(plaintext, _oaep(algorithm))


def oaep_decrypt(key: rsa.RSAPrivateKey, algorithm: str, ciphertext: bytes) -> bytes:
    """Raises InvalidCiphertextException for what another key, or another algorithm, has encrypted."""
    try:
        return key.decrypt(ciphertext, _oaep(algorithm))
    except ValueError:
        raise AwsError("InvalidCiphertextException", "") from None


def sign(key: Any, algorithm: str, message: bytes, message_type: str) -> bytes:
    """The signature of *message*, or of the message that it is the digest of (*message_type* DIGEST).

    Raises ValidationException for a digest of another length.
    """
    chosen = _digest(algorithm, message, message_type)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, _signature_padding(algorithm), chosen)
    return bytes(key.sign(message, ec.ECDSA(chosen)))


def verify(key: Any, algorithm: str, message: bytes, message_type: str, signature: bytes) -> None:
    """Raises KMSInvalidSignatureException unless *signature* is one of *message* by *key*."""
    chosen = _digest(algorithm, message, message_type)
    public = key.public_key()
    try:
        if isinstance(public, rsa.RSAPublicKey):
            public.verify(signature, message, _signature_padding(algorithm), chosen)
        else:
            public.verify(signature, message, ec.ECDSA(chosen))
    except InvalidSignature:
        raise AwsError("KMSInvalidSignatureException", "") from None


def new_pair(spec: str) -> tuple[bytes, bytes]:
    """A new private key (PKCS 8) and its public key (SubjectPublicKeyInfo), both in DER."""
    pair: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    if spec in _CURVES:
        pair = ec.generate_private_key(_CURVES[spec]())
    elif spec.startswith("RSA_"):
        pair = rsa.generate_private_key(public_exponent=65537, key_size=int(spec.removeprefix("RSA_")))
    else:
        raise AwsError("NotImplemented", f"This lab does not do data key pairs of {spec}.", 501)
    private = pair.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return private, pair.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _digest(algorithm: str, message: bytes, message_type: str) -> Any:
    chosen = _hash(algorithm)
    if message_type == "RAW":
        return chosen
    if message_type != "DIGEST" or len(message) != chosen.digest_size:
        raise AwsError("ValidationException", f"Digest is invalid length for algorithm {algorithm}.")
    return Prehashed(chosen)


def _hash(algorithm: str) -> hashes.HashAlgorithm:
    return _HASHES[algorithm.rpartition("_")[2]]()


def _oaep(algorithm: str) -> padding.OAEP:
    return padding.OAEP(padding.MGF1(_hash(algorithm)), _hash(algorithm), None)


def _signature_padding(algorithm: str) -> padding.PSS | padding.PKCS1v15:
    if "PKCS1" in algorithm:
        return padding.PKCS1v15()
    return padding.PSS(padding.MGF1(_hash(algorithm)), padding.PSS.DIGEST_LENGTH)
