"""The lab's side of a cluster's process: starts it, asks it, answers it, ends it."""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from localaws.warehouse import node
from localaws.warehouse.talking import Answers, Asker, Gone, answer

log = logging.getLogger(__name__)
_PATIENCE = 20.0  # seconds for a process to end in order


class ClusterProcess:
    """A cluster whose files lie in *directory*, with a server on 127.0.0.1.

    *objects* is where S3's files are; *certificate* what the server proves itself with; *answers* what its statements
    may ask of the lab; *died* is called if the process ends by itself.
    """

    def __init__(
        self, directory: Path, objects: Path, certificate: Path, answers: Answers, died: Callable[[], None]
    ) -> None:
        self.directory, self._died = directory, died
        self._objects, self._certificate, self._answers = objects, certificate, answers
        self._process: subprocess.Popen[bytes] | None = None
        self._asker: Asker | None = None
        self.port = 0

    def start(self, port: int, database: str, metered: bool = False, slices: int = 2) -> None:
        """Start on *port*, if it is free, else on one that is; *database* is the first.

        *metered* is whether the lab is asked to note how long statements run ("used"), *slices* how many parts the
        nodes have. Raises RuntimeError.
        """
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        listener = _listener(port)
        pairs = [socket.socketpair() for _ in range(3)]
        (ours_asked, their_ask), (ours_ask, their_answer), (self._lifeline, their_lifeline) = pairs
        theirs = [listener, their_ask, their_answer, their_lifeline]
        settings = node.Settings(
            directory=str(self.directory), objects=str(self._objects), certificate=str(self._certificate),
            database=database, port=listener.getsockname()[1], listener=listener.fileno(), ask=their_ask.fileno(),
            answer=their_answer.fileno(), lifeline=their_lifeline.fileno(), metered=metered,
            slices=slices,
        )  # fmt: skip
        with (self.directory / "cluster.log").open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-m", node.__name__],
                stdin=subprocess.PIPE, stdout=output, stderr=output, cwd="/", env={},
                pass_fds=[each.fileno() for each in theirs], start_new_session=True,
            )  # fmt: skip
        assert self._process.stdin
        self._process.stdin.write(json.dumps(vars(settings)).encode() + b"\n")
        self._process.stdin.close()
        self.port = settings.port
        for each in theirs:
            each.close()
        self._asker = Asker(ours_ask)
        threading.Thread(target=answer, args=[ours_asked, self._answers], daemon=True).start()
        try:
            self.ask("ping")
        except Gone:
            raise RuntimeError(f"the cluster did not start: {self._last_words()}") from None
        threading.Thread(target=self._watch, args=[self._process], daemon=True).start()

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        if self._asker is not None:  # nobody has asked it to stop
            self._died()

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def ask(self, question: str, /, **arguments: Any) -> Any:
        """Raises RedshiftError, and Gone if the process is no more."""
        if self._asker is None:
            raise Gone(question)
        return self._asker.ask(question, **arguments)

    def ask_to_stop(self) -> None:
        """Begin to end it in order; `stop` waits for that."""
        if self._asker:
            self._asker.close()
            self._asker = None

    def stop(self) -> None:
        self.ask_to_stop()
        if self._process:
            try:
                self._process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._lifeline.close()
            self._process = None

    def _last_words(self) -> str:
        text = (self.directory / "cluster.log").read_text(errors="replace").strip()
        return os.linesep.join(text.splitlines()[-5:])


def _listener(port: int) -> socket.socket:
    """A socket that listens at *port*, or at another that is free."""
    for wanted in (port, 0):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", wanted))
        except OSError:
            listener.close()
            continue
        listener.listen(64)
        return listener
    raise OSError("this machine has no free port")
