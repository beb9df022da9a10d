"""What views of the system are made of."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from localaws.warehouse.catalog import names, objects, types
from localaws.warehouse.catalog.objects import ColumnInfo, Relation, Routine, Schema
from localaws.warehouse.catalog.privileges import is_superuser, may
from localaws.warehouse.wire import types as wire

if TYPE_CHECKING:
    from localaws.warehouse.session import Session

#: Numbers of the system's own.
OWNER_ID, PG_CATALOG_ID, INFORMATION_ID, TEMP_ID = 1, 11, 7951, 9000
_OIDS = {
    "smallint": wire.INT2, "integer": wire.INT4, "bigint": wire.INT8, "boolean": wire.BOOL, "real": wire.FLOAT4,
    "double precision": wire.FLOAT8, "numeric": wire.NUMERIC, "character": wire.BPCHAR,
    "character varying": wire.VARCHAR, "date": wire.DATE, "timestamp without time zone": wire.TIMESTAMP,
    "timestamp with time zone": wire.TIMESTAMPTZ, "time without time zone": wire.TIME,
    "time with time zone": wire.TIMETZ, "super": wire.SUPER, "varbyte": wire.VARBYTE, "oid": wire.OID, "name": 19,
    "interval year to month": wire.INTERVAL, "interval day to second": wire.INTERVAL,
}  # fmt: skip
#: reldiststyle of PG_CLASS_INFO.
DISTSTYLES = {"EVEN": 0, "KEY": 1, "ALL": 8, "AUTO(ALL)": 10, "AUTO(EVEN)": 11, "AUTO(KEY)": 12}


@dataclass
class Facts:
    """What *session* may see of its database."""

    session: Session

    @cached_property
    def schemas(self) -> list[Schema]:
        return names.store_of(self.session).schemas()

    @cached_property
    def relations(self) -> list[Relation]:
        """Those that the user may see: his own, and those with which he may do something."""
        found = names.store_of(self.session).relations()
        return found if is_superuser(self.session) else [each for each in found if self.sees(each)]

    @cached_property
    def all_relations(self) -> list[Relation]:
        return names.store_of(self.session).relations()

    @cached_property
    def routines(self) -> list[Routine]:
        found = names.store_of(self.session).all([objects.FUNCTION, objects.PROCEDURE])
        return [each for each in found if isinstance(each, Routine)]

    @cached_property
    def search_path(self) -> list[str]:
        return names.search_path(self.session)

    def sees(self, relation: Relation) -> bool:
        return any(may(self.session, relation, each) for each in ("SELECT", "INSERT", "UPDATE", "DELETE"))

    def schema_id(self, schema: str) -> int:
        return next((each.id for each in self.schemas if each.name == schema), TEMP_ID)

    def user_id(self, user: str) -> int:
        users = self.session.node.users
        return int(users.get(user)["id"]) if user in users else OWNER_ID

    def columns_of(self, relation: Relation) -> list[ColumnInfo]:
        """A view without schema binding has those that its query has today."""
        return relation.columns if not relation.late else self.session.columns_of(relation)


def type_id(type: str) -> int:
    return _OIDS[types.word(type)]


def type_modifier(type: str) -> int:
    numbers = types.limits(type)
    match types.word(type):
        case "numeric":
            return wire.limited(wire.NUMERIC, *numbers)
        case "character" | "character varying" | "varbyte":
            return numbers[0] + 4
    return -1


def type_size(type: str) -> int:
    return wire.SIZES.get(type_id(type), -1)


def number_of(*words: Any) -> int:
    """A number for what has none of its own, the same each time."""
    return 1_000_000 + zlib.crc32(repr(words).encode()) % 1_000_000_000


def sort_places(relation: Relation) -> dict[str, int]:
    """Column → its place in the sort key, from 1; of an interleaved key every second one is negative."""
    sign = -1 if relation.sortstyle == "interleaved" else 1
    return {
        column: place * (sign if place % 2 == 0 else 1) for place, column in enumerate(relation.sortkey, 1)
    }  # fmt: skip


def acl_text(described: objects.Described) -> str | None:
    """Privileges as PostgreSQL writes them: ``{ana=arw/awsuser}``."""
    if not described.acl:
        return None
    letters = {
        "SELECT": "r", "INSERT": "a", "UPDATE": "w", "DELETE": "d", "REFERENCES": "x", "USAGE": "U", "CREATE": "C",
        "EXECUTE": "X", "DROP": "D", "TRUNCATE": "T", "ALTER": "A", "ANALYZE": "z", "VACUUM": "v",
    }  # fmt: skip
    found = []
    for grantee, held in described.acl.items():
        who = {"public": ""}.get(grantee, grantee.removeprefix("user "))
        given = "".join(letters[each.rstrip("*")] + ("*" if each.endswith("*") else "") for each in held)
        found.append(f"{who}={given}/{described.owner}")
    return "{" + ",".join(found) + "}"
