"""What the routes share."""

from __future__ import annotations

from dataclasses import dataclass

from .blob_store import BlobStore
from .job_store import JobStore
from .options import ServerOptions
from .worker import Worker


@dataclass(frozen=True)
class Parts:
    """The stores and the worker of one server."""

    options: ServerOptions
    jobs: JobStore
    blobs: BlobStore
    worker: Worker
