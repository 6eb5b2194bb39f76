"""Frames of a bag of this package: its CARLA cameras, at stamps that all of them share."""

from __future__ import annotations

import hashlib
import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ....core.errors import InputError, RunError
from ....core.run_contract.timebase import NS_PER_S
from ....core.timings import Timings
from ....cosmos.from_bag import BagWindow, Chosen, choose
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
        self.level: Sequence[LevelObject] = ()
        self.dt_ns = round(NS_PER_S / chosen.rate)
        self._drive = read_drive(bag)
        self._ego = _ego_of(bag, self._drive)
        self.ego_id = None if self._ego is None else NO_ID
        self._states = {state.stamp_ns: state for state in self._drive.states}

    def play(self) -> Iterator[SourceFrame]:
        """Yield all frames; RunError when one lacks a message."""
        streams = [labelled_frames(self._bag, c.labelled, c.numbers) for c in self._cameras]
        for number in range(self.frames):
            with self._timings.stage("decode"):
                views = tuple(next(stream) for stream in streams)
            stamp_ns = views[0].stamp_ns
            state = self._states.get(stamp_ns)
            if state is None:
                raise RunError(
                    f"frame {number} ({stamp_ns} ns): the bag has no odometry or objects"
                )
            yield SourceFrame(
                number,
                stamp_ns,
                views[0].number,
                (*state.actors, *self._ego_at(state)),
                {light.signal_id: light.shows for light in state.lights},
                {},
                tuple(replace(view, actors=state.actors) for view in views),
            )

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
        origin = {"bag": self._bag.path.parent.name}
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
    if chosen.furthest_s > _SLACK_S:
        yield (
            f"frames lie up to {1000 * chosen.furthest_s:.1f} ms from their moment at "
            f"{float(chosen.rate):g} Hz; each keeps its own stamp"
        )


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
