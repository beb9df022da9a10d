"""The memory of an environment's processes, each page counted once however many have it.

Linux tells for each process its resident pages (RSS), and these with every shared page divided by its users (PSS).
Shared memory without a file stays when nobody has it resident: it counts in full for as long as it is mapped.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil

_LINUX = sys.platform == "linux"
_PAGE = os.sysconf("SC_PAGE_SIZE")
#: What Linux names shared memory without a file (proc(5), /proc/pid/maps).
_SHARED = "/dev/zero (deleted)"


def resident(pid: int) -> int:
    """Bytes of memory of process *pid*; 0 once it has ended."""
    try:
        return _sizes(pid)[1] if _LINUX else int(psutil.Process(pid).memory_info().rss)
    except (OSError, psutil.Error):
        return 0


def together(pids: Sequence[int], limit: int) -> int:
    """Bytes of memory of *pids*, the handler and what it started; who maps less than *limit* has no more than that."""
    if not pids:
        return 0
    used = max(resident(pids[0]), sum(map(_share, pids)) if len(pids) > 1 else 0)
    return max(used, _kept(pids, limit) if _LINUX else 0)


def _kept(pids: Sequence[int], limit: int) -> int:
    """Bytes of shared memory without a file, resident or not, which is looked for where more than *limit* is mapped."""
    found: dict[str, int] = {}
    for pid in pids:
        try:
            if _sizes(pid)[0] > limit:
                found |= _shared(pid)
        except OSError:
            continue
    return sum(found.values())


def _sizes(pid: int) -> tuple[int, int]:
    """Bytes that *pid* maps, and those of them that are resident (proc(5), /proc/pid/statm). Raises OSError."""
    descriptor = os.open(f"/proc/{pid}/statm", os.O_RDONLY)
    try:
        mapped, resident, *_ = os.read(descriptor, 256).split()
    finally:
        os.close(descriptor)
    return int(mapped) * _PAGE, int(resident) * _PAGE


def _share(pid: int) -> int:
    """The bytes of *pid*, each page divided by its users; elsewhere than on Linux, those that nobody else has."""
    try:
        memory = psutil.Process(pid).memory_full_info()
        return int(memory.pss if _LINUX else memory.uss)
    except psutil.Error:
        return 0


def _shared(pid: int) -> dict[str, int]:
    """Bytes of each piece of shared memory without a file that *pid* maps. Raises OSError."""
    found: dict[str, int] = {}
    for line in Path(f"/proc/{pid}/maps").read_text(errors="replace").splitlines():
        if line.endswith(_SHARED):
            span, _, _, _, inode, *_ = line.split()
            start, end = (int(address, 16) for address in span.split("-"))
            found[inode] = found.get(inode, 0) + end - start
    return found
