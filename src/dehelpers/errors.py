"""What the helpers raise. Each message says what is wrong and what to do.

    DehelpersError
    ├─ NotConnectedError   a helper was used before `connect`; a RuntimeError too
    ├─ ConsentError        work on real AWS was not agreed to; a PermissionError too
    ├─ LabError            the lab cannot be started, found or reset
    ├─ WaitError           a wait ended badly; a RuntimeError too
    ├─ TeardownError       something is left behind; a RuntimeError too
    └─ ParameterError      a notebook's parameter is not what it takes; a ValueError too

AWS's own refusals stay botocore's ClientError.
"""

from __future__ import annotations


class DehelpersError(Exception):
    """Whatever the helpers raise of their own."""


class NotConnectedError(DehelpersError, RuntimeError):
    """A helper was used before `connect`."""


class ConsentError(DehelpersError, PermissionError):
    """Work on real AWS was not agreed to; the message says what it would cost and how to agree."""


class LabError(DehelpersError):
    """Something about the lab; the message says what, and what to do."""


class WaitError(DehelpersError, RuntimeError):
    """The wait ended badly: a failure status, or the time was up. The message has status, reason and hint."""


class TeardownError(DehelpersError, RuntimeError):
    """Something the session created still exists, or cannot be proved gone; the message names each."""


class ParameterError(DehelpersError, ValueError):
    """A parameter that no notebook has, or a value that it cannot take; the message says what there is."""
