"""Each part runs with the permissions that it lists and no more, as it does for a reader on a real account.

A lab of another account plays AWS. Source: IAM user guide, "Security best practices in IAM", "Apply least-privilege
permissions".
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dehelpers.process.project import root
from tests.conftest import RunningLab
from tests.security.people import deny

ACCOUNT = "555555555555"
PARTS = {"00": "00_introduction", "01": "01_ingestion", "02": "02_storage", "04": "04_analytics"}
#: What names nothing that it would change, and what has no name before it is made.
_READS = re.compile(r"[\w-]+:(List|Describe|Get)\w+")
_UNNAMED = {"dms:CreateEndpoint", "dms:CreateReplicationInstance", "lambda:CreateEventSourceMapping"}


def policy(part: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root() / "data" / "policies" / f"{part}.json").read_text())
    return found


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """What plays AWS."""
    running = RunningLab(tmp_path_factory.mktemp("aws"), "--account-id", ACCOUNT)
    yield running
    running.stop()
    for ledger in (root() / ".ledger").glob(f"{ACCOUNT}-*"):
        ledger.unlink()


def run(aws: RunningLab, part: str, document: dict[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a part with the keys of a role that has the policy *document*."""
    iam, name = aws.client("iam"), f"reader-{part}"
    trusted = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    if name not in [each["RoleName"] for each in iam.list_roles()["Roles"]]:
        trust = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    iam.put_role_policy(RoleName=name, PolicyName="part", PolicyDocument=json.dumps(document))
    role = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    keys = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="reader")["Credentials"]
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "DEHELPERS_"))}
    environment = {
        **inherited,
        **{key: value for key, value in aws.environment.items() if key != "PATH"},
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "SSL_CERT_DIR": str(aws.directory / "tls" / "trusted"),  # AWS's own certificates are trusted everywhere
        "DEHELPERS_AWS_CONSENT": "us-east-1:5",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    notebook = root() / "notebooks" / f"{PARTS[part]}.ipynb"
    options = ["-p", "target", "aws", "--no-progress-bar", "--no-request-save-on-cell-execute"]
    command = [sys.executable, "-m", "papermill", str(notebook), "executed.ipynb", *options]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_runs_with_what_it_lists(aws: RunningLab, part: str, tmp_path: Path) -> None:
    """From the first cell to its teardown, which leaves nothing."""
    ran = run(aws, part, policy(part), tmp_path)
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert aws.client("s3").list_buckets()["Buckets"] == []
    refused = [call for call in aws.calls() if f"reader-{part}" in call["principal"] and call["status"] == 403]
    assert refused == []


def test_with_less_it_does_not_run(aws: RunningLab, tmp_path: Path) -> None:
    """So it is this policy that lets it run."""
    without = policy("00")
    without["Statement"].append(deny("s3:PutObject"))
    ran = run(aws, "00", without, tmp_path)
    assert ran.returncode != 0
    assert re.search(r"not authorized to perform: s3:PutObject .* with an explicit deny", ran.stderr)


@pytest.mark.parametrize("part", PARTS)
def test_it_lists_actions_one_by_one_and_what_they_are_for(part: str) -> None:
    """ "Define the actions that can be taken on specific resources under specific conditions", the same page."""
    document = policy(part)
    assert len(json.dumps(document, separators=(",", ":"))) <= 6144, "one managed policy"
    for statement in document["Statement"]:
        actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        assert not any("*" in action for action in actions)
        assert actions == sorted(set(actions))
        if statement["Resource"] == "*":
            assert all(_READS.fullmatch(action) or action in _UNNAMED for action in actions), statement["Sid"]
        if "iam:PassRole" in actions:
            assert statement["Condition"]["StringEquals"]["iam:PassedToService"]


@pytest.mark.parametrize("part", PARTS)
def test_a_part_links_its_permissions(part: str) -> None:
    text = (root() / "notebooks" / f"{PARTS[part]}.ipynb").read_text()
    assert f"(../data/policies/{part}.json)" in text
    assert f"]({part}.json)" in (root() / "data" / "policies" / "README.md").read_text()
