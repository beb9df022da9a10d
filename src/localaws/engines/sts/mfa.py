"""A second factor: who has one, and what STS says to a wrong one.

Source: IAM user guide, "Secure API access with MFA"; the error's words are AWS's.
"""

from __future__ import annotations

from datetime import datetime

from moto.iam.models import VirtualMfaDevice, iam_backends

from localaws.credentials import Credential
from localaws.engines.iam.mfa import shows
from localaws.gateway.errors import AwsError


def check_code(caller: Credential, serial: str, code: str, now: datetime) -> str:
    """When *caller* has proved himself by the *code* of his device: *now*, the lab's time, in ISO 8601.

    Raises AccessDenied.
    """
    device = _device_of(caller, serial)
    if device is None:
        told = "Please verify your MFA serial number is valid and associated with this user."
        raise _refusal(f", unable to validate MFA code.  {told}")
    if not shows(device.base32_string_seed, [code], now):
        raise _refusal(" with invalid MFA one time pass code. ")
    return now.isoformat(timespec="seconds")


def _device_of(caller: Credential, serial: str) -> VirtualMfaDevice | None:
    """The device *serial*, if *caller* is the user who has it enabled."""
    partition = caller.principal.split(":")[1]
    iam = iam_backends[caller.account_id][partition]
    user = next((each for each in iam.users.values() if each.arn == caller.principal), None)
    return iam.virtual_mfa_devices.get(serial) if user and serial in user.mfa_devices else None


def _refusal(why: str) -> AwsError:
    return AwsError("AccessDenied", f"MultiFactorAuthentication failed{why}", 403)
