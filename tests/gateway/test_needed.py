"""Members that an operation needs though its model calls them optional, and tokens that no page gave.

Each code is one of the operation's "Errors" in its API reference.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.engines.lake_tools import be_administrator

UNCHECKED = Config(parameter_validation=False, retries={"max_attempts": 1, "mode": "standard"})
STORE = "arn:aws:cloudtrail:us-east-1:123456789012:eventdatastore/0"
_STREAM = "arn:aws:dynamodb:us-east-1:123456789012:table/none/stream/2026"

CASES: list[tuple[str, str, dict[str, Any], str]] = [
    ("cloudtrail", "get_insight_selectors", {}, "InvalidParameterCombinationException"),
    (
        "cloudtrail",
        "get_insight_selectors",
        {"TrailName": "t-1", "EventDataStore": STORE},
        "InvalidParameterCombinationException",
    ),
    ("cloudtrail", "get_insight_selectors", {"EventDataStore": STORE}, "NotImplemented"),
    ("dynamodb", "create_table", {"TableName": "without-keys"}, "ValidationException"),
    ("dynamodbstreams", "describe_stream", {"StreamArn": "n" * 40}, "ValidationException"),
    ("dynamodbstreams", "describe_stream", {"StreamArn": _STREAM}, "ResourceNotFoundException"),
    (
        "dynamodb",
        "restore_table_to_point_in_time",
        {"TargetTableName": "target", "SourceTableName": "none"},
        "TableNotFoundException",
    ),
    ("ec2", "allocate_hosts", {"AvailabilityZone": "us-east-1a"}, "MissingParameter"),
    ("ec2", "create_subnet", {}, "MissingParameter"),
    ("ec2", "delete_managed_prefix_list", {"PrefixListId": "pl-0"}, "InvalidPrefixListID.NotFound"),
    ("ec2", "delete_nat_gateway", {"NatGatewayId": "nat-0"}, "NatGatewayNotFound"),
    ("ec2", "delete_transit_gateway", {"TransitGatewayId": "tgw-0"}, "InvalidTransitGatewayID.NotFound"),
    ("ec2", "describe_vpcs", {"MaxResults": "many"}, "InvalidParameterValue"),
    (
        "ec2",
        "authorize_security_group_ingress",
        {"GroupId": "sg-0", "IpPermissions": [{"IpProtocol": "tcp"}]},
        "InvalidParameterValue",
    ),
    ("ec2", "create_launch_template_version", {"LaunchTemplateData": {}}, "MissingParameter"),
    ("ec2", "create_network_interface", {"SubnetId": "s", "PrivateIpAddress": "ten"}, "InvalidParameterValue"),
    ("ec2", "modify_spot_fleet_request", {"SpotFleetRequestId": "sfr-0"}, "InvalidSpotFleetRequestId.NotFound"),
    (
        "ec2",
        "request_spot_fleet",
        {"SpotFleetRequestConfig": {"IamFleetRole": "r", "TargetCapacity": 1}},
        "InvalidSpotFleetRequestConfig",
    ),
    (
        "ec2",
        "replace_network_acl_association",
        {"AssociationId": "aclassoc-0", "NetworkAclId": "acl-0"},
        "InvalidAssociationID.NotFound",
    ),
    ("emr", "list_supported_instance_types", {"ReleaseLabel": "../../x"}, "InvalidRequestException"),
    (
        "emr",
        "add_job_flow_steps",
        {"JobFlowId": "j-NONE", "Steps": [{"Name": "s", "HadoopJarStep": {"Jar": "command-runner.jar"}}]},
        "ValidationException",
    ),
    (
        "emr",
        "modify_instance_groups",
        {"InstanceGroups": [{"InstanceGroupId": "ig-NONE", "InstanceCount": 2}]},
        "InvalidRequestException",
    ),
    ("glue", "create_schema", {"SchemaName": "s", "DataFormat": "JSON"}, "InvalidInputException"),
    ("glue", "create_table", {"DatabaseName": "default"}, "InvalidInputException"),
    ("glue", "update_table", {"DatabaseName": "default"}, "InvalidInputException"),
    ("glue", "get_registry", {"RegistryId": {}}, "EntityNotFoundException"),
    (
        "glue",
        "register_schema_version",
        {"SchemaId": {"SchemaArn": "arn:aws:glue:us-east-1:1:schema"}, "SchemaDefinition": "{}"},
        "InvalidInputException",
    ),
    ("iam", "create_service_linked_role", {"AWSServiceName": "sweep"}, "InvalidInput"),
    ("kms", "generate_random", {}, "ValidationException"),
    (
        "lambda",
        "get_layer_version_by_arn",
        {"Arn": "arn:aws:lambda:::awslayer:AmazonLinux1703"},
        "ResourceNotFoundException",
    ),
    (
        "organizations",
        "create_policy",
        {"Name": "p", "Content": "{}", "Description": "d", "Type": "TAG_POLICY"},
        "AWSOrganizationsNotInUseException",
    ),
    ("redshift", "restore_from_cluster_snapshot", {"ClusterIdentifier": "c"}, "MissingParameter"),
    ("secretsmanager", "batch_get_secret_value", {"Filters": [{"Values": ["v"]}]}, "ValidationException"),
    ("kms", "retire_grant", {"GrantId": "g"}, "ValidationException"),
    ("lakeformation", "list_permissions", {"Principal": {"DataLakePrincipalIdentifier": "p"}}, "InvalidInputException"),
    ("logs", "put_delivery_destination", {"name": "nowhere"}, "ValidationException"),
    (
        "secretsmanager",
        "create_secret",
        {"Name": "replicated", "SecretString": "s", "AddReplicaRegions": [{}]},
        "ValidationException",
    ),
    ("sqs", "create_queue", {"QueueName": "q", "Attributes": {"Policy": "{"}}, "InvalidAttributeValue"),
    ("sqs", "create_queue", {"QueueName": "q", "Attributes": {"DelaySeconds": "901"}}, "InvalidAttributeValue"),
    ("sqs", "create_queue", {"QueueName": "q", "Attributes": {"Messages": "[]"}}, "InvalidAttributeName"),
    ("stepfunctions", "list_executions", {}, "ValidationException"),
    ("support", "resolve_case", {}, "CaseIdNotFound"),
    ("ssm", "create_document", {"Name": "doc", "Content": '"text"'}, "InvalidDocumentContent"),
    # tokens
    ("rds", "describe_db_parameter_groups", {"Marker": "none"}, "InvalidParameterValue"),
    ("glue", "get_jobs", {"NextToken": "none"}, "InvalidInputException"),
    ("glue", "get_jobs", {"NextToken": "W10="}, "InvalidInputException"),  # base64 of []
    ("sqs", "list_queues", {"NextToken": "none", "MaxResults": 1}, "InvalidParameterValue"),
    ("kms", "list_key_rotations", {"KeyId": "none", "Marker": "none"}, "NotFoundException"),
]


@pytest.mark.parametrize(("service", "operation", "parameters", "code"), CASES)
def test_a_request_that_lacks_what_it_needs(
    lab: RunningLab, service: str, operation: str, parameters: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(lab.client(service, config=UNCHECKED), operation)(**parameters)
    error = caught.value.response["Error"]
    assert (error["Code"], bool(error["Message"])) == (code, True)


def test_a_list_that_nobody_named_has_a_second_page(lab: RunningLab) -> None:
    """RDS API reference, DescribeDBParameters: Marker goes on where the page before ended."""
    rds = lab.client("rds")
    rds.create_db_parameter_group(DBParameterGroupName="pages", DBParameterGroupFamily="postgres15", Description="d")
    paginator = rds.get_paginator("describe_db_parameters")
    pages = list(paginator.paginate(DBParameterGroupName="pages", PaginationConfig={"PageSize": 100}))
    counts = [len(page["Parameters"]) for page in pages]
    assert len(counts) > 1
    assert set(counts[:-1]) == {100}
    names = {each["ParameterName"] for page in pages for each in page["Parameters"]}
    assert len(names) == sum(counts)


def test_services_still_start_after_ec2_listed_their_endpoints(new_lab: Callable[..., RunningLab]) -> None:
    """moto made all their backends for the list; after that Kinesis, Firehose, Lambda and DynamoDB answered 500."""
    lab = new_lab()
    names = lab.client("ec2").describe_vpc_endpoint_services()["ServiceNames"]
    assert {f"com.amazonaws.us-east-1.{service}" for service in ("s3", "dynamodb", "kinesis-streams")} <= set(names)
    assert lab.client("kinesis").list_streams()["StreamNames"] == []
    assert lab.client("dynamodb").list_tables()["TableNames"] == []


def test_capacity_reservations_need_no_tags(lab: RunningLab) -> None:
    athena = lab.client("athena")
    athena.create_capacity_reservation(Name="untagged", TargetDpus=24)
    assert athena.get_capacity_reservation(Name="untagged")["CapacityReservation"]["TargetDpus"] == 24


def test_partner_events_have_an_answer_each(lab: RunningLab) -> None:
    """EventBridge API reference, PutPartnerEvents: one result an entry."""
    answer = lab.client("events").put_partner_events(Entries=[{"Source": "aws.partner/none"}, {}])
    assert (answer["FailedEntryCount"], [each["ErrorCode"] for each in answer["Entries"]]) == (
        2,
        ["InvalidArgument", "InvalidArgument"],
    )


def test_lf_tags_of_a_resource_that_has_none(lab: RunningLab) -> None:
    """Lake Formation API reference, GetResourceLFTags, RemoveLFTagsFromResource."""
    lake = lab.client("lakeformation")
    be_administrator(lab)
    lab.client("glue").create_database(DatabaseInput={"Name": "untagged"})
    resource = {"Database": {"Name": "untagged"}}
    tags = [{"TagKey": "k", "TagValues": ["v"]}]
    assert "LFTagOnDatabase" not in lake.get_resource_lf_tags(Resource=resource)
    lake.create_lf_tag(TagKey="k", TagValues=["v"])
    assert lake.remove_lf_tags_from_resource(Resource=resource, LFTags=tags).get("Failures", []) == []
    lake.add_lf_tags_to_resource(Resource=resource, LFTags=tags)
    assert lake.get_resource_lf_tags(Resource=resource)["LFTagOnDatabase"][0]["TagKey"] == "k"
    lake.remove_lf_tags_from_resource(Resource=resource, LFTags=tags)
    assert "LFTagOnDatabase" not in lake.get_resource_lf_tags(Resource=resource)
    granted = lake.list_permissions(ResourceType="LF_TAG")["PrincipalResourcePermissions"]
    assert [each for each in granted if each["Resource"]["LFTag"]["TagKey"] == "k"] == []


def test_a_cluster_keeps_what_groups_and_steps_say(lab: RunningLab) -> None:
    """EMR API reference, InstanceGroupConfig: Configurations are of a group too; a cluster may have no groups."""
    emr = lab.client("emr")
    cluster = emr.run_job_flow(Name="plain", Instances={"KeepJobFlowAliveWhenNoSteps": True})["JobFlowId"]
    assert cluster in [each["JobFlowId"] for each in emr.describe_job_flows()["JobFlows"]]
    spark = [{"Classification": "spark-defaults", "Properties": {"spark.executor.memory": "2g"}}]
    group = {"InstanceRole": "TASK", "InstanceType": "m5.xlarge", "InstanceCount": 1, "Configurations": spark}
    emr.add_instance_groups(JobFlowId=cluster, InstanceGroups=[group])
    told = emr.list_instance_groups(ClusterId=cluster)["InstanceGroups"][0]
    assert told["Configurations"][0]["Classification"] == "spark-defaults"


def test_parameters_that_were_only_looked_for_are_forgotten(lab: RunningLab) -> None:
    """moto keeps an empty list for a parameter that could not be put; then no resource can be found by its tags."""
    ssm = lab.client("ssm", config=UNCHECKED)
    with pytest.raises(ClientError):
        ssm.label_parameter_version(Name="never-put", Labels=["x"])
    with pytest.raises(ClientError):
        ssm.put_parameter(Name="/aws/never", Value="v", Type="String")
    lab.client("resourcegroupstaggingapi").get_resources()
