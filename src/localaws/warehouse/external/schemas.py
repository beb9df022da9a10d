"""Which database of the Glue catalog an external schema means, and with whose rights it is read.

Source: Redshift database developer guide, "CREATE EXTERNAL SCHEMA".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from localaws.warehouse.catalog import names, objects
from localaws.warehouse.catalog.objects import Schema

if TYPE_CHECKING:
    from localaws.warehouse.session import Session


def external_schemas(session: Session) -> list[Schema]:
    return [each for each in names.store_of(session).schemas() if each.source]


def external_schema(session: Session, parts: Sequence[str]) -> Schema | None:
    """The external schema in which the table called *parts* would be."""
    if len(parts) == 3 and parts[0] != session.database:
        return None
    wanted = [parts[-2]] if len(parts) > 1 else names.search_path(session)
    for called in wanted:
        for found in names.store_of(session).find([objects.SCHEMA], called, called):
            if isinstance(found, Schema) and found.source:
                return found
    return None


def ask(session: Session, schema: Schema, question: str, **arguments: Any) -> Any:
    """The lab's answer to *question* about the schema's database. Raises RedshiftError."""
    source = schema.source
    return session.node.lab.ask(
        question, rights={"role": source["role"]}, region=source.get("region", ""), database=source["database"],
        user=session.user, **arguments,
    )  # fmt: skip
