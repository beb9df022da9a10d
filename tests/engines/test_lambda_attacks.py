"""Handlers and archives that mean no good harm nobody but themselves.

Held to the Lambda developer guide ("Troubleshoot invocation issues in Lambda", "Lambda quotas") where AWS has an
answer of its own, and to the lab's promise that the server outlives whatever a function does.
"""

from __future__ import annotations

import io
import json
import os
import stat
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab, eventually
from tests.engines.lambda_tools import archive, create, environments, function_names, invoke, log_lines, source

HARMLESS = "def handler(event, context): return 'well'"


@pytest.fixture(autouse=True)
def the_lab_is_well_afterwards(lab: RunningLab) -> Iterator[None]:
    """Another function runs while and after each of these tests."""
    if "well" not in function_names(lab):
        create(lab, "well", HARMLESS)
    yield
    assert invoke(lab, "well")[0] == "well"


def test_endless_loop_is_timed_out(lab: RunningLab) -> None:
    create(lab, "loops", "def handler(e, c):\n    while e == 'loop': pass\n    return 'done'", Timeout=1)
    payload, answer = invoke(lab, "loops", "loop")
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert answer["FunctionError"] == "Unhandled"
    assert payload == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {request_id} Error: Task timed out after 1.00 seconds",
    }
    lines = log_lines(lab, "loops")
    assert any(line.endswith(f"{request_id} Task timed out after 1.00 seconds\n") for line in lines)
    assert "Status: timeout" in lines[-1]
    assert invoke(lab, "loops", "once")[0] == "done"


def test_endless_import_is_timed_out(lab: RunningLab) -> None:
    """The import may take ten seconds more than a call; here it is ended by its memory instead."""
    create(lab, "endless-import", "hog = []\nwhile True: hog.append('x' * 1_000_000)")
    assert invoke(lab, "endless-import")[0]["errorType"] == "Runtime.OutOfMemory"


def test_memory_is_limited(lab: RunningLab) -> None:
    """Slow growth and a single grab alike end in AWS's error, and in a REPORT with the whole memory used."""
    create(
        lab,
        "eats",
        """
        import time
        def handler(event, context):
            hog = []
            for _ in range(event["times"]):
                hog.append(bytearray(event["bytes"]))
                time.sleep(event["pause"])
        """,
        Timeout=20,
    )
    for event in (
        {"times": 40, "bytes": 10_000_000, "pause": 0.01},
        {"times": 1, "bytes": 300_000_000, "pause": 0},
    ):
        payload, answer = invoke(lab, "eats", event)
        assert payload == {
            "errorType": "Runtime.OutOfMemory",
            "errorMessage": f"RequestId: {answer['ResponseMetadata']['RequestId']} Error: "
            "Runtime exited with error: signal: killed",
        }
    assert "Max Memory Used: 128 MB" in log_lines(lab, "eats", times=2)[-1]
    assert invoke(lab, "eats", {"times": 1, "bytes": 1, "pause": 0})[0] is None


def test_memory_of_children_counts(lab: RunningLab) -> None:
    create(
        lab,
        "breeds",
        """
        import os, time
        def handler(event, context):
            for _ in range(4):
                if os.fork() == 0:
                    hog = bytearray(b"x" * 60_000_000)
                    time.sleep(60)
            time.sleep(60)
        """,
        Timeout=30,
    )
    assert invoke(lab, "breeds")[0]["errorType"] == "Runtime.OutOfMemory"


def test_fork_bomb_dies_with_its_call(lab: RunningLab) -> None:
    create(
        lab,
        "bomb",
        """
        import os, time
        def handler(event, context):
            for _ in range(5):
                os.fork()
            print("PID", os.getpid())
            while True: time.sleep(0.01)
        """,
        Timeout=1,
        MemorySize=1024,
    )
    assert invoke(lab, "bomb")[0]["errorType"] == "Sandbox.Timedout"
    processes = [int(line.split()[1]) for line in log_lines(lab, "bomb") if line.startswith("PID")]
    assert len(processes) == 32
    eventually(lambda: not environments("bomb", lab))


def test_a_forked_process_does_not_answer_for_its_parent(lab: RunningLab) -> None:
    create(lab, "forks", "import os\ndef handler(e, c): return [e, os.fork() == 0]")
    assert [invoke(lab, "forks", n)[0] for n in range(3)] == [[n, False] for n in range(3)]


def test_ten_megabytes_of_output(lab: RunningLab) -> None:
    """The beginning and the end are kept, and what was left out is said."""
    create(lab, "shouts", "def handler(e, c):\n    for n in range(100_000): print(n, 'x' * 100)", Timeout=30)
    _, answer = invoke(lab, "shouts", LogType="Tail")
    assert "FunctionError" not in answer
    lines = log_lines(lab, "shouts")
    assert any("bytes were not kept" in line for line in lines)
    assert lines[2].startswith("0 x") and any(line.startswith("99999 x") for line in lines)


def test_a_million_empty_lines_are_no_small_log(lab: RunningLab) -> None:
    """What a line takes besides its text counts: CloudWatch Logs gets thousands of events, and the end of them all."""
    create(
        lab, "blank", "def handler(e, c):\n    for _ in range(20): print('\\n' * 500_000)\n    print('end')", Timeout=30
    )
    _, answer = invoke(lab, "blank", LogType="Tail")
    assert "FunctionError" not in answer
    logs = lab.client("logs")
    log_lines(lab, "blank", "INIT_START")
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName="/aws/lambda/blank")
    lines = eventually(lambda: _whole([event["message"] for page in pages for event in page["events"]]))
    assert len(lines) < 20_000 and "end\n" in lines


def _whole(lines: list[str]) -> list[str]:
    return lines if lines[-1].startswith("REPORT") else []


def test_output_without_end_or_newline(lab: RunningLab) -> None:
    create(lab, "babbles", "import sys\ndef handler(e, c):\n    while True: sys.stdout.write('y' * 65536)", Timeout=1)
    assert invoke(lab, "babbles")[0]["errorType"] == "Sandbox.Timedout"
    assert sum(map(len, log_lines(lab, "babbles"))) < 3_000_000


@pytest.mark.parametrize(
    "line",
    [
        "os.closerange(0, 64)",
        "os.kill(os.getpid(), 9)",
        "[os.write(fd, b'garbage' * 9) for fd in range(3, 500) if _is_socket(fd)]",
        "[os.write(fd, b'\\xff' * 9) for fd in range(3, 500) if _is_socket(fd)]",
        "sys.setrecursionlimit(10**9); (f := lambda: f())()",
    ],
)
def test_environments_that_break_themselves(lab: RunningLab, line: str) -> None:
    name = f"breaks-{abs(hash(line))}"
    code = f"""
        import os, stat, sys
        def _is_socket(fd):
            try: return stat.S_ISSOCK(os.fstat(fd).st_mode)
            except OSError: return False
        def handler(event, context):
            {line}
        """
    create(lab, name, code, Timeout=5)
    payload, answer = invoke(lab, name)
    assert answer["FunctionError"] == "Unhandled" and payload["errorType"].startswith(("Runtime.", "Sandbox."))


@pytest.mark.parametrize(
    ("header", "body"),
    [
        ({"request_id": "", "error": True, "peak_bytes": 0}, b"garbage"),
        ({"request_id": "", "error": True, "peak_bytes": 0}, b"[1]"),
        ({"request_id": "", "error": False, "peak_bytes": float("inf")}, b"null"),
        ({"request_id": "", "error": False, "peak_bytes": 0}, b"[" * 100_000),
        ([], b"null"),
    ],
    ids=["not JSON", "no object", "endless memory", "deep", "no header"],
)
def test_forged_answers_to_the_import_are_an_error_of_the_function(lab: RunningLab, header: Any, body: bytes) -> None:
    """Who writes into the runtime's own socket harms the function alone: the caller gets its error, and no 5xx."""
    name = f"forges-{abs(hash((str(header), body)))}"
    code = f"""
        import os, stat, struct, time
        frames = b"".join(struct.pack(">I", len(part)) + part for part in ({json.dumps(header)!r}.encode(), {body!r}))
        for descriptor in range(3, 500):
            try:
                if stat.S_ISSOCK(os.fstat(descriptor).st_mode): os.write(descriptor, frames)
            except OSError: pass
        time.sleep(1)
        """
    create(lab, name, code, Timeout=5)
    payload, answer = invoke(lab, name)
    assert answer["StatusCode"] == 200 and answer["FunctionError"] == "Unhandled"
    assert payload["errorType"] == "Runtime.ExitError"


def test_files_are_limited_in_size(lab: RunningLab) -> None:
    """One file cannot be larger than the ephemeral storage."""
    create(
        lab,
        "fills",
        """
        import tempfile
        def handler(event, context):
            with tempfile.TemporaryFile() as file:
                file.truncate(600 << 20)
        """,
    )
    assert invoke(lab, "fills")[0]["errorType"] == "OSError"


def test_threads_stand_still_between_calls(lab: RunningLab) -> None:
    """An environment is frozen after its call: what still runs in it goes on with the next one."""
    create(
        lab,
        "spins",
        """
        import os, threading
        def spin():
            while True: pass
        def handler(event, context):
            if event == "start":
                threading.Thread(target=spin, daemon=True).start()
            return os.getpid()
        """,
    )
    pid = invoke(lab, "spins", "start")[0]
    handler = max(environments("spins", lab), key=psutil.Process.num_threads)
    eventually(lambda: handler.status() == psutil.STATUS_STOPPED)
    assert invoke(lab, "spins", "again")[0] == pid


def test_many_slow_handlers_leave_the_lab_responsive(lab: RunningLab) -> None:
    """However many calls wait for handlers, some of the server's threads serve others: the rest are throttled."""
    create(lab, "slow", "import time\ndef handler(e, c): time.sleep(2)", Timeout=10)

    def call(_: int) -> str:
        try:
            return str(invoke(lab, "slow")[1]["StatusCode"])
        except ClientError as error:
            return error.response["Error"]["Code"]

    invoke(lab, "well")
    with ThreadPoolExecutor(38) as threads:
        calls = [threads.submit(call, n) for n in range(38)]
        assert lab.client("sts").get_caller_identity()["Account"]
        answers = [call.result() for call in calls]
    assert set(answers) <= {"200", "TooManyRequestsException"}


def test_nothing_outlives_the_lab(new_lab: Callable[..., RunningLab]) -> None:
    """Neither frozen environments nor running ones nor what they forked, after a stop as after a crash."""

    def all_live(lab: RunningLab, names: tuple[str, ...]) -> bool:
        return all(environments(name, lab) for name in names)

    def none_lives(lab: RunningLab, names: tuple[str, ...]) -> bool:
        return not any(environments(name, lab) for name in names)

    for number, end in enumerate((RunningLab.stop, RunningLab.kill)):
        lab = new_lab(f"ending-{number}")
        create(lab, f"idle-{number}", HARMLESS)
        code = "import os, time\ndef handler(e, c):\n    os.fork()\n    print('PID', os.getpid())\n    time.sleep(60)"
        create(lab, f"busy-{number}", code, Timeout=90)
        invoke(lab, f"busy-{number}", {}, InvocationType="Event")
        invoke(lab, f"idle-{number}")
        names = f"idle-{number}", f"busy-{number}"
        eventually(partial(all_live, lab, names))
        end(lab)
        eventually(partial(none_lives, lab, names))


def _member(
    name: str, content: bytes = b"x = 1", mode: int = stat.S_IFREG | 0o644, method: int = zipfile.ZIP_STORED
) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as opened:
        info = zipfile.ZipInfo("placeholder")
        info.filename = name
        info.external_attr = mode << 16
        info.compress_type = method
        opened.writestr(info, content)
    return made.getvalue()


def _listing(times: int, content: bytes = b"") -> bytes:
    """An archive that lists its one file so often (.ZIP specification, 4.3.12 and 4.3.16)."""
    package = archive(app__py=content)
    entry, end = package.rindex(b"PK\x01\x02"), package.rindex(b"PK\x05\x06")
    listed = package[entry:end] * times
    return package[:entry] + listed + package[end : end + 12] + len(listed).to_bytes(4, "little") + package[end + 16 :]


@pytest.mark.parametrize(
    "package",
    [
        b"",
        b"not a zip",
        source(HARMLESS)[:-30],
        _member("../outside.py"),
        _member("a/../../outside.py"),
        _member("/tmp/outside.py"),
        _member("..\\outside.py"),
        _member("C:/outside.py"),
        _member("link", b"/etc/passwd", stat.S_IFLNK | 0o777),
        _member("pipe", b"", stat.S_IFIFO | 0o777),
        _member("x" * 300),
        archive(**{"a": b"file", "a/b__py": b"in a file"}),
        lambda: archive(big=b"\0" * 262_144_001),  # made where it is needed: each worker collects every test
        _listing(65_536),
        _listing(2, os.urandom(1000)),
        archive(**{f"{number}/" + "d/" * 1000: b"" for number in range(66)}),
        archive(**{"d/" * 1900: b""}),
        _member("app.py", method=zipfile.ZIP_BZIP2),
        _member("app.py", method=zipfile.ZIP_LZMA),
    ],
    ids=str.split(
        "empty text cut up deep-up absolute backslash drive link pipe long file-as-directory large many overlapping "
        "directories deep bzip2 lzma"
    ),
)
def test_bad_archives_are_refused(lab: RunningLab, package: bytes | Callable[[], bytes]) -> None:
    package = package() if callable(package) else package
    before = _files_around(lab)
    with pytest.raises(ClientError) as caught:
        create(lab, "bad-archive", package)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValueException"
    assert _files_around(lab) == before
    with pytest.raises(ClientError, match="InvalidParameterValueException"):
        lab.client("lambda").update_function_code(FunctionName="well", ZipFile=package)


def test_an_archive_that_declares_less_than_it_has_is_refused(lab: RunningLab) -> None:
    """The limit holds for what comes out: nothing is unzipped beyond the declared size."""
    package = archive(app__py=b"\0" * 50_000_000)
    size = (
        package.rindex(b"PK\x01\x02") + 24
    )  # of the central directory's entry (.ZIP File Format Specification, 4.3.12)
    before = _files_around(lab)
    with pytest.raises(ClientError, match="InvalidParameterValueException"):
        create(lab, "liar", package[:size] + (10).to_bytes(4, "little") + package[size + 4 :])
    assert _files_around(lab) == before


def test_deep_directories_are_removed_again(new_lab: Callable[..., RunningLab]) -> None:
    """Deeper than Python's functions may call themselves; a lab that could not remove them would never serve again."""
    lab = new_lab()
    create(lab, "deep", archive(**{"a/" * depth + "x": b"" for depth in (500, 900, 1200, 1900)}))
    lab.kill()
    lab.start()
    assert lab.client("sts").get_caller_identity()["Account"]
    lab.client("lambda").list_functions()
    assert not list((lab.directory / "lambda").glob("code/*"))
    lab.stop()
    assert not (lab.directory / "lambda" / "environments").exists()


def test_large_payloads_hold_up_nobody(lab: RunningLab) -> None:
    """Invoke's payload may have 6 MB: a million objects and more. While Python reads them it does nothing else."""
    create(lab, "many", "def handler(e, c): return [{}] * len(e)", MemorySize=1024, Timeout=60)
    invoke(lab, "many", [])
    sts, slowest = lab.client("sts"), 0.0
    with ThreadPoolExecutor(1) as threads:
        call = threads.submit(invoke, lab, "many", [{}] * 1_000_000)
        while not call.done():
            started = time.monotonic()
            sts.get_caller_identity()
            slowest = max(slowest, time.monotonic() - started)
    assert len(call.result()[0]) == 1_000_000
    assert slowest < 2.5


def test_what_an_event_holds_is_no_parameter(lab: RunningLab) -> None:
    """API Invoke: the Qualifier is part of the address; the payload is the function's, however it is built."""
    create(lab, "takes", "def handler(e, c): return e")
    assert invoke(lab, "takes", {"Qualifier": "9"})[0] == {"Qualifier": "9"}
    for payload in b"[" * 1_000_000, b"[" * 1000 + b"x", b'{"a": ' * 500_000:
        with pytest.raises(ClientError, match="InvalidRequestContentException"):
            lab.client("lambda").invoke(FunctionName="takes", Payload=payload)


def test_code_that_no_function_has_leaves_the_disk(lab: RunningLab) -> None:
    """What an update replaced goes; what a published version has stays, and runs."""
    code = lab.directory / "lambda" / "code"
    before = set(code.iterdir())
    create(lab, "replaced", "def handler(e, c): return 'published'")
    version = lab.client("lambda").publish_version(FunctionName="replaced")["Version"]
    for answer in "replaced", "latest":
        package = source(f"def handler(e, c): return {answer!r}")
        lab.client("lambda").update_function_code(FunctionName="replaced", ZipFile=package)
        assert invoke(lab, "replaced")[0] == answer
    assert len(set(code.iterdir()) - before) == 3
    eventually(lambda: len(set(code.iterdir()) - before) == 2, 60)
    assert invoke(lab, "replaced", Qualifier=version)[0] == "published"
    assert invoke(lab, "replaced")[0] == "latest"
    lab.client("lambda").delete_function(FunctionName="replaced")
    eventually(lambda: not set(code.iterdir()) - before, 60)


def test_damaged_content_is_refused(lab: RunningLab) -> None:
    """A wrong checksum is only found by unzipping; nothing of it stays."""
    damaged = bytearray(_member("app.py", b"A" * 1000))
    damaged[200] ^= 0xFF
    before = _files_around(lab)
    with pytest.raises(ClientError, match="InvalidParameterValueException"):
        create(lab, "damaged", bytes(damaged))
    assert _files_around(lab) == before


def test_layers_count_towards_the_size(lab: RunningLab) -> None:
    half = b"\0" * 140_000_000
    layer = lab.client("lambda").publish_layer_version(LayerName="half", Content={"ZipFile": archive(half=half)})
    with pytest.raises(ClientError, match="Unzipped size must be smaller than 262144000 bytes"):
        create(lab, "too-much", archive(app__py=HARMLESS, other=half), Layers=[layer["LayerVersionArn"]])


def test_layers_are_checked_too(lab: RunningLab) -> None:
    with pytest.raises(ClientError, match="InvalidParameterValueException"):
        lab.client("lambda").publish_layer_version(LayerName="bad", Content={"ZipFile": _member("../up.py")})


#: What other services make in a lab's directory at any time: each call is counted, each function has a log.
_OF_OTHERS = ("metrics", "log-groups", "state.sqlite")


def _files_around(lab: RunningLab) -> set[str]:
    """What lies in the lab's directory for Lambda, and beside it."""
    found = {str(path) for path in lab.directory.parent.iterdir()}
    for top in (lab.directory, lab.directory / "lambda", lab.directory / "lambda" / "code"):
        found |= {str(path) for path in top.iterdir() if not path.name.startswith(_OF_OTHERS)}
    return found | {str(path) for path in Path("/tmp").glob("outside*")}
