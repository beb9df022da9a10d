"""What was granted is there after a kill, and a kill in between leaves nothing open.

Source: "Changing the default settings for your data lake" (Lake Formation developer guide).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.conftest import RunningLab
from tests.engines.lake_tools import Lake, be_administrator, refused


def test_grants_filters_tags_and_locations_are_there_after_a_kill(new_lab: Callable[..., RunningLab]) -> None:
    lab = new_lab()
    be_administrator(lab)
    lake = Lake(lab, "kept")
    lake.table("flights", "UA,5\nAA,-3\n", carrier="string", delay="int")
    role = lake.as_role("reader")
    lake.grant(role, lake.filter("flights", "united", "carrier = 'UA'"), "SELECT")
    lake.lake.create_lf_tag(TagKey="level", TagValues=["public"])
    tags = [{"TagKey": "level", "TagValues": ["public"]}]
    lake.lake.add_lf_tags_to_resource(Resource=lake.of("flights"), LFTags=tags)
    lake.lake.register_resource(ResourceArn="arn:aws:s3:::kept-data/x", RoleArn=role.arn)

    def told() -> list[Any]:
        client = lab.fresh_client("lakeformation")
        return [
            client.list_permissions()["PrincipalResourcePermissions"],
            client.list_data_cells_filter()["DataCellsFilters"],
            client.get_resource_lf_tags(Resource=lake.of("flights"))["LFTagsOnTable"],
            client.list_resources()["ResourceInfoList"],
            client.get_data_lake_settings()["DataLakeSettings"],
        ]

    before = told()
    time.sleep(1)  # the age at which settings are kept
    lab.kill()
    lab.start()
    assert told() == before
    assert lake.queries(role)("SELECT * FROM flights").rows == [("UA", "5")]


def test_a_table_that_is_not_left_to_iam_is_not_after_a_kill_either(new_lab: Callable[..., RunningLab]) -> None:
    """The grants are on disk before the table is: killed at once, it is seen by its creator only."""
    lab = new_lab()
    lake = Lake(lab, "closed")
    role = lake.as_role("nobody")
    time.sleep(1)  # the age at which settings are kept
    lake.glue.create_table(DatabaseName="closed", TableInput={"Name": "fresh"})
    lab.kill()
    lab.start()
    assert refused(lambda: role.client("glue").get_table(DatabaseName="closed", Name="fresh"))[0] == (
        "AccessDeniedException"
    )
    assert lab.fresh_client("glue").get_table(DatabaseName="closed", Name="fresh")["Table"]["Name"] == "fresh"
