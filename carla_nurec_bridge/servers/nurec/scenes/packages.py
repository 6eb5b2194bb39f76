"""Where clients may take scene packages from: folders and addresses that were allowed."""

from __future__ import annotations

import hashlib
import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ....core.errors import InputError, RefusalError
from ....core.files.absolute import absolute
from ....core.resources import cache_dir
from ..refusal import Code

_MOST_BYTES = 32 << 30
_CHUNK = 1 << 20
_WAIT_S = 30.0


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect could lead out of the allowed addresses."""

    def redirect_request(self, *_: object) -> None:
        """Follow none."""
        return


class Packages:
    """Turns the address of a scene package into a file below the allowed ``roots``.

    Roots are folders, or http(s) addresses whose packages are downloaded to ``download_dir``,
    which keeps the ``count`` used last. InputError for a root that is neither.
    """

    def __init__(self, roots: Sequence[str], download_dir: Path | None, count: int) -> None:
        self._addresses = tuple(
            root.rstrip("/") + "/" for root in roots if urlsplit(root).scheme in ("http", "https")
        )
        folders = [root for root in roots if urlsplit(root).scheme not in ("http", "https")]
        for folder in folders:
            if not Path(folder).is_dir():
                raise InputError(
                    f"--scene-root {folder} is no folder and no http(s) address; give one of them"
                )
        self._folders = tuple(absolute(folder) for folder in folders)
        if count < 1:
            raise InputError("--download-cache-size must be 1 or more")
        self._count = count
        self._download_dir = download_dir

    def find(self, url: str, name: str) -> Path:
        """Return the file of an address; RefusalError unless it is below a root and is there."""
        parts = urlsplit(url)
        if not self._folders and not self._addresses:
            raise RefusalError(
                Code.FAILED_PRECONDITION,
                "this server takes no scenes from headers; start it with --scene-root",
            )
        if parts.scheme in ("http", "https"):
            return self._downloaded(url, name)
        if parts.scheme not in ("", "file") or parts.netloc not in ("", "localhost"):
            raise RefusalError(
                Code.INVALID_ARGUMENT, f"a scene is a path, file://, http:// or https://, not {url}"
            )
        # Resolved first: dots and links must not lead out. The answer is the same whether or not
        # there is a file, so that nobody can ask what else is on the disk.
        path = Path(unquote(parts.path) if parts.scheme else url)
        resolved = absolute(path)
        if not path.is_absolute() or not any(resolved.is_relative_to(r) for r in self._folders):
            raise RefusalError(
                Code.PERMISSION_DENIED, f"{url} is not below a folder that this server may read"
            )
        if not resolved.is_file():
            raise RefusalError(Code.NOT_FOUND, f"there is no scene package {url}")
        return resolved

    def _downloaded(self, url: str, name: str) -> Path:
        if not url.startswith(self._addresses) or "/../" in unquote(url) or "@" in url:
            raise RefusalError(
                Code.PERMISSION_DENIED, f"{url} is not below an address that this server may read"
            )
        folder = self._download_dir or cache_dir("scenes")
        folder.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(url.encode()).hexdigest()[:16]
        target = folder / f"{name}-{digest}.usdz"
        if target.exists():
            os.utime(target)
            return target
        _download(url, target)
        kept = sorted(folder.glob("*-" + "?" * 16 + ".usdz"), key=lambda p: p.stat().st_mtime)
        for old in kept[: -self._count]:
            old.unlink(missing_ok=True)
        return target


def _download(url: str, target: Path) -> None:
    opener = urllib.request.build_opener(_NoRedirects)
    try:
        with (
            opener.open(url, timeout=_WAIT_S) as reply,
            tempfile.NamedTemporaryFile(dir=target.parent, suffix=".part") as part,
        ):
            size = 0
            while chunk := reply.read(_CHUNK):
                size += len(chunk)
                if size > _MOST_BYTES:
                    raise RefusalError(Code.FAILED_PRECONDITION, f"{url} is too large")
                part.write(chunk)
            part.flush()
            os.link(part.name, target)
    except urllib.error.HTTPError as error:
        code = Code.NOT_FOUND if error.code == 404 else Code.FAILED_PRECONDITION
        raise RefusalError(code, f"{url}: the server answered {error.code}") from error
    except (OSError, HTTPException) as error:
        raise RefusalError(Code.UNAVAILABLE, f"{url} cannot be downloaded: {error}") from error
