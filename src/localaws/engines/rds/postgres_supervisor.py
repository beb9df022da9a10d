"""Runs one PostgreSQL server and ends it when the lab is gone, however the lab went.

    python -I postgres_supervisor.py UID GID postgres -D …

The lab holds the other end of our standard input and never writes: the end of it means that the lab has stopped or
was killed. A program by itself, for it must outlive the lab by as long as a shutdown takes; it imports nothing of it.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

#: Seconds that a shutdown may take before the server is told to drop everything (it then recovers from its log).
PATIENCE = 20


def main(uid: int, gid: int, command: list[str]) -> int:
    """Run *command* as that user (-1: as ourselves) and return its exit status."""
    identity = {} if uid < 0 else {"user": uid, "group": gid, "extra_groups": []}
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, **identity)  # type: ignore[call-overload]

    def shut_down(*_: object) -> None:
        server.send_signal(signal.SIGINT)  # "fast shutdown": sessions are ended, nothing committed is lost
        timer = threading.Timer(PATIENCE, server.send_signal, [signal.SIGQUIT])
        timer.daemon = True
        timer.start()

    def watch() -> None:
        sys.stdin.buffer.read()
        shut_down()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, shut_down)
    signal.signal(signal.SIGHUP, lambda *_: server.send_signal(signal.SIGHUP))  # the server reads its settings again
    threading.Thread(target=watch, daemon=True).start()
    return int(server.wait())


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
