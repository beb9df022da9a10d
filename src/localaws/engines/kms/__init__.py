"""AWS KMS: `backend` says what the engine does otherwise than moto, `material` what keys encrypt with."""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="kms",
    moto="kms",
    backend="backend:KmsEngine",
    responses="backend:KmsEngineResponse",
    models=("backend:KeyEngine",),
    unkept=frozenset(
        {"Encrypt", "Decrypt", "ReEncrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GenerateRandom"}
        | {"GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext", "Sign", "Verify", "GenerateMac", "VerifyMac"}
    ),
    resume="deletion:resume",
    resource_policy="access:policy_of",
    implied="access:implied",
)
