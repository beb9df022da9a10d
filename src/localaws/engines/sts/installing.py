"""Has the gateway know the keys of IAM's users, and its roles by their ids."""

from __future__ import annotations

from localaws.engines.sts.backend import find_iam_key, find_role_id
from localaws.lab import Lab


def install(lab: Lab) -> None:
    lab.credentials.find_iam_key = find_iam_key
    lab.credentials.find_role_id = find_role_id
