"""Starts an execution environment: shuts it in as far as the system allows, then runs the bootstrap in it.

Run as ``python -I launcher.py SETTINGS`` with the standard library alone; SETTINGS is JSON, what
`isolation.Isolation.settings` says. Up to three processes come of it:

    supervisor      waits for the handler and ends as it ended; every orphan below it becomes its child
    └ init          where there are namespaces: process 1 of the environment, with which all others end
      └ handler     runs bootstrap.py

With namespaces (namespaces(7), pivot_root(2)) the handler has a root directory of its own: the system's programs
read-only, /var/task and /opt as on AWS, a /tmp of the function's EphemeralStorage, and no other process in sight.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from contextlib import suppress
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
#: Bytes of /tmp for one file or directory, so that empty ones cannot fill the machine's memory.
INODE_BYTES = 4096


def sibling(name: str) -> ModuleType:
    """The module *name* beside this one: an isolated interpreter does not look there by itself."""
    path = str(Path(__file__).resolve().with_name(f"{name}.py"))
    module = ModuleType(f"localaws_{name}")
    module.__file__ = path
    SourceFileLoader(module.__name__, path).exec_module(module)
    return module


def main() -> None:
    settings = json.loads(sys.argv[1])
    del sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    bootstrap = sibling("bootstrap")
    kernel: Any = sibling("kernel").Kernel() if sys.platform == "linux" else None
    if kernel:
        with suppress(OSError):
            kernel.be_first_to_end()
    if settings["namespaces"]:
        kernel.enter_namespaces(own_user=settings["user"] is None)
    elif kernel:
        kernel.adopt_orphans()
    reading, writing = os.pipe()  # by which init tells how the handler ended: process 1 cannot end by a signal
    child = os.fork()
    if child:
        os.close(writing)
        os.close(settings["descriptor"])
        status = _wait(child)
        _end(int(os.read(reading, 16) or status))
    os.close(reading)
    if settings["namespaces"]:
        _become_init(kernel, settings, writing)
    elif kernel:
        kernel.give_up_rights(settings["user"])
        for refuse in kernel.keep_from_others, kernel.refuse_system_calls:
            with suppress(OSError):  # Linux before 6.12, or a system that filters no calls
                refuse()
    os.close(writing)
    bootstrap.main(settings["descriptor"])


def _become_init(kernel: Any, settings: dict[str, Any], writing: int) -> None:
    """Make the environment's root, give up all rights, then start the handler; returns in the handler alone."""
    _make_root(kernel, settings)
    kernel.give_up_rights(settings["user"])
    kernel.die_with_parent()
    with suppress(OSError):  # Linux before 6.12
        kernel.keep_from_others()
    kernel.refuse_system_calls()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # as with every other signal, process 1 does not end by it
    os.chdir(settings["code"])
    child = os.fork()
    if child:
        os.close(settings["descriptor"])
        os.write(writing, str(_wait(child)).encode())
        os._exit(0)


def _make_root(kernel: Any, settings: dict[str, Any]) -> None:
    """Put the environment's root directory together, and leave the system's."""
    root = settings["root"]
    kernel.mount("none", "/", None, kernel.PRIVATE)
    kernel.mount_memory(root, "size=1m,mode=755")
    for name, target in settings["links"].items():
        Path(root + name).symlink_to(target)
    storage = settings["storage_bytes"]
    Path(f"{root}/tmp").mkdir()
    kernel.mount_memory(f"{root}/tmp", f"size={storage},nr_inodes={storage // INODE_BYTES},mode=1777")
    for target, source in settings["binds"].items():
        kernel.bind(source, root + target)
    for device in DEVICES:
        kernel.bind(f"/dev/{device}", f"{root}/dev/{device}")
    for name, target in {"fd": "fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}.items():
        Path(f"{root}/dev/{name}").symlink_to(f"/proc/self/{target}")
    for hidden in settings["hidden"]:
        if Path(root + hidden).exists():
            kernel.mount_memory(root + hidden, "size=4k,mode=000")
    Path(f"{root}/proc").mkdir()
    kernel.mount("proc", f"{root}/proc", "proc", kernel.RDONLY | kernel.NOSUID | kernel.NODEV)
    kernel.read_only(root)
    kernel.enter_root(root)


def _wait(child: int) -> int:
    """Collect every child that ends until *child* does; its status, as waitpid(2) has it."""
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == child:
            return status


def _end(status: int) -> None:
    """End as the process ended whose *status* this is."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.WEXITSTATUS(status))


if __name__ == "__main__":
    main()
