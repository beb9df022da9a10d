"""No web page can use the lab: neither by its address, nor by a name that is made to resolve to it.

Fetch standard (Origin, preflight) and "Fetch Metadata Request Headers" (Sec-Fetch-*).
"""

from __future__ import annotations

import socket
import stat
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.conftest import RunningLab
from tests.gateway.wire import Answer, host, raw, send, signer


def signed(lab: RunningLab, **headers: str) -> Answer:
    """A request that is right in every way but for *headers* (underscores are dashes)."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return send(lab, "GET", "/", {**signer(lab).headers("GET", "/"), **names})


def refused(answer: Answer) -> bool:
    cors = [name for name in answer.headers if name.startswith("access-control-")]
    assert not cors, cors
    return (answer.status, answer.code) == (403, "AccessDenied")


def test_an_sdk_passes_without_cors_headers(lab: RunningLab) -> None:
    answer = signed(lab)
    assert answer.status == 200
    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:8888", ""])
def test_any_origin_is_refused_even_signed(lab: RunningLab, origin: str) -> None:
    assert refused(signed(lab, Origin=origin))


@pytest.mark.parametrize(
    "name",
    [
        "evil.example:{port}",
        "evil.example",
        "127.0.0.1.evil.example:{port}",
        "localhost.evil.example",
        "evil-localhost",
        "127.0.0.1:{port}@evil.example",
        "127.0.0.1:{port}.evil.example",
        "127.0.0.1:99999999",
        "127.1:{port}",
        "0.0.0.0:{port}",
        "169.254.169.254",
        "",
    ],
)
def test_a_foreign_host_name_is_refused_even_signed(lab: RunningLab, name: str) -> None:
    """DNS rebinding: the name is the attacker's, the address is ours."""
    name = name.format(port=lab.facts["port"])
    headers = signer(lab, host=name).headers("GET", "/")
    assert refused(send(lab, "GET", "/", headers))


@pytest.mark.parametrize("name", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST", "bucket.s3.localhost:{port}"])
def test_loopback_names_pass(lab: RunningLab, name: str) -> None:
    headers = signer(lab, host=name.format(port=lab.facts["port"])).headers("GET", "/")
    assert send(lab, "GET", "/", headers).code != "AccessDenied"


def test_a_request_without_host_is_refused(lab: RunningLab) -> None:
    for version in (b"1.0", b"1.1"):
        assert b"403" in raw(lab, b"GET / HTTP/" + version + b"\r\n\r\n").splitlines()[0]


def test_the_host_is_not_taken_from_an_absolute_target(lab: RunningLab) -> None:
    target = f"http://{host(lab)}/"
    answer = send(lab, "GET", target, {"Host": "evil.example"})
    assert answer.status in (400, 403)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "same-origin"])
def test_requests_of_a_page_without_origin_are_refused(lab: RunningLab, site: str) -> None:
    """An <img>, a <script> or a no-cors fetch sends no Origin, but browsers label it."""
    assert refused(signed(lab, Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors", Sec_Fetch_Dest="image"))


def test_a_presigned_link_may_be_clicked(lab: RunningLab) -> None:
    """A navigation passes the guard, and still needs its signature."""
    lab.client("s3").create_bucket(Bucket="guard")
    click = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert send(lab, "GET", signer(lab).presigned("GET", "/guard"), click).status == 200
    assert refused(send(lab, "GET", "/guard", click))


def test_a_preflight_is_refused(lab: RunningLab) -> None:
    """Without Access-Control-* headers in the answer the browser never sends the real request."""
    preflight = {
        "Origin": "https://evil.example",
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Private-Network": "true",
    }
    for path in ("/", "/bucket/key", "/_localaws/calls"):
        assert refused(send(lab, "OPTIONS", path, preflight))
        assert refused(send(lab, "OPTIONS", path))


def test_a_buckets_cors_rules_do_not_open_the_lab(lab: RunningLab) -> None:
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="open-to-all")
    rule = {"AllowedOrigins": ["*"], "AllowedMethods": ["GET", "PUT"], "AllowedHeaders": ["*"]}
    s3.put_bucket_cors(Bucket="open-to-all", CORSConfiguration={"CORSRules": [rule]})
    s3.put_object(Bucket="open-to-all", Key="x", Body=b"x")
    target = "/open-to-all/x"
    headers = signer(lab).headers("GET", target)
    assert refused(send(lab, "GET", target, {**headers, "Origin": "https://evil.example"}))
    answer = send(lab, "GET", target, headers)
    assert not [name for name in answer.headers if name.startswith("access-control-")]


ADMIN = [
    "/moto-api/",
    "/moto-api/data.json",
    "/moto-api/reset",
    "/moto-api/seed?a=1",
    "/moto-api/config",
    "/latest/meta-data/iam/security-credentials/",
    "/latest/api/token",
    "/favicon.ico",
]


@pytest.mark.parametrize("path", ADMIN)
def test_motos_own_urls_are_closed(lab: RunningLab, path: str) -> None:
    """Unsigned they are refused; signed they are what any other path is: S3's, or nothing."""
    marker = lab.client("sqs").create_queue(QueueName="still-there")["QueueUrl"]
    for method in ("GET", "POST", "PUT"):
        assert send(lab, method, path).status == 403
        for service in ("s3", "sqs", "moto_api", "motoapi", "instance_metadata", "169.254.169.254"):
            answer = send(lab, method, path, signer(lab, service).headers(method, path))
            assert answer.code or answer.status == 200, answer  # a bucket may be called moto-api
            assert b"AccessKeyId" not in answer.body
            assert b"moto" not in answer.headers.get("server", "").encode()
    assert lab.client("sqs").get_queue_url(QueueName="still-there")["QueueUrl"] == marker


def test_it_listens_on_loopback_only(lab: RunningLab) -> None:
    listening = [c.laddr for c in psutil.Process(lab.pid).net_connections("inet") if c.status == psutil.CONN_LISTEN]
    secure = int(lab.facts["https_endpoint"].rpartition(":")[2])
    assert {(at.ip, at.port) for at in listening} == {("127.0.0.1", lab.facts["port"]), ("127.0.0.1", secure)}
    for address in {str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}:
        if not address.startswith("127."):
            with pytest.raises(OSError):
                socket.create_connection((address, lab.facts["port"]), timeout=1)


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


def test_its_secrets_are_private(new_lab: Callable[..., RunningLab]) -> None:
    lab = new_lab()
    assert mode(lab.directory) == "0o700"
    for name in ("lab.json", "keys.json", "root.json", "calls.jsonl"):
        assert mode(lab.directory / name) == "0o600", name
    secret = lab.facts["secret_access_key"]
    assert secret not in lab.log()
    assert secret not in (lab.directory / "calls.jsonl").read_text()
    assert secret not in " ".join(psutil.Process(lab.pid).cmdline())
    assert secret != new_lab("another").facts["secret_access_key"]
