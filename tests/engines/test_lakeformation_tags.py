"""LF-tags: made by whom, carried and inherited by what, and policies on them that grant.

Sources: Lake Formation developer guide, "Lake Formation tag-based access control"; API reference, CreateLFTag,
UpdateLFTag, AddLFTagsToResource, GetResourceLFTags, SearchTablesByLFTags.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import RunningLab
from tests.engines.lake_tools import Lake, Role, be_administrator, refused

ROWS = "UA,5,N1\nAA,-3,N2\n"


@pytest.fixture(scope="module")
def lake(lab: RunningLab) -> Lake:
    be_administrator(lab)
    made = Lake(lab, "tagged")
    made.table("flights", ROWS, carrier="string", delay="int", tail="string")
    made.table("planes", "N1,3\n", tail="string", seats="int")
    made.lake.create_lf_tag(TagKey="Level", TagValues=["public", "secret"])
    made.lake.create_lf_tag(TagKey="team", TagValues=["ops", "hr"])
    put(made, {"Database": {"Name": "tagged"}}, level="public", team="ops")
    put(made, made.columns("flights", "tail"), level="secret")
    return made


def put(lake: Lake, resource: dict[str, Any], **tags: str) -> None:
    pairs = [{"TagKey": key, "TagValues": [value]} for key, value in tags.items()]
    assert lake.lake.add_lf_tags_to_resource(Resource=resource, LFTags=pairs)["Failures"] == []


def policy(kind: str, **tags: list[str]) -> dict[str, Any]:
    expression = [{"TagKey": key, "TagValues": values} for key, values in tags.items()]
    return {"LFTagPolicy": {"ResourceType": kind, "Expression": expression}}


def pairs(told: list[dict[str, Any]]) -> dict[str, list[str]]:
    return {each["TagKey"]: each["TagValues"] for each in told}


def test_keys_and_values_are_kept_in_lower_case(lake: Lake) -> None:
    assert lake.lake.get_lf_tag(TagKey="level")["TagValues"] == ["public", "secret"]
    assert refused(lambda: lake.lake.create_lf_tag(TagKey="LEVEL", TagValues=["x"]))[0] == "AlreadyExistsException"
    assert {each["TagKey"] for each in lake.lake.list_lf_tags()["LFTags"]} >= {"level", "team"}
    assert refused(lambda: lake.lake.get_lf_tag(TagKey="never"))[0] == "EntityNotFoundException"


def test_tables_and_columns_inherit(lake: Lake) -> None:
    told = lake.lake.get_resource_lf_tags(Resource=lake.of("flights"))
    assert pairs(told["LFTagsOnTable"]) == {"level": ["public"], "team": ["ops"]}
    assert [(each["Name"], pairs(each["LFTags"])) for each in told["LFTagsOnColumns"]] == [
        ("tail", {"level": ["secret"]})
    ]
    own = lake.lake.get_resource_lf_tags(Resource=lake.of("flights"), ShowAssignedLFTags=True)
    assert "LFTagsOnTable" not in own
    column = lake.lake.get_resource_lf_tags(Resource=lake.columns("flights", "tail"))
    assert pairs(column["LFTagsOnColumns"][0]["LFTags"]) == {"level": ["secret"], "team": ["ops"]}


def test_a_policy_grants_what_carries_the_tags(lake: Lake) -> None:
    role = lake.as_role("policy")
    lake.grant(role, policy("TABLE", level=["public"], team=["ops", "hr"]), "SELECT", "DESCRIBE")
    athena = lake.queries(role)
    assert athena("SELECT * FROM flights").columns == ["carrier", "delay"]
    assert athena("SELECT * FROM planes").columns == ["tail", "seats"]
    lake.table("newer", "1\n", n="int")  # inherits from its database
    assert athena("SELECT n FROM newer").rows == [("1",)]
    put(lake, lake.of("newer"), team="hr", level="secret")
    assert "Insufficient Lake Formation" in athena.fails("SELECT n FROM newer")
    lake.grant(role, policy("TABLE", level=["secret"]), "SELECT")
    assert athena("SELECT * FROM flights").columns == ["carrier", "delay", "tail"]


def test_a_policy_on_databases(lake: Lake) -> None:
    role = lake.as_role("databases")
    lake.grant(role, policy("DATABASE", team=["ops"]), "DESCRIBE", "CREATE_TABLE")
    athena = lake.queries(role)
    athena(f"CREATE EXTERNAL TABLE by_policy (n int) LOCATION 's3://{lake.bucket}/by_policy/'")
    assert athena("SHOW TABLES").rows == [("by_policy",)]
    athena("DROP TABLE by_policy")


def test_search_finds_what_carries_the_tags_and_may_be_seen(lake: Lake) -> None:
    expression = [{"TagKey": "level", "TagValues": ["secret"]}]
    found = lake.lake.search_tables_by_lf_tags(Expression=expression)["TableList"]
    assert "flights" in [each["Table"]["Name"] for each in found]
    assert "planes" not in [each["Table"]["Name"] for each in found]
    databases = lake.lake.search_databases_by_lf_tags(Expression=[{"TagKey": "team", "TagValues": ["ops"]}])
    assert [each["Database"]["Name"] for each in databases["DatabaseList"]] == ["tagged"]
    nobody = lake.as_role("seeker").client("lakeformation")
    assert nobody.search_tables_by_lf_tags(Expression=expression)["TableList"] == []


def test_only_administrators_and_who_may_associate_tag(lake: Lake) -> None:
    role = lake.as_role("tagger")
    client, tags = role.client("lakeformation"), [{"TagKey": "team", "TagValues": ["hr"]}]
    assert refused(lambda: client.create_lf_tag(TagKey="mine", TagValues=["x"])) == (
        "AccessDeniedException", "Insufficient Lake Formation permission(s): Required Create Tag on Catalog"
    )  # fmt: skip
    assert refused(lambda: client.add_lf_tags_to_resource(Resource=lake.of("planes"), LFTags=tags))[0] == (
        "EntityNotFoundException"
    )
    lake.grant(role, lake.of("planes"), "DESCRIBE")
    (failure,) = client.add_lf_tags_to_resource(Resource=lake.of("planes"), LFTags=tags)["Failures"]
    assert failure["Error"]["ErrorCode"] == "AccessDeniedException"
    lake.grant(role, {"LFTag": {"TagKey": "team", "TagValues": ["hr"]}}, "ASSOCIATE", "DESCRIBE")
    assert client.add_lf_tags_to_resource(Resource=lake.of("planes"), LFTags=tags)["Failures"] == []
    assert client.list_lf_tags()["LFTags"][0]["TagValues"] == ["hr"]
    assert client.remove_lf_tags_from_resource(Resource=lake.of("planes"), LFTags=tags)["Failures"] == []


def test_a_value_that_something_carries_stays(lake: Lake) -> None:
    """UpdateLFTag: "Update not allowed. Untag the resource before deleting the LF-tag key's value"."""
    lake.lake.create_lf_tag(TagKey="phase", TagValues=["one", "two"])
    put(lake, lake.of("planes"), phase="one")
    code, message = refused(lambda: lake.lake.update_lf_tag(TagKey="phase", TagValuesToDelete=["one"]))
    assert (code, message[:18]) == ("InvalidInputException", "Update not allowed")
    lake.lake.update_lf_tag(TagKey="phase", TagValuesToDelete=["two"], TagValuesToAdd=["three"])
    assert lake.lake.get_lf_tag(TagKey="phase")["TagValues"] == ["one", "three"]
    lake.lake.delete_lf_tag(TagKey="phase")
    assert "phase" not in pairs(lake.lake.get_resource_lf_tags(Resource=lake.of("planes"))["LFTagsOnTable"])


def test_a_policy_names_values_that_there_are(lake: Lake) -> None:
    role: Role = lake.as_role("mistaken")
    call = lambda: lake.grant(role, policy("TABLE", level=["never"]), "SELECT")  # noqa: E731
    assert refused(call) == ("EntityNotFoundException", "Tag or tag value does not exist.")
