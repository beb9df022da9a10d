"""What was acknowledged is sent, though the lab is killed before: notifications of S3, messages of SNS by HTTP.

Sources: S3 user guide, "Amazon S3 Event Notifications" ("designed to be delivered at least once"); SNS developer guide,
"Amazon SNS message delivery retries".
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from tests.conftest import RunningLab, eventually

Labs = Callable[..., RunningLab]


class Receiver(BaseHTTPRequestHandler):
    """Keeps what is posted to it; answers once it is ``open``."""

    got: ClassVar[list[dict[str, Any]]] = []
    open: ClassVar[threading.Event] = threading.Event()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.got.append(body)
        self.open.wait(20)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def receiver() -> Iterator[str]:
    Receiver.got.clear()
    Receiver.open.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    Receiver.open.set()
    server.shutdown()
    server.server_close()


def _messages() -> list[str]:
    return [post["Message"] for post in Receiver.got if post["Type"] == "Notification"]


def test_a_message_under_way_is_posted_again_and_those_behind_it_too(new_lab: Labs, receiver: str) -> None:
    lab = new_lab()
    sns = lab.client("sns")
    topic = sns.create_topic(Name="kept")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=receiver)
    _keep_settings(lab)
    attributes = {"a": {"DataType": "Number", "StringValue": "1"}}
    for number in range(8):  # four threads wait for the receiver, and four messages for them
        lab.client("sns").publish(TopicArn=topic, Message=f"{number}", MessageAttributes=attributes)
    eventually(lambda: len(_messages()) == 4)
    lab.kill()
    Receiver.open.set()
    lab.start()
    eventually(lambda: len(_messages()) == 12)
    assert {*_messages()} == {str(number) for number in range(8)}
    lab.stop()
    lab.start()
    assert lab.client("sns").list_topics()["Topics"]
    assert len(_messages()) == 12


def _keep_settings(lab: RunningLab) -> None:
    """Of what is younger than a second a kill may take the settings."""
    lab.stop()
    lab.start()


def test_every_acknowledged_put_has_its_notification(new_lab: Labs) -> None:
    lab = new_lab()
    s3, sqs = lab.client("s3"), lab.client("sqs")
    url = sqs.create_queue(QueueName="events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:*", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    s3.create_bucket(Bucket="outbox")
    rules = {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    s3.put_bucket_notification_configuration(Bucket="outbox", NotificationConfiguration=rules)
    _keep_settings(lab)
    s3 = lab.client("s3")
    keys = [f"key-{number}" for number in range(150)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: s3.put_object(Bucket="outbox", Key=key, Body=b""), keys))
    lab.kill()
    lab.start()
    found: set[str] = set()

    def all_there() -> bool:
        answer = lab.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            found.update(record["s3"]["object"]["key"] for record in json.loads(message["Body"]).get("Records", []))
        return found == set(keys)

    eventually(all_there)
