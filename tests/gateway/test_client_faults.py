"""What moto trips over because of a client's words gets AWS's error; what it trips over by itself stays a 500."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.gateway.client_faults import as_aws_error
from localaws.gateway.operations import Operation
from localaws.gateway.validation import ModelledRequest
from tests.conftest import RunningLab

_NOBODY = "arn:aws:{}:us-east-1:123456789012:{}".format
_EXPORT = _NOBODY("dynamodb", "table/none/export/01")

#: Service, operation, parameters, the code and status of its API reference: "Errors" of the operation or the service.
CASES: list[tuple[str, str, dict[str, Any], str, int]] = [
    ("rds", "delete_db_proxy", {"DBProxyName": "none"}, "DBProxyNotFoundFault", 404),
    ("rds", "delete_global_cluster", {"GlobalClusterIdentifier": "None"}, "GlobalClusterNotFoundFault", 404),
    ("rds", "promote_read_replica", {"DBInstanceIdentifier": "none"}, "DBInstanceNotFound", 404),
    ("kms", "list_grants", {"KeyId": "none"}, "NotFoundException", 400),
    ("logs", "get_query_results", {"queryId": "none"}, "ResourceNotFoundException", 400),
    ("emr", "describe_step", {"ClusterId": "none", "StepId": "none"}, "InvalidRequestException", 400),
    ("dynamodb", "describe_export", {"ExportArn": _EXPORT}, "ExportNotFoundException", 400),
    ("dynamodbstreams", "get_records", {"ShardIterator": "none"}, "ValidationException", 400),
    ("iam", "list_roles", {"Marker": "none"}, "ValidationError", 400),
    ("cloudformation", "list_exports", {"NextToken": "none"}, "ValidationError", 400),
    ("secretsmanager", "list_secrets", {"NextToken": "none"}, "InvalidNextTokenException", 400),
    ("logs", "describe_destinations", {"nextToken": "none"}, "InvalidParameterException", 400),
    ("sns", "get_topic_attributes", {"TopicArn": "none"}, "InvalidParameter", 400),
    ("dynamodbstreams", "describe_stream", {"StreamArn": "n" * 40}, "ValidationException", 400),
    (
        "athena",
        "tag_resource",
        {"ResourceARN": _NOBODY("athena", "none"), "Tags": [{}]},
        "InvalidRequestException",
        400,
    ),
    ("emr", "add_tags", {"ResourceId": "j-NONE", "Tags": [{"Value": "v"}]}, "ValidationException", 400),
]


@pytest.mark.parametrize(("service", "operation", "parameters", "code", "status"), CASES)
def test_a_clients_fault_is_told_as_aws_does(
    lab: RunningLab, service: str, operation: str, parameters: dict[str, Any], code: str, status: int
) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(lab.client(service), operation)(**parameters)
    error, metadata = caught.value.response["Error"], caught.value.response["ResponseMetadata"]
    assert (error["Code"], metadata["HTTPStatusCode"]) == (code, status)


def test_sns_says_how_many_elements_an_arn_needs(lab: RunningLab) -> None:
    """As recorded on AWS by clients' own tests."""
    message = "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1"
    with pytest.raises(ClientError, match=message):
        lab.client("sns").delete_topic(TopicArn="none")


#: Module, code and request: none of these faults is proved to be the client's.
OWN_FAULTS = [
    ("localaws.engines.emr", "def f(name): {}[name]\nf('none')", {"ClusterId": "none"}),
    ("moto.emr.models", "def f(name): {}[name]\nf('other')", {"ClusterId": "none"}),
    ("moto.emr.models", "def f(step): step['Key']\nf({'Value': 'Key'})", {"ClusterId": "Key"}),
    ("moto.emr.models", "def f(name): int('other')\nf('none')", {"Marker": "none"}),
    ("moto.emr.models", "def f(names): names.remove('none')\nf([])", {"ClusterId": "none"}),
    ("moto.emr.models", "def f(name): f(name)\nf('none')", {"ClusterId": "none"}),
]


@pytest.mark.parametrize(("module", "code", "parameters"), OWN_FAULTS)
def test_a_fault_of_the_labs_own_is_not_told_as_the_clients(module: str, code: str, parameters: dict[str, str]) -> None:
    request = ModelledRequest(Operation("emr", "DescribeCluster", "json", {}), {}, b"{}")
    request._inside = parameters
    with pytest.raises((KeyError, ValueError, RecursionError)) as caught:
        exec(code, {"__name__": module})
    assert as_aws_error(request, caught.value) is None
