"""The lab's process: a production WSGI server on 127.0.0.1 around the gateway."""

from __future__ import annotations

import faulthandler
import json
import logging
import logging.handlers
import os
import re
import secrets
import select
import signal
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

from localaws.certificates import Certificates
from localaws.clock import Clock
from localaws.connection import MAX_HEAD_BYTES, Connection, NotYetError
from localaws.connections import PatientServer
from localaws.credentials import Credential, random_key_id
from localaws.engines import Installer, engines
from localaws.engines.declaration import REPLACED_RESPONSES
from localaws.gateway import paging, query_errors
from localaws.gateway.app import Gateway
from localaws.gateway.binding import bind
from localaws.gateway.dispatch import Dispatcher
from localaws.gateway.errors import AwsError
from localaws.gateway.sigv4 import regions
from localaws.gateway.tuning import tune
from localaws.heads import StrictRequest
from localaws.home import claim, hold, write_private
from localaws.lab import Lab
from localaws.outgoing import keep_on_this_machine
from localaws.sending import head_of
from localaws.timekeeping import keep_time
from localaws.tls import SecureListener
from localaws.wire import WireGateway

log = logging.getLogger(__name__)

THREADS = 40
QUEUE = 128  # connections that wait to be accepted
MAX_UNREAD_BYTES = 256 << 20  # of a body that a service left; a client that sends more loses its connection
STOP_SECONDS = 1.7  # from the signal to the end of the process, whatever is still running
_LOOK_FOR_PLACE = 2.0  # seconds
LAB_FILE = "lab.json"
CLOCK_FILE = "clock.json"
HTTPS_PORT_FILE = "tls/port"


class _Request(StrictRequest):
    """Tells the connection of its body, and sees to what is left of it."""

    def respond(self) -> None:
        length = self.inheaders.get(b"Content-Length", b"0")
        self.conn.expect(None if self.chunked_read else int(length))
        super().respond()

    def send_headers(self) -> None:
        """Deal with what the service left of the body: it must not be taken for a request.

        It is thrown away in small pieces (cheroot would read it in one, however large). Nobody waits for the body of
        a client that has not proved who it is: that connection ends with the answer.
        """
        if not self.conn.proved:
            self.close_connection = self.conn.lingering = True
        else:
            self._read_the_rest()
        self.conn.wfile.hold(head_of(self))

    def _read_the_rest(self) -> None:
        try:
            for _ in range(MAX_UNREAD_BYTES >> 16):
                if not self.rfile.read(1 << 16):
                    break
            left = not self.rfile.ended if self.chunked_read else self.rfile.remaining > 0
        except (AwsError, OSError, NotYetError):
            left = True
        if left:
            self.close_connection = self.conn.lingering = True


class _Connection(Connection):
    """Waits a moment for the client's next request on the thread that answered the last one.

    SDKs send requests back to back: handing the connection to the selector thread and back costs more than many
    a request does. When all threads are busy it is handed back at once.
    """

    RequestHandlerClass = _Request

    def communicate(self) -> bool:
        poller = select.poll()
        poller.register(self.socket, select.POLLIN)
        while self._serve():
            if self.put_aside:
                return True
            while not self.is_ready():
                idle = self.server.requests.idle and not self.held
                if not poller.poll(20 if idle else 0):  # milliseconds
                    return True
                if not self.take_in():
                    return False
        return False

    def _serve(self) -> bool:
        """Answer a request or put it aside; whether the connection goes on."""
        self.begin()
        try:
            return bool(super().communicate())
        except NotYetError:
            self.put_back()
            return True


def serve(
    directory: Path,
    port: int = 0,
    account_id: str = "123456789012",
    region: str = "us-east-1",
    output_to_log: bool = False,
) -> None:
    """Run the lab in *directory* until SIGTERM or SIGINT.

    With *output_to_log* what it prints goes to logs/server.log, from when the directory is known to be the lab's.
    *port* 0 takes a free one. Raises OSError if the port is taken, the directory is not the lab's or another process
    serves it; ValueError for a bad account id, and for a clock that cannot be what the lab has written.
    """
    if not re.fullmatch(r"\d{12}", account_id):
        raise ValueError(f"an AWS account id has 12 digits, not {account_id!r}")
    if region not in regions():
        raise ValueError(f"AWS has no region {region!r}")
    if not 0 <= port <= 65535:
        raise ValueError(f"a port is a number up to 65535, not {port}")
    claim(directory)
    with hold(directory):
        (directory / "logs").mkdir(exist_ok=True)
        if output_to_log:
            _print_to(directory / "logs" / "server.log")
        _serve(directory, port, account_id, region)


def _serve(directory: Path, port: int, account_id: str, region: str) -> None:
    _log_to(directory / "logs")
    clock = Clock(directory / CLOCK_FILE)
    lab = Lab(directory, _owner(directory, account_id), account_id, region, clock=clock)
    root = _root(directory, account_id)
    lab.credentials.add(root)
    keep_time(lab.clock)
    tune()
    keep_on_this_machine()
    query_errors.install()
    paging.install()
    bind()
    installer = lab.install = Installer(lab)
    gateway = Gateway(lab, Dispatcher(installer, REPLACED_RESPONSES))
    lab.gateway = gateway
    server = PatientServer(("127.0.0.1", port), gateway, numthreads=THREADS, request_queue_size=QUEUE)
    certificates = Certificates(directory, ("*.s3.localhost", f"*.s3.{region}.localhost"))
    server.gateway = WireGateway
    server.ConnectionClass = _Connection
    server.max_request_header_size = MAX_HEAD_BYTES
    server.timeout = 60
    server.shutdown_timeout = 1
    server.error_log = _log_error  # type: ignore[method-assign]

    stopper = threading.Thread(target=server.stop, name="stop", daemon=True)

    def stop(*_: Any) -> None:
        if not lab.stopping.is_set():
            lab.stopping.set()  # streams end by themselves
            _end_within(STOP_SECONDS, directory)
            stopper.start()

    server.secure = _secure_listener(directory / HTTPS_PORT_FILE, certificates)
    server.prepare()
    try:  # from here on threads run that have to be ended
        lab.endpoint = f"http://127.0.0.1:{server.bind_addr[1]}"
        lab.state.start()
        kept = lab.state.kept()
        for engine in engines().values():
            if engine.eager:
                installer(engine.moto)
        for engine in engines().values():
            goes_on = engine.resume and engine.moto in kept
            if goes_on or any((directory / state).exists() for state in engine.returns):
                lab.spawn(f"return-{engine.moto}", partial(installer, engine.moto))
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        _write_lab_file(lab, root, server, certificates)
        lab.spawn("place", partial(_end_without_place, lab))
        log.info("serving %s from %s", lab.endpoint, directory)
        server.serve()
        stopper.join(server.shutdown_timeout)  # requests that are being answered have this long
    finally:
        lab.stop()
        _farewell(directory)


def _end_without_place(lab: Lab) -> None:
    """End a lab whose directory has been deleted: nobody could find it to stop it."""
    while not lab.stopping.wait(_LOOK_FOR_PLACE):
        if not lab.has_place:
            os.kill(os.getpid(), signal.SIGTERM)
            return


def _end_within(seconds: float, directory: Path) -> None:
    """See to it that this process ends: a request may run for hours, and what was acknowledged is on disk already."""

    def end() -> None:
        time.sleep(seconds)
        log.warning("ended with work still running")
        _farewell(directory)
        os._exit(0)

    threading.Thread(target=end, name="end", daemon=True).start()
    # Where a thread does not let go of Python's lock, the one above never runs; this watchdog needs no lock.
    faulthandler.dump_traceback_later(seconds + 0.2, exit=True)


def _farewell(directory: Path) -> None:
    (directory / LAB_FILE).unlink(missing_ok=True)
    log.info("stopped")
    logging.shutdown()


def _log_error(msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
    log.log(level, msg, exc_info=traceback)


def _owner(directory: Path, account_id: str) -> Credential:
    """The lab's own administrator: AWS advises against working as root (IAM best practices)."""
    arn = f"arn:aws:iam::{account_id}:user/lab-admin"
    return Credential(*_keys(directory / "keys.json"), arn, account_id, "AIDALABADMINISTRATOR")


def _root(directory: Path, account_id: str) -> Credential:
    """The account's root user, whom no policy of the account can shut out ("AWS account root user", IAM user guide).

    So who has taken too much from the administrator can give it back to him.
    """
    return Credential(*_keys(directory / "root.json"), f"arn:aws:iam::{account_id}:root", account_id, account_id)


def _keys(path: Path) -> tuple[str, str]:
    """An access key id and its secret: random, made once a directory, readable by its user alone."""
    if not path.exists():
        keys = {"access_key_id": random_key_id("AKIA"), "secret_access_key": secrets.token_urlsafe(30)}
        write_private(path, keys)
    keys = json.loads(path.read_text())
    return keys["access_key_id"], keys["secret_access_key"]


def _secure_listener(remembered: Path, certificates: Certificates) -> SecureListener:
    """Listen for TLS at the port of last time, if it is still free: whoever was told it keeps working."""
    try:
        listener = SecureListener(int(remembered.read_text()), QUEUE, certificates.context)
    except (OSError, OverflowError, ValueError):
        listener = SecureListener(0, QUEUE, certificates.context)
        remembered.write_text(str(listener.port))
    return listener


def _write_lab_file(lab: Lab, root: Credential, server: PatientServer, certificates: Certificates) -> None:
    """Tell who starts a lab where it is; written last, so that it is a promise to answer."""
    assert server.secure is not None
    write_private(
        lab.directory / LAB_FILE,
        {
            "endpoint": lab.endpoint,
            "port": server.bind_addr[1],
            "https_endpoint": f"https://127.0.0.1:{server.secure.port}",
            "ca_bundle": str(certificates.bundle),
            "pid": os.getpid(),
            "account_id": lab.account_id,
            "region": lab.region,
            "access_key_id": lab.owner.access_key_id,
            "secret_access_key": lab.owner.secret_access_key,
            "root_access_key_id": root.access_key_id,
            "root_secret_access_key": root.secret_access_key,
            "lab_id": secrets.token_hex(8),
            "started": lab.clock.now().isoformat(timespec="seconds"),
        },
    )


def _print_to(path: Path) -> None:
    """Send standard output and error of this process, and of its children, to *path*."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(file)


def _log_to(directory: Path) -> None:
    # What the disk does not take is dropped. Python would complain on standard error, at length, and where that is a
    # pipe that nobody reads every thread would wait there for ever.
    logging.raiseExceptions = False
    handler = logging.handlers.RotatingFileHandler(directory / "localaws.log", maxBytes=10 << 20, backupCount=2)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for noisy in ("botocore", "boto3", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
