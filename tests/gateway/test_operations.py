"""Every operation of every service of the guide is named as botocore names it, whatever its protocol.

botocore's models are the authority on what each request looks like on the wire: a minimal valid request of each
operation is made from its input shape, serialized by botocore, and read back by the gateway.
"""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import botocore.session
import pytest
from botocore.awsrequest import create_request_object, prepare_request_dict
from botocore.model import OperationModel, Shape
from botocore.serialize import create_serializer
from werkzeug.test import create_environ

from localaws.gateway.dispatch import WireRequest
from localaws.gateway.operations import identify, protocol_of
from localaws.gateway.services import service_of

SERVICES = """
    s3 s3control s3tables kinesis firehose dms rds rds-data dynamodb dynamodbstreams redshift redshift-data
    redshift-serverless glue emr emr-serverless lambda athena quicksight stepfunctions mwaa iam kms cloudtrail
    cloudwatch logs ce budgets trustedadvisor support sts sqs sns events scheduler pipes secretsmanager lakeformation
    kinesisanalyticsv2 organizations ec2 ssm cloudformation resourcegroupstaggingapi bcm-data-exports cur pricing
""".split()

# Operations whose requests are another's to the letter: S3's deprecated twins, and one that only its host tells apart.
SAME_ON_THE_WIRE = {
    "GetBucketLifecycle": "GetBucketLifecycleConfiguration",
    "GetBucketNotification": "GetBucketNotificationConfiguration",
    "PutBucketLifecycle": "PutBucketLifecycleConfiguration",
    "PutBucketNotification": "PutBucketNotificationConfiguration",
    "ListDirectoryBuckets": "ListBuckets",
}

SESSION = botocore.session.get_session()


def minimal(shape: Shape | None) -> Any:
    """The smallest value that *shape* allows: required members only, one item where one is possible."""
    if shape is None:
        return {}
    match shape.type_name:
        case "structure":
            return {name: minimal(shape.members[name]) for name in shape.required_members}
        case "list":
            return [minimal(shape.member)]
        case "map":
            return {minimal(shape.key): minimal(shape.value)}
        case "string":
            return shape.enum[0] if shape.enum else "x" * max(1, shape.metadata.get("min", 1))
        case "integer" | "long":
            return max(1, int(shape.metadata.get("min", 1)))
        case "float" | "double":
            return 1.0
        case "boolean":
            return True
        case "blob":
            return b"x"
        case "timestamp":
            return 1_700_000_000
    raise AssertionError(f"botocore has a new type: {shape.type_name}")


def on_the_wire(operation: OperationModel, protocol: str, parameters: Any) -> tuple[dict[str, Any], bytes]:
    """The WSGI environ and the body of a call as botocore would send it."""
    serialized = create_serializer(protocol, include_validation=False).serialize_to_request(parameters, operation)
    prepare_request_dict(serialized, "http://127.0.0.1:80")
    request = create_request_object(serialized).prepare()
    url, body = urlsplit(request.url), request.body or b""
    body = body.read() if hasattr(body, "read") else body.encode() if isinstance(body, str) else body
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "REQUEST_URI": url.path + (f"?{url.query}" if url.query else ""),
        "QUERY_STRING": url.query,
        "PATH_INFO": unquote_to_bytes(url.path).decode("latin-1"),
        "HTTP_HOST": "127.0.0.1:80",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
    }
    environ["RAW_URI"] = environ["REQUEST_URI"]
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = text
    return environ, body


def request_of(environ: dict[str, Any]) -> WireRequest:
    return WireRequest({**create_environ(), **environ})


@pytest.mark.parametrize("name", SERVICES)
def test_every_operation_is_named_rightly(name: str) -> None:
    model = SESSION.get_service_model(name)
    wrong = []
    for protocol in model.metadata["protocols"]:
        for operation_name in model.operation_names:
            operation = model.operation_model(operation_name)
            environ, body = on_the_wire(operation, protocol, minimal(operation.input_shape))
            service = service_of(model.signing_name, environ).name
            seen_protocol = protocol_of(service, environ)
            found = identify(service, seen_protocol, environ, body, request_of(environ))
            expected_name = SAME_ON_THE_WIRE.get(operation_name, operation_name) if name == "s3" else operation_name
            expected = (name, expected_name, "s3" if name == "s3" else protocol)
            if (found.service, found.name, seen_protocol) != expected:
                wrong.append(((found.service, found.name, seen_protocol), expected))
    assert not wrong


def test_an_action_counts_where_the_service_will_look_for_it() -> None:
    """A form's fields come before the URL's; a body that is no form has none."""
    environ = {"REQUEST_METHOD": "POST", "REQUEST_URI": "/?%41ction=InUrl", "QUERY_STRING": "%41ction=InUrl"}
    body = b"Action=InBody"
    for content_type, expected in (("application/x-www-form-urlencoded", "InBody"), ("text/plain", "InUrl")):
        environ["CONTENT_TYPE"] = content_type
        assert protocol_of("iam", environ) == "query"
        assert identify("iam", "query", environ, body, request_of({})).name == expected


def test_a_service_that_nobody_knows_has_no_operations() -> None:
    environ = {"REQUEST_METHOD": "GET", "REQUEST_URI": "/x", "QUERY_STRING": "", "HTTP_HOST": "127.0.0.1"}
    assert identify("teapot", protocol_of("teapot", environ), environ, b"", request_of(environ)).name == ""
