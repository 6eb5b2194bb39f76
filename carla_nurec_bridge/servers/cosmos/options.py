"""What the server is started with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..http_server import is_loopback


@dataclass(frozen=True)
class CosmosServerOptions:
    """Where the server keeps its state and what it allows.

    ``state_dir`` holds tokens, jobs, uploads and results. Times are in hours or seconds as their
    names say. ``faults`` ("guardrail-block", "model-error") makes every job fail so, for tests of
    clients.
    """

    state_dir: Path
    host: str = "127.0.0.1"
    port: int = 8000
    watermark: bool = False
    blob_ttl_h: float = 72.0
    job_ttl_h: float = 168.0
    sweep_s: float = 600.0
    max_queued_per_token: int = 64
    max_upload_bytes: int = 500 * 1024 * 1024
    max_store_bytes: int = 20 * 1024**3
    token: str | None = None
    faults: frozenset[str] = frozenset()

    @property
    def loopback(self) -> bool:
        """Return whether only this machine can reach the server."""
        return is_loopback(self.host)
