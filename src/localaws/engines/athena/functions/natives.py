"""The functions of Trino, known to DuckDB: the macros, and those of rows.py, which get columns as Arrow arrays."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from inspect import Parameter, Signature

import duckdb
import pyarrow as pa
from duckdb.func import FunctionNullHandling, PythonUDFType

from localaws.engines.athena import functions
from localaws.engines.athena.functions.rows import NATIVES, Native, run
from localaws.lake.column_types import INSTANT, ZONE

_ARROW = {
    "VARCHAR": pa.string(),
    "BLOB": pa.binary(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "VARCHAR[]": pa.list_(pa.string()),
    "MAP(DOUBLE, DOUBLE)": pa.map_(pa.float64(), pa.float64()),
}


def prepare(database: duckdb.DuckDBPyConnection) -> None:
    """Make all of them known to *database*: what the lake's runtime calls in each worker."""
    for name, each in NATIVES.items():
        database.create_function(
            name, _of_columns(name, each), list(each.takes), each.gives,
            type=PythonUDFType.ARROW, null_handling=FunctionNullHandling.SPECIAL,
        )  # fmt: skip
    macros = files(functions).joinpath("macros.sql").read_text()
    database.execute(macros.replace("$instant", INSTANT).replace("$zone", ZONE))


def _of_columns(name: str, native: Native) -> Callable[..., pa.Array]:
    """The function of columns, with as many parameters as DuckDB expects to see."""

    def of_columns(*columns: pa.ChunkedArray) -> pa.Array:
        try:
            return pa.array(run(name, [column.to_pylist() for column in columns]), _ARROW[native.gives])
        except MemoryError:
            raise
        except Exception as error:
            raise ValueError(str(error)) from None  # DuckDB tells the error's type, which is nobody's business

    names = [Parameter(f"a{number}", Parameter.POSITIONAL_ONLY) for number in range(len(native.takes))]
    of_columns.__signature__ = Signature(names)  # type: ignore[attr-defined]
    return of_columns
