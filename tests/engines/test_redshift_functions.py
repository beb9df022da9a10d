"""Only functions that Redshift has can be called: what is DuckDB's own "does not exist" for a client.

The error is PostgreSQL's undefined_function (42883), as Redshift has it for a name that is no function.
"""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.conftest import RunningLab
from tests.engines.redshift_tools import Cluster, create

#: Functions of DuckDB's that read the machine or its settings, in all the places where one can stand.
FOREIGN = (
    "getenv('HOME')", "current_setting('temp_directory')", "read_text('/etc/passwd')", "query('SELECT 1')",
    "main.getenv('HOME')", "system.main.getenv('HOME')", "'HOME'.getenv()", "('/etc/passwd').read_text()",
    "\"getenv\"('HOME')", "GETENV('HOME')", "memory.main.rs_now()", "rs_now()", "rs_strtol('1', 2)", "error('x')",
    "list_transform([1], x -> getenv('HOME'))", "nextval('x')", "json_serialize_sql('SELECT 1')",
    "which_secret('s3://x', 's3')", "sha256('x')", "regexp_matches('a', 'a')", "columns('.*')", "unnest([1])",
    "pg_catalog.getenv('HOME')", "cast_to_type('1', 2)", "struct_pack(a := 1)", "list_value(1)", "uuid()",
)  # fmt: skip
TABLES = (
    "read_text('/etc/passwd')", "read_csv('/etc/passwd')", "read_blob('/etc/passwd')", "glob('/*')",
    "parquet_scan('x')",
    "query('SELECT 1')", "query_table('x')", "duckdb_settings()", "duckdb_secrets()", "duckdb_databases()",
    "pragma_database_list()", "sniff_csv('/etc/passwd')", "range(3)", "unnest([1])", "duckdb_databases",
    "pragma_database_list", "system.main.duckdb_databases", "sqlite_master", "\"/etc/passwd\"", "'/etc/passwd'",
    "LATERAL (SELECT getenv('HOME')) x", "(SELECT getenv('HOME')) x", "memory.main.x",
)  # fmt: skip

#: The function is none, the text is no statement, or the setting is none of Redshift's.
_REFUSED = (psycopg.errors.UndefinedFunction, psycopg.errors.SyntaxError, psycopg.errors.UndefinedObject)


@pytest.fixture(scope="module")
def cluster(lab: RunningLab) -> Iterator[Cluster]:
    yield create(lab, "only-its-functions")
    lab.client("redshift").delete_cluster(ClusterIdentifier="only-its-functions", SkipFinalClusterSnapshot=True)


@pytest.fixture(scope="module")
def connection(cluster: Cluster) -> Iterator[psycopg.Connection]:
    with cluster.connect() as connection:
        connection.execute("CREATE TABLE attacked (id int, text varchar(100))")
        connection.execute("INSERT INTO attacked VALUES (1, 'x')")
        yield connection


@pytest.mark.parametrize("call", FOREIGN)
def test_no_function_of_duckdbs_can_be_called(connection: psycopg.Connection, call: str) -> None:
    for query in (
        f"SELECT {call}",
        f"SELECT 1 FROM attacked WHERE {call} IS NOT NULL",
        f"SELECT id FROM attacked ORDER BY {call}",
        f"UPDATE attacked SET text = {call}",
        f"INSERT INTO attacked VALUES (2, {call})",
        f"WITH w AS (SELECT {call} AS a) SELECT a FROM w",
        f"CREATE VIEW attacked_view AS SELECT {call} AS a",
        f"CREATE MATERIALIZED VIEW attacked_kept AS SELECT {call} AS a",
        f"ALTER TABLE attacked ADD COLUMN more varchar(100) DEFAULT {call}",
        f"EXPLAIN SELECT {call}",
        f"MERGE INTO attacked USING attacked a ON attacked.id = a.id WHEN MATCHED THEN UPDATE SET text = {call} "
        "WHEN NOT MATCHED THEN INSERT VALUES (1, 'x')",
        f"SELECT format_type({call}, 1)",
        f"SELECT obj_description({call})",
        f"CREATE TABLE attacked_again AS SELECT {call} AS a",
        f"CREATE TABLE attacked_by_default (a varchar(100) DEFAULT {call})",
    ):
        with pytest.raises(_REFUSED):
            connection.execute(query.encode())
    assert connection.execute("SELECT * FROM attacked").fetchall() == [(1, "x")]


@pytest.mark.parametrize("source", TABLES)
def test_no_relation_of_duckdbs_can_be_read(connection: psycopg.Connection, source: str) -> None:
    refused = (psycopg.errors.UndefinedFunction, psycopg.errors.UndefinedTable, psycopg.errors.SyntaxError)
    for query in (
        f"SELECT * FROM {source}",
        f"SELECT * FROM attacked, {source}",
        f"SELECT * FROM attacked JOIN {source} ON true",
        f"SELECT (SELECT count(*) FROM {source})",
        f"DELETE FROM attacked USING {source}",
    ):
        with pytest.raises(refused):
            connection.execute(query.encode())


def test_a_view_that_is_bound_late_calls_nothing_either(connection: psycopg.Connection) -> None:
    for number, call in enumerate(FOREIGN[:8]):
        with pytest.raises(_REFUSED):
            view = f"attacked_late_{number}"
            connection.execute(
                f"CREATE VIEW {view} AS SELECT {call} AS a FROM public.attacked WITH NO SCHEMA BINDING".encode()
            )
            connection.execute(f"SELECT * FROM {view}".encode())


def test_a_column_may_have_the_name_of_a_function(connection: psycopg.Connection) -> None:
    connection.execute("CREATE TABLE attacked_names (getenv int, current_setting int)")
    assert connection.execute("SELECT getenv, current_setting FROM attacked_names").fetchall() == []
