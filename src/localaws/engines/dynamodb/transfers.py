"""Exports to S3 and imports: threads of moto's, kept as what they tell."""

from __future__ import annotations

from threading import Thread
from typing import Any, ClassVar

from moto.dynamodb.models.table_export import TableExport
from moto.dynamodb.models.table_import import TableImport

from localaws.lab import Lab


class _Transfer(Thread):
    lab: ClassVar[Lab]
    status: str
    failure_code: str | None
    failure_message: str | None

    def run(self) -> None:
        super().run()
        self.lab.state.changed("dynamodb")  # no call does it: the one that began this has long been answered

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        Thread.__init__(self, daemon=True)
        vars(self).update(state)
        if self.status == "IN_PROGRESS":
            self.status, self.failure_code = "FAILED", "UNKNOWN"
            self.failure_message = "The lab ended before the transfer did."


class ExportEngine(_Transfer, TableExport):
    """An export."""


class ImportEngine(_Transfer, TableImport):
    """An import."""
