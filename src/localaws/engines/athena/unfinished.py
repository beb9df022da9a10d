"""A note of the objects that a query is about to write: should the lab be killed meanwhile, they are taken back.

AWS leaves what a query that failed has written ("Considerations and limitations for CTAS": orphaned data), and names
it in the data manifest. Here a statement's objects are all there or none is.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from botocore.exceptions import ClientError

from localaws.engines.athena import PRINCIPAL
from localaws.lab import Lab
from localaws.lake.objects import Lake

log = logging.getLogger(__name__)
#: The directory of notes is there only while there are any: so the lab knows at its start whether to look.
_noting = threading.Lock()


def _notes(lab: Lab) -> Path:
    return lab.directory / "athena" / "unfinished"


@contextmanager
def all_or_none(lake: Lake, query_id: str, uris: Iterable[str]) -> Iterator[None]:
    """The objects *uris*, which are put within, stay only if all of them could be put."""
    wanted = list(uris)
    note = _notes(lake.lab) / query_id
    with _noting:
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps(wanted))
    try:
        yield
    except BaseException:
        _take_back(lake, wanted)
        raise
    finally:
        _forget(note)


def recover(lab: Lab) -> None:
    """Take back what queries were writing when the lab was killed."""
    for note in sorted(_notes(lab).glob("*")):
        try:
            _take_back(Lake(lab, lab.region, PRINCIPAL), json.loads(note.read_text()))
        except ValueError:  # killed before the note was whole: nothing had been put
            log.info("unreadable note %s", note.name)
        _forget(note)


def _forget(note: Path) -> None:
    with _noting:
        note.unlink()
        if not any(note.parent.iterdir()):
            note.parent.rmdir()


def _take_back(lake: Lake, uris: list[str]) -> None:
    try:
        lake.delete(uris)
    except ClientError as failure:  # no such bucket, or no right to delete
        log.info("not taken back: %s", failure)
