"""COPY loads nothing, or all that is right, and says of each rejected record where and why.

Held to the Redshift database developer guide: "Load error reference", "STL_LOAD_ERRORS", "SYS_LOAD_ERROR_DETAIL",
"Multibyte character load errors", and MAXERROR and NOLOAD of "COPY".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.conftest import RunningLab
from tests.engines.redshift_tools import Cluster, create

BUCKET = "rejects-to-copy"


@pytest.fixture(scope="module")
def cluster(lab: RunningLab) -> Iterator[Cluster]:
    made = create(lab, "rejecting", "AmazonS3ReadOnlyAccess")
    lab.client("s3").create_bucket(Bucket=BUCKET)
    yield made
    lab.client("redshift").delete_cluster(ClusterIdentifier="rejecting", SkipFinalClusterSnapshot=True)


@pytest.fixture(scope="module")
def connection(cluster: Cluster) -> Iterator[psycopg.Connection[Any]]:
    with cluster.connect() as connection:
        yield connection


class Loader:
    """Loads one object after another into tables of its own."""

    def __init__(self, lab: RunningLab, cluster: Cluster, connection: psycopg.Connection[Any]) -> None:
        self.s3, self.role, self.connection = lab.client("s3"), cluster.role, connection
        self.made = 0

    def load(self, columns: str, data: bytes, options: str) -> str:
        """The name of the table."""
        self.made += 1
        table = f"rejecting_{self.made}"
        self.s3.put_object(Bucket=BUCKET, Key=table, Body=data)
        self.connection.execute(f"CREATE TABLE {table} ({columns})")
        self.connection.execute(f"COPY {table} FROM 's3://{BUCKET}/{table}' IAM_ROLE '{self.role}' {options}")
        return table

    def errors(self, columns: str) -> list[tuple[Any, ...]]:
        """Of the last load."""
        found = self.connection.execute(
            f"SELECT {columns} FROM stl_load_errors WHERE trim(filename) = 's3://{BUCKET}/rejecting_{self.made}' "
            "ORDER BY line_number"
        )
        return found.fetchall()


@pytest.fixture(scope="module")
def loader(lab: RunningLab, cluster: Cluster, connection: psycopg.Connection[Any]) -> Loader:
    return Loader(lab, cluster, connection)


TWO = "id int, word varchar(20)"
#: Columns, what is in the object, options, and the first error: line, column, value, number, reason.
CASES: dict[str, tuple[str, bytes, str, tuple[int, str, str, int, str]]] = {
    "letters": (TWO, b"1,a\nx2,b\n", "CSV", (2, "id", "x2", 1207, "Invalid digit, Value 'x', Pos 0, Type: Integer")),
    "a point": (TWO, b"12.5,a\n", "CSV", (1, "id", "12.5", 1207, "Invalid digit, Value '.', Pos 2, Type: Integer")),
    "exponent": ("id bigint, n int", b"1e3,1\n", "CSV",
                 (1, "id", "1e3", 1207, "Invalid digit, Value 'e', Pos 1, Type: Long")),
    "smallint": ("id int, n smallint", b"1,-\n", "CSV",
                 (1, "n", "-", 1207, "Invalid digit, Value '', Pos 1, Type: Short")),
    "decimal": ("id int, n decimal(5, 2)", b"1,$5\n", "CSV",
                (1, "n", "$5", 1207, "Invalid digit, Value '$', Pos 0, Type: Decimal")),
    "decimal overflow": ("id int, n decimal(5, 2)", b"1,12345\n", "CSV",
                         (1, "n", "12345", 1209, "Overflow for NUMERIC(5,2)")),
    "boolean": ("id int, b boolean", b"1,maybe\n", "CSV", (1, "b", "maybe", 1210, "Unknown boolean format")),
    "date": ("id int, d date", b"1,2013\n", "CSV",
             (1, "d", "2013", 1205, "Invalid Date Format - length must be 10 or more")),
    "date format": ("id int, d date", b"1,2013-01-05\n", "CSV DATEFORMAT 'MM/DD/YYYY'",
                    (1, "d", "2013-01-05", 1205, "Invalid Date Format [MM/DD/YYYY]")),
    "timestamp": ("id int, t timestamp", b"1,noon\n", "CSV",
                  (1, "t", "noon", 1206, "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]")),
    "not null": ("id int NOT NULL, n int", b"1,1\n,2\n", "CSV",
                 (2, "id", "", 1213, "Missing data for not-null field")),
    "too long": ("id int, word varchar(3)", b"1,abcd\n", "CSV",
                 (1, "word", "abcd", 1204, "String length exceeds DDL length")),
    "bytes count": ("id int, word varchar(3)", "1,éé\n".encode(), "CSV",
                    (1, "word", "éé", 1204, "String length exceeds DDL length")),
    "char": ("id int, word char(9)", "1,é\n".encode(), "CSV",
             (1, "word", "é", 1220,
              "Multibyte character not supported for CHAR (Hint: try using VARCHAR). Invalid char: c3 a9")),
    "too few": (TWO, b"1,a\n2\n", "CSV", (2, "", "", 1214, "Delimiter not found")),
    "too many": (TWO, b"1,a\n2,b,c\n", "CSV", (2, "", "", 1202, "Extra column(s) found")),
    "quotes": (TWO, b'1,a\n2,"b"c\n', "CSV", (2, "", "", 1216, "Invalid quote formatting for CSV")),
    "open quotes": (TWO, b'1,a\n2,"b\n3,c\n', "CSV", (2, "", "", 1216, "Invalid quote formatting for CSV")),
    "empty line": (TWO, b"1,a\n\n3,c\n", "CSV", (2, "", "", 1211, "Input line contained no data")),
    "not utf-8": (TWO, b"1,a\n2,\xa4\n", "CSV",
                  (2, "", "", 1220,
                   "String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: a4 (error 3)")),
    "behind the header": (TWO, b"id,word\n1,a\nx,b\n", "CSV IGNOREHEADER 1",
                          (3, "id", "x", 1207, "Invalid digit, Value 'x', Pos 0, Type: Integer")),
    "behind a line break": (TWO, b'1,"a\nb"\nx,c\n', "CSV",
                            (3, "id", "x", 1207, "Invalid digit, Value 'x', Pos 0, Type: Integer")),
    "text": (TWO, b"1|a\n2|b|c\n", "", (2, "", "", 1202, "Extra column(s) found")),
    "json value": (TWO, b'{"id": 1}\n{"id": "x"}', "JSON 'auto'",
                   (2, "id", "x", 1207, "Invalid digit, Value 'x', Pos 0, Type: Integer")),
    "json": (TWO, b'{"id": 1}\n{"id": \n', "JSON 'auto'", (2, "", "", 1216, "Invalid JSON: the document is malformed")),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_rejected_record_is_named_with_its_reason(loader: Loader, name: str) -> None:
    columns, data, options, expected = CASES[name]
    with pytest.raises(psycopg.Error) as error:
        loader.load(columns, data, options)
    assert error.value.diag.message_primary == (
        f"Load into table 'rejecting_{loader.made}' failed.  Check 'stl_load_errors' system table for details."
    )
    assert loader.errors("line_number, trim(colname), raw_field_value, err_code, err_reason") == [expected]
    assert loader.connection.execute(f"SELECT count(*) FROM rejecting_{loader.made}").fetchone() == (0,)


def test_maxerror_lets_the_others_in(loader: Loader, connection: psycopg.Connection[Any]) -> None:
    """A load fails as soon as there are MAXERROR errors, not only when there are more ("MAXERROR")."""
    said: list[str | None] = []
    connection.add_notice_handler(lambda notice: said.append(notice.message_primary))
    data = b"1,a\nx,b\n3,c,d\n4,d\n"
    table = loader.load(TWO, data, "CSV MAXERROR 3")
    assert said == [
        f"Load into table '{table}' completed, 2 record(s) loaded successfully.",
        f"Load into table '{table}' completed, 2 record(s) could not be loaded.  "
        "Check 'stl_load_errors' system table for details.",
    ]
    assert connection.execute(f"SELECT id FROM {table} ORDER BY id").fetchall() == [(1,), (4,)]
    assert loader.errors("line_number, raw_line") == [(2, "x,b"), (3, "3,c,d")]
    with pytest.raises(psycopg.Error, match="failed"):
        loader.load(TWO, data, "CSV MAXERROR AS 2")
    found = connection.execute(
        "SELECT line_number, trim(column_name), error_code FROM sys_load_error_detail WHERE file_name LIKE %s",
        (f"%rejecting_{loader.made}",),
    )
    assert found.fetchall() == [(2, "id", 1207), (3, "", 1202)]


@pytest.mark.parametrize("options", ["CSV GZIP", "CSV BZIP2", "CSV ZSTD", "PARQUET", "ORC", "AVRO 'auto'"])
def test_a_file_that_is_none_of_its_format_is_named(loader: Loader, options: str) -> None:
    """By its place in S3: where it lies on this machine is nobody's business."""
    with pytest.raises(psycopg.Error, match=f"s3://{BUCKET}/rejecting_") as error:
        loader.load(TWO, b"1,a\n", options)
    assert "/objects/" not in str(error.value)


def test_noload_only_looks(loader: Loader, connection: psycopg.Connection[Any]) -> None:
    table = loader.load(TWO, b"1,a\n", "CSV NOLOAD")
    assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    with pytest.raises(psycopg.Error, match="failed"):
        loader.load(TWO, b"x,a\n", "CSV NOLOAD")


def test_rejects_in_a_transaction_outlive_it(lab: RunningLab, cluster: Cluster) -> None:
    lab.client("s3").put_object(Bucket=BUCKET, Key="undone", Body=b"1,a\nx,b\n")
    copy = f"COPY undone_load FROM 's3://{BUCKET}/undone' IAM_ROLE '{cluster.role}' CSV"
    with cluster.connect(autocommit=False) as connection:
        connection.execute("CREATE TABLE undone_load (id int, word varchar(9))")
        connection.commit()
        connection.execute(f"{copy} MAXERROR 2")
        assert connection.execute("SELECT * FROM undone_load").fetchall() == [(1, "a")]
        with pytest.raises(psycopg.Error, match="failed"):
            connection.execute(copy)
        connection.rollback()
        assert connection.execute("SELECT count(*) FROM undone_load").fetchone() == (0,)
        found = connection.execute(f"SELECT count(*) FROM stl_load_errors WHERE filename = 's3://{BUCKET}/undone'")
        assert found.fetchone() == (2,)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("CSV", "Must specify authorization"),
        ("IAM_ROLE 'x' CSV ESCAPE", "ESCAPE is not supported with CSV"),
        ("IAM_ROLE 'x' SURPRISE", 'syntax error at or near "SURPRISE"'),
        ("IAM_ROLE 'x' MAXERROR many", 'syntax error at or near "many"'),
        ("IAM_ROLE 'x' CSV JOB CREATE j AUTO ON", "This lab does not do COPY JOB"),
        ("IAM_ROLE 'x' LZOP", "This lab does not do LZOP"),
        ("IAM_ROLE 'x' FIXEDWIDTH 'a'", "FIXEDWIDTH must be of the form"),
    ],
)
def test_what_copy_does_not_say_is_refused(
    connection: psycopg.Connection[Any], options: str, message: str
) -> None:  # fmt: skip
    connection.execute("CREATE TABLE IF NOT EXISTS refused (id int)")
    with pytest.raises(psycopg.Error, match=message):
        connection.execute(f"COPY refused FROM 's3://{BUCKET}/x' {options}")
