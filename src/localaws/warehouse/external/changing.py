"""Changes of external tables: what the Glue catalog says of them; their objects stay as they are.

Source: Redshift database developer guide, "ALTER TABLE" (external tables), "DROP TABLE".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from localaws.warehouse.catalog.privileges import require_owner
from localaws.warehouse.errors import RedshiftError, not_done
from localaws.warehouse.external.schemas import ask, external_schema
from localaws.warehouse.statements.reading import Reader
from localaws.warehouse.statements.whole import outside_of_transactions

if TYPE_CHECKING:
    from localaws.warehouse.session import Session


def altered(session: Session, parts: Sequence[str], reader: Reader) -> bool:
    """Whether *parts* is in an external schema, where it is changed as *reader* goes on. Raises RedshiftError."""
    schema = external_schema(session, parts) if len(parts) > 1 else None
    if schema is None:
        return False
    require_owner(session, schema, "ALTER")
    if not reader.take("ADD"):
        raise not_done("changes of external tables but ALTER TABLE … ADD PARTITION")
    skip = reader.take("IF NOT EXISTS")
    table = ask(session, schema, "external_table", table=parts[-1])
    if table is None:
        raise RedshiftError("42P01", f'relation "{".".join(parts)}" does not exist')
    keys = [each["Name"] for each in table.get("PartitionKeys", [])]
    partitions = []
    while reader.take("PARTITION"):
        given = _values(reader)
        if set(given) != set(keys):
            raise RedshiftError("42703", f"a partition of {parts[-1]} has values for {', '.join(keys) or 'nothing'}")
        reader.expect("LOCATION")
        partitions.append(([given[key] for key in keys], reader.text()))
    reader.end()
    outside_of_transactions(session, "ALTER EXTERNAL TABLE")
    ask(session, schema, "external_add", table=parts[-1], partitions=partitions, skip=skip)
    return True


def _values(reader: Reader) -> dict[str, str]:
    """``(year='2013', month=1)``"""
    reader.expect("(")
    found = dict[str, str]()
    while True:
        key = reader.name()
        reader.expect("=")
        found[key] = reader.expression().strip().strip("'")
        if not reader.take(","):
            break
    reader.expect(")")
    return found


def dropped(session: Session, parts: Sequence[str]) -> bool:
    """Whether *parts* was in an external schema, from which it is gone now."""
    schema = external_schema(session, parts) if len(parts) > 1 else None
    if schema is None or ask(session, schema, "external_table", table=parts[-1]) is None:
        return False
    require_owner(session, schema, "DROP")
    outside_of_transactions(session, "DROP EXTERNAL TABLE")
    ask(session, schema, "external_drop", table=parts[-1])
    return True
