"""Zip archives to directories: what is not safe or too large is refused before anything is written.

Sources: Lambda developer guide, "Lambda quotas" (250 MB unzipped, layers included) and "Working with .zip file
archives for Python Lambda functions".
"""

from __future__ import annotations

import io
import shutil
import stat
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException

from localaws.engines.lambda_.removal import remove

#: Bytes of a .zip file in a request, and of everything unzipped.
LARGEST_ZIP = 50 << 20
LARGEST_UNZIPPED = 262_144_000
#: Files and directories in one archive: as many as a .zip file counts without its extension. A million empty ones would
#: take minutes, and of directories a long name has hundreds.
MOST_FILES = 65_535
#: What each entry of an archive's list begins with (.ZIP File Format Specification, 4.3.12).
_ENTRY = b"PK\x01\x02"


def unzip(archives: Sequence[bytes], place: Path) -> None:
    """Unzip *archives* over one another, as layers are, to *place*, whole or not at all; nothing if it is there.

    Raises InvalidParameterValueException for an archive that is damaged, too large, or that would write elsewhere.
    """
    if not place.exists():
        _unzip_to(archives, place)


def unzipped_size(archives: Sequence[bytes]) -> int:
    """Bytes of all files in *archives*; raises InvalidParameterValueException like `unzip`."""
    return sum(member.file_size for archive in archives for member in _members(archive))


def _unzip_to(archives: Sequence[bytes], place: Path) -> None:
    check_size(unzipped_size(archives))
    place.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(mkdtemp(prefix="unzipping-", dir=place.parent))
    try:
        for archive in archives:
            with zipfile.ZipFile(io.BytesIO(archive)) as opened:
                for member in _members(archive):
                    _extract(opened, member, unfinished)
        unfinished.chmod(0o755)
        try:
            unfinished.rename(place)
        except OSError:
            if not place.exists():  # else somebody was faster
                raise
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise _refused(str(error)) from None  # RecursionError is one: directories within directories
    finally:
        remove(unfinished)


def check_size(size: int) -> None:
    """Raises InvalidParameterValueException if *size* bytes unzipped, layers included, are over the quota."""
    if size > LARGEST_UNZIPPED:
        raise InvalidParameterValueException(
            f"Unzipped size must be smaller than {LARGEST_UNZIPPED} bytes, layers included: this is {size} bytes."
        )


def _members(archive: bytes) -> list[zipfile.ZipInfo]:
    """The files that *archive* lists. Their number is known before the list is read: a million take a gigabyte."""
    if archive.count(_ENTRY) > MOST_FILES:
        raise _too_many()
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            members = opened.infolist()
    except zipfile.BadZipFile:
        raise _refused() from None
    except (OSError, ValueError, NotImplementedError) as error:
        raise _refused(str(error)) from None
    for member in members:
        _check(member)
    _check_tree(members)
    if sum(member.compress_size for member in members) > len(archive):
        raise _refused("its files overlap: the same bytes would be unzipped again and again")
    return members


def _check_tree(members: list[zipfile.ZipInfo]) -> None:
    """Count what would be made, a directory once however many files are in it."""
    tree: dict[str, Any] = {}
    made = 0
    for member in members:
        place = tree
        for part in PurePosixPath(member.filename).parts:
            if part not in place:
                place[part] = {}
                made += 1
            place = place[part]
        if made > MOST_FILES:
            raise _too_many()


def _check(member: zipfile.ZipInfo) -> None:
    name = member.orig_filename
    path = PurePosixPath(name)
    if (
        path.is_absolute()
        or ".." in path.parts
        or "\\" in name
        or "\0" in name
        or not path.parts
        or ":" in path.parts[0]
    ):
        raise _refused(f"{name!r} is not a path within the archive")
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _refused(f"{name!r} is a link or a device, which this lab does not unzip")
    # Others unzip megabytes from a few bytes.
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _refused(f"{name!r} is neither stored nor deflated, which is all that this lab unzips")


def _extract(opened: zipfile.ZipFile, member: zipfile.ZipInfo, root: Path) -> None:
    target = root / member.filename
    if member.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with opened.open(member) as source, target.open("wb") as file:  # reads no more than the declared size
        shutil.copyfileobj(source, file, 1 << 20)
    executable = (member.external_attr >> 16) & 0o111
    target.chmod(0o755 if executable else 0o644)


def _too_many() -> InvalidParameterValueException:
    return _refused(f"it has more files and directories than the {MOST_FILES} that this lab unzips")


def _refused(reason: str = "") -> InvalidParameterValueException:
    said = "Could not unzip uploaded file. Please check your file, then try to upload again."
    return InvalidParameterValueException(f"{said} ({reason})" if reason else said)
