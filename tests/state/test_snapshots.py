"""A lab that is killed has, when it starts again, what its services were told more than a second before."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.gateway.wire import own_api

Labs = Callable[..., RunningLab]

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


def _killed_and_started(labs: Labs, lab: RunningLab) -> RunningLab:
    time.sleep(1)  # the age at which settings are kept
    lab.kill()
    return labs(lab.directory.name)


def test_settings_outlive_a_kill(new_lab: Labs) -> None:
    lab = new_lab()
    lab.client("iam").create_role(RoleName="loader", AssumeRolePolicyDocument=TRUST, Tags=[{"Key": "a", "Value": "b"}])
    lab.client("sns").create_topic(Name="news")
    lab.client("ssm").put_parameter(Name="/a", Value="1", Type="String")
    key = lab.client("kms").create_key()["KeyMetadata"]["KeyId"]
    secret = lab.client("kms").encrypt(KeyId=key, Plaintext=b"text")["CiphertextBlob"]
    user = lab.client("iam").create_user(UserName="anna")["User"]["Arn"]
    keys = lab.client("iam").create_access_key(UserName="anna")["AccessKey"]
    lab = _killed_and_started(new_lab, lab)
    role = lab.client("iam").get_role(RoleName="loader")["Role"]
    assert role["Tags"] == [{"Key": "a", "Value": "b"}]
    assert [each["TopicArn"].rpartition(":")[2] for each in lab.client("sns").list_topics()["Topics"]] == ["news"]
    assert lab.client("ssm").get_parameter(Name="/a")["Parameter"]["Value"] == "1"
    assert lab.client("kms").decrypt(CiphertextBlob=secret)["Plaintext"] == b"text"
    anna = lab.fresh_client("sts", aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"])
    assert anna.get_caller_identity()["Arn"] == user


def test_temporary_keys_hold_until_they_expire(new_lab: Labs) -> None:
    """On the lab's clock, which goes on where it was (STS API reference, AssumeRole: Expiration)."""
    lab = new_lab()
    session = lab.client("sts").get_session_token(DurationSeconds=3600)["Credentials"]
    lab.kill()
    lab = new_lab()
    keys = {
        "aws_access_key_id": session["AccessKeyId"],
        "aws_secret_access_key": session["SecretAccessKey"],
        "aws_session_token": session["SessionToken"],
    }
    assert lab.fresh_client("sts", **keys).get_caller_identity()["Arn"].endswith("user/lab-admin")
    own_api(lab, "POST", "/_localaws/clock", {"advance": 3601})
    with pytest.raises(ClientError, match="ExpiredToken"):
        lab.fresh_client("sts", **keys).get_caller_identity()
    assert (lab.directory / "credentials.log").stat().st_mode & 0o777 == 0o600


def test_what_was_deleted_stays_deleted(new_lab: Labs) -> None:
    lab = new_lab()
    lab.client("iam").create_user(UserName="bert")
    lab = _killed_and_started(new_lab, lab)
    lab.client("iam").delete_user(UserName="bert")
    lab.stop()
    lab = new_lab()
    with pytest.raises(ClientError, match="NoSuchEntity"):
        lab.client("iam").get_user(UserName="bert")


def test_the_file_is_its_users_alone(new_lab: Labs) -> None:
    lab = new_lab()
    files = list(lab.directory.glob("state.sqlite*"))
    assert files and {each.stat().st_mode & 0o777 for each in files} == {0o600}
