"""Calls are decided as the policies of caller, resource and organization have it, with AWS's words.

Sources: IAM user guide, "Policy evaluation logic", "Troubleshoot access denied error messages", and the page named at
each test.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.engines.lambda_tools import source
from tests.security.people import ACCOUNT, allow, deny, document, refusal, role, session, trust, unique, user


@pytest.fixture(scope="module")
def bucket(lab: RunningLab) -> str:
    name = unique("decided")
    s3 = lab.client("s3")
    s3.create_bucket(Bucket=name)
    for key in ("home/x", "other/x"):
        s3.put_object(Bucket=name, Key=key, Body=b"1")
    return name


def test_nobody_may_do_what_no_policy_allows(lab: RunningLab, bucket: str) -> None:
    """Each protocol has its code and status ("Common errors" of each API reference)."""
    ana = user(lab)
    told = {
        "s3": (ana.client("s3").get_object, {"Bucket": bucket, "Key": "home/x"}, 403, "AccessDenied"),
        "dynamodb": (ana.client("dynamodb").list_tables, {}, 400, "AccessDeniedException"),
        "sns": (ana.client("sns").list_topics, {}, 403, "AuthorizationError"),
        "ec2": (ana.client("ec2").describe_vpcs, {}, 403, "UnauthorizedOperation"),
        "lambda": (ana.client("lambda").list_functions, {}, 403, "AccessDeniedException"),
        "iam": (ana.client("iam").list_users, {}, 403, "AccessDenied"),
    }
    for call, parameters, status, code in told.values():
        with pytest.raises(ClientError) as error:
            call(**parameters)
        answer = error.value.response
        assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]) == (status, code)
        assert f"User: {ana.arn} is not authorized to perform: " in answer["Error"]["Message"]
    key = f"arn:aws:s3:::{bucket}/home/x"
    assert refusal(ana.client("s3").get_object, Bucket=bucket, Key="home/x") == (
        f'User: {ana.arn} is not authorized to perform: s3:GetObject on resource: "{key}" '
        "because no identity-based policy allows the s3:GetObject action"
    )


def test_who_i_am_needs_no_permission(lab: RunningLab) -> None:
    """STS API reference, GetCallerIdentity: not even an explicit deny takes it away."""
    ana = user(lab, deny("*"))
    assert ana.client("sts").get_caller_identity()["Arn"] == ana.arn


def test_a_deny_is_stronger_than_any_allow(lab: RunningLab, bucket: str) -> None:
    ana = user(lab, allow("s3:*"), deny("s3:GetObject", f"arn:aws:s3:::{bucket}/other/*"))
    s3 = ana.client("s3")
    assert not refusal(s3.get_object, Bucket=bucket, Key="home/x")
    assert refusal(s3.get_object, Bucket=bucket, Key="other/x").endswith(
        "with an explicit deny in an identity-based policy"
    )


def test_policies_come_from_groups_and_managed_policies_too(lab: RunningLab, bucket: str) -> None:
    """IAM user guide, "IAM user groups"."""
    iam, ana, group = lab.client("iam"), user(lab), unique("readers")
    s3 = ana.client("s3")
    assert refusal(s3.get_object, Bucket=bucket, Key="home/x")
    iam.create_group(GroupName=group)
    iam.add_user_to_group(GroupName=group, UserName=ana.name)
    iam.attach_group_policy(GroupName=group, PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    assert not refusal(s3.get_object, Bucket=bucket, Key="home/x")
    assert refusal(s3.put_object, Bucket=bucket, Key="home/x", Body=b"")
    iam.remove_user_from_group(GroupName=group, UserName=ana.name)
    assert refusal(s3.get_object, Bucket=bucket, Key="home/x")


def test_the_default_version_of_a_managed_policy_counts(lab: RunningLab, bucket: str) -> None:
    """IAM user guide, "Versioning IAM policies"."""
    iam, ana = lab.client("iam"), user(lab)
    arn = iam.create_policy(PolicyName=unique("p"), PolicyDocument=document(allow("s3:GetObject")))["Policy"]["Arn"]
    iam.attach_user_policy(UserName=ana.name, PolicyArn=arn)
    s3 = ana.client("s3")
    assert not refusal(s3.get_object, Bucket=bucket, Key="home/x")
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(allow("s3:PutObject")), SetAsDefault=True)
    assert refusal(s3.get_object, Bucket=bucket, Key="home/x")
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    assert not refusal(s3.get_object, Bucket=bucket, Key="home/x")


def test_variables_and_conditions_hold_a_user_to_his_own(lab: RunningLab, bucket: str) -> None:
    """IAM user guide, "IAM policy elements: Variables and tags": its first example."""
    ana = user(
        lab,
        allow("s3:ListBucket", f"arn:aws:s3:::{bucket}", Condition={"StringLike": {"s3:prefix": "${aws:username}/*"}}),
        allow(["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::{bucket}/${{aws:username}}/*"),
    )
    s3 = ana.client("s3")
    assert not refusal(s3.put_object, Bucket=bucket, Key=f"{ana.name}/a", Body=b"")
    assert not refusal(s3.list_objects_v2, Bucket=bucket, Prefix=f"{ana.name}/")
    assert refusal(s3.list_objects_v2, Bucket=bucket)
    assert refusal(s3.put_object, Bucket=bucket, Key="home/a", Body=b"")
    assert refusal(s3.put_object, Bucket=bucket, Key=f"{ana.name}/../home/a", Body=b"") == ""  # a key, not a path


def test_a_boundary_limits_what_a_user_is_given(lab: RunningLab, bucket: str) -> None:
    """IAM user guide, "Permissions boundaries for IAM entities"."""
    ana = user(lab, allow("*"), boundary=[allow("s3:*")])
    assert not refusal(ana.client("s3").get_object, Bucket=bucket, Key="home/x")
    assert refusal(ana.client("sqs").list_queues).endswith(
        "because no permissions boundary allows the sqs:ListQueues action"
    )
    lab.client("iam").delete_user_permissions_boundary(UserName=ana.name)
    assert not refusal(ana.client("sqs").list_queues)


def test_who_may_make_roles_within_a_boundary_cannot_leave_it(lab: RunningLab) -> None:
    """IAM user guide, "Delegating responsibility to others using permissions boundaries".

    Key iam:PermissionsBoundary: of CreateRole the one that is asked for, of a change the one that the role has.
    """
    iam = lab.client("iam")
    limit = iam.create_policy(PolicyName=unique("limit"), PolicyDocument=document(allow("s3:*")))["Policy"]["Arn"]
    bounded = {"StringEquals": {"iam:PermissionsBoundary": limit}}
    changes = ["iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary"]
    lead = user(lab, allow(changes, Condition=bounded)).client("iam")
    free, within = role(lab, trust(AWS=ACCOUNT)).rpartition("/")[2], unique("role")
    made = {"RoleName": within, "AssumeRolePolicyDocument": trust(AWS=ACCOUNT)}
    assert refusal(lead.create_role, **made)
    assert refusal(lead.create_role, **made, PermissionsBoundary="arn:aws:iam::aws:policy/AdministratorAccess")
    assert not refusal(lead.create_role, **made, PermissionsBoundary=limit)
    for name, refused in ((within, False), (free, True)):
        own = {"PolicyName": "own", "PolicyDocument": document(allow("*"))}
        assert bool(refusal(lead.put_role_policy, RoleName=name, **own)) == refused
        reading = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
        assert bool(refusal(lead.attach_role_policy, RoleName=name, PolicyArn=reading)) == refused
        assert not refusal(lead.put_role_permissions_boundary, RoleName=within, PermissionsBoundary=limit)
    wider = {"PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"}
    assert refusal(lead.put_role_permissions_boundary, RoleName=within, **wider)
    assert refusal(lead.delete_role_permissions_boundary, RoleName=within)


def test_a_role_is_taken_by_whom_it_trusts(lab: RunningLab) -> None:
    """IAM user guide, "Trust policies": in the account naming the user is enough, naming the account is not."""
    ana, bo = user(lab), user(lab, allow("sts:AssumeRole"))
    to_ana, to_account = role(lab, trust(AWS=ana.arn)), role(lab, trust(AWS=ACCOUNT))
    named = {"RoleSessionName": "run-1"}
    assert not refusal(ana.client("sts").assume_role, RoleArn=to_ana, **named)
    assert refusal(bo.client("sts").assume_role, RoleArn=to_ana, **named).endswith(
        "because no role trust policy allows the sts:AssumeRole action"
    )
    assert refusal(ana.client("sts").assume_role, RoleArn=to_account, **named).endswith(
        "because no identity-based policy allows the sts:AssumeRole action"
    )
    assert not refusal(bo.client("sts").assume_role, RoleArn=to_account, **named)


def test_an_external_id_closes_a_role_to_a_confused_deputy(lab: RunningLab) -> None:
    """IAM user guide, "Access to AWS accounts owned by third parties"."""
    ana = user(lab)
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": ana.arn},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "flights-2013"}},
    }
    arn, sts = role(lab, document(statement)), ana.client("sts")
    assert refusal(sts.assume_role, RoleArn=arn, RoleSessionName="run-1")
    assert refusal(sts.assume_role, RoleArn=arn, RoleSessionName="run-1", ExternalId="flights-2014")
    assert not refusal(sts.assume_role, RoleArn=arn, RoleSessionName="run-1", ExternalId="flights-2013")


def test_a_session_has_no_more_than_its_role_and_its_session_policy(lab: RunningLab, bucket: str) -> None:
    """IAM user guide, "Session policies": the intersection of both."""
    ana = user(lab)
    arn, sts = role(lab, trust(AWS=ana.arn), allow("s3:*")), ana.client("sts")
    whole = session(sts, arn, lab).client("s3")
    assert not refusal(whole.get_object, Bucket=bucket, Key="home/x")
    assert refusal(session(sts, arn, lab).client("sqs").list_queues)
    part = session(sts, arn, lab, Policy=document(allow(["s3:GetObject", "sqs:*"])))
    assert not refusal(part.client("s3").get_object, Bucket=bucket, Key="home/x")
    assert refusal(part.client("s3").put_object, Bucket=bucket, Key="home/x", Body=b"").endswith(
        "because no session policy allows the s3:PutObject action"
    )
    assert refusal(part.client("sqs").list_queues)
    reading = [{"arn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}]
    managed = session(sts, arn, lab, PolicyArns=reading).client("s3")
    assert not refusal(managed.get_object, Bucket=bucket, Key="home/x")
    assert refusal(managed.put_object, Bucket=bucket, Key="home/x", Body=b"")


def test_what_a_role_may_changes_under_its_sessions(lab: RunningLab, bucket: str) -> None:
    """IAM user guide, "Revoking IAM role temporary security credentials": policies count at once."""
    ana, iam = user(lab), lab.client("iam")
    arn = role(lab, trust(AWS=ana.arn), allow("s3:*"))
    name, s3 = arn.rpartition("/")[2], session(ana.client("sts"), arn, lab).client("s3")
    assert not refusal(s3.get_object, Bucket=bucket, Key="home/x")
    iam.put_role_policy(RoleName=name, PolicyName="revoked", PolicyDocument=document(deny("*")))
    assert "explicit deny" in refusal(s3.get_object, Bucket=bucket, Key="home/x")
    for policy in ("own", "revoked"):
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    iam.delete_role(RoleName=name)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(AWS=ana.arn))
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(allow("*")))
    assert refusal(s3.get_object, Bucket=bucket, Key="home/x")  # the role of that name is another one


def test_tags_of_the_caller_and_of_the_request_are_keys(lab: RunningLab) -> None:
    """IAM user guide, "IAM tutorial: Define permissions to access AWS resources based on tags"."""
    own = {"StringEquals": {"aws:RequestTag/team": "${aws:PrincipalTag/team}"}}
    ana = user(lab, allow("sqs:CreateQueue", Condition=own), allow("sqs:TagQueue", Condition=own))
    lab.client("iam").tag_user(UserName=ana.name, Tags=[{"Key": "team", "Value": "ops"}])
    sqs = ana.client("sqs")
    assert refusal(sqs.create_queue, QueueName=unique("q"))
    assert refusal(sqs.create_queue, QueueName=unique("q"), tags={"team": "sales"})
    assert not refusal(sqs.create_queue, QueueName=unique("q"), tags={"team": "ops"})


def test_the_account_s_administrator_can_be_taken_less(lab: RunningLab, bucket: str) -> None:
    """He is a user with AdministratorAccess: a bucket's policy can deny him too (S3 user guide, "Bucket policies")."""
    s3, name = lab.client("s3"), unique("closed")
    s3.create_bucket(Bucket=name)
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{name}/*"}
    s3.put_bucket_policy(Bucket=name, Policy=document(statement))
    assert refusal(s3.put_object, Bucket=name, Key="k", Body=b"").endswith(
        "with an explicit deny in a resource-based policy"
    )


def test_a_bucket_s_policy_gives_to_a_user_of_its_account(lab: RunningLab, bucket: str) -> None:
    """IAM user guide, "Policy evaluation for requests within a single account": either policy is enough."""
    ana, bo, name = user(lab), user(lab), unique("shared")
    s3 = lab.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=b"1")
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": ana.arn},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{name}/*",
    }
    s3.put_bucket_policy(Bucket=name, Policy=document(statement))
    assert not refusal(ana.client("s3").get_object, Bucket=name, Key="k")
    assert refusal(bo.client("s3").get_object, Bucket=name, Key="k")


def test_each_object_of_delete_objects_is_decided_alone(lab: RunningLab) -> None:
    """S3 API reference, DeleteObjects: what may not be deleted is told of, the others are deleted."""
    s3, name = lab.client("s3"), unique("batch")
    s3.create_bucket(Bucket=name)
    for key in ("a", "b"):
        s3.put_object(Bucket=name, Key=key, Body=b"")
    ana = user(lab, allow("s3:DeleteObject", f"arn:aws:s3:::{name}/a"))
    both = {"Objects": [{"Key": "a"}, {"Key": "b"}]}
    answer = ana.client("s3").delete_objects(Bucket=name, Delete=both)
    assert [each["Key"] for each in answer["Deleted"]] == ["a"]
    [error] = answer["Errors"]
    assert (error["Key"], error["Code"]) == ("b", "AccessDenied")
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=name)["Contents"]] == ["b"]


def test_a_key_s_policy_decides_alone(lab: RunningLab) -> None:
    """KMS developer guide, "Key policies": without the account in it no IAM policy is of any use."""
    kms = lab.client("kms")
    ana, bo = user(lab, allow("kms:*")), user(lab)
    usual = kms.create_key()["KeyMetadata"]["KeyId"]
    assert not refusal(ana.client("kms").encrypt, KeyId=usual, Plaintext=b"x")
    assert refusal(bo.client("kms").encrypt, KeyId=usual, Plaintext=b"x")
    statements = [
        {"Effect": "Allow", "Principal": {"AWS": who}, "Action": actions, "Resource": "*"}
        for who, actions in ((bo.arn, "kms:Encrypt"), (f"arn:aws:iam::{ACCOUNT}:user/lab-admin", "kms:*"))
    ]
    closed = kms.create_key(Policy=document(*statements))["KeyMetadata"]["KeyId"]
    assert refusal(ana.client("kms").encrypt, KeyId=closed, Plaintext=b"x").endswith(
        "because no resource-based policy allows the kms:Encrypt action"
    )
    assert not refusal(bo.client("kms").encrypt, KeyId=closed, Plaintext=b"x")


def test_who_names_an_alias_means_its_key(lab: RunningLab) -> None:
    """KMS developer guide, "Using aliases to control access": the key's policy counts, and its ARN."""
    kms, name = lab.client("kms"), f"alias/{unique('key')}"
    owner = {"AWS": f"arn:aws:iam::{ACCOUNT}:user/lab-admin"}
    own = {"Effect": "Allow", "Principal": owner, "Action": "kms:*", "Resource": "*"}
    closed = kms.create_key(Policy=document(own))["KeyMetadata"]
    kms.create_alias(AliasName=name, TargetKeyId=closed["KeyId"])
    ana = user(lab, allow("kms:*"))
    assert refusal(ana.client("kms").encrypt, KeyId=name, Plaintext=b"x")
    blob = kms.encrypt(KeyId=name, Plaintext=b"x")["CiphertextBlob"]
    assert refusal(ana.client("kms").decrypt, CiphertextBlob=blob)


def test_a_grant_gives_what_it_says(lab: RunningLab) -> None:
    """KMS developer guide, "Grants in AWS KMS": operations for one principal, as far as its constraints go."""
    kms, ana, bo = lab.client("kms"), user(lab), user(lab)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    part = {"Constraints": {"EncryptionContextSubset": {"table": "passengers"}}}
    grant = kms.create_grant(KeyId=key, GranteePrincipal=ana.arn, Operations=["Encrypt", "Decrypt"], **part)["GrantId"]
    encrypt = ana.client("kms").encrypt
    within = {"KeyId": key, "Plaintext": b"x", "EncryptionContext": {"table": "passengers", "row": "1"}}
    assert not refusal(encrypt, **within)
    assert refusal(encrypt, **{**within, "EncryptionContext": {"table": "flights"}})
    assert refusal(bo.client("kms").encrypt, **within)
    assert refusal(ana.client("kms").generate_data_key, KeyId=key, KeySpec="AES_256")
    kms.revoke_grant(KeyId=key, GrantId=grant)
    assert refusal(encrypt, **within)


def test_a_session_of_a_deleted_user_is_not_that_of_a_new_one(lab: RunningLab, bucket: str) -> None:
    """IAM user guide, "IAM identifiers", unique ids: who comes later under the same name has another."""
    iam, ana = lab.client("iam"), user(lab)
    given = ana.client("sts").get_session_token()["Credentials"]
    iam.delete_access_key(UserName=ana.name, AccessKeyId=ana.keys["aws_access_key_id"])
    iam.delete_user(UserName=ana.name)
    user(lab, allow("s3:*"), name=ana.name)
    s3 = lab.fresh_client(
        "s3",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    assert refusal(s3.get_object, Bucket=bucket, Key="home/x")


def test_to_give_a_service_a_role_needs_pass_role(lab: RunningLab) -> None:
    """IAM user guide, "Grant a user permissions to pass a role to an AWS service"."""
    arn = role(lab, trust(Service="lambda.amazonaws.com"))
    to_lambda = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    code = {"ZipFile": source("def handler(event, context): ...")}
    settings = {"Runtime": "python3.13", "Handler": "app.handler", "Role": arn, "Code": code}
    without = user(lab, allow("lambda:*"))
    message = refusal(without.client("lambda").create_function, FunctionName=unique("f"), **settings)
    assert f"is not authorized to perform: iam:PassRole on resource: {arn}" in message
    within = user(lab, allow("lambda:*"), allow("iam:PassRole", arn, Condition=to_lambda))
    assert not refusal(within.client("lambda").create_function, FunctionName=unique("f"), **settings)
    target = {"RoleARN": arn, "BucketARN": "arn:aws:s3:::b-not-there"}
    other = user(lab, allow("firehose:*"), allow("iam:PassRole", arn, Condition=to_lambda))
    message = refusal(
        other.client("firehose").create_delivery_stream,
        DeliveryStreamName=unique("d"),
        ExtendedS3DestinationConfiguration=target,
    )
    assert "iam:PassRole" in message


def test_a_federated_user_has_what_his_session_policy_leaves_of_the_user(lab: RunningLab, bucket: str) -> None:
    """STS API reference, GetFederationToken: without a session policy he may do nothing."""
    ana = user(lab, allow(["s3:GetObject", "sts:GetFederationToken"]))
    for policy, refused in (({}, True), ({"Policy": document(allow("s3:*"))}, False)):
        given = ana.client("sts").get_federation_token(Name="guest", **policy)["Credentials"]
        s3 = lab.fresh_client(
            "s3",
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )
        assert bool(refusal(s3.get_object, Bucket=bucket, Key="home/x")) == refused
        assert refusal(s3.put_object, Bucket=bucket, Key="home/x", Body=b"")


def test_what_limits_a_session_survives_a_kill(new_lab: Callable[..., RunningLab]) -> None:
    """Temporary keys outlive a kill of the lab, and so must what they may not do."""
    lab = new_lab()
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="k", Body=b"1")
    ana = user(lab)
    arn = role(lab, trust(AWS=ana.arn), allow("s3:*"))
    limited = session(ana.client("sts"), arn, lab, Policy=document(allow("s3:GetObject")))
    time.sleep(1)  # settings younger than a second may be lost
    lab.kill()
    lab.start()
    assert not refusal(limited.client("s3").get_object, Bucket="kept", Key="k")
    assert refusal(limited.client("s3").put_object, Bucket="kept", Key="k", Body=b"")
    assert refusal(ana.client("s3").get_object, Bucket="kept", Key="k")
