"""What a server has done, for Prometheus' textfile collector and for its own log."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, write_to_textfile

FILE = "nurec_server.prom"
_PERIOD_S = 5.0
_BUCKETS_S = (0.001, 0.003, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 3.0, 10.0, 60.0)
_log = logging.getLogger(__name__)


class Metrics:
    """Counts calls and times their stages; safe from several threads.

    With a ``folder`` the file ``nurec_server.prom`` is rewritten there, whole, every five seconds
    and at the end. With ``timing`` every call is logged.
    """

    def __init__(self, folder: Path | None, *, timing: bool, loaded: Callable[[], int]) -> None:
        self._registry = CollectorRegistry()
        self._timing = timing
        more: dict[str, Any] = {"registry": self._registry}
        self._calls = Counter("nurec_calls", "Calls answered", ["method", "code"], **more)
        self._seconds = Histogram(
            "nurec_call_seconds", "Time of a call, s", ["method"], buckets=_BUCKETS_S, **more
        )
        self._stages = Histogram(
            "nurec_stage_seconds", "Time in a stage, s", ["stage"], buckets=_BUCKETS_S, **more
        )
        self._bytes = Counter("nurec_reply_bytes", "Bytes of images and clouds sent", **more)
        Gauge("nurec_scenes_loaded", "Scenes in memory", **more).set_function(loaded)
        self._file = None if folder is None else folder / FILE
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._thread = threading.Thread(target=self._export, name="metrics", daemon=True)
            self._thread.start()

    def call(self, method: str, code: str, seconds: float) -> None:
        """Count an answered call."""
        self._calls.labels(method, code).inc()
        self._seconds.labels(method).observe(seconds)
        if self._timing:
            _log.info("%s %s %.1f ms", method, code, 1e3 * seconds)

    def sent(self, count: int) -> None:
        """Count bytes of images and clouds."""
        self._bytes.inc(count)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage of a call: draw, encode, load."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self._stages.labels(name).observe(time.perf_counter() - begin)

    def close(self) -> None:
        """Write the last figures and end; may be called twice."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _export(self) -> None:
        while True:
            last = self._ended.wait(_PERIOD_S)
            try:
                write_to_textfile(str(self._file), self._registry)
            except OSError as error:
                _log.warning("cannot write %s: %s", self._file, error)
            if last:
                return
