"""A cluster: moto's description of it, and the process behind it."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import Any, ClassVar

from moto.redshift.models import Cluster

from localaws.engines.redshift.questions import Questions
from localaws.lab import Lab
from localaws.warehouse.cluster import ClusterProcess

log = logging.getLogger(__name__)


class RedshiftCluster(Cluster):
    """``status`` is "creating" until its server takes connections ("Cluster status", Redshift management guide)."""

    lab: ClassVar[Lab]
    #: Those that run, by the cluster's unique id.
    processes: ClassVar[dict[str, ClusterProcess]] = {}

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.default_role = ""
        self.status = "creating"

    @property
    def address(self) -> str:
        return "127.0.0.1"

    @property
    def directory(self) -> Path:
        return self.lab.directory / "redshift" / self.unique_cluster_id

    @property
    def process(self) -> ClusterProcess | None:
        return self.processes.get(self.unique_cluster_id)

    def start(self) -> None:
        """Have the server run; returns when it does. What fails is the cluster's status, and in the lab's log."""
        process = ClusterProcess(
            self.directory,
            self.lab.directory / "objects" / "data",
            self.lab.directory / "tls" / "server.pem",
            Questions(self).answers,
        )
        try:
            process.start(self.port, self.db_name)
            if self.master_user_password:
                process.ask("put_user", name=self.master_username, password=self.master_user_password, superuser=True)
                self.master_user_password = ""  # the server has it, as a verifier
        except Exception:
            log.exception("cluster %s did not start", self.cluster_identifier)
            process.stop()
            self.status = "hardware-failure"
            return
        self.processes[self.unique_cluster_id] = process
        self.port = process.port
        self.status = "available"

    def start_in_background(self) -> None:
        def start() -> None:
            with self.lab.state.changing("redshift"):
                self.start()

        self.lab.spawn(f"redshift-{self.cluster_identifier}", start, followed=True)

    def stop(self) -> None:
        if process := self.processes.pop(self.unique_cluster_id, None):
            process.stop()

    def destroy(self) -> None:
        """Stop, and remove every file."""
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def pause(self) -> None:
        self.stop()
        super().pause()

    def resume(self) -> None:
        self.status = "resuming"
        self.start_in_background()
