"""The lab's administrator can be shut out as on AWS, and the account's root user lets him in again.

Source: "AWS account root user" and "Tasks that require root user credentials" (IAM user guide).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def in_a_shell(lab: RunningLab, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the AWS CLI as ``dehelpers env --root`` sets it up."""
    lines = [sys.executable, "-m", "dehelpers", "env", "--root", "--dir", str(lab.directory)]
    script = 'eval "$("$@")"\n' + " ".join(["aws", *arguments])
    return subprocess.run(
        ["sh", "-c", script, "sh", *lines], env=lab.environment, capture_output=True, text=True, timeout=120
    )


def test_root_gives_back_what_the_administrator_has_lost(new_lab: Callable[..., RunningLab]) -> None:
    lab = new_lab()
    iam = lab.client("iam")
    iam.detach_user_policy(UserName="lab-admin", PolicyArn=ADMINISTRATOR)
    with pytest.raises(ClientError, match="no identity-based policy allows the iam:AttachUserPolicy action"):
        iam.attach_user_policy(UserName="lab-admin", PolicyArn=ADMINISTRATOR)
    told = in_a_shell(lab, "sts", "get-caller-identity", "--query", "Arn", "--output", "text")
    assert (told.stdout.strip(), told.stderr) == ("arn:aws:iam::123456789012:root", "")
    done = in_a_shell(lab, "iam", "attach-user-policy", "--user-name", "lab-admin", "--policy-arn", ADMINISTRATOR)
    assert (done.returncode, done.stderr) == (0, "")
    assert iam.list_attached_user_policies(UserName="lab-admin")["AttachedPolicies"]


def test_only_root_opens_a_bucket_that_denies_everybody(new_lab: Callable[..., RunningLab]) -> None:
    """S3 API reference, PutBucketPolicy: root may get, put and delete a policy "even if their bucket policy explicitly
    denies the root principal's access"."""
    lab = new_lab()
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="shut")
    shut = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::shut", "arn:aws:s3:::shut/*"],
    }
    s3.put_bucket_policy(Bucket="shut", Policy=json.dumps({"Version": "2012-10-17", "Statement": [shut]}))
    with pytest.raises(ClientError, match="explicit deny in a resource-based policy"):
        s3.delete_bucket_policy(Bucket="shut")
    opened = in_a_shell(lab, "s3api", "delete-bucket-policy", "--bucket", "shut")
    assert (opened.returncode, opened.stderr) == (0, "")
    assert s3.list_objects_v2(Bucket="shut")["KeyCount"] == 0
