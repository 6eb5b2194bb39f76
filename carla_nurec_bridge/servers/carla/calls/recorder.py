"""Calls about CARLA's recorder: recording, asking about recordings, replaying."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ....core.errors import InputError
from ....recorder_log.export.carla_text import file_info
from ....recorder_log.log import Log
from ....recorder_log.queries import actors_blocked, collisions
from ....recorder_log.reader import read_log
from ..recorder.replay_options import ReplayOptions
from ..simulation import Simulation
from ..wire.codecs import (
    BOOL,
    FLOAT,
    INT,
    TEXT,
)
from ..wire.structs import TRANSFORM, Transform
from .registry import serve


@serve("start_recorder", TEXT, BOOL, returns=TEXT)
def start_recorder(simulation: Simulation, name: str, additional_data: bool) -> str:
    """Record to a file; return its whole path."""
    return str(
        simulation.recorder.start_recording(
            simulation.episode, whole_path(name), additional_data=additional_data
        )
    )


@serve("stop_recorder")
def stop_recorder(simulation: Simulation) -> None:
    """End the recording."""
    simulation.recorder.stop_recording()


@serve("show_recorder_file_info", TEXT, BOOL, returns=TEXT)
def show_recorder_file_info(simulation: Simulation, name: str, show_all: bool) -> str:
    """Return a recording as text."""
    return _ask(name, lambda log: file_info(log, show_all=show_all))


@serve("show_recorder_collisions", TEXT, INT, INT, returns=TEXT)
def show_recorder_collisions(simulation: Simulation, name: str, one: int, two: int) -> str:
    """Return the collisions between two kinds of actor, given as ASCII codes of letters."""
    return _ask(name, lambda log: collisions(log, chr(one & 0x7F), chr(two & 0x7F)))


@serve("show_recorder_actors_blocked", TEXT, FLOAT, FLOAT, returns=TEXT)
def show_recorder_actors_blocked(
    simulation: Simulation, name: str, min_time_s: float, min_distance_cm: float
) -> str:
    """Return the actors that moved less than ``min_distance_cm`` for ``min_time_s`` or longer."""
    return _ask(name, lambda log: actors_blocked(log, min_time_s, min_distance_cm))


@serve("replay_file", TEXT, FLOAT, FLOAT, INT, BOOL, TRANSFORM, returns=TEXT)
def replay_file(
    simulation: Simulation,
    name: str,
    start_s: float,
    duration_s: float,
    follow_id: int,
    replay_sensors: bool,
    offset: Transform,
) -> str:
    """Play a recording back from ``start_s`` on, for ``duration_s`` (0: to its end).

    The spectator follows the recorded actor ``follow_id`` (0: nobody) at ``offset``.
    """
    path = whole_path(name)
    if not path.is_file():
        return missing(path)
    options = ReplayOptions(
        start_s=start_s,
        duration_s=duration_s,
        follow_id=follow_id,
        replay_sensors=replay_sensors,
        offset_location_m=offset.location,
        offset_rotation_deg=offset.rotation,
    )
    return simulation.replay(path, options)


@serve("stop_replayer", BOOL)
def stop_replayer(simulation: Simulation, keep_actors: bool) -> None:
    """End the replay."""
    simulation.recorder.stop_replay(simulation.episode, keep_actors=keep_actors)


@serve("set_replayer_time_factor", FLOAT)
def set_replayer_time_factor(simulation: Simulation, factor: float) -> None:
    """Play faster or slower."""
    simulation.recorder.set_time_factor(factor)


@serve("set_replayer_ignore_hero", BOOL)
def set_replayer_ignore_hero(simulation: Simulation, ignore: bool) -> None:
    """Leave recorded heroes out, or not."""
    simulation.recorder.set_ignore_hero(ignore=ignore)


@serve("set_replayer_ignore_spectator", BOOL)
def set_replayer_ignore_spectator(simulation: Simulation, ignore: bool) -> None:
    """Leave the recorded spectator out, or not."""
    simulation.recorder.set_ignore_spectator(ignore=ignore)


def missing(path: Path) -> str:
    """Return CARLA's answer for a recording that is not there."""
    return f"File {path} not found on server\n"


def whole_path(name: str) -> Path:
    """Return the whole path of a recording, as CARLA does; ``~`` is the home of this process.

    InputError for a name that no file can have.
    """
    try:
        path = Path(name).expanduser().resolve()
        path.is_file()
    except OSError as error:
        raise InputError(f"{name:.80}: {error.strerror}") from error
    except (RuntimeError, ValueError) as error:
        raise InputError(f"{name:.80}: {error}") from error
    return path


def _ask(name: str, question: Callable[[Log], str]) -> str:
    path = whole_path(name)
    if not path.is_file():
        return missing(path)
    try:
        return question(read_log(path))
    except InputError as error:
        return f"File is not a CARLA recorder: {error}\n"
