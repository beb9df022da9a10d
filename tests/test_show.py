"""Pictures: an alt text that says what is seen, no colour alone, and a text for terminals."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from xml.etree import ElementTree

import boto3
import pandas as pd
import pytest
from matplotlib import pyplot as plt

import dehelpers as de
from dehelpers.words.decisions import decision_sketch
from dehelpers.words.diagram import STAGES
from tests.conftest import RunningLab
from tests.connected import connected
from tests.security.people import ACCOUNT, allow, deny, document


@pytest.fixture(scope="module")
def bucket(lab: RunningLab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with connected(lab, tmp_path_factory.mktemp("home"), prefix="show"):
        s3, name = boto3.client("s3"), de.name("lake")
        s3.create_bucket(Bucket=name)
        for month in range(1, 13):
            s3.put_object(Bucket=name, Key=f"raw/year=2013/month={month}/w.csv", Body=bytes(1_000 * month))
        s3.put_object(Bucket=name, Key="<readme>", Body=b"")
        yield name


def alt(picture: de.show.Picture) -> str:
    found = re.search(r'<figure[^>]*><img alt="([^"]+)"', picture.html)
    assert found
    return found[1]


def test_the_lake_is_a_tree_that_counts_and_folds(bucket: str) -> None:
    lines = repr(de.show.lake(bucket, depth=3)).splitlines()
    assert lines[0] == f"s3://{bucket}/: 13 objects, 78.0 kB"
    assert [line.split("  ")[0].strip() for line in lines[2:]] == [
        f"s3://{bucket}/",
        "├─ raw/",
        "│",
        "│",
        "│",
        "│",
        "│",
        "└─ <readme>",
    ]
    assert lines[4].split() == ["│", "└─", "year=2013/", "12", "78.0", "kB", "████████████"]
    assert lines[5].split()[:4] == ["│", "├─", "month=1/", "1"]
    assert lines[8].split() == ["│", "└─", "…", "9", "more", "9", "72.0", "kB", "███████████"]


def test_the_lake_escapes_keys_and_takes_a_prefix_and_a_depth(bucket: str) -> None:
    assert "&lt;readme&gt;" in de.show.lake(bucket).html
    shallow = repr(de.show.lake(bucket, "raw/", depth=1)).splitlines()
    assert shallow[0].endswith("/raw/: 12 objects, 78.0 kB")
    assert len(shallow) == 4


def test_the_lake_shortens_long_names_in_their_middle(bucket: str) -> None:
    """Firehose names its files by stream, time and a UUID: the tree would be wider than the page."""
    key = "long/de-01-curated-1-2026-11-26-22-01-02-7da7f30d-474e-4169-ba38-bb925ce43621.parquet"
    boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=b"1")
    [line] = [line for line in repr(de.show.lake(bucket, "long/")).splitlines() if ".parquet" in line]
    assert line.split()[1] == "de-01-curated-1-2026-1…-bb925ce43621.parquet"
    boto3.client("s3").delete_object(Bucket=bucket, Key=key)


def test_a_bill_has_cents_and_less_only_below_a_dollar() -> None:
    month = de.estimate({"s3.storage": 100, "s3.put": 10}, hours=730, title="A month")
    assert "A month, an estimate of 2.30 USD" in alt(de.show.cost(month))
    assert "0.000050" in alt(de.show.cost(month))


def test_an_empty_lake_is_no_error(bucket: str) -> None:
    assert "0 objects, 0 B" in repr(de.show.lake(bucket, "none/"))


def test_the_pipeline_has_every_part_and_says_which_one_this_is() -> None:
    picture = de.show.pipeline("ingestion")
    assert "This part is ingestion." in alt(picture)
    svg = base64.b64decode(picture.html.split("base64,")[1].split('"')[0]).decode()
    words = " ".join(ElementTree.fromstring(svg).itertext())
    assert "this part" in words
    for stage in STAGES:
        assert stage.name in words
        assert all(service in words for service in stage.services)
    assert "this part" not in base64.b64decode(de.show.pipeline().html.split("base64,")[1].split('"')[0]).decode()
    with pytest.raises(ValueError, match="choose from ingestion, storage"):
        de.show.pipeline("transport")


def test_shards_shows_the_cold_ones_too_and_says_the_shares() -> None:
    shards = [f"shardId-{number:012}" for number in range(3)]
    placed = [(batch, shards[0]) for batch in range(9)] + [(0, shards[1])]
    picture = de.show.shards(placed, shards, across="batch")
    assert alt(picture) == (
        "Records per shard: shard 0 9 (90%), shard 1 1 (10%), shard 2 0 (0%), over 9 values of batch."
    )
    assert repr(picture) == f"[picture: {alt(picture)}]"
    assert picture.html == de.show.shards(placed, shards, across="batch").html, "the same on every run"


def test_a_figure_needs_alt_text_title_and_labels_and_is_shown_once() -> None:
    fig, axes = plt.subplots()
    with pytest.raises(ValueError, match="no title"):
        de.show.figure(fig, "a line")
    axes.set_title("Delay")
    with pytest.raises(ValueError, match="no label"):
        de.show.figure(fig, "a line")
    axes.set(xlabel="hour", ylabel="minutes")
    with pytest.raises(ValueError, match="no alt text"):
        de.show.figure(fig, " ")
    assert alt(de.show.figure(fig, 'rises from 2 to 9 "minutes"')) == "rises from 2 to 9 &quot;minutes&quot;"
    assert not plt.get_fignums(), "the figure is closed, or the notebook would show it again"


def test_a_table_from_a_frame_or_from_rows() -> None:
    frame = pd.DataFrame({"origin": ["JFK", "<b>"], "flights": [111_279, 5], "delay": [12.1, 10.0]})
    picture = de.show.table(frame, "Flights, delay in minutes")
    assert repr(picture).splitlines() == [
        "Flights, delay in minutes",
        "origin  flights   delay",
        "JFK     111,279  12.100",
        "<b>           5      10",
    ]
    assert "&lt;b&gt;" in picture.html
    assert "<caption" in picture.html
    assert de.show.table(frame.to_dict("records"), "Flights, delay in minutes").html == picture.html
    assert de.show.table([], "Nothing").text.startswith("Nothing")


def test_a_decision_says_which_policies_were_asked_and_which_statement_decided(lab: RunningLab) -> None:
    """IAM API reference, EvaluationResult: the drawing is made of what SimulatePrincipalPolicy answers."""
    iam, name = lab.client("iam"), "drawn"
    trust = document({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    own = document(allow("s3:*"), deny("s3:DeleteObject"))
    iam.put_role_policy(RoleName=name, PolicyName="work", PolicyDocument=own)
    asked = {"PolicySourceArn": arn, "ResourceArns": ["arn:aws:s3:::lake/key"]}

    def drawn(*actions: str) -> str:
        return de.show.decision(iam.simulate_principal_policy(ActionNames=list(actions), **asked)).text

    assert "s3:GetObject on arn:aws:s3:::lake/key is allowed. Asked were policies: a statement allows; " in (
        drawn("s3:GetObject")
    )
    assert "is denied by a Deny. Asked were policies: a statement denies; role_drawn_work: line 1, column " in (
        drawn("s3:DeleteObject")
    )
    assert drawn("sqs:SendMessage").endswith("for nobody allows. Asked were policies: no statement allows.]")
    limit = iam.create_policy(PolicyName=name, PolicyDocument=document(allow("s3:Get*")))["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=limit)
    assert "boundary: allows" in drawn("s3:GetObject")
    assert drawn("s3:PutObject").endswith("Asked were policies: do not matter; boundary: does not allow.]")
    with pytest.raises(ValueError, match="one action on one resource"):
        drawn("s3:GetObject", "s3:PutObject")


def test_a_decision_marks_the_level_that_decided() -> None:
    """Answers as AWS gives them: of a member account, across accounts, and with a key that was not told."""
    answer: dict[str, object] = {"EvalActionName": "s3:ListBucket", "EvalResourceName": "*", "MatchedStatements": []}
    details = {"OrganizationsDecisionDetail": {"AllowedByOrganizations": False}, "EvalDecision": "implicitDeny"}
    drawing = decision_sketch({"EvaluationResults": [{**answer, **details}]})
    assert [box.name for box in drawing.boxes] == ["s3:ListBucket", "organization", "policies", "denied"]
    assert [box.name for box in drawing.boxes if box.marked] == ["organization"]
    across = {"EvalDecisionDetails": {"IAM Policy": "allowed", "Resource Policy": "implicitDeny"}}
    told = {**answer, **across, "EvalDecision": "implicitDeny", "MissingContextValues": ["aws:SourceIp"]}
    drawing = decision_sketch({"EvaluationResults": [told]})
    assert [(box.name, box.more) for box in drawing.boxes[3:]] == [
        ("IAM Policy", "allowed"),
        ("Resource Policy", "implicitDeny"),
        ("aws:SourceIp", "was not told"),
    ]
    ElementTree.fromstring(drawing.svg())
