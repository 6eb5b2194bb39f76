"""Addresses as users write them: HOST:PORT."""

from __future__ import annotations

LAST_PORT = 65_535
_MOST_DIGITS = 5


def host_and_port(text: str) -> tuple[str, int] | None:
    """Return the host as written and the port; None for another text, or a port that is none.

    An IPv6 host stands in brackets, ``[::1]:2000``: without them nobody knows where it ends.
    """
    host, _, port = text.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not bare or (":" in bare and bare == host):
        return None
    if not port.isdecimal() or len(port) > _MOST_DIGITS:
        return None
    return (host, int(port)) if 0 < int(port) <= LAST_PORT else None
