"""What a cluster tells of its tables, users and statements, in the views that people and their tools ask.

Held to the Redshift database developer guide: "PG_TABLE_DEF", "SVV_TABLE_INFO", "SVV_COLUMNS", "STV_TBL_PERM",
"STL_QUERY", "SYS_QUERY_HISTORY", "System catalog tables", "System information functions".
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from tests.conftest import RunningLab
from tests.engines.redshift_tools import Cluster, create

#: As SQLAlchemy's dialect for Redshift asks for columns, shortened to what decides.
REFLECTED_COLUMNS = """
SELECT n.nspname AS "schema", c.relname AS "table_name", att.attname AS "name",
       format_encoding(att.attencodingtype::integer) AS "encode", format_type(att.atttypid, att.atttypmod) AS "type",
       att.attisdistkey AS "distkey", att.attsortkeyord AS "sortkey", att.attnotnull AS "notnull",
       pg_catalog.pg_get_expr(ad.adbin, ad.adrelid) AS "default", attnum
FROM pg_catalog.pg_class c
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute att ON att.attrelid = c.oid
LEFT JOIN pg_catalog.pg_attrdef ad ON (att.attrelid, att.attnum) = (ad.adrelid, ad.adnum)
WHERE n.nspname !~ '^pg_' AND att.attnum > 0 AND NOT att.attisdropped AND c.relname IN ('flights', 'late')
UNION
SELECT view_schema, view_name, col_name, null, col_type, null, 0, null, null, null
FROM pg_get_late_binding_view_cols() cols(view_schema name, view_name name, col_name name, col_type varchar,
                                          col_num int)
WHERE view_name = 'late'
ORDER BY "schema", "table_name", "attnum"
"""


@pytest.fixture(scope="module")
def cluster(lab: RunningLab) -> Iterator[Cluster]:
    made = create(lab, "catalog")
    with made.connect() as connection:
        connection.execute("""
            CREATE TABLE flights (id int IDENTITY(1, 1) PRIMARY KEY, origin char(3) NOT NULL DEFAULT 'JFK' SORTKEY,
                                  fare decimal(8, 2) ENCODE raw, note varchar(20), dest char(3))
            DISTSTYLE KEY DISTKEY (dest)""")
        connection.execute("INSERT INTO flights (origin, dest) SELECT 'EWR', 'LAX' FROM pg_attribute LIMIT 4")
        connection.execute("INSERT INTO flights (origin, dest) VALUES ('JFK', 'SFO')")
        connection.execute("CREATE VIEW bound AS SELECT * FROM flights")
        connection.execute("CREATE VIEW late AS SELECT id, note FROM public.flights WITH NO SCHEMA BINDING")
    yield made
    lab.client("redshift").delete_cluster(ClusterIdentifier="catalog", SkipFinalClusterSnapshot=True)


@pytest.fixture
def connection(cluster: Cluster) -> Iterator[psycopg.Connection]:
    with cluster.connect() as connection:
        yield connection


def ask(connection: psycopg.Connection, query: str, *values: Any) -> list[tuple[Any, ...]]:
    return connection.execute(query, values or None).fetchall()


def test_pg_table_def_shows_what_was_declared(connection: psycopg.Connection) -> None:
    found = ask(connection, 'SELECT "column", type, encoding, distkey, sortkey, "notnull" FROM pg_table_def '
                            "WHERE tablename = 'flights'")  # fmt: skip
    assert found == [
        ("id", "integer", "az64", False, 0, True),
        ("origin", "character(3)", "none", False, 1, True),
        ("fare", "numeric(8,2)", "none", False, 0, False),
        ("note", "character varying(20)", "lzo", False, 0, False),
        ("dest", "character(3)", "lzo", True, 0, False),
    ]


def test_pg_table_def_shows_only_schemas_of_the_search_path(connection: psycopg.Connection) -> None:
    connection.execute("CREATE SCHEMA hidden")
    connection.execute("CREATE TABLE hidden.inside (a int)")
    assert ask(connection, "SELECT count(*) FROM pg_table_def WHERE tablename = 'inside'") == [(0,)]
    connection.execute("SET search_path TO hidden")
    assert ask(connection, "SELECT count(*) FROM pg_table_def WHERE tablename = 'inside'") == [(1,)]


def test_svv_table_info_counts_rows_and_skew(connection: psycopg.Connection) -> None:
    """All flights but one go to one airport, so the slices are filled unevenly."""
    query = """SELECT diststyle, sortkey1, sortkey_num, tbl_rows, unsorted, stats_off, skew_rows
               FROM svv_table_info WHERE "table" = 'flights'"""
    (found,) = ask(connection, query)
    assert found[:6] == ("KEY(dest)", "origin", 1, 5, 0, 100)
    assert found[6] >= 4
    connection.execute("ANALYZE flights")
    assert ask(connection, query)[0][5] == 0
    per_slice = ask(connection, "SELECT rows FROM stv_tbl_perm WHERE name = 'flights' ORDER BY slice")
    assert sum(rows for (rows,) in per_slice) == 5 and len(per_slice) == 2


def test_vacuum_sorts_what_came_out_of_order(connection: psycopg.Connection) -> None:
    connection.execute("CREATE TABLE unsorted (a int SORTKEY)")
    connection.execute("INSERT INTO unsorted VALUES (2), (3), (1), (4)")
    query = "SELECT unsorted FROM svv_table_info WHERE \"table\" = 'unsorted'"
    assert ask(connection, query) == [(Decimal("50.00"),)]
    connection.execute("VACUUM unsorted")
    assert ask(connection, query) == [(Decimal("0.00"),)]


def test_columns_of_views_are_told_too(connection: psycopg.Connection) -> None:
    found = ask(connection, "SELECT column_name, data_type, character_maximum_length FROM svv_columns "
                            "WHERE table_name = 'late' ORDER BY ordinal_position")  # fmt: skip
    assert [row[:2] for row in found] == [("id", "integer"), ("note", "character varying")]


def test_sqlalchemy_s_question_for_columns_is_answered(connection: psycopg.Connection) -> None:
    found = ask(connection, REFLECTED_COLUMNS)
    assert [row[1:9] for row in found[:3]] == [
        ("flights", "id", "az64", "integer", False, 0, True, '"identity"(1, 1)'),
        ("flights", "origin", "none", "character(3)", False, 1, True, "'JFK'"),
        ("flights", "fare", "none", "numeric(8,2)", False, 0, False, None),
    ]
    assert {row[1:3] for row in found[5:]} == {("late", "id"), ("late", "note")}


def test_keys_and_views_have_their_texts(connection: psycopg.Connection) -> None:
    query = """SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'flights'::regclass"""
    assert ask(connection, query) == [("flights_pkey", "PRIMARY KEY (id)")]
    ((text,),) = ask(connection, "SELECT pg_get_viewdef('late')")
    assert text == "create view public.late as SELECT id, note FROM public.flights with no schema binding;"
    assert ask(connection, "SELECT viewname FROM pg_views WHERE viewname = 'bound'") == [("bound",)]
    assert ask(connection, "SELECT constraint_type FROM information_schema.table_constraints "
                           "WHERE table_name = 'flights'") == [("PRIMARY KEY",)]  # fmt: skip


def test_comments_are_described(connection: psycopg.Connection) -> None:
    connection.execute("COMMENT ON TABLE flights IS 'of 2013'")
    connection.execute("COMMENT ON COLUMN flights.fare IS 'in dollars'")
    assert ask(connection, "SELECT obj_description('flights'::regclass)") == [("of 2013",)]
    assert ask(connection, "SELECT col_description('flights'::regclass, 3)") == [("in dollars",)]


def test_a_session_knows_itself(connection: psycopg.Connection) -> None:
    query = "SELECT current_user, current_schema(), current_database(), pg_backend_pid()"
    ((user, schema, database, process),) = ask(connection, query)
    assert (user, schema, database) == ("awsuser", "public", "dev")
    assert process == connection.info.backend_pid
    ((version,),) = ask(connection, "SELECT version()")
    assert version.startswith("PostgreSQL 8.0.2") and "Redshift 1.0" in version
    assert (process, "awsuser") in ask(connection, "SELECT process, user_name FROM stv_sessions")


def test_statements_that_ran_are_told(connection: psycopg.Connection) -> None:
    connection.execute("SET query_group TO 'nightly'")
    ask(connection, "SELECT count(*) FROM flights WHERE note = 'seen'")
    ((query,),) = ask(connection, "SELECT pg_last_query_id()")
    with pytest.raises(psycopg.Error):
        connection.execute("SELECT nothing_of_this_name FROM flights")
    found = ask(connection, "SELECT trim(querytxt), aborted, label FROM stl_query WHERE querytxt LIKE %s AND pid = "
                            "pg_backend_pid() ORDER BY query", "SELECT count(*) FROM flights WHERE note%")  # fmt: skip
    assert found == [("SELECT count(*) FROM flights WHERE note = 'seen'", 0, "nightly")]
    assert query > 0
    failed = ask(connection, "SELECT status, error_message FROM sys_query_history WHERE query_text LIKE "
                             "'SELECT nothing_of_this_name%'")  # fmt: skip
    assert failed == [("failed", 'column "nothing_of_this_name" does not exist')]


def test_who_is_no_superuser_sees_his_own(cluster: Cluster, connection: psycopg.Connection) -> None:
    connection.execute("CREATE USER clerk PASSWORD 'Clerk-pass1'")
    with cluster.connect("clerk", "Clerk-pass1") as clerk:
        assert ask(clerk, "SELECT count(*) FROM stl_query WHERE userid = 100") == [(0,)]
        assert ask(clerk, "SELECT table_name FROM svv_tables") == []
        assert ask(clerk, "SELECT count(*) FROM stv_tbl_perm") == [(0,)]
        connection.execute("GRANT SELECT ON flights TO clerk")
        assert ask(clerk, "SELECT table_name FROM svv_tables") == [("flights",)]
    assert ask(connection, "SELECT privilege_type, identity_name FROM svv_relation_privileges "
                           "WHERE relation_name = 'flights'") == [("SELECT", "clerk")]  # fmt: skip


def test_nobody_can_name_what_is_behind_the_views(connection: psycopg.Connection) -> None:
    for query in ('SELECT * FROM "\x1fcatalog".objects', "SELECT * FROM duckdb_tables()", "SELECT * FROM sqlite_master",
                  "SELECT * FROM temp.main.x", 'DELETE FROM "\x1fcatalog".objects', "SELECT * FROM pg_catalog.pg_am2",
                  'SELECT * FROM "\x1fobjects"'):  # fmt: skip
        with pytest.raises(psycopg.Error, match=r"does not exist|syntax"):
            connection.execute(query)


def test_a_materialized_view_refreshes_itself(connection: psycopg.Connection) -> None:
    """ "Autorefreshing a materialized view": soon after its table has changed."""
    connection.execute("CREATE TABLE counted (a int)")
    connection.execute("CREATE MATERIALIZED VIEW total AUTO REFRESH YES AS SELECT count(*) AS n FROM counted")
    connection.execute("INSERT INTO counted VALUES (1), (2)")
    while ask(connection, "SELECT n FROM total") != [(2,)]:
        pass
    while ask(connection, "SELECT is_stale FROM svv_mv_info WHERE name = 'total'") != [("f",)]:
        pass
