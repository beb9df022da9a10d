"""Every function that may be called, and how DuckDB does it: what is not here does not exist."""

from __future__ import annotations

from localaws.warehouse.sql import aggregates, datetimes, json_calls, numbers, patterns, system, texts
from localaws.warehouse.sql.building import Functions

FUNCTIONS: Functions = {
    **aggregates.FUNCTIONS,
    **datetimes.FUNCTIONS,
    **json_calls.FUNCTIONS,
    **numbers.FUNCTIONS,
    **patterns.FUNCTIONS,
    **system.FUNCTIONS,
    **texts.FUNCTIONS,
}
