"""Athena reads objects with the rights of who asks the query, and leaves the records that S3 leaves on AWS.

Sources: "Access control for Athena" (Athena user guide), "Forward access sessions" (IAM user guide), "Using server-side
encryption with AWS KMS keys" (S3 user guide).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.engines.athena_tools import Athena, as_role
from tests.gateway.deciding import DecidingLab

ROLE = "arn:aws:iam::123456789012:role/reader"
SESSION = "arn:aws:sts::123456789012:assumed-role/reader/access"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DecidingLab]:
    yield from DecidingLab.in_turn(tmp_path_factory.mktemp("deciding"))


@pytest.fixture(scope="module")
def athena(lab: DecidingLab) -> Athena:
    """Athena as a role: a table over three objects, one over two partitions, one of Iceberg."""
    engine = Athena(lab, "access", "access")
    for key in ("plain/1.csv", "plain/2.csv", "plain/3.csv", "parted/day=1/a.csv", "parted/day=2/b.csv"):
        engine.put(key, "1\n")
    engine("CREATE EXTERNAL TABLE plain (n int) LOCATION 's3://access/plain/'")
    engine("CREATE EXTERNAL TABLE parted (n int) PARTITIONED BY (day int) LOCATION 's3://access/parted/'")
    engine("MSCK REPAIR TABLE parted")
    engine("CREATE TABLE ice (n int) LOCATION 's3://access/ice/' TBLPROPERTIES ('table_type' = 'ICEBERG')")
    engine("INSERT INTO ice VALUES 1")
    engine.client = as_role(lab, "reader", "access")
    return engine


def reads(lab: DecidingLab, since: int) -> list[dict[str, Any]]:
    """The records of GetObject that the role's queries have left after the first *since* calls, results apart."""
    return [
        call
        for call in lab.calls()[since:]
        if (call["service"], call["operation"], call["principal"]) == ("s3", "GetObject", SESSION)
        and "/results/" not in call["resources"][0]
    ]


def test_each_object_is_decided_and_recorded_for_who_asks(lab: DecidingLab, athena: Athena) -> None:
    before, asked = len(lab.calls()), len(lab.asked())
    athena("SELECT n FROM plain")
    keys = [f"arn:aws:s3:::access/plain/{number}.csv" for number in (1, 2, 3)]
    wanted = [each for each in lab.asked()[asked:] if each["action"] == "s3:GetObject" and "plain" in str(each)]
    assert [(each["caller"], each["resources"]) for each in wanted] == [(SESSION, keys)]
    assert wanted[0]["context"]["aws:calledvia"] == "athena.amazonaws.com"
    records = reads(lab, before)
    assert [record["resources"] for record in records] == [[key] for key in keys]
    assert records[0]["request_parameters"] == {"Bucket": "access", "Key": "plain/1.csv"}
    told = ("principal_type", "session_issuer", "via", "source_ip", "status", "error")
    assert [records[0][name] for name in told] == ["AssumedRole", ROLE, *["athena.amazonaws.com"] * 2, 200, None]


def test_only_the_partitions_that_are_read_count(lab: DecidingLab, athena: Athena) -> None:
    before = len(lab.calls())
    athena("SELECT n FROM parted WHERE day = 2")
    assert [record["resources"] for record in reads(lab, before)] == [["arn:aws:s3:::access/parted/day=2/b.csv"]]


@pytest.mark.parametrize("sql", ["SHOW TABLES", "EXPLAIN SELECT n FROM plain"])
def test_what_reads_nothing_leaves_no_record_of_reading(lab: DecidingLab, athena: Athena, sql: str) -> None:
    before = len(lab.calls())
    athena(sql)
    assert reads(lab, before) == []


@pytest.mark.parametrize("table", ["plain", "parted", "ice"])
def test_who_may_not_get_objects_cannot_query_them(lab: DecidingLab, athena: Athena, table: str) -> None:
    before = len(lab.calls())
    with lab.refusing("s3:GetObject"):
        reason = athena.fails(f"SELECT n FROM {table}")
    assert "Access Denied" in reason or "not authorized to perform: s3:GetObject" in reason
    denied = [call for call in lab.calls()[before:] if call["error"] in ("AccessDenied", "403")]
    assert {(call["principal"], call["via"]) for call in denied} == {(SESSION, "athena.amazonaws.com")}
    assert len(athena(f"SELECT n FROM {table}").rows) >= 1


@pytest.mark.parametrize("action", ["glue:GetTable", "glue:GetPartitions"])
def test_the_catalog_is_decided_too(lab: DecidingLab, athena: Athena, action: str) -> None:
    with lab.refusing(action):
        assert "not authorized" in athena.fails("SELECT n FROM parted")


def test_the_listing_is_decided_too(lab: DecidingLab, athena: Athena) -> None:
    asked = len(lab.asked())
    athena("SELECT n FROM plain")
    listed = [each for each in lab.asked()[asked:] if each["action"] == "s3:ListBucket"]
    assert {(each["caller"], *each["resources"]) for each in listed} == {(SESSION, "arn:aws:s3:::access")}


def test_results_are_written_as_who_asks(lab: DecidingLab, athena: Athena) -> None:
    with lab.refusing("s3:PutObject"):
        assert "not authorized to perform: s3:PutObject" in athena.fails("SELECT n FROM plain")


@pytest.mark.parametrize("way", ["disabled", "refused"])
@pytest.mark.parametrize("with_bucket_key", [False, True])
def test_an_object_needs_its_key(lab: DecidingLab, athena: Athena, way: str, with_bucket_key: bool) -> None:
    kms = lab.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    sse = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key, "BucketKeyEnabled": with_bucket_key}
    way += str(with_bucket_key)
    athena.s3.put_object(Bucket="access", Key=f"{way}/a.csv", Body=b"1\n", **sse)
    athena(f"CREATE EXTERNAL TABLE {way} (n int) LOCATION 's3://access/{way}/'")
    since = len(lab.calls())
    assert athena(f"SELECT n FROM {way}").rows == [("1",)]
    decrypted = [call for call in lab.calls()[since:] if call["operation"] == "Decrypt"]
    assert [(call["principal"], call["via"], call["resources"]) for call in decrypted] == [
        (SESSION, "s3.amazonaws.com", [key])
    ]
    if way.startswith("refused"):
        with lab.refusing("kms:Decrypt"):
            assert f"not authorized to perform: kms:Decrypt on resource: {key}" in athena.fails(f"SELECT n FROM {way}")
        return
    kms.disable_key(KeyId=key)
    assert "KMS.DisabledException" in athena.fails(f"SELECT n FROM {way}")
    kms.enable_key(KeyId=key)
    assert len(athena(f"SELECT n FROM {way}").rows) == 1


def test_tables_over_encrypted_objects(lab: DecidingLab, athena: Athena) -> None:
    """S3 user guide, "Setting default server-side encryption": whatever is written and read, partitions and Iceberg
    too. What is decrypted for a query goes with it."""
    athena.s3.create_bucket(Bucket="locked")
    key = lab.client("kms").create_key()["KeyMetadata"]["Arn"]
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
    athena.s3.put_bucket_encryption(Bucket="locked", ServerSideEncryptionConfiguration=rules)
    athena("CREATE TABLE lake WITH (external_location = 's3://locked/lake/', partitioned_by = ARRAY['day'])"
           " AS SELECT n, n AS day FROM plain UNION ALL SELECT 2, 2")  # fmt: skip
    athena("CREATE TABLE iced (n int) LOCATION 's3://locked/iced/' TBLPROPERTIES ('table_type' = 'ICEBERG')")
    athena("INSERT INTO iced SELECT n FROM lake WHERE day = 2")
    athena("UPDATE iced SET n = 3")
    assert athena("SELECT n, count(*) FROM lake GROUP BY n ORDER BY n").rows == [("1", "3"), ("2", "1")]
    assert athena("SELECT n FROM iced").rows == [("3",)]
    encrypted = [athena.s3.head_object(Bucket="locked", Key=item["Key"]).get("SSEKMSKeyId") for item in
                 athena.s3.list_objects_v2(Bucket="locked")["Contents"]]  # fmt: skip
    assert set(encrypted) == {key} and len(encrypted) > 5
    lab.client("kms").disable_key(KeyId=key)
    for table in ("lake", "iced"):
        assert "KMS.DisabledException" in athena.fails(f"SELECT n FROM {table}")
    assert not [path for path in (lab.directory / "athena" / "scratch").rglob("*") if path.is_file()]


def test_many_objects_are_few_records(lab: DecidingLab, athena: Athena) -> None:
    """A hundred have a record each, the rest one together: a query over 100,000 must not write for longer than read."""
    for number in range(110):
        athena.put(f"many/{number:03}.csv", "1\n")
    athena("CREATE EXTERNAL TABLE many (n int) LOCATION 's3://access/many/'")
    before = len(lab.calls())
    athena("SELECT count(*) FROM many")
    records = reads(lab, before)
    assert [record["requests"] for record in records] == [1] * 100 + [10]
    assert records[-1]["resources"] == ["arn:aws:s3:::access/many/10*"]
