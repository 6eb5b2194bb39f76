"""What the client needs of a server, whichever protocol it speaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..spec import JobSpec

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True)
class Update:
    """How a job stands: ``share`` 0 to 1, ``position`` of those queued before it."""

    state: str
    share: float = 0.0
    position: int | None = None
    message: str = ""


@dataclass(frozen=True)
class RemoteFile:
    """A video to fetch; ``sha256`` and ``size`` when the server tells them."""

    name: str
    path: str
    sha256: str | None = None
    size: int | None = None


Listener = Callable[[Update], None]


class Server(Protocol):
    """One Cosmos server."""

    contract: str

    def upload(self, videos: Mapping[str, Path], listener: Listener) -> dict[str, str]:
        """Bring videos there, once each; return what the server calls them."""

    def begin(self, spec: JobSpec, uploads: Mapping[str, str], key: str) -> str:
        """Start the job of a key, or find it; return its id. Never starts a second one."""

    def wait(self, job_id: str, listener: Listener) -> RemoteFile:
        """Return the video once it is there; JobFailed with the server's reason."""

    def told(self, job_id: str) -> dict[str, Any]:
        """Return what the server says of itself and of how it made the video of a job."""

    def cancel(self, job_id: str) -> None:
        """Ask the server to stop a job."""

    def open_file(self, file: RemoteFile) -> AbstractContextManager[httpx.Response]:
        """Open the stream of a result."""

    def close(self) -> None:
        """Close the connections."""


def chunks(path: Path, size: int = 1 << 20) -> Iterator[bytes]:
    """Yield the content of a file."""
    with path.open("rb") as file:
        while piece := file.read(size):
            yield piece
