"""SNS over HTTP reaches this machine alone: a lab is offline, and must not be a way to post to others."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab


@pytest.mark.parametrize(
    "address", ["192.0.2.1", "169.254.169.254", "127.0.0.1.nip.io", "2130706433", "[::ffff:192.0.2.1]"]
)
def test_other_machines_are_refused(lab: RunningLab, address: str) -> None:
    """Subscribe refuses with InvalidParameter (Subscribe, API reference, "Errors")."""
    sns = lab.client("sns")
    topic = sns.create_topic(Name="addresses")["TopicArn"]
    with pytest.raises(ClientError, match=r"\(InvalidParameter\).*this machine"):
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"http://{address}/")
