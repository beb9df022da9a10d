"""Policies that are none, too long or made to be slow: refused in AWS's words, cheap to decide by, never open.

Sources: IAM user guide, "IAM and AWS STS quotas", "Grammar of the IAM JSON policy language"; S3 user guide, "Adding a
bucket policy"; KMS developer guide, "Resource quotas".
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from tests.conftest import RunningLab
from tests.security.people import ACCOUNT, allow, deny, document, refusal, role, said, trust, unique, user


def of_size(size: int) -> str:
    """A policy of that many letters that count; white space does not."""
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::"}
    length = len(json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":")))
    padded = {**statement, "Resource": "arn:aws:s3:::" + "b" * (size - length)}
    return json.dumps({"Version": "2012-10-17", "Statement": [padded]}, indent=4)


def test_a_managed_policy_s_size(lab: RunningLab) -> None:
    iam = lab.client("iam")
    made = iam.create_policy(PolicyName=unique("long"), PolicyDocument=of_size(6144))["Policy"]["Arn"]
    exceeded = ("LimitExceeded", "Cannot exceed quota for PolicySize: 6144")
    name = unique("long")
    assert said(iam.create_policy, PolicyName=name, PolicyDocument=of_size(6145)) == exceeded
    assert said(iam.create_policy_version, PolicyArn=made, PolicyDocument=of_size(6145)) == exceeded
    assert said(iam.get_policy, PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/{name}")[0] == "NoSuchEntity"


@pytest.mark.parametrize(("kind", "most"), [("user", 2048), ("role", 10_240), ("group", 5120)])
def test_all_inline_policies_of_one_together(lab: RunningLab, kind: str, most: int) -> None:
    iam, name = lab.client("iam"), unique(kind)
    if kind == "role":
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(AWS=ACCOUNT))
    else:
        getattr(iam, f"create_{kind}")(**{f"{kind.title()}Name": name})
    put = getattr(iam, f"put_{kind}_policy")
    whose = {f"{kind.title()}Name": name}
    put(**whose, PolicyName="a", PolicyDocument=of_size(most - 500))
    put(**whose, PolicyName="b", PolicyDocument=of_size(500))
    put(**whose, PolicyName="b", PolicyDocument=of_size(499))
    exceeded = ("LimitExceeded", f"Maximum policy size of {most} bytes exceeded for {kind} {name}")
    assert said(put, **whose, PolicyName="b", PolicyDocument=of_size(501)) == exceeded
    assert said(put, **whose, PolicyName="c", PolicyDocument=of_size(200)) == exceeded


def test_a_trust_policy_s_size(lab: RunningLab) -> None:
    iam, arn = lab.client("iam"), role(lab, trust(AWS=ACCOUNT))
    wide = trust(AWS=[f"arn:aws:iam::{number:012}:root" for number in range(60)])
    exceeded = ("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048")
    assert said(iam.update_assume_role_policy, RoleName=arn.rpartition("/")[2], PolicyDocument=wide) == exceeded
    assert said(iam.create_role, RoleName=unique("wide"), AssumeRolePolicyDocument=wide) == exceeded


def test_the_size_of_a_bucket_s_and_a_key_s(lab: RunningLab) -> None:
    s3, kms, bucket = lab.client("s3"), lab.client("kms"), unique("long")
    s3.create_bucket(Bucket=bucket)
    statements = [
        {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/{n:0100}"}
        for n in range(150)
    ]
    code, message = said(s3.put_bucket_policy, Bucket=bucket, Policy=document(*statements))
    assert (code, message) == (
        "MalformedPolicy",
        "Normalized policy document exceeds the maximum allowed size of 20480 bytes",
    )
    s3.put_bucket_policy(Bucket=bucket, Policy=document(*statements[:80]))
    own = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
    assert said(kms.create_key, Policy=document(*[own] * 400))[0] == "LimitExceededException"


S3 = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
#: What is no policy of a user, and what IAM says.
BAD: list[tuple[str, str]] = [
    ("not json", "Syntax errors in policy."),
    ('{"Version": "2012-10-17"}', "Syntax errors in policy."),
    (json.dumps({"Version": "2013-10-17", "Statement": [S3]}), "Syntax errors in policy."),
    (document({**S3, "Effect": "Maybe"}), "Syntax errors in policy."),
    (document({**S3, "Action": ["s3:*", 1]}), "Syntax errors in policy."),
    (document({**S3, "Nonsense": "x"}), "Syntax errors in policy."),
    (document({**S3, "Condition": {"StringEqual": {"aws:username": "x"}}}), "Syntax errors in policy."),
    (document({**S3, "NotAction": "s3:*"}), "Syntax errors in policy."),
    (document({**S3, "NotResource": "*"}), "Syntax errors in policy."),
    (document({**S3, "Action": "s3"}), "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."),
    (document({"Effect": "Allow", "Action": "s3:*"}), "Policy statement must contain resources."),
    (document({"Effect": "Allow", "Resource": "*"}), "Policy statement must contain actions."),
    (document({**S3, "Resource": "bucket"}), 'Resource bucket must be in ARN format or "*".'),
    (document({**S3, "Principal": "*"}), "Policy document should not specify a principal."),
    (document({**S3, "Sid": "a"}, {**S3, "Sid": "a"}), "Statement IDs (SID) in a single policy must be unique."),
    (
        document({**S3, "Sid": "not one"}),
        "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression "
        "[0-9A-Za-z]*",
    ),
]


@pytest.mark.parametrize(("policy", "words"), BAD)
def test_what_is_no_policy_is_told_so(lab: RunningLab, policy: str, words: str) -> None:
    """For all that take one; nothing is kept of it."""
    iam, ana = lab.client("iam"), user(lab)
    arn = role(lab, trust(AWS=ana.arn))
    refused = ("MalformedPolicyDocument", words)
    assert said(iam.put_user_policy, UserName=ana.name, PolicyName="p", PolicyDocument=policy) == refused
    assert said(iam.create_policy, PolicyName=unique("bad"), PolicyDocument=policy) == refused
    session = {"RoleArn": arn, "RoleSessionName": "run", "Policy": policy}
    assert said(lab.client("sts").assume_role, **session)[0] in ("MalformedPolicyDocument", "AccessDenied")
    assert iam.list_user_policies(UserName=ana.name)["PolicyNames"] == []
    assert refusal(ana.client("s3").list_buckets)


STARS = "*a" * 60 + "*"
#: Policies that a careless pattern would take for ever on.
BOMBS: dict[str, dict[str, Any]] = {
    "stars in the resource": {"Action": "s3:*", "Resource": f"arn:aws:s3:::{STARS}b"},
    "stars in the action": {"Action": f"s3:{STARS}b", "Resource": "*"},
    "stars in a condition": {
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {"StringLike": {"aws:UserAgent": f"{STARS}b"}},
    },
    "stars in an ARN's condition": {
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::*:user/{STARS}b"}},
    },
    "question marks": {"Action": "s3:*", "Resource": "arn:aws:s3:::" + "*?" * 200 + "b"},
    "variables": {"Action": "s3:*", "Resource": "arn:aws:s3:::" + "${aws:username}*" * 60},
    "many values": {
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {"StringLike": {"aws:UserAgent": [f"{n}*a*a*a*a*b" for n in range(100)]}},
    },
}


def seconds_of(lab: RunningLab) -> float:
    times = psutil.Process(lab.pid).cpu_times()
    return float(times.user + times.system)


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_slow_pattern_is_not_slow(lab: RunningLab, bomb: str) -> None:
    """A regular expression would look at 2^60 ways to divide the text; this takes milliseconds of a processor."""
    name = unique("bomb")
    iam = lab.client("iam")
    iam.create_user(UserName=name)
    iam.put_group_policy(
        GroupName=iam.create_group(GroupName=name)["Group"]["GroupName"],
        PolicyName="bomb",
        PolicyDocument=document({"Effect": "Allow", **BOMBS[bomb]}),
    )
    iam.add_user_to_group(UserName=name, GroupName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    s3 = lab.fresh_client("s3", **keys)
    before = seconds_of(lab)
    for number in range(20):
        assert refusal(s3.get_object, Bucket="a" * 60, Key="a" * 500 + str(number))
    assert seconds_of(lab) - before < 5


def test_many_statements_cost_little(lab: RunningLab) -> None:
    """Ten policies of full size, a bucket policy of full size: a thousand statements and more for each call."""
    iam, s3, bucket = lab.client("iam"), lab.client("s3"), unique("many")
    s3.create_bucket(Bucket=bucket)
    ana = user(lab, allow("s3:*", f"arn:aws:s3:::{bucket}*"))
    for number in range(10):
        statements = [
            {"Effect": "Allow", "Action": "s3:Get*", "Resource": f"arn:aws:s3:::x{number}{place:03}*"}
            for place in range(70)
        ]
        arn = iam.create_policy(PolicyName=unique("many"), PolicyDocument=document(*statements))["Policy"]["Arn"]
        iam.attach_user_policy(UserName=ana.name, PolicyArn=arn)
    denials = [
        {"Effect": "Deny", "Principal": "*", "Action": "s3:Get*", "Resource": f"arn:aws:s3:::{bucket}/{place}/*"}
        for place in range(150)
    ]
    s3.put_bucket_policy(Bucket=bucket, Policy=document(*denials))
    client = ana.client("s3")
    client.put_object(Bucket=bucket, Key="k", Body=b"x")
    before = seconds_of(lab)
    for _ in range(100):
        client.get_object(Bucket=bucket, Key="k")
    assert seconds_of(lab) - before < 5, "50 ms a call would be many times what a call costs"
    assert refusal(client.get_object, Bucket=bucket, Key="149/x")


def test_an_error_while_deciding_refuses(new_lab: Callable[..., RunningLab]) -> None:
    """Even a policy that cannot be read (of an older lab, say): nobody gets through because of it."""
    lab = new_lab()
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="unreadable")
    s3.put_object(Bucket="unreadable", Key="k", Body=b"secret")
    s3.put_bucket_policy(
        Bucket="unreadable",
        Policy=document(deny("s3:GetObject", "arn:aws:s3:::unreadable/*", Principal={"AWS": ACCOUNT})),
    )
    lab.stop()
    journal = lab.directory / "objects" / "journal"
    text = journal.read_text()
    assert '\\"Effect\\": \\"Deny\\"' in text
    journal.write_text(text.replace('\\"Effect\\": \\"Deny\\"', '\\"Effect\\": \\"Perhaps\\"'))
    lab.start()
    client = lab.client("s3")
    code, _ = said(client.get_object, Bucket="unreadable", Key="k")
    assert code in ("InternalFailure", "InternalError", "AccessDenied", "500")
    assert client.list_buckets()["Buckets"]


def test_rights_change_between_two_calls_not_within_one(lab: RunningLab) -> None:
    """Many threads ask while policies come and go: each answer is one of the two, and the last one counts."""
    iam, name = lab.client("iam"), unique("turning")
    ana = user(lab, name=name)
    errors: list[str] = []
    done = threading.Event()

    def ask() -> None:
        s3 = ana.client("s3")
        while not done.is_set():
            try:
                refusal(s3.list_buckets)
            except Exception as error:
                errors.append(str(error))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(15):
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document(allow("s3:*")))
        assert not refusal(ana.client("s3").list_buckets)
        iam.delete_user_policy(UserName=name, PolicyName="own")
        assert refusal(ana.client("s3").list_buckets)
    done.set()
    for thread in threads:
        thread.join()
    assert errors == []
