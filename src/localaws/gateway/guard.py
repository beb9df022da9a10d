"""Keeps web pages out: a lab that runs code must not answer the tab next door.

Any page can send requests to 127.0.0.1, and a name that an attacker owns can be made to resolve to it (DNS
rebinding). SDKs never send an Origin, and they name the host they were configured with: that tells them apart.
"""

from __future__ import annotations

import re
from typing import Any

from localaws.gateway.errors import AwsError

# `<bucket>.localhost` is virtual-hosted-style S3; names under .localhost always resolve to loopback (RFC 6761).
_LOOPBACK_HOST = re.compile(r"(127\.0\.0\.1|\[::1\]|([a-z0-9._-]+\.)?localhost)(:\d{1,5})?", re.IGNORECASE)


def check_guard(environ: dict[str, Any], form_upload: bool = False) -> None:
    """Raise AccessDenied (403) for a request that a browser's page made or that names a foreign host.

    One thing a page may do: have its reader send an HTML form to a bucket (*form_upload*), which is what S3's POST
    is for. The policy in it, signed with the lab's keys, says who allows that and what; without one it is refused.
    Scripts of a page cannot do it (fetch is no navigation), and no answer is ever readable to them.
    """
    host = environ.get("HTTP_HOST", "")
    if not _LOOPBACK_HOST.fullmatch(host):
        raise AwsError("AccessDenied", f"This lab answers only on 127.0.0.1 and localhost, not as {host!r}.", 403)
    navigates = environ.get("HTTP_SEC_FETCH_MODE") == "navigate"
    if "HTTP_ORIGIN" in environ and not (form_upload and navigates):
        raise AwsError("AccessDenied", "Requests from web pages are refused: this lab is for SDKs and the CLI.", 403)
    # A page's <img> or no-cors fetch has no Origin, but browsers label it. A link that the reader clicks
    # (a presigned URL, say) is a navigation and may pass: it still needs its signature.
    site = environ.get("HTTP_SEC_FETCH_SITE", "none")
    if site != "none" and not navigates:
        raise AwsError("AccessDenied", "Requests from web pages are refused: this lab is for SDKs and the CLI.", 403)
