"""Gives subscriptions the post that carries their messages."""

from __future__ import annotations

from localaws.engines.sns.backend import Post, SubscriptionEngine
from localaws.lab import Lab


def install(lab: Lab) -> None:
    SubscriptionEngine.post = Post(lab)
