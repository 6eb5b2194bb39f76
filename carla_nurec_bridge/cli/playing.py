"""What the verbs that play recordings share: the server, how far they are, how they are ended."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TaskID, TimeRemainingColumn

from ..core.errors import InputError
from ..core.files.absolute import absolute
from ..core.run_contract import heartbeat

if TYPE_CHECKING:
    from ..carla_client.session.session import Session

_ANSWER_S = 10.0
_TIMEOUT_S = 60.0


def end_as_interrupted() -> None:
    """Let a request to end be an interruption: CARLA's settings come back then too."""
    heartbeat.start()
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


class _ToldProgress(Progress):
    """Bars of which a supervisor hears too, if there is one."""

    def update(self, task_id: TaskID, **changes: Any) -> None:
        """Change a bar, and tell how far it is."""
        super().update(task_id, **changes)
        if changes.get("completed") is not None:
            with self._lock:
                total = self._tasks[task_id].total
            heartbeat.progress(int(changes["completed"]), int(total or 0))


def counting_progress(out: Console) -> Progress:
    """Return bars of things that are counted; they go when all ends."""
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    return _ToldProgress(*columns, console=out, transient=True)


@dataclass(frozen=True)
class PlayingServer:
    """Where CARLA is, what the recording is called there, and whether it was started here."""

    host: str
    port: int
    recording: str
    own: bool

    def engine(self, session: Session) -> str:
        """Return what manifests call it."""
        return f"{'embedded ' if self.own else ''}CARLA {session.server_version}"


@contextmanager
def recording_server(
    recording: Path, settings: dict[str, Any], said: Path, verb: str
) -> Iterator[PlayingServer]:
    """Yield the CARLA of ``--host``, or start one of the recording's map that lives as long.

    ``said`` keeps what an own server says when it fails.
    """
    if settings["host"]:
        known = absolute(recording) if recording.is_file() else recording
        yield PlayingServer(settings["host"], settings["port"], str(known), False)
        return
    from ..recorder_log import read_log
    from ..runs.processes.own_server import carla_of_map

    if not recording.is_file():
        raise InputError(f"there is no recording {recording}")
    recorded = read_log(recording).map_name  # what is no recording is told before CARLA starts
    map_name = settings["map_name"] or recorded
    with carla_of_map(map_name, settings["seed"], said, verb) as (host, port):
        yield PlayingServer(host, port, str(absolute(recording)), True)


@contextmanager
def live_server(settings: dict[str, Any], said: Path, verb: str) -> Iterator[PlayingServer]:
    """Yield the CARLA of ``--host``, or start one of ``--map`` that lives as long.

    ``said`` keeps what an own server says when it fails.
    """
    if settings["host"]:
        yield PlayingServer(settings["host"], settings["port"], "", False)
        return
    from ..runs.processes.own_server import carla_of_map

    with carla_of_map(settings["map_name"], settings["seed"], said, verb) as (host, port):
        yield PlayingServer(host, port, "", True)


@contextmanager
def open_session(server: PlayingServer) -> Iterator[Session]:
    """Connect to a server."""
    from ..carla_client.session.session import Session

    with Session(server.host, server.port, _ANSWER_S) as session:
        session.open(_ANSWER_S)
        session.client.set_timeout(_TIMEOUT_S)
        yield session
