"""Simple Email Service V2."""

from __future__ import annotations

from awsfacts.declaration import Service

SERVICE = Service(
    name="sesv2",
    title="Amazon Simple Email Service V2",
    unsupported=(("Send.*Email", "Nothing leaves the lab: it describes identities and templates, and sends no mail."),),
    pretended=frozenset({"SendEmail"}),
)
