"""Has the gateway know the keys of IAM's users."""

from __future__ import annotations

from localaws.engines.sts.backend import find_iam_key
from localaws.lab import Lab


def install(lab: Lab) -> None:
    lab.credentials.find_iam_key = find_iam_key
