"""Names: valid on real AWS (S3 User Guide, "General purpose bucket naming rules"), the same on every run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

import dehelpers as de
from dehelpers.words.names import RULES
from tests.conftest import RunningLab
from tests.connected import connected


@pytest.fixture(scope="module", autouse=True)
def session(lab: RunningLab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[de.Session]:
    with connected(lab, tmp_path_factory.mktemp("home"), prefix="names") as session:
        yield session


def test_a_bucket_is_unique_in_the_world_and_the_same_when_a_cell_runs_again() -> None:
    assert de.name("lake") == de.name("lake") == "names-lake-123456789012-us-east-1"
    boto3.client("s3").create_bucket(Bucket=de.name("lake"))


def test_other_kinds_are_unique_in_the_account() -> None:
    assert de.name("departures", "stream") == "names-departures"
    assert de.name("bad-records", "queue") == "names-bad-records"
    assert de.name("lake-raw", "database") == "names_lake_raw", "Athena reads it as SQL: no hyphens"


@pytest.mark.parametrize(
    ("what", "kind", "cause"),
    [
        ("Lake", "bucket", "small letters"),
        ("lake_raw", "bucket", "small letters"),
        ("lake.raw", "bucket", "small letters"),
        ("l" * 40, "bucket", "at most 63"),
        ("s" * 128, "stream", "at most 128"),
        ("dead letters", "queue", "letters, digits"),
        ("", "bucket", "cannot name"),
        ("lake", "warehouse", "choose from bucket, stream"),
    ],
)
def test_what_aws_would_refuse_is_refused_here_with_the_reason(what: str, kind: str, cause: str) -> None:
    with pytest.raises(ValueError, match=cause):
        de.name(what, kind)


@pytest.mark.parametrize("prefix", ["xn-", "sthree", "amzn-s3-demo"])
def test_prefixes_that_aws_reserves(lab: RunningLab, tmp_path: Path, prefix: str) -> None:
    with connected(lab, tmp_path, prefix=prefix), pytest.raises(ValueError, match="reserves"):
        de.name("lake")


@pytest.mark.parametrize("kind", RULES)
def test_every_kind_has_a_name(kind: str) -> None:
    assert de.name("x1", kind).startswith("names")
