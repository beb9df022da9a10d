"""Snapshots: the files of a cluster as they were.

Source: management guide, "Amazon Redshift snapshots and backups".
"""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from moto.redshift.models import Snapshot

from localaws.lab import Lab

FOLDER = "redshift-snapshots"  # in the lab's directory
_FOREVER = -1


class RedshiftSnapshot(Snapshot):
    """``status`` is "creating" until the files are there. *retention_days* counts from its creation; -1 is for ever."""

    lab: ClassVar[Lab]

    def __init__(self, cluster: Any, *arguments: Any, **settings: Any) -> None:
        super().__init__(cluster, *arguments, **settings)
        self.status = "creating"
        self.folder = f"{cluster.unique_cluster_id}-{int(self.lab.clock.time() * 1000)}"
        self.kms_key_id = cluster.kms_key_id
        self.cluster_create_time = cluster.create_time
        self.manual_snapshot_retention_period = _FOREVER
        self.owner_account = self.account_id
        self.engine_full_version = cluster.cluster_version
        self.bytes = 0

    @property
    def directory(self) -> Path:
        return self.lab.directory / FOLDER / self.folder

    @property
    def total_backup_size_in_mega_bytes(self) -> float:
        return self.bytes / (1 << 20)

    actual_incremental_backup_size_in_mega_bytes = total_backup_size_in_mega_bytes
    backup_progress_in_mega_bytes = total_backup_size_in_mega_bytes

    @property
    def snapshot_arn(self) -> str:
        return self.arn

    @property
    def end(self) -> datetime | None:
        """When it is deleted by itself; None for never."""
        if self.manual_snapshot_retention_period == _FOREVER:
            return None
        return self.create_time + timedelta(days=self.manual_snapshot_retention_period)

    @property
    def manual_snapshot_remaining_days(self) -> int | None:
        return max((self.end - self.lab.clock.now().replace(tzinfo=self.end.tzinfo)).days, 0) if self.end else None

    def ready(self) -> None:
        self.bytes = sum(path.stat().st_size for path in self.directory.rglob("*") if path.is_file())
        self.status = "available"

    def remove_files(self) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)
