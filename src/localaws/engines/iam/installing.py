"""Has IAM decide each request, and moto check trust policies by the engine's rules."""

from __future__ import annotations

import moto.iam.models

from localaws.engines.iam.backend import TrustPolicy
from localaws.engines.iam.deciding import Decider
from localaws.lab import Lab


def install(lab: Lab) -> None:
    moto.iam.models.IAMTrustPolicyDocumentValidator = TrustPolicy  # type: ignore[attr-defined]
    lab.decisions.append(Decider(lab))
