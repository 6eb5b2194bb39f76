"""Fetching one large file over HTTP: goes on where an earlier try stopped, checks what it got."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from ...core.errors import BridgeError, DeadlineError

_PIECE = 1 << 20
_TRIES = 5
_WAIT_S = 1.0
_TIMEOUT = httpx.Timeout(10.0, read=30.0)
_TRANSIENT = (408, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class WantedFile:
    """A file to fetch: its address, size in bytes, and SHA-256, or SHA-1 of its Git blob."""

    url: str
    size: int
    digest: str


class StatusError(BridgeError):
    """The server refused; ``status`` is HTTP's."""

    def __init__(self, status: int, words: str) -> None:
        """Take the status and the server's words, which hold no secret."""
        super().__init__(words)
        self.status = status


def download(
    wanted: WantedFile,
    target: Path,
    headers: Mapping[str, str],
    on_bytes: Callable[[int], None] = lambda count: None,
) -> None:
    """Fetch a file unless it is there in its full size.

    What is fetched lies in ``NAME.DIGEST.part`` beside the target until all of it is there and
    right; a later call goes on with it. Transient failures are tried again while bytes come, five
    times without. ``on_bytes`` hears how many bytes came (negative when they must come again).
    ``headers`` go to the first host only. StatusError: the server refused; DeadlineError: it went
    silent; BridgeError: what came is not the file.
    """
    if target.is_file() and target.stat().st_size == wanted.size:
        on_bytes(wanted.size)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{wanted.digest[:16]}.part")
    have = part.stat().st_size if part.exists() else 0
    if have > wanted.size:
        part.unlink()
        have = 0
    on_bytes(have)
    failures = 0
    with httpx.Client(timeout=_TIMEOUT, follow_redirects=True) as client:
        while have < wanted.size:
            failures += 1
            reason = _attempt(client, wanted, part, have, headers, on_bytes)
            now = part.stat().st_size if part.exists() else 0
            failures, have = (0 if now > have else failures), now
            if have < wanted.size and failures >= _TRIES:
                raise DeadlineError(f"{target.name}: {reason}, {_TRIES} times; call it again later")
            if have < wanted.size:
                time.sleep(_WAIT_S * failures)
    if _digest(part, wanted) != wanted.digest:
        part.unlink()
        raise BridgeError(
            f"{target.name}: what came differs from what the server lists; fetch it again"
        )
    part.replace(target)


def _attempt(
    client: httpx.Client,
    wanted: WantedFile,
    part: Path,
    have: int,
    headers: Mapping[str, str],
    on_bytes: Callable[[int], None],
) -> str:
    """Append what comes to the part; return in words why it stopped."""
    asked = {**headers, "Accept-Encoding": "identity"}
    if have:
        asked["Range"] = f"bytes={have}-"
    try:
        with client.stream("GET", wanted.url, headers=asked) as response:
            if response.status_code in _TRANSIENT:
                return f"the server answered {response.status_code}"
            if response.status_code not in (200, 206):
                raise StatusError(
                    response.status_code,
                    f"the server answered {response.status_code} {response.reason_phrase}",
                )
            again = have and response.status_code == 200
            if again:
                on_bytes(-have)
            with part.open("wb" if again or not have else "ab") as file:
                for piece in response.iter_raw():
                    file.write(piece)
                    file.flush()
                    on_bytes(len(piece))
    except httpx.TransportError as error:
        return f"the connection broke ({type(error).__name__})"
    return "the server sent less than it lists"


def _digest(path: Path, wanted: WantedFile) -> str:
    """Return the digest of a file of the kind that is wanted: SHA-256, or Git's of a blob."""
    digest = hashlib.sha256() if len(wanted.digest) == 64 else hashlib.sha1(usedforsecurity=False)
    if len(wanted.digest) != 64:
        digest.update(b"blob %d\0" % wanted.size)
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()
