"""What an execution environment asks of Linux that Python has no function for: namespaces, mounts, a filter of calls.

Used by `launcher` with the standard library alone. Everything raises OSError where the system does not allow it.
Sources: namespaces(7), user_namespaces(7), mount_setattr(2), pivot_root(2), prctl(2), seccomp(2), capabilities(7),
landlock(7).
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import struct
from pathlib import Path

#: Numbers of system calls by machine (Linux, asm/unistd.h), and the machine's own (linux/audit.h).
NUMBERS: dict[str, dict[str, int]] = {
    "x86_64": {
        "machine": 0xC000003E,
        "pivot_root": 155,
        "clone": 56,
        "unshare": 272,
        "setns": 308,
        "shmget": 29,
        "memfd_create": 319,
    },
    "aarch64": {
        "machine": 0xC00000B7,
        "pivot_root": 41,
        "clone": 220,
        "unshare": 97,
        "setns": 268,
        "shmget": 194,
        "memfd_create": 279,
    },
}
#: The same on every machine.
MOUNT_SETATTR, CLONE3, MEMFD_SECRET, LANDLOCK_CREATE_RULESET, LANDLOCK_RESTRICT_SELF = 442, 435, 447, 444, 446
LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET, LANDLOCK_SCOPE_SIGNAL = 0x1, 0x2
CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID = 0x20000, 0x8000000, 0x10000000, 0x20000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 0x1, 0x2, 0x4, 0x1000, 0x4000, 0x40000
MNT_DETACH, AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID = 0x2, -100, 0x8000, 0x1, 0x2
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 36, 38
LINUX_CAPABILITY_VERSION_3 = 0x20080522
SECCOMP_MODE_FILTER, SECCOMP_RET_ERRNO, SECCOMP_RET_ALLOW = 2, 0x00050000, 0x7FFF0000
#: Instructions of the classic Berkeley packet filter: load a word, return, and three jumps.
LOAD, RETURN, IF_EQUAL, IF_AT_LEAST, IF_ANY_BIT = 0x20, 0x06, 0x15, 0x35, 0x45
#: Where a filter finds the call's number, the machine and the first argument (seccomp(2), struct seccomp_data).
NUMBER_AT, MACHINE_AT, ARGUMENT_AT = 0, 4, 16
#: Calls of x86_64's 32-bit pointer interface, which have numbers of their own.
X32_NUMBERS = 0x40000000
EPERM, ENOSYS = 1, 38


class Kernel:
    PRIVATE, RDONLY, NOSUID, NODEV = MS_REC | MS_PRIVATE, MS_RDONLY, MS_NOSUID, MS_NODEV

    def __init__(self) -> None:
        self._library = ctypes.CDLL(None, use_errno=True)
        self._numbers = NUMBERS.get(platform.machine())

    def enter_namespaces(self, own_user: bool) -> None:
        """Have mounts and System V memory of one's own from now on, and one's children process numbers of theirs.

        *own_user*: with a user namespace, which who is not root needs. Raises OSError.
        """
        if self._numbers is None:
            raise OSError(f"the numbers of {platform.machine()}'s system calls are not known to this lab")
        user, group = os.getuid(), os.getgid()
        self._call("unshare", CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | (CLONE_NEWUSER if own_user else 0))
        if own_user:
            for file, line in ("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1"):
                Path(f"/proc/self/{file}").write_text(line)

    def adopt_orphans(self) -> None:
        """Become the parent of every descendant whose own parent ends."""
        self._prctl(PR_SET_CHILD_SUBREAPER, 1)

    def be_first_to_end(self) -> None:
        """Where the machine runs out of memory, have the system end this process and its children before others."""
        Path("/proc/self/oom_score_adj").write_text("1000")

    def die_with_parent(self) -> None:
        self._prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    def give_up_rights(self, user: int | None) -> None:
        """Become *user*, if root, and keep no rights that could be used or won back."""
        if user is not None:
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
        header = struct.pack("=Ii", LINUX_CAPABILITY_VERSION_3, 0)
        self._call("capset", header, bytes(24))
        self._prctl(PR_SET_NO_NEW_PRIVS, 1)
        self._prctl(PR_SET_DUMPABLE, 1)  # or /proc/self would still belong to who it was before

    def mount(self, source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
        self._call("mount", source.encode(), target.encode(), kind.encode() if kind else None, flags, options.encode())

    def mount_memory(self, target: str, options: str) -> None:
        """A file system in memory, with the *options* of tmpfs(5)."""
        self.mount("tmpfs", target, "tmpfs", MS_NOSUID | MS_NODEV, options)

    def bind(self, source: str, target: str) -> None:
        """Show *source* at *target* too, read-only, with everything that is mounted within it."""
        if Path(source).is_dir():
            Path(target).mkdir(parents=True, exist_ok=True)
        else:
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            Path(target).touch()
        self.mount(source, target, None, MS_BIND | MS_REC)
        self.read_only(target, AT_RECURSIVE)

    def read_only(self, path: str, flags: int = 0) -> None:
        attributes = struct.pack("=QQQQ", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, 0, 0, 0)
        self._call("syscall", MOUNT_SETATTR, AT_FDCWD, path.encode(), flags, attributes, len(attributes))

    def enter_root(self, path: str) -> None:
        """Make *path* the root directory; the former one is out of reach."""
        assert self._numbers is not None
        os.chdir(path)
        self._call("syscall", self._numbers["pivot_root"], b".", b".")  # as pivot_root(2), "pivot_root(".", ".")"
        self._call("umount2", b".", MNT_DETACH)
        os.chdir("/")

    def refuse_system_calls(self) -> None:
        """Refuse memory that belongs to no process, so that nobody would count it, and further namespaces."""
        if self._numbers is None:
            raise OSError(f"the numbers of {platform.machine()}'s system calls are not known to this lab")
        program = _filter(self._numbers)
        instructions = ctypes.create_string_buffer(program, len(program))
        described = struct.pack("@HP", len(program) // 8, ctypes.addressof(instructions))
        self._prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, described)

    def keep_from_others(self) -> None:
        """Send no signal to processes from before, nor look into them, nor connect to their abstract sockets.

        A desktop's are such, for one. Raises OSError before Linux 6.12.
        """
        attributes = struct.pack("=QQQ", 0, 0, LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL)
        rules = self._call("syscall", LANDLOCK_CREATE_RULESET, attributes, len(attributes), 0)
        self._call("syscall", LANDLOCK_RESTRICT_SELF, rules, 0)
        os.close(rules)

    def _prctl(self, option: int, *arguments: int | bytes) -> None:
        self._call("prctl", option, *arguments, *(0 for _ in range(4 - len(arguments))))

    def _call(self, name: str, *arguments: int | bytes | None) -> int:
        converted = [ctypes.c_long(argument) if isinstance(argument, int) else argument for argument in arguments]
        result = int(getattr(self._library, name)(*converted))
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, f"{name}: {os.strerror(number)}")
        return result


def _filter(numbers: dict[str, int]) -> bytes:
    """The program that decides on each system call.

    clone3 is said not to exist, for its arguments lie where no filter can look; the C library then uses clone.
    """
    refused = [numbers[name] for name in ("unshare", "setns", "shmget", "memfd_create")] + [MEMFD_SECRET]
    refuse = _instruction(RETURN, SECCOMP_RET_ERRNO | EPERM)
    unknown = _instruction(RETURN, SECCOMP_RET_ERRNO | ENOSYS)
    allow = _instruction(RETURN, SECCOMP_RET_ALLOW)
    program = [_instruction(LOAD, MACHINE_AT), _instruction(IF_EQUAL, numbers["machine"], if_so=1), unknown]
    program += [_instruction(LOAD, NUMBER_AT), _instruction(IF_AT_LEAST, X32_NUMBERS, if_not=1), unknown]
    for number in refused:
        program += [_instruction(IF_EQUAL, number, if_not=1), refuse]
    program += [_instruction(IF_EQUAL, CLONE3, if_not=1), unknown]
    program += [_instruction(IF_EQUAL, numbers["clone"], if_not=3), _instruction(LOAD, ARGUMENT_AT)]
    namespaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC
    program += [_instruction(IF_ANY_BIT, namespaces, if_not=1), refuse, allow]
    return b"".join(program)


def _instruction(code: int, operand: int, if_so: int = 0, if_not: int = 0) -> bytes:
    """struct sock_filter; a condition skips *if_so* instructions where it holds, and *if_not* where it does not."""
    return struct.pack("=HBBI", code, if_so, if_not, operand)
