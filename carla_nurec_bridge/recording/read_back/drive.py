"""Read back from a bag what happened: the ego and everybody around it, the route, the map."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ...core.frames import Matrix
from ...core.run_contract.topics import TOPICS
from ...world.states import EgoBox, WorldState
from ..reader import BagReader
from .drive_reader import EACH_FRAME, GROUND_TRUTH, TOLD_ONCE, DriveReader

_TRACKS = "objects_tracks"
_BY_STAMP = (*EACH_FRAME, GROUND_TRUTH)


@dataclass(frozen=True, eq=False)
class BagDrive:
    """A recorded drive in the map frame.

    ``states`` in order of time, ``route`` (N, 3) or None, ``xodr`` the map's text or None, ``body``
    the ego's box or None, ``base_from_link`` the mount of each sensor by its link or optical frame.
    ``tracks`` says by actor id to which track of its scene an actor was bound last, None for never.
    """

    states: tuple[WorldState, ...]
    route: NDArray[np.float64] | None
    xodr: str | None
    body: EgoBox | None
    base_from_link: dict[str, Matrix]
    tracks: dict[int, str | None]


def topics_of(bag: BagReader, keys: Iterable[str]) -> dict[str, str]:
    """Return the topic of each of these rows of the table that the bag has messages of.

    A namespace may stand before the name; InputError when there are several. A topic of that name
    and another type is another program's.
    """
    present = sorted({(s.topic, s.type) for s in bag.streams() if s.messages})
    found = {}
    for key in keys:
        names = [n.lstrip("/") for n in (TOPICS[key].name, TOPICS[key].formerly) if n]
        of_type = [topic for topic, kind in present if kind == TOPICS[key].type]
        fitting = [t for t in of_type if any(f"/{t}".endswith(f"/{name}") for name in names)]
        if len(fitting) > 1:
            raise InputError(
                f"{bag.path} holds {' and '.join(fitting)}; a drive has one ego: record each alone"
            )
        if fitting:
            found[key] = fitting[0]
    return found


def read_drive(bag: BagReader) -> BagDrive:
    """Read a drive from an open bag.

    A stamp counts when it has odometry and, in a bag that has them, objects and ground truth: the
    end of an aborted run is left out.
    """
    topics = topics_of(bag, (*_BY_STAMP, *TOLD_ONCE, _TRACKS))
    key_of = {topic: key for key, topic in topics.items()}
    reader = DriveReader()
    tracks: dict[int, str | None] = {}
    for topic, _, message in bag.messages([t for t, k in key_of.items() if k not in _BY_STAMP]):
        if key_of[topic] == _TRACKS:
            _bind(tracks, message)
        else:
            reader.tell(key_of[topic], message)
    frames: dict[int, dict[str, Any]] = {}
    for topic, stamp_ns, message in bag.messages([t for t, k in key_of.items() if k in _BY_STAMP]):
        frames.setdefault(stamp_ns, {})[key_of[topic]] = message
    needed = {"odometry", *({"objects", GROUND_TRUTH} & topics.keys())}
    states = tuple(
        reader.state(stamp_ns, frame)
        for stamp_ns, frame in sorted(frames.items())
        if needed <= frame.keys()
    )
    return BagDrive(states, reader.route, reader.xodr, reader.body, reader.mounts(), tracks)


def _bind(tracks: dict[int, str | None], message: Any) -> None:
    for name, track in json.loads(message.data).items():
        tracks[int(name)] = track or tracks.get(int(name))
