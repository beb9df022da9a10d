"""Opaque tokens: shard iterators and NextTokens that a client can keep and send back, but not make up."""

from __future__ import annotations

import binascii
import hmac
import secrets
from base64 import b64decode, b64encode
from pathlib import Path

_SEAL_BYTES = 12
_secret = secrets.token_bytes(16)


def keep_secret(path: Path) -> None:
    """Seal by the secret in the file *path*, made if it is not there: tokens outlive the process as streams do."""
    global _secret
    if not path.exists():
        new = path.with_suffix(".new")
        new.touch(0o600)
        new.write_bytes(_secret)
        new.rename(path)
    _secret = path.read_bytes()


def seal(*fields: object) -> str:
    """*fields* as one token of printable characters."""
    text = "\n".join(map(str, fields)).encode()
    return b64encode(_sign(text) + text).decode()


def unseal(token: str) -> list[str]:
    """The fields of a token.

    Raises ValueError if it was not made by `seal` in this lab.
    """
    try:
        raw = b64decode(token, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("not a token") from error
    signature, text = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
    if not hmac.compare_digest(signature, _sign(text)):
        raise ValueError("not a token of this lab")
    return text.decode().split("\n")


def _sign(text: bytes) -> bytes:
    return hmac.digest(_secret, text, "sha256")[:_SEAL_BYTES]
