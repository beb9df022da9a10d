"""The lab's address for TLS: as guarded, as limited and as patient as the plain one, and a policy can tell them apart.

Sources: IAM user guide, "AWS global condition context keys" (aws:SecureTransport); S3 user guide, "Virtual hosting of
general purpose buckets"; CloudTrail user guide, "CloudTrail record contents" (tlsDetails).
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, SSLError
from cryptography import x509

import dehelpers as de
from localaws import certificates
from tests.conftest import RunningLab, eventually
from tests.connected import connected, process
from tests.engines import lambda_tools
from tests.gateway.wire import localhost_found, path_of, signer

SOON = 20.0  # seconds: generous for a loaded machine


def port(lab: RunningLab) -> int:
    return urlsplit(lab.facts["https_endpoint"]).port or 0


def host(lab: RunningLab) -> str:
    return f"127.0.0.1:{port(lab)}"


def https(lab: RunningLab, **overrides: Any) -> dict[str, Any]:
    return {"endpoint_url": lab.facts["https_endpoint"], "verify": lab.facts["ca_bundle"], **overrides}


def trusting(lab: RunningLab) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=lab.facts["ca_bundle"])


@pytest.fixture
def dial() -> Iterator[Callable[..., socket.socket]]:
    """Connections, under TLS unless they are *plain*."""
    with ExitStack() as stack:

        def connect(lab: RunningLab, plain: bool = False, timeout: float = 30) -> socket.socket:
            made = stack.enter_context(socket.create_connection(("127.0.0.1", port(lab)), timeout=timeout))
            if not plain:
                made = stack.enter_context(trusting(lab).wrap_socket(made, server_hostname="127.0.0.1"))
            return made

        yield connect


def refused(work: Callable[..., Any], **arguments: Any) -> bool:
    try:
        work(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("AccessDenied", "403"):
            raise
        return True
    return False


def test_a_bucket_insists_on_tls(lab: RunningLab) -> None:
    """ "Restricting access to only HTTPS requests" (S3 user guide, "Amazon S3 bucket policy examples")."""
    plain, secure = lab.client("s3"), lab.fresh_client("s3", **https(lab))
    plain.create_bucket(Bucket="tls-only")
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::tls-only", "arn:aws:s3:::tls-only/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    plain.put_bucket_policy(Bucket="tls-only", Policy=document)
    assert refused(plain.put_object, Bucket="tls-only", Key="k", Body=b"x")
    secure.put_object(Bucket="tls-only", Key="k", Body=b"x")
    assert refused(plain.head_object, Bucket="tls-only", Key="k")
    assert secure.get_object(Bucket="tls-only", Key="k")["Body"].read() == b"x"
    secure.delete_bucket_policy(Bucket="tls-only")


def test_a_function_s_calls_come_over_http(lab: RunningLab) -> None:
    """On AWS an SDK speaks TLS, in a function too (AWS SDKs and Tools Reference Guide, "Endpoints")."""
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="tls-function")
    insisting = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::tls-function/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3.put_bucket_policy(Bucket="tls-function", Policy=json.dumps({"Version": "2012-10-17", "Statement": [insisting]}))
    code = """
        import boto3
        def handler(event, context):
            boto3.client("s3").put_object(Bucket="tls-function", Key="k", Body=b"x")
    """
    lambda_tools.create(lab, "tls-writer", code)
    told, _ = lambda_tools.invoke(lab, "tls-writer")
    assert "AccessDenied" in told["errorMessage"]


def test_what_services_do_within_aws_is_under_tls(lab: RunningLab) -> None:
    """SNS brings a message to a queue whose policy insists on TLS."""
    sns, sqs = lab.client("sns"), lab.client("sqs")
    topic = sns.create_topic(Name="tls-topic")["TopicArn"]
    url = sqs.create_queue(QueueName="tls-queue")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"Bool": {"aws:SecureTransport": "true"}, "ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    sns.publish(TopicArn=topic, Message="hello")
    assert eventually(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))


def test_large_and_small_bodies_come_whole(lab: RunningLab) -> None:
    s3 = lab.fresh_client("s3", **https(lab))
    s3.create_bucket(Bucket="tls-bodies")
    for size in (0, 1, 8191, 16384, 16385, 65537, 20 << 20):
        body = os.urandom(size)
        s3.put_object(Bucket="tls-bodies", Key=str(size), Body=body)
        got = s3.get_object(Bucket="tls-bodies", Key=str(size))["Body"].read()
        assert hashlib.sha256(got).digest() == hashlib.sha256(body).digest()
    part = s3.get_object(Bucket="tls-bodies", Key="65537", Range="bytes=16380-16390")["Body"].read()
    assert len(part) == 11


@pytest.mark.parametrize("service", ["sts", "sqs", "dynamodb", "kinesis", "lambda", "ec2"])
def test_every_protocol_is_spoken(lab: RunningLab, service: str) -> None:
    asked = {
        "sts": "get_caller_identity",
        "sqs": "list_queues",
        "dynamodb": "list_tables",
        "kinesis": "list_streams",
        "lambda": "list_functions",
        "ec2": "describe_vpcs",
    }
    answer = getattr(lab.fresh_client(service, **https(lab)), asked[service])()
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_queue_is_used_by_its_url(lab: RunningLab) -> None:
    sqs = lab.fresh_client("sqs", **https(lab))
    url = sqs.create_queue(QueueName="tls-by-url")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "x"


def test_requests_back_to_back_in_one_record(lab: RunningLab, dial: Any) -> None:
    """A record that holds the next request, too, announces nothing more: each is answered nonetheless."""
    lab.client("s3").create_bucket(Bucket="tls-pipelined")
    signed = signer(lab, host=host(lab)).headers("HEAD", "/tls-pipelined", headers={"X-Amz-Meta-Fill": "x" * 4000})
    lines = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
    request = f"HEAD /tls-pipelined HTTP/1.1\r\n{lines}\r\n".encode()
    connection = dial(lab)
    connection.sendall(request * 20)
    answers = b""
    while answers.count(b" 200 OK") < 20:
        answers += connection.recv(65536)


def test_a_head_may_come_in_pieces(lab: RunningLab, dial: Any) -> None:
    lab.client("s3").create_bucket(Bucket="tls-pieces")
    signed = signer(lab, host=host(lab)).headers("HEAD", "/tls-pieces")
    lines = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
    connection = dial(lab)
    for pause in (0.03, 0.3):
        for piece in ("HEAD /tls-pi", "eces HTTP/1.1\r\n", lines[:20], lines[20:-1], "\n", "\r", "\n"):
            connection.sendall(piece.encode())
            time.sleep(pause)
        assert b" 200 " in connection.recv(65536).splitlines()[0]


def test_a_connection_ends_in_tls_too(lab: RunningLab, dial: Any) -> None:
    """An unsigned client's ends with its answer; without TLS's own goodbye he could not tell that it is whole."""
    connection = dial(lab)
    connection.suppress_ragged_eofs = False
    connection.sendall(f"GET / HTTP/1.1\r\nHost: {host(lab)}\r\n\r\n".encode())
    received = b""
    while block := connection.recv(65536):
        received += block
    assert b"AccessDenied" in received


def hello(lab: RunningLab) -> bytes:
    """The first bytes of a handshake."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        trusting(lab).wrap_bio(incoming, outgoing, server_hostname="127.0.0.1").do_handshake()
    return outgoing.read()


ATTACKS: dict[str, Callable[[RunningLab], bytes]] = {
    "silent": lambda lab: b"",
    "half a hello": lambda lab: hello(lab)[:100],
    "a hello and no more": hello,
    "a record of 16 KB that never comes": lambda lab: b"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc",
}
SPOKEN = {
    "shaken hands and silence": b"",
    "slow headers": b"GET / HTTP/1.1\r\nX-Slow: ",
    "an unsigned PUT without its body": b"PUT /b/k HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n",
    "a thousand requests, no answer read": b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 1000,
}


def served(lab: RunningLab) -> bool:
    """Whether new clients, plain and under TLS, are served soon."""
    started = time.monotonic()
    for arguments in ({}, https(lab)):
        lab.fresh_client("sts", **arguments).get_caller_identity()
    return time.monotonic() - started < SOON


@pytest.mark.parametrize("attack", ATTACKS)
def test_sixty_that_never_shake_hands_hold_up_nobody(lab: RunningLab, dial: Any, attack: str) -> None:
    for _ in range(60):
        dial(lab, plain=True).sendall(ATTACKS[attack](lab))
    assert served(lab)


@pytest.mark.parametrize("attack", SPOKEN)
def test_sixty_slow_ones_hold_up_nobody(lab: RunningLab, dial: Any, attack: str) -> None:
    for _ in range(60):
        dial(lab).sendall(SPOKEN[attack])
    assert served(lab)


@pytest.mark.parametrize(
    "said", [b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 64, b"SSH-2.0-x\r\n", b"\x16\x03\x01\x00\x02\x01\x00"]
)
def test_what_is_no_tls_is_closed(lab: RunningLab, dial: Any, said: bytes) -> None:
    connection = dial(lab, plain=True)
    connection.sendall(said)
    connection.settimeout(SOON)
    try:
        answer = connection.recv(65536)
        while block := connection.recv(65536):
            answer += block
    except ConnectionResetError:
        answer = b""
    assert b"HTTP" not in answer
    assert served(lab)


def test_who_never_ends_a_handshake_is_cut_off(new_lab: Callable[..., RunningLab], dial: Any) -> None:
    lab = new_lab()
    waiting = [dial(lab, plain=True) for _ in ATTACKS]
    for connection, attack in zip(waiting, ATTACKS.values(), strict=True):
        connection.sendall(attack(lab))
    slow = dial(lab)
    slow.sendall(b"GET / HTTP/1.1\r\n")
    for connection in waiting:
        while connection.recv(65536):  # what a hello is answered with, and then the end
            pass
    assert slow.recv(100) == b""
    held = psutil.Process(lab.pid).net_connections
    eventually(lambda: all(each.status != "ESTABLISHED" for each in held("tcp")))


def test_old_versions_of_tls_are_refused(lab: RunningLab) -> None:
    """AWS speaks 1.2 and 1.3 (AWS SDKs and Tools Reference Guide, "TLS")."""
    for version, works in (
        (ssl.TLSVersion.TLSv1_1, False),
        (ssl.TLSVersion.TLSv1_2, True),
        (ssl.TLSVersion.TLSv1_3, True),
    ):
        context = trusting(lab)
        context.minimum_version = ssl.TLSVersion.TLSv1_1
        context.maximum_version = version
        with socket.create_connection(("127.0.0.1", port(lab)), timeout=30) as plain:
            try:
                with context.wrap_socket(plain, server_hostname="127.0.0.1") as connection:
                    assert connection.version() == version.name.replace("_", ".")
                spoken = True
            except (ssl.SSLError, ConnectionResetError):
                spoken = False
        assert spoken == works


def test_many_handshakes_take_no_memory(lab: RunningLab, dial: Any) -> None:
    def shake(times: int) -> int:
        for _ in range(times):
            with socket.create_connection(("127.0.0.1", port(lab)), timeout=30) as plain:
                trusting_all.wrap_socket(plain, server_hostname="127.0.0.1").close()
        return psutil.Process(lab.pid).memory_info().rss

    trusting_all = trusting(lab)
    before = shake(200)
    assert shake(1500) - before < 8 << 20


def test_the_guard_stands_before_it(lab: RunningLab) -> None:
    """A name that leads here is not the lab's, and neither is a page of a browser."""
    for headers in ({"Host": "evil.example"}, {"Host": host(lab), "Origin": "https://evil.example"}):
        connection = http.client.HTTPSConnection("127.0.0.1", port(lab), context=trusting(lab), timeout=30)
        connection.request("GET", "/", headers=headers)
        assert connection.getresponse().status == 403
        connection.close()


def test_nobody_trusts_it_unasked(lab: RunningLab) -> None:
    """Its authority is in no system's list, vouches for this machine only, and its keys are its user's alone."""
    with pytest.raises(SSLError):
        lab.fresh_client("sts", endpoint_url=lab.facts["https_endpoint"]).get_caller_identity()
    folder = lab.directory / "tls"
    assert {
        each.name: each.stat().st_mode & 0o777
        for each in folder.iterdir()
        if each.suffix == ".pem" and each.name != "ca.pem"
    } == {
        "authority.pem": 0o600,
        "server.pem": 0o600,
    }
    assert "PRIVATE" not in (folder / "ca.pem").read_text()
    bundle = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    limits = bundle.extensions.get_extension_for_class(x509.NameConstraints)
    assert limits.critical
    assert [str(each.value) for each in limits.value.permitted_subtrees or ()] == ["localhost", "127.0.0.0/8"]


@pytest.fixture
def resolver() -> Iterator[None]:
    with localhost_found():
        yield


@pytest.mark.parametrize("name", ["s3.localhost", "s3.us-east-1.localhost"])
def test_buckets_are_named_by_the_host(lab: RunningLab, resolver: None, name: str) -> None:
    """As on AWS the certificate's "*" is one label, so a bucket with dots in its name is asked for by path."""
    settings = Config(s3={"addressing_style": "virtual"}, retries={"max_attempts": 0})
    s3 = lab.fresh_client("s3", **https(lab, endpoint_url=f"https://{name}:{port(lab)}", config=settings))
    s3.create_bucket(Bucket="tls-hosted")
    s3.put_object(Bucket="tls-hosted", Key="k", Body=b"x")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "tls-hosted", "Key": "k"})
    assert urlsplit(url).netloc == f"tls-hosted.{name}:{port(lab)}"
    connection = http.client.HTTPSConnection(f"tls-hosted.{name}", port(lab), context=trusting(lab), timeout=30)
    connection.request("GET", path_of(url), headers={"Host": urlsplit(url).netloc})
    assert connection.getresponse().read() == b"x"
    connection.close()
    s3.delete_object(Bucket="tls-hosted", Key="k")
    s3.delete_bucket(Bucket="tls-hosted")


def test_a_form_is_told_where_its_object_is(lab: RunningLab) -> None:
    s3 = lab.fresh_client("s3", **https(lab))
    s3.create_bucket(Bucket="tls-form")
    form = s3.generate_presigned_post("tls-form", "k")
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}' for name, value in form["fields"].items()
    ]
    parts.append('--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nhello\r\n--x--\r\n')
    connection = http.client.HTTPSConnection("127.0.0.1", port(lab), context=trusting(lab), timeout=30)
    connection.request("POST", "/tls-form", "\r\n".join(parts), {"Content-Type": "multipart/form-data; boundary=x"})
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Location"]) == (204, f"https://{host(lab)}/tls-form/k")
    connection.close()


def test_the_cli_takes_the_bundle(lab: RunningLab) -> None:
    """AWS_CA_BUNDLE (AWS CLI user guide, "Configuring environment variables")."""
    environment = {
        **lab.environment,
        "AWS_ENDPOINT_URL": lab.facts["https_endpoint"],
        "AWS_CA_BUNDLE": lab.facts["ca_bundle"],
    }
    asked = subprocess.run(
        ["aws", "sts", "get-caller-identity"], env=environment, capture_output=True, text=True, timeout=120
    )
    assert json.loads(asked.stdout)["Account"] == lab.facts["account_id"], asked.stderr


def test_cloudtrail_tells_how_a_call_came(lab: RunningLab) -> None:
    lab.fresh_client("sqs", **https(lab)).create_queue(QueueName="tls-told")
    lab.client("sqs").create_queue(QueueName="http-told")
    trail = lab.client("cloudtrail")

    def told(name: str) -> dict[str, Any] | None:
        asked = {"AttributeKey": "EventName", "AttributeValue": "CreateQueue"}
        events = trail.lookup_events(LookupAttributes=[asked])["Events"]
        found = (json.loads(each["CloudTrailEvent"]) for each in events)
        return next((each for each in found if each["requestParameters"]["queueName"] == name), None)

    assert "tlsDetails" not in eventually(lambda: told("http-told"))
    details = eventually(lambda: told("tls-told"))["tlsDetails"]
    assert details["tlsVersion"] == "TLSv1.3"
    assert details["cipherSuite"].startswith("TLS_")
    assert details["clientProvidedHostHeader"] == host(lab)


def certificate(lab: RunningLab) -> x509.Certificate:
    with (
        socket.create_connection(("127.0.0.1", port(lab)), timeout=30) as plain,
        trusting(lab).wrap_socket(plain, server_hostname="127.0.0.1") as connection,
    ):
        return x509.load_der_x509_certificate(connection.getpeercert(binary_form=True) or b"")


def test_it_stays_where_it_is_and_is_renewed_by_the_machine_s_clock(new_lab: Callable[..., RunningLab]) -> None:
    """A client that was told the address and the bundle goes on over a restart, a renewal and years in the lab."""
    lab = new_lab()
    address, first, bundle = port(lab), certificate(lab), Path(lab.facts["ca_bundle"]).read_text()
    assert first.not_valid_after_utc - datetime.now(UTC) < timedelta(days=398)
    lab.stop()
    lab.start()
    assert (port(lab), certificate(lab)) == (address, first)
    with pytest.MonkeyPatch.context() as patch:  # one that ends tomorrow
        patch.setattr(certificates, "MARGIN", timedelta(hours=1))
        patch.setattr(certificates, "VALID", timedelta(days=1))
        patch.setattr(certificates, "_is_of", lambda *_: False)
        certificates.Certificates(lab.directory, ("*.s3.localhost", "*.s3.us-east-1.localhost"))
    for damage in (None, "authority.pem", "server.pem"):
        lab.stop()
        if damage:
            (lab.directory / "tls" / damage).write_text("damaged")
        lab.start()
        assert certificate(lab).not_valid_after_utc - datetime.now(UTC) > timedelta(days=360)
        same = Path(lab.facts["ca_bundle"]).read_text() == bundle
        assert same == (damage is None)


def test_a_port_that_somebody_has_taken_is_left_to_him(new_lab: Callable[..., RunningLab]) -> None:
    lab = new_lab()
    lab.stop()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        (lab.directory / "tls" / "port").write_text(str(other.getsockname()[1]))
        lab.start()
        assert port(lab) != other.getsockname()[1]
        assert certificate(lab)


def test_a_notebook_reaches_it_by_one_word(lab: RunningLab, tmp_path: Path) -> None:
    with connected(lab, tmp_path):
        assert de.https() == {"endpoint_url": lab.facts["https_endpoint"], "verify": lab.facts["ca_bundle"]}
        assert boto3.client("sts", **de.https()).get_caller_identity()["Account"] == lab.facts["account_id"]
    with process(tmp_path), pytest.raises(de.NotConnectedError):
        de.https()
