"""After a start: what is to be done with secrets at a date."""

from __future__ import annotations

from moto.secretsmanager.models import SecretsManagerBackend, secretsmanager_backends

from localaws.engines.secretsmanager.deletion import await_deletion
from localaws.engines.secretsmanager.rotation import await_rotation, go_on
from localaws.engines.secretsmanager.secrets import RotatedSecret
from localaws.lab import Lab


def resume(lab: Lab) -> None:
    """Go on waiting for the secrets that were to be deleted or rotated."""
    for _, _, backend in secretsmanager_backends.iter_backends():
        assert isinstance(backend, SecretsManagerBackend)
        for arn in [secret.arn for secret in backend.secrets.values()]:
            await_deletion(lab, backend, arn)
            secret = backend.secrets[arn]
            if isinstance(secret, RotatedSecret):
                go_on(lab, secret)
            await_rotation(lab, backend, arn)
