"""COPY reads every format and option that it documents.

Held to the Redshift database developer guide: "COPY", "Data format parameters", "File compression parameters", "Data
conversion parameters", "COPY from JSON format", "COPY from columnar data formats", "COPY from Avro", "Using a manifest
to specify data files", "Authorization parameters".
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import fastavro
import psycopg
import pyarrow as pa
import pyarrow.orc as orc
import pyarrow.parquet as pq
import pytest
import zstandard

from tests.conftest import RunningLab
from tests.engines.redshift_tools import TRUST, Cluster, create

BUCKET = "formats-to-copy"


@pytest.fixture(scope="module")
def cluster(lab: RunningLab) -> Iterator[Cluster]:
    made = create(lab, "copying", "AmazonS3ReadOnlyAccess")
    lab.client("s3").create_bucket(Bucket=BUCKET)
    yield made
    lab.client("redshift").delete_cluster(ClusterIdentifier="copying", SkipFinalClusterSnapshot=True)


@pytest.fixture(scope="module")
def connection(cluster: Cluster) -> Iterator[psycopg.Connection[Any]]:
    with cluster.connect() as connection:
        yield connection


class Copier:
    """Puts objects, copies them into a new table, and says what is in it."""

    def __init__(self, lab: RunningLab, cluster: Cluster, connection: psycopg.Connection[Any]) -> None:
        self.s3, self.role, self.connection = lab.client("s3"), cluster.role, connection
        self.made = 0

    def put(self, data: bytes, suffix: str = "") -> str:
        self.made += 1
        key = f"in/{self.made}{suffix}"
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=data)
        return f"s3://{BUCKET}/{key}"

    def load(self, columns: str, data: bytes, options: str, listed: str = "") -> list[tuple[Any, ...]]:
        uri = self.put(data)
        self.connection.execute("DROP TABLE IF EXISTS copied")
        self.connection.execute(f"CREATE TABLE copied ({columns})")
        self.connection.execute(f"COPY copied {listed} FROM '{uri}' IAM_ROLE '{self.role}' {options}")
        return self.connection.execute("SELECT * FROM copied ORDER BY 1").fetchall()


@pytest.fixture(scope="module")
def copier(lab: RunningLab, cluster: Cluster, connection: psycopg.Connection[Any]) -> Copier:
    return Copier(lab, cluster, connection)


TWO = "id int, word varchar(20)"
#: Columns, what is in the object, COPY's options, what is in the table then.
CASES: dict[str, tuple[str, bytes, str, list[tuple[Any, ...]]]] = {
    "text": (TWO, b"1|one\n2|two\n", "", [(1, "one"), (2, "two")]),
    "text ends with delimiter": (TWO, b"1|one|\n2|two|\n", "", [(1, "one"), (2, "two")]),
    "delimiter": (TWO, b"1\tone\n2\ttwo\n", r"DELIMITER '\t'", [(1, "one"), (2, "two")]),
    "csv": (TWO, b'1,"a, ""b"""\r\n2,c\r\n', "CSV", [(1, 'a, "b"'), (2, "c")]),
    "csv with a line break": (TWO, b'1,"a\nb"\n2,c\n', "FORMAT AS CSV", [(1, "a\nb"), (2, "c")]),
    "csv quote": (TWO, b"1,%a, b%\n", "CSV QUOTE AS '%'", [(1, "a, b")]),
    "csv delimiter": (TWO, b"1;one\n", "CSV DELIMITER ';'", [(1, "one")]),
    "header": (TWO, b"id,word\n1,one\n", "CSV IGNOREHEADER 1", [(1, "one")]),
    "empty text is empty, empty number is null": (TWO, b"1,\n,x\n", "CSV", [(1, ""), (None, "x")]),
    "emptyasnull": (TWO, b"1,\n", "CSV EMPTYASNULL", [(1, None)]),
    "blanksasnull": (TWO, b"1,  \n", "CSV BLANKSASNULL", [(1, None)]),
    "null as backslash n": (TWO, b"1|\\N\n", "", [(1, None)]),
    "null as": (TWO, b"1,NA\n2,x\n", "CSV NULL AS 'NA'", [(1, None), (2, "x")]),
    "trimblanks": (TWO, b"1,x  \n", "CSV TRIMBLANKS", [(1, "x")]),
    "truncatecolumns": ("id int, word varchar(4)", "1,abcdef\n2,ééé\n".encode(), "CSV TRUNCATECOLUMNS",
                        [(1, "abcd"), (2, "éé")]),
    "fillrecord": (TWO, b"1,x\n2\n", "CSV FILLRECORD", [(1, "x"), (2, None)]),
    "ignoreblanklines": (TWO, b"1,x\n\n2,y\n", "CSV IGNOREBLANKLINES", [(1, "x"), (2, "y")]),
    "escape": (TWO, b"1|a\\|b\n2|c\\\nd\n3|\\\\\n", "ESCAPE", [(1, "a|b"), (2, "c\nd"), (3, "\\")]),
    "removequotes": (TWO, b"1|\"a|b\"\n2|'c'\n", "REMOVEQUOTES", [(1, "a|b"), (2, "c")]),
    "acceptinvchars": (TWO, b"1,a\xffb\n", "CSV ACCEPTINVCHARS AS '^'", [(1, "a^b")]),
    "fixedwidth": (TWO, b"001one\n012twelve\n", "FIXEDWIDTH 'id:3,word:6'", [(1, "one"), (12, "twelve")]),
    "latin 1": (TWO, "1,é\n".encode("latin-1"), "CSV ENCODING ISO88591", [(1, "é")]),
    "utf 16": (TWO, "1,é\n".encode("utf-16"), "CSV ENCODING UTF16", [(1, "é")]),
    "gzip": (TWO, gzip.compress(b"1,x\n"), "CSV GZIP", [(1, "x")]),
    "bzip2": (TWO, bz2.compress(b"1,x\n"), "CSV BZIP2", [(1, "x")]),
    "zstd": (TWO, zstandard.compress(b"1,x\n"), "CSV ZSTD", [(1, "x")]),
    "accepted": (TWO, b"1,x\n", "CSV COMPUPDATE OFF STATUPDATE ON REGION 'us-east-1' MAXERROR 5", [(1, "x")]),
    "decimals are cut off": ("n decimal(6, 2)", b"1.239\n-1.239\n20\n", "CSV",
                             [(Decimal("-1.23"),), (Decimal("1.23"),), (Decimal("20.00"),)]),
    "rounded": ("n decimal(6, 2)", b"1.239\n", "CSV ROUNDEC", [(Decimal("1.24"),)]),
    "booleans": ("b boolean, n int", b"t,1\nFALSE,2\nyes,3\n0,4\n,5\n", "CSV",
                 [(False, 2), (False, 4), (True, 1), (True, 3), (None, 5)]),
    "dates": ("d date, t timestamp", b"2013-01-05,2013-01-05 10:11:12\n", "CSV",
              [(date(2013, 1, 5), datetime(2013, 1, 5, 10, 11, 12))]),
    "formats": ("d date, t timestamp", b"05/01/2013,01/05/2013 03:30:00 PM\n",
                "CSV DATEFORMAT 'DD/MM/YYYY' TIMEFORMAT 'MM/DD/YYYY HH:MI:SS AM'",
                [(date(2013, 1, 5), datetime(2013, 1, 5, 15, 30))]),
    "auto": ("d date, t timestamp", b"01/05/2013,2013-01-05T03:04:05\n20130106,01/06/2013 03:04\n",
             "CSV DATEFORMAT 'auto' TIMEFORMAT 'auto'",
             [(date(2013, 1, 5), datetime(2013, 1, 5, 3, 4, 5)), (date(2013, 1, 6), datetime(2013, 1, 6, 3, 4))]),
    "epoch": ("t timestamp", b"1357000000\n", "CSV TIMEFORMAT 'epochsecs'", [(datetime(2013, 1, 1, 0, 26, 40),)]),
    "epoch in milliseconds": ("t timestamp", b"1357000000500\n", "CSV TIMEFORMAT AS 'epochmillisecs'",
                              [(datetime(2013, 1, 1, 0, 26, 40, 500_000),)]),
    "acceptanydate": ("n int, d date", b"1,2013-13-45\n", "CSV ACCEPTANYDATE", [(1, None)]),
    "json": (TWO, b'{"id": 1, "word": "one", "more": 2}\n{"word": null,\n "id": 2}{"id": 3}', "JSON 'auto'",
             [(1, "one"), (2, None), (3, None)]),
    "json ignores case": (TWO, b'{"ID": 1, "Word": "one"}', "FORMAT JSON 'auto ignorecase'", [(1, "one")]),
    "json within json": (TWO, b'{"id": 1, "word": {"a": [1, 2]}}', "JSON AS 'auto'", [(1, '{"a":[1,2]}')]),
    "packed json": (TWO, gzip.compress(b'{"id": 1, "word": "one"}'), "JSON 'auto' GZIP", [(1, "one")]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_copy_reads_text_as_its_options_say(copier: Copier, name: str) -> None:
    columns, data, options, expected = CASES[name]
    assert copier.load(columns, data, options) == expected


def test_a_column_list_leaves_the_others_to_their_defaults(copier: Copier) -> None:
    columns = "id int, word varchar(20) DEFAULT 'none', n int"
    assert copier.load(columns, b"7,1\n", "CSV", "(n, id)") == [(1, "none", 7)]
    with pytest.raises(psycopg.errors.UndefinedColumn, match='column "x" of relation "copied" does not exist'):
        copier.load(columns, b"7,1\n", "CSV", "(n, x)")


def test_a_table_numbers_its_rows_unless_the_file_does(copier: Copier) -> None:
    columns = "id int IDENTITY(1, 1), word varchar(9)"
    assert copier.load(columns, b"a\n", "CSV") == [(1, "a")]
    assert copier.load(columns, b"7,a\n", "CSV EXPLICIT_IDS") == [(7, "a")]
    with pytest.raises(psycopg.Error, match="EXPLICIT_IDS is needed"):
        copier.load(columns, b"7,a\n", "CSV", "(id, word)")


def test_a_whole_document_is_one_super(copier: Copier) -> None:
    found = copier.load("doc super", b'{"a": [1, {"b": null}]}', "JSON 'noshred'")
    assert json.loads(found[0][0]) == {"a": [1, {"b": None}]}


def test_paths_say_where_values_lie(copier: Copier) -> None:
    paths = copier.put(json.dumps({"jsonpaths": ["$.who.id", "$['names'][1]"]}).encode(), ".jsonpaths")
    data = b'{"who": {"id": 5}, "names": ["a", "b"]}\n{"who": {"id": 6}}'
    assert copier.load(TWO, data, f"JSON '{paths}'") == [(5, "b"), (6, None)]
    with pytest.raises(psycopg.Error, match="Number of jsonpaths and the number of columns should match"):
        copier.load("id int", data, f"JSON '{paths}'")


def test_columnar_files_are_read_by_place(copier: Copier) -> None:
    table = pa.table({"other": [2, 1], "name": ["b", "a"], "at": [datetime(2013, 1, 2), None]})
    for options, write in (("PARQUET", pq.write_table), ("FORMAT AS ORC", orc.write_table)):
        file = io.BytesIO()
        write(table, file)
        columns = "id bigint, word varchar(20), moment timestamp"
        assert copier.load(columns, file.getvalue(), options) == [(1, "a", None), (2, "b", datetime(2013, 1, 2))]
        with pytest.raises(psycopg.Error, match=r"Unmatched number of columns.*Table columns: 2, Data columns: 3"):
            copier.load(TWO, file.getvalue(), options)
        with pytest.raises(psycopg.Error, match="incompatible Parquet schema for column"):
            copier.load("a bigint, b date, c timestamp", file.getvalue(), options)
        with pytest.raises(psycopg.Error, match=f"argument is not supported for {options.split()[-1]} based COPY"):
            copier.load(columns, file.getvalue(), f"{options} MAXERROR 3")


def test_avro_is_read_by_name(copier: Copier) -> None:
    fields = [{"name": "word", "type": "string"}, {"name": "id", "type": ["null", "int"]}]
    file = io.BytesIO()
    fastavro.writer(file, {"type": "record", "name": "r", "fields": fields}, [{"word": "x", "id": 1}])
    assert copier.load(TWO, file.getvalue(), "FORMAT AS AVRO 'auto'") == [(1, "x")]


def test_a_manifest_names_the_objects(copier: Copier) -> None:
    there, also = copier.put(b"1|a\n"), copier.put(b"2|b\n")

    def manifest(*entries: tuple[str, bool]) -> bytes:
        return json.dumps({"entries": [{"url": url, "mandatory": mandatory} for url, mandatory in entries]}).encode()

    missing = f"s3://{BUCKET}/in/none"
    listed = manifest((there, True), (also, True), (missing, False))
    assert copier.load(TWO, listed, "MANIFEST") == [(1, "a"), (2, "b")]
    with pytest.raises(psycopg.Error, match="in/none"):
        copier.load(TWO, manifest((there, True), (missing, True)), "MANIFEST")
    with pytest.raises(psycopg.Error, match="not in correct json format"):
        copier.load(TWO, b"1|a\n", "MANIFEST")


def test_a_load_is_part_of_its_transaction(cluster: Cluster, copier: Copier) -> None:
    uri = copier.put(b"1,a\n2,b\n")
    with cluster.connect(autocommit=False) as connection:
        connection.execute("CREATE TABLE in_transaction (id int, word varchar(9))")
        connection.commit()
        for ends in (connection.rollback, connection.commit):
            connection.execute(f"COPY in_transaction FROM '{uri}' IAM_ROLE '{cluster.role}' CSV")
            connection.execute(f"COPY in_transaction FROM '{uri}' IAM_ROLE '{cluster.role}' CSV")
            assert connection.execute("SELECT count(*) FROM in_transaction").fetchone() == (4,)
            ends()
        assert connection.execute("SELECT count(*) FROM in_transaction").fetchone() == (4,)


def test_the_number_of_rows_is_known_afterwards(connection: psycopg.Connection[Any], copier: Copier) -> None:
    said: list[str | None] = []
    connection.add_notice_handler(lambda notice: said.append(notice.message_primary))
    copier.load(TWO, b"1,a\n2,b\n", "CSV")
    assert said[-1] == "Load into table 'copied' completed, 2 record(s) loaded successfully."
    assert connection.execute("SELECT pg_last_copy_count()").fetchone() == (2,)
    found = connection.execute(
        "SELECT trim(filename), lines_scanned FROM stl_load_commits WHERE query = pg_last_copy_id()"
    )
    assert found.fetchall() == [(f"s3://{BUCKET}/in/{copier.made}", 2)]


def test_rights_are_a_role_a_chain_of_roles_or_keys(lab: RunningLab, cluster: Cluster, copier: Copier) -> None:
    iam, uri, run = lab.client("iam"), copier.put(b"1,a\n"), copier.connection.execute
    run("CREATE TABLE by_rights (id int, word varchar(9))")
    with pytest.raises(psycopg.Error, match="No default IAM role"):
        run(f"COPY by_rights FROM '{uri}' IAM_ROLE default CSV")
    lab.client("redshift").modify_cluster_iam_roles(ClusterIdentifier="copying", DefaultIamRoleArn=cluster.role)
    user = iam.create_user(UserName="redshift-keys")["User"]["Arn"]
    key = iam.create_access_key(UserName="redshift-keys")["AccessKey"]
    iam.attach_user_policy(UserName="redshift-keys", PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    trust = json.loads(TRUST)
    trust["Statement"][0]["Principal"] = {"AWS": [cluster.role, user]}
    other = iam.create_role(RoleName="redshift-chained", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.attach_role_policy(RoleName="redshift-chained", PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    iam.put_role_policy(
        RoleName="redshift-copying", PolicyName="chain",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": other}]}),
    )  # fmt: skip
    id, secret = key["AccessKeyId"], key["SecretAccessKey"]
    forms = (
        "IAM_ROLE default",
        f"CREDENTIALS 'aws_iam_role={cluster.role}'",
        f"IAM_ROLE '{cluster.role},{other}'",
        f"ACCESS_KEY_ID '{id}' SECRET_ACCESS_KEY '{secret}'",
        f"CREDENTIALS AS 'aws_access_key_id={id};aws_secret_access_key={secret}'",
    )
    for form in forms:
        run(f"COPY by_rights FROM '{uri}' {form} CSV")
    assert run("SELECT count(*) FROM by_rights").fetchone() == (len(forms),)
    for form in (f"ACCESS_KEY_ID '{id}' SECRET_ACCESS_KEY 'x'", f"IAM_ROLE '{other}'"):
        with pytest.raises(psycopg.Error, match=r"SignatureDoesNotMatch|not authorized to assume"):
            run(f"COPY by_rights FROM '{uri}' {form} CSV")
    iam.detach_user_policy(UserName="redshift-keys", PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    with pytest.raises(psycopg.Error, match="AccessDenied"):
        run(f"COPY by_rights FROM '{uri}' {forms[-1]} CSV")


def test_encrypted_objects_take_the_right_to_decrypt(lab: RunningLab, copier: Copier, cluster: Cluster) -> None:
    key = lab.client("kms").create_key()["KeyMetadata"]["Arn"]
    uri = copier.put(b"1,a\n")
    copier.s3.put_object(
        Bucket=BUCKET, Key=uri.split("/", 3)[3], Body=b"1,a\n", ServerSideEncryption="aws:kms", SSEKMSKeyId=key
    )
    run = copier.connection.execute
    run("CREATE TABLE decrypted (id int, word varchar(9))")
    copy = f"COPY decrypted FROM '{uri}' IAM_ROLE '{cluster.role}' CSV"
    with pytest.raises(psycopg.Error, match="not authorized to perform: kms:Decrypt"):
        run(copy)
    statement = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key}
    lab.client("iam").put_role_policy(
        RoleName="redshift-copying", PolicyName="decrypt",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )  # fmt: skip
    run(copy)
    assert run("SELECT * FROM decrypted").fetchall() == [(1, "a")]
