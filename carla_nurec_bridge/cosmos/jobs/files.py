"""Hash what is sent, and store what is fetched: whole, or not at all."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ...core.files.safe_name import safe_name
from ...core.files.whole import part_of
from .probe import Decoded, decode
from .protocols.http import Deadline, Http, Transient
from .protocols.server import RemoteFile, Server


def target_path(output: Path | None, server_name: str, default_name: str) -> Path:
    """Return where to store a result.

    ``output`` is a file, or a folder that exists and gets the server's name; None: ``default_name``
    here. A name that is taken gets a number, unless it was given as a file.
    """
    if output is None:
        return _free(Path(default_name))
    if output.is_dir():
        return _free(output / safe_name(server_name, "output.mp4"))
    return output


def _free(path: Path) -> Path:
    number, free = 2, path
    while free.exists():
        free = path.with_stem(f"{path.stem}-{number}")
        number += 1
    return free


@dataclass(frozen=True)
class Fetched:
    """A file as the server has it, under a hidden name, its SHA-256, and what is in it."""

    part: Path
    sha256: str
    video: Decoded


@contextmanager
def fetched(
    http: Http, server: Server, file: RemoteFile, target: Path, within_s: float
) -> Iterator[Fetched]:
    """Give a result, stored under a hidden name beside ``target`` within so many seconds.

    Size and hash are checked where the server tells them; else that there is a picture in it. What
    is not moved away within the block is removed after it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = part_of(target)
    limit = Deadline(within_s, "--result-timeout")

    def once() -> Fetched:
        digest, size = hashlib.sha256(), 0
        limit.left(f"fetching {file.name}")
        with server.open_file(file) as response, part.open("wb") as out:
            http.judge(response, f"GET {file.name}")
            for piece in response.iter_bytes(1 << 18):
                http.deadline.left(f"fetching {file.name}")
                limit.left(f"fetching {file.name}")
                digest.update(piece)
                size += len(piece)
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        if file.size is not None and size != file.size:
            raise Transient(f"{file.name} came with {size} of {file.size} bytes")
        if file.sha256 is not None and digest.hexdigest() != file.sha256:
            raise Transient(f"{file.name} has not the SHA-256 that the server told")
        video = decode(part)
        if not video.clip.frames and file.sha256 is None:
            raise Transient(f"{file.name} is no whole video: it {video.broken}")
        return Fetched(part, digest.hexdigest(), video)

    try:
        yield http.attempts(f"fetching {file.name}", once)
    finally:
        part.unlink(missing_ok=True)
