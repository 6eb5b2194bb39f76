"""Workers of a Ray cluster: one that is there, or one of this machine's processes."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Collection, Hashable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, final

from ..errors import InputError, RunError
from ..files.scratch import scratch_folder
from ..machine.host_port import host_and_port
from ..teardown import Teardown
from .workers import Work, WorkerLostError, report

LOCAL = "local"
_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_COLOR_PREFIX": "0"}
_LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_MODE": "token"}
"""Ray's own words for a cluster that no other machine reaches, and nobody without its token."""

_PATIENT = {"RAY_gcs_server_port_wait_time_s": "120"}
"""How long a cluster's server may take to start, which Ray reads then: 30 s are little on a busy
machine."""

_FOLDER = "cnb-ray-"
_SLOW = ("timed out during startup", "Timed out waiting for file")
_CONNECT_S, _END_S = 5.0, 20.0
_OBJECT_STORE_BYTES = 80 << 20  # the least that Ray takes; only results pass through it


@final
class RayWorkers:
    """Workers of the cluster that this process is connected to, up to ``count`` at once."""

    def __init__(self, ray: Any, count: int | None) -> None:
        """Share the cluster's processors among so many workers; by default two for each."""
        self._ray = ray
        self.count, share = shared(_processors(ray), count)
        self._remote = ray.remote(report).options(num_cpus=share, max_retries=0)

    def submit(self, work: Work[Any], told: Path) -> Hashable:
        """Let a free worker do a piece of work; return what the turn is known by."""
        turn: Hashable = self._remote.remote(work, told)
        return turn

    def wait(self, turns: Collection[Hashable], seconds: float) -> Collection[Hashable]:
        """Return those turns that have ended, after a time at the latest."""
        ended, _ = self._ray.wait(list(turns), num_returns=len(turns), timeout=seconds)
        return list(ended)

    def result(self, turn: Hashable) -> Any:
        """Return what came of a turn that has ended; WorkerLostError when nothing did."""
        try:
            return self._ray.get(turn, timeout=_END_S)
        except self._ray.exceptions.RayTaskError as error:
            raise RunError(f"the worker cannot do it: {error.cause}") from error
        except self._ray.exceptions.RayError as error:
            raise WorkerLostError(f"its worker was lost ({type(error).__name__})") from error

    def end(self, turns: Collection[Hashable]) -> None:
        """End turns: an interruption first, so that what they have started ends too."""
        if not turns:
            return
        for force in (False, True):
            for turn in turns:
                with suppress(self._ray.exceptions.RayError):
                    self._ray.cancel(turn, force=force)
            if len(self.wait(turns, _END_S)) == len(turns):
                return


def shared(processors: Sequence[int], count: int | None) -> tuple[int, int]:
    """Return how many workers share machines of so many processors, and how many each takes.

    A worker takes no more than the smallest machine has: one that fits nowhere is never begun.
    ``count`` is how many there shall be; by default each has two, or all of a smaller machine.
    """
    workers = count or sum(max(each // 2, 1) for each in processors)
    return workers, max(min(sum(processors) // workers, *processors), 1)


def _processors(ray: Any) -> list[int]:
    """Return the processors of each machine of a cluster that has some."""
    found = [int(one["Resources"].get("CPU", 0)) for one in ray.nodes() if one["Alive"]]
    return [each for each in found if each > 0] or [1]


@contextmanager
def ray_workers(address: str, count: int | None) -> Iterator[RayWorkers]:
    """Connect to a cluster, or start one of this machine for ``local``; yield its workers.

    InputError when Ray is not installed, or no cluster answers there.
    """
    if "ray" not in sys.modules:  # which reads them when it is imported
        here = _LOOPBACK | {"RAY_AUTH_TOKEN": secrets.token_hex(32)} if address == LOCAL else {}
        for name, value in {**_QUIET, **here}.items():
            os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError as error:
        raise InputError(
            "--ray needs Ray; install it with: pip install 'carla_nurec_bridge[ray]'"
        ) from error
    quiet: dict[str, Any] = {
        "log_to_driver": False,
        "logging_level": logging.ERROR,
        "configure_logging": False,
    }
    with ExitStack() as files, Teardown() as teardown:
        if address == LOCAL:
            for name, value in _PATIENT.items():
                os.environ.setdefault(name, value)
            parent = Path(tempfile.gettempdir())
            folder = files.enter_context(scratch_folder(parent, _FOLDER, end_processes_of))
            asked: dict[str, Any] = {
                "num_cpus": max(os.cpu_count() or 1, count or 1),
                "include_dashboard": False,
                "object_store_memory": _OBJECT_STORE_BYTES,
                "_temp_dir": str(folder),
            }
        else:
            _check_answers(address)
            asked = {"address": address}
        teardown.add("Ray", ray.shutdown)
        ends_by = signal.getsignal(signal.SIGTERM)
        try:
            _join(ray, {**asked, **quiet})
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGTERM, ends_by)  # Ray's own ends without tidying up
        except Exception as error:
            reason = str(error).strip().splitlines()[0] + _last_words(asked.get("_temp_dir"))
            raise InputError(f"no Ray cluster at {address}: {reason}") from error
        yield RayWorkers(ray, count)


def _join(ray: Any, asked: dict[str, Any]) -> None:
    """Start or find a cluster; one that was too slow to start, on a busy machine, starts anew."""
    try:
        ray.init(**asked)
    except Exception as error:
        if not any(words in str(error) for words in _SLOW):
            raise
        ray.shutdown()
        ray.init(**asked)


def _last_words(folder: str | None) -> str:
    """Return what Ray's server said last of a cluster that was to be started in a folder."""
    said = ""
    for log in sorted(Path(folder).glob("session_2*/logs/gcs_server.*")) if folder else ():
        with suppress(OSError):
            for line in log.read_text(errors="replace").split("\n"):
                said = line.strip() or said
    return f"; its server said last: {said}" if said else ""


def end_processes_of(folder: Path) -> None:
    """End Ray's processes of a cluster whose starter was killed: all name its folder."""
    for words in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it ended meanwhile, or is another user's
            if f"{folder}/".encode() in words.read_bytes():
                os.kill(int(words.parent.name), signal.SIGKILL)


def _check_answers(address: str) -> None:
    """Raise InputError when nobody listens at HOST:PORT; Ray itself asks for minutes."""
    place = address.removeprefix("ray://")
    if ":" not in place:
        return  # "auto" and the like, as Ray knows them
    found = host_and_port(place)
    if found is None:
        raise InputError(f"no Ray cluster at {address}: that is no HOST:PORT")
    host, port = found
    try:
        socket.create_connection((host.strip("[]"), port), _CONNECT_S).close()
    except OSError as error:
        raise InputError(f"no Ray cluster at {address}: {error}") from error
