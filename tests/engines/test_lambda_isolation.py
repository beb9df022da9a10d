"""A function's code is shut in: it reaches no file of the lab, leaves no process behind, passes none of its limits.

AWS's own bounds: Lambda developer guide, "Lambda quotas" (memory, /tmp, 1,024 processes) and "Security in AWS Lambda".
Every test attacks. Where an ordinary user may not make namespaces they do not apply (test_lambda_levels.py has what
holds there); root on Linux may, so there they fail rather than go unnoticed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress

import psutil
import pytest

from tests.conftest import RunningLab, eventually
from tests.engines.lambda_tools import create, environments, invoke

#: A handler whose processes are replaced faster than anybody can list them; each leads a session of its own. After a
#: minute they end by themselves, or a test that fails would leave the machine busy.
RELAY = """
    import os, subprocess, time
    def handler(event, context):
        end = time.monotonic() + 60
        for _ in range(4):
            if os.fork() == 0:
                while time.monotonic() < end:
                    if os.fork(): os._exit(0)
                    os.setsid()
        subprocess.Popen(["sleep", "60"])  # stands still, to be seen
        while True: time.sleep(0.01)
    """


def relay(lab: RunningLab, name: str) -> None:
    """Have a function of RELAY run, its processes begun."""
    create(lab, name, RELAY, Timeout=60)
    invoke(lab, name, InvocationType="Event")

    def begun() -> bool:
        with suppress(psutil.Error):  # the others are gone as soon as they are seen
            return any("sleep" in process.cmdline() for process in environments(name, lab))
        return False

    eventually(begun, seconds=30)


@pytest.fixture(autouse=True)
def isolated(lab: RunningLab) -> None:
    lab.client("lambda").list_functions()
    refused = [line for line in lab.log().splitlines() if "functions do not run in namespaces" in line]
    root = sys.platform == "linux" and os.getuid() == 0
    if root:
        assert not refused, refused
    elif refused or sys.platform != "linux":
        pytest.skip(f"this system gives ordinary users no namespaces: {''.join(refused) or sys.platform}")


def test_the_labs_files_and_processes_are_out_of_sight(lab: RunningLab) -> None:
    code = """
        import os
        def handler(event, context):
            seen = [path for path in event if os.path.exists(path)]
            return seen, sorted(int(n) for n in os.listdir("/proc") if n.isdigit()), os.listdir("/tmp"), os.getuid()
        """
    create(lab, "looks", code)
    paths = [str(lab.directory), str(lab.directory / "keys.json"), f"/proc/{lab.pid}/environ", "/root"]
    seen, processes, temporary, user = invoke(lab, "looks", paths[:3])[0]
    assert (seen, processes, temporary) == ([], [1, 2], [])
    assert user != 0


def test_only_tmp_can_be_written_and_holds_no_more_than_its_size(lab: RunningLab) -> None:
    code = """
        import errno
        def handler(event, context):
            codes = []
            for path in ("/var/task/x", "/usr/x", "/etc/x", "/x"):
                try: open(path, "w")
                except OSError as error: codes.append(errno.errorcode[error.errno])
            try:
                for number in range(3):
                    with open(f"/tmp/{number}", "wb") as file:
                        for _ in range(300): file.write(bytes(1 << 20))
            except OSError as error:
                codes.append(errno.errorcode[error.errno])
            return codes
        """
    create(lab, "fills-up", code, Timeout=30)
    codes = invoke(lab, "fills-up")[0]
    assert codes[-1] == "ENOSPC" and len(codes) == 5 and set(codes[:4]) <= {"EROFS", "EACCES"}
    lab.client("lambda").delete_function(FunctionName="fills-up")


def test_detached_processes_end_with_the_function(lab: RunningLab) -> None:
    code = """
        import subprocess
        def handler(event, context):
            subprocess.Popen(["sleep", "600"], start_new_session=True)
        """
    create(lab, "detaches", code)
    invoke(lab, "detaches")
    assert environments("detaches", lab)
    lab.client("lambda").delete_function(FunctionName="detaches")
    eventually(lambda: not environments("detaches", lab), seconds=2)


def test_memory_of_detached_processes_counts(lab: RunningLab) -> None:
    code = """
        import subprocess, sys, time
        def handler(event, context):
            for _ in range(3):
                subprocess.Popen([sys.executable, "-c", "x = b'x' * 60_000_000; import time; time.sleep(60)"],
                                 start_new_session=True)
            time.sleep(20)
        """
    create(lab, "breeds-apart", code, Timeout=25)
    assert invoke(lab, "breeds-apart")[0]["errorType"] == "Runtime.OutOfMemory"


@pytest.mark.parametrize(
    "attack",
    [
        "touch(); memory.madvise(mmap.MADV_DONTNEED)",
        "[os.fork() or (touch(), time.sleep(60)) for _ in range(2)]",
        "os.fork() or (touch(), os._exit(0))",
    ],
    ids=["let go of", "by two children", "by a child that has gone"],
)
def test_shared_memory_counts_whoever_has_it_resident(lab: RunningLab, attack: str) -> None:
    """Memory that processes share is in nobody's own, and stays when all of them let go of it."""
    code = f"""
        import mmap, os, time
        memory = mmap.mmap(-1, 300 << 20)
        def touch():
            for place in range(0, len(memory), 4096): memory[place] = 1
        def handler(event, context):
            {attack}
            time.sleep(9)
        """
    name = f"shares-{len(attack)}"
    create(lab, name, code, Timeout=15)
    assert invoke(lab, name)[0]["errorType"] == "Runtime.OutOfMemory"
    lab.client("lambda").delete_function(FunctionName=name)


def test_a_machine_out_of_memory_ends_functions_first(lab: RunningLab) -> None:
    """proc(5), oom_score_adj: the highest goes first, and a function cannot set its own back."""
    code = """
        def handler(event, context):
            try: open("/proc/self/oom_score_adj", "w").write("0")
            except OSError: pass
            return open("/proc/self/oom_score_adj").read()
        """
    create(lab, "first", code)
    assert invoke(lab, "first")[0] == "1000\n"


def test_deleting_a_function_ends_a_call_that_runs(lab: RunningLab) -> None:
    code = """
        import os, signal, time
        def handler(event, context):
            for number in range(1, 65):
                try: signal.signal(number, signal.SIG_IGN)
                except (OSError, ValueError): pass
            while True: time.sleep(0.01)
        """
    create(lab, "ignores", code, Timeout=60)
    invoke(lab, "ignores", InvocationType="Event")
    eventually(lambda: environments("ignores", lab))
    lab.client("lambda").delete_function(FunctionName="ignores")
    eventually(lambda: not environments("ignores", lab), seconds=2)


def test_deleting_a_function_ends_processes_that_replace_themselves(lab: RunningLab) -> None:
    relay(lab, "relays")
    lab.client("lambda").delete_function(FunctionName="relays")
    eventually(lambda: not environments("relays", lab), seconds=5)


def test_a_stop_ends_processes_that_replace_themselves(new_lab: Callable[..., RunningLab]) -> None:
    lab = new_lab()
    relay(lab, "relays-on")
    lab.stop()
    eventually(lambda: not environments("relays-on", lab), seconds=5)
