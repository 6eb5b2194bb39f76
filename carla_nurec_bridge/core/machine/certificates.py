"""The certificates by which servers are known to be who they say, read once a process."""

from __future__ import annotations

import ssl
from functools import cache

from ..loading.deferred import deferred

httpx = deferred("httpx")


@cache
def trusted(environment: bool = True) -> ssl.SSLContext:
    """Return what httpx checks servers by, for its clients to share as their ``verify``.

    A client that is given none reads some hundred certificates, in 20 ms or more of processor time,
    though it may only speak http. With ``environment``, SSL_CERT_FILE and SSL_CERT_DIR count.
    """
    found: ssl.SSLContext = httpx.create_ssl_context(trust_env=environment)
    return found
