"""Makes Redshift's functions known to a DuckDB: the macros of macros.sql, and those of `natives`."""

from __future__ import annotations

import re
from importlib.resources import files

import duckdb

from localaws.lake.quoting import own
from localaws.warehouse import sql
from localaws.warehouse.sql.building import HOME
from localaws.warehouse.sql.natives import NATIVES

#: A call of one of our macros, which are found under their whole name only.
_CALL = re.compile(r"\b(rs_\w+|refused)\(")
_IT = re.compile(r"\bit\b")
_MACRO = re.compile(r"^CREATE MACRO (\w+)", re.MULTILINE)


def install(database: duckdb.DuckDBPyConnection) -> None:
    """Once for all connections of *database*."""
    for name, (function, takes, gives) in NATIVES.items():
        database.create_function(name, function, takes, gives)
    database.execute(macros())


def macros() -> str:
    """The text of macros.sql with the whole names of what it calls, and a name for "it" that no column has."""
    text = _IT.sub(own("it"), files(sql).joinpath("macros.sql").read_text())
    ours = set(_MACRO.findall(text))
    return _CALL.sub(lambda found: f"{HOME}.{found[0]}" if found[1] in ours else found[0], text)
