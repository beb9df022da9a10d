"""The lab's own few questions, which no AWS knows: signed as every request is, for a service called "localaws"."""

from __future__ import annotations

import http.client
import json
import urllib.request
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def ask(
    endpoint: str, region: str, keys: Credentials, target: str, document: Any = None, timeout: float = 30
) -> http.client.HTTPResponse:
    """Send a GET, or a POST of `document`.

    Parameters:
        endpoint: the lab's URL.
        region: what the request is signed for.
        keys: whose request it is.
        target: path and query, behind `/_localaws/`.
        document: what is sent, as JSON.
        timeout: seconds to wait for the answer.

    Raises:
        urllib.error.HTTPError: the answer is an error.
        urllib.error.URLError: nothing answers.
    """
    url = f"{endpoint.rstrip('/')}/_localaws/{target}"
    method, data = ("GET", None) if document is None else ("POST", json.dumps(document).encode())
    request = AWSRequest(method, url, data=data)
    SigV4Auth(keys, "localaws", region).add_auth(request)
    # No proxy: the lab is on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    signed = urllib.request.Request(url, data, dict(request.headers), method=method)
    answer: http.client.HTTPResponse = opener.open(signed, timeout=timeout)
    return answer
