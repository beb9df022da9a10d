"""Secrets are deleted when their recovery window is over.

Source: Secrets Manager API reference, DeleteSecret: "At the end of the recovery window, Secrets Manager deletes the
secret permanently."
"""

from __future__ import annotations

from functools import partial

from moto.secretsmanager.models import FakeSecret, SecretsManagerBackend

from localaws.lab import Lab


def await_deletion(lab: Lab, backend: SecretsManagerBackend, arn: str) -> None:
    """Have the secret deleted at its date, if it has one and is not restored until then."""
    date = _date(backend, arn)
    if date is not None:
        lab.timer.at(date, f"deletion of secret {arn}", partial(_delete, lab, backend, arn))


def _delete(lab: Lab, backend: SecretsManagerBackend, arn: str) -> None:
    with lab.state.changing("secretsmanager"):
        date = _date(backend, arn)
        if date is not None and date <= lab.clock.time():  # else it was restored, or is to go later
            backend.secrets.pop(arn)


def _date(backend: SecretsManagerBackend, arn: str) -> float | None:
    secret = backend.secrets.get(arn)
    return secret.deleted_date if isinstance(secret, FakeSecret) else None
