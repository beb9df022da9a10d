"""Gives subscriptions the outbox for messages that go by HTTP."""

from __future__ import annotations

from localaws.engines.sns.backend import SubscriptionEngine, post
from localaws.lab import Lab
from localaws.outbox import Outbox

#: Posts that are under way at once, and those that wait for their turn.
POSTING = 4
WAITING = 1000


def install(lab: Lab) -> None:
    SubscriptionEngine.posts = Outbox(lab, "sns-post", post, POSTING, WAITING)


def resume(lab: Lab) -> None:
    """Post what an earlier process has left: now the subscriptions are there again."""
    SubscriptionEngine.posts.go_on()
