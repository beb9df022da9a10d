"""Requests that do not fit their model get the service's own error. boto3 would not send them."""

from __future__ import annotations

import pytest

from tests.conftest import RunningLab
from tests.gateway.wire import send, signer

#: Service, target, body, and the code that AWS's API reference gives for it, or that was recorded of AWS.
CASES = [
    ("kms", "TrentService.GenerateRandom", b"[]", "SerializationException"),
    ("kms", "TrentService.GenerateRandom", b'{"NumberOfBytes": "x"}', "SerializationException"),
    ("kms", "TrentService.GenerateRandom", b'{"NumberOfBytes": 1025}', "ValidationException"),
    ("kms", "TrentService.DescribeKey", b'{"KeyId": "\xff"}', "SerializationException"),
    ("kms", "TrentService.DescribeKey", b"[" * 100_000, "SerializationException"),
    ("kms", "TrentService.DescribeKey", b"{}", "ValidationException"),
    ("logs", "Logs_20140328.CreateLogGroup", b"{}", "InvalidParameterException"),
    ("logs", "Logs_20140328.PutDeliverySource", b"{}", "ValidationException"),
    ("athena", "AmazonAthena.StartQueryExecution", b"{}", "InvalidRequestException"),
    ("monitoring", "GraniteServiceVersion20100801.SetAlarmState", b"{}", "ValidationError"),
    ("glue", "AWSGlue.CreateDatabase", b"{}", "ValidationException"),
    ("ecr", "AmazonEC2ContainerRegistry_V20150921.CreateRepository", b"{}", "InvalidParameterException"),
    ("cognito-idp", "AWSCognitoIdentityProviderService.CreateUserPool", b"{}", "InvalidParameterException"),
    ("transcribe", "Transcribe.StartTranscriptionJob", b"{}", "BadRequestException"),
]


@pytest.mark.parametrize(("service", "target", "body", "code"), CASES)
def test_a_body_that_does_not_fit_is_refused(
    lab: RunningLab, service: str, target: str, body: bytes, code: str
) -> None:
    headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
    answer = send(lab, "POST", "/", signer(lab, service).headers("POST", "/", body, headers), body)
    assert (answer.status, answer.code) == (400, code)


def test_a_document_that_is_not_xml_is_refused(lab: RunningLab) -> None:
    """S3 API reference, "List of error codes": MalformedXML."""
    lab.client("s3").create_bucket(Bucket="not-well-formed")
    for body in (b"<VersioningConfiguration>", b"<html/>", b"\xff"):
        target = "/not-well-formed?versioning="
        answer = send(lab, "PUT", target, signer(lab).headers("PUT", target, body), body)
        assert (answer.status, answer.code) == (400, "MalformedXML")
