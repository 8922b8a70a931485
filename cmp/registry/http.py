"""What every use of requests in this program needs to know of it."""

import re

import requests
from urllib3.exceptions import HTTPError

UNANSWERED = (OSError, ValueError, HTTPError)
"""What requests lets out: some errors of sockets, of URLs and of urllib3 as they are."""

TOKEN = re.compile(r"[!-~]+")
"""What may stand in a header: a superset of RFC 6750, 2.1."""


def no_netrc(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep requests from adding credentials of its own finding (~/.netrc)."""
    return request
