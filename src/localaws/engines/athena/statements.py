"""What kind of statement a text is, before anything is parsed.

Source: StatementType of QueryExecution (API reference): DDL, DML, UTILITY (SHOW, EXPLAIN …). It counts CREATE TABLE AS
among DML; AWS's own client saw DDL and goes by that (awswrangler: get_query_results and its cache take a CREATE TABLE
for CTAS only if it is DDL), so that is what is told here. It is billed all the same, for what it scans.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_COMMENTS = re.compile(r"\A(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)+", re.DOTALL)


@dataclass(frozen=True)
class Kind:
    """``name`` chooses who runs it; ``type`` and ``substatement`` are what GetQueryExecution tells."""

    name: str
    type: str
    substatement: str


_CREATE_TABLE_AS = Kind("create_table_as", "DDL", "CREATE_TABLE_AS_SELECT")
#: The first words of a statement → what it is. The first that matches counts.
_KINDS = [
    (r"EXPLAIN\b", Kind("explain", "UTILITY", "EXPLAIN")),
    (r"SHOW\s+TABLES\b", Kind("show", "UTILITY", "SHOW_TABLES")),
    (r"SHOW\s+(DATABASES|SCHEMAS)\b", Kind("show", "UTILITY", "SHOW_DATABASES")),
    (r"SHOW\b", Kind("show", "UTILITY", "SHOW")),
    (r"DESC(RIBE)?\b", Kind("describe", "UTILITY", "DESCRIBE_TABLE")),
    (r"PREPARE\b", Kind("prepare", "DDL", "PREPARE")),
    (r"DEALLOCATE\b", Kind("deallocate", "DDL", "DEALLOCATE")),
    (r"EXECUTE\b", Kind("execute", "DML", "EXECUTE")),
    (r"CREATE\s+(DATABASE|SCHEMA)\b", Kind("create_database", "DDL", "CREATE_DATABASE")),
    (r"DROP\s+(DATABASE|SCHEMA)\b", Kind("drop_database", "DDL", "DROP_DATABASE")),
    (r"CREATE\s+(OR\s+REPLACE\s+)?VIEW\b", Kind("create_view", "DDL", "CREATE_VIEW")),
    (r"DROP\s+VIEW\b", Kind("drop_view", "DDL", "DROP_VIEW")),
    (r"CREATE\s+EXTERNAL\s+TABLE\b", Kind("create_table", "DDL", "CREATE_TABLE")),
    (r"CREATE\s+TABLE\b(?=.*?\bAS\s*\(?\s*(SELECT|WITH|VALUES|TABLE)\b)", _CREATE_TABLE_AS),
    (r"CREATE\s+TABLE\s+(IF\s+NOT\s+EXISTS\s+)?[\w.\"]+\s+(WITH\s*\(.*?\)\s*)?AS\b", _CREATE_TABLE_AS),
    (r"CREATE\s+TABLE\b", Kind("create_table", "DDL", "CREATE_TABLE")),
    (r"DROP\s+TABLE\b", Kind("drop_table", "DDL", "DROP_TABLE")),
    (r"ALTER\s+(DATABASE|SCHEMA)\b", Kind("alter_database", "DDL", "ALTER_DATABASE")),
    (r"ALTER\s+TABLE\b", Kind("alter", "DDL", "ALTER_TABLE")),
    (r"MSCK\b", Kind("repair", "DDL", "MSCK_REPAIR_TABLE")),
    (r"INSERT\s+INTO\b", Kind("insert", "DML", "INSERT")),
    (r"UNLOAD\b", Kind("unload", "DML", "UNLOAD")),
    (r"UPDATE\b", Kind("update", "DML", "UPDATE")),
    (r"DELETE\b", Kind("delete", "DML", "DELETE")),
    (r"MERGE\b", Kind("merge", "DML", "MERGE")),
    (r"OPTIMIZE\b", Kind("optimize", "DML", "OPTIMIZE")),
    (r"VACUUM\b", Kind("vacuum", "DDL", "VACUUM")),
    (r"(SELECT|WITH|VALUES|TABLE\b|\()", Kind("select", "DML", "SELECT")),
]  # fmt: skip
_COMPILED = [(re.compile(pattern, re.IGNORECASE | re.DOTALL), kind) for pattern, kind in _KINDS]
UNKNOWN = Kind("unknown", "DML", "")


def strip(sql: str) -> str:
    """*sql* without comments before it and without the semicolon after it."""
    return _COMMENTS.sub("", sql).rstrip().removesuffix(";").rstrip()


def in_place(sql: str) -> str:
    """*sql* with blanks for the comments before it: what an error points at is where the user wrote it."""
    before = _COMMENTS.match(sql)
    blank = re.sub(r"[^\n]", " ", before[0]) if before else ""
    return blank + strip(sql)


def classify(sql: str) -> Kind:
    """The kind of a stripped statement; UNKNOWN if it begins like none that Athena has."""
    for pattern, kind in _COMPILED:
        if pattern.match(sql):
            return kind
    return UNKNOWN
