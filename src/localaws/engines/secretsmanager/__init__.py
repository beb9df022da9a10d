"""AWS Secrets Manager: secrets are rotated by their functions, and deleted when their time has come.

Its parts:

    backend    the operations that differ from moto's
    secrets    a secret with its schedule, and the rotation that is under way
    schedule   what the rules of a rotation mean: windows
    rotation   the four steps, in the background and again after a failure
    deletion   the end of the recovery window
    resuming   what goes on after a start
"""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="secretsmanager",
    moto="secretsmanager",
    backend="backend:SecretsManagerEngine",
    responses="backend:SecretsManagerEngineResponse",
    models=("secrets:RotatedSecret",),
    reaches=frozenset({"awslambda"}),
    resume="resuming:resume",
    resource_policy="access:policy_of",
)
