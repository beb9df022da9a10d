"""A database of the catalog, with who made it."""

from __future__ import annotations

from typing import Any

from moto.glue.models import FakeDatabase


class OwnedDatabase(FakeDatabase):
    """``owner`` is the user or role that created it; "" for one that was there before anybody.

    ``functions`` are its UserDefinedFunctions, by their names.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.owner = ""
        self.functions: dict[str, dict[str, Any]] = {}
