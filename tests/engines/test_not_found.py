"""What is asked for by name and is not there has a fault of its own, in RDS and in DMS.

Source: the errors of each Describe operation in the API references of RDS and DMS; the codes are botocore's model's.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.model import OperationModel
from botocore.session import get_session

from tests.conftest import RunningLab

#: Names that only narrow a listing: nothing found is an empty list (a deleted instance may have snapshots).
FILTERS = {"DescribeDBSnapshots", "DescribeDBClusterSnapshots"}


def named(service: str) -> list[tuple[str, str]]:
    """Each operation that describes something by its name, and the parameter that names it."""
    model = get_session().get_service_model(service)
    found = []
    for name in model.operation_names:
        operation: OperationModel = model.operation_model(name)
        faults = [shape.name for shape in operation.error_shapes if "NotFound" in shape.name]
        members = operation.input_shape.members if operation.input_shape else {}
        parameter = next((each for each in members if re.search("(Identifier|Name|Id|Arn)$", each)), None)
        if name.startswith(("Describe", "ListTags")) and faults and parameter and name not in FILTERS:
            found.append((name, parameter))
    return found


def answer(lab: RunningLab, service: str, operation: str, arguments: dict[str, Any]) -> tuple[str, int]:
    client = lab.client(service)
    method = next(name for name, each in client.meta.method_to_api_mapping.items() if each == operation)
    with pytest.raises(ClientError) as caught:
        getattr(client, method)(**arguments)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize(("operation", "parameter"), named("rds"))
def test_rds(lab: RunningLab, operation: str, parameter: str) -> None:
    model = get_session().get_service_model("rds").operation_model(operation)
    arguments = {parameter: "nowhere"}
    if operation == "ListTagsForResource":
        arguments = {parameter: f"arn:aws:rds:us-east-1:{lab.facts['account_id']}:db:nowhere"}
    codes = {shape.metadata["error"]["code"] for shape in model.error_shapes if "NotFound" in shape.name}
    code, status = answer(lab, "rds", operation, arguments)
    assert code in codes or (code, status) == ("NotImplemented", 501)


@pytest.mark.parametrize(("operation", "parameter"), named("dms"))
def test_dms(lab: RunningLab, operation: str, parameter: str) -> None:
    required = get_session().get_service_model("dms").operation_model(operation).input_shape
    assert required is not None
    arguments = {name: "nowhere" for name in [*required.required_members, parameter]}
    arguments[parameter] = f"arn:aws:dms:us-east-1:{lab.facts['account_id']}:task:NOWHERE"
    assert answer(lab, "dms", operation, arguments)[0] in ("ResourceNotFoundFault", "NotImplemented")


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        ("DescribeConnections", "endpoint-arn"),
        ("DescribeEndpoints", "endpoint-arn"),
        ("DescribeReplicationInstances", "replication-instance-id"),
        ("DescribeReplicationTasks", "replication-task-id"),
        ("DescribeReplicationSubnetGroups", "replication-subnet-group-id"),
    ],
)
def test_dms_filters_that_find_nothing(lab: RunningLab, operation: str, name: str) -> None:
    filters = {"Filters": [{"Name": name, "Values": ["arn:aws:dms:us-east-1:1:endpoint:NOWHERE"]}]}
    assert answer(lab, "dms", operation, filters) == ("ResourceNotFoundFault", 400)


def test_a_parameter_group_by_name(lab: RunningLab) -> None:
    rds = lab.client("rds")
    family = rds.describe_db_engine_versions(Engine="postgres")["DBEngineVersions"][0]["DBParameterGroupFamily"]
    rds.create_db_parameter_group(DBParameterGroupName="named", DBParameterGroupFamily=family, Description="x")
    for name in ("named", f"default.{family}"):
        [group] = rds.describe_db_parameter_groups(DBParameterGroupName=name)["DBParameterGroups"]
        assert (group["DBParameterGroupName"], group["DBParameterGroupFamily"]) == (name, family)
    rds.delete_db_parameter_group(DBParameterGroupName="named")
    assert answer(lab, "rds", "DescribeDBParameterGroups", {"DBParameterGroupName": "named"}) == (
        "DBParameterGroupNotFound",
        404,
    )


@pytest.mark.parametrize(
    ("operation", "arguments", "code"),
    [
        ("DeleteDBProxy", {"DBProxyName": "nowhere"}, "DBProxyNotFoundFault"),
        ("RegisterDBProxyTargets", {"DBProxyName": "nowhere"}, "DBProxyNotFoundFault"),
        ("DeregisterDBProxyTargets", {"DBProxyName": "nowhere"}, "DBProxyNotFoundFault"),
        ("DeleteGlobalCluster", {"GlobalClusterIdentifier": "nowhere"}, "GlobalClusterNotFoundFault"),
        ("ModifyDBCluster", {"DBClusterIdentifier": "nowhere"}, "DBClusterNotFoundFault"),
        ("PromoteReadReplicaDBCluster", {"DBClusterIdentifier": "nowhere"}, "DBClusterNotFoundFault"),
        ("PromoteReadReplica", {"DBInstanceIdentifier": "nowhere"}, "DBInstanceNotFound"),
        ("RestoreDBInstanceFromDBSnapshot", {"DBInstanceIdentifier": "new"}, "InvalidParameterCombination"),
    ],
)
def test_changes_of_what_is_not_there(lab: RunningLab, operation: str, arguments: dict[str, str], code: str) -> None:
    assert answer(lab, "rds", operation, arguments)[0] == code


def test_filters_of_dms_that_there_are_not(lab: RunningLab) -> None:
    filters = {"Filters": [{"Name": "made-up", "Values": ["x"]}]}
    for operation in ("DescribeConnections", "DescribeEndpoints", "DescribeReplicationSubnetGroups"):
        assert answer(lab, "dms", operation, filters)[0] == "InvalidParameterValueException"
    assert answer(lab, "dms", "ListTagsForResource", {})[0] == "InvalidParameterValueException"
    assert lab.client("rds").describe_option_groups()["OptionGroupsList"] == []
