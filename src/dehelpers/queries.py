"""What a statement sent to Athena leaves behind outside S3. AWS makes it, not this process, so no call tells of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError

from dehelpers.ledger import Created

_DATABASE = re.compile(r"\s*CREATE\s+(?:DATABASE|SCHEMA)\s+(?:IF\s+NOT\s+EXISTS\s+)?[`\"]?([\w-]+)", re.IGNORECASE)
_PREPARED = re.compile(r"\s*PREPARE\s+\"?([\w@:]+)", re.IGNORECASE)


def creates(request: Mapping[str, Any], region: str) -> Created | None:
    """What StartQueryExecution with *request* is about to create: a database or a prepared statement.

    None for all other statements, and for what exists already: IF NOT EXISTS must not make somebody else's database
    the session's own.
    """
    sql = str(request.get("QueryString", ""))
    try:
        if found := _DATABASE.match(sql):
            name = found[1].lower()
            boto3.client("glue", region_name=region).get_database(Name=name)
        elif found := _PREPARED.match(sql):
            name, group = found[1], str(request.get("WorkGroup") or "primary")
            athena = boto3.client("athena", region_name=region)
            athena.get_prepared_statement(StatementName=name, WorkGroup=group)
    except ClientError as error:
        if error.response["Error"]["Code"] == "EntityNotFoundException":
            return Created("glue", "CreateDatabase", region, {"Name": name})
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return Created("athena", "CreatePreparedStatement", region, {"StatementName": name, "WorkGroup": group})
    return None
