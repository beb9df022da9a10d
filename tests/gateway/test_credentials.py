"""Keys that the lab gives out: IAM users' access keys and temporary credentials from STS.

IAM user guide, "Managing access keys for IAM users" and "Temporary security credentials in IAM".
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.gateway.wire import advance
from tests.roles import ADMINISTRATOR

ACCOUNT = "123456789012"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}],
}


def with_keys(lab: RunningLab, keys: dict[str, Any]) -> Callable[[str], Any]:
    """Clients that sign with *keys*, as STS or IAM returns them."""
    return lambda service: lab.client(
        service,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys.get("SessionToken"),
    )


def code_of(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as error:
        call()
    return str(error.value.response["Error"]["Code"])


def make_role(lab: RunningLab, name: str) -> str:
    role = lab.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    lab.client("iam").attach_role_policy(RoleName=name, PolicyArn=ADMINISTRATOR)
    return str(role["Role"]["Arn"])


def test_an_iam_users_key_signs_until_it_is_deactivated(lab: RunningLab) -> None:
    iam = lab.client("iam")
    iam.create_user(UserName="analyst")
    key = iam.create_access_key(UserName="analyst")["AccessKey"]
    client = with_keys(lab, key)
    assert client("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/analyst"
    iam.update_access_key(UserName="analyst", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert code_of(client("sts").get_caller_identity) == "InvalidClientTokenId"
    assert code_of(client("s3").list_buckets) == "InvalidAccessKeyId"
    assert code_of(client("kinesis").list_streams) == "UnrecognizedClientException"
    iam.update_access_key(UserName="analyst", AccessKeyId=key["AccessKeyId"], Status="Active")
    assert client("sts").get_caller_identity()["UserId"] == iam.get_user(UserName="analyst")["User"]["UserId"]
    iam.delete_access_key(UserName="analyst", AccessKeyId=key["AccessKeyId"])
    assert code_of(client("sts").get_caller_identity) == "InvalidClientTokenId"


def test_an_assumed_role_is_who_calls(lab: RunningLab) -> None:
    """STS API reference, AssumeRole and GetCallerIdentity: arn:aws:sts::…:assumed-role/name/session."""
    arn = make_role(lab, "curator")
    answer = lab.client("sts").assume_role(RoleArn=arn, RoleSessionName="today")
    assert answer["Credentials"]["AccessKeyId"].startswith("ASIA")
    client = with_keys(lab, answer["Credentials"])
    me = client("sts").get_caller_identity()
    assert me["Arn"] == answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/curator/today"
    assert me["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]
    client("s3").list_buckets()
    client("kinesis").list_streams()
    listing = [call for call in lab.calls() if call["operation"] == "ListStreams"]  # others may be calling, too
    assert listing[-1]["principal"] == me["Arn"]


def test_roles_can_be_chained(lab: RunningLab) -> None:
    """IAM user guide, "Roles terms and concepts": role chaining."""
    first = lab.client("sts").assume_role(RoleArn=make_role(lab, "first"), RoleSessionName="one")["Credentials"]
    second = with_keys(lab, first)("sts").assume_role(RoleArn=make_role(lab, "second"), RoleSessionName="two")
    me = with_keys(lab, second["Credentials"])("sts").get_caller_identity()
    assert me["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/second/two"


def test_session_and_federation_tokens(lab: RunningLab) -> None:
    """STS API reference: GetSessionToken keeps the caller, GetFederationToken makes a federated user of it."""
    sts = lab.client("sts")
    same = with_keys(lab, sts.get_session_token()["Credentials"])("sts").get_caller_identity()
    assert same["Arn"] == sts.get_caller_identity()["Arn"]
    answer = sts.get_federation_token(Name="visitor")
    visitor = with_keys(lab, answer["Credentials"])("sts").get_caller_identity()
    assert visitor["Arn"] == answer["FederatedUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:federated-user/visitor"


def test_a_token_belongs_to_its_key(lab: RunningLab) -> None:
    """S3 "Error responses": InvalidToken; the others take the credentials for unknown."""
    keys = lab.client("sts").get_session_token()["Credentials"]
    other = lab.client("sts").get_session_token()["Credentials"]["SessionToken"]
    for token in (None, "rubbish", other):
        client = with_keys(lab, {**keys, "SessionToken": token})
        assert code_of(client("s3").list_buckets) == "InvalidToken"
        assert code_of(client("sts").get_caller_identity) == "InvalidClientTokenId"
        assert code_of(client("kinesis").list_streams) == "UnrecognizedClientException"
    long_term = {"AccessKeyId": lab.facts["access_key_id"], "SecretAccessKey": lab.facts["secret_access_key"]}
    assert code_of(with_keys(lab, {**long_term, "SessionToken": other})("s3").list_buckets) == "InvalidToken"


def test_temporary_credentials_end(new_lab: Callable[..., RunningLab]) -> None:
    """ExpiredToken (S3, query), ExpiredTokenException (JSON): "Common errors"; 15 minutes is the least."""
    lab = new_lab()
    arn = make_role(lab, "brief")
    keys = lab.client("sts").assume_role(RoleArn=arn, RoleSessionName="once", DurationSeconds=900)["Credentials"]
    longer = lab.client("sts").get_session_token(DurationSeconds=1800)["Credentials"]
    advance(lab, 899 - 30)
    client = with_keys(lab, keys)
    client("s3").list_buckets()
    advance(lab, 31)
    assert code_of(client("s3").list_buckets) == "ExpiredToken"
    assert code_of(client("sts").get_caller_identity) == "ExpiredToken"
    assert code_of(client("kinesis").list_streams) == "ExpiredTokenException"
    assert code_of(client("lambda").list_functions) == "ExpiredTokenException"
    with_keys(lab, longer)("s3").list_buckets()
    lab.client("s3").list_buckets()  # long-term keys do not end


def test_durations_have_limits(lab: RunningLab) -> None:
    """STS API reference, DurationSeconds: 900 to the role's maximum, an hour in a chain, 36 hours for a session."""
    role = {"RoleArn": make_role(lab, "hourly"), "RoleSessionName": "once"}
    sts = lab.client("sts", config=Config(parameter_validation=False))
    for seconds in (899, 3601, 43201):
        assert code_of(partial(sts.assume_role, **role, DurationSeconds=seconds)) == "ValidationError"
    for seconds in (899, 129_601):
        assert code_of(partial(sts.get_session_token, DurationSeconds=seconds)) == "ValidationError"
        assert code_of(partial(sts.get_federation_token, Name="me", DurationSeconds=seconds)) == "ValidationError"
    lab.client("iam").update_role(RoleName="hourly", MaxSessionDuration=7200)
    keys = sts.assume_role(**role, DurationSeconds=7200)["Credentials"]
    chained = with_keys(lab, keys)("sts")
    assert code_of(lambda: chained.assume_role(**role, DurationSeconds=3601)) == "ValidationError"


def test_a_role_that_does_not_exist_cannot_be_assumed(lab: RunningLab) -> None:
    """IAM user guide, "Troubleshoot IAM roles": AccessDenied, which does not tell whether there is such a role."""
    arn = f"arn:aws:iam::{ACCOUNT}:role/nobody"
    assert code_of(lambda: lab.client("sts").assume_role(RoleArn=arn, RoleSessionName="once")) == "AccessDenied"
