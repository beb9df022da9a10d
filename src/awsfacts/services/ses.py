"""Simple Email Service."""

from __future__ import annotations

from awsfacts.declaration import Service

SERVICE = Service(
    name="ses",
    title="Amazon Simple Email Service",
    unsupported=(("Send.*Email", "Nothing leaves the lab: it describes identities and templates, and sends no mail."),),
    pretended=frozenset("SendBulkTemplatedEmail SendEmail SendRawEmail SendTemplatedEmail".split()),
)
