"""UNLOAD writes what a query gives, and COPY reads it again.

Held to the Redshift database developer guide: "UNLOAD", "UNLOAD examples".
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pyarrow.parquet as pq
import pytest
import zstandard

from tests.conftest import RunningLab
from tests.engines.redshift_tools import Cluster, create

BUCKET = "results-unloaded"
ROWS = "(1, 'one', 1.50), (2, 'a|\"b', NULL), (3, NULL, -2.25)"


@pytest.fixture(scope="module")
def cluster(lab: RunningLab) -> Iterator[Cluster]:
    made = create(lab, "unloading", "AmazonS3FullAccess")
    lab.client("s3").create_bucket(Bucket=BUCKET)
    yield made
    lab.client("redshift").delete_cluster(ClusterIdentifier="unloading", SkipFinalClusterSnapshot=True)


@pytest.fixture(scope="module")
def connection(cluster: Cluster) -> Iterator[psycopg.Connection[Any]]:
    with cluster.connect() as connection:
        connection.execute("CREATE TABLE sold (id int, word varchar(20), price decimal(8, 2))")
        connection.execute(f"INSERT INTO sold VALUES {ROWS}")
        yield connection


class Unloader:
    """Unloads below a prefix of its own each time."""

    def __init__(self, lab: RunningLab, cluster: Cluster, connection: psycopg.Connection[Any]) -> None:
        self.s3, self.role, self.connection = lab.client("s3"), cluster.role, connection
        self.made = 0

    def unload(self, options: str = "", query: str = "SELECT * FROM sold ORDER BY id") -> dict[str, bytes]:
        """The objects by the part of their keys that UNLOAD has added."""
        self.made += 1
        prefix = f"out/{self.made}/"
        quoted = query.replace("'", "''")
        self.connection.execute(
            f"UNLOAD ('{quoted}') TO 's3://{BUCKET}/{prefix}' IAM_ROLE '{self.role}' {options}"
        )  # fmt: skip
        return self.objects(prefix)

    def objects(self, prefix: str) -> dict[str, bytes]:
        listed = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
        return {
            each["Key"].removeprefix(prefix): self.s3.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read()
            for each in listed
        }


@pytest.fixture(scope="module")
def unloader(lab: RunningLab, cluster: Cluster, connection: psycopg.Connection[Any]) -> Unloader:
    return Unloader(lab, cluster, connection)


#: Options, and the object that they make.
CASES: dict[str, tuple[str, str, bytes]] = {
    "text": ("", "0000_part_00", b'1|one|1.50\n2|a|"b|\n3||-2.25\n'),
    "null as": (r"NULL AS '\\N'", "0000_part_00", b'1|one|1.50\n2|a|"b|\\N\n3|\\N|-2.25\n'),
    "delimiter": ("DELIMITER ','", "0000_part_00", b'1,one,1.50\n2,a|"b,\n3,,-2.25\n'),
    "escape": ("ESCAPE", "0000_part_00", b'1|one|1.50\n2|a\\|"b|\n3||-2.25\n'),
    "quotes": ("ADDQUOTES", "0000_part_00", b'"1"|"one"|"1.50"\n"2"|"a|"b"|\n"3"||"-2.25"\n'),
    "quotes and escapes": ("ADDQUOTES ESCAPE", "0000_part_00",
                           b'"1"|"one"|"1.50"\n"2"|"a\\|\\"b"|\n"3"||"-2.25"\n'),
    "header": ("HEADER", "0000_part_00", b'id|word|price\n1|one|1.50\n2|a|"b|\n3||-2.25\n'),
    "csv": ("FORMAT AS CSV", "0000_part_00", b'1,one,1.50\n2,"a|""b",\n3,,-2.25\n'),
    "csv with header": ("CSV HEADER", "0000_part_00", b'id,word,price\n1,one,1.50\n2,"a|""b",\n3,,-2.25\n'),
    "json": ("FORMAT JSON", "0000_part_00",
             b'{"id":1,"word":"one","price":1.5}\n{"id":2,"word":"a|\\"b","price":null}\n'
             b'{"id":3,"word":null,"price":-2.25}\n'),
    "in series": ("PARALLEL OFF", "000", b'1|one|1.50\n2|a|"b|\n3||-2.25\n'),
    "fixed widths": ("FIXEDWIDTH 'id:3,word:5,price:6'", "0000_part_00",
                     b'1  one  1.50  \n2  a|"b       \n3       -2.25 \n'),
    "extension": ("CSV EXTENSION 'csv'", "0000_part_00.csv", b'1,one,1.50\n2,"a|""b",\n3,,-2.25\n'),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_unload_writes_text_as_its_options_say(unloader: Unloader, name: str) -> None:
    options, key, expected = CASES[name]
    assert unloader.unload(options) == {key: expected}


def test_files_are_compressed_and_say_so(unloader: Unloader) -> None:
    text = CASES["csv"][2]
    assert gzip.decompress(unloader.unload("CSV GZIP")["0000_part_00.gz"]) == text
    assert bz2.decompress(unloader.unload("CSV BZIP2")["0000_part_00.bz2"]) == text
    packed = unloader.unload("CSV ZSTD")["0000_part_00.zst"]
    assert zstandard.ZstdDecompressor().decompressobj().decompress(packed) == text


def test_parquet_keeps_types(unloader: Unloader) -> None:
    (data,) = unloader.unload("FORMAT PARQUET").values()
    table = pq.read_table(io.BytesIO(data))
    assert [str(each) for each in table.schema.types] == ["int32", "string", "decimal128(8, 2)"]
    assert table.column("id").to_pylist() == [1, 2, 3]


def test_partitions_are_folders(unloader: Unloader) -> None:
    query = "SELECT id, word, CASE WHEN id < 3 THEN 'low' END AS level FROM sold"
    without = unloader.unload("FORMAT PARQUET PARTITION BY (level)", query)
    assert sorted(without) == [
        "level=__HIVE_DEFAULT_PARTITION__/0000_part_00.parquet",
        "level=low/0000_part_00.parquet",
    ]
    assert pq.read_table(io.BytesIO(without["level=low/0000_part_00.parquet"])).column_names == ["id", "word"]
    included = unloader.unload("CSV PARTITION BY (level) INCLUDE", "SELECT id, 'x' AS level FROM sold WHERE id = 1")
    assert included == {"level=x/0000_part_00": b"1,x\n"}
    with pytest.raises(psycopg.Error, match='Partition column "nothing" is not in the query'):
        unloader.unload("PARTITION BY (nothing)")


def test_a_manifest_lists_the_objects(unloader: Unloader) -> None:
    found = unloader.unload("MANIFEST")
    url = f"s3://{BUCKET}/out/{unloader.made}/0000_part_00"
    assert json.loads(found["manifest"]) == {"entries": [{"url": url}]}
    found = unloader.unload("MANIFEST VERBOSE")
    url, size = f"s3://{BUCKET}/out/{unloader.made}/0000_part_00", len(found["0000_part_00"])
    assert json.loads(found["manifest"]) == {
        "entries": [{"url": url, "meta": {"content_length": size, "record_count": 3}}],
        "schema": {
            "elements": [
                {"name": "id", "type": {"base": "integer"}},
                {"name": "word", "type": {"base": "character varying"}},
                {"name": "price", "type": {"base": "numeric", "precision": 8, "scale": 2}},
            ]
        },
        "meta": {"content_length": size, "record_count": 3},
        "author": {"name": "Amazon Redshift", "version": "1.0.0"},
    }


def test_what_is_there_is_kept_unless_the_statement_says_otherwise(
    unloader: Unloader, connection: psycopg.Connection[Any]
) -> None:  # fmt: skip
    unload = f"UNLOAD ('SELECT id FROM sold WHERE id = 1') TO 's3://{BUCKET}/kept/' IAM_ROLE '{unloader.role}' CSV"
    unloader.s3.put_object(Bucket=BUCKET, Key="kept/other", Body=b"x")
    with pytest.raises(psycopg.Error, match="Specified unload destination on S3 is not empty"):
        connection.execute(unload)
    connection.execute(f"{unload} ALLOWOVERWRITE")
    assert unloader.objects("kept/") == {"other": b"x", "0000_part_00": b"1\n"}
    connection.execute(f"{unload} CLEANPATH")
    assert unloader.objects("kept/") == {"0000_part_00": b"1\n"}
    with pytest.raises(psycopg.Error, match="cannot be specified together"):
        connection.execute(f"{unload} CLEANPATH ALLOWOVERWRITE")


def test_files_are_no_larger_than_they_may_be(unloader: Unloader, connection: psycopg.Connection[Any]) -> None:
    connection.execute("CREATE TABLE wide (word varchar(500))")
    connection.execute("INSERT INTO wide SELECT repeat('x', 400) FROM sold, sold AS b, sold AS c, sold AS d, sold AS e")
    for _ in range(4):
        connection.execute("INSERT INTO wide SELECT * FROM wide UNION ALL SELECT * FROM wide")
    found = unloader.unload("PARALLEL OFF MAXFILESIZE 5 MB", "SELECT * FROM wide")
    assert sorted(found) == ["000", "001"]
    assert sum(data.count(b"\n") for data in found.values()) == 243 * 81
    with pytest.raises(psycopg.Error, match=r"MAXFILESIZE must be between 5 MB and 6.2 GB"):
        unloader.unload("MAXFILESIZE 1 MB")


def test_what_unload_writes_copy_reads(unloader: Unloader, connection: psycopg.Connection[Any]) -> None:
    """Every type, by every format that has it."""
    columns = (
        "a smallint, b int, c bigint, d decimal(10, 3), e real, f double precision, g boolean, h char(4), "
        "i varchar(50), j date, k timestamp, l timestamptz, m time, n varbyte(10)"
    )
    connection.execute(f"CREATE TABLE every ({columns})")
    connection.execute(
        "INSERT INTO every VALUES (1, 2, 3, 4.125, 1.5, 2.25, true, 'ab', 'é|\"''\\\\ x', '2013-01-05', "
        "'2013-01-05 10:11:12.5', '2013-01-05 10:11:12+02', '10:11:12', from_hex('00ff')), "
        "(-1, -2, -3, -4.125, -1.5, -2.25, false, '', '', '1900-01-01', '1900-01-01', '1900-01-01 00:00:00+00', "
        "'00:00:00', from_hex('')), "
        "(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)"
    )
    for wrote, reads in (
        (r"NULL AS '@NULL' ESCAPE", r"NULL AS '@NULL' ESCAPE"),
        ("NULL AS '@NULL' ADDQUOTES ESCAPE", "NULL AS '@NULL' REMOVEQUOTES ESCAPE"),
        ("CSV NULL AS '@NULL' HEADER GZIP", "CSV NULL AS '@NULL' IGNOREHEADER 1 GZIP"),
        ("JSON", "JSON 'auto'"),
        ("PARQUET", "PARQUET"),
    ):
        unloader.unload(f"{wrote} MANIFEST", "SELECT * FROM every")
        connection.execute("DROP TABLE IF EXISTS again")
        connection.execute(f"CREATE TABLE again ({columns})")
        manifest = f"s3://{BUCKET}/out/{unloader.made}/manifest"
        connection.execute(f"COPY again FROM '{manifest}' IAM_ROLE '{unloader.role}' {reads} MANIFEST")
        assert connection.execute("SELECT count(*) FROM again").fetchone() == (3,)
        for one, other in (("every", "again"), ("again", "every")):
            lost = connection.execute(f"SELECT b, h, i FROM (SELECT * FROM {one} EXCEPT SELECT * FROM {other})")
            assert lost.fetchall() == [], wrote


def test_an_empty_result_comes_back_empty(unloader: Unloader, connection: psycopg.Connection[Any]) -> None:
    assert unloader.unload("CSV", "SELECT * FROM sold WHERE id > 9") == {"0000_part_00": b""}
    connection.execute("CREATE TABLE nobody (id int, word varchar(20), price decimal(8, 2))")
    source = f"s3://{BUCKET}/out/{unloader.made}/"
    connection.execute(f"COPY nobody FROM '{source}' IAM_ROLE '{unloader.role}' CSV")
    assert connection.execute("SELECT count(*) FROM nobody").fetchone() == (0,)


def test_the_role_decides_and_each_object_is_recorded(
    lab: RunningLab, unloader: Unloader, connection: psycopg.Connection[Any]
) -> None:  # fmt: skip
    unloader.unload("CSV")
    key = f"arn:aws:s3:::{BUCKET}/out/{unloader.made}/0000_part_00"
    puts = [call for call in lab.calls() if call["operation"] == "PutObject" and call["resources"] == [key]]
    assert [call["principal"].split("/")[1] for call in puts] == ["redshift-unloading"]
    deny = {"Effect": "Deny", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{BUCKET}/secret/*"}
    lab.client("iam").put_role_policy(
        RoleName="redshift-unloading", PolicyName="deny",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
    )  # fmt: skip
    with pytest.raises(psycopg.Error, match=r"S3ServiceException:.*not authorized to perform: s3:PutObject"):
        connection.execute(f"UNLOAD ('SELECT 1') TO 's3://{BUCKET}/secret/x' IAM_ROLE '{unloader.role}'")
    key_arn = lab.client("kms").create_key()["KeyMetadata"]["Arn"]
    allow = {"Effect": "Allow", "Action": ["kms:GenerateDataKey", "kms:Decrypt"], "Resource": key_arn}
    lab.client("iam").put_role_policy(
        RoleName="redshift-unloading", PolicyName="key",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]}),
    )  # fmt: skip
    unloader.unload(f"KMS_KEY_ID '{key_arn}' ENCRYPTED")
    head = unloader.s3.head_object(Bucket=BUCKET, Key=f"out/{unloader.made}/0000_part_00")
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key_arn)


@pytest.mark.parametrize(
    ("query", "options", "message"),
    [
        ("SELECT * FROM sold LIMIT 2", "", "Limit clause is not supported"),
        ("DELETE FROM sold", "", "syntax error"),
        ("SELECT * FROM nothing", "", 'relation "nothing" does not exist'),
        ("SELECT 1", "PARQUET GZIP", "GZIP is not supported for UNLOAD to PARQUET"),
        ("SELECT 1", "CSV ADDQUOTES", "ADDQUOTES is not supported with CSV"),
        ("SELECT 1", "SURPRISE", 'syntax error at or near "SURPRISE"'),
    ],
)
def test_what_unload_does_not_do_is_refused(unloader: Unloader, query: str, options: str, message: str) -> None:
    with pytest.raises(psycopg.Error, match=message):
        unloader.unload(options, query)


def test_the_number_of_rows_is_known_afterwards(unloader: Unloader, connection: psycopg.Connection[Any]) -> None:
    unloader.unload("CSV")
    assert connection.execute("SELECT pg_last_unload_count()").fetchone() == (3,)
    found = connection.execute("SELECT trim(path), line_count FROM stl_unload_log WHERE query = pg_last_unload_id()")
    assert found.fetchall() == [(f"s3://{BUCKET}/out/{unloader.made}/0000_part_00", 3)]
