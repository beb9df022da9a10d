"""What tells S3's storage classes apart: which follows which in a life cycle, and which sizes and how long they want.

Sources: S3 user guide, "Transitioning objects using Amazon S3 Lifecycle" (the waterfall, minimum sizes), "Understanding
and managing Amazon S3 storage classes" (minimum storage durations).
"""

from __future__ import annotations

from dataclasses import dataclass

STANDARD = "STANDARD"
#: Classes whose objects are restored before they can be read.
ARCHIVES = ("GLACIER", "DEEP_ARCHIVE")
#: Below this size nothing is moved, unless a rule names sizes itself; in bytes.
MINIMUM_SIZE = 128 * 1024
#: The value of x-amz-transition-default-minimum-object-size under which archives take smaller objects as well.
VARIES = "varies_by_storage_class"
ALL_ALIKE = "all_storage_classes_128K"


@dataclass(frozen=True)
class StorageClass:
    """A class that objects can be moved to.

    Attributes:
        moved: how S3's access logs call the move of an object to it.
        least_days: how many days each object is paid for at least.
        after: from which classes objects can be moved to it.
    """

    moved: str
    least_days: int
    after: frozenset[str]


_ANY = frozenset({STANDARD, "REDUCED_REDUNDANCY"})
CLASSES = {
    "STANDARD_IA": StorageClass("S3.TRANSITION_SIA.OBJECT", 30, _ANY),
    "INTELLIGENT_TIERING": StorageClass("S3.TRANSITION_INT.OBJECT", 0, _ANY | {"STANDARD_IA"}),
    "ONEZONE_IA": StorageClass("S3.TRANSITION_ZIA.OBJECT", 30, _ANY | {"STANDARD_IA", "INTELLIGENT_TIERING"}),
    "GLACIER_IR": StorageClass("S3.TRANSITION_GIR.OBJECT", 90, _ANY | {"STANDARD_IA", "INTELLIGENT_TIERING"}),
    "GLACIER": StorageClass(
        "S3.TRANSITION.OBJECT", 90, _ANY | {"STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR"}
    ),
    "DEEP_ARCHIVE": StorageClass(
        "S3.TRANSITION_GDA.OBJECT",
        180,
        _ANY | {"STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER"},
    ),
}
#: From the one that answers at once to the deepest archive: of two moves that are due, the one further down is made.
ORDER = {name: place for place, name in enumerate(CLASSES)}


def can_follow(present: str, wanted: str) -> bool:
    """Whether a life cycle moves objects of the class *present* to *wanted*."""
    return present in CLASSES[wanted].after


def takes(wanted: str, size: int, minimum: str) -> bool:
    """Whether objects of *size* bytes are moved there; *minimum* is the configuration's default for that."""
    return size >= MINIMUM_SIZE or (minimum == VARIES and wanted in ARCHIVES)
