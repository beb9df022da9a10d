"""An exercise on versions: bring a folder back to what an inventory of the night before says it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from dehelpers.exercises.checks.part02.part import PART
from dehelpers.exercises.checks.resources import unique
from dehelpers.exercises.outcome import NotYet
from dehelpers.exercises.running import run
from dehelpers.words.clients import client

Row = dict[str, Any]
#: By file, what it was written with before the night and after it, in order; None deletes it.
HISTORY: dict[str, tuple[tuple[str | None, ...], tuple[str | None, ...]]] = {
    "overwritten": (("first", "second"), ("spoilt",)),
    "overwritten-twice": (("first",), ("spoilt", "spoilt again")),
    "deleted": (("first", "second"), (None,)),
    "deleted-and-written": (("first",), (None, "spoilt")),
    "untouched": (("first", "second"), ()),
    "gone-before": (("first", None), ()),
    "new": ((), ("today's",)),
}
UNCHANGED = ("untouched", "new")


@contextmanager
def _bucket() -> Iterator[str]:
    """A bucket with versions, gone at the end with all of them."""
    s3, made = client("s3"), unique("bucket")
    elsewhere = s3.meta.region_name != "us-east-1"
    place = {"CreateBucketConfiguration": {"LocationConstraint": s3.meta.region_name}} if elsewhere else {}
    s3.create_bucket(Bucket=made, **place)
    try:
        s3.put_bucket_versioning(Bucket=made, VersioningConfiguration={"Status": "Enabled"})
        yield made
    finally:
        named = [{"Key": row["key"], "VersionId": row["version_id"]} for row in _inventory(made)]
        if named:
            s3.delete_objects(Bucket=made, Delete={"Objects": named})
        s3.delete_bucket(Bucket=made)


def _write(made: str, night: int) -> None:
    """What happened to the files before the night (0), or after it (1)."""
    s3 = client("s3")
    for name, history in HISTORY.items():
        for text in history[night]:
            if text is None:
                s3.delete_object(Bucket=made, Key=f"curated/{name}")
            else:
                s3.put_object(Bucket=made, Key=f"curated/{name}", Body=text.encode())


def _inventory(made: str) -> list[Row]:
    """All versions and delete markers, with the names that S3 Inventory gives their columns."""
    listed = client("s3").list_object_versions(Bucket=made)
    return [
        {
            "key": each["Key"],
            "version_id": each["VersionId"],
            "is_latest": each["IsLatest"],
            "is_delete_marker": kind == "DeleteMarkers",
        }
        for kind in ("Versions", "DeleteMarkers")
        for each in listed.get(kind, [])
    ]


def _current(made: str, name: str) -> str | None:
    s3 = client("s3")
    try:
        return str(s3.get_object(Bucket=made, Key=f"curated/{name}")["Body"].read().decode())
    except s3.exceptions.NoSuchKey:
        return None


@PART.exercise(
    "As it was last night",
    kind="operate",
    hints=(
        "`list_object_versions` has what is the latest now; the inventory has what was. Compare them key by key.",
        "A version comes back by a copy onto its own key: CopySource takes a VersionId. Nothing else has to go.",
        "Leave alone: rows that were not the latest, files that were deleted already, and those that have not changed.",
    ),
)
def last_night(bring_back: Callable[[Any, str, list[Row]], Any]) -> str:
    with _bucket() as made:
        _write(made, 0)
        inventory = _inventory(made)
        _write(made, 1)
        before = _inventory(made)
        run(bring_back, client("s3"), made, [dict(row) for row in inventory])
        after = _inventory(made)
        found = {name: _current(made, name) for name in HISTORY}
    _compare(found)
    kept = {row["version_id"] for row in after}
    if lost := [row["key"] for row in before if not row["is_delete_marker"] and row["version_id"] not in kept]:
        raise NotYet(f"All is as it was, and a version of `{lost[0]}` is gone for ever: it was evidence, or a mistake.")
    counts = [sum(row["key"] == f"curated/{name}" for row in rows) for name in UNCHANGED for rows in (before, after)]
    if counts[0] != counts[1]:
        raise NotYet("All is as it was. A file that nobody had touched was written anew: it is stored twice now.")
    return "Four files are back as they were, in new versions or from under their markers, and no version is lost."


def _compare(found: dict[str, str | None]) -> None:
    if found["gone-before"] is not None:
        raise NotYet("`gone-before` had been deleted before the night, and is there again.")
    if found["new"] is None:
        raise NotYet("`new` was written this morning, and has gone: nobody asked for that.")
    for name, (before, after) in HISTORY.items():
        right = (before or after)[-1]
        if found[name] is None and right is not None:
            raise NotYet(f"`{name}` is not there.")
        if found[name] != right and found[name] in after:
            raise NotYet(f"`{name}` still is what it was overwritten with.")
        if found[name] != right:
            raise NotYet(
                f"`{name}` is {found[name]!r:.20}, and was {right!r:.20} last night: an older version came back."
            )
