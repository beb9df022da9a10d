"""What a task has done so far: kept in the state file, so that a task that was killed goes on where it was."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

#: States of a table ("Monitoring AWS DMS tasks", "Table state").
RELOADING = "Table is being reloaded"
CANCELLED = "Table cancelled"
FAILED = "Table error"


class Stopped(Exception):
    """The task was told to stop."""


@dataclass
class TableProgress:
    """One table; the names are those of DescribeTableStatistics. Times are seconds since the epoch.

    ``suspended``: an error has ended its replication (see `policies`), until it is reloaded.
    """

    SchemaName: str
    TableName: str
    Inserts: int = 0
    Deletes: int = 0
    Updates: int = 0
    Ddls: int = 0
    FullLoadRows: int = 0
    FullLoadErrorRows: int = 0
    FullLoadReloaded: bool = False
    FullLoadStartTime: float | None = None
    FullLoadEndTime: float | None = None
    LastUpdateTime: float | None = None
    TableState: str = "Before load"
    suspended: bool = False

    @property
    def name(self) -> str:
        return f"{self.SchemaName}.{self.TableName}"

    @property
    def loaded(self) -> bool:
        return self.TableState == "Table completed"

    @property
    def described(self) -> dict[str, Any]:
        known = {name: value for name, value in asdict(self).items() if value is not None and name != "suspended"}
        applied = {f"Applied{name}": known[name] for name in ("Inserts", "Deletes", "Updates", "Ddls")}
        errors = {"FullLoadCondtnlChkFailedRows": 0, "ValidationState": "Not enabled"}
        return known | applied | errors


@dataclass
class Progress:
    """All of a task. ``slot`` is set while the source has a replication slot of ours.

    ``batch`` is the file-writing of changes under way: up to which log position, and the time in the files' names.
    After a crash the same batch is written again under the same names, so that nothing is there twice.
    """

    tables: dict[str, TableProgress] = field(default_factory=dict)
    slot: str = ""
    loaded: bool = False
    checkpoint: str = ""
    batch: dict[str, str] | None = None
    fresh_start: float | None = None
    load_start: float | None = None
    load_finish: float | None = None

    @classmethod
    def of_record(cls, record: dict[str, Any]) -> Progress:
        tables = {name: TableProgress(**each) for name, each in record.pop("tables").items()}
        return cls(tables=tables, **record)

    def record(self) -> dict[str, Any]:
        tables = {name: asdict(table) for name, table in list(self.tables.items())}  # others may be added meanwhile
        return {**vars(self), "tables": tables}

    def table(self, schema: str, name: str) -> TableProgress:
        return self.tables.setdefault(f"{schema}.{name}", TableProgress(schema, name))
