"""How to reach the AWS that a notebook is connected to over TLS."""

from __future__ import annotations

from dehelpers.errors import LabError
from dehelpers.process.lab import Lab
from dehelpers.words.connect import current


def https() -> dict[str, str]:
    """Keyword arguments for boto3's clients that reach AWS over TLS: ``boto3.client("s3", **de.https())``.

    On AWS nothing has to be said. The lab has an address of its own for TLS, and its certificate is signed by an
    authority that only its own bundle of certificates names (``endpoint_url`` and ``verify``, boto3 guide, "Session
    reference"). A policy sees it by the condition key aws:SecureTransport.

    Raises:
        NotConnectedError: there is no connection yet.
        LabError: the lab does not run, or the endpoint is not the lab's and speaks no TLS.
    """
    session = current()
    if session.target == "aws" or (session.endpoint or "").startswith("https://"):
        return {}
    lab = Lab.read(session.directory) if session.directory else None
    if lab is None or not lab.https_endpoint:
        said = f"{session.endpoint} has no address for TLS that is known here."
        raise LabError(f"{said} Run `dehelpers stop`, then de.connect() again.")
    return {"endpoint_url": lab.https_endpoint, "verify": lab.ca_bundle}
