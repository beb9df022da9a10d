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


def contents(directory: Path) -> dict[str, tuple[int, bytes]]:
    """Mode and content of everything in *directory*, and of itself."""
    return {
        str(path): (path.stat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in [directory, *directory.rglob("*")]
    }


@pytest.fixture
def thesis(tmp_path: Path) -> Path:
    """Somebody's own directory."""
    directory = tmp_path / "thesis"
    (directory / "figures").mkdir(parents=True)
    (directory / "chapter.txt").write_text("two years of work")
    (directory / "figures" / "one.svg").touch()
    directory.chmod(0o755)
    return directory


def test_no_sequence_of_commands_touches_a_directory_that_is_no_labs(thesis: Path) -> None:
    """Neither are its files deleted, nor is it closed to others, nor is anything written into it."""
    before = contents(thesis)
    for name, code in (
        ("stop", 0),
        ("reset", 1),
        ("start", 1),
        ("stop", 0),
        ("doctor", 0),
        ("status", 1),
        ("reset", 1),
    ):
        answer = command(name, "--dir", thesis)
        assert answer.returncode == code, (name, answer)
        assert "Traceback" not in answer.stderr
        assert contents(thesis) == before, name
    assert "files that are not a lab's" in command("start", "--dir", thesis).stderr
    server = subprocess.run(
        [sys.executable, "-m", "localaws", "--dir", thesis], capture_output=True, text=True, timeout=60
    )
    assert (server.returncode, "files that are not a lab's" in server.stderr) == (1, True)
    assert contents(thesis) == before


def test_a_lock_or_a_lab_file_alone_makes_no_lab(thesis: Path) -> None:
    """Earlier versions took a file lab.lock, which they wrote anywhere, for the proof."""
    (thesis / "lab.lock").touch()
    (thesis / "lab.json").write_text("{}")
    before = contents(thesis)
    for name in ("stop", "reset", "start"):
        command(name, "--dir", thesis)
        assert contents(thesis) == before, name


def test_a_lab_of_an_earlier_version_goes_on_and_can_be_reset(home: Path) -> None:
    command("start", "--dir", home)
    command("stop", "--dir", home)
    key = json.loads((home / "keys.json").read_text())
    (home / ".localaws").unlink()  # as a lab was before there was a marker
    assert command("reset", "--dir", home).returncode == 1
    (home / "my notes.txt").touch()  # an earlier version could be started on any directory
    refused = command("start", "--dir", home)
    assert (refused.returncode, "my notes.txt" in refused.stderr) == (1, True)
    (home / "my notes.txt").unlink()
    assert command("start", "--dir", home).returncode == 0
    assert json.loads((home / "keys.json").read_text()) == key
    assert command("reset", "--dir", home).returncode == 0
    assert not home.exists()


def test_a_second_server_on_the_same_directory_is_refused(home: Path) -> None:
    """Two would overwrite each other's state: acknowledged writes were lost."""
    command("start", "--dir", home)
    running = facts(home)
    second = subprocess.run(
        [sys.executable, "-m", "localaws", "--dir", home], capture_output=True, text=True, timeout=60
    )
    assert second.returncode == 1
    assert f"process {running['pid']} already serves the lab" in second.stderr
    assert "Traceback" not in second.stderr
    assert facts(home) == running
    assert command("status", "--dir", home).returncode == 0


def test_a_server_started_by_hand_is_found_and_stopped(home: Path) -> None:
    """It holds the lock, whatever its command line says."""
    home.mkdir()
    with subprocess.Popen([sys.executable, "-m", "localaws", "--dir", "."], cwd=home) as server:
        while not (home / "lab.json").exists():
            assert server.poll() is None
        assert f"process   {server.pid}" in command("status", "--dir", home).stdout
        assert "stopped" in command("stop", "--dir", home).stdout
        assert server.wait(timeout=10) == 0
