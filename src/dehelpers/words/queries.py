"""What a statement sent to Athena leaves behind outside S3. AWS makes it, not this process, so no call tells of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from dehelpers.words.clients import client
from dehelpers.words.ledger import Created

_DATABASE = re.compile(r"\s*CREATE\s+(?:DATABASE|SCHEMA)\s+(?:IF\s+NOT\s+EXISTS\s+)?[`\"]?([\w-]+)", re.IGNORECASE)
_NAME = r"[`\"]?([\w$-]+)[`\"]?"
_TABLE = re.compile(
    rf"\s*CREATE\s+(?:OR\s+REPLACE\s+)?(?:EXTERNAL\s+)?(?:TABLE|VIEW)\s+(?:IF\s+NOT\s+EXISTS\s+)?"
    rf"(?:{_NAME}\s*\.\s*)?{_NAME}",
    re.IGNORECASE,
)
_PREPARED = re.compile(r"\s*PREPARE\s+\"?([\w@:]+)", re.IGNORECASE)


def creates(request: Mapping[str, Any], region: str) -> Created | None:
    """What StartQueryExecution with *request* is about to create: a database, a table or a prepared statement.

    None for all other statements, and for what exists already: IF NOT EXISTS must not make somebody else's database
    the session's own.
    """
    sql, made = str(request.get("QueryString", "")), None
    try:
        if found := _DATABASE.match(sql):
            made = Created("glue", "CreateDatabase", region, {"Name": found[1].lower()})
            client("glue", region).get_database(**made.names)
        elif found := _TABLE.match(sql):
            database = found[1] or request.get("QueryExecutionContext", {}).get("Database", "default")
            made = Created("glue", "CreateTable", region, {"DatabaseName": database.lower(), "Name": found[2].lower()})
            client("glue", region).get_table(**made.names)
        elif found := _PREPARED.match(sql):
            names = {"StatementName": found[1], "WorkGroup": str(request.get("WorkGroup") or "primary")}
            made = Created("athena", "CreatePreparedStatement", region, names)
            client("athena", region).get_prepared_statement(**made.names)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("EntityNotFoundException", "ResourceNotFoundException"):
            return made
    return None
