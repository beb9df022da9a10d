"""The backends of IAM Access Analyzer, by account and region."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from moto.core.base_backend import BackendDict, BaseBackend

from localaws.lab import Lab


class AccessAnalyzerBackend(BaseBackend):
    """What the service holds in one region."""

    lab: ClassVar[Lab]

    @property
    def url_paths(self) -> dict[str, Callable[..., Any]]:
        from localaws.engines.accessanalyzer.responses import AccessAnalyzerResponse

        return {"/.*": AccessAnalyzerResponse.dispatch}


accessanalyzer_backends = BackendDict(AccessAnalyzerBackend, "accessanalyzer")
