"""The views of the system: what is there and what has run, as rows that are made when somebody asks.

view        a view: its columns, and a function of the session that gives its rows
facts       what most of them are made of: relations, schemas and users with their numbers
measures    rows, slices and sizes of a table, counted
postgres    pg_class and its like, which tools of PostgreSQL ask
tables      pg_table_def, svv_table_info and other views of tables and columns
information information_schema
activity    stl_query, sys_query_history, stv_sessions and their like
"""

from __future__ import annotations

from localaws.warehouse.catalog.system import activity, information, postgres, tables
from localaws.warehouse.catalog.system.view import SystemView
from localaws.warehouse.external import views as external

_SCHEMAS: dict[str, dict[str, SystemView]] = {
    "pg_catalog": {**postgres.VIEWS, **tables.VIEWS, **activity.VIEWS, **external.VIEWS},
    "information_schema": information.VIEWS,
}


def system_view(parts: list[str]) -> SystemView | None:
    """The view that *parts* name; those of pg_catalog need no schema before them."""
    schema = parts[-2] if len(parts) > 1 else "pg_catalog"
    return _SCHEMAS.get(schema, {}).get(parts[-1])
