"""A stream that cannot deliver answers like AWS when it is full, on a lab in this process with little room."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from localaws.credentials import Credential
from localaws.engines import REPLACED_RESPONSES, Installer
from localaws.engines.firehose import delivery
from localaws.gateway.app import Gateway
from localaws.gateway.dispatch import Dispatcher
from localaws.lab import Lab


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
    firehose.create_delivery_stream(
        DeliveryStreamName="small",
        ExtendedS3DestinationConfiguration={"RoleARN": role, "BucketARN": "arn:aws:s3:::not-there"},
    )
    taken = firehose.put_record_batch(DeliveryStreamName="small", Records=[{"Data": b"12345"}])
    assert taken["FailedPutCount"] == 0
    refused = firehose.put_record_batch(DeliveryStreamName="small", Records=[{"Data": b"1234"}, {"Data": b"56"}])
    assert refused["FailedPutCount"] == 2
    assert {each["ErrorCode"] for each in refused["RequestResponses"]} == {"ServiceUnavailableException"}
    with pytest.raises(ClientError, match="ServiceUnavailableException"):
        firehose.put_record(DeliveryStreamName="small", Record={"Data": b"123456"})
    firehose.put_record(DeliveryStreamName="small", Record={"Data": b"67890"})
    firehose.delete_delivery_stream(DeliveryStreamName="small")
    lab.stop()
