"""The end of a process with another one, in the middle of whatever it does.

The two hold the ends of a pair of sockets on which nothing is ever said: when one process is gone, that is the end of
what the other could read there, which Linux tells it by a signal that ends it. (Where a system has no such signal, the
process ends when its work does.) The socket of requests would not do: Linux signals what comes there after it has woken
the reader, which on a busy machine can be after that has read it.
"""

from __future__ import annotations

import fcntl
import os
import select


def hold(lifeline: int) -> bool:
    """Have this process end with whoever holds the other end of *lifeline*; False if that one has ended already."""
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    return not select.select([lifeline], [], [], 0)[0]
