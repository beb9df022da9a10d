"""`dehelpers doctor`: look for what is wrong with this installation, and name the fix for each fault."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import botocore.exceptions
from botocore.config import Config
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from packaging.markers import Marker

from dehelpers.process import aside, lab
from dehelpers.process.project import lab_directory, root

NEEDED_BYTES = 2_000_000_000  # for the lab's objects and the largest data a notebook makes

# A check returns what it found, or raises Fault.
Check = Callable[[Path], str]


class Fault(Exception):
    """Something is wrong: what, and how to mend it."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.fix = fix


def doctor(directory: Path | None = None) -> int:
    """Print one line for each check, with the fix below each fault. Returns 1 if there is any fault, else 0."""
    home = lab_directory(directory)
    faults = 0
    for name, check in CHECKS.items():
        try:
            print(f"ok     {name:<9} {check(home)}")
        except Fault as fault:
            faults += 1
            print(f"FAULT  {name:<9} {fault}\n       {'':<9} fix: {fault.fix}")
    noun = "fault" if faults == 1 else "faults"
    print(f"{faults} {noun}." if faults else "All is well.")
    return 1 if faults else 0


def python(_: Path) -> str:
    """Is it new enough, and the project's own?"""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < (3, 11):  # noqa: UP036 (pip can be told to ignore what a package requires)
        raise Fault(f"Python {version} is too old", "install Python 3.11 or newer, then: make setup")
    return f"{version} at {sys.executable}"


def packages(_: Path) -> str:
    """Is everything that requirements.lock names installed, in that version?"""
    lock = root() / "requirements.lock"
    if not lock.is_file():
        raise Fault(f"{lock} is missing", "git checkout requirements.lock")
    wrong = []
    total = 0
    for name, wanted in locked(lock.read_text()):
        total += 1
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found = "missing"
        if found != wanted:
            wrong.append(f"{name} is {found}, not {wanted}")
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise Fault("; ".join(wrong[:3]) + more, "make setup")
    return f"{total}, as locked"


def disk(home: Path) -> str:
    """Is there room, and may it be written to?"""
    existing = next(path for path in [home, *home.parents] if path.exists())
    free = shutil.disk_usage(existing).free
    if free < NEEDED_BYTES:
        raise Fault(
            f"{free / 1e9:.1f} GB are free where the lab is, {NEEDED_BYTES / 1e9:.0f} GB are needed",
            "free some, empty the lab (dehelpers reset), or put it elsewhere (--dir or $DEHELPERS_DIR)",
        )
    if not (existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)):
        raise Fault(f"{home} cannot be written to", "name another directory: --dir or $DEHELPERS_DIR")
    return f"{free / 1e9:.0f} GB free at {home}"


def kernel(_: Path) -> str:
    """Do notebooks run on this Python?"""
    try:
        command = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except NoSuchKernel:
        raise Fault("there is no Jupyter kernel named python3", "make setup") from None
    # "python" in a kernel's specification stands for the Python that starts it.
    if Path(command).name != command and Path(command).absolute() != Path(sys.executable).absolute():
        raise Fault(
            f"the kernel python3 is another Python: {command}",
            "jupyter kernelspec remove python3, then: make setup",
        )
    return f"python3 runs on {sys.executable}"


def commands(_: Path) -> str:
    """Does the AWS CLI that came with this Python start?"""
    aws = Path(sys.executable).parent / "aws"
    try:
        answer = subprocess.run([aws, "--version"], capture_output=True, text=True, timeout=60)
    except OSError as error:
        raise Fault(f"{aws} does not start: {error.strerror}", "make setup") from error
    if answer.returncode:
        raise Fault(f"{aws} fails: {answer.stderr.strip().splitlines()[-1:]}", "make setup")
    return answer.stdout.split()[0]


def data(_: Path) -> str:
    """Are the tables what they were when they were published?"""
    from dehelpers.words import data as tables

    try:
        for name in tables.TABLES:
            tables.path(name)
    except (OSError, ValueError) as error:
        raise Fault(str(error), "git checkout -- data") from error
    return f"{len(tables.TABLES)} tables"


def ports(home: Path) -> str:
    """May a server listen on 127.0.0.1, and is the lab where its file says?"""
    noted = lab.Lab.read(home)
    if noted and not lab.find(home):
        raise Fault(
            f"lab.json names process {noted.pid} on port {noted.port}, which is not the lab (it was killed?)",
            "dehelpers start",
        )
    try:
        port = lab.free_port()
    except OSError as error:
        raise Fault(f"no port can be opened on 127.0.0.1: {error.strerror}", "allow local servers") from error
    return f"127.0.0.1 can be used (tried {port})"


def kept(home: Path) -> str:
    """Could the lab read all that an earlier version of it had kept?"""
    asides = aside.folders(home)
    if asides:
        folder, why = next(reversed(asides.items()))
        raise Fault(why, f"take out what you need, then delete {folder}")
    return "the lab has put nothing aside"


def running(home: Path) -> str:
    """Does the lab answer a signed call?"""
    found = lab.find(home)
    if not found:
        return "not running; it starts by itself when a notebook connects"
    client = boto3.client(
        "sts",
        endpoint_url=found.endpoint,
        region_name=found.region,
        aws_access_key_id=found.access_key_id,
        aws_secret_access_key=found.secret_access_key,
        config=Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 1}),
    )
    try:
        client.get_caller_identity()
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        raise Fault(f"the lab does not answer as it should: {error}", "dehelpers stop, then dehelpers start") from error
    return f"answers at {found.endpoint}"


def functions(_: Path) -> str:
    """What can the code of a Lambda function do on this system that it could not on AWS?"""
    command = [sys.executable, "-m", "localaws.engines.lambda_"]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if answer.returncode:
        raise Fault(f"no function runs here: {answer.stderr.strip().splitlines()[-1:]}", "make setup")
    return "".join(f"\n{'':<17}a Lambda function can {line}" for line in answer.stdout.strip().splitlines()).lstrip()


def locked(text: str) -> Iterator[tuple[str, str]]:
    """Name and version of each line of a lock file that applies to this machine."""
    for match in re.finditer(r"^([\w.\-]+)==([^\s;\\]+)(?: ; ([^\\\n]+))?", text, re.MULTILINE):
        if not match[3] or Marker(match[3].strip()).evaluate():
            yield match[1], match[2]


CHECKS: dict[str, Check] = {
    "python": python,
    "packages": packages,
    "disk": disk,
    "kernel": kernel,
    "commands": commands,
    "data": data,
    "ports": ports,
    "kept": kept,
    "lab": running,
    "functions": functions,
}
