"""Has IAM decide each request, know the use of keys and roles, and moto check trust policies by the engine's rules."""

from __future__ import annotations

import moto.iam.models

from localaws.engines.iam.backend import TrustPolicy
from localaws.engines.iam.deciding import Decider
from localaws.engines.iam.limits import let_conditions_have_numbers
from localaws.engines.iam.reporting import ReportingResponse
from localaws.engines.iam.usage import Usage
from localaws.lab import Lab


def install(lab: Lab) -> None:
    moto.iam.models.IAMTrustPolicyDocumentValidator = TrustPolicy  # type: ignore[attr-defined]
    let_conditions_have_numbers()
    ReportingResponse.usage = Usage(lab)
    lab.decisions.append(Decider(lab))
