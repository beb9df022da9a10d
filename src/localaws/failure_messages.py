"""What a refusal does not tell everybody: encoded in the error, and decoded for who may see it.

    You are not authorized to perform this operation. User: … Encoded authorization failure message: oGsbAaIV7wlfj…

Source: STS API reference, DecodeAuthorizationMessage: which operations encode it is for the service to say; EC2's do
that change something.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localaws.authorization import Request

_NONCE = 12
#: Services whose refusals have it, but not of operations that only look.
_ENCODING = {"ec2"}
_LOOKING = ("Describe", "Get", "List", "Search")


class FailureMessages:
    """Encodes for one lab: nobody else can read or make what its *secret* has encoded."""

    def __init__(self, secret: str) -> None:
        self._key = hashlib.sha256(f"authorization failure messages of {secret}".encode()).digest()

    def added_to(self, message: str, request: Request, reason: str) -> str:
        """The *message* of a refused *request* as its service gives it, with the encoded one where it has one."""
        operation = request.action.partition(":")[2]
        if request.service not in _ENCODING or operation.startswith(_LOOKING):
            return message
        encoded = self.encode(_told(request, reason))
        said = "You are not authorized to perform this operation."
        return f"{said} {message}. Encoded authorization failure message: {encoded}"

    def encode(self, told: dict[str, Any]) -> str:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # not above: children that know the lab

        nonce = secrets.token_bytes(_NONCE)
        content = zlib.compress(json.dumps(told).encode())
        return base64.urlsafe_b64encode(nonce + AESGCM(self._key).encrypt(nonce, content, None)).decode().rstrip("=")

    def decode(self, encoded: str) -> str:
        """The JSON of an encoded message. Raises ValueError for what this lab has not encoded."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            content = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
            return zlib.decompress(AESGCM(self._key).decrypt(content[:_NONCE], content[_NONCE:], None)).decode()
        except (InvalidTag, binascii.Error, ValueError) as error:
            raise ValueError(f"no message of this lab: {error!r}") from None


def _told(request: Request, reason: str) -> dict[str, Any]:
    """Whether it was an explicit deny, and the context of the request (the same page)."""
    caller = request.caller
    conditions = [
        {"key": key, "values": {"items": [{"value": value} for value in values]}}
        for key, values in sorted(request.context.items())
    ]
    return {
        "allowed": False,
        "explicitDeny": "explicit deny" in reason,
        "matchedStatements": {"items": []},
        "failures": {"items": []},
        "context": {
            "principal": {"id": caller.user_id, "name": caller.principal.rpartition("/")[2], "arn": caller.principal},
            "action": request.action,
            "resource": next(iter(request.resources)),
            "conditions": {"items": conditions},
        },
    }
