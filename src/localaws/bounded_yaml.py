"""YAML of a client, read so that what comes out is no larger than what went in.

An alias costs two characters and stands for all that its anchor holds, so that nine lines are a billion nodes
("billion laughs", CWE-776); and PyYAML's time grows with the square of the depth.
"""

from __future__ import annotations

from typing import Any

import yaml
from yaml.composer import ComposerError

MAX_DEPTH = 128  # of lists and mappings in each other


class AliasError(yaml.YAMLError):
    """The text has an alias."""


class BoundedLoader(yaml.SafeLoader):
    """Reads plain data. Raises AliasError for an alias, and ComposerError for what is too deep."""

    _depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise AliasError
        if self._depth >= MAX_DEPTH:
            raise ComposerError(None, None, f"more than {MAX_DEPTH} levels", self.peek_event().start_mark)
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1
