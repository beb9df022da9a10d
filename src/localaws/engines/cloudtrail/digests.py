"""Digest files: what was delivered in an hour, signed, each with the signature of the one before.

Sources: CloudTrail user guide, "CloudTrail digest file structure" and "Custom implementations of CloudTrail log file
integrity validation".
"""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from localaws.home import write_private

ALGORITHM = "SHA256withRSA"
_BITS = 2048
#: Seconds for which a key signs; AWS does not say how long its keys do.
_VALID = 30 * 24 * 3600.0


class SigningKey:
    """A key of a region, *made* at that moment, in seconds since the epoch."""

    def __init__(self, made: float, private_key: str) -> None:
        loaded = serialization.load_pem_private_key(private_key.encode(), None)
        assert isinstance(loaded, rsa.RSAPrivateKey)
        self._key = loaded
        self.made = made
        #: The public key as PKCS #1 has it, DER encoded.
        self.public: bytes = loaded.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.PKCS1
        )
        self.fingerprint = hashlib.md5(self.public, usedforsecurity=False).hexdigest()

    @property
    def end(self) -> float:
        """When another key takes its place."""
        return self.made + _VALID

    def sign(self, text: str) -> str:
        """The signature of *text*, in hexadecimal digits."""
        return self._key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()).hex()


class SigningKeys:
    """The keys of a region, one after the other, in the file *path*; who validates looks for those of his digests."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: list[dict[str, Any]] = json.loads(path.read_text())["keys"] if path.exists() else []
        self.all = [SigningKey(**kept) for kept in self._kept]

    def at(self, moment: float) -> SigningKey:
        """The key that is good at *moment*, which no earlier one may follow; made when it is first asked for."""
        if not self.all or self.all[-1].end <= moment:
            made = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
            encoding, kind = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
            text = made.private_bytes(encoding, kind, serialization.NoEncryption()).decode()
            kept: dict[str, Any] = {"made": moment, "private_key": text}
            write_private(self._path, {"keys": [*self._kept, kept]})
            self._kept.append(kept)
            self.all.append(SigningKey(**kept))
        return self.all[-1]


@dataclass
class Chain:
    """The digests of one region: since when none was made, the last one, and the log files for the next."""

    start: float
    bucket: str | None = None
    key: str | None = None
    hash: str | None = None
    signature: str | None = None
    files: list[dict[str, Any]] = field(default_factory=list)

    def next(self, end: float, account: str, bucket: str, key: str, signing: SigningKey) -> tuple[Chain, bytes]:
        """The chain after one more digest, which is to be *key* in *bucket*, and that digest's bytes."""
        newest = [each["newestEventTime"] for each in self.files]
        oldest = [each["oldestEventTime"] for each in self.files]
        digest = {
            "awsAccountId": account,
            "digestStartTime": timestamp(self.start),
            "digestEndTime": timestamp(end),
            "digestS3Bucket": bucket,
            "digestS3Object": key,
            "digestPublicKeyFingerprint": signing.fingerprint,
            "digestSignatureAlgorithm": ALGORITHM,
            "newestEventTime": max(newest, default=None),
            "oldestEventTime": min(oldest, default=None),
            "previousDigestS3Bucket": self.bucket,
            "previousDigestS3Object": self.key,
            "previousDigestHashValue": self.hash,
            "previousDigestHashAlgorithm": "SHA-256" if self.hash else None,
            "previousDigestSignature": self.signature,
            "logFiles": self.files,
        }
        text = json.dumps(digest, separators=(",", ":")).encode()
        own = hashlib.sha256(text).hexdigest()
        signed = "\n".join([timestamp(end), f"{bucket}/{key}", own, self.signature or "null"])
        return Chain(end, bucket, key, own, signing.sign(signed)), gzip.compress(text)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def timestamp(moment: float) -> str:
    """As events and digests write it: "2015-08-17T14:01:31Z"."""
    return f"{datetime.fromtimestamp(int(moment), UTC):%Y-%m-%dT%H:%M:%SZ}"


def log_file(bucket: str, key: str, content: bytes, times: list[str]) -> dict[str, Any]:
    """What a digest says of a log file, uncompressed *content* with events of *times*."""
    return {
        "s3Bucket": bucket,
        "s3Object": key,
        "hashValue": hashlib.sha256(content).hexdigest(),
        "hashAlgorithm": "SHA-256",
        "newestEventTime": max(times),
        "oldestEventTime": min(times),
    }
