"""A Redshift cluster is a database that PostgreSQL's clients can use, with objects of S3 by its role's rights.

Held to the Redshift management guide ("Amazon Redshift clusters", "Generating database credentials") and to the
database developer guide ("COPY", "BEGIN", "ROLLBACK").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal

import psycopg
import pytest

from tests.conftest import RunningLab
from tests.engines.redshift_tools import PASSWORD, USER, Cluster, await_available, create


@pytest.fixture(scope="module")
def cluster(lab: RunningLab) -> Iterator[Cluster]:
    made = create(lab, "warehouse", "AmazonS3ReadOnlyAccess")
    yield made
    lab.client("redshift").delete_cluster(ClusterIdentifier="warehouse", SkipFinalClusterSnapshot=True)


@pytest.fixture
def connection(cluster: Cluster) -> Iterator[psycopg.Connection]:
    with cluster.connect() as connection:
        yield connection


def test_a_cluster_answers_queries(connection: psycopg.Connection) -> None:
    query = "SELECT 1 AS one, 'x' AS letter, 1.50::decimal(10, 2) AS price, date '2013-01-01' AS day, NULL AS nothing"
    cursor = connection.execute(query)
    assert [column.name for column in cursor.description or ()] == ["one", "letter", "price", "day", "nothing"]
    assert cursor.fetchall() == [(1, "x", Decimal("1.50"), date(2013, 1, 1), None)]


def test_parameters_are_values_and_no_sql(connection: psycopg.Connection) -> None:
    connection.execute("CREATE TABLE given (id int, text varchar(30))")
    for value in ("o'clock", "'; DROP TABLE given; --", "$1", None):
        connection.execute("INSERT INTO given VALUES (%s, %s)", (1, value))
    found = connection.execute("SELECT text FROM given WHERE id = %s AND text = %s", (1, "$1"))
    assert found.fetchall() == [("$1",)]
    assert connection.execute("SELECT count(*) FROM given").fetchone() == (4,)


def test_a_reserved_word_is_no_name_unless_quoted(connection: psycopg.Connection) -> None:
    """ "Reserved words": "You can use reserved words as identifiers by enclosing them in double quotes"."""
    for statement in (
        "CREATE TABLE my_table (id int, column varchar(20))",
        "SELECT * FROM my_table WHERE column = 'value'",
        "SELECT order FROM my_table",
    ):
        with pytest.raises(psycopg.errors.SyntaxError, match=r'syntax error at or near "(column|order)"'):
            connection.execute(statement)
    connection.execute('CREATE TABLE my_table (id int, "column" varchar(20))')
    connection.execute("INSERT INTO my_table VALUES (1, 'value')")
    found = connection.execute("SELECT id, my_table.column AS table FROM my_table WHERE \"column\" = 'value'")
    assert found.fetchall() == [(1, "value")]


def test_a_rollback_undoes_and_a_failed_transaction_cannot_be_committed(cluster: Cluster) -> None:
    with cluster.connect(autocommit=False) as connection:
        connection.execute("CREATE TABLE undone (id int)")
        connection.commit()
        connection.execute("INSERT INTO undone VALUES (1)")
        connection.rollback()
        assert connection.execute("SELECT count(*) FROM undone").fetchone() == (0,)
        connection.execute("INSERT INTO undone VALUES (2)")
        with pytest.raises(psycopg.errors.UndefinedTable, match='relation "nowhere" does not exist'):
            connection.execute("SELECT * FROM nowhere")
        with pytest.raises(psycopg.errors.InFailedSqlTransaction, match="current transaction is aborted"):
            connection.execute("SELECT 1")
        connection.commit()
        assert connection.execute("SELECT count(*) FROM undone").fetchone() == (0,)


def test_copy_reads_what_the_role_may(lab: RunningLab, cluster: Cluster, connection: psycopg.Connection) -> None:
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="redshift-copy")
    s3.put_object(Bucket="redshift-copy", Key="in/a.csv", Body=b'1,x\n2,"y z"\n')
    s3.put_object(Bucket="redshift-copy", Key="in/b.csv", Body=b"3,\n")
    connection.execute("CREATE TABLE copied (id int, text varchar(20))")
    connection.execute(f"COPY copied FROM 's3://redshift-copy/in/' IAM_ROLE '{cluster.role}' CSV")
    assert connection.execute("SELECT * FROM copied ORDER BY id").fetchall() == [(1, "x"), (2, "y z"), (3, "")]
    reads = [
        call for call in lab.calls() if call["operation"] == "GetObject" and "redshift-copy" in call["resources"][0]
    ]
    assert {call["principal"] for call in reads} == {"arn:aws:sts::123456789012:assumed-role/redshift-warehouse/"
                                                     "RedshiftIamRoleSession"}  # fmt: skip
    with pytest.raises(psycopg.Error, match="is not authorized to assume IAM Role"):
        connection.execute("COPY copied FROM 's3://redshift-copy/in/' IAM_ROLE 'arn:aws:iam::123456789012:role/x' CSV")


def test_nobody_gets_in_without_the_password(lab: RunningLab, cluster: Cluster) -> None:
    for user, password in ((USER, "wrong"), ("nobody", PASSWORD), (USER, "")):
        with pytest.raises(
            psycopg.OperationalError, match=f'password authentication failed for user "{user}"|no password'
        ):
            cluster.connect(user, password)
    with pytest.raises(psycopg.OperationalError, match='database "other" does not exist'):
        cluster.connect(dbname="other")
    given = lab.client("redshift").get_cluster_credentials(ClusterIdentifier="warehouse", DbUser="ana", AutoCreate=True)
    with cluster.connect(given["DbUser"], given["DbPassword"]) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        cluster.connect("ana", given["DbPassword"])


def test_sql_reaches_no_file_of_the_machine(connection: psycopg.Connection) -> None:
    """Nor objects of S3 but by COPY, which a role allows."""
    for query in (
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        'SELECT * FROM "/etc/passwd"',
        "COPY x FROM '/etc/passwd'",
        "SELECT * FROM glob('/*')",
        "ATTACH '/tmp/x.duckdb'",
        "SET allowed_directories = ['/']; SELECT * FROM \"/etc/passwd\"",
        "INSTALL httpfs",
        "PRAGMA database_list",
        "EXPORT DATABASE '/tmp/x'",
    ):
        with pytest.raises(psycopg.Error) as error:
            connection.execute(query)
        assert "root:" not in str(error.value) and "Permission" not in str(error.value)


def test_data_survives_a_kill_of_the_lab(new_lab: Callable[..., RunningLab]) -> None:
    lab = new_lab()
    cluster = create(lab, "kept")
    with cluster.connect() as connection:
        connection.execute("CREATE TABLE kept (id int)")
        connection.execute("INSERT INTO kept VALUES (1), (2)")
    lab.kill()
    lab.start()
    await_available(lab, "kept")
    with cluster.connect() as connection:
        assert connection.execute("SELECT id FROM kept ORDER BY id").fetchall() == [(1,), (2,)]
