"""Delete everything the session created, then look again: a resource left behind is an error, not a surprise bill."""

from __future__ import annotations

import contextlib
import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from dehelpers.clients import client
from dehelpers.connect import PART, Session, current
from dehelpers.ledger import Created
from dehelpers.waiting import GONE, WaitError, wait


def _short(address: str) -> str:
    """The name at the end of a queue's URL or an ARN."""
    if address.startswith("http"):
        return address.rstrip("/").rpartition("/")[2]
    if address.startswith("arn:"):
        return re.split("[:/]", address.split(":", 5)[5])[-1]
    return address


class LeftOver(RuntimeError):
    """Something the session created still exists, or cannot be proved gone; the message names each."""


@dataclass(frozen=True)
class Kind:
    """One kind of resource: how to list it, and how to delete one.

    `pages` is the listing operation (botocore's method name), `items` the path of the names in its answer and
    `created_by` the operation, with the field of its request or answer that holds the name; of what has its name only
    within something else, both fields. `also_by` is another operation that creates one, with the same field. `inside`
    lists what is within each of the items. `key` takes the name that the ledger knows out of an address.
    """

    title: str
    service: str
    pages: str
    items: str
    created_by: tuple[str, str]
    delete: Callable[[Any, str], Any]
    inside: Callable[[Any, str], Iterable[str]] | None = None
    key: Callable[[str], str] = _short
    also_by: str = ""

    def recorded(self, entry: Created) -> str | None:
        """The name under which the ledger has one of this kind; None for an entry that is not."""
        fields = self.created_by[1].split("/")
        ours = entry.service == self.service and entry.operation in (self.created_by[0], self.also_by)
        return "/".join(entry.names[field] for field in fields) if ours and entry.names.keys() >= set(fields) else None

    def label(self, address: str) -> str:
        """Such as "bucket de-lake-123456789012-us-east-1"."""
        return f"{self.title} {self.key(address)}"

    def count(self, number: int) -> str:
        """Such as "2 IAM policies"."""
        return f"{number} {self.title if number == 1 else re.sub('y$', 'ie', self.title) + 's'}"

    def names(self, region: str) -> Iterator[str]:
        """The names of all that exist in a region, somebody else's too. A queue or topic is listed by its address."""
        aws = client(self.service, region)
        field, _, key = self.items.partition(".")
        for page in _pages(aws, self.pages):
            for item in page.get(field) or []:
                found = item[key] if key else item
                yield from self.inside(aws, found) if self.inside else [found]


# In this order: what feeds on something goes before it.
KINDS = (
    Kind("alarm", "cloudwatch", "describe_alarms", "MetricAlarms.AlarmName", ("PutMetricAlarm", "AlarmName"),
         lambda aws, name: aws.delete_alarms(AlarmNames=[name])),
    Kind("DMS task", "dms", "describe_replication_tasks", "ReplicationTasks.ReplicationTaskIdentifier",
         ("CreateReplicationTask", "ReplicationTaskIdentifier"),
         lambda aws, name: _delete_task(aws, name)),
    Kind("DMS endpoint", "dms", "describe_endpoints", "Endpoints.EndpointIdentifier",
         ("CreateEndpoint", "EndpointIdentifier"),
         lambda aws, name: _delete_endpoint(aws, name)),
    Kind("DMS instance", "dms", "describe_replication_instances", "ReplicationInstances.ReplicationInstanceIdentifier",
         ("CreateReplicationInstance", "ReplicationInstanceIdentifier"),
         lambda aws, name: _delete_replication_instance(aws, name)),
    Kind("DMS subnet group", "dms", "describe_replication_subnet_groups",
         "ReplicationSubnetGroups.ReplicationSubnetGroupIdentifier",
         ("CreateReplicationSubnetGroup", "ReplicationSubnetGroupIdentifier"),
         lambda aws, name: aws.delete_replication_subnet_group(ReplicationSubnetGroupIdentifier=name)),
    Kind("RDS instance", "rds", "describe_db_instances", "DBInstances.DBInstanceIdentifier",
         ("CreateDBInstance", "DBInstanceIdentifier"),
         lambda aws, name: _delete_database(aws, name),
         also_by="RestoreDBInstanceFromDBSnapshot"),
    Kind("RDS snapshot", "rds", "describe_db_snapshots", "DBSnapshots.DBSnapshotIdentifier",
         ("CreateDBSnapshot", "DBSnapshotIdentifier"),
         lambda aws, name: aws.delete_db_snapshot(DBSnapshotIdentifier=name)),
    Kind("RDS subnet group", "rds", "describe_db_subnet_groups", "DBSubnetGroups.DBSubnetGroupName",
         ("CreateDBSubnetGroup", "DBSubnetGroupName"),
         lambda aws, name: aws.delete_db_subnet_group(DBSubnetGroupName=name)),
    Kind("RDS parameter group", "rds", "describe_db_parameter_groups", "DBParameterGroups.DBParameterGroupName",
         ("CreateDBParameterGroup", "DBParameterGroupName"),
         lambda aws, name: aws.delete_db_parameter_group(DBParameterGroupName=name)),
    Kind("Lambda function", "lambda", "list_functions", "Functions.FunctionName", ("CreateFunction", "FunctionName"),
         lambda aws, name: _delete_function(aws, name)),
    Kind("Firehose stream", "firehose", "list_delivery_streams", "DeliveryStreamNames",
         ("CreateDeliveryStream", "DeliveryStreamName"),
         lambda aws, name: aws.delete_delivery_stream(DeliveryStreamName=name, AllowForceDelete=True)),
    Kind("Kinesis stream", "kinesis", "list_streams", "StreamNames", ("CreateStream", "StreamName"),
         lambda aws, name: aws.delete_stream(StreamName=name, EnforceConsumerDeletion=True)),
    Kind("SNS topic", "sns", "list_topics", "Topics.TopicArn", ("CreateTopic", "Name"),
         lambda aws, arn: _delete_topic(aws, arn)),
    Kind("SQS queue", "sqs", "list_queues", "QueueUrls", ("CreateQueue", "QueueName"),
         lambda aws, url: aws.delete_queue(QueueUrl=url)),
    Kind("DynamoDB table", "dynamodb", "list_tables", "TableNames", ("CreateTable", "TableName"),
         lambda aws, name: aws.delete_table(TableName=name)),
    Kind("prepared statement", "athena", "list_work_groups", "WorkGroups.Name",
         ("CreatePreparedStatement", "WorkGroup/StatementName"),
         lambda aws, address: aws.delete_prepared_statement(
             WorkGroup=address.split("/")[0], StatementName=address.split("/")[1]
         ),
         inside=lambda aws, group: _prepared(aws, group)),
    Kind("named query", "athena", "list_work_groups", "WorkGroups.Name", ("CreateNamedQuery", "NamedQueryId"),
         lambda aws, address: aws.delete_named_query(NamedQueryId=address.split("/")[0]),
         inside=lambda aws, group: _named_queries(aws, group),
         key=lambda address: address.split("/")[0]),
    Kind("workgroup", "athena", "list_work_groups", "WorkGroups.Name", ("CreateWorkGroup", "Name"),
         lambda aws, name: aws.delete_work_group(WorkGroup=name, RecursiveDeleteOption=True)),
    Kind("Glue database", "glue", "get_databases", "DatabaseList.Name", ("CreateDatabase", "Name"),
         lambda aws, name: aws.delete_database(Name=name)),
    Kind("bucket", "s3", "list_buckets", "Buckets.Name", ("CreateBucket", "Bucket"),
         lambda aws, name: _delete_bucket(name)),
    Kind("secret", "secretsmanager", "list_secrets", "SecretList.Name", ("CreateSecret", "Name"),
         lambda aws, name: aws.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)),
    Kind("IAM role", "iam", "list_roles", "Roles.RoleName", ("CreateRole", "RoleName"),
         lambda aws, name: _delete_role(aws, name)),
    Kind("IAM policy", "iam", "list_policies", "Policies.Arn", ("CreatePolicy", "PolicyName"),
         lambda aws, arn: _delete_policy(aws, arn)),
    Kind("log group", "logs", "describe_log_groups", "logGroups.logGroupName", ("CreateLogGroup", "logGroupName"),
         lambda aws, name: aws.delete_log_group(logGroupName=name)),
)  # fmt: skip

# Goes with its database, unless that is somebody else's.
_TABLE = Kind("Glue table", "glue", "get_tables", "TableList.Name", ("CreateTable", "DatabaseName/Name"),
              lambda aws, address: aws.delete_table(DatabaseName=address.split("/")[0], Name=address.split("/")[1])
              )  # fmt: skip
# What disappears together with something above.
PART_OF = {
    ("kinesis", "RegisterStreamConsumer"),
    ("glue", "CreateTable"),
    ("glue", "CreatePartition"),
    ("glue", "CreatePartitionIndex"),
    ("lambda", "CreateEventSourceMapping"),
    ("lambda", "CreateAlias"),
    ("iam", "CreatePolicyVersion"),
    ("logs", "CreateLogStream"),
}
# What writes a log group of its own: the field that names it, and how the group's name begins.
LOGS_OF = {"FunctionName": "/aws/lambda/", "ReplicationInstanceIdentifier": "dms-tasks-"}
_REGIONAL_OR_NOT = {"s3", "iam"}  # listed once, whatever the region
_DATABASE_SECONDS = 1_200.0  # what AWS may take to delete a database or a replication instance


def teardown(timeout: float = 120.0) -> None:
    """Delete what the session created, wait until it is gone, and assert that nothing is left. Safe to run twice.

    The session's own is what its ledger lists (also from earlier runs that never got here), what bears its tags, and
    in the lab all that has its prefix: what belongs to its part, and nothing of another part. On real AWS a mere prefix
    proves nothing: such resources are left alone and named, unless the name ends in account and region as `name` writes
    it.

    Parameters:
        timeout: seconds to wait for each resource to be gone.

    Raises:
        LeftOver: something is still there; the message names it.
    """
    session = current()
    gone: Counter[Kind] = Counter()
    faults: dict[str, str] = {}
    for kind, region, address in list(_own(session)):
        try:
            kind.delete(client(kind.service, region), address)
            gone[kind] += 1
        except ClientError as error:
            if not _absent(error):
                faults[kind.label(address)] = f": {error}"

    def left() -> list[str]:
        labels = [kind.label(address) for kind, _, address in _own(session)]
        return [label for label in labels if label not in faults]

    with contextlib.suppress(WaitError):
        wait(lambda: ", ".join(left()) or GONE, until=GONE, what="teardown", timeout=timeout, quiet=True)
    faults |= {label: f": still there after {timeout:g} s" for label in left()}
    gone[_TABLE] += _drop_tables(session, faults)
    faults |= _settle(session, faults)
    if faults:
        lines = [label + fault for label, fault in faults.items()]
        raise LeftOver("\n- ".join(["teardown could not delete", *lines]) + "\nMend the cause and run it again.")
    what = ", ".join(kind.count(number) for kind, number in gone.items() if number) or "nothing to delete"
    print(textwrap.fill(f"Teardown: {what}. Nothing is left.", 96))  # JupyterLab breaks longer lines within a word
    strangers = sorted(_strangers(session))
    if strangers:
        print("Not this session's, left alone: " + ", ".join(strangers))


def _drop_tables(session: Session, faults: dict[str, str]) -> int:
    """Drop the tables that the session made in databases which are not its own; returns how many there were."""
    dropped = 0
    for entry in session.ledger:
        if address := _TABLE.recorded(entry):
            try:
                _TABLE.delete(client("glue", entry.region), address)
                dropped += 1
            except ClientError as error:
                if not _absent(error):
                    faults[_TABLE.label(address)] = f": {error}"
    return dropped


def _regions(session: Session, kind: Kind) -> set[str]:
    elsewhere = {entry.region for entry in session.ledger if re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", entry.region)}
    return {session.region} if kind.service in _REGIONAL_OR_NOT else {session.region} | elsewhere


def _own(session: Session) -> Iterator[tuple[Kind, str, str]]:
    """All that is the session's and exists now: its kind, region and address."""
    tagged = _tagged(session)
    logs = {
        prefix + entry.names[key] for entry in session.ledger for key, prefix in LOGS_OF.items() if key in entry.names
    }
    for kind in KINDS:
        listed = {kind.recorded(entry) for entry in session.ledger}
        for region in sorted(_regions(session, kind)):
            for address in kind.names(region):
                name = _short(address)
                own_log = kind.service == "logs" and name in logs
                if kind.key(address) in listed or own_log or (kind.service, name) in tagged or _proves(session, name):
                    yield kind, region, address


def _proves(session: Session, name: str) -> bool:
    """Whether a name by itself shows that the session made it."""
    if session.target != "aws":
        return _has_prefix(session, name)
    return name.startswith(f"{session.prefix}-") and name.endswith(f"-{session.account_id}-{session.region}")


def _has_prefix(session: Session, name: str) -> bool:
    """Whether a name begins with the session's prefix; a part's names are not those of the session without a part."""
    prefix = re.escape(session.prefix.replace("_", "-"))
    return bool(re.match(rf"{prefix}-(?!{PART.pattern}-)", name.rpartition("/")[2].replace("_", "-")))


def _tagged(session: Session) -> set[tuple[str, str]]:
    """(service, name) of all in the account that bears the session's tags. Only real AWS is tagged."""
    if session.target != "aws":
        return set()
    filters = [{"Key": key, "Values": [value]} for key, value in session.tags.items()]
    tagged = client("resourcegroupstaggingapi", session.region)
    arns = [
        item["ResourceARN"]
        for page in tagged.get_paginator("get_resources").paginate(TagFilters=filters)
        for item in page["ResourceTagMappingList"]
    ]
    return {(arn.split(":")[2], _short(arn)) for arn in arns}


def _strangers(session: Session) -> Iterator[str]:
    """What only looks like the session's: it has the prefix, but nothing shows that the session made it."""
    if session.target != "aws":
        return
    for kind in KINDS:
        for address in kind.names(session.region):
            if _has_prefix(session, _short(address)):
                yield f"{kind.title} {_short(address)}"


def _settle(session: Session, faults: Mapping[str, str]) -> dict[str, str]:
    """Strike out of the ledger what is proved gone; what no kind covers is a leftover."""
    kinds = {(kind.service, by): kind for kind in KINDS for by in (kind.created_by[0], kind.also_by)}
    unknown = {}
    for entry in list(session.ledger):
        kind = kinds.get((entry.service, entry.operation))
        if kind is None and (entry.service, entry.operation) not in PART_OF:
            label = f"{entry.service} {entry.operation} {next(iter(entry.names.values()), '')}"
            unknown[label] = ": teardown does not know this kind, delete it yourself"
        elif kind is None or f"{kind.title} {kind.recorded(entry)}" not in faults:
            session.ledger.remove(entry)
    return unknown


def _absent(error: ClientError) -> bool:
    """Whether AWS says that there is nothing to delete: it went together with something else."""
    code: str = error.response["Error"]["Code"]
    return any(part in code for part in ("NotFound", "NoSuch", "NonExistent"))


def _pages(aws: Any, operation: str, **arguments: Any) -> Iterable[dict[str, Any]]:
    """All pages of a listing, also where botocore has no paginator for it."""
    if operation == "list_policies":
        arguments["Scope"] = "Local"
    if aws.can_paginate(operation):
        yield from aws.get_paginator(operation).paginate(**arguments)
        return
    while True:
        page = getattr(aws, operation)(**arguments)
        yield page
        if page.get("HasMoreDeliveryStreams"):  # Firehose is asked to go on after the last name
            arguments["ExclusiveStartDeliveryStreamName"] = page["DeliveryStreamNames"][-1]
        elif page.get("NextToken"):
            arguments["NextToken"] = page["NextToken"]
        else:
            return


def _delete_bucket(bucket: str) -> None:
    """Empty a bucket, old versions and unfinished uploads included, and delete it."""
    aws = client("s3")
    for page in aws.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in page.get("Uploads", []):
            aws.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    for page in aws.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = page.get("Versions", []) + page.get("DeleteMarkers", [])
        if found:
            keys = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]
            aws.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
    aws.delete_bucket(Bucket=bucket)


def _prepared(aws: Any, group: str) -> Iterator[str]:
    """A workgroup's prepared statements, as group/name: the name alone says nothing."""
    for page in _pages(aws, "list_prepared_statements", WorkGroup=group):
        for statement in page["PreparedStatements"]:
            yield f"{group}/{statement['StatementName']}"


def _named_queries(aws: Any, group: str) -> Iterator[str]:
    """A workgroup's named queries, as id/name: they are deleted by id, and known by name."""
    for page in _pages(aws, "list_named_queries", WorkGroup=group):
        for query in page["NamedQueryIds"]:
            yield f"{query}/{aws.get_named_query(NamedQueryId=query)['NamedQuery']['Name']}"


def _delete_function(aws: Any, function: str) -> None:
    for mapping in aws.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]:
        delete_mapping(aws, mapping["UUID"])
    aws.delete_function(FunctionName=function)


def delete_mapping(aws: Any, mapping: str) -> None:
    """Lambda deletes no mapping that is being created or changed (DeleteEventSourceMapping)."""

    def state() -> str:
        return str(aws.get_event_source_mapping(UUID=mapping)["State"])

    reached = wait(state, until=("Enabled", "Disabled", "Deleting", GONE), what="event source mapping", quiet=True)
    if reached in ("Enabled", "Disabled"):
        aws.delete_event_source_mapping(UUID=mapping)


def _delete_task(aws: Any, task: str) -> None:
    """A task runs until it is stopped, and must be gone before its endpoints can go (DeleteReplicationTask)."""

    def found() -> dict[str, Any]:
        return _only(aws.describe_replication_tasks, "ReplicationTasks", "replication-task-id", task)

    def status() -> str:
        return str(found().get("Status", GONE))

    passing = ("creating", "starting", "modifying", "moving", "stopping", "testing")
    _settled(lambda: status() not in passing, task)
    arn = found().get("ReplicationTaskArn")
    if status() == "running":
        aws.stop_replication_task(ReplicationTaskArn=arn)
        _settled(lambda: status() not in ("running", "stopping"), task)
    if arn:
        aws.delete_replication_task(ReplicationTaskArn=arn)
        _settled(lambda: status() == GONE, task)


def _delete_endpoint(aws: Any, endpoint: str) -> None:
    found = _only(aws.describe_endpoints, "Endpoints", "endpoint-id", endpoint)
    if found:
        aws.delete_endpoint(EndpointArn=found["EndpointArn"])


def _delete_replication_instance(aws: Any, instance: str) -> None:
    def found() -> dict[str, Any]:
        name = "replication-instance-id"
        return _only(aws.describe_replication_instances, "ReplicationInstances", name, instance)

    arn = found().get("ReplicationInstanceArn")
    if arn:
        aws.delete_replication_instance(ReplicationInstanceArn=arn)
        _settled(lambda: not found(), instance)


def _delete_database(aws: Any, instance: str) -> None:
    """Delete a database without a last snapshot, and wait: its parameter group is in use until then."""
    aws.delete_db_instance(DBInstanceIdentifier=instance, SkipFinalSnapshot=True, DeleteAutomatedBackups=True)

    def status() -> str:
        return str(aws.describe_db_instances(DBInstanceIdentifier=instance)["DBInstances"][0]["DBInstanceStatus"])

    wait(status, until=GONE, what=instance, timeout=_DATABASE_SECONDS, quiet=True)


def _only(describe: Callable[..., Any], field: str, identifier: str, name: str) -> dict[str, Any]:
    """What DMS says of the one called `name`; empty if there is none."""
    try:
        found: list[dict[str, Any]] = describe(Filters=[{"Name": identifier, "Values": [name]}])[field]
    except ClientError as error:
        if not _absent(error):
            raise
        return {}
    return found[0] if found else {}


def _settled(check: Callable[[], bool], what: str) -> None:
    wait(check, until=True, what=what, timeout=_DATABASE_SECONDS, quiet=True)


def _delete_topic(aws: Any, topic: str) -> None:
    """Subscriptions outlive their topic, so they go first."""
    for page in aws.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic):
        for subscription in page["Subscriptions"]:
            if subscription["SubscriptionArn"].startswith("arn:"):  # else it still waits for its confirmation
                aws.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    aws.delete_topic(TopicArn=topic)


def _delete_role(aws: Any, role: str) -> None:
    """A role can be deleted once it is bare of policies and instance profiles (IAM API Reference, DeleteRole)."""
    for policy in aws.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        aws.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
    for name in aws.list_role_policies(RoleName=role)["PolicyNames"]:
        aws.delete_role_policy(RoleName=role, PolicyName=name)
    for profile in aws.list_instance_profiles_for_role(RoleName=role)["InstanceProfiles"]:
        aws.remove_role_from_instance_profile(InstanceProfileName=profile["InstanceProfileName"], RoleName=role)
    aws.delete_role(RoleName=role)


def _delete_policy(aws: Any, policy: str) -> None:
    for version in aws.list_policy_versions(PolicyArn=policy)["Versions"]:
        if not version["IsDefaultVersion"]:
            aws.delete_policy_version(PolicyArn=policy, VersionId=version["VersionId"])
    aws.delete_policy(PolicyArn=policy)
