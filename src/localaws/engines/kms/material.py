"""What symmetric keys encrypt with: material that is rotated, and the older one, which still opens what it encrypted.

Sources: KMS developer guide, "Rotate AWS KMS keys" (automatic, each 365 days unless told otherwise, and on demand; old
ciphertexts open with the material that made them) and "Encryption context" (it must be exactly the same to decrypt).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from moto.kms.exceptions import InvalidCiphertextException
from moto.kms.models import KmsBackend, kms_backends
from moto.kms.utils import generate_master_key

from localaws.gateway.records import Call
from localaws.lab import Lab

if TYPE_CHECKING:
    from localaws.engines.kms.backend import KeyEngine

_DAY = 86_400.0
_ONE_AT_A_TIME = threading.Lock()
#: Bytes that a ciphertext has before its nonce: a key's id. A multi-Region key's is the longest (moto cuts it off).
_KEY_ID, _NONCE = 40, 12
_ID = re.compile(rb"(mrk-)?[0-9a-f-]{32,36}")


def id_of(material: bytes) -> str:
    """What answers name it by: 64 hexadecimal digits."""
    return hashlib.sha256(material).hexdigest()


def sealed(key: KeyEngine, plaintext: bytes, context: Mapping[str, str] | None) -> bytes:
    """*plaintext* under the newest material of *key*, and whose it is; it opens with the same *context* alone."""
    nonce = os.urandom(_NONCE)
    head = key.id.encode().ljust(_KEY_ID, b"\0")
    return head + nonce + AESGCM(key.key_material).encrypt(nonce, plaintext, _bound(context))


def key_id_of(blob: bytes) -> str:
    """Whose ciphertext it is, as it says. Raises InvalidCiphertextException for what is none."""
    key_id = (blob or b"")[:_KEY_ID].rstrip(b"\0")
    if not _ID.fullmatch(key_id):
        raise InvalidCiphertextException()
    return key_id.decode()


def opened(key: KeyEngine, blob: bytes, context: Mapping[str, str] | None) -> tuple[bytes, str]:
    """The plaintext of *key*'s ciphertext, and the id of the material that made it.

    Raises InvalidCiphertextException for another context, and for what was changed.
    """
    nonce, ciphertext = blob[_KEY_ID : _KEY_ID + _NONCE], blob[_KEY_ID + _NONCE :]
    for material in (key.key_material, *key.older):
        try:
            return AESGCM(material).decrypt(nonce, ciphertext, _bound(context)), id_of(material)
        except (InvalidTag, ValueError):  # ValueError: it is too short
            continue
    raise InvalidCiphertextException()


def _bound(context: Mapping[str, str] | None) -> bytes:
    """Encryption contexts of other names or values are other bytes."""
    return json.dumps(dict(context or {}), sort_keys=True).encode()


def rotate(lab: Lab, key: KeyEngine, kind: str) -> None:
    """Give *key*, and its replicas in other regions, new material; *kind* is AUTOMATIC or ON_DEMAND."""
    material = generate_master_key()
    entry = {"KeyMaterialId": id_of(material), "RotationDate": lab.clock.time(), "RotationType": kind}
    with _ONE_AT_A_TIME:  # else one of two would forget the other's
        older = (key.key_material, *key.older)
        for backend in list(kms_backends[key.account_id].values()):
            same = backend.keys.get(key.id)
            if same is not None:
                # older first: whoever decrypts meanwhile finds all that there was
                same.older, same.key_material = older, material  # type: ignore[attr-defined] # they are our engine's
                same.rotations = [*same.rotations, {"KeyId": key.id, **entry}]


def plan_rotation(lab: Lab, key: KeyEngine, days: int) -> None:
    """From now on *key* is rotated each so many *days*."""
    key.rotation_days, key.next_rotation = days, lab.clock.time() + days * _DAY


def await_rotation(lab: Lab, backend: KmsBackend, key_id: str) -> None:
    """Have the key rotated at its date, if it has one."""
    due = backend.keys[key_id].next_rotation  # type: ignore[attr-defined]
    if due is not None:
        lab.timer.at(due, f"rotation of KMS key {key_id}", partial(_rotate, lab, backend, key_id))


def _rotate(lab: Lab, backend: KmsBackend, key_id: str) -> None:
    """Keys that are disabled or on their way out are not rotated; the next date stands."""
    with lab.state.changing("kms"):
        key: KeyEngine | None = backend.keys.get(key_id)  # type: ignore[assignment]
        due = key.next_rotation if key else None
        if key is None or due is None or due > lab.clock.time():  # else it was put off, or planned anew
            return
        if key.key_state == "Enabled":
            rotate(lab, key, "AUTOMATIC")
            lab.record(Call.unasked(lab.clock, "kms", "RotateKey", key.arn))
        key.next_rotation = due + key.rotation_days * _DAY
    await_rotation(lab, backend, key_id)
