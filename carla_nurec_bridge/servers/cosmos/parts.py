"""What the routes share."""

from __future__ import annotations

from dataclasses import dataclass

from .options import CosmosServerOptions
from .store.blob_store import BlobStore
from .store.job_store import JobStore
from .worker import Worker


@dataclass(frozen=True)
class Parts:
    """The stores and the worker of one server."""

    options: CosmosServerOptions
    jobs: JobStore
    blobs: BlobStore
    worker: Worker
