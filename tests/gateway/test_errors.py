"""Errors are AWS's own in every protocol, whatever goes wrong inside; the cause is in the log under the request id.

Smithy protocol specifications ("Operation error serialization") and S3 API reference, "REST error responses";
"Common errors" of each service: InternalFailure, UnknownOperationException, InvalidAction.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import create_parser

from localaws.credentials import Credential
from localaws.gateway.app import Gateway
from localaws.lab import Lab
from tests.conftest import RunningLab
from tests.gateway.test_operations import on_the_wire
from tests.gateway.wire import recorded, send, signer

CALLS: dict[str, Callable[[Any], Any]] = {
    "s3": lambda client: client.list_buckets(),
    "sns": lambda client: client.list_topics(),
    "ec2": lambda client: client.describe_vpcs(),
    "dynamodb": lambda client: client.list_tables(),
    "lambda": lambda client: client.list_functions(),
    "route53": lambda client: client.list_hosted_zones(),
}


class Failing:
    """A dispatcher to a backend with a bug."""

    def dispatch(self, request: Any, service: Any, parsed: Any) -> Any:
        raise ZeroDivisionError("a bug <in> the backend")


@pytest.fixture
def failing_lab(tmp_path: Path) -> Lab:
    account = "123456789012"
    owner = Credential("AKIA" + "T" * 16, "secret", f"arn:aws:iam::{account}:user/lab-admin", account, "AIDATEST")
    lab = Lab(tmp_path, owner, account, "us-east-1", endpoint="http://127.0.0.1:1")
    lab.gateway = Gateway(lab, Failing())  # type: ignore[arg-type]
    return lab


@pytest.mark.parametrize("service", CALLS)
def test_a_bug_in_a_backend_is_internal_failure(
    failing_lab: Lab, service: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR), pytest.raises(ClientError) as error:
        CALLS[service](failing_lab.client(service))
    response = error.value.response
    assert response["Error"]["Code"] == "InternalFailure"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 500
    request_id = response["ResponseMetadata"]["RequestId"]
    assert request_id in response["Error"]["Message"]
    assert not {"Traceback", "ZeroDivisionError", "a bug"} & set(str(response).replace(":", " ").split())
    logged = next(record for record in caplog.records if request_id in record.getMessage())
    assert logged.exc_info is not None and logged.exc_info[0] is ZeroDivisionError


def test_over_the_socket_too(lab: RunningLab) -> None:
    """The body of a request that its service cannot read at all."""
    headers = {"X-Amz-Target": "AWSGlue.CreateDatabase", "Content-Type": "application/x-amz-json-1.1"}
    body = b"\xff\xfe not JSON"
    answer = send(lab, "POST", "/", signer(lab, "glue").headers("POST", "/", body, headers), body)
    assert answer.code
    assert b"Traceback" not in answer.body
    if answer.status == 500:
        assert answer.headers["x-amzn-requestid"] in lab.log()


@pytest.mark.parametrize(
    ("service", "headers", "body", "code"),
    [
        ("kinesis", {"X-Amz-Target": "Kinesis_20131202.MakeCoffee"}, b"{}", "UnknownOperationException"),
        ("kinesis", {"X-Amz-Target": ""}, b"{}", "UnknownOperationException"),
        ("dynamodb", {}, b"{}", "UnknownOperationException"),
        ("dynamodb", {"X-Amz-Target": "nonsense"}, b"{}", "UnknownOperationException"),
        ("iam", {"Content-Type": "application/x-www-form-urlencoded"}, b"Action=MakeCoffee", "InvalidAction"),
        ("teapot", {"X-Amz-Target": "Teapot.Brew"}, b"{}", "UnknownOperationException"),
        ("teapot", {}, b"{}", "UnknownOperationException"),
        ("169.254.169.254", {}, b"", "UnknownOperationException"),
    ],
)
def test_what_is_no_operation(lab: RunningLab, service: str, headers: dict[str, str], body: bytes, code: str) -> None:
    answer = send(lab, "POST", "/", signer(lab, service).headers("POST", "/", body, headers), body)
    assert (answer.code, answer.status // 100) == (code, 4)


def test_what_the_lab_does_not_do_it_says(lab: RunningLab) -> None:
    """An operation that AWS has and the lab has not: no canned answer, and no retries (501)."""
    with pytest.raises(ClientError) as error:
        lab.client("kms").describe_custom_key_stores()
    response = error.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == ("NotImplemented", 501)
    assert "kms DescribeCustomKeyStores" in response["Error"]["Message"]


def test_cbor_is_refused_in_cbor(lab: RunningLab) -> None:
    """Clients that insist on Smithy RPC v2 CBOR can read why; boto3 and the CLI choose JSON."""
    operation = botocore.session.get_session().get_service_model("cloudwatch").operation_model("ListMetrics")
    environ, body = on_the_wire(operation, "smithy-rpc-v2-cbor", {})
    headers = {"Smithy-Protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}
    target = environ["REQUEST_URI"]
    signed = signer(lab, "monitoring").headers("POST", target, body, headers)
    answer = send(lab, "POST", target, signed, body)
    parsed = create_parser("smithy-rpc-v2-cbor").parse(
        {"status_code": answer.status, "headers": answer.headers, "body": answer.body}, operation.output_shape
    )
    assert parsed["Error"]["Code"] == "UnknownOperationException"
    assert "JSON" in parsed["Error"]["Message"]
    record = recorded(lab, answer.headers["x-amzn-requestid"])
    assert (record["service"], record["operation"]) == ("cloudwatch", "ListMetrics")
    assert lab.client("cloudwatch").list_metrics()["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert "Metrics" in lab.aws("cloudwatch", "list-metrics").stdout


def test_a_body_that_is_too_large(lab: RunningLab) -> None:
    headers = {"X-Amz-Target": "Kinesis_20131202.PutRecord"}
    signed = signer(lab, "kinesis").headers("POST", "/", b"", headers)
    answer = send(lab, "POST", "/", {**signed, "Content-Length": str(73 << 20), "Expect": "x"}, b"x" * (73 << 20))
    assert answer.status == 413
    assert lab.client("kinesis", config=Config()).list_streams()["ResponseMetadata"]["HTTPStatusCode"] == 200
