"""The child's side of an execution environment: imports the handler once, then calls it for each event.

Run by `launcher` with the standard library alone, on one end of a socket pair whose other end is
`localaws.engines.lambda_.worker`. Both sides speak frames: four bytes of length, then that many bytes.

    in   init {handler, task_root, layers, memory_bytes, file_bytes, processes}     out  answer header, body
    in   call {request_id, arn, remaining, client_context}, event                   out  answer header, body

An answer's header is {request_id, error, peak_bytes}; its body is the handler's result, or the error document, as JSON
text. Errors have the names that AWS's own Python runtime gives them (awslambdaric, Apache-2.0).
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import resource
import socket
import struct
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

#: The largest answer of a synchronous call (Lambda quotas: 6 MB, and room for its wrapping).
LARGEST_RESPONSE = 6_291_556
#: Address space over the memory size: only a backstop, for the server measures the memory that is really used.
ADDRESS_SPACE_MARGIN = 4 << 30
#: Stands for the newlines within one log event on the way to the server.
INNER_NEWLINE = "\x1e"

Handler = Callable[[Any, "Context"], Any]


class Fault(Exception):
    """An error of the runtime's own rather than of the handler's code."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(message)
        self.error_type = error_type


class Context:
    """What a handler is given as ``context`` (Lambda developer guide, "Using the Lambda context object")."""

    def __init__(self, call: dict[str, Any]) -> None:
        self._deadline = time.monotonic() + call["remaining"]
        self.aws_request_id = call["request_id"]
        self.invoked_function_arn = call["arn"]
        self.client_context = call["client_context"]
        self.identity = None
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.monotonic()) * 1000))

    def log(self, message: object) -> None:
        sys.stdout.write(str(message))


class Channel:
    """Frames over the socket. A process that the handler forked must not answer in its parent's place."""

    def __init__(self, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)
        self._socket = socket.socket(fileno=descriptor)
        self._owner = os.getpid()

    def receive(self) -> bytes | None:
        """The next frame, or None once the server is gone."""
        header = self._read(4)
        return self._read(struct.unpack(">I", header)[0]) if header is not None else None

    def _read(self, size: int) -> bytes | None:
        blocks = []
        while size:
            block = self._socket.recv(min(size, 1 << 20))
            if not block:
                return None
            blocks.append(block)
            size -= len(block)
        return b"".join(blocks)

    def answer(self, request_id: str, error: bool, body: bytes) -> None:
        if os.getpid() != self._owner:
            os._exit(0)
        sys.stdout.flush()
        sys.stderr.flush()
        header = json.dumps({"request_id": request_id, "error": error, "peak_bytes": _peak_memory()}).encode()
        frames = struct.pack(">I", len(header)) + header + struct.pack(">I", len(body)) + body
        self._socket.sendall(frames)


def _peak_memory() -> int:
    """The most memory this process has had, in bytes. Linux's ru_maxrss counts the server's, which started it."""
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _limit(memory_bytes: int, file_bytes: int, processes: int | None) -> None:
    """What the process may take of the machine, for itself and for what it starts; *processes* is a user's limit."""
    limits = {
        resource.RLIMIT_AS: memory_bytes + ADDRESS_SPACE_MARGIN,
        resource.RLIMIT_FSIZE: file_bytes,
        resource.RLIMIT_NOFILE: 1024,
    }
    if processes is not None:
        limits[resource.RLIMIT_NPROC] = processes
    for kind, value in limits.items():
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        try:
            resource.setrlimit(kind, (value, value))
        except (ValueError, OSError):  # macOS has no RLIMIT_AS
            continue


class _RequestIdFilter(logging.Filter):
    request_id = ""

    def filter(self, record: logging.LogRecord) -> bool:
        record.aws_request_id = self.request_id
        return True


class _OneEventFormatter(logging.Formatter):
    """Keeps a message of several lines one log event."""

    converter = time.gmtime  # type: ignore[assignment]

    def format(self, record: logging.LogRecord) -> str:
        return super().format(record).replace("\n", INNER_NEWLINE)


def _prepare_logging() -> _RequestIdFilter:
    """Give the root logger the handler that AWS's runtime gives it."""
    request_ids = _RequestIdFilter()
    handler = logging.StreamHandler(sys.stdout)
    handler.addFilter(request_ids)
    handler.setFormatter(
        _OneEventFormatter(
            "[%(levelname)s]\t%(asctime)s.%(msecs)dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S"
        )
    )
    logging.getLogger().addHandler(handler)
    return request_ids


def _load(name: str) -> Handler:
    """Import the handler *name*, ``module.function``."""
    try:
        module_name, function_name = name.rsplit(".", 1)
    except ValueError as error:
        raise Fault("Runtime.MalformedHandlerName", f"Bad handler '{name}': {error}") from None
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from None
    except SyntaxError as error:
        raise Fault("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}") from None
    try:
        return getattr(module, function_name)
    except AttributeError:
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        raise Fault("Runtime.HandlerNotFound", message) from None


class Runtime:
    """The handler and what turns its results and errors into answers."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._paths: dict[str, str] = {}
        self._request_ids = _prepare_logging()

    def initialize(self, init: dict[str, Any]) -> Handler | None:
        """Import the handler; None if that failed and the server was told."""
        _limit(init["memory_bytes"], init["file_bytes"], init["processes"])
        paths = [init["task_root"]]
        self._paths[init["task_root"]] = "/var/task"
        if init["layers"]:
            version = f"python{sys.version_info.major}.{sys.version_info.minor}"
            paths += [f"{init['layers']}/python", f"{init['layers']}/python/lib/{version}/site-packages"]
            self._paths[init["layers"]] = "/opt"
        sys.path[:0] = paths
        try:
            handler = _load(init["handler"])
        except Exception as error:
            self._channel.answer("", True, self._failure("", error))
            return None
        self._channel.answer("", False, b"null")
        return handler

    def serve(self, handler: Handler) -> None:
        """Answer calls until the server is gone."""
        while (frame := self._channel.receive()) is not None:
            call = json.loads(frame)
            event = self._channel.receive() or b""
            request_id = self._request_ids.request_id = call["request_id"]
            try:
                body = _to_json(handler(json.loads(event), Context(call)))
            except Exception as error:
                self._channel.answer(request_id, True, self._failure(request_id, error))
            else:
                self._channel.answer(request_id, False, body)

    def _failure(self, request_id: str, error: Exception) -> bytes:
        """The error document, and its line in the log."""
        error_type = error.error_type if isinstance(error, Fault) else type(error).__name__
        trace = [] if isinstance(error, Fault) else self._trace(error.__traceback__)
        text = f"[ERROR] {error_type}: {error}"
        if trace:
            text += "\nTraceback (most recent call last):\n" + "".join(trace).rstrip("\n")
        print(text.replace("\n", INNER_NEWLINE))
        document: dict[str, object] = {"errorMessage": str(error), "errorType": error_type}
        if not error_type.startswith("Function."):  # which the service says, not the runtime
            document |= {"requestId": request_id, "stackTrace": trace}
        return json.dumps(document, ensure_ascii=False).encode(errors="replace")

    def _trace(self, trace: TracebackType | None) -> list[str]:
        """The handler's own part of the stack, with the paths that AWS would show."""
        frames = traceback.extract_tb(trace)
        own = [frame for frame in frames if frame.filename != __file__ and not _is_importing(frame.filename)]
        lines = traceback.format_list(own)
        for real, shown in self._paths.items():
            lines = [line.replace(real, shown) for line in lines]
        return lines


def _is_importing(filename: str) -> bool:
    return filename.startswith("<frozen importlib") or filename == importlib.__file__


def _to_json(result: object) -> bytes:
    try:
        text = json.dumps(result, ensure_ascii=False, default=_plain)
        body = text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise Fault("Runtime.MarshalError", f"Unable to marshal response: {error}") from None
    if len(body) > LARGEST_RESPONSE:
        raise Fault(
            "Function.ResponseSizeTooLarge",
            f"Response payload size exceeded maximum allowed payload size ({LARGEST_RESPONSE} bytes).",
        )
    return body


def _plain(value: object) -> float:
    if type(value).__name__ == "Decimal":  # DynamoDB's numbers; decimal itself need not be imported for this
        return float(value)  # type: ignore[arg-type]
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def main(descriptor: int) -> None:
    """Serve the other end of the socket *descriptor*."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    channel = Channel(descriptor)
    frame = channel.receive()
    if frame is None:
        return
    try:
        runtime = Runtime(channel)
        handler = runtime.initialize(json.loads(frame))
        if handler is not None:
            runtime.serve(handler)
    except SystemExit as leaving:
        # Ends at once: the interpreter would first wait for threads that the handler left behind.
        if leaving.code is not None and not isinstance(leaving.code, int):
            print(leaving.code, file=sys.stderr)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None))
