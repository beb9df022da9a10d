"""A second factor: the six digits that a virtual device shows at a moment, which depend on its seed.

Sources: RFC 6238; IAM user guide, "Secure API access with MFA"; the error's words are AWS's.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
import time
from datetime import datetime

from moto.iam.models import VirtualMfaDevice, iam_backends

from localaws.credentials import Credential
from localaws.gateway.errors import AwsError

_STEP = 30  # seconds for which a device shows the same digits
_DIGITS = 6
#: Steps by which a device's clock may be ahead or behind.
_DRIFT = 1


def check_code(caller: Credential, serial: str, code: str, now: datetime) -> str:
    """When *caller* has proved himself by the *code* of his device: *now*, the lab's time, in ISO 8601.

    A device that shows the machine's time is right, too: the lab's may be ahead. Raises AccessDenied.
    """
    device = _device_of(caller, serial)
    if device is None:
        told = "Please verify your MFA serial number is valid and associated with this user."
        raise _refusal(f", unable to validate MFA code.  {told}")
    seed = base64.b32decode(device.base32_string_seed)
    steps = [int(moment // _STEP) + drift for moment in (now.timestamp(), time.time()) for drift in _drifts()]
    if not any(hmac.compare_digest(code_at(seed, step), code) for step in steps):
        raise _refusal(" with invalid MFA one time pass code. ")
    return now.isoformat(timespec="seconds")


def code_at(seed: bytes, step: int) -> str:
    """The digits of the 30 seconds that are the *step*-th since 1970."""
    digest = hmac.new(seed, struct.pack(">Q", step), hashlib.sha1).digest()
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}}"


def _drifts() -> range:
    return range(-_DRIFT, _DRIFT + 1)


def _device_of(caller: Credential, serial: str) -> VirtualMfaDevice | None:
    """The device *serial*, if *caller* is the user who has it enabled."""
    partition = caller.principal.split(":")[1]
    iam = iam_backends[caller.account_id][partition]
    user = next((each for each in iam.users.values() if each.arn == caller.principal), None)
    return iam.virtual_mfa_devices.get(serial) if user and serial in user.mfa_devices else None


def _refusal(why: str) -> AwsError:
    return AwsError("AccessDenied", f"MultiFactorAuthentication failed{why}", 403)
