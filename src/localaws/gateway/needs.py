"""What a caller has to be allowed for a call: actions of IAM, each with the resources that it acts on.

Most operations need the action of their own name. Others are many in one, and what they hold tells which.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from localaws.gateway.arns import arns_of, makers_of
from localaws.gateway.object_needs import more_actions, of_version, source_of
from localaws.gateway.passed_roles import passed_roles, taken_by
from localaws.gateway.reference import actions_of
from localaws.policies.patterns import Values

#: Operations whose engines have each of their needs decided alone, and tell of each alone.
ONE_BY_ONE = {("s3", "DeleteObjects")}
_STATEMENT = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|EXISTS)\b", re.IGNORECASE)
_TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+(?:\"([\w.-]+)\"|([\w.-]+))", re.IGNORECASE)
Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Need:
    """One action, "s3:GetObject", the ARNs of what it is to act on, and condition keys that only it has."""

    action: str
    resources: tuple[str, ...]
    keys: Mapping[str, str] = field(default_factory=dict)

    def with_keys(self, keys: Callable[[], Values]) -> Callable[[], Values]:
        """The condition *keys* of the call, and its own."""
        return (lambda: {**keys(), **self.keys}) if self.keys else keys


@dataclass(frozen=True)
class Call:
    """A call as far as its needs go."""

    service: str
    operation: str
    parameters: Parameters
    region: str
    account: str

    def arn(self, service: str, resource: str) -> str:
        """That of a *resource* ("table/flights") of the caller's account and region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    def table(self, name: Any) -> str:
        text = str(name)
        return text if text.startswith("arn:") else self.arn("dynamodb", f"table/{text}")


def needs_of(
    service: str, operation: str, parameters: Parameters, region: str, account: str, caller: str = ""
) -> list[Need]:
    """All that the *caller* of *operation*, an ARN, has to be allowed."""
    if service == "iam" and operation in _OF_ONESELF and ":user/" in caller:
        parameters = {"UserName": caller.rpartition("/")[2], **parameters}
    needs = _own_needs(service, operation, parameters, region, account)
    roles = passed_roles(service, operation, parameters, account)
    return [*needs, *(Need("iam:PassRole", (arn,), {"iam:PassedToService": taken_by(service)}) for arn in roles)]


def _own_needs(service: str, operation: str, parameters: Parameters, region: str, account: str) -> list[Need]:
    special = _SPECIAL.get((service, operation))
    if special:
        found: dict[str, dict[str, None]] = {}
        for action, arn in special(Call(service, operation, parameters, region, account)):
            found.setdefault(action, {})[arn] = None
        if found:  # who asks for nothing at all has to be allowed the operation
            copied = source_of(parameters)[1] if "CopySource" in parameters else ""  # not of the new object
            keys = {"s3:GetObjectVersion": {"s3:VersionId": copied}}
            return [Need(action, tuple(arns), keys.get(action, {})) for action, arns in found.items()]
    if service == "s3":  # nearly all calls that there are: no search for names
        resources, version = _bucket_or_object(parameters), parameters.get("VersionId")
        names = [of_version(action.name, version) for action in actions_of(service, operation)]
        return [Need(name, resources) for name in dict.fromkeys([*names, *more_actions(operation, parameters)])]
    return [
        Need(action, tuple(arns_of(makers, parameters, region, account)))
        for action, makers in makers_of(service, operation)
    ]


#: What is of the caller where no user is named (API reference, UserName of each).
_OF_ONESELF = {
    "ChangePassword",
    "CreateAccessKey",
    "DeleteAccessKey",
    "GetUser",
    "ListAccessKeys",
    "ListMFADevices",
    "ListSigningCertificates",
    "UpdateAccessKey",
}


def _bucket_or_object(parameters: Parameters) -> tuple[str, ...]:
    bucket, key = parameters.get("Bucket"), parameters.get("Key")
    if not bucket:
        return ()
    return (f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}",)


# Operations that are many in one. Each gives actions with one resource.
_Special = Callable[[Call], Iterator[tuple[str, str]]]


def _copy(call: Call) -> Iterator[tuple[str, str]]:
    source, version = source_of(call.parameters)
    target = f"{call.parameters.get('Bucket')}/{call.parameters.get('Key')}"
    yield of_version("s3:GetObject", version), f"arn:aws:s3:::{source}"
    yield "s3:PutObject", f"arn:aws:s3:::{target}"
    for action in more_actions(call.operation, call.parameters):
        yield action, f"arn:aws:s3:::{target}"


def _delete_objects(call: Call) -> Iterator[tuple[str, str]]:
    for item in _listed(_inside(call.parameters, "Delete", "Objects")):
        action = "s3:DeleteObjectVersion" if item.get("VersionId") else "s3:DeleteObject"
        yield action, f"arn:aws:s3:::{call.parameters.get('Bucket')}/{item.get('Key')}"


def _batch(action: str) -> _Special:
    def needs(call: Call) -> Iterator[tuple[str, str]]:
        items = call.parameters.get("RequestItems")
        for table in items if isinstance(items, Mapping) else ():
            yield action, call.table(table)

    return needs


def _transaction(call: Call) -> Iterator[tuple[str, str]]:
    actions = {"Get": "GetItem", "Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem"}
    for item in _listed(call.parameters.get("TransactItems")):
        for kind, what in item.items():
            if isinstance(what, Mapping):
                yield f"dynamodb:{actions.get(kind, 'ConditionCheckItem')}", call.table(what.get("TableName"))


def _statements(*members: str) -> _Special:
    def needs(call: Call) -> Iterator[tuple[str, str]]:
        value = call.parameters.get(members[0])
        texts = [each.get(members[1]) for each in _listed(value)] if len(members) > 1 else [value]
        for text in map(str, texts):
            kind, table = _STATEMENT.match(text), _TABLE.search(text)
            word = kind[1].capitalize() if kind else "Select"
            named = (table[1] or table[2]).partition(".")[0] if table else "*"
            yield f"dynamodb:PartiQL{word.replace('Exists', 'Select')}", call.table(named)

    return needs


def _re_encrypt(call: Call) -> Iterator[tuple[str, str]]:
    for member, action in (("SourceKeyId", "kms:ReEncryptFrom"), ("DestinationKeyId", "kms:ReEncryptTo")):
        key = str(call.parameters.get(member) or "*")
        kind = "" if key.startswith("alias/") else "key/"
        yield action, key if key.startswith("arn:") else call.arn("kms", f"{kind}{key}")


def _put_events(call: Call) -> Iterator[tuple[str, str]]:
    """On the buses of its entries; without one the default bus is meant (EventBridge API reference, PutEvents)."""
    for entry in _listed(call.parameters.get("Entries")):
        bus = str(entry.get("EventBusName") or "default")
        yield "events:PutEvents", bus if bus.startswith("arn:") else call.arn("events", f"event-bus/{bus}")


def _tables_to_delete(call: Call) -> Iterator[tuple[str, str]]:
    """Each table with its database and the catalog (service authorization reference, Glue)."""
    database = call.parameters.get("DatabaseName")
    given = call.parameters.get("TablesToDelete")
    tables = given if isinstance(given, list) else []
    for name in ("catalog", f"database/{database}", *(f"table/{database}/{each}" for each in tables)):
        yield "glue:BatchDeleteTable", call.arn("glue", name)


def _by_path(call: Call) -> Iterator[tuple[str, str]]:
    """Who may have a path may have all below it (Systems Manager API reference, GetParametersByPath)."""
    path = str(call.parameters.get("Path")).strip("/")
    yield "ssm:GetParametersByPath", call.arn("ssm", f"parameter/{path}")


def _database_credentials(call: Call) -> Iterator[tuple[str, str]]:
    """For the user and the database; to make the user, or to put him into groups, are further rights.

    Source: Redshift API reference, GetClusterCredentials. Without DbName all databases of the cluster are meant.
    """
    cluster, user = call.parameters.get("ClusterIdentifier"), call.parameters.get("DbUser")
    whom = call.arn("redshift", f"dbuser:{cluster}/{user}")
    yield "redshift:GetClusterCredentials", whom
    database = call.parameters.get("DbName") or "*"
    yield "redshift:GetClusterCredentials", call.arn("redshift", f"dbname:{cluster}/{database}")
    if str(call.parameters.get("AutoCreate")).lower() == "true":
        yield "redshift:CreateClusterUser", whom
    groups = call.parameters.get("DbGroups")
    for group in groups if isinstance(groups, list) else ():
        yield "redshift:JoinGroup", call.arn("redshift", f"dbgroup:{cluster}/{group}")


def _assume_role(call: Call) -> Iterator[tuple[str, str]]:
    """The trust policy has to allow the tags and the source identity of a session too (STS API reference)."""
    actions = {"Tags": "sts:TagSession", "SourceIdentity": "sts:SetSourceIdentity"}
    asked = [action for member, action in actions.items() if call.parameters.get(member)]
    for action in ("sts:AssumeRole", *asked):
        yield action, str(call.parameters.get("RoleArn") or "*")


_SPECIAL: dict[tuple[str, str], _Special] = {
    ("s3", "CopyObject"): _copy,
    ("s3", "UploadPartCopy"): _copy,
    ("s3", "DeleteObjects"): _delete_objects,
    ("dynamodb", "BatchGetItem"): _batch("dynamodb:BatchGetItem"),
    ("dynamodb", "BatchWriteItem"): _batch("dynamodb:BatchWriteItem"),
    ("dynamodb", "TransactGetItems"): _transaction,
    ("dynamodb", "TransactWriteItems"): _transaction,
    ("dynamodb", "ExecuteStatement"): _statements("Statement"),
    ("dynamodb", "BatchExecuteStatement"): _statements("Statements", "Statement"),
    ("dynamodb", "ExecuteTransaction"): _statements("TransactStatements", "Statement"),
    ("events", "PutEvents"): _put_events,
    ("glue", "BatchDeleteTable"): _tables_to_delete,
    ("kms", "ReEncrypt"): _re_encrypt,
    ("redshift", "GetClusterCredentials"): _database_credentials,
    ("ssm", "GetParametersByPath"): _by_path,
    ("sts", "AssumeRole"): _assume_role,
}


def _inside(parameters: Parameters, *path: str) -> Any:
    value: Any = parameters
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _listed(value: Any) -> Iterable[Mapping[str, Any]]:
    """The structures of a list; a request that is not yet held against its model may have anything there."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []
