"""Nothing that the lab is asked to send leaves this machine, and no receiver keeps others waiting.

A lab is offline: what on AWS would be a call of a service to a URL or a database reaches the loopback interface alone.
Where something would arrive is told by listening on this machine's outer address.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab, eventually


class Ear:
    """Listens at an address, and knows whether anybody came."""

    def __init__(self, address: str | Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX if isinstance(address, Path) else socket.AF_INET)
        self._socket.bind(str(address) if isinstance(address, Path) else (address, 0))
        self._socket.listen()
        self._socket.setblocking(False)

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    @property
    def heard(self) -> bool:
        try:
            self._socket.accept()[0].close()
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(scope="module")
def address() -> str:
    """One of this machine's addresses that is not the loopback's."""
    found = [each.address for interface in psutil.net_if_addrs().values() for each in interface if each.family == 2]
    outer = [each for each in found if not each.startswith("127.")]
    if not outer:
        pytest.skip("this machine has no address but the loopback's, so that nothing could leave it")
    return outer[0]


@pytest.fixture
def ear(address: str) -> Iterator[Ear]:
    ear = Ear(address)
    yield ear
    ear.close()


@pytest.fixture
def redirecting() -> Iterator[Callable[[str], tuple[str, list[str]]]]:
    """Starts a server on the loopback that sends everybody on to a URL; gives its own, and who came."""
    servers = []

    def start(target: str) -> tuple[str, list[str]]:
        came: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                came.append(self.path)
                self.send_response(307)
                self.send_header("Location", target)
                self.end_headers()

            do_GET = do_POST

            def log_message(self, *_: object) -> None:
                pass

        servers.append(HTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}/", came

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_redirect_leads_nowhere_else(
    lab: RunningLab, ear: Ear, address: str, redirecting: Callable[[str], tuple[str, list[str]]]
) -> None:
    """Publish succeeds whatever becomes of the delivery ("Amazon SNS message delivery retries")."""
    url, came = redirecting(f"http://{address}:{ear.port}/")
    sns = lab.client("sns")
    topic = sns.create_topic(Name="redirected")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=url)
    assert sns.publish(TopicArn=topic, Message="hello")["MessageId"]
    eventually(lambda: came)
    eventually(lambda: f"nothing off this machine, so not to {address}" in lab.log())
    assert not ear.heard


def test_receivers_that_never_answer_keep_nobody_waiting(lab: RunningLab) -> None:
    """More messages than the lab has threads, for somebody who takes the connection and says nothing."""
    silent = Ear("127.0.0.1")
    sns = lab.client("sns")
    topic = sns.create_topic(Name="silent")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"http://127.0.0.1:{silent.port}/")
    started = time.monotonic()
    with ThreadPoolExecutor(45) as threads:
        list(threads.map(lambda n: sns.publish(TopicArn=topic, Message=str(n)), range(45)))
    assert lab.fresh_client("sts").get_caller_identity()["Account"]
    assert time.monotonic() - started < 10, "a receiver has 15 seconds for its answer: somebody waited for it"
    eventually(lambda: silent.heard)
    silent.close()


def test_a_database_elsewhere_is_not_reached(lab: RunningLab, ear: Ear, address: str) -> None:
    """TestConnection fails, and says why; lists of hosts and sockets in files are ways around."""
    dms = lab.client("dms")
    instance = dms.create_replication_instance(
        ReplicationInstanceIdentifier="outgoing", ReplicationInstanceClass="dms.t3.micro"
    )["ReplicationInstance"]["ReplicationInstanceArn"]
    for number, server in enumerate((address, f"127.0.0.1,{address}", "/tmp", "db.example.com")):
        endpoint = dms.create_endpoint(
            EndpointIdentifier=f"elsewhere-{number}",
            EndpointType="source",
            EngineName="postgres",
            ServerName=server,
            Port=ear.port,
            Username="u",
            Password="p",
            DatabaseName="d",
        )["Endpoint"]["EndpointArn"]
        dms.test_connection(ReplicationInstanceArn=instance, EndpointArn=endpoint)
        only: list[dict[str, Any]] = [{"Name": "endpoint-arn", "Values": [endpoint]}]

        def failed(only: list[dict[str, Any]] = only) -> str:
            connection = dms.describe_connections(Filters=only)["Connections"][0]
            return connection.get("LastFailureMessage", "") if connection["Status"] == "failed" else ""

        assert f"databases of this machine alone (127.0.0.1, ::1 or localhost), not of {server}" in eventually(failed)
    assert not ear.heard


def test_documents_elsewhere_are_not_read(lab: RunningLab, ear: Ear, address: str) -> None:
    """A stack's template by URL, and a reference in an API's description."""
    url = f"http://{address}:{ear.port}/document"
    with pytest.raises(ClientError):
        lab.client("cloudformation").create_stack(StackName="elsewhere", TemplateURL=url)
    api = {
        "openapi": "3.0.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/": {"get": {"responses": {"200": {"$ref": url}}}}},
    }
    with contextlib.suppress(ClientError):  # it may be refused, so long as nobody looks it up
        lab.client("apigateway").import_rest_api(body=json.dumps(api).encode(), failOnWarnings=True)
    assert not ear.heard


def test_docker_is_not_reached(
    new_lab: Callable[..., RunningLab], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job of AWS Batch would run a container of its own choice, with the machine's files in it, as root."""
    docker = Ear(tmp_path / "docker.sock")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    lab = new_lab()
    role = "arn:aws:iam::123456789012:role/batch"
    batch, iam = lab.client("batch"), lab.client("iam")
    trust = {
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "batch.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    }
    iam.create_role(RoleName="batch", AssumeRolePolicyDocument=json.dumps(trust))
    environment = batch.create_compute_environment(
        computeEnvironmentName="environment", type="UNMANAGED", state="ENABLED", serviceRole=role
    )["computeEnvironmentArn"]
    queue = batch.create_job_queue(
        jobQueueName="queue",
        state="ENABLED",
        priority=1,
        computeEnvironmentOrder=[{"order": 1, "computeEnvironment": environment}],
    )["jobQueueArn"]
    definition = batch.register_job_definition(
        jobDefinitionName="definition",
        type="container",
        containerProperties={"image": "busybox", "vcpus": 1, "memory": 128, "command": ["id"], "privileged": True},
    )["jobDefinitionArn"]
    job = batch.submit_job(jobName="job", jobQueue=queue, jobDefinition=definition)["jobId"]
    eventually(lambda: batch.describe_jobs(jobs=[job])["jobs"][0]["status"] == "FAILED")
    assert not docker.heard
    docker.close()


#: Ways out of a Python process; each is tried where `keep_on_this_machine` has been called.
_WAYS = """
import botocore.config, botocore.session, http.client, os, socket, sys, traceback, urllib.request, urllib3, requests
from localaws.outgoing import keep_on_this_machine
address, port, file = sys.argv[1], int(sys.argv[2]), sys.argv[3]
keep_on_this_machine()
url = f"http://{address}:{port}/"
def raw(family, kind, method, *arguments):
    with socket.socket(family, kind) as made:
        made.settimeout(5)
        if error := getattr(made, method)(*arguments):
            raise OSError(error)
def s3(endpoint):
    session = botocore.session.Session()
    session.set_credentials("a", "b")
    config = botocore.config.Config(retries={"max_attempts": 0})
    session.create_client("s3", "us-east-1", endpoint_url=endpoint, config=config).list_buckets()
ways = {
    "urllib": lambda: urllib.request.urlopen(url, timeout=5),
    "urllib3": lambda: urllib3.PoolManager(retries=False, timeout=5).request("GET", url),
    "http.client": lambda: http.client.HTTPConnection(address, port, timeout=5).request("GET", "/"),
    "requests": lambda: requests.get(url),
    "botocore": lambda: s3(url),
    "TLS": lambda: urllib.request.urlopen(url.replace("http", "https"), timeout=5),
    "TCP": lambda: raw(socket.AF_INET, socket.SOCK_STREAM, "connect", (address, port)),
    "TCP, a number": lambda: raw(socket.AF_INET, socket.SOCK_STREAM, "connect_ex", (address, port)),
    "TCP by IPv6": lambda: raw(socket.AF_INET6, socket.SOCK_STREAM, "connect", (f"::ffff:{address}", port)),
    "UDP": lambda: raw(socket.AF_INET, socket.SOCK_DGRAM, "sendto", b"x", (address, port)),
    "UDP, a message": lambda: raw(socket.AF_INET, socket.SOCK_DGRAM, "sendmsg", [b"x"], [], 0, (address, port)),
    "a file": lambda: raw(socket.AF_UNIX, socket.SOCK_STREAM, "connect", file),
    "a name": lambda: socket.getaddrinfo("secret.example.com", 80),
    "a name's address": lambda: socket.gethostbyname("secret.example.com"),
    "a name's addresses": lambda: socket.gethostbyname_ex("secret.example.com"),
    "an address's name": lambda: socket.gethostbyaddr(address),
    "a server's name": lambda: socket.getnameinfo((address, port), 0),
}
for name, way in ways.items():
    try:
        way()
        print("open:", name)
    except Exception as error:
        if "off this machine" not in traceback.format_exc():
            print("other:", name, repr(error))
with socket.create_server(("127.0.0.1", 0)) as server:
    socket.create_connection(("localhost", server.getsockname()[1])).close()
assert socket.getnameinfo(("127.0.0.1", 80), socket.NI_NUMERICHOST)[0] == "127.0.0.1"
assert socket.getfqdn("secret.example.com") == "secret.example.com"
print("tried")
"""


def test_no_library_finds_a_way_out(ear: Ear, address: str, tmp_path: Path) -> None:
    file, proxy = Ear(tmp_path / "socket"), Ear("127.0.0.1")
    told = subprocess.run(
        [sys.executable, "-c", _WAYS, address, str(ear.port), str(tmp_path / "socket")],
        capture_output=True,
        text=True,
        env={**os.environ, "http_proxy": f"http://127.0.0.1:{proxy.port}", "AWS_EC2_METADATA_DISABLED": "true"},
        timeout=60,
    )
    assert told.stdout == "tried\n", told.stdout + told.stderr
    assert not (ear.heard or file.heard or proxy.heard)
    file.close()
    proxy.close()
