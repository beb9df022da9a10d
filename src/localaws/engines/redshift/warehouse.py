"""What a cluster and a namespace of Redshift Serverless have in common: data, and a process that serves them.

Sources: management guide, "Amazon Redshift clusters", "Amazon Redshift Serverless".
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from localaws.engines.redshift.questions import Questions
from localaws.lab import Lab
from localaws.warehouse.cluster import ClusterProcess
from localaws.warehouse.talking import Answers

log = logging.getLogger(__name__)

#: Files of a warehouse that are its data; the rest is of the process that runs.
DATA = ("databases", "users.json", "groups.json", "isolation.json")
#: Seconds for which a status can be seen at least: in the answer to the call that brings it about.
_MOMENT = 0.2
#: A process that has died is started again, so many times.
_MOST_DEATHS = 3


class Warehouse:
    """A mixin. ``status`` is in the words of the service, of which those for what cannot go on are `failed`, `mended`.

    Attributes:
        unique_cluster_id: the name of its directory.
        cluster_identifier: what it is called.
        db_name: its first database.
        master_user_password: what the server is still to be told, and then "".
    """

    lab: ClassVar[Lab]
    #: moto's name of the service that keeps it, and its words for a status.
    keeper: ClassVar[str] = "redshift"
    failed: ClassVar[str] = "hardware-failure"
    mended: ClassVar[str] = "rebooting"
    available: ClassVar[str] = "available"
    #: Whether the lab is told how long statements run (`Activity`).
    metered: ClassVar[bool] = False
    #: Those that run, by their unique ids.
    processes: ClassVar[dict[str, ClusterProcess]] = {}
    #: Held by what starts or stops one, by the same id.
    _working: ClassVar[defaultdict[str, threading.Lock]] = defaultdict(threading.Lock)

    account_id: str
    region: str
    cluster_identifier: str
    unique_cluster_id: str
    master_username: str
    master_user_password: str
    db_name: str
    port: int
    status: str
    deaths: int
    iam_roles_arn: list[str]
    default_iam_role_arn: str

    @property
    def answers(self) -> Answers:
        """What its statements may ask of the lab."""
        return Questions(self).answers

    @property
    def directory(self) -> Path:
        return self.lab.directory / "redshift" / self.unique_cluster_id

    @property
    def process(self) -> ClusterProcess | None:
        return self.processes.get(self.unique_cluster_id)

    @property
    def slices(self) -> int:
        """Into how many parts rows are distributed."""
        return 2

    def in_background(self, status: str, work: Callable[[], None], then: str = "") -> None:
        """Be *status* while *work* is done on a thread, then *then*, or `available`, and `failed` where it fails.

        One work waits for the other; the status is that of the youngest.
        """
        self.status = status

        def run() -> None:
            after = then or self.available
            self.lab.stopping.wait(_MOMENT)
            with self._working[self.unique_cluster_id]:
                try:
                    work()
                except Exception:
                    log.exception("warehouse %s failed while it was %s", self.cluster_identifier, status)
                    after = self.failed
                with self.lab.state.changing(self.keeper):
                    self.status = after if self.status == status else self.status

        self.lab.spawn(f"redshift-{self.cluster_identifier}", run, followed=True)

    def start(self) -> None:
        """Have the server run; returns when it does. Raises RuntimeError."""
        process = ClusterProcess(
            self.directory,
            self.lab.directory / "objects" / "data",
            self.lab.directory / "tls" / "server.pem",
            self.answers,
            self._restart,
        )
        try:
            process.start(self.port, self.db_name, self.metered, self.slices)
            if self.master_user_password:
                self.put_master(process, self.master_user_password)
        except BaseException:
            process.stop()
            raise
        self.processes[self.unique_cluster_id] = process
        self.port = process.port

    def put_master(self, process: ClusterProcess, password: str) -> None:
        """Let the admin user in with *password*, of which only the server keeps anything."""
        process.ask("put_user", name=self.master_username, password=password, superuser=True, createdb=True)
        self.master_user_password = ""

    def _restart(self) -> None:
        """The process has died by itself: what it had committed is on disk."""
        self.processes.pop(self.unique_cluster_id, None)
        self.deaths += 1
        log.error("the process of warehouse %s has died", self.cluster_identifier)
        if self.deaths > _MOST_DEATHS:
            self.status = self.failed
        else:
            self.in_background(self.mended, self.start)

    def stop(self) -> None:
        if process := self.processes.pop(self.unique_cluster_id, None):
            process.stop()

    def reboot(self) -> None:
        self.stop()
        self.start()

    def destroy(self) -> None:
        """Stop, and remove every file."""
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def copy_to(self, directory: Path) -> None:
        """Copy all data, as it is at one moment, to *directory*, which is there whole or not at all."""
        fresh = directory.with_name(f"{directory.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True, mode=0o700)
        if process := self.process:
            process.ask("back_up", directory=str(fresh / "databases"))
        elif (self.directory / "databases").exists():
            shutil.copytree(self.directory / "databases", fresh / "databases")
        else:  # nothing has ever run on it
            (fresh / "databases").mkdir()
        for name in DATA[1:]:
            if (self.directory / name).exists():
                shutil.copy2(self.directory / name, fresh / name)
        fresh.replace(directory)
