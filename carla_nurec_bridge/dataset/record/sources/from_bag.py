"""Frames of a bag of this package: its CARLA cameras, at stamps that all of them share."""

from __future__ import annotations

import hashlib
import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from ....core.errors import InputError, RunError
from ....core.run_contract.timebase import NS_PER_S
from ....core.timings import Timings
from ....cosmos.from_bag import BagWindow, Chosen, choose
from ....labels.frame import LabelledFrame
from ....labels.from_bag import LabelledCamera, labelled_cameras, labelled_frames
from ....opendrive import parse
from ....recording import BagReader
from ....recording.read_back.drive import BagDrive, read_drive, topics_of
from ....world.blueprint_catalogue import load_catalogue
from ....world.level_objects import LevelObject
from ....world.object_classes import ObjectClass
from ....world.states import Actor, ActorState, Appearance, WorldState
from ....world.vehicle_info import VehicleInfo
from ..source import SourceCamera, SourceFacts, SourceFrame
from ..tracks import NO_ID

_SLACK_S = 1e-6


@dataclass(frozen=True, eq=False)
class _Camera:
    """A camera of a bag, with the numbers of its wanted images by stamp."""

    labelled: LabelledCamera
    source: SourceCamera
    numbers: Mapping[int, int]


class BagSource:
    """The frames of an open bag; ``notes`` are sentences for the user."""

    def __init__(self, bag: BagReader, window: BagWindow, timings: Timings) -> None:
        """Choose the frames; InputError when no camera has all that labels need."""
        found = labelled_cameras(bag)
        if not found:
            raise InputError(
                f"{bag.path} has no camera with pictures in colour, depth, semantic and instance"
            )
        stamps = {camera.camera.name: camera.stamps_ns(bag) for camera in found}
        common = set.intersection(*map(set, stamps.values()))
        chosen = choose(sorted(common), window)
        wanted = set(chosen.stamps_ns)
        self.notes = tuple(_notes(stamps, len(common), chosen))
        self._bag, self._timings = bag, timings
        rate_hz = float(chosen.rate)
        self._cameras = [
            _Camera(
                camera,
                SourceCamera(camera.on_rig(rate_hz), carried=True),
                {s: n for n, s in enumerate(stamps[camera.camera.name]) if s in wanted},
            )
            for camera in found
        ]
        self.cameras: Sequence[SourceCamera] = [camera.source for camera in self._cameras]
        self.frames = len(wanted)
        self._lacks: list[str] = []
        self._gaps = _missing(chosen.stamps_ns, chosen.rate)
        self.frames_missed = self._gaps
        self.level: Sequence[LevelObject] = ()
        self.dt_ns = round(NS_PER_S / chosen.rate)
        self._drive = read_drive(bag)
        self._ego = _ego_of(bag, self._drive)
        self.ego_id = None if self._ego is None else NO_ID
        self._states = {state.stamp_ns: state for state in self._drive.states}

    def play(self) -> Iterator[SourceFrame]:
        """Yield the frames of which the bag has everything; ``frames`` is then how many these were.

        RunError when there are none.
        """
        wanted, number = self.frames, 0
        for views in self._all_seen():
            stamp_ns = views[0].stamp_ns
            state = self._states.get(stamp_ns)
            if state is None:
                self._lack(f"frame at {stamp_ns} ns: the bag has no odometry or objects")
                continue
            yield SourceFrame(
                number,
                stamp_ns,
                views[0].number,
                (*state.actors, *self._ego_at(state)),
                {light.signal_id: light.shows for light in state.lights},
                {},
                tuple(replace(view, actors=state.actors) for view in views),
            )
            number += 1
        if not number:
            raise RunError(self._lacks[0] if self._lacks else "the bag has no whole frame")
        self.frames, self.frames_missed = number, self._gaps + wanted - number

    def _all_seen(self) -> Iterator[tuple[LabelledFrame, ...]]:
        """Yield what all cameras saw at each stamp that none of them lacks."""
        streams = [
            labelled_frames(self._bag, c.labelled, c.numbers, self._lack) for c in self._cameras
        ]
        while True:
            with self._timings.stage("decode"):
                views = [next(stream, None) for stream in streams]
                while True:
                    found = [view for view in views if view is not None]
                    if len(found) < len(views):
                        return
                    latest_ns = max(view.stamp_ns for view in found)
                    if all(view.stamp_ns == latest_ns for view in found):
                        break
                    views = [
                        view if view.stamp_ns == latest_ns else next(stream, None)
                        for view, stream in zip(found, streams, strict=True)
                    ]
            yield tuple(found)

    def _lack(self, sentence: str) -> None:
        self._lacks.append(sentence)

    def _ego_at(self, state: WorldState) -> tuple[ActorState, ...]:
        if self._ego is None:
            return ()
        turn = state.ego.map_from_base[:3, :3]
        return (
            ActorState(
                self._ego,
                state.ego.box.map_from_box,
                turn @ state.ego.linear_base_mps,
                turn @ state.ego.angular_base_radps,
                turn @ state.ego.acceleration_base_mps2,
            ),
        )

    def facts(self) -> SourceFacts:
        """Return what holds for the bag."""
        xodr = self._drive.xodr or ""
        topics = topics_of(self._bag, ("weather",))
        weather = None
        if "weather" in topics:
            weather = json.loads(_last_text(self._bag, topics["weather"]))
        digest = hashlib.sha256(xodr.encode()).hexdigest() if xodr else ""
        name = map_name_in(xodr)
        opendrive = parse(xodr, name) if xodr else None
        origin: dict[str, Any] = {
            "bag": self._bag.path.parent.name,
            "frames_missed": self.frames_missed,
            "first_missed": self._lacks[0] if self._lacks else None,
        }
        return SourceFacts(name, digest, opendrive, weather, origin, own_stamps=True)


@contextmanager
def bag_source(directory: Path, window: BagWindow, timings: Timings) -> Iterator[BagSource]:
    """Open a bag and choose its frames; errors as ``BagSource``."""
    with BagReader(directory) as bag:
        yield BagSource(bag, window, timings)


def _notes(stamps: Mapping[str, Sequence[int]], common: int, chosen: Chosen) -> Iterator[str]:
    for name, own in stamps.items():
        if len(own) > common:
            yield f"{name}: {len(own) - common} of {len(own)} images have no partner of each camera"
    gaps = _missing(chosen.stamps_ns, chosen.rate)
    if gaps:
        yield f"{gaps} frames are missing between those that all cameras have"
    if chosen.furthest_s > _SLACK_S:
        yield (
            f"frames lie up to {1000 * chosen.furthest_s:.1f} ms from their moment at "
            f"{float(chosen.rate):g} Hz; each keeps its own stamp"
        )


def _missing(stamps_ns: Sequence[int], rate: Fraction) -> int:
    """Return how many frames of a rate lie in gaps between stamps."""
    steps = (later - sooner for sooner, later in pairwise(stamps_ns))
    return sum(max(round(step * rate / NS_PER_S) - 1, 0) for step in steps)


def _ego_of(bag: BagReader, drive: BagDrive) -> Actor | None:
    """Return who carries the cameras, None where the bag does not tell how large it is."""
    if drive.body is None:
        return None
    topics = topics_of(bag, ("vehicle_info",))
    blueprint = ""
    if "vehicle_info" in topics:
        blueprint = VehicleInfo.from_json(_last_text(bag, topics["vehicle_info"])).blueprint
    known = load_catalogue().get(blueprint)
    kind = ObjectClass.OTHER if known is None else known.object_class
    return Actor(NO_ID, "", kind, drive.body.size_m, Appearance(blueprint, None))


def _last_text(bag: BagReader, topic: str) -> str:
    return [str(message.data) for _, _, message in bag.messages([topic])][-1]


def map_name_in(xodr: str) -> str:
    """Return what a map calls itself, empty without a map."""
    if not xodr:
        return ""
    header = ET.fromstring(xodr.encode()).find("header")
    return "" if header is None else header.get("name", "")
