"""Keys are deleted when their waiting period is over, with their aliases and grants.

Source: KMS developer guide, "Deleting AWS KMS keys" and "How aliases work" (an alias goes with its key).
"""

from __future__ import annotations

from functools import partial

from moto.core.utils import unix_time
from moto.kms.models import KmsBackend, kms_backends

from localaws.engines.kms.material import await_rotation
from localaws.gateway.records import Call
from localaws.lab import Lab


def resume(lab: Lab) -> None:
    """Go on waiting for the keys that were to be deleted, or rotated, before the start."""
    for _, _, backend in kms_backends.iter_backends():
        assert isinstance(backend, KmsBackend)
        for key_id in list(backend.keys):
            await_deletion(lab, backend, key_id)
            await_rotation(lab, backend, key_id)


def await_deletion(lab: Lab, backend: KmsBackend, key_id: str) -> None:
    """Have the key deleted at its date, if it has one and is not rescued until then."""
    date = backend.keys[key_id].deletion_date
    if date is not None:
        lab.timer.at(unix_time(date), f"deletion of KMS key {key_id}", partial(_delete, lab, backend, key_id))


def _delete(lab: Lab, backend: KmsBackend, key_id: str) -> None:
    with lab.state.changing("kms"):
        key = backend.keys.get(key_id)
        date = key.deletion_date if key else None
        if key and date is not None and unix_time(date) <= lab.clock.time():  # else it was rescued, or is to go later
            lab.record(Call.unasked(lab.clock, "kms", "DeleteKey", key.arn))
            del backend.keys[key_id]
