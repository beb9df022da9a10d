"""Has moto match patterns in one pass, and call Secrets Manager for connections."""

from __future__ import annotations

import moto.events.models as moto_models

from localaws.engines import patterns
from localaws.engines.events.secrets import ConnectionSecrets
from localaws.lab import Lab


def install(lab: Lab) -> None:
    patterns.of_events()
    moto_models.get_secrets_manager_backend = lambda account_id, region: ConnectionSecrets(  # type: ignore[assignment, return-value]
        lab, region
    )
