"""The lab's process, through the command: shared, recovered, and stopped for sure."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


def command(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dehelpers", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
    )


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "my lab"  # with a space, as in many a real path
    command("stop", "--dir", tmp_path / "my lab")


def servers(home: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        if str(home) in (process.info["cmdline"] or []) and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def facts(home: Path) -> dict[str, object]:
    return json.loads((home / "lab.json").read_text())


def test_two_that_start_at_the_same_instant_share_one_lab(home: Path) -> None:
    starts = [
        subprocess.Popen([sys.executable, "-m", "dehelpers", "start", "--dir", home], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    answers = {start.communicate(timeout=60)[0] for start in starts}
    assert [start.returncode for start in starts] == [0, 0, 0]
    assert len(answers) == 1
    assert len(servers(home)) == 1


def test_the_keys_are_for_their_owner_only(home: Path) -> None:
    assert command("start", "--dir", home).returncode == 0
    assert (home / "lab.json").stat().st_mode & 0o077 == 0


def test_status_tells_where_the_lab_is_and_stop_leaves_no_process(home: Path) -> None:
    assert command("status", "--dir", home).returncode == 1
    command("start", "--dir", home)
    status = command("status", "--dir", home)
    assert status.returncode == 0
    assert str(facts(home)["endpoint"]) in status.stdout
    assert "stopped" in command("stop", "--dir", home).stdout
    assert servers(home) == []
    assert not (home / "lab.json").exists()
    again = command("stop", "--dir", home)
    assert (again.returncode, again.stdout.strip()) == (0, "The lab was not running.")


def test_a_killed_server_is_started_again_at_the_same_address(home: Path) -> None:
    command("start", "--dir", home)
    before = facts(home)
    [server] = servers(home)
    server.kill()
    psutil.wait_procs([server], timeout=10)
    assert command("status", "--dir", home).returncode == 1
    again = command("start", "--dir", home)
    assert again.returncode == 0, again.stderr
    assert facts(home)["endpoint"] == before["endpoint"]
    assert facts(home)["access_key_id"] == before["access_key_id"]
    assert facts(home)["pid"] != before["pid"]


def test_a_recycled_process_id_is_neither_believed_nor_killed(home: Path) -> None:
    command("start", "--dir", home)
    noted = facts(home)
    command("stop", "--dir", home)
    with subprocess.Popen(["sleep", "60"]) as innocent:
        (home / "lab.json").write_text(json.dumps({**noted, "pid": innocent.pid}))
        assert command("status", "--dir", home).returncode == 1
        assert command("stop", "--dir", home).returncode == 0
        (home / "lab.json").write_text(json.dumps({**noted, "pid": innocent.pid}))
        assert command("start", "--dir", home).returncode == 0
        assert facts(home)["pid"] != innocent.pid
        assert innocent.poll() is None
        innocent.kill()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}'])
def test_a_half_written_lab_file_is_no_obstacle(home: Path, content: str) -> None:
    home.mkdir()
    (home / "lab.json").write_text(content)
    assert command("status", "--dir", home).returncode == 1


def test_a_lab_whose_file_was_deleted_is_found_and_replaced(home: Path) -> None:
    command("start", "--dir", home)
    (home / "lab.json").unlink()
    assert command("start", "--dir", home).returncode == 0
    assert len(servers(home)) == 1


def test_a_taken_port_is_named_with_the_way_out(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = command("start", "--dir", home, "--port", str(port))
    assert answer.returncode == 1
    assert f"port {port} cannot be used" in answer.stderr
    assert "--port" in answer.stderr
    assert command("start", "--dir", home, "--port", str(port)).returncode == 0  # free again by now
    assert facts(home)["port"] == port
    other = command("start", "--dir", home, "--port", str(port + 1))
    assert other.returncode == 1
    assert f"already runs on port {port}" in other.stderr


def test_a_directory_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    answer = command("start", "--dir", tmp_path / "file")
    assert answer.returncode == 1
    assert "cannot write to" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_env_makes_the_aws_cli_work_in_any_shell_whatever_was_set_before(home: Path) -> None:
    script = """
        export AWS_PROFILE=nobody AWS_SESSION_TOKEN=old AWS_ENDPOINT_URL_S3=http://127.0.0.1:9 AWS_ROLE_ARN=none
        eval "$("$PYTHON" -m dehelpers env --dir "$LAB")" && export PATH="$(dirname "$PYTHON"):$PATH" || exit 1
        echo hello > "$LAB/hello.txt"
        aws s3 mb s3://de-shell && aws s3 cp "$LAB/hello.txt" s3://de-shell/ && aws s3 ls s3://de-shell
        aws configure list | grep -c shared-credentials
        "$PYTHON" -c 'import boto3; print(boto3.client("sts").get_caller_identity()["Account"])'
    """
    environment = {**os.environ, "PYTHON": sys.executable, "LAB": str(home)}
    shell = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=environment, timeout=120)
    assert shell.returncode == 0, shell.stderr
    lines = shell.stdout.splitlines()
    assert lines[-3].endswith("6 hello.txt")
    assert lines[-2] == "0"  # nothing comes from ~/.aws
    assert lines[-1] == facts(home)["account_id"]


def test_reset_deletes_a_lab_but_never_anything_else(home: Path, tmp_path: Path) -> None:
    precious = tmp_path / "thesis"
    precious.mkdir()
    (precious / "chapter.txt").touch()
    refused = command("reset", "--dir", precious)
    assert refused.returncode == 1
    assert "does not look like a lab" in refused.stderr
    assert (precious / "chapter.txt").exists()
    command("start", "--dir", home)
    assert command("reset", "--dir", home).returncode == 0
    assert not home.exists()
    assert servers(home) == []
    assert "Nothing to delete" in command("reset", "--dir", home).stdout
