"""A stream that cannot deliver answers like AWS when it is full, on a lab in this process with little room."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.credentials import Credential
from localaws.engines import Installer
from localaws.engines.declaration import REPLACED_RESPONSES
from localaws.engines.firehose import delivery
from localaws.gateway.app import Gateway
from localaws.gateway.dispatch import Dispatcher
from localaws.lab import Lab
from tests.conftest import eventually


def accepted(firehose: Any, stream: str, data: bytes) -> bool:
    return firehose.put_record_batch(DeliveryStreamName=stream, Records=[{"Data": data}])["FailedPutCount"] == 0


def test_a_full_stream_refuses_until_it_has_delivered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """API PutRecordBatch: FailedPutCount and ServiceUnavailableException; nothing of a refused record is kept."""
    monkeypatch.setattr(delivery, "MOST_HELD", 10)
    monkeypatch.setattr(delivery, "RECORD_OVERHEAD", 0)
    account = "123456789012"
    owner = Credential("AKIATESTTESTTESTTEST", "secret", f"arn:aws:iam::{account}:root", account, account)
    lab = Lab(tmp_path, owner, account, "eu-west-3", "http://127.0.0.1:1")
    lab.gateway = Gateway(lab, Dispatcher(Installer(lab), REPLACED_RESPONSES))
    firehose = lab.client("firehose")
    role = f"arn:aws:iam::{account}:role/firehose"
    destination = {"RoleARN": role, "BucketARN": "arn:aws:s3:::not-there"}
    firehose.create_delivery_stream(DeliveryStreamName="small", ExtendedS3DestinationConfiguration=destination)
    taken = firehose.put_record_batch(DeliveryStreamName="small", Records=[{"Data": b"12345"}])
    assert taken["FailedPutCount"] == 0
    refused = firehose.put_record_batch(DeliveryStreamName="small", Records=[{"Data": b"1234"}, {"Data": b"56"}])
    assert refused["FailedPutCount"] == 2
    assert {each["ErrorCode"] for each in refused["RequestResponses"]} == {"ServiceUnavailableException"}
    with pytest.raises(ClientError, match="ServiceUnavailableException"):
        firehose.put_record(DeliveryStreamName="small", Record={"Data": b"123456"})
    firehose.put_record(DeliveryStreamName="small", Record={"Data": b"67890"})
    monkeypatch.setattr(delivery, "MOST_HELD_TOGETHER", 15)
    firehose.create_delivery_stream(DeliveryStreamName="other", ExtendedS3DestinationConfiguration=destination)
    firehose.put_record(DeliveryStreamName="other", Record={"Data": b"12345"})
    with pytest.raises(ClientError, match="ServiceUnavailableException"):
        firehose.put_record(DeliveryStreamName="other", Record={"Data": b"6"})
    firehose.delete_delivery_stream(DeliveryStreamName="small")
    eventually(lambda: accepted(firehose, "other", b"6"))
    firehose.delete_delivery_stream(DeliveryStreamName="other")
    lab.stop()
