"""Has moto match patterns in one pass, and call Secrets Manager for connections."""

from __future__ import annotations

import moto.events.models as moto_models
from moto.events.utils import EventTemplateParser

from localaws.engines import patterns
from localaws.engines.events.secrets import ConnectionSecrets
from localaws.lab import Lab


def _with_account(template: str) -> str:
    """Source: "EventBridge event structure" (EventBridge user guide)."""
    return template if "<account>" in template else template.replace('"region"', '"account": "<account>", "region"')


def install(lab: Lab) -> None:
    patterns.of_events()
    template = EventTemplateParser.DEFAULT_EVENT_INPUT_TEMPLATE  # moto's forgets the account
    EventTemplateParser.DEFAULT_EVENT_INPUT_TEMPLATE = _with_account(template)
    moto_models.get_secrets_manager_backend = lambda account_id, region: ConnectionSecrets(  # type: ignore[assignment, return-value]
        lab, region
    )
