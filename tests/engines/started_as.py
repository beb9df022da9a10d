"""Runs a command as a system would that gives less: ``python started_as.py LEVEL COMMAND …``.

    container    root without the right to mount, as Docker's is
    user         an ordinary user
    no-namespaces  an ordinary user where the kernel grants no more namespaces (user.max_user_namespaces is 0)

The kernel itself refuses then. Where root starts it, this Python's directories are shown to others too, in a mount
namespace of the command's own: installed below /root they are not. Ends with status 77 where the system does not let
it take away what the level is to lack.
"""

from __future__ import annotations

import ctypes
import os
import sys
import tempfile
from pathlib import Path

from localaws.engines.lambda_ import kernel

#: Who owns nothing.
USER = 61_000
LIBRARY = ctypes.CDLL(None, use_errno=True)
CAP_SYS_ADMIN, PR_CAPBSET_DROP = 21, 24
UNABLE = 77


def main() -> None:
    level, command = sys.argv[1], sys.argv[2:]
    if os.getuid() == 0:
        show_python()
        if level == "container":
            lose_mounting()
        else:
            os.setgroups([])
            os.setresgid(USER, USER, USER)
            os.setresuid(USER, USER, USER)
            LIBRARY.prctl(kernel.PR_SET_DUMPABLE, 1, 0, 0, 0)  # or /proc/self would still be root's
    if level == "no-namespaces":
        lose_namespaces()
    os.execv(command[0], command)


def show_python() -> None:
    """Put an open directory in the place of each closed one that has a part of this Python in it."""
    unshare(kernel.CLONE_NEWNS)
    system = kernel.Kernel()
    system.mount("none", "/", None, system.PRIVATE)
    wanted = {Path(path).resolve() for path in (sys.prefix, sys.base_prefix, Path(kernel.__file__).parents[3])}
    closed = {top for path in wanted for top in path.parents if top.stat().st_mode & 0o5 != 0o5}
    aside = tempfile.mkdtemp()
    system.mount_memory(aside, "mode=755")
    for top in [top for top in closed if not closed & set(top.parents)]:
        inside = [str(path) for path in wanted if path.is_relative_to(top)]
        for path in inside:
            system.bind(path, aside + path)
        system.mount_memory(str(top), "mode=755")
        for path in inside:
            system.bind(aside + path, path)
    LIBRARY.umount2(aside.encode(), kernel.MNT_DETACH)
    Path(aside).rmdir()


def lose_mounting() -> None:
    """Give up CAP_SYS_ADMIN, for what is started too."""
    if LIBRARY.prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN, 0, 0, 0):
        sys.exit(UNABLE)


def lose_namespaces() -> None:
    """Live in a user namespace in which no further one can be made."""
    user, group = os.getuid(), os.getgid()
    try:
        unshare(kernel.CLONE_NEWUSER)
    except OSError:
        return  # there are none to lose
    try:
        for file, line in ("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1"):
            Path(f"/proc/self/{file}").write_text(line)
        Path("/proc/sys/user/max_user_namespaces").write_text("0")
    except OSError as error:
        print(error, file=sys.stderr)
        sys.exit(UNABLE)


def unshare(flags: int) -> None:
    if LIBRARY.unshare(flags):
        raise OSError(ctypes.get_errno(), "unshare")


if __name__ == "__main__":
    main()
