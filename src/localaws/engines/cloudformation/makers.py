"""The types that stacks make through their service's API; here secrets, workgroups, delivery streams, policies, alarms.

Source: CloudFormation template reference, under each type's name ("Return values" for the physical ids and attributes).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from localaws.engines.cloudformation.coercion import Api, as_text
from localaws.engines.cloudformation.made import Maker, deleted
from localaws.engines.cloudformation.makers_access import ACCESS
from localaws.engines.cloudformation.makers_apis import APIS
from localaws.engines.cloudformation.makers_clusters import CLUSTERS
from localaws.engines.cloudformation.makers_databases import DATABASES
from localaws.engines.cloudformation.makers_functions import FUNCTIONS
from localaws.engines.cloudformation.makers_glue import GLUE
from localaws.engines.cloudformation.makers_jobs import JOBS
from localaws.engines.cloudformation.makers_keys import KEYS
from localaws.engines.cloudformation.makers_machines import MACHINES
from localaws.engines.cloudformation.makers_names import NAMES
from localaws.engines.cloudformation.makers_parameters import PARAMETERS
from localaws.engines.cloudformation.makers_queues import QUEUES
from localaws.engines.cloudformation.makers_redshift import REDSHIFT
from localaws.engines.cloudformation.makers_streams import STREAMS
from localaws.engines.cloudformation.makers_tables import TABLES
from localaws.engines.cloudformation.updates import Changes, Properties, Target, tagging


def _bucket_policy(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    api("PutBucketPolicy", Bucket=properties["Bucket"], Policy=as_text(properties["PolicyDocument"]))
    return properties["Bucket"], {}


def _change_bucket_policy(policy: Target) -> None:
    _bucket_policy(policy.api, policy.id, policy.new)


def _secret(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    made = api(
        "CreateSecret",
        Name=properties.get("Name", name),
        Description=properties.get("Description"),
        KmsKeyId=properties.get("KmsKeyId"),
        SecretString=_secret_text(api, properties),
        Tags=properties.get("Tags"),
    )
    return made["ARN"], {"Id": made["ARN"]}


def _secret_text(api: Api, properties: Properties) -> Any:
    wanted = dict(properties.get("GenerateSecretString", {}))
    if "GenerateSecretString" not in properties:
        return properties.get("SecretString")
    form, key = wanted.pop("SecretStringTemplate", None), wanted.pop("GenerateStringKey", None)
    password = api("GetRandomPassword", **wanted)["RandomPassword"]
    return password if form is None else json.dumps({**json.loads(form), str(key): password})


def _change_secret(secret: Target) -> None:
    request = {name: secret.new.get(name) for name in ("Description", "KmsKeyId")}
    secret.api("UpdateSecret", SecretId=secret.id, **request)


def _change_secret_text(secret: Target) -> None:
    secret.api("PutSecretValue", SecretId=secret.id, SecretString=_secret_text(secret.api, secret.new))


def _workgroup(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    api(
        "CreateWorkGroup",
        Name=name,
        Configuration=properties.get("WorkGroupConfiguration"),
        Description=properties.get("Description"),
        Tags=properties.get("Tags"),
    )
    if properties.get("State") == "DISABLED":
        api("UpdateWorkGroup", WorkGroup=name, State="DISABLED")
    return name, {}


def _change_workgroup(group: Target) -> None:
    wanted = dict(group.new.get("WorkGroupConfiguration", {}))
    if "ResultConfiguration" in wanted:  # a change has another name in Athena's API
        wanted["ResultConfigurationUpdates"] = wanted.pop("ResultConfiguration")
    if "BytesScannedCutoffPerQuery" not in wanted:
        wanted["RemoveBytesScannedCutoffPerQuery"] = True
    group.api(
        "UpdateWorkGroup",
        WorkGroup=group.id,
        Description=group.new.get("Description", ""),
        State=group.new.get("State", "ENABLED"),
        ConfigurationUpdates=wanted,
    )


def _delete_workgroup(api: Api, name: str, properties: Properties) -> None:
    api("DeleteWorkGroup", WorkGroup=name, RecursiveDeleteOption=properties.get("RecursiveDeleteOption"))


def _named_query(api: Api, generated: str, properties: Properties) -> tuple[str, dict[str, str]]:
    """Its name need not be its own: Ref gives an id."""
    wanted = {"Name": generated, **api.taken("CreateNamedQuery", properties)}
    made = api("CreateNamedQuery", **wanted)["NamedQueryId"]
    return made, {"NamedQueryId": made}


def _topic_policy(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    _set_policy(api, properties["Topics"], as_text(properties["PolicyDocument"]))
    return name, {"Id": name}


def _change_topic_policy(policy: Target) -> None:
    _set_policy(policy.api, set(policy.former["Topics"]) - set(policy.new["Topics"]), "")
    _topic_policy(policy.api, policy.id, policy.new)


def _delete_topic_policy(api: Api, name: str, properties: Properties) -> None:
    _set_policy(api, properties["Topics"], "")


def _set_policy(api: Api, topics: Iterable[str], document: str) -> None:
    """Without a document, that of a new topic: its owner may do anything."""
    for arn in topics:
        owner = {"StringEquals": {"AWS:SourceOwner": arn.split(":")[4]}}
        own = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "SNS:*", "Resource": arn, "Condition": owner}
        policy = document or as_text({"Version": "2012-10-17", "Statement": [own]})
        api("SetTopicAttributes", TopicArn=arn, AttributeName="Policy", AttributeValue=policy)


def _delivery_stream(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    made = api("CreateDeliveryStream", **{"DeliveryStreamName": name, **properties})
    return name, {"Arn": made["DeliveryStreamARN"]}


def _change_destination(stream: Target) -> None:
    told = stream.api("DescribeDeliveryStream", DeliveryStreamName=stream.id)["DeliveryStreamDescription"]
    stream.api(
        "UpdateDestination",
        DeliveryStreamName=stream.id,
        CurrentDeliveryStreamVersionId=told["VersionId"],
        DestinationId=told["Destinations"][0]["DestinationId"],
        S3DestinationUpdate=stream.new.get("S3DestinationConfiguration"),
        ExtendedS3DestinationUpdate=stream.new.get("ExtendedS3DestinationConfiguration"),
    )


def _subscription(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    members = ("TopicArn", "Protocol", "Endpoint")
    attributes = {key: as_text(value) for key, value in properties.items() if key not in (*members, "Region")}
    request = {key: properties.get(key) for key in members}
    made = api("Subscribe", **request, Attributes=attributes, ReturnSubscriptionArn=True)
    return made["SubscriptionArn"], {}


def _change_subscription(subscription: Target) -> None:
    for name in ("FilterPolicy", "RawMessageDelivery", "FilterPolicyScope", "RedrivePolicy"):
        value = subscription.new.get(name, "false" if name == "RawMessageDelivery" else "")
        if subscription.former.get(name) != subscription.new.get(name):
            request = {"AttributeName": name, "AttributeValue": as_text(value)}
            subscription.api("SetSubscriptionAttributes", SubscriptionArn=subscription.id, **request)


def _alarm(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    api("PutMetricAlarm", **{"AlarmName": name, **properties})
    [alarm] = api("DescribeAlarms", AlarmNames=[name])["MetricAlarms"]
    return name, {"Arn": alarm["AlarmArn"]}


def _change_alarm(alarm: Target) -> None:
    alarm.api("PutMetricAlarm", **{"AlarmName": alarm.id, **alarm.new})


def _delete_alarm(api: Api, name: str, properties: Properties) -> None:
    api("DeleteAlarms", AlarmNames=[name])


_ALARM = (
    "ActionsEnabled AlarmActions AlarmDescription ComparisonOperator DatapointsToAlarm Dimensions EvaluationPeriods "
    "ExtendedStatistic InsufficientDataActions MetricName Metrics Namespace OKActions Period Statistic Threshold "
    "TreatMissingData Unit"
).split()

MAKERS: dict[str, Maker] = {
    **ACCESS,
    **APIS,
    **CLUSTERS,
    **DATABASES,
    **FUNCTIONS,
    **GLUE,
    **JOBS,
    **KEYS,
    **MACHINES,
    **NAMES,
    **PARAMETERS,
    **QUEUES,
    **REDSHIFT,
    **STREAMS,
    **TABLES,
    "AWS::S3::BucketPolicy": Maker(
        _bucket_policy,
        deleted("DeleteBucketPolicy", "Bucket"),
        Changes("s3", [(["PolicyDocument"], _change_bucket_policy)], frozenset({"Bucket"})),
    ),
    "AWS::SecretsManager::Secret": Maker(
        _secret,
        deleted("DeleteSecret", "SecretId", ForceDeleteWithoutRecovery=True),
        Changes(
            "secretsmanager",
            [
                (["Description", "KmsKeyId"], _change_secret),
                (["SecretString", "GenerateSecretString"], _change_secret_text),
                (["Tags"], tagging("TagResource", "UntagResource", "SecretId")),
            ],
            frozenset({"Name"}),
        ),
        "Name",
        frozenset({"Id"}),
    ),
    "AWS::Athena::WorkGroup": Maker(
        _workgroup,
        _delete_workgroup,
        Changes(
            "athena", [(["Description", "State", "WorkGroupConfiguration"], _change_workgroup)], frozenset({"Name"})
        ),
        "Name",
    ),
    "AWS::Athena::NamedQuery": Maker(
        _named_query,
        deleted("DeleteNamedQuery", "NamedQueryId"),
        Changes("athena", [], frozenset({"Name", "Description", "Database", "QueryString", "WorkGroup"})),
        attributes=frozenset({"NamedQueryId"}),
    ),
    "AWS::SNS::TopicPolicy": Maker(
        _topic_policy,
        _delete_topic_policy,
        Changes("sns", [(["PolicyDocument", "Topics"], _change_topic_policy)]),
        attributes=frozenset({"Id"}),
    ),
    "AWS::KinesisFirehose::DeliveryStream": Maker(
        _delivery_stream,
        deleted("DeleteDeliveryStream", "DeliveryStreamName"),
        Changes(
            "firehose",
            [(["S3DestinationConfiguration", "ExtendedS3DestinationConfiguration"], _change_destination)],
            frozenset({"DeliveryStreamName", "DeliveryStreamType", "KinesisStreamSourceConfiguration"}),
        ),
        "DeliveryStreamName",
        frozenset({"Arn"}),
    ),
    "AWS::SNS::Subscription": Maker(
        _subscription,
        deleted("Unsubscribe", "SubscriptionArn"),
        Changes(
            "sns",
            [(["FilterPolicy", "RawMessageDelivery", "FilterPolicyScope", "RedrivePolicy"], _change_subscription)],
            frozenset({"TopicArn", "Protocol", "Endpoint"}),
        ),
    ),
    "AWS::CloudWatch::Alarm": Maker(
        _alarm,
        _delete_alarm,
        Changes("cloudwatch", [(_ALARM, _change_alarm)], frozenset({"AlarmName"})),
        "AlarmName",
        frozenset({"Arn"}),
    ),
}
