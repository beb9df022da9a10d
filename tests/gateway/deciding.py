"""A lab whose decisions a test makes: it tells what it was asked, and refuses the actions that the test names."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.conftest import RunningLab
from tests.gateway import decider


class DecidingLab(RunningLab):
    """Nobody but its owner may do what is refused."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, wrapper=[sys.executable, decider.__file__])

    def asked(self) -> list[dict[str, Any]]:
        """What was to be decided so far: caller, service, action, resources, context."""
        return [json.loads(line) for line in (self.directory / decider.ASKED).read_text().splitlines()]

    @contextmanager
    def refusing(self, *actions: str) -> Iterator[None]:
        """Meanwhile only the owner may do *actions*, and not even he `decider.EVERYTHING`."""
        path = self.directory / decider.REFUSED
        path.write_text(json.dumps(actions))
        try:
            yield
        finally:
            path.unlink()
