"""`dehelpers lab`: JupyterLab on the loopback, behind its token, with kernels that reach the lab and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
import websocket

from tests.conftest import eventually


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What a running JupyterLab says of itself: url, token, pid."""
    folder = tmp_path_factory.mktemp("jupyter")
    environment = {**os.environ, "JUPYTER_RUNTIME_DIR": str(folder / "runtime"), "AWS_PROFILE": "nobody"}
    command = [sys.executable, "-m", "dehelpers", "lab", "--no-browser", "--dir", str(folder / "lab")]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        [info] = eventually(lambda: list((folder / "runtime").glob("jpserver-*.json")), 60)
        facts = eventually(lambda: info.read_text() and json.loads(info.read_text()))
        eventually(lambda: _listening(facts["pid"]), 60)  # it tells its address a moment before it listens
        yield {**facts, "lab": folder / "lab"}
        process.terminate()
    subprocess.run([sys.executable, "-m", "dehelpers", "stop", "--dir", folder / "lab"], check=True)


def _listening(pid: int) -> set[str]:
    """The addresses at which a process waits for connections."""
    found = psutil.Process(pid).net_connections()
    return {connection.laddr.ip for connection in found if connection.status == psutil.CONN_LISTEN}


def request(jupyter: dict[str, Any], path: str, body: dict[str, Any] | None = None, token: bool = True) -> Any:
    headers = {"Authorization": f"token {jupyter['token']}"} if token else {}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(jupyter["url"] + path, data, headers), timeout=60) as answer:
        return json.load(answer)


def test_it_listens_on_the_loopback_only_and_wants_its_token(jupyter: dict[str, Any]) -> None:
    assert _listening(jupyter["pid"]) == {"127.0.0.1"}
    assert jupyter["token"]
    with pytest.raises(urllib.error.HTTPError, match="403"):
        request(jupyter, "api/contents", token=False)
    names = {item["name"] for item in request(jupyter, "api/contents")["content"]}
    assert {"README.md", "data", "src"} <= names  # its root is the project


def test_every_kernel_has_the_labs_keys_before_it_connects(jupyter: dict[str, Any]) -> None:
    kernel = request(jupyter, "api/kernels", {"name": "python3"})["id"]
    address = f"ws{jupyter['url'][4:]}api/kernels/{kernel}/channels?token={jupyter['token']}"
    channel = websocket.create_connection(address, timeout=60)
    code = """
import boto3, os, subprocess, sys
print(boto3.client("sts").get_caller_identity()["Account"], os.environ.get("AWS_PROFILE"), sys.executable)
print(subprocess.run("aws sts get-caller-identity --query Account", shell=True, capture_output=True, text=True).stdout)
"""
    header = {
        "msg_id": uuid.uuid4().hex,
        "msg_type": "execute_request",
        "username": "",
        "session": "s",
        "version": "5.3",
    }
    content = {"code": code, "silent": False, "allow_stdin": False}
    message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
    channel.send(json.dumps(message))
    said = ""
    while True:
        answer = json.loads(channel.recv())
        said += answer["content"].get("text", "") + "".join(answer["content"].get("traceback", []))
        if answer["msg_type"] == "execute_reply" and answer["parent_header"]["msg_id"] == header["msg_id"]:
            break
    channel.close()
    account = json.loads((jupyter["lab"] / "lab.json").read_text())["account_id"]
    assert said.split() == [account, "None", sys.executable, f'"{account}"']


def test_it_asks_nobody_for_news_or_updates(jupyter: dict[str, Any]) -> None:
    notification = request(jupyter, "lab/api/settings/@jupyterlab/apputils-extension:notification")
    assert notification["schema"]["properties"]["fetchNews"]["default"] == "false"
    assert notification["schema"]["properties"]["checkForUpdates"]["default"] is False
