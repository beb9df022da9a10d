"""The functions of rows.py, known to DuckDB, and run in children that can be ended.

DuckDB hands over columns in batches, as Arrow arrays, on whatever thread it likes. For whom a batch is computed is
told by a variable of the query's connection, which a macro around each function adds: so a cancelled query ends its
children.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature

import duckdb
import pyarrow as pa
from duckdb.func import FunctionNullHandling, PythonUDFType

from localaws.children import Children, Overrun
from localaws.engines.athena.functions.rows import NATIVES, Native

#: The variable that holds a session's number.
SESSION = "athena_session"
_ARROW = {
    "VARCHAR": pa.string(),
    "BLOB": pa.binary(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "VARCHAR[]": pa.list_(pa.string()),
    "MAP(DOUBLE, DOUBLE)": pa.map_(pa.float64(), pa.float64()),
}


def register(database: duckdb.DuckDBPyConnection, children: Children) -> None:
    """Make all of them known to *database*; *children* are those of rows.py."""
    for name, each in NATIVES.items():
        database.create_function(
            f"{name}_in_child", _of_columns(name, each, children), ["BIGINT", *each.takes], each.gives,
            type=PythonUDFType.ARROW, null_handling=FunctionNullHandling.SPECIAL,
        )  # fmt: skip
        parameters = ", ".join(f"a{number}" for number in range(len(each.takes)))
        whose = f"CAST(getvariable('{SESSION}') AS BIGINT)"
        database.execute(f"CREATE MACRO {name}({parameters}) AS {name}_in_child({whose}, {parameters})")


def _of_columns(name: str, native: Native, children: Children) -> Callable[..., pa.Array]:
    """The function of columns, with as many parameters as DuckDB expects to see."""

    def run(*columns: pa.ChunkedArray) -> pa.Array:
        session, *values = columns
        owner = session[0].as_py() if len(session) else None
        try:
            made = children.call("run", name, [column.to_pylist() for column in values], owner=owner)
        except Overrun as overrun:
            raise ValueError(f"ATHENA EXCEEDED_LOCAL_MEMORY_LIMIT: Query exceeded its limits: {overrun}") from None
        return pa.array(made, _ARROW[native.gives])

    names = [Parameter(f"a{number}", Parameter.POSITIONAL_ONLY) for number in range(len(native.takes) + 1)]
    run.__signature__ = Signature(names)  # type: ignore[attr-defined]
    return run
