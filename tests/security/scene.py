"""Where the table of decisions is played: a lab with an organization, its people, and one resource of each kind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from tests.conftest import RunningLab
from tests.security import asking
from tests.security.asking import Call
from tests.security.people import ACCOUNT, Person, document, refusal, session, trust, user
from tests.security.table import Situation, filled

_CONTROL = "SERVICE_CONTROL_POLICY"


class Scene:
    """Sets up one situation after another, and undoes it."""

    def __init__(self, lab: RunningLab) -> None:
        self.lab = lab
        self._organization = lab.client("organizations")
        self.other = self._make_member()
        self._place_resources()
        admin = f"arn:aws:iam::{self.other}:role/OrganizationAccountAccessRole"
        self._there = session(lab.client("sts"), admin, lab).client("iam")
        self._iam = lab.client("iam")
        self.ana = user(lab, name="ana")
        self._iam.create_group(GroupName="people")
        self._iam.add_user_to_group(GroupName="people", UserName="ana")
        self.guest = self._make_guest()
        user(lab, name=asking.TARGET)
        for name in ("worker", "guarded", "passed"):
            self._iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust("sts:TagSession", AWS=ACCOUNT))
        self._clients: dict[tuple[str, str, str], Any] = {}
        self.key_id = ""

    def _make_member(self) -> str:
        client = self._organization
        client.create_organization(FeatureSet="ALL")
        self._root = client.list_roots()["Roots"][0]["Id"]
        client.enable_policy_type(RootId=self._root, PolicyType=_CONTROL)
        made = client.create_account(AccountName="data", Email="data@example.com")["CreateAccountStatus"]
        unit = client.create_organizational_unit(ParentId=self._root, Name="data")["OrganizationalUnit"]["Id"]
        client.move_account(AccountId=made["AccountId"], SourceParentId=self._root, DestinationParentId=unit)
        self._levels = (self._root, unit, made["AccountId"])
        return str(made["AccountId"])

    def _place_resources(self) -> None:
        client = self.lab.client
        client("s3").create_bucket(Bucket=asking.BUCKET)
        client("s3").delete_public_access_block(Bucket=asking.BUCKET)  # some policies here are public
        for key in ("home/x", "other/x", "ana/x", "guest/x", "ops/x"):
            client("s3").put_object(Bucket=asking.BUCKET, Key=key, Body=b"1")
        client("s3").put_bucket_tagging(Bucket=asking.BUCKET, Tagging={"TagSet": [{"Key": "team", "Value": "ops"}]})
        self._queue = client("sqs").create_queue(QueueName=asking.QUEUE)["QueueUrl"]
        client("sns").create_topic(Name=asking.TOPIC)
        keys = {"AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}]}
        client("dynamodb").create_table(
            TableName=asking.TABLE,
            KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
            **keys,
        )
        client("kinesis").create_stream(StreamName=asking.STREAM, ShardCount=1)
        client("kinesis").get_waiter("stream_exists").wait(StreamName=asking.STREAM, WaiterConfig={"Delay": 1})
        client("secretsmanager").create_secret(Name=asking.SECRET, SecretString="s")
        client("ssm").put_parameter(Name=asking.PARAMETER, Value="info", Type="String")
        client("logs").create_log_group(logGroupName=asking.LOG_GROUP)
        client("glue").create_database(DatabaseInput={"Name": asking.DATABASE})

    def _make_guest(self) -> Person:
        made = self._there.create_user(UserName="guest")["User"]
        key = self._there.create_access_key(UserName="guest")["AccessKey"]
        keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
        return Person(self.lab, "guest", made["Arn"], keys)

    @contextmanager
    def of(self, situation: Situation) -> Iterator[Person]:
        """The *situation*, and its caller."""
        with ExitStack() as undo:
            iam = self._there if situation.caller in ("guest", "member") else self._iam
            kind, name = ("role", "worker") if situation.caller == "role" else ("user", self._name(situation))
            if situation.identity:
                _put(iam, kind, name, self._document(situation.identity), undo)
            if situation.group:
                _put(iam, "group", "people", self._document(situation.group), undo)
            if situation.boundary:
                self._bound(iam, kind, name, self._document(situation.boundary), undo)
            if situation.tags:
                self._tag(iam, kind, name, situation.tags, undo)
            self._control(situation, undo)
            self._guard(situation, undo)
            yield self._caller(situation)

    def _name(self, situation: Situation) -> str:
        return "ana" if situation.caller == "ana" else "guest"

    def _document(self, statements: Any) -> str:
        return document(*filled(statements, self.other))

    def _bound(self, iam: Any, kind: str, name: str, text: str, undo: ExitStack) -> None:
        arn = iam.create_policy(PolicyName="limit", PolicyDocument=text)["Policy"]["Arn"]
        undo.callback(iam.delete_policy, PolicyArn=arn)
        who = {f"{kind.title()}Name": name}
        getattr(iam, f"put_{kind}_permissions_boundary")(**who, PermissionsBoundary=arn)
        undo.callback(getattr(iam, f"delete_{kind}_permissions_boundary"), **who)

    def _tag(self, iam: Any, kind: str, name: str, tags: dict[str, str], undo: ExitStack) -> None:
        who = {f"{kind.title()}Name": name}
        getattr(iam, f"tag_{kind}")(**who, Tags=[{"Key": key, "Value": value} for key, value in tags.items()])
        undo.callback(getattr(iam, f"untag_{kind}"), **who, TagKeys=list(tags))

    def _control(self, situation: Situation, undo: ExitStack) -> None:
        """The policies of each level, in the place of FullAWSAccess where there are any."""
        client = self._organization
        for level, (target, statements) in enumerate(zip(self._levels, situation.control, strict=False)):
            text = self._document(statements)
            made = client.create_policy(Name=f"level-{level}", Description="", Type=_CONTROL, Content=text)
            one = {"PolicyId": made["Policy"]["PolicySummary"]["Id"]}
            undo.callback(client.delete_policy, **one)
            client.attach_policy(**one, TargetId=target)
            undo.callback(client.detach_policy, **one, TargetId=target)
            client.detach_policy(PolicyId="p-FullAWSAccess", TargetId=target)
            undo.callback(client.attach_policy, PolicyId="p-FullAWSAccess", TargetId=target)

    def _guard(self, situation: Situation, undo: ExitStack) -> None:
        """The policies of resources."""
        client = self.lab.client
        for kind, statements in situation.resource.items():
            text = self._document(statements)
            if kind == "bucket":
                client("s3").put_bucket_policy(Bucket=asking.BUCKET, Policy=text)
                undo.callback(client("s3").delete_bucket_policy, Bucket=asking.BUCKET)
            elif kind == "queue":
                client("sqs").set_queue_attributes(QueueUrl=self._queue, Attributes={"Policy": text})
                undo.callback(client("sqs").set_queue_attributes, QueueUrl=self._queue, Attributes={"Policy": ""})
            elif kind == "topic":
                one = {"TopicArn": asking.arn("sns", asking.TOPIC), "AttributeName": "Policy"}
                before = client("sns").get_topic_attributes(TopicArn=one["TopicArn"])["Attributes"]["Policy"]
                client("sns").set_topic_attributes(**one, AttributeValue=text)
                undo.callback(client("sns").set_topic_attributes, **one, AttributeValue=before)
            elif kind == "secret":
                client("secretsmanager").put_resource_policy(SecretId=asking.SECRET, ResourcePolicy=text)
                undo.callback(client("secretsmanager").delete_resource_policy, SecretId=asking.SECRET)
            elif kind == "stream":
                arn = asking.arn("kinesis", f"stream/{asking.STREAM}")
                client("kinesis").put_resource_policy(ResourceARN=arn, Policy=text)
                undo.callback(client("kinesis").delete_resource_policy, ResourceARN=arn)
            elif kind == "role":
                self._iam.update_assume_role_policy(RoleName="guarded", PolicyDocument=text)
            elif kind == "key":
                self.key_id = client("kms").create_key(Policy=text, BypassPolicyLockoutSafetyCheck=True)["KeyMetadata"][
                    "KeyId"
                ]
            else:
                raise LookupError(kind)

    def _caller(self, situation: Situation) -> Person:
        if situation.caller != "role":
            return self.ana if situation.caller == "ana" else self.guest
        options: dict[str, Any] = {}
        if situation.session:
            options["Policy"] = self._document(situation.session)
        if situation.session_tags:
            options["Tags"] = [{"Key": key, "Value": value} for key, value in situation.session_tags.items()]
        worker = f"arn:aws:iam::{ACCOUNT}:role/worker"
        return session(self.lab.client("sts"), worker, self.lab, **options)

    def refusal(self, caller: Person, call: Call) -> str:
        """What the lab answers to a *call* of the *caller* that it refuses; "" if it does not."""
        parameters = dict(call.parameters)
        if call.service == "sqs" and call.operation in ("send_message", "receive_message"):
            parameters["QueueUrl"] = self._queue
        if parameters.get("KeyId") == asking.KEY_ID:
            parameters["KeyId"] = self.key_id
        return refusal(getattr(self._client(caller, call), call.operation), **parameters)

    def _client(self, caller: Person, call: Call) -> Any:
        key = (caller.keys["aws_access_key_id"], call.service, call.region)
        if key not in self._clients:
            self._clients[key] = caller.client(call.service, region_name=call.region)
        return self._clients[key]


def _put(iam: Any, kind: str, name: str, text: str, undo: ExitStack) -> None:
    """Give somebody an inline policy."""
    one = {f"{kind.title()}Name": name, "PolicyName": "own"}
    getattr(iam, f"put_{kind}_policy")(**one, PolicyDocument=text)
    undo.callback(getattr(iam, f"delete_{kind}_policy"), **one)
