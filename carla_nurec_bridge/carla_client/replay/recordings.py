"""What a CARLA server tells about a recording: length, map, and who is in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import carla
import numpy as np

from ...core.errors import InputError, ProtocolError
from ...recorder_log import read_log
from ...recorder_log.places import Places
from ...recorder_log.timeline import Timeline

_FRAME = re.compile(r"Frame (\d+) at (\S+) seconds")
_CREATE = re.compile(r" Create (\d+): (\S+) \(\S+\) at \((.*)\)")
_DESTROY = re.compile(r" Destroy (\d+)")
_ATTRIBUTE = re.compile(r"  (\w+) = (.*)")


@dataclass(frozen=True)
class ListedActor:
    """An actor of a recording: its id there, and when it is there, in seconds of the recording."""

    id: int
    blueprint: str
    role_name: str
    from_s: float
    to_s: float


@dataclass(frozen=True)
class RecordingInfo:
    """A recording as the server sees it; ``actors`` are all of them, in order of appearance."""

    path: str
    map_name: str
    frames: int
    duration_s: float
    actors: tuple[ListedActor, ...]

    def actor(self, actor_id: int, role_name: str) -> ListedActor:
        """Return the actor of a recorded id, or for id 0 the vehicle of a role.

        InputError tells which vehicles there are.
        """
        moving = [a for a in self.actors if a.blueprint.startswith(("vehicle.", "walker."))]
        for actor in moving:
            if actor.id == actor_id or (actor_id == 0 and actor.role_name == role_name):
                return actor
        wanted = f"actor {actor_id}" if actor_id else f"vehicle with role_name {role_name!r}"
        known = ", ".join(f"{a.id} ({a.blueprint}, {a.role_name or 'no role'})" for a in moving)
        raise InputError(f"{self.path} has no {wanted}; it has: {known or 'nobody'}")


def recording_info(client: carla.Client, path: str) -> RecordingInfo:
    """Ask the server about a recording; ``path`` is as the server sees it.

    InputError when the server cannot read it, ProtocolError when its answer has no duration.
    """
    text = client.show_recorder_file_info(path, False)
    found = dict(re.findall(r"^(Map|Frames|Duration): (\S+)", text, re.MULTILINE))
    if "Map" not in found:
        raise InputError(f"CARLA cannot read the recording {path}: {' '.join(text.split())[:200]}")
    if "Frames" not in found or "Duration" not in found:
        raise ProtocolError(f"CARLA told neither frames nor duration of the recording {path}")
    duration_s = float(found["Duration"])
    return RecordingInfo(
        path,
        found["Map"].rsplit("/", 1)[-1],
        int(found["Frames"]),
        duration_s,
        tuple(_actors(text, duration_s)),
    )


@dataclass(frozen=True)
class Recording:
    """A recording that is to be played: who is in it, when its frames lie, who is where.

    ``places`` is None where the file is not at hand; ``notes`` are sentences for the user.
    """

    info: RecordingInfo
    timeline: Timeline
    places: Places | None
    notes: tuple[str, ...]


def open_recording(info: RecordingInfo) -> Recording:
    """Look into a recording that the server knows.

    Servers do not tell in short when frames lie, so the file is read where it is at hand;
    elsewhere frames are taken as equally long, which a note says.
    """
    path = Path(info.path)
    if path.is_file():
        log = read_log(path)
        notes = () if log.note is None else (log.note,)
        return Recording(info, Timeline.of_log(log), Places(log), notes)
    note = f"{path} is not at hand here, so its {info.frames} frames are taken as equally long"
    equal = Timeline.of(info.path, np.linspace(0.0, info.duration_s, info.frames))
    return Recording(info, equal, None, (note,))


def _actors(text: str, duration_s: float) -> Iterator[ListedActor]:
    """Yield the actors of the answer's lines: frames, who appears in them, who goes."""
    time_s = 0.0
    born: dict[int, tuple[str, float]] = {}
    roles: dict[int, str] = {}
    gone: dict[int, float] = {}
    newest = 0
    for line in text.splitlines():
        if match := _FRAME.fullmatch(line):
            time_s = float(match[2])
        elif match := _CREATE.fullmatch(line):
            newest = int(match[1])
            born[newest] = (match[2], time_s)
        elif match := _DESTROY.fullmatch(line):
            gone[int(match[1])] = time_s
        elif (match := _ATTRIBUTE.fullmatch(line)) and match[1] == "role_name":
            roles[newest] = match[2]
    for actor_id, (blueprint, from_s) in born.items():
        to_s = gone.get(actor_id, duration_s)
        yield ListedActor(actor_id, blueprint, roles.get(actor_id, ""), from_s, to_s)
